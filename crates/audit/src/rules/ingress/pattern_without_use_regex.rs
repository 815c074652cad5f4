//! IN013: a regular expression that ingress-nginx takes literally.
use netloom_objects::{Object, Severity};
use std::collections::HashSet;

use super::support::{ingresses, is_nginx, is_pattern, nginx, paths};
use crate::{Context, Findings, Group, Rule, words::title};

pub static RULE: Rule = Rule {
    code: "IN013",
    name: "pattern-without-use-regex",
    group: Group::Correctness,
    severity: Severity::Warning,
    finds: "A path of type ImplementationSpecific with the characters of a regular expression, on an Ingress of \
           ingress-nginx without `use-regex` and without `rewrite-target`.",
    why: "ImplementationSpecific is a prefix to ingress-nginx unless one of the two annotations stands on an \
           Ingress of the same host: the path matches nothing.",
    wrong: "\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: web
  namespace: shop
spec:
  ingressClassName: nginx
  tls:
    - {hosts: [shop.example.org], secretName: shop-tls}
  rules:
    - host: shop.example.org
      http:
        paths:
          - path: /api/v[0-9]+
            pathType: ImplementationSpecific
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
spec:
  ingressClassName: nginx
  tls:
    - {hosts: [shop.example.org], secretName: shop-tls}
  rules:
    - host: shop.example.org
      http:
        paths:
          - path: /api/v[0-9]+
            pathType: ImplementationSpecific
            backend:
              service: {name: api, port: {number: 8080}}
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let uses = |object: &Object| {
        nginx(object, "use-regex") == Some("true") || nginx(object, "rewrite-target").is_some()
    };
    let mut hosts: HashSet<Option<&str>> = HashSet::new();
    for (_, spec) in ingresses(cx).filter(|(object, _)| uses(object)) {
        hosts.extend(paths(spec).iter().map(|path| path.host));
    }
    for (object, spec) in ingresses(cx) {
        if !is_nginx(cx, object, spec) {
            continue;
        }
        for path in paths(spec) {
            if path.type_ != "ImplementationSpecific" || !is_pattern(path.path) || hosts.contains(&path.host)
            {
                continue;
            }
            let message = format!("{}: ingress-nginx takes path `{}` literally", title(object), path.path);
            out.add(object, &format!("{}.path", path.at), message)
                .help("add the annotation `nginx.ingress.kubernetes.io/use-regex: \"true\"`");
        }
    }
}
