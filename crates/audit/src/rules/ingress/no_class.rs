//! IN004: an Ingress without a class.
use k8s_openapi::api::networking::v1::IngressClass;
use netloom_objects::{Object, Severity};

use super::support::{class_of, ingresses};
use crate::{
    Context, Findings, Group, Rule,
    words::{list_of, title},
};

pub static RULE: Rule = Rule {
    code: "IN004",
    name: "no-class",
    group: Group::Correctness,
    severity: Severity::Warning,
    finds: "An Ingress without `ingressClassName`, where the set has no default IngressClass.",
    why: "It is up to the cluster's default class, if there is one, which controller carries it out: none, or \
           another than was meant (Kubernetes docs, \"Default IngressClass\").",
    wrong: "\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: web
  namespace: shop
spec:
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
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let classes: Vec<&Object> = cx.all::<IngressClass>().map(|(object, _)| object).collect();
    let is_default = |object: &&Object| {
        object.annotations().get("ingressclass.kubernetes.io/is-default-class").is_some_and(|v| v == "true")
    };
    if classes.iter().any(is_default) {
        return;
    }
    for (object, spec) in ingresses(cx) {
        // cert-manager and others make Ingresses by templates; an empty spec is a finding of its own.
        if class_of(object, spec).is_some() || (spec.rules.is_none() && spec.default_backend.is_none()) {
            continue;
        }
        let finding =
            out.add(object, "spec", format!("{} does not say which controller it is for", title(object)));
        let names: Vec<&str> = classes.iter().map(|class| &*class.name).collect();
        finding.help(match names.is_empty() {
            true => "add `ingressClassName` with the name of the controller's IngressClass".to_owned(),
            false => format!("add `ingressClassName`; the classes are {}", list_of(&names)),
        });
    }
}
