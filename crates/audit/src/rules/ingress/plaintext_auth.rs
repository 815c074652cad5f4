//! IN022: logins that are checked over plain HTTP.
use netloom_objects::Severity;
use std::net::IpAddr;

use super::support::{annotated, nginx, nginx_at};
use crate::{Context, Findings, Group, Rule, words::title};

pub static RULE: Rule = Rule {
    code: "IN022",
    name: "plaintext-auth",
    group: Group::Security,
    severity: Severity::Warning,
    finds: "An `auth-url` of ingress-nginx with `http://` whose host is outside of the cluster.",
    why: "With every request the controller sends its headers there, cookies and tokens included, unencrypted.",
    wrong: "\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: web
  namespace: shop
  annotations:
    nginx.ingress.kubernetes.io/auth-url: http://login.example.org/check
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
    nginx.ingress.kubernetes.io/auth-url: https://login.example.org/check
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
        let Some(rest) = nginx(object, "auth-url").and_then(|url| url.strip_prefix("http://")) else {
            continue;
        };
        let host = rest.split(['/', ':', '?']).next().unwrap_or_default();
        let is_inside = !host.contains('.')
            || host.contains('$')
            || host.ends_with(".svc")
            || host.contains(".svc.")
            || host.ends_with(".local")
            || host.ends_with(".internal")
            || host.split('.').count() == 2
                && host.parse::<IpAddr>().is_err()
                && cx.namespace_labels(last(host)).is_some()
            || host.parse::<IpAddr>().is_ok();
        if !is_inside {
            let message = format!("{}: logins are checked at {host} over plain HTTP", title(object));
            out.add(object, &nginx_at("auth-url"), message).help("write `https://`");
        }
    }
}

/// The last label of a host: the namespace, where it is a Service's short name.
fn last(host: &str) -> &str {
    host.rsplit('.').next().unwrap_or_default()
}
