//! CN006: every node answers for the addresses of load balancers.
use netloom_objects::Severity;

use super::support::proxies;
use crate::{Context, Findings, Group, Rule};

pub static RULE: Rule = Rule {
    code: "CN006",
    name: "arp-not-strict",
    group: Group::Correctness,
    severity: Severity::Warning,
    finds: "kube-proxy in mode `ipvs` without `strictARP` in a set that has an L2Advertisement of MetalLB.",
    why: "In this mode each node has all addresses of Services on an interface of its own, and answers ARP for \
            them, so that clients reach any node instead of the one that announces (MetalLB: \"Preparation\"; \
            KubeProxyConfiguration, `ipvs.strictARP`).",
    wrong: "\
apiVersion: v1
kind: ConfigMap
metadata: {name: kube-proxy, namespace: kube-system}
data:
  config.conf: |
    apiVersion: kubeproxy.config.k8s.io/v1alpha1
    kind: KubeProxyConfiguration
    mode: ipvs
    ipvs:
      scheduler: rr
---
apiVersion: metallb.io/v1beta1
kind: L2Advertisement
metadata: {name: edge, namespace: metallb-system}
",
    right: "\
apiVersion: v1
kind: ConfigMap
metadata: {name: kube-proxy, namespace: kube-system}
data:
  config.conf: |
    apiVersion: kubeproxy.config.k8s.io/v1alpha1
    kind: KubeProxyConfiguration
    mode: ipvs
    ipvs:
      scheduler: rr
      strictARP: true
---
apiVersion: metallb.io/v1beta1
kind: L2Advertisement
metadata: {name: edge, namespace: metallb-system}
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let Some(announcer) = cx.all_of("metallb.io", "L2Advertisement").into_iter().next() else { return };
    for proxy in proxies(cx) {
        if proxy.mode() != "ipvs" || proxy.yaml.text("ipvs.strictARP") == Some("true") {
            continue;
        }
        let (at, end) = match ["ipvs.strictARP", "ipvs"].into_iter().find(|path| proxy.yaml.is_written(path))
        {
            Some(path) => proxy.place(path),
            None => proxy.place("mode"),
        };
        let message = "in mode `ipvs` without `strictARP`, every node answers ARP for the addresses that MetalLB announces";
        out.add_at(at, end, Some(&proxy.object.reference), message)
            .help("set `ipvs.strictARP: true`")
            .related(announcer, "metadata.name", "announces on layer 2");
    }
}
