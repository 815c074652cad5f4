//! IN019: a rule for every host.
use netloom_objects::Severity;
use std::collections::HashSet;

use super::support::{class_of, ingresses, paths};
use crate::{Context, Findings, Group, Rule, words::title};

pub static RULE: Rule = Rule {
    code: "IN019",
    name: "path-for-every-host",
    group: Group::Security,
    severity: Severity::Info,
    finds: "A rule without `host` on an Ingress, beside Ingresses of the same class that name their hosts.",
    why: "It answers under every name that leads to the controller's address, also where a host's own Ingress has \
           no such path.",
    wrong: "\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: web
  namespace: shop
spec:
  ingressClassName: traefik
  tls:
    - {hosts: [shop.example.org], secretName: shop-tls}
  rules:
    - host: shop.example.org
      http:
        paths:
          - path: /
            pathType: Prefix
            backend:
              service: {name: web, port: {number: 80}}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: docs
  namespace: shop
spec:
  ingressClassName: traefik
  tls:
    - {hosts: [shop.example.org], secretName: shop-tls}
  rules:
    - http:
        paths:
          - path: /docs
            pathType: Prefix
            backend:
              service: {name: docs, port: {number: 80}}
",
    right: "\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: web
  namespace: shop
spec:
  ingressClassName: traefik
  tls:
    - {hosts: [shop.example.org], secretName: shop-tls}
  rules:
    - host: shop.example.org
      http:
        paths:
          - path: /
            pathType: Prefix
            backend:
              service: {name: web, port: {number: 80}}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: docs
  namespace: shop
spec:
  ingressClassName: traefik
  tls:
    - {hosts: [shop.example.org], secretName: shop-tls}
  rules:
    - host: docs.example.org
      http:
        paths:
          - path: /docs
            pathType: Prefix
            backend:
              service: {name: docs, port: {number: 80}}
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let mut named: HashSet<Option<&str>> = HashSet::new();
    for (object, spec) in ingresses(cx) {
        if paths(spec).iter().any(|path| path.host.is_some()) {
            named.insert(class_of(object, spec));
        }
    }
    for (object, spec) in ingresses(cx).filter(|(object, spec)| named.contains(&class_of(object, spec))) {
        for (i, rule) in spec.rules.iter().flatten().enumerate() {
            if rule.host.as_deref().is_some_and(|host| !host.is_empty()) || rule.http.is_none() {
                continue;
            }
            out.add(
                object,
                &format!("spec.rules[{i}]"),
                format!("{}: the rule is for every host", title(object)),
            )
            .help("name the host that it is for");
        }
    }
}
