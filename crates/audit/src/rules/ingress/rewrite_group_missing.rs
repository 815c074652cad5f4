//! IN015: a rewrite by a group that the path does not capture.
use netloom_objects::Severity;

use super::support::{ingresses, nginx, nginx_at, paths};
use crate::{Context, Findings, Group, Rule, words::title};

pub static RULE: Rule = Rule {
    code: "IN015",
    name: "rewrite-group-missing",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "`rewrite-target` with `$2`, say, on a path that has fewer groups.",
    why: "What is not captured is empty, so that requests reach the backend with a path that was not meant.",
    wrong: "\
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
          - path: /api/(.*)
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
    nginx.ingress.kubernetes.io/rewrite-target: /$1
spec:
  ingressClassName: nginx
  tls:
    - {hosts: [shop.example.org], secretName: shop-tls}
  rules:
    - host: shop.example.org
      http:
        paths:
          - path: /api/(.*)
            pathType: ImplementationSpecific
            backend:
              service: {name: api, port: {number: 8080}}
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for (object, spec) in ingresses(cx) {
        let Some(target) = nginx(object, "rewrite-target") else { continue };
        let digits = target.split('$').skip(1).filter_map(|rest| rest.chars().next()?.to_digit(10));
        let Some(wanted) = digits.max().filter(|wanted| *wanted > 0) else { continue };
        // What leads to a resource is not rewritten.
        for path in paths(spec).into_iter().filter(|path| path.backend.resource.is_none()) {
            let groups = groups(path.path);
            if groups >= wanted {
                continue;
            }
            let has = match groups {
                0 => "captures nothing".to_owned(),
                1 => "has one group".to_owned(),
                n => format!("has {n} groups"),
            };
            let message = format!(
                "{}: the rewrite to {target} needs group {wanted}, and path `{}` {has}",
                title(object),
                path.path
            );
            out.add(object, &format!("{}.path", path.at), message)
                .help("add the group to the path, or put paths without it into an Ingress of their own")
                .related(object, &nginx_at("rewrite-target"), "the rewrite");
        }
    }
}

/// How many groups a pattern captures.
fn groups(pattern: &str) -> u32 {
    let (mut count, mut escaped, mut in_class) = (0, false, false);
    let mut rest = pattern.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '[' => in_class = true,
            ']' => in_class = false,
            '(' if !in_class && rest.peek() != Some(&'?') => count += 1,
            _ => {}
        }
    }
    count
}
