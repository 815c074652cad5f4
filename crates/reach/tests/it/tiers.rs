//! The tiers around NetworkPolicies, point by point.
use netloom_cluster::{Families, Options};
use netloom_reach::Scope;

use crate::support::{ALL, NONE, admitting, app, set, set_with};

fn cluster_policy(name: &str, tier: &str, priority: u32, rules: &str) -> String {
    format!(
        "---\n{{apiVersion: policy.networking.k8s.io/v1alpha2, kind: ClusterNetworkPolicy, metadata: {{name: {name}}}, \
         spec: {{tier: {tier}, priority: {priority}, subject: {{namespaces: {{}}}}, ingress: [{rules}]}}}}\n"
    )
}

fn rule(action: &str, port: Option<u16>) -> String {
    let ports = port.map_or_else(String::new, |port| {
        format!(", protocols: [{{tcp: {{destinationPort: {{number: {port}}}}}}}]")
    });
    format!("{{action: {action}, from: [{{namespaces: {{}}}}]{ports}}}")
}

#[test]
fn the_lower_priority_number_wins_and_rules_count_in_their_order() {
    let pods = [app("a"), app("b")].concat();
    let s = set(&[
        &*pods,
        &cluster_policy("first", "Admin", 2, &rule("Deny", None)),
        &cluster_policy("second", "Admin", 1, &rule("Accept", Some(80))),
    ]
    .concat());
    assert_eq!(s.open("a", "b"), "TCP 80");
    let s = set(&[
        &*pods,
        &cluster_policy("first", "Admin", 1, &rule("Deny", None)),
        &cluster_policy("second", "Admin", 2, &rule("Accept", Some(80))),
    ]
    .concat());
    assert_eq!(s.open("a", "b"), NONE);
    let first = [rule("Accept", Some(80)), rule("Deny", None)].join(", ");
    assert_eq!(
        set(&[&*pods, &cluster_policy("first", "Admin", 1, &first)].concat()).open("a", "b"),
        "TCP 80"
    );
}

#[test]
fn pass_leaves_the_tier_and_a_network_policy_is_final() {
    let pods = [app("a"), app("b")].concat();
    let passed = [rule("Pass", Some(80)), rule("Deny", None)].join(", ");
    let admin = cluster_policy("first", "Admin", 1, &passed);
    let baseline = cluster_policy("z", "Baseline", 1, &rule("Deny", None));
    assert_eq!(set(&[&*pods, &admin].concat()).open("a", "b"), "TCP 80", "nothing else speaks");
    assert_eq!(set(&[&*pods, &admin, &baseline].concat()).open("a", "b"), NONE, "the baseline does");
    let np = admitting("np", "{ports: [{port: 80}, {port: 81}]}");
    assert_eq!(set(&[&*pods, &admin, &baseline, &np].concat()).open("a", "b"), "TCP 80");
    // Whether or not a rule of it matches, the baseline is not reached behind a NetworkPolicy.
    let np = admitting("np", "{ports: [{port: 81}]}");
    let accepting = cluster_policy("z", "Baseline", 1, &rule("Accept", None));
    assert_eq!(set(&[&*pods, &accepting, &np].concat()).open("a", "b"), "TCP 81");
}

#[test]
fn admin_and_baseline_policies_of_the_older_version_are_tiers_too() {
    let pods = [app("a"), app("b")].concat();
    let admin = "---\n{apiVersion: policy.networking.k8s.io/v1alpha1, kind: AdminNetworkPolicy, metadata: {name: x}, spec: {priority: 1, subject: {namespaces: {}}, ingress: [{action: Allow, from: [{namespaces: {}}], ports: [{portNumber: {protocol: TCP, port: 80}}]}, {action: Pass, from: [{namespaces: {}}], ports: [{portNumber: {protocol: TCP, port: 81}}]}, {action: Deny, from: [{namespaces: {}}]}]}}\n";
    let baseline = "---\n{apiVersion: policy.networking.k8s.io/v1alpha1, kind: BaselineAdminNetworkPolicy, metadata: {name: default}, spec: {subject: {namespaces: {}}, ingress: [{action: Deny, from: [{namespaces: {}}]}]}}\n";
    assert_eq!(set(&[&*pods, admin, baseline].concat()).open("a", "b"), "TCP 80");
    assert_eq!(set(&[&*pods, admin].concat()).open("a", "b"), "TCP 80-81");
}

#[test]
fn networks_of_a_cluster_policy_match_pods_whose_addresses_are_known() {
    let pods = [app("a"), app("b")].concat();
    let deny = "---\n{apiVersion: policy.networking.k8s.io/v1alpha2, kind: ClusterNetworkPolicy, metadata: {name: x}, spec: {tier: Admin, priority: 1, subject: {namespaces: {}}, egress: [{action: Deny, to: [{networks: [0.0.0.0/0]}]}]}}\n";
    let known = set_with(
        &[&*pods, deny].concat(),
        &Options { families: Families::V4, ..Options::default() },
        Scope::default(),
    );
    assert_eq!((known.open("a", "b"), known.open("a", "203.0.113.1")), (NONE.to_owned(), NONE.to_owned()));
    let unknown = set(&[&*pods, deny].concat());
    assert_eq!((unknown.open("a", "b"), unknown.open("a", "203.0.113.1")), (ALL.to_owned(), NONE.to_owned()));
}

#[test]
fn a_peer_that_cannot_be_decided_fails_closed() {
    let pods = [app("a"), app("b")].concat();
    let with = |action: &str| {
        format!(
            "---\n{{apiVersion: policy.networking.k8s.io/v1alpha2, kind: ClusterNetworkPolicy, metadata: {{name: x}}, spec: {{tier: Admin, priority: 1, subject: {{namespaces: {{}}}}, egress: [{{action: {action}, to: [{{domainNames: [example.org]}}]}}]}}}}\n"
        )
    };
    let deny_rest = "---\n{apiVersion: policy.networking.k8s.io/v1alpha2, kind: ClusterNetworkPolicy, metadata: {name: second}, spec: {tier: Admin, priority: 2, subject: {namespaces: {}}, egress: [{action: Deny, to: [{networks: [0.0.0.0/0]}]}]}}\n";
    assert_eq!(
        set(&[&*pods, &with("Accept"), deny_rest].concat()).open("a", "203.0.113.1"),
        NONE,
        "Accept matches nothing"
    );
}
