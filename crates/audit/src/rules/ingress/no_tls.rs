//! IN001: an Ingress without TLS.
use netloom_objects::Severity;

use super::support::{ingresses, is_canary, is_minion, paths};
use crate::{
    Context, Findings, Group, Rule,
    words::{list_of, title},
};

pub static RULE: Rule = Rule {
    code: "IN001",
    name: "no-tls",
    group: Group::Security,
    severity: Severity::Warning,
    finds: "An Ingress with rules and without `tls`.",
    why: "Everything, passwords and cookies included, goes unencrypted to whoever listens on the way. Where a load \
           balancer in front ends TLS, ignore this rule for the Ingress.",
    wrong: "\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: web
  namespace: shop
spec:
  ingressClassName: traefik
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
    for (object, spec) in ingresses(cx) {
        let has_tls = spec.tls.as_ref().is_some_and(|tls| !tls.is_empty()) || object.holds_fault("spec.tls");
        let rules = spec.rules.as_ref().is_some_and(|rules| !rules.is_empty());
        // A canary has the TLS of the Ingress that it adds to, and a minion of NGINX's controller that of its master.
        // What a cloud's annotations say is their own matter.
        let adds = is_canary(object) || is_minion(object);
        if has_tls || !rules || adds || object.annotations().keys().any(|key| ends_tls(key)) {
            continue;
        }
        let mut hosts: Vec<&str> = paths(spec).iter().filter_map(|path| path.host).collect();
        hosts.dedup();
        let what = if hosts.is_empty() { "every host".to_owned() } else { list_of(&hosts) };
        out.add(object, "spec", format!("{} serves {what} over plain HTTP: it has no `tls`", title(object)))
            .help("add `tls` with the hosts and the Secret of their certificate");
    }
}

/// Annotations by which clouds and controllers are told of certificates.
fn ends_tls(key: &str) -> bool {
    matches!(
        key,
        "alb.ingress.kubernetes.io/certificate-arn"
            | "ingress.gcp.kubernetes.io/pre-shared-cert"
            | "networking.gke.io/managed-certificates"
            | "appgw.ingress.kubernetes.io/appgw-ssl-certificate"
            | "traefik.ingress.kubernetes.io/router.tls"
            | "nginx.ingress.kubernetes.io/ssl-passthrough"
    )
}
