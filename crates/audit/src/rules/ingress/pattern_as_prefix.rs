//! IN012: a regular expression with pathType Prefix or Exact.
use netloom_objects::Severity;

use super::support::{ingresses, is_nginx, is_pattern, paths};
use crate::{Context, Findings, Group, Rule, words::title};

pub static RULE: Rule = Rule {
    code: "IN012",
    name: "pattern-as-prefix",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "A path of type Prefix or Exact with the characters of a regular expression.",
    why: "Prefix and Exact compare literally. ingress-nginx refuses such paths since 1.12 \
           (`strict-validate-path-type`, CVE-2025-1974 fixes); other controllers match a URL that has the brackets \
           in it, so nothing.",
    wrong: "\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: web
  namespace: shop
  annotations:
    nginx.ingress.kubernetes.io/use-regex: \"true\"
    nginx.ingress.kubernetes.io/rewrite-target: /$2
spec:
  ingressClassName: nginx
  tls:
    - {hosts: [shop.example.org], secretName: shop-tls}
  rules:
    - host: shop.example.org
      http:
        paths:
          - path: /api(/|$)(.*)
            pathType: Prefix
            backend:
              service: {name: api, port: {number: 8080}}
",
    right: "\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: web
  namespace: shop
  annotations:
    nginx.ingress.kubernetes.io/use-regex: \"true\"
    nginx.ingress.kubernetes.io/rewrite-target: /$2
spec:
  ingressClassName: nginx
  tls:
    - {hosts: [shop.example.org], secretName: shop-tls}
  rules:
    - host: shop.example.org
      http:
        paths:
          - path: /api(/|$)(.*)
            pathType: ImplementationSpecific
            backend:
              service: {name: api, port: {number: 8080}}
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for (object, spec) in ingresses(cx) {
        for path in paths(spec) {
            let is_literal = matches!(path.type_, "Prefix" | "Exact");
            // `$` and `+` alone are legal in a path and stand in some.
            let literal = path.path.replace(['$', '+'], "");
            if !is_literal || !is_pattern(&literal) {
                continue;
            }
            let message = format!(
                "{}: path `{}` is a regular expression, and pathType {} compares it literally",
                title(object),
                path.path,
                path.type_
            );
            let finding = out.add(object, &format!("{}.path", path.at), message);
            match is_nginx(cx, object, spec) {
                true => finding.help("write `pathType: ImplementationSpecific`; ingress-nginx 1.12 and later refuses it otherwise"),
                false => finding.help("write a plain path, or `pathType: ImplementationSpecific` if the controller has patterns"),
            };
        }
    }
}
