//! IN034: a path that the API server refuses.
use netloom_objects::Severity;

use super::support::{ingresses, paths};
use crate::{Context, Findings, Fix, Group, Rule, words::title};

pub static RULE: Rule = Rule {
    code: "IN034",
    name: "invalid-ingress-path",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "A path of type Prefix or Exact that does not begin with `/`, or that is not normalized: `//`, `/./`, \
           `/../`, `%2f`.",
    why: "The API server refuses the Ingress (its validation of `spec.rules[].http.paths[].path`).",
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
          - path: shop
            pathType: Prefix
            backend:
              service: {name: web, port: {number: 80}}
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
          - path: /shop
            pathType: Prefix
            backend:
              service: {name: web, port: {number: 80}}
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for (object, spec) in ingresses(cx) {
        for path in paths(spec) {
            let is_literal = matches!(path.type_, "Prefix" | "Exact");
            let lower = path.path.to_ascii_lowercase();
            let fault = if !path.path.starts_with('/') {
                "does not begin with `/`"
            } else if is_literal && is_relative(&lower) {
                "is not normalized"
            } else {
                continue;
            };
            let message = format!("{}: path `{}` {fault}", title(object), path.path);
            let at = format!("{}.path", path.at);
            let finding = out.add(object, &at, message);
            finding.help("write it as it stands in a normalized request: `/a/b`");
            // What begins with a sign may be a pattern.
            if path.path.starts_with(|c: char| c.is_ascii_alphanumeric()) && !is_relative(&lower) {
                let absolute = format!("/{}", path.path);
                finding.fix(Fix::safe(format!("write `{absolute}`")).set_text(object, &at, &absolute));
            }
        }
    }
}

/// Whether a path in lower case has segments that a normalized one does not.
fn is_relative(path: &str) -> bool {
    ["//", "/./", "/../", "%2f"].iter().any(|part| path.contains(part))
        || path.ends_with("/..")
        || path.ends_with("/.")
}
