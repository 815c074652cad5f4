//! IN037: CORS for every origin, with credentials.
use netloom_objects::Severity;

use super::support::{annotated, nginx, nginx_at};
use crate::{Context, Findings, Group, Rule, words::title};

pub static RULE: Rule = Rule {
    code: "IN037",
    name: "cors-for-everyone",
    group: Group::Security,
    severity: Severity::Warning,
    finds: "`enable-cors: \"true\"` of ingress-nginx without `cors-allow-origin`, or with `*`, while \
            `cors-allow-credentials` is not \"false\".",
    why: "The defaults are every origin and credentials. Pages of any site may then read what the host answers to \
            a browser inside your network; and requests with cookies, for which this was most likely meant, browsers \
            refuse where the origin is `*` (ingress-nginx: Annotations, Enable CORS; Fetch standard, CORS protocol \
            and credentials).",
    wrong: "\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: web
  namespace: shop
  annotations:
    nginx.ingress.kubernetes.io/enable-cors: \"true\"
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
    nginx.ingress.kubernetes.io/enable-cors: \"true\"
    nginx.ingress.kubernetes.io/cors-allow-origin: https://www.acme.example
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

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for object in annotated(cx).filter(|object| nginx(object, "enable-cors") == Some("true")) {
        let origins = nginx(object, "cors-allow-origin");
        let everyone = origins.is_none_or(|origins| origins.split(',').any(|origin| origin.trim() == "*"));
        if !everyone || nginx(object, "cors-allow-credentials") == Some("false") {
            continue;
        }
        let (place, which) = match origins {
            Some(_) => ("cors-allow-origin", "allows every origin"),
            None => ("enable-cors", "allows every origin, which is the default"),
        };
        let message = format!("{}: CORS {which}, with credentials", title(object));
        out.add(object, &nginx_at(place), message).help(
            "name the origins in `cors-allow-origin`, or write `cors-allow-credentials: \"false\"` for what is public",
        );
    }
}
