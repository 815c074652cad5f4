//! IN010: two Ingresses that claim one host and path.
use netloom_objects::{Object, Severity};
use std::{
    collections::{HashMap, hash_map::Entry},
    ptr,
};

use super::support::{class_of, ingresses, is_canary, is_nginx, paths};
use crate::{Context, Findings, Group, Rule, words::title};

pub static RULE: Rule = Rule {
    code: "IN010",
    name: "host-path-conflict",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "Two Ingresses of one class with the same host, path and path type, neither of them a canary of the \
           other. An error where ingress-nginx carries them out, else a warning.",
    why: "Only one of them gets the requests, by most controllers the older one; ingress-nginx's admission webhook \
           refuses the second. Recreating the first one hands the path over.",
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
  name: web-new
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
              service: {name: web-new, port: {number: 80}}
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
  name: web-new
  namespace: shop
spec:
  ingressClassName: traefik
  tls:
    - {hosts: [shop.example.org], secretName: shop-tls}
  rules:
    - host: shop.example.org
      http:
        paths:
          - path: /new
            pathType: Prefix
            backend:
              service: {name: web-new, port: {number: 80}}
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    type Claim<'a> = (Option<&'a str>, Option<String>, String, &'a str);
    let mut claims: HashMap<Claim<'_>, (&Object, String)> = HashMap::new();
    for (object, spec) in ingresses(cx) {
        if is_canary(object) {
            continue;
        }
        let mut told: Vec<&Object> = Vec::new();
        for path in paths(spec) {
            let trimmed = if path.type_ == "Prefix" { path.path.trim_end_matches('/') } else { path.path };
            let host = path.host.map(str::to_ascii_lowercase);
            let claim = (class_of(object, spec), host, trimmed.to_owned(), path.type_);
            let (other, place) = match claims.entry(claim) {
                Entry::Vacant(free) => {
                    free.insert((object, path.at));
                    continue;
                }
                Entry::Occupied(taken) => taken.get().clone(),
            };
            if ptr::eq(other, object) || told.iter().any(|seen| ptr::eq(*seen, other)) {
                continue;
            }
            told.push(other);
            let message = format!(
                "{} and {} both claim {}{} ({})",
                title(object),
                title(other),
                path.host.unwrap_or("every host, "),
                path.path,
                path.type_
            );
            // The webhook of ingress-nginx refuses the second; other controllers take one of the two.
            let severity = if is_nginx(cx, object, spec) { Severity::Error } else { Severity::Warning };
            out.add(object, &format!("{}.path", path.at), message)
                .severity(severity)
                .help("make them one Ingress, or give them different hosts or paths")
                .related(other, &format!("{place}.path"), "the other claim");
        }
    }
}
