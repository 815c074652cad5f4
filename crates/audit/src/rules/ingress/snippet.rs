//! IN021: a piece of nginx configuration in an annotation.
use netloom_objects::Severity;

use super::support::{annotated, nginx, nginx_at};
use crate::{Context, Findings, Group, Rule, words::title};

pub static RULE: Rule = Rule {
    code: "IN021",
    name: "snippet",
    group: Group::Security,
    severity: Severity::Warning,
    finds: "Annotations `configuration-snippet`, `server-snippet`, `auth-snippet`, `stream-snippet` and \
           `modsecurity-snippet`.",
    why: "Whoever may write an Ingress can make the controller send out its token and with it every Secret \
           (CVE-2021-25742). Since 1.9 the controller refuses such an Ingress unless `allow-snippet-annotations` is \
           set.",
    wrong: "\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: web
  namespace: shop
  annotations:
    nginx.ingress.kubernetes.io/configuration-snippet: \"more_set_headers 'X-Frame-Options: DENY';\"
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
    nginx.ingress.kubernetes.io/custom-headers: shop/headers
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
        for name in SNIPPETS {
            if nginx(object, name).is_none() {
                continue;
            }
            let message = format!("{}: `{name}` puts text into nginx's configuration, unread", title(object));
            out.add(object, &nginx_at(name), message).help(
                "use an annotation made for the purpose, as `custom-headers`, and leave snippets turned off",
            );
        }
    }
}

const SNIPPETS: [&str; 5] =
    ["configuration-snippet", "server-snippet", "auth-snippet", "stream-snippet", "modsecurity-snippet"];
