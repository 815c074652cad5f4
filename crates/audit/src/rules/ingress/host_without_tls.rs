//! IN002: a host that no entry under `tls` covers.
use netloom_objects::Severity;

use super::support::ingresses;
use crate::{
    Context, Findings, Group, Rule,
    words::{list_of, title},
};

pub static RULE: Rule = Rule {
    code: "IN002",
    name: "host-without-tls",
    group: Group::Security,
    severity: Severity::Warning,
    finds: "A host of a rule that is in no entry of `tls`, while other hosts of the same Ingress are.",
    why: "The host is served over plain HTTP, or with the controller's self-signed default certificate.",
    wrong: "\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: web
  namespace: shop
spec:
  ingressClassName: traefik
  tls:
    - {hosts: [www.example.org], secretName: shop-tls}
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
        let tls = spec.tls.as_deref().unwrap_or_default();
        let hosts: Vec<&str> =
            tls.iter().flat_map(|tls| tls.hosts.iter().flatten()).map(String::as_str).collect();
        // An entry without hosts is for all of them.
        if tls.is_empty() || tls.iter().any(|entry| entry.hosts.as_ref().is_none_or(|hosts| hosts.is_empty()))
        {
            continue;
        }
        for (i, rule) in spec.rules.iter().flatten().enumerate() {
            let Some(host) = rule.host.as_deref().filter(|host| !host.is_empty()) else { continue };
            if hosts.iter().any(|covered| covers(covered, host)) {
                continue;
            }
            out.add(
                object,
                &format!("spec.rules[{i}].host"),
                format!("{}: {host} is in no entry of `tls`", title(object)),
            )
            .help("add it to the hosts of an entry whose certificate covers it")
            .related(object, "spec.tls", format!("for {}", list_of(&hosts)));
        }
    }
}

/// Whether a host of a certificate, with at most one `*` for one label, covers a host.
pub(super) fn covers(name: &str, host: &str) -> bool {
    name.eq_ignore_ascii_case(host)
        || name.strip_prefix("*.").is_some_and(|parent| {
            host.split_once('.')
                .is_some_and(|(label, rest)| label != "*" && rest.eq_ignore_ascii_case(parent))
        })
}
