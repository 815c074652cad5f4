//! IN028: a canary that gets nothing, or stands alone.
use netloom_objects::Severity;
use std::collections::HashSet;

use super::support::{ingresses, is_canary, nginx, nginx_at, paths};
use crate::{
    Context, Findings, Group, Rule,
    words::{namespace_of, title},
};

pub static RULE: Rule = Rule {
    code: "IN028",
    name: "canary",
    group: Group::Correctness,
    severity: Severity::Warning,
    finds: "A canary of ingress-nginx without the weight, header or cookie by which it gets requests, with a weight \
           above the total, or, in a complete set, without a main Ingress for its host and path; and settings of a \
           canary without `canary: \"true\"`.",
    why: "Without a main Ingress of the same host and path, ingress-nginx passes over the canary; without `canary: \
           \"true\"` the two Ingresses claim the same path.",
    wrong: "\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: web-canary
  namespace: shop
  annotations:
    nginx.ingress.kubernetes.io/canary-weight: \"10\"
spec:
  ingressClassName: nginx
  rules:
    - host: shop.example.org
      http:
        paths:
          - path: /
            pathType: Prefix
            backend:
              service: {name: web, port: {number: 80}}
",
    right: "\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: web-canary
  namespace: shop
  annotations:
    nginx.ingress.kubernetes.io/canary: \"true\"
    nginx.ingress.kubernetes.io/canary-weight: \"10\"
spec:
  ingressClassName: nginx
  rules:
    - host: shop.example.org
      http:
        paths:
          - path: /
            pathType: Prefix
            backend:
              service: {name: web, port: {number: 80}}
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let mut mains: HashSet<(&str, Option<&str>, &str)> = HashSet::new();
    for (object, spec) in ingresses(cx).filter(|(object, _)| !is_canary(object)) {
        mains.extend(paths(spec).iter().map(|path| (namespace_of(object), path.host, path.path)));
    }
    for (object, spec) in ingresses(cx) {
        let set = WAYS.iter().copied().find(|name| nginx(object, name).is_some());
        if !is_canary(object) {
            if let Some(name) = set {
                let message = format!("{}: `{name}` does nothing without `canary: \"true\"`", title(object));
                out.add(object, &nginx_at(name), message).help("add the annotation, or remove this one");
            }
            continue;
        }
        if set.is_none() {
            let message = format!("{} is a canary, and nothing says which requests it gets", title(object));
            out.add(object, &nginx_at("canary"), message)
                .help("add `canary-weight`, `canary-by-header` or `canary-by-cookie`");
        }
        let number = |name: &str| nginx(object, name).and_then(|text| text.parse::<u64>().ok());
        let total = number("canary-weight-total").unwrap_or(100);
        if let Some(weight) = number("canary-weight").filter(|weight| *weight > total) {
            let message = format!("{}: a weight of {weight} is more than the total, {total}", title(object));
            out.add(object, &nginx_at("canary-weight"), message).help("write a weight up to the total");
        }
        for path in paths(spec) {
            let namespace = namespace_of(object);
            let has_main = mains.contains(&(namespace, path.host, path.path));
            if has_main || !cx.is_closed("Ingress", Some(namespace)) {
                continue;
            }
            let message = format!(
                "{} is a canary, and no Ingress has {}{} to begin with",
                title(object),
                path.host.unwrap_or_default(),
                path.path
            );
            out.add(object, &format!("{}.path", path.at), message)
                .help("add the main Ingress, or correct host and path so that they are the same");
        }
    }
}

/// The ways by which a canary gets requests.
const WAYS: [&str; 3] = ["canary-weight", "canary-by-header", "canary-by-cookie"];
