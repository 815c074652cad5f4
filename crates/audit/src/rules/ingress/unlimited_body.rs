//! IN024: no limit to the size of requests.
use netloom_objects::Severity;

use super::support::{annotated, nginx, nginx_at};
use crate::{Context, Findings, Group, Rule, words::title};

pub static RULE: Rule = Rule {
    code: "IN024",
    name: "unlimited-body",
    group: Group::Reliability,
    severity: Severity::Info,
    finds: "`proxy-body-size: \"0\"`, which takes the limit away.",
    why: "A single client can fill the disk or memory of the controller, through which every other site goes too.",
    wrong: "\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: web
  namespace: shop
  annotations:
    nginx.ingress.kubernetes.io/proxy-body-size: \"0\"
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
    nginx.ingress.kubernetes.io/proxy-body-size: 512m
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
        let size = nginx(object, "proxy-body-size")
            .map(|size| size.trim_end_matches(|c: char| c.is_ascii_alphabetic()));
        if size == Some("0") && nginx(object, "proxy-request-buffering") != Some("off") {
            let message =
                format!("{}: the size of requests has no limit, and they are buffered", title(object));
            out.add(object, &nginx_at("proxy-body-size"), message)
                .help("write the largest size that you expect, or add `proxy-request-buffering: \"off\"`");
        }
    }
}
