//! Hints of EndpointSlices, as kube-proxy follows them.
#![allow(clippy::unwrap_used, reason = "a test that cannot run has to fail")]
use std::sync::Arc;

use netloom_cluster::{Builder, Family, Options};
use netloom_objects::{ObjectSet, Source, parse_source};
use netloom_routing::{Scope, select};

const CLUSTER: &str = "\
apiVersion: v1
kind: Node
metadata: {name: n1, labels: {topology.kubernetes.io/zone: a}}
---
apiVersion: v1
kind: Node
metadata: {name: n2, labels: {topology.kubernetes.io/zone: a}}
---
apiVersion: v1
kind: Node
metadata: {name: n3, labels: {topology.kubernetes.io/zone: b}}
---
apiVersion: v1
kind: Service
metadata: {name: s, namespace: d}
spec: {ports: [{port: 80}]}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: s-1, namespace: d, labels: {kubernetes.io/service-name: s}}
addressType: IPv4
ports: [{port: 80}]
endpoints:
";

/// The last octets of the endpoints that each node uses.
fn chosen(endpoints: &[&str]) -> Vec<Vec<u8>> {
    let lines: String = endpoints
        .iter()
        .enumerate()
        .map(|(i, rest)| format!("- {{addresses: [192.0.2.{}], {rest}}}\n", i + 1))
        .collect();
    let source = Source::new("a.yaml", &[CLUSTER, &lines].concat());
    let set = ObjectSet::assemble(vec![Arc::new(parse_source(&source))]);
    let built = Builder::new(Options { add_dns: false, ..Options::default() }).build(&set);
    let service = built.snapshot.find_service("d", "s").unwrap();
    assert_eq!(service.endpoints.len(), endpoints.len());
    let of = |node| {
        let chosen = select(service, 0, Scope::Internal, Family::V4, node);
        chosen.iter().map(|e| e.ips.v4.unwrap().octets()[3]).collect()
    };
    built.snapshot.nodes.iter().map(of).collect()
}

#[test]
fn hints_are_followed_as_kube_proxy_does() {
    let zones = |zone: &str| format!("hints: {{forZones: [{{name: {zone}}}]}}");
    let both = |node: &str, zone: &str| {
        format!("hints: {{forNodes: [{{name: {node}}}], forZones: [{{name: {zone}}}]}}")
    };
    let all = || vec![1, 2, 3];
    let table = [
        ("no hints", ["", "", ""].map(String::from), [all(), all(), all()]),
        ("zones", [zones("a"), zones("a"), zones("b")], [vec![1, 2], vec![1, 2], vec![3]]),
        ("an endpoint without a hint", [zones("a"), zones("a"), String::new()], [all(), all(), all()]),
        ("a zone that nobody is for", [zones("a"), zones("a"), zones("a")], [all(), all(), all()]),
        // The node's own go first, then the zone's, then all.
        ("nodes", [both("n1", "a"), both("n3", "a"), both("n3", "b")], [vec![1], vec![1, 2], vec![2, 3]]),
    ];
    for (what, hints, expected) in table {
        let lines: Vec<&str> = hints.iter().map(String::as_str).collect();
        assert_eq!(chosen(&lines), expected, "{what}");
    }
}

#[test]
fn only_ready_endpoints_count() {
    let hint = "hints: {forZones: [{name: a}]}";
    let unready = "conditions: {ready: false, serving: true, terminating: true}";
    assert_eq!(chosen(&[hint, unready]), [vec![1], vec![1], vec![1]]);
    // Where none is ready, those that still serve are used whatever their hints.
    let leaving = format!("{unready}, {hint}");
    assert_eq!(chosen(&[&leaving, unready]), [vec![1, 2], vec![1, 2], vec![1, 2]]);
}
