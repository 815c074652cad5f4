use netloom_cluster::{Families, Options};

use crate::{built_with, pods, service};

fn with_dns(families: Families, yaml: &str) -> netloom_cluster::Built {
    built_with(Options { families, ..Options::default() }, yaml)
}

#[test]
fn a_cluster_without_dns_gets_one() {
    for (families, ips) in [
        (Families::Dual, "10.96.0.10, fd00:10:96::a"),
        (Families::V4, "10.96.0.10"),
        (Families::V6, "fd00:10:96::a"),
    ] {
        let built = with_dns(families, "");
        assert_eq!(
            built.notes,
            [format!(
                "no cluster DNS among the objects: added Deployment kube-system/coredns (2 pods) and Service kube-system/kube-dns ({ips})"
            )]
        );
        let dns = built.snapshot.service(built.snapshot.dns_service.unwrap());
        assert_eq!(dns.qualified_name(), "kube-system/kube-dns");
        assert_eq!(dns.endpoints.len(), 2);
        assert_eq!(dns.origin.to_string(), "Service kube-system/kube-dns (<netloom>)");
        assert_eq!(dns.ports[0].origin.at.line, 0);
        let ports: Vec<_> = dns.endpoints[0].ports.iter().map(|p| p.unwrap()).collect();
        assert_eq!(ports, [53, 53, 9153]);
        assert!(
            built.snapshot.pods.iter().all(|p| p.labels["k8s-app"] == "kube-dns" && p.origin.at.line == 0)
        );
        assert!(built.diagnostics.is_empty());
    }
}

#[test]
fn a_cluster_with_dns_keeps_its_own() {
    let own = "apiVersion: v1\nkind: Service\nmetadata: {name: rke2-coredns, namespace: kube-system, labels: {k8s-app: kube-dns}}\nspec: {clusterIP: 10.43.0.10, ports: [{port: 53, protocol: UDP}]}\n";
    let built = with_dns(Families::Dual, own);
    assert!(pods(&built.snapshot).is_empty());
    assert_eq!(built.snapshot.service(built.snapshot.dns_service.unwrap()).name, "rke2-coredns".into());
}

#[test]
fn the_dns_service_gets_the_tenth_address_when_it_asks_for_none() {
    let own = "apiVersion: v1\nkind: Service\nmetadata: {name: kube-dns, namespace: kube-system}\nspec: {ports: [{port: 53, protocol: UDP}]}\n";
    let built = with_dns(Families::Dual, own);
    assert_eq!(service(&built, "kube-system/kube-dns").cluster_ips().v4.unwrap().to_string(), "10.96.0.10");
}

#[test]
fn only_what_is_missing_is_added() {
    let own = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: coredns, namespace: kube-system}\nspec: {replicas: 1, selector: {matchLabels: {k8s-app: kube-dns}}, template: {metadata: {labels: {k8s-app: kube-dns}}, spec: {containers: [{name: c, image: x, ports: [{name: dns, containerPort: 5353, protocol: UDP}, {name: dns-tcp, containerPort: 5353}, {name: metrics, containerPort: 9153}]}]}}}\n";
    let built = with_dns(Families::Dual, own);
    assert_eq!(built.snapshot.pods.len(), 1);
    assert_eq!(
        service(&built, "kube-system/kube-dns").endpoints[0].ports,
        [Some(5353), Some(5353), Some(9153)]
    );
}
