//! Findings as people see them.
use netloom_objects::{Source, parse_source, render};

fn drawn(text: &str) -> String {
    let source = Source::new("shop.yaml", text);
    let parsed = parse_source(&source);
    render(&parsed.diagnostics, &[source], false)
}

#[test]
fn everything_wrong_with_a_policy() {
    insta::assert_snapshot!(drawn(
        "apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: Shop_Policy
  labels:
    enabled: y
spec:
  podSelecter:
    matchLabels: {app: shop}
  policyTypes: [ingress, Egress]
  ingress:
    - from:
        - ipBlock:
            cidr: 10.0.0.0/33
          podSelector: {}
        - podSelector:
        - ipBlock:
            cidr: 10.1.0.0/16
            except: [10.2.0.0/16]
        - namespaceSelector:
            matchExpressions:
              - {key: env, operator: in, values: [a]}
              - {key: env, operator: In}
      ports:
        - port: 65536
        - port: \"80\"
        - port: 80
          port: 81
        - port: http
          endPort: 90
          protocol: tcp
        - port: 9000
          endPort: 8000
  egress:
    - to: {podSelector: {}}
    - ports:
        - endPort: 1
        - port: [1]
"
    ));
}

#[test]
fn everything_wrong_with_a_service() {
    insta::assert_snapshot!(drawn(
        "apiVersion: v1
kind: Service
metadata:
  name: web
  namespace: ${NAMESPACE}
spec:
  type: LoadBalancr
  clusterIP: 10.0.0
  externalTrafficPolicy: local
  selector:
    app: true
  ports:
    - port: 80
      targetPort: 0
    - port: 80
      nodePort: 70000
      name: Http
  topologyKeys: [\"*\"]
  loadBalancerSourceRanges: [10.0.0.1]
"
    ));
}

#[test]
fn broken_documents() {
    insta::assert_snapshot!(drawn(
        "apiVersion: v1
kind: Service
metadata:
  name: a
\tlabels: {}
---
apiVersion: v1
 kind: Service
---
a: &a [*a]
---
apiVersion: v1
kind: Service
metadata:
name: web
spec:
ports:
- port: 80
targetPort: 8080
---
apiVersion: v1
kind: Service
metadata:
  name: {{ include \"shop.name\" . }}
---
apiVersion: v1
kind: Servise
metadata: {name: a}
---
port: 80
"
    ));
}

#[test]
fn places_far_apart_and_long_lines_are_drawn_within_reason() {
    let gap = "  # \n".repeat(80);
    let long = "x".repeat(2000);
    insta::assert_snapshot!(drawn(&format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n  a: x\n{gap}  a: y\n---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: b\ndata: {{x: \"{long}\", y: 1}}\n"
    )));
}

#[test]
fn colours_are_used_on_request_only() {
    let source = Source::new("a.yaml", "a: b\n");
    let diagnostics = parse_source(&source).diagnostics;
    assert!(render(&diagnostics, std::slice::from_ref(&source), true).contains("\u{1b}["));
    assert!(!render(&diagnostics, &[source], false).contains('\u{1b}'));
}
