//! IN016: a redirect to HTTPS that is the default.
use k8s_openapi::api::core::v1::ConfigMap;
use netloom_objects::{Object, Severity};

use super::support::{ingresses, nginx, nginx_at};
use crate::{Context, Findings, Fix, Group, Rule, words::title};

pub static RULE: Rule = Rule {
    code: "IN016",
    name: "redundant-ssl-redirect",
    group: Group::Style,
    severity: Severity::Info,
    finds: "`ssl-redirect: \"true\"` on an Ingress with `tls`.",
    why: "ingress-nginx redirects every host with TLS by itself (its ConfigMap's `ssl-redirect` is true where \
           unset).",
    wrong: "\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: web
  namespace: shop
  annotations:
    nginx.ingress.kubernetes.io/ssl-redirect: \"true\"
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
    let off = |(_, map): (&Object, &ConfigMap)| {
        let data = map.data.as_ref();
        data.and_then(|data| data.get("ssl-redirect")).is_some_and(|value| value == "false")
    };
    if cx.all::<ConfigMap>().any(off) {
        return;
    }
    for (object, spec) in ingresses(cx) {
        let has_tls = spec.tls.as_ref().is_some_and(|tls| !tls.is_empty());
        if has_tls && nginx(object, "ssl-redirect") == Some("true") {
            let message = format!("{}: with `tls`, the redirect to HTTPS is the default", title(object));
            let path = nginx_at("ssl-redirect");
            out.add(object, &path, message)
                .fix(Fix::safe("leave the annotation out").remove_all(object, &path));
        }
    }
}
