//! TL009: a wildcard is asked of an issuer that can prove single hosts only.
use netloom_objects::{
    Severity,
    cert_manager::{AcmeSolver, Certificate},
};

use super::support::issuer_names;
use crate::{Context, Findings, Group, Rule, words::title};

pub static RULE: Rule = Rule {
    code: "TL009",
    name: "wildcard-without-dns",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "A Certificate with a wildcard in `dnsNames` whose ACME issuer is in the set and has no `dns01` \
            solver that may serve the name.",
    why: "ACME servers such as Let's Encrypt offer no HTTP challenge for a wildcard (RFC 8555, section 8.3, \
            and Let's Encrypt, \"Challenge types\"), so the order fails with \"no configured challenge solvers can \
            be used for this challenge\".",
    wrong: "\
apiVersion: cert-manager.io/v1
kind: Certificate
metadata: {name: shop, namespace: shop}
spec:
  secretName: shop-tls
  dnsNames: [shop.acme.example, '*.shop.acme.example']
  issuerRef: {name: public, kind: ClusterIssuer}
---
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
    right: "\
apiVersion: cert-manager.io/v1
kind: Certificate
metadata: {name: shop, namespace: shop}
spec:
  secretName: shop-tls
  dnsNames: [shop.acme.example, '*.shop.acme.example']
  issuerRef: {name: public, kind: ClusterIssuer}
---
apiVersion: cert-manager.io/v1
kind: ClusterIssuer
metadata: {name: public}
spec:
  acme:
    server: https://acme-v02.api.letsencrypt.org/directory
    email: network@acme-operations.net
    privateKeySecretRef: {name: account}
    solvers:
      - dns01:
          cloudflare:
            apiTokenSecretRef: {name: cloudflare, key: token}
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for used in issuer_names(cx) {
        let found = cx.find::<Certificate>(used.object.reference.namespace.as_deref(), &used.object.name);
        let Some((_, certificate)) = found.filter(|(object, _)| std::ptr::eq(*object, used.object)) else {
            continue;
        };
        let Some((object, issuer)) = used.find(cx) else { continue };
        let Some(acme) = &issuer.acme else { continue };
        for (index, name) in certificate.spec.dns_names.iter().enumerate() {
            if !name.starts_with("*.") || acme.solvers.iter().any(|solver| may_serve(solver, name)) {
                continue;
            }
            let message = format!(
                "{}: {} has no `dns01` solver for {name}, and a wildcard cannot be proved over HTTP",
                title(used.object),
                title(object)
            );
            out.add(used.object, &format!("spec.dnsNames[{index}]"), message)
                .help("add a `dns01` solver to the issuer, or list the hosts one by one")
                .related(object, "spec.acme.solvers", "the issuer's solvers");
        }
    }
}

fn may_serve(solver: &AcmeSolver, name: &str) -> bool {
    if solver.dns01.is_none() {
        return false;
    }
    let Some(selector) = &solver.selector else { return true };
    let bare = name.trim_start_matches("*.");
    let named = selector.dns_names.is_empty() || selector.dns_names.iter().any(|known| known == name);
    let zone = |zone: &String| bare.strip_suffix(&**zone).is_some_and(|r| r.is_empty() || r.ends_with('.'));
    named && (selector.dns_zones.is_empty() || selector.dns_zones.iter().any(zone))
}
