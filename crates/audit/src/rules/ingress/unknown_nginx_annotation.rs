//! IN025: a misspelt annotation of ingress-nginx.
use netloom_objects::{Severity, edit_distance};

use super::{
    annotations::{ANNOTATIONS, known},
    support::{NGINX, annotated, annotation},
};
use crate::{Context, Findings, Group, Rule, words::title};

pub static RULE: Rule = Rule {
    code: "IN025",
    name: "unknown-nginx-annotation",
    group: Group::Correctness,
    severity: Severity::Warning,
    finds: "An annotation `nginx.ingress.kubernetes.io/…` that ingress-nginx does not have, and whose name is close \
           to one that it has.",
    why: "Controllers pass over annotations that they do not know, without a word.",
    wrong: "\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: web
  namespace: shop
  annotations:
    nginx.ingress.kubernetes.io/proxy-body-sise: 8m
spec:
  ingressClassName: nginx
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
",
    right: "\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: web
  namespace: shop
  annotations:
    nginx.ingress.kubernetes.io/proxy-body-size: 8m
spec:
  ingressClassName: nginx
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
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for object in annotated(cx) {
        for key in object.annotations().keys() {
            let Some(name) = key.strip_prefix(NGINX).filter(|name| !known(name)) else { continue };
            let near = ANNOTATIONS.iter().map(|known| (edit_distance(name, known), *known)).min();
            let Some((_, near)) = near.filter(|(distance, _)| *distance <= 2 && name.len() > 4) else {
                continue;
            };
            let message = format!("{}: ingress-nginx has no annotation `{name}`", title(object));
            out.add(object, &annotation(key), message).help(format!("did you mean `{near}`?"));
        }
    }
}
