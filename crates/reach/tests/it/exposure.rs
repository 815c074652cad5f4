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

/// The lines about one endpoint, but for the outside.
fn lines(manifests: &str, endpoint: &str) -> Vec<String> {
    let (reach, exposure) = exposed(manifests);
    let text = report::exposure::text(&reach, &exposure);
    let of = |line: &&str| line.starts_with(&format!("{endpoint}\t")) && !line.contains("[External]");
    text.lines().filter(of).map(|line| line[endpoint.len()..].trim().replace('\t', " ")).collect()
}

/// A pod `a`, another one, and a policy about the first.
fn about_a(other: &str, rules: &str) -> String {
    [
        pod("a", "app: a"),
        pod("b", other),
        policy("a", &format!("podSelector: {{matchLabels: {{app: a}}}}, {rules}")),
    ]
    .concat()
}

#[test]
fn whom_a_rule_leaves_out_is_not_of_everyone() {
    for (peer, name) in [
        (
            "namespaceSelector: {matchExpressions: [{key: env, operator: NotIn, values: [dev]}]}",
            "[namespace with {env NotIn (dev)}]/[all pods]",
        ),
        (
            "namespaceSelector: {matchExpressions: [{key: env, operator: DoesNotExist}]}",
            "[namespace with {env DoesNotExist}]/[all pods]",
        ),
        (
            "namespaceSelector: {}, podSelector: {matchExpressions: [{key: role, operator: NotIn, values: [x, w]}]}",
            "[all namespaces]/[pod with {role NotIn (w,x)}]",
        ),
    ] {
        let set = about_a("app: b", &format!("policyTypes: [Ingress], ingress: [{{from: [{{{peer}}}]}}]"));
        assert_eq!(
            lines(&set, "default/a[Pod]"),
            ["=> entire-cluster : All Connections".to_owned(), format!("<= {name} : All Connections")],
            "{peer}"
        );
    }
    // All that one rule leaves out another one lets in.
    let both = "{namespaceSelector: {matchExpressions: [{key: env, operator: NotIn, values: [dev]}]}}, {namespaceSelector: {matchLabels: {env: dev}}}";
    let set = about_a("app: b", &format!("policyTypes: [Ingress], ingress: [{{from: [{both}]}}]"));
    assert_eq!(
        lines(&set, "default/a[Pod]"),
        ["=> entire-cluster : All Connections", "<= entire-cluster : All Connections"]
    );
}

#[test]
fn whom_a_rule_denies_stands_beside_everyone() {
    let denial = |namespaces: &str| {
        format!(
            "---\napiVersion: policy.networking.k8s.io/v1alpha2\nkind: ClusterNetworkPolicy\nmetadata: {{name: denial}}\nspec:\n  \
             tier: Admin\n  priority: 10\n  subject: {{namespaces: {{}}}}\n  ingress: [{{action: Deny, from: [{{namespaces: \
             {namespaces}}}]}}]\n"
        )
    };
    let of = |namespaces: &str| lines(&(pod("a", "app: a") + &denial(namespaces)), "default/a[Pod]");
    assert_eq!(
        of("{matchLabels: {env: dev}}"),
        [
            "=> entire-cluster : All Connections",
            "<= entire-cluster : All Connections",
            "<= [namespace with {env=dev}]/[all pods] : No Connections",
        ]
    );
    assert_eq!(
        of("{matchExpressions: [{key: env, operator: NotIn, values: [prod]}]}"),
        [
            "=> entire-cluster : All Connections",
            "<= [namespace with {env=prod}]/[all pods] : All Connections"
        ]
    );
}

#[test]
fn other_namespaces_may_have_such_pods_too() {
    for (selector, words) in [
        ("{matchLabels: {app: front}}", "{app=front}"),
        ("{matchExpressions: [{key: app, operator: Exists}]}", "{app Exists}"),
    ] {
        let rules = format!(
            "policyTypes: [Ingress], ingress: [{{from: [{{namespaceSelector: {{}}, podSelector: {selector}}}]}}]"
        );
        assert_eq!(
            lines(&about_a("app: front", &rules), "default/a[Pod]"),
            [
                "=> entire-cluster : All Connections".to_owned(),
                format!("<= [all namespaces]/[pod with {words}] : All Connections")
            ]
        );
    }
    // Of the policy's own namespace they are known.
    let rules = "policyTypes: [Ingress], ingress: [{from: [{podSelector: {matchLabels: {app: front}}}]}]";
    assert_eq!(
        lines(&about_a("app: front", rules), "default/a[Pod]"),
        ["=> entire-cluster : All Connections"]
    );
}

#[test]
fn ports_of_others_are_told_by_name() {
    let egress = |to: &str, ports: &str| {
        let rules = format!("policyTypes: [Egress], egress: [{{to: [{to}], ports: [{ports}]}}]");
        lines(&about_a("app: b", &rules), "default/a[Pod]")
    };
    assert_eq!(
        egress("{namespaceSelector: {matchLabels: {team: x}}}", "{port: http}"),
        ["=> [namespace with {team=x}]/[all pods] : TCP http", "<= entire-cluster : All Connections"]
    );
    assert_eq!(
        egress("{namespaceSelector: {}}", "{port: http}, {port: 53, protocol: UDP}"),
        ["=> entire-cluster : UDP 53,TCP http", "<= entire-cluster : All Connections"]
    );
}

#[test]
fn values_of_a_list_get_what_all_of_them_get() {
    let peer = |pods: &str, port: u16| {
        format!(
            "{{from: [{{namespaceSelector: {{matchLabels: {{t: '1'}}}}, podSelector: {{matchExpressions: [{pods}]}}}}], \
             ports: [{{port: {port}}}]}}"
        )
    };
    let rules = format!(
        "policyTypes: [Ingress], ingress: [{}, {}]",
        peer("{key: role, operator: In, values: [w, x]}", 8080),
        peer("{key: role, operator: NotIn, values: [x]}", 9090)
    );
    assert_eq!(
        lines(&about_a("role: x", &rules), "default/a[Pod]"),
        [
            "=> entire-cluster : All Connections",
            "<= [namespace with {t=1}]/[pod with {role In (w,x)}] : TCP 8080",
            "<= [namespace with {t=1}]/[pod with {role NotIn (x)}] : TCP 9090",
        ]
    );
}
