//! IN017: a path for operators that is published.
use netloom_objects::Severity;

use super::support::{ingresses, nginx, paths};
use crate::{Context, Findings, Group, Rule, words::title};

pub static RULE: Rule = Rule {
    code: "IN017",
    name: "internal-path-published",
    group: Group::Security,
    severity: Severity::Warning,
    finds: "A path such as `/metrics`, `/actuator` or `/debug/pprof` on an Ingress that asks nobody who they are.",
    why: "Metrics, heap dumps and profiles tell of users, secrets and the inside of the application; Spring's \
           actuator can even change it.",
    wrong: "\
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
          - path: /metrics
            pathType: Prefix
            backend:
              service: {name: web, port: {number: 9090}}
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
        let asks = |name: &&str| nginx(object, name).is_some();
        let is_guarded = GUARDS.iter().any(asks)
            || object.annotations().contains_key("traefik.ingress.kubernetes.io/router.middlewares");
        if is_guarded {
            continue;
        }
        for path in paths(spec) {
            let plain: String =
                path.path.chars().take_while(|c| !matches!(c, '(' | '[' | '.' | '$' | '?')).collect();
            let plain = plain.trim_end_matches('/').to_ascii_lowercase();
            let is_it = |known: &&str| {
                plain == *known || plain.strip_prefix(known).is_some_and(|r| r.starts_with('/'))
            };
            let Some(known) = INTERNAL.iter().copied().find(is_it) else { continue };
            let host = path.host.unwrap_or("every host");
            let message =
                format!("{}: {known} is published on {host}, without authentication", title(object));
            out.add(object, &format!("{}.path", path.at), message)
                .help("remove the path and reach the port from inside the cluster, or ask for a login");
        }
    }
}

/// Paths that are for operators.
const INTERNAL: [&str; 8] = [
    "/metrics",
    "/actuator",
    "/debug/pprof",
    "/debug/vars",
    "/heapdump",
    "/server-status",
    "/nginx_status",
    "/jolokia",
];

/// Annotations by which ingress-nginx lets in only some.
const GUARDS: [&str; 5] =
    ["auth-url", "auth-secret", "auth-tls-secret", "whitelist-source-range", "allowlist-source-range"];
