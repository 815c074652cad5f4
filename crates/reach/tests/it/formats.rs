//! The table in every format.
use netloom_reach::report;

use crate::support::{Set, namespace, pod, policy, set, written};

/// Few workloads with everything that a table can have: outside ranges, a controller, ports of each protocol, a node,
/// a workload of several pods, tiers.
fn all_of_it() -> Set {
    set(&[
        namespace("shop", "team: shop"),
        pod("shop/web", "app: web"),
        "---\n{apiVersion: apps/v1, kind: StatefulSet, metadata: {name: db, namespace: shop}, spec: {replicas: 2, serviceName: db, selector: {matchLabels: {app: db}}, template: {metadata: {labels: {app: db}}, spec: {containers: [{name: c, image: i, ports: [{name: sql, containerPort: 5432}]}]}}}}\n".to_owned(),
        pod("jobs/backup", "app: backup"),
        "---\n{apiVersion: v1, kind: Node, metadata: {name: node-a}, status: {addresses: [{type: InternalIP, address: 172.18.0.2}]}}\n".to_owned(),
        "---\n{apiVersion: v1, kind: Service, metadata: {name: web, namespace: shop}, spec: {selector: {app: web}, ports: [{port: 80, targetPort: http}]}}\n".to_owned(),
        "---\n{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: web, namespace: shop}, spec: {ingressClassName: nginx, rules: [{http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}}]}}\n".to_owned(),
        policy("shop/deny", "podSelector: {}, policyTypes: [Ingress, Egress]"),
        policy("shop/web", "podSelector: {matchLabels: {app: web}}, ingress: [{from: [{namespaceSelector: {}}], ports: [{port: http}, {port: 8000, endPort: 8010}, {port: 53, protocol: UDP}]}], egress: [{to: [{podSelector: {matchLabels: {app: db}}}], ports: [{port: sql}]}, {to: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.9.0.0/16]}}], ports: [{port: 1, protocol: SCTP}]}]"),
        policy("shop/db", "podSelector: {matchLabels: {app: db}}, ingress: [{from: [{podSelector: {matchLabels: {app: web}}}]}, {from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: jobs}}}], ports: [{port: 5432}]}]"),
        "---\n{apiVersion: policy.networking.k8s.io/v1alpha2, kind: ClusterNetworkPolicy, metadata: {name: no-telnet}, spec: {tier: Admin, priority: 1, subject: {namespaces: {}}, egress: [{action: Deny, to: [{namespaces: {}}], protocols: [{tcp: {destinationPort: {number: 23}}}]}]}}\n".to_owned(),
    ]
    .concat())
}

#[test]
fn every_format_of_the_table() {
    let s = all_of_it();
    let reach = &s.reach;
    insta::assert_snapshot!("table_as_text", written(|out| report::text(reach, out)));
    insta::assert_snapshot!("table_as_csv", written(|out| report::csv(reach, out)));
    insta::assert_snapshot!("table_as_md", written(|out| report::markdown(reach, out)));
    insta::assert_snapshot!("table_as_dot", written(|out| report::dot(reach, out)));
    insta::assert_snapshot!("table_as_svg", written(|out| report::svg(reach, out)));
    let json = written(|out| report::json(reach, None, out));
    let parsed: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert!(parsed["connections"].as_array().unwrap().len() > 5);
    insta::assert_snapshot!("table_as_json", json);
}

#[test]
fn every_format_by_class() {
    let s = all_of_it();
    let reach = &s.reach;
    insta::assert_snapshot!("classes_as_text", written(|out| report::by_class::text(reach, out)));
    insta::assert_snapshot!("classes_as_csv", written(|out| report::by_class::csv(reach, out)));
    insta::assert_snapshot!("classes_as_md", written(|out| report::by_class::markdown(reach, out)));
    let json = written(|out| report::by_class::json(reach, out));
    let _: serde_json::Value = serde_json::from_str(&json).unwrap();
    insta::assert_snapshot!("classes_as_json", json);
}
