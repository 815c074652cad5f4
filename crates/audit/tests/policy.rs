//! Manifests on which the rules about network policies must be silent, and tricky ones on which they must not.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "what cannot be checked has to fail loudly")]
use std::sync::Arc;

use netloom_audit::{Closed, Settings, audit};
use netloom_objects::{ObjectSet, Source, parse_source};

/// `CODE line` of what is found.
fn found(text: &str, everything: bool) -> Vec<String> {
    let set = ObjectSet::assemble(vec![Arc::new(parse_source(&Source::new("t.yaml", text)))]);
    assert!(!set.has_errors(), "{}", set.render(false));
    let closed = Closed { everything, ..Closed::default() };
    let settings = Settings { closed, ..Settings::default() };
    let report = audit(&set, &settings, &|rule| rule.code.starts_with("NP"));
    report.findings.iter().map(|f| format!("{} {}", f.rule.code, f.at.line)).collect()
}

fn deployment(name: &str, namespace: &str, more: &str) -> String {
    format!(
        "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}, namespace: {namespace}}}\nspec:\n  \
         selector: {{matchLabels: {{app: {name}}}}}\n  template:\n    metadata: {{labels: {{app: {name}}}}}\n    \
         spec: {{containers: [{{name: {name}, image: \"{name}:1\"{more}}}]}}\n"
    )
}

fn policy(name: &str, namespace: &str, spec: &str) -> String {
    let spec: String = spec.lines().map(|line| format!("  {line}\n")).collect();
    format!(
        "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: {name}, namespace: \
         {namespace}}}\nspec:\n{spec}"
    )
}

const DENY: &str = "podSelector: {}\npolicyTypes: [Ingress, Egress]";
const DNS: &str = "podSelector: {}
policyTypes: [Egress]
egress:
  - to:
      - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: kube-system}}
        podSelector: {matchLabels: {k8s-app: kube-dns}}
    ports: [{port: 53, protocol: UDP}, {port: 53, protocol: TCP}]";

#[test]
fn legitimate_manifests_are_left_alone() {
    let web = deployment("web", "shop", ", ports: [{name: http, containerPort: 8080}]");
    let api = deployment("api", "shop", ", ports: [{containerPort: 9000}]");
    let deny = policy("deny", "shop", DENY) + &policy("dns", "shop", DNS);
    let both = policy(
        "web",
        "shop",
        "podSelector: {matchLabels: {app: web}}\npolicyTypes: [Egress]\negress:\n  - to: [{podSelector: {matchLabels: \
         {app: api}}}]\n    ports: [{port: 9000}]",
    ) + &policy(
        "api",
        "shop",
        "podSelector: {matchLabels: {app: api}}\npolicyTypes: [Ingress]\ningress:\n  - from: [{podSelector: \
         {matchLabels: {app: web}}}]\n    ports: [{port: 9000}]",
    );
    let namespaces = "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n".to_owned();
    let cases = [
        (
            "a default deny, DNS for all, and both sides of one way",
            namespaces.clone() + &web + &api + &deny + &both,
            true,
        ),
        (
            "a database that only answers under a default deny",
            namespaces.clone()
                + &deployment("db", "shop", ", ports: [{containerPort: 5432}]")
                + &policy("deny", "shop", DENY)
                + &policy(
                    "db",
                    "shop",
                    "podSelector: {matchLabels: {app: db}}\npolicyTypes: [Ingress]\ningress:\n  - from: \
                     [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: apps}}}]\n    ports: [{port: \
                     5432}]",
                ),
            false,
        ),
        (
            "a workload that is to reach nothing, by a policy of its own",
            namespaces.clone()
                + &web
                + &deny.replace("name: dns", "name: dns-elsewhere")
                + &policy("web", "shop", "podSelector: {matchLabels: {app: web}}\npolicyTypes: [Egress]"),
            true,
        ),
        (
            "two alternatives that are meant as such",
            namespaces.clone()
                + &web
                + &api
                + &deny
                + &policy(
                    "web",
                    "shop",
                    "podSelector: {matchLabels: {app: web}}\npolicyTypes: [Ingress]\ningress:\n  - from:\n      - \
                     namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: edge}}\n      - podSelector: \
                     {matchLabels: {app: web}}\n    ports: [{port: http}]",
                ),
            false,
        ),
        (
            "pods that ask the node's resolver",
            namespaces.clone()
                + &web.replace("spec: {containers", "spec: {dnsPolicy: Default, containers")
                + &policy("deny", "shop", DENY),
            true,
        ),
        (
            "a policy for workloads that another repository has",
            namespaces.clone()
                + &policy("deny", "shop", DENY)
                + &policy("dns", "shop", DNS)
                + &policy(
                    "cache",
                    "shop",
                    "podSelector: {matchLabels: {app: cache}}\npolicyTypes: [Ingress]\ningress:\n  - from: \
                     [{namespaceSelector: {matchLabels: {team: shop}}}]\n    ports: [{port: 6379}]",
                ),
            false,
        ),
        (
            "NodeLocal DNSCache by its address",
            namespaces
                + &web
                + &policy(
                    "web",
                    "shop",
                    "podSelector: {}\npolicyTypes: [Ingress, Egress]\negress:\n  - to: [{ipBlock: {cidr: \
                     169.254.20.10/32}}]\n    ports: [{port: 53, protocol: UDP}, {port: 53, protocol: TCP}]",
                ),
            true,
        ),
    ];
    for (what, text, closed) in cases {
        assert_eq!(found(&text, closed), Vec::<String>::new(), "{what}:\n{text}");
    }
}

#[test]
fn tricky_mistakes_are_found() {
    let web = deployment("web", "shop", ", ports: [{name: http, containerPort: 8080}]");
    let cases = [
        (
            "NP001",
            "under a default deny, a policy for ingress only",
            web.clone()
                + &policy("deny", "shop", DENY)
                + &policy("web", "shop", "podSelector: {matchLabels: {app: web}}\npolicyTypes: [Ingress]"),
        ),
        (
            "NP002",
            "UDP 53 to a namespace by a label that is not there",
            web.clone()
                + &policy(
                    "web",
                    "shop",
                    "podSelector: {matchLabels: {app: web}}\npolicyTypes: [Egress]\negress:\n  - to: \
                     [{namespaceSelector: {matchLabels: {name: kube-system}}}]\n    ports: [{port: 53, protocol: \
                     UDP}]",
                ),
        ),
        (
            "NP018",
            "both sides speak only of pods that are not in the set",
            policy("deny", "shop", DENY)
                + &policy(
                    "api",
                    "shop",
                    "podSelector: {matchLabels: {app: api}}\npolicyTypes: [Ingress]\ningress:\n  - from: \
                     [{podSelector: {matchLabels: {app: front}}}]\n    ports: [{port: 8080}]",
                ),
        ),
        (
            "NP009",
            "a name that only another protocol has",
            web.clone()
                + &policy(
                    "web",
                    "shop",
                    "podSelector: {matchLabels: {app: web}}\npolicyTypes: [Ingress]\ningress:\n  - from: \
                     [{podSelector: {}}]\n    ports: [{port: http, protocol: UDP}]",
                ),
        ),
        (
            "NP020",
            "a rule for everyone beside a careful one, in another policy",
            web.clone()
                + &policy(
                    "web",
                    "shop",
                    "podSelector: {matchLabels: {app: web}}\npolicyTypes: [Ingress]\ningress:\n  - from: \
                     [{podSelector: {matchLabels: {app: web}}}]\n    ports: [{port: 8080}]",
                )
                + &policy("all", "shop", "podSelector: {}\npolicyTypes: [Ingress]\ningress: [{}]"),
        ),
        (
            "NP026",
            "an Ingress to pods that admit their own namespace's clients only",
            web.clone()
                + "---\napiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: shop}\nspec: {selector: {app: \
                   web}, ports: [{port: 80, targetPort: http}]}\n---\napiVersion: networking.k8s.io/v1\nkind: \
                   Ingress\nmetadata: {name: web, namespace: shop}\nspec: {defaultBackend: {service: {name: web, \
                   port: {number: 80}}}}\n"
                + &policy(
                    "web",
                    "shop",
                    "podSelector: {matchLabels: {app: web}}\npolicyTypes: [Ingress]\ningress:\n  - from: \
                     [{podSelector: {matchLabels: {app: api}}}]\n    ports: [{port: 8080}]",
                ),
        ),
        (
            "NP032",
            "a label that must and must not be there",
            policy(
                "web",
                "shop",
                "podSelector: {matchExpressions: [{key: a, operator: Exists}, {key: a, operator: \
                 DoesNotExist}]}\npolicyTypes: [Ingress]",
            ),
        ),
    ];
    for (code, what, text) in cases {
        let found = found(&text, false);
        assert!(found.iter().any(|f| f.starts_with(code)), "{what}: {found:?}\n{text}");
    }
}
