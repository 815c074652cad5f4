//! SV035: a load balancer on the internet that admits private addresses only.
use std::net::IpAddr;

use ipnet::IpNet;
use netloom_objects::{Object, Severity};

use super::{
    balancers::is_internal,
    support::{Svc, services},
};
use crate::{Context, Findings, Group, Rule, words::list_of};

pub static RULE: Rule = Rule {
    code: "SV035",
    name: "private-clients-only",
    group: Group::Correctness,
    severity: Severity::Warning,
    finds: "A Service of type LoadBalancer without an annotation that makes it internal, all of whose \
            `loadBalancerSourceRanges` are private. Silent where the balancer's own address is private, as its \
            annotations, its status or the address pools of MetalLB, Cilium and PureLB in the set tell.",
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
    for service in services(cx).filter(|service| {
        service.kind() == "LoadBalancer" && !is_internal(service) && !is_at_home(cx, service)
    }) {
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

/// The lists of ranges in the pools of controllers that give out addresses of the own network: API group, kind, field.
const POOLS: [(&str, &str, &str); 3] = [
    ("metallb.io", "IPAddressPool", "spec.addresses"),
    ("cilium.io", "CiliumLoadBalancerIPPool", "spec.blocks"),
    ("purelb.io", "ServiceGroup", "spec.local.v4pools"),
];

/// Whether the balancer has a private address, as far as its status and the address pools of the set tell.
fn is_at_home(cx: &Context<'_>, service: &Svc<'_>) -> bool {
    let given: Vec<&str> = (0..service.object.count("status.loadBalancer.ingress"))
        .filter_map(|nth| service.object.text(&format!("status.loadBalancer.ingress[{nth}].ip")))
        .collect();
    if !given.is_empty() {
        return given.iter().all(|ip| is_private_text(ip));
    }
    let mut pools = cx.set.objects().flat_map(|object| pool(object)).peekable();
    pools.peek().is_some() && pools.all(|range| is_private_text(&range))
}

/// The ranges of a pool.
fn pool(object: &Object) -> Vec<String> {
    let Some((.., field)) = POOLS.iter().find(|(g, k, _)| (*g, *k) == (object.group(), &*object.kind)) else {
        return Vec::new();
    };
    let range = |nth: usize| {
        let at = format!("{field}[{nth}]");
        let keys = ["", ".cidr", ".start", ".subnet"].map(|key| format!("{at}{key}"));
        keys.iter().find_map(|key| object.text(key)).map(str::to_owned)
    };
    (0..object.count(field)).filter_map(range).collect()
}

/// Whether an address, a network or a range `LOW-HIGH` is private.
fn is_private_text(text: &str) -> bool {
    let first = text.split('-').next().unwrap_or_default().trim();
    let net = first.parse().or_else(|_| first.parse::<IpAddr>().map(IpNet::from));
    net.is_ok_and(is_private)
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
