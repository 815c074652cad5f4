//! IN033: plain HTTP that stays although there is TLS.
use netloom_objects::Severity;

use super::support::{ingresses, nginx, nginx_at, paths};
use crate::{Context, Findings, Group, Rule, words::title};

pub static RULE: Rule = Rule {
    code: "IN033",
    name: "ssl-redirect-off",
    group: Group::Security,
    severity: Severity::Warning,
    finds: "`ssl-redirect: \"false\"` on an Ingress with `tls`.",
    why: "Whoever types the bare name stays on plain HTTP, cookies and all.",
    wrong: "\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: web
  namespace: shop
  annotations:
    nginx.ingress.kubernetes.io/ssl-redirect: \"false\"
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
    for (object, spec) in ingresses(cx) {
        let has_tls = spec.tls.as_ref().is_some_and(|tls| !tls.is_empty());
        let is_forced = nginx(object, "force-ssl-redirect") == Some("true");
        let challenges = paths(spec).iter().all(|path| path.path.starts_with("/.well-known/"));
        if has_tls && !is_forced && !challenges && nginx(object, "ssl-redirect") == Some("false") {
            let message = format!("{} has TLS, and goes on serving plain HTTP", title(object));
            out.add(object, &nginx_at("ssl-redirect"), message)
                .help("leave the annotation out: with `tls`, ingress-nginx redirects by itself");
        }
    }
}
