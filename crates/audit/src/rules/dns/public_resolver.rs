//! DN001: a public resolver beside the cluster's own.
use std::net::IpAddr;

use netloom_objects::Severity;

use crate::{Context, Findings, Group, Rule, words::title};

pub static RULE: Rule = Rule {
    code: "DN001",
    name: "public-resolver",
    group: Group::Correctness,
    severity: Severity::Warning,
    finds: "A pod with `dnsPolicy: ClusterFirst` (also where it is unset) and a `nameservers` entry in its \
            `dnsConfig` that is no address of the cluster or of a private network.",
    why: "The entry is appended to the cluster's DNS, and resolvers do not ask both: they ask the next when the \
          first is slow, and some ask all at once. The public one then answers that \
          `orders.shop.svc.cluster.local` does not exist, and learns the names. To forward some names elsewhere is \
          CoreDNS' work.",
    wrong: "\
apiVersion: v1
kind: Pod
metadata:
  name: crawler
spec:
  dnsConfig:
    nameservers:
      - 9.9.9.9
  containers: [{name: crawler, image: \"registry.example/crawler:1.0\"}]
",
    right: "\
apiVersion: v1
kind: Pod
metadata:
  name: crawler
spec:
  dnsPolicy: None
  dnsConfig:
    nameservers:
      - 9.9.9.9
  containers: [{name: crawler, image: \"registry.example/crawler:1.0\"}]
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for workload in cx.workloads() {
        let policy = workload.spec.dns_policy.as_deref().unwrap_or("ClusterFirst");
        // On the node's network ClusterFirst means the node's resolver, which knows no names of the cluster.
        let asks_cluster =
            policy == "ClusterFirstWithHostNet" || policy == "ClusterFirst" && !workload.host_network();
        if !asks_cluster {
            continue;
        }
        let servers = workload.spec.dns_config.iter().flat_map(|config| config.nameservers.iter().flatten());
        for (index, server) in servers.enumerate() {
            if !server.parse().is_ok_and(is_public) {
                continue;
            }
            let message = format!(
                "{} asks the cluster's DNS and {server} alike: whenever {server} answers, names of the cluster do not exist",
                title(workload.object)
            );
            out.add(workload.object, &workload.path(&format!("spec.dnsConfig.nameservers[{index}]")), message)
                .help("leave it out, and let CoreDNS `forward` to it; a pod that needs no names of the cluster has `dnsPolicy: None`");
        }
    }
}

fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => {
            let shared = ip.octets()[0] == 100 && ip.octets()[1] & 0xc0 == 64;
            !(ip.is_private() || ip.is_loopback() || ip.is_link_local() || shared)
        }
        IpAddr::V6(ip) => !(ip.is_unique_local() || ip.is_loopback() || ip.is_unicast_link_local()),
    }
}
