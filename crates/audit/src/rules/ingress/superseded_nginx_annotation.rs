//! IN039: an annotation of ingress-nginx that has a successor, or that no release reads any more.
use netloom_objects::Severity;

use super::support::{NGINX, annotated, annotation, is_nginx};
use crate::{Context, Findings, Fix, Group, Rule, words::title};

pub static RULE: Rule = Rule {
    code: "IN039",
    name: "superseded-nginx-annotation",
    group: Group::Style,
    severity: Severity::Warning,
    finds: "An annotation of ingress-nginx that was renamed (`whitelist-source-range`), went (`secure-backends`, \
            `add-base-url`), or has the prefix of the first releases (`ingress.kubernetes.io/`).",
    why: "What was renamed is read for now; what went is silently not done: a backend that was to be asked over \
            TLS is asked in the clear, a limit that was to hold does not (ingress-nginx: Annotations, Changelog).",
    wrong: "\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: web
  namespace: shop
  annotations:
    nginx.ingress.kubernetes.io/whitelist-source-range: 203.0.113.0/24
spec:
  ingressClassName: nginx
  tls: [{hosts: [shop.acme.example], secretName: shop-tls}]
  rules:
    - host: shop.acme.example
      http:
        paths:
          - {path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}
",
    right: "\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: web
  namespace: shop
  annotations:
    nginx.ingress.kubernetes.io/allowlist-source-range: 203.0.113.0/24
spec:
  ingressClassName: nginx
  tls: [{hosts: [shop.acme.example], secretName: shop-tls}]
  rules:
    - host: shop.acme.example
      http:
        paths:
          - {path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}
",
    closed: false,
    check,
};

/// What was renamed, with the same values.
const RENAMED: [(&str, &str); 2] =
    [("whitelist-source-range", "allowlist-source-range"), ("limit-whitelist", "limit-allowlist")];

/// What no release reads any more, and what to do instead.
const GONE: [(&str, &str); 17] = [
    ("add-base-url", "let the program write its own links, or rewrite them by a snippet"),
    ("base-url-scheme", "let the program write its own links, or rewrite them by a snippet"),
    ("secure-backends", "write `backend-protocol: HTTPS`"),
    ("grpc-backend", "write `backend-protocol: GRPC`"),
    ("secure-verify-ca-secret", "write `proxy-ssl-secret` and `proxy-ssl-verify: \"on\"`"),
    ("session-cookie-hash", "leave it out: the cookie has its own form"),
    ("upstream-fail-timeout", "leave it out: endpoints that fail leave by their readiness probe"),
    ("upstream-max-fails", "leave it out: endpoints that fail leave by their readiness probe"),
    ("enable-influxdb", "scrape the controller's metrics with Prometheus"),
    ("enable-opentracing", "write `enable-opentelemetry`"),
    ("opentracing-trust-incoming-span", "write `opentelemetry-trust-incoming-span`"),
    ("global-rate-limit", "write `limit-rps`, which each pod of the controller counts by itself"),
    ("global-rate-limit-window", "write `limit-rps`, which each pod of the controller counts by itself"),
    ("global-rate-limit-key", "write `limit-rps`, which each pod of the controller counts by itself"),
    ("global-rate-limit-ignored-cidrs", "write `limit-allowlist`"),
    ("enable-lua-resty-waf", "write `enable-modsecurity`"),
    ("lua-resty-waf", "write `enable-modsecurity`"),
];

/// The prefix of the first releases.
const FIRST: &str = "ingress.kubernetes.io/";

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for object in annotated(cx) {
        for key in object.annotations().keys() {
            let place = annotation(key);
            if let Some(name) = key.strip_prefix(NGINX) {
                if let Some((_, new)) = RENAMED.iter().find(|(old, _)| *old == name) {
                    let message = format!("{}: `{name}` is called `{new}` now", title(object));
                    let finding = out.add(object, &place, message);
                    let new = format!("{NGINX}{new}");
                    if !object.annotations().contains_key(&new) {
                        finding.fix(Fix::proposed(format!("write `{new}`")).rename(object, &place, &new));
                    }
                } else if let Some((_, help)) = GONE.iter().find(|(old, _)| *old == name) {
                    let message =
                        format!("{}: no release of ingress-nginx reads `{name}` any more", title(object));
                    out.add(object, &place, message).help(*help);
                }
            } else if let Some(name) = key.strip_prefix(FIRST)
                && (super::annotations::known(name) || GONE.iter().any(|(old, _)| *old == name))
                && cx.all::<k8s_openapi::api::networking::v1::Ingress>().any(|(other, ingress)| {
                    std::ptr::eq(other, object)
                        && ingress.spec.as_ref().is_some_and(|spec| is_nginx(cx, object, spec))
                })
            {
                let message =
                    format!("{}: ingress-nginx reads `{NGINX}{name}`, and not `{key}`", title(object));
                let new = format!("{NGINX}{name}");
                out.add(object, &place, message)
                    .fix(Fix::proposed(format!("write `{new}`")).rename(object, &place, &new));
            }
        }
    }
}
