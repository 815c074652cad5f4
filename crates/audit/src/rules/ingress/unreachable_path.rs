//! IN011: a path that an equal one of the same Ingress takes.
use netloom_objects::Severity;
use std::collections::HashMap;

use super::support::{ingresses, paths};
use crate::{Context, Findings, Group, Rule, words::title};

pub static RULE: Rule = Rule {
    code: "IN011",
    name: "unreachable-path",
    group: Group::Correctness,
    severity: Severity::Warning,
    finds: "A path that stands twice for one host in one Ingress with the same type; of Prefix paths, a `/` at the \
           end makes no difference.",
    why: "Of two equal paths the controller takes one, and the other never gets a request. Otherwise order decides \
           nothing: Exact goes before Prefix, and a longer path before a shorter one (Kubernetes docs, \"Multiple \
           matches\").",
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
          - path: /api
            pathType: Prefix
            backend:
              service: {name: api, port: {number: 8080}}
          - path: /api/
            pathType: Prefix
            backend:
              service: {name: api-v2, port: {number: 8080}}
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
          - path: /api
            pathType: Prefix
            backend:
              service: {name: api, port: {number: 8080}}
          - path: /api/v2
            pathType: Prefix
            backend:
              service: {name: api-v2, port: {number: 8080}}
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for (object, spec) in ingresses(cx) {
        let mut seen: HashMap<(Option<&str>, &str, &str), String> = HashMap::new();
        for path in paths(spec) {
            let trimmed = if path.type_ == "Prefix" { path.path.trim_end_matches('/') } else { path.path };
            let key = (path.host, trimmed, path.type_);
            let Some(first) = seen.get(&key) else {
                seen.insert(key, path.at);
                continue;
            };
            let message = format!(
                "{}: path {} gets no requests, because an equal one of the same host takes them",
                title(object),
                path.path
            );
            out.add(object, &format!("{}.path", path.at), message)
                .help("remove one of the two, or tell them apart")
                .related(object, &format!("{first}.path"), "the equal path");
        }
    }
}
