//! SV035: a load balancer on the internet that admits private addresses only.
use ipnet::IpNet;
use netloom_objects::Severity;

use super::{balancers::is_internal, support::services};
use crate::{Context, Findings, Group, Rule, words::list_of};

pub static RULE: Rule = Rule {
    code: "SV035",
    name: "private-clients-only",
    group: Group::Correctness,
    severity: Severity::Warning,
    finds: "A Service of type LoadBalancer without an annotation that makes it internal, all of whose \
            `loadBalancerSourceRanges` are private.",
    why: "Clients of the internet come with public addresses, and all of them are refused; clients of the private \
            network mostly reach the balancer by its public address, and come from a public address too. Either the \
            balancer is to be internal, or the ranges are those of another network.",
    wrong: "\
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec:
  type: LoadBalancer
  selector: {app: web}
  ports: [{name: https, port: 443, targetPort: 8443}]
  loadBalancerSourceRanges: [10.0.0.0/8]
",
    right: "\
apiVersion: v1
kind: Service
metadata:
  name: web
  namespace: shop
  annotations: {networking.gke.io/load-balancer-type: Internal}
spec:
  type: LoadBalancer
  selector: {app: web}
  ports: [{name: https, port: 443, targetPort: 8443}]
  loadBalancerSourceRanges: [10.0.0.0/8]
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for service in services(cx).filter(|service| service.kind() == "LoadBalancer" && !is_internal(service)) {
        let ranges: Vec<&str> =
            service.spec.load_balancer_source_ranges.iter().flatten().map(|range| range.trim()).collect();
        if ranges.is_empty() || !ranges.iter().all(|range| range.parse().is_ok_and(is_private)) {
            continue;
        }
        let message = format!(
            "{} is on the internet, as far as it says, and admits {} only, which no client there has",
            service.title(),
            list_of(&ranges)
        );
        out.add(service.object, "spec.loadBalancerSourceRanges", message).help(
            "make the load balancer internal by the annotation of your cloud, or admit the public addresses of its clients",
        );
    }
}

/// Whether no address of a range is one of the internet.
fn is_private(range: IpNet) -> bool {
    const PRIVATE: [&str; 7] = [
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "100.64.0.0/10",
        "169.254.0.0/16",
        "fc00::/7",
        "fe80::/10",
    ];
    PRIVATE.iter().any(|net| net.parse::<IpNet>().is_ok_and(|net| net.contains(&range)))
}
