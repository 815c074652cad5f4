use netloom_cluster::{Families, Nets, Options, ServiceKind};

use crate::{built, built_with, findings, plain, service};

fn yaml(name: &str, spec: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Service\nmetadata: {{name: {name}, namespace: shop}}\nspec: {{{spec}}}\n---\n"
    )
}

#[test]
fn cluster_addresses_by_family() {
    for (families, spec, v4, v6) in [
        (Families::Dual, "ports: [{port: 80}]", true, false),
        (Families::Dual, "ipFamilies: [IPv6], ports: [{port: 80}]", false, true),
        (Families::Dual, "ipFamilyPolicy: PreferDualStack, ports: [{port: 80}]", true, true),
        (
            Families::Dual,
            "ipFamilyPolicy: RequireDualStack, ipFamilies: [IPv6], ports: [{port: 80}]",
            true,
            true,
        ),
        (Families::Dual, "ipFamilies: [IPv4, IPv6], ports: [{port: 80}]", true, true),
        (Families::Dual, "ipFamilyPolicy: SingleStack, ports: [{port: 80}]", true, false),
        (Families::V4, "ipFamilyPolicy: PreferDualStack, ports: [{port: 80}]", true, false),
        (Families::V6, "ports: [{port: 80}]", false, true),
        (Families::Dual, "clusterIP: 'fd00:10:96::77', ports: [{port: 80}]", false, true),
        (
            Families::Dual,
            "clusterIP: 10.96.0.77, clusterIPs: [10.96.0.77, 'fd00:10:96::77'], ports: [{port: 80}]",
            true,
            true,
        ),
    ] {
        let built = built_with(Options { families, ..plain() }, &yaml("s", spec));
        let ips = service(&built, "shop/s").cluster_ips();
        assert_eq!((ips.v4.is_some(), ips.v6.is_some()), (v4, v6), "{families:?} {spec}");
    }
}

#[test]
fn a_family_that_the_cluster_does_not_speak() {
    for spec in
        ["ipFamilies: [IPv6], ports: [{port: 80}]", "ipFamilyPolicy: RequireDualStack, ports: [{port: 80}]"]
    {
        let built = built_with(Options { families: Families::V4, ..plain() }, &yaml("s", spec));
        assert!(service(&built, "shop/s").cluster_ips().v4.is_some());
        assert_eq!(
            findings(&built).iter().filter(|f| f.starts_with("error")).count(),
            1,
            "{:?}",
            findings(&built)
        );
    }
}

#[test]
fn addresses_depend_on_the_name_alone() {
    let alone = built(&yaml("s", "type: NodePort, ports: [{port: 80}]"));
    let many: String =
        (0..50).map(|i| yaml(&format!("a{i}"), "type: NodePort, ports: [{port: 80}]")).collect();
    let among = built(&(many + &yaml("s", "type: NodePort, ports: [{port: 80}]")));
    let (a, b) = (service(&alone, "shop/s"), service(&among, "shop/s"));
    assert_eq!((a.cluster_ips(), a.ports[0].node_port), (b.cluster_ips(), b.ports[0].node_port));
    let mut ips: Vec<_> =
        among.snapshot.services.iter().map(|s| (s.cluster_ips(), s.ports[0].node_port)).collect();
    ips.sort();
    ips.dedup_by(|a, b| a.0 == b.0 || a.1 == b.1);
    assert_eq!(ips.len(), 51);
}

#[test]
fn given_addresses_move_the_range_or_stay_outside_it() {
    let built =
        built(&(yaml("a", "clusterIP: 10.43.7.7, ports: [{port: 80}]") + &yaml("b", "ports: [{port: 80}]")));
    assert_eq!(built.snapshot.plan.service_cidrs.v4.unwrap().to_string(), "10.43.0.0/16");
    assert!(
        built
            .snapshot
            .plan
            .service_cidrs
            .contains(service(&built, "shop/b").cluster_ips().v4.unwrap().into())
    );
    assert_eq!(service(&built, "shop/a").cluster_ips().v4.unwrap().to_string(), "10.43.7.7");
}

#[test]
fn conflicts_are_reported_and_resolved() {
    let built = built(
        &[
            yaml("a", "type: NodePort, clusterIP: 10.96.0.50, ports: [{port: 80, nodePort: 30080}]"),
            yaml("b", "type: NodePort, clusterIP: 10.96.0.50, ports: [{port: 80, nodePort: 30080}]"),
            yaml("c", "type: NodePort, ports: [{name: a, port: 80, nodePort: 80}, {name: b, port: 81, protocol: UDP, nodePort: 30080}]"),
            yaml("d", "externalIPs: [192.0.2.1], ports: [{port: 80}]"),
            yaml("e", "externalIPs: [192.0.2.1], ports: [{port: 80}]"),
        ]
        .concat(),
    );
    insta::assert_debug_snapshot!(findings(&built));
    let (a, b) = (service(&built, "shop/a"), service(&built, "shop/b"));
    assert_eq!(
        (a.cluster_ips().v4.unwrap().to_string(), a.ports[0].node_port),
        ("10.96.0.50".into(), Some(30080))
    );
    assert!(b.cluster_ips() != a.cluster_ips() && b.ports[0].node_port.is_some_and(|p| p != 30080));
    assert_eq!(service(&built, "shop/c").ports[1].node_port, Some(30080), "UDP and TCP do not meet");
}

#[test]
fn node_ports_and_load_balancers() {
    for (spec, node_port, lb) in [
        ("ports: [{port: 80}]", false, ""),
        ("type: NodePort, ports: [{port: 80}]", true, ""),
        ("type: LoadBalancer, ports: [{port: 80}]", true, "198.18.0.1"),
        (
            "type: LoadBalancer, allocateLoadBalancerNodePorts: false, ports: [{port: 80}]",
            false,
            "198.18.0.1",
        ),
        (
            "type: LoadBalancer, ipFamilyPolicy: PreferDualStack, ports: [{port: 80}]",
            true,
            "198.18.0.1 2001:db8:1b::1",
        ),
        ("type: LoadBalancer, loadBalancerIP: 192.0.2.7, ports: [{port: 80}]", true, "192.0.2.7"),
    ] {
        let built = built(&yaml("s", spec));
        let service = service(&built, "shop/s");
        assert_eq!(service.ports[0].node_port.is_some(), node_port, "{spec}");
        assert!(service.ports[0].node_port.is_none_or(|p| (30_086..=32_767).contains(&p)));
        let ips: Vec<String> = service.lb_ips.iter().map(|ip| ip.to_string()).collect();
        assert_eq!(ips.join(" "), lb, "{spec}");
    }
    let status = yaml("s", "type: LoadBalancer, ports: [{port: 80}]")
        .replace("---", "status: {loadBalancer: {ingress: [{ip: 192.0.2.9}]}}\n---");
    assert_eq!(service(&built(&status), "shop/s").lb_ips[0].to_string(), "192.0.2.9");
}

#[test]
fn a_range_that_is_used_up_says_so() {
    let options = Options {
        lb_cidrs: Nets { v4: Some("192.0.2.0/30".parse().unwrap()), v6: None },
        service_cidrs: Nets { v4: Some("10.9.0.0/30".parse().unwrap()), v6: None },
        ..plain()
    };
    let all: String =
        (0..3).map(|i| yaml(&format!("s{i}"), "type: LoadBalancer, ports: [{port: 80}]")).collect();
    let built = built_with(options, &all);
    insta::assert_debug_snapshot!(
        built.diagnostics.iter().map(|d| (&d.message, &d.help)).collect::<Vec<_>>()
    );
}

#[test]
fn everything_else_that_a_service_says() {
    let built = built(
        &[
            yaml("all", "type: LoadBalancer, sessionAffinity: ClientIP, externalTrafficPolicy: Local, internalTrafficPolicy: Local, trafficDistribution: PreferClose, loadBalancerSourceRanges: [203.0.113.7/24], externalIPs: [192.0.2.1], publishNotReadyAddresses: true, healthCheckNodePort: 31000, ports: [{name: web, port: 80, targetPort: http, appProtocol: http, nodePort: 30080}, {name: dns, port: 53, protocol: UDP}]"),
            yaml("brief", "sessionAffinity: ClientIP, sessionAffinityConfig: {clientIP: {timeoutSeconds: 60}}, trafficDistribution: PreferSameNode, ports: [{port: 80}]"),
            yaml("zone", "trafficDistribution: PreferSameZone, ports: [{port: 80}]"),
            yaml("headless", "clusterIP: None, ports: [{port: 80}]"),
            yaml("out", "type: ExternalName, externalName: example.com."),
        ]
        .concat(),
    );
    insta::assert_debug_snapshot!(service(&built, "shop/all"));
    let brief = service(&built, "shop/brief");
    assert_eq!(
        (brief.affinity.unwrap().as_secs(), brief.distribution),
        (60, netloom_cluster::Distribution::SameNode)
    );
    assert_eq!(service(&built, "shop/zone").distribution, netloom_cluster::Distribution::SameZone);
    assert_eq!(service(&built, "shop/headless").kind, ServiceKind::Headless);
    assert_eq!(service(&built, "shop/out").kind, ServiceKind::ExternalName("example.com".into()));
}

#[test]
fn health_check_ports_are_chosen_where_none_is_given() {
    let built = built(&yaml("s", "type: LoadBalancer, externalTrafficPolicy: Local, ports: [{port: 80}]"));
    let service = service(&built, "shop/s");
    assert!(service.health_check_node_port.is_some());
    assert_ne!(service.health_check_node_port, service.ports[0].node_port);
}
