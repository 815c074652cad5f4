//! IN006: an Ingress of a class that does not exist.
use k8s_openapi::api::networking::v1::IngressClass;
use netloom_objects::Severity;

use super::support::ingresses;
use crate::{
    Context, Findings, Group, Rule,
    words::{list_of, title},
};

pub static RULE: Rule = Rule {
    code: "IN006",
    name: "class-missing",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "An Ingress whose `ingressClassName` names no IngressClass of the set.",
    why: "No controller takes the Ingress: it never gets an address.",
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
          - path: /
            pathType: Prefix
            backend:
              service: {name: web, port: {number: 80}}
---
apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata:
  name: traefik
spec:
  controller: traefik.io/ingress-controller
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
kind: IngressClass
metadata:
  name: traefik
spec:
  controller: traefik.io/ingress-controller
",
    closed: true,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    if !cx.is_closed("IngressClass", None) {
        return;
    }
    let names: Vec<&str> = cx.all::<IngressClass>().map(|(object, _)| &*object.name).collect();
    for (object, spec) in ingresses(cx) {
        let Some(class) = spec.ingress_class_name.as_deref().filter(|class| !names.contains(class)) else {
            continue;
        };
        let finding = out.add(
            object,
            "spec.ingressClassName",
            format!("{}: there is no IngressClass {class}", title(object)),
        );
        if !names.is_empty() {
            finding.help(format!("the classes are {}", list_of(&names)));
        }
    }
}
