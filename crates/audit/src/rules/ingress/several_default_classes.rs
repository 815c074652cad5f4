//! IN007: more than one default IngressClass.
use k8s_openapi::api::networking::v1::IngressClass;
use netloom_objects::{Object, Severity};

use super::support::annotation;
use crate::{Context, Findings, Group, Rule};

pub static RULE: Rule = Rule {
    code: "IN007",
    name: "several-default-classes",
    group: Group::Correctness,
    severity: Severity::Warning,
    finds: "Several IngressClasses that say that they are the default.",
    why: "An Ingress without a class is refused, or goes to the class that was made last (Kubernetes docs, \
           \"Default IngressClass\").",
    wrong: "\
apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata:
  name: traefik
  annotations:
    ingressclass.kubernetes.io/is-default-class: \"true\"
spec:
  controller: traefik.io/ingress-controller
---
apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata:
  name: internal
  annotations:
    ingressclass.kubernetes.io/is-default-class: \"true\"
spec:
  controller: traefik.io/ingress-controller
",
    right: "\
apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata:
  name: traefik
  annotations:
    ingressclass.kubernetes.io/is-default-class: \"true\"
spec:
  controller: traefik.io/ingress-controller
---
apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata:
  name: internal
spec:
  controller: traefik.io/ingress-controller
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    const KEY: &str = "ingressclass.kubernetes.io/is-default-class";
    let is_default = |object: &&Object| object.annotations().get(KEY).is_some_and(|value| value == "true");
    let mut defaults = cx.all::<IngressClass>().map(|(object, _)| object).filter(is_default);
    let Some(first) = defaults.next() else { return };
    for object in defaults {
        let message = format!("both {} and {} are the default class", first.name, object.name);
        out.add(object, &annotation(KEY), message).help("leave the annotation to one of them").related(
            first,
            &annotation(KEY),
            "the first of them",
        );
    }
}
