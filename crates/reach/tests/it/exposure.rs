//! What workloads are open to beyond the set.
use netloom_reach::report;

use crate::support::{exposed, namespace, pod, policy};

/// Each kind of peer, met and not met by the set.
fn manifests() -> String {
    let rules = [
        "{from: [{namespaceSelector: {}}], ports: [{port: 1}]}",
        "{from: [{namespaceSelector: {}, podSelector: {matchLabels: {role: monitoring}}}], ports: [{port: 2}]}",
        "{from: [{namespaceSelector: {matchLabels: {team: x}}}], ports: [{port: 3}]}",
        "{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: backend}}}], ports: [{port: 4}]}",
        "{from: [{podSelector: {matchLabels: {app: b}}}], ports: [{port: 5}]}",
        "{from: [{podSelector: {matchLabels: {app: missing}}}], ports: [{port: 6}]}",
        "{from: [{namespaceSelector: {matchExpressions: [{key: env, operator: Exists}, {key: team, operator: NotIn, values: [y, z]}]}, podSelector: {matchExpressions: [{key: role, operator: In, values: [api, web]}]}}], ports: [{port: 7}]}",
        "{from: [{ipBlock: {cidr: 10.0.0.0/8}}], ports: [{port: 8}]}",
        "{from: [{podSelector: {}}], ports: [{port: 9}]}",
    ]
    .map(|rule| rule.replace("[y, z]", "['y', z]"));
    [
        namespace("backend", "team: b"),
        pod("a", "app: a"),
        pod("b", "app: b"),
        pod("backend/c", "app: c"),
        policy("p", &format!("podSelector: {{matchLabels: {{app: a}}}}, ingress: [{}]", rules.join(", "))),
        policy("backend/deny", "podSelector: {}, policyTypes: [Ingress, Egress], egress: [{to: [{namespaceSelector: {}}], ports: [{port: 53, protocol: UDP}]}]"),
    ]
    .concat()
}

#[test]
fn what_the_set_lacks_and_policies_admit_is_named() {
    let (reach, exposure) = exposed(&manifests());
    insta::assert_snapshot!("exposure_text", report::exposure::text(&reach, &exposure));
    insta::assert_snapshot!("exposure_csv", report::exposure::csv(&reach, &exposure));
    insta::assert_snapshot!("exposure_md", report::exposure::markdown(&reach, &exposure));
    let json = serde_json::to_string_pretty(&report::exposure::json(&reach, &exposure)).unwrap();
    insta::assert_snapshot!("exposure_json", json);
}

#[test]
fn a_pod_on_the_hosts_network_is_not_called_unprotected() {
    let host = crate::support::pod_with("h", "app: h", "hostNetwork: true,");
    let (reach, _) = exposed(&[host, pod("a", "app: a")].concat());
    assert_eq!(
        report::exposure::unprotected_text(&reach),
        "default/a[Pod] is not protected on Egress\ndefault/a[Pod] is not protected on Ingress\n"
    );
}
