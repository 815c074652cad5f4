//! TL005: an ACME account whose contact Let's Encrypt refuses.
use netloom_objects::Severity;

use super::support::issuers;
use crate::{Context, Findings, Group, Rule, words::title};

pub static RULE: Rule = Rule {
    code: "TL005",
    name: "acme-contact-refused",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "An `email` of an ACME issuer of Let's Encrypt that is in a domain for examples or tests (RFC 2606), \
            or is no address.",
    why: "Let's Encrypt answers the registration with `invalidContact` (\"contact email has forbidden domain\"), \
            the issuer never becomes ready and no certificate is issued.",
    wrong: "\
apiVersion: cert-manager.io/v1
kind: ClusterIssuer
metadata: {name: public}
spec:
  acme:
    server: https://acme-v02.api.letsencrypt.org/directory
    email: admin@example.com
    privateKeySecretRef: {name: account}
    solvers:
      - http01:
          ingress: {ingressClassName: traefik}
",
    right: "\
apiVersion: cert-manager.io/v1
kind: ClusterIssuer
metadata: {name: public}
spec:
  acme:
    server: https://acme-v02.api.letsencrypt.org/directory
    email: network@acme-operations.net
    privateKeySecretRef: {name: account}
    solvers:
      - http01:
          ingress: {ingressClassName: traefik}
",
    closed: false,
    check,
};

/// Domains that nobody owns (RFC 2606, RFC 6761).
const RESERVED: [&str; 7] =
    ["example.com", "example.net", "example.org", "example", "test", "invalid", "localhost"];

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for (object, issuer) in issuers(cx) {
        let Some(acme) = issuer.acme.as_ref().filter(|acme| acme.server.contains("letsencrypt.org")) else {
            continue;
        };
        let Some(email) = acme.email.as_deref().map(str::trim).filter(|email| !email.is_empty()) else {
            continue;
        };
        let domain = email.rsplit_once('@').map(|(_, domain)| domain.to_ascii_lowercase());
        let why = match &domain {
            None => "is no address",
            Some(domain) if !domain.contains('.') || is_reserved(domain) => "is in a domain that nobody owns",
            Some(_) => continue,
        };
        let message =
            format!("{}: Let's Encrypt refuses the account, because `{email}` {why}", title(object));
        out.add(object, "spec.acme.email", message)
            .help("give an address that is read, or leave `email` out: it is optional");
    }
}

fn is_reserved(domain: &str) -> bool {
    RESERVED.iter().any(|reserved| {
        domain.strip_suffix(reserved).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    })
}
