//! DN015: settings of kube-dns, which nothing reads.
use k8s_openapi::api::core::v1::ConfigMap;
use netloom_objects::Severity;

use crate::{Context, Findings, Group, Rule};

pub static RULE: Rule = Rule {
    code: "DN015",
    name: "stub-domains",
    group: Group::Correctness,
    severity: Severity::Warning,
    finds: "`stubDomains` or `upstreamNameservers` in the ConfigMap `kube-dns` of kube-system.",
    why: "CoreDNS, the cluster's DNS since Kubernetes 1.13, does not read this ConfigMap: the zones in it are \
          looked up like any other name. (GKE with kube-dns does read it; suppress the finding there.)",
    wrong: "\
apiVersion: v1
kind: ConfigMap
metadata:
  name: kube-dns
  namespace: kube-system
data:
  stubDomains: |
    {\"acme.example\": [\"10.40.0.53\"]}
",
    right: "\
apiVersion: v1
kind: ConfigMap
metadata:
  name: coredns
  namespace: kube-system
data:
  Corefile: |
    .:53 {
        errors
        forward . /etc/resolv.conf
    }
    acme.example:53 {
        errors
        forward . 10.40.0.53
    }
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let Some((object, map)) = cx.find::<ConfigMap>(Some("kube-system"), "kube-dns") else { return };
    for key in ["stubDomains", "upstreamNameservers"] {
        if map.data.as_ref().is_some_and(|data| data.contains_key(key)) {
            let message = format!("ConfigMap kube-system/kube-dns: CoreDNS does not read `{key}`");
            out.add(object, &format!("data.{key}"), message).help(match key {
                "stubDomains" => "write a server block with `forward` for each zone into the Corefile",
                _ => "name the servers in `forward .` of the Corefile",
            });
        }
    }
}
