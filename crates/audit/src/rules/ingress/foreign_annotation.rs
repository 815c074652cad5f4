//! IN027: annotations of another controller than the one of the class.
use netloom_objects::Severity;

use super::support::{annotation, controller_of, ingresses};
use crate::{Context, Findings, Group, Rule, words::title};

pub static RULE: Rule = Rule {
    code: "IN027",
    name: "foreign-annotation",
    group: Group::Correctness,
    severity: Severity::Warning,
    finds: "Annotations of one controller on an Ingress whose class, which is in the set, belongs to another.",
    why: "The controller does not know them: the redirect, the limit or the login that they ask for is not there. \
           That is what remains after a change of controllers.",
    wrong: "\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: web
  namespace: shop
  annotations:
    nginx.ingress.kubernetes.io/whitelist-source-range: 192.0.2.0/24
spec:
  ingressClassName: haproxy
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
  name: haproxy
spec:
  controller: haproxy.org/ingress-controller/haproxy
",
    right: "\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: web
  namespace: shop
  annotations:
    haproxy.org/allow-list: 192.0.2.0/24
spec:
  ingressClassName: haproxy
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
  name: haproxy
spec:
  controller: haproxy.org/ingress-controller/haproxy
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for (object, spec) in ingresses(cx) {
        let Some(controller) = controller_of(cx, object, spec) else { continue };
        let Some((_, own)) = CONTROLLERS.iter().find(|(name, _)| controller.starts_with(name)) else {
            continue;
        };
        let foreign = object.annotations().keys().find(|key| {
            let prefix = key.split('/').next().unwrap_or_default();
            CONTROLLERS.iter().any(|(_, known)| known.contains(&prefix)) && !own.contains(&prefix)
        });
        let Some(key) = foreign else { continue };
        let message =
            format!("{}: `{key}` says nothing to the controller of its class, {controller}", title(object));
        out.add(object, &annotation(key), message)
            .help(format!("write what it says with annotations of {}, or remove it", own.join(" or ")))
            .related(object, "spec.ingressClassName", "the class");
    }
}

/// Controllers by the beginning of their names, each with the prefixes of the annotations that it reads.
const CONTROLLERS: [(&str, &[&str]); 7] = [
    ("k8s.io/ingress-nginx", &["nginx.ingress.kubernetes.io"]),
    ("nginx.org/ingress-controller", &["nginx.org", "nginx.com"]),
    // Traefik reads those of ingress-nginx too, by a provider of its own.
    ("traefik.io/ingress-controller", &["traefik.ingress.kubernetes.io", "nginx.ingress.kubernetes.io"]),
    ("haproxy.org/ingress-controller", &["haproxy.org"]),
    ("ingress.k8s.aws/alb", &["alb.ingress.kubernetes.io"]),
    ("ingress-controllers.konghq.com/kong", &["konghq.com"]),
    ("azure/application-gateway", &["appgw.ingress.kubernetes.io"]),
];
