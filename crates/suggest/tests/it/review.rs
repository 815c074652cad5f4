//! The review of today's policies.
use netloom_suggest::{report, review};

use crate::support::{example, on, on_text};

const PODS: &str = "\
apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec: {containers: [{name: c, image: i, ports: [{containerPort: 80}]}]}
---
apiVersion: v1
kind: Pod
metadata: {name: api, namespace: shop, labels: {app: api, tier: back}}
spec: {containers: [{name: c, image: i, ports: [{containerPort: 8080, name: http}, {containerPort: 9090}]}]}
---
apiVersion: v1
kind: Pod
metadata: {name: db, namespace: shop, labels: {app: db, tier: back}}
spec: {containers: [{name: c, image: i, ports: [{containerPort: 5432}]}]}
---
";

fn policy(name: &str, spec: &str) -> String {
    format!(
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: {name}, namespace: shop}}\nspec:\n{spec}---\n"
    )
}

fn reviewed(policies: &[String]) -> String {
    on_text(&format!("{PODS}{}", policies.concat()), |ground| report::review::text(&review(ground)))
}

#[test]
fn rules_that_others_make_superfluous_are_named() {
    let narrow = policy(
        "api",
        "  podSelector: {matchLabels: {app: api}}\n  policyTypes: [Ingress]\n  ingress:\n    - from:\n        - podSelector: {matchLabels: {app: web}}\n      ports: [{port: http}]\n",
    );
    // Another selector, other words for the ports: only the evaluator sees that it covers the first.
    let wide = policy(
        "back",
        "  podSelector: {matchLabels: {tier: back}}\n  policyTypes: [Ingress]\n  ingress:\n    - from:\n        - podSelector: {matchExpressions: [{key: app, operator: In, values: [web, db]}]}\n      ports: [{port: 8000, endPort: 9000}]\n",
    );
    insta::assert_snapshot!("review_redundant", reviewed(&[narrow, wide]));
}

#[test]
fn of_two_alike_one_is_named() {
    let one = |name| {
        policy(
            name,
            "  podSelector: {matchLabels: {app: db}}\n  policyTypes: [Ingress]\n  ingress:\n    - from:\n        - podSelector: {matchLabels: {app: api}}\n      ports: [{port: 5432}]\n",
        )
    };
    let by_another_label = policy(
        "db-too",
        "  podSelector: {matchLabels: {app: db, tier: back}}\n  policyTypes: [Ingress]\n  ingress:\n    - from:\n        - podSelector: {matchLabels: {app: api, tier: back}}\n      ports: [{port: 5432}]\n",
    );
    insta::assert_snapshot!("review_alike", reviewed(&[one("db"), by_another_label]));
}

#[test]
fn peers_of_one_rule_are_told_apart() {
    let peers = policy(
        "api",
        "  podSelector: {matchLabels: {app: api}}\n  policyTypes: [Ingress]\n  ingress:\n    - from:\n        - podSelector: {matchLabels: {app: web}}\n        - podSelector: {matchLabels: {app: db}}\n        - podSelector: {matchExpressions: [{key: app, operator: NotIn, values: [db]}]}\n      ports: [{port: http}]\n",
    );
    insta::assert_snapshot!("review_peers", reviewed(&[peers]));
}

#[test]
fn tiers_shadow_and_contradict() {
    let allow = policy(
        "api",
        "  podSelector: {matchLabels: {app: api}}\n  policyTypes: [Ingress]\n  ingress:\n    - from:\n        - podSelector: {matchLabels: {app: web}}\n      ports: [{port: 9090}]\n    - from:\n        - podSelector: {matchLabels: {app: db}}\n      ports: [{port: http}]\n",
    );
    let tiers = "\
apiVersion: policy.networking.k8s.io/v1alpha2
kind: ClusterNetworkPolicy
metadata: {name: guard}
spec:
  tier: Admin
  priority: 1
  subject: {namespaces: {matchLabels: {kubernetes.io/metadata.name: shop}}}
  ingress:
    - name: no-metrics
      action: Deny
      from: [{namespaces: {}}]
      protocols: [{tcp: {destinationPort: {number: 9090}}}]
    - name: never-asked
      action: Accept
      from: [{pods: {namespaceSelector: {}, podSelector: {matchLabels: {app: web}}}}]
      protocols: [{tcp: {destinationPort: {number: 9090}}}]
    - name: passes
      action: Pass
      from: [{namespaces: {}}]
---
";
    insta::assert_snapshot!("review_tiers", reviewed(&[allow, tiers.to_owned()]));
}

#[test]
fn what_decides_something_is_not_named() {
    for name in ["shop", "platform"] {
        on(&example(name, None), |ground| assert_eq!(review(ground), [], "{name}"));
    }
    on(&example("shop-broken", None), |ground| {
        insta::assert_snapshot!("review_shop_broken", report::review::text(&review(ground)));
    });
}
