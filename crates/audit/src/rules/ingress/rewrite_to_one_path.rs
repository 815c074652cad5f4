//! IN014: a rewrite that turns every request into one for the same page.
use netloom_objects::Severity;

use super::support::{ingresses, nginx, nginx_at, paths};
use crate::{
    Context, Findings, Group, Rule,
    words::{list_of, title},
};

pub static RULE: Rule = Rule {
    code: "IN014",
    name: "rewrite-to-one-path",
    group: Group::Correctness,
    severity: Severity::Warning,
    finds: "`rewrite-target` without a capture group, on paths that match more than one URL.",
    why: "ingress-nginx replaces the whole path, not the part that matched: with `rewrite-target: /`, a request \
           for `/app/style.css` asks the backend for `/`.",
    wrong: "\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: web
  namespace: shop
  annotations:
    nginx.ingress.kubernetes.io/rewrite-target: /
spec:
  ingressClassName: nginx
  tls:
    - {hosts: [shop.example.org], secretName: shop-tls}
  rules:
    - host: shop.example.org
      http:
        paths:
          - path: /app
            pathType: Prefix
            backend:
              service: {name: app, port: {number: 80}}
",
    right: "\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: web
  namespace: shop
  annotations:
    nginx.ingress.kubernetes.io/rewrite-target: /$2
spec:
  ingressClassName: nginx
  tls:
    - {hosts: [shop.example.org], secretName: shop-tls}
  rules:
    - host: shop.example.org
      http:
        paths:
          - path: /app(/|$)(.*)
            pathType: ImplementationSpecific
            backend:
              service: {name: app, port: {number: 80}}
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for (object, spec) in ingresses(cx) {
        let Some(target) = nginx(object, "rewrite-target").filter(|target| !target.is_empty()) else {
            continue;
        };
        if target.contains('$') {
            continue;
        }
        let wide: Vec<_> = paths(spec).into_iter().filter(|path| path.type_ != "Exact").collect();
        let Some(first) = wide.first() else { continue };
        let mut under: Vec<&str> = wide.iter().map(|path| path.path).collect();
        under.dedup();
        let message =
            format!("{}: every request under {} becomes one for {target}", title(object), list_of(&under));
        let stem = first.path.trim_end_matches('/');
        out.add(object, &nginx_at("rewrite-target"), message)
            .help(format!(
                "capture the rest: `path: {stem}(/|$)(.*)` with `pathType: ImplementationSpecific`, and `rewrite-target: /$2`; or remove the annotation"
            ))
            .related(object, &format!("{}.path", first.at), "what it matches");
    }
}
