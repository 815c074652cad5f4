//! Needs that cannot be met, and the line that stands in the way.
use crate::support::{Asked, on_text, suggested};

const SET: &str = "\
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
metadata: {name: db, namespace: shop, labels: {app: db}}
spec: {containers: [{name: c, image: i, ports: [{containerPort: 5432, name: sql}]}]}
---
apiVersion: v1
kind: Pod
metadata: {name: other, namespace: shop, labels: {app: other}}
spec: {containers: [{name: c, image: i, ports: [{containerPort: 81}]}]}
";

#[test]
fn a_tier_above_may_deny_what_is_needed() {
    let admin = "\
---
apiVersion: policy.networking.k8s.io/v1alpha1
kind: AdminNetworkPolicy
metadata: {name: no-databases}
spec:
  priority: 5
  subject: {namespaces: {matchLabels: {kubernetes.io/metadata.name: shop}}}
  egress:
    - action: Deny
      to: [{namespaces: {}}]
      ports: [{portNumber: {protocol: TCP, port: 5432}}]
";
    on_text(&format!("{SET}{admin}"), |ground| {
        let asked =
            Asked { needs: "shop/web -> shop/db:5432\nshop/web -> shop/other:81\n", ..Asked::default() };
        let (_, proof, report) = suggested(ground, &asked);
        assert_eq!(proof.unmet.len(), 1, "{report}");
        insta::assert_snapshot!("denied_by_a_tier", report);
    });
}

#[test]
fn a_policy_of_the_other_side_may_stand_in_the_way() {
    let policy = "\
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: db, namespace: shop}
spec: {podSelector: {matchLabels: {app: db}}, policyTypes: [Ingress]}
";
    on_text(&format!("{SET}{policy}"), |ground| {
        let asked =
            Asked { needs: "shop/web -> shop/db:sql\n", workloads: &["shop/web"], ..Asked::default() };
        let (suggestion, proof, report) = suggested(ground, &asked);
        assert_eq!(proof.unmet.len(), 1);
        assert!(suggestion.replaced.is_empty());
        insta::assert_snapshot!("denied_by_the_other_side", format!("{}\n{report}", suggestion.yaml()));
    });
}
