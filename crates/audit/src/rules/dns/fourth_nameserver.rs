//! DN003: more nameservers than a resolver asks.
use netloom_objects::Severity;

use crate::{Context, Findings, Fix, Group, Rule, words::title};

pub static RULE: Rule = Rule {
    code: "DN003",
    name: "fourth-nameserver",
    group: Group::Correctness,
    severity: Severity::Warning,
    finds: "Three `nameservers` in a `dnsConfig` beside the cluster's DNS.",
    why: "A resolver uses three servers. With ClusterFirst the first of them is the cluster's, and the kubelet \
          cuts off what is too many with the event DNSConfigForming. Validation counts only those of the manifest.",
    wrong: "\
apiVersion: v1
kind: Pod
metadata:
  name: orders
spec:
  dnsConfig:
    nameservers: [10.20.0.53, 10.21.0.53, 10.22.0.53]
  containers: [{name: orders, image: \"registry.example/orders:3.1\"}]
",
    right: "\
apiVersion: v1
kind: Pod
metadata:
  name: orders
spec:
  dnsConfig:
    nameservers: [10.20.0.53, 10.21.0.53]
  containers: [{name: orders, image: \"registry.example/orders:3.1\"}]
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for workload in cx.workloads() {
        let policy = workload.spec.dns_policy.as_deref().unwrap_or("ClusterFirst");
        if !(policy == "ClusterFirstWithHostNet" || policy == "ClusterFirst" && !workload.host_network()) {
            continue;
        }
        let servers = workload.spec.dns_config.as_ref().and_then(|config| config.nameservers.as_ref());
        let Some(last) = servers.and_then(|servers| servers.get(2)) else { continue };
        let message = format!(
            "{}: {last} is never asked, because the cluster's DNS comes first and a resolver uses three servers",
            title(workload.object)
        );
        let path = workload.path("spec.dnsConfig.nameservers[2]");
        out.add(workload.object, &path, message)
            .help("leave it out, or set `dnsPolicy: None` where the cluster's DNS is not wanted")
            .fix(Fix::safe(format!("leave out {last}")).remove(workload.object, &path));
    }
}
