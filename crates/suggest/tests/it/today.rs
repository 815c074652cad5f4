//! Today's policies as evidence of what is needed.
use netloom_suggest::today;

use crate::support::{Asked, WHOLE, deployment, lines, namespace, network_policy, on_text, suggested};

/// A shop whose addresses are compiled in: only its policies tell who connects to whom.
fn shop() -> String {
    let policy = |name: &str, from: &str, port: u16| {
        network_policy(
            name,
            &format!(
                "podSelector: {{matchLabels: {{app: {name}}}}}, policyTypes: [Ingress], ingress: [{{from: [{from}], ports: [{{port: {port}}}]}}]"
            ),
        )
    };
    [
        namespace("shop"),
        deployment("front", "app: front", "ports: [{containerPort: 80}]"),
        deployment("orders", "app: orders", "ports: [{containerPort: 80}]"),
        deployment("db", "app: db", "ports: [{containerPort: 27017, name: mongo}]"),
        policy("orders", "{podSelector: {matchLabels: {app: front}}}", 80),
        policy("db", "{podSelector: {matchLabels: {app: orders}}}, {namespaceSelector: {matchLabels: {team: x}}}, {ipBlock: {cidr: 192.0.2.0/24}}", 27017),
        policy("front", "{podSelector: {}}, {ipBlock: {cidr: 0.0.0.0/0}}", 80),
    ]
    .concat()
}

#[test]
fn whom_policies_name_is_needed() {
    on_text(&shop(), |ground| {
        let needs = today(ground);
        let mut found: Vec<String> = lines(ground, &needs)
            .into_iter()
            .map(|line| line.split(": ").next().unwrap_or_default().to_owned())
            .collect();
        found.sort();
        assert_eq!(
            found,
            [
                "*/* -> shop/db on TCP 27017",
                "192.0.2.0/24 -> shop/db on TCP 27017",
                "shop/front -> shop/orders on TCP 80",
                "shop/orders -> shop/db on TCP 27017",
            ]
        );
        // Everyone is nobody in particular.
        let doubts: Vec<String> = needs.doubts.iter().map(ToString::to_string).collect();
        assert_eq!(doubts.len(), 2, "{doubts:?}");
        assert!(doubts[0].contains("NetworkPolicy front lets every pod of shop in on TCP 80"), "{doubts:?}");
        assert!(doubts[1].contains("NetworkPolicy front lets anyone in on TCP 80"), "{doubts:?}");
    });
}

#[test]
fn what_they_name_stays_open_and_both_sides_are_written() {
    on_text(&shop(), |ground| {
        let (suggestion, proof, report) = suggested(ground, &WHOLE);
        assert!(proof.unmet.is_empty(), "{report}");
        let yaml = suggestion.yaml();
        assert_eq!(yaml.matches("# NetworkPolicy orders allows it today").count(), 2, "{yaml}");
        assert!(!yaml.contains("NOT COMPLETE"), "{yaml}");
        // Without them nothing is known.
        let (suggestion, ..) = suggested(ground, &Asked { policies: false, ..WHOLE });
        assert_eq!(suggestion.unknown.len(), 3);
    });
}

#[test]
fn names_of_ports_are_the_targets_own() {
    let set = namespace("shop")
        + &deployment("a", "app: a", "env: []")
        + &deployment("b", "app: b", "ports: [{containerPort: 8080, name: web}, {containerPort: 9090}]")
        + &network_policy(
            "a",
            "podSelector: {matchLabels: {app: a}}, policyTypes: [Egress], egress: [{to: [{podSelector: {matchLabels: {app: b}}}], ports: [{port: web}]}, {to: [{namespaceSelector: {}, podSelector: {matchLabels: {k8s-app: kube-dns}}}], ports: [{port: 53, protocol: UDP}]}]",
        )
        + &network_policy(
            "b",
            "podSelector: {matchLabels: {app: b}}, ingress: [{from: [{podSelector: {matchLabels: {app: a}}}]}]",
        );
    on_text(&set, |ground| {
        let mut found: Vec<String> = lines(ground, &today(ground));
        found.sort();
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found[0].starts_with("shop/a -> shop/b on TCP 8080,9090: NetworkPolicy b"), "{found:?}");
        assert!(found[1].starts_with("shop/a -> shop/b on TCP 8080: NetworkPolicy a"), "{found:?}");
    });
}

#[test]
fn what_was_suggested_once_is_no_evidence() {
    let marked =
        format!("{}: what namespace shop needs, and nothing else.\n{}", netloom_suggest::MARK, shop());
    on_text(&marked, |ground| assert!(today(ground).needs.is_empty()));
}
