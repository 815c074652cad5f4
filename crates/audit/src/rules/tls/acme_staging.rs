//! TL006: an issuer that does not say so issues for tests only.
use std::collections::HashSet;

use netloom_objects::Severity;

use super::support::issuer_names;
use crate::{Context, Findings, Group, Rule, words::title};

pub static RULE: Rule = Rule {
    code: "TL006",
    name: "acme-staging",
    group: Group::Correctness,
    severity: Severity::Warning,
    finds: "An issuer of Let's Encrypt's staging server that a Certificate, Ingress or Gateway of the set uses, \
            and whose name does not tell.",
    why: "Certificates of the staging server are signed by a root that no browser knows (Let's Encrypt: \
            \"Staging Environment\").",
    wrong: "\
apiVersion: cert-manager.io/v1
kind: ClusterIssuer
metadata: {name: public}
spec:
  acme:
    server: https://acme-staging-v02.api.letsencrypt.org/directory
    email: network@acme-operations.net
    privateKeySecretRef: {name: account}
    solvers:
      - http01:
          ingress: {ingressClassName: traefik}
---
apiVersion: cert-manager.io/v1
kind: Certificate
metadata: {name: shop, namespace: shop}
spec:
  secretName: shop-tls
  dnsNames: [shop.acme.example]
  issuerRef: {name: public, kind: ClusterIssuer}
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
---
apiVersion: cert-manager.io/v1
kind: Certificate
metadata: {name: shop, namespace: shop}
spec:
  secretName: shop-tls
  dnsNames: [shop.acme.example]
  issuerRef: {name: public, kind: ClusterIssuer}
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let mut seen = HashSet::new();
    for used in issuer_names(cx) {
        let Some((object, issuer)) = used.find(cx) else { continue };
        let Some(acme) = &issuer.acme else { continue };
        let says_so = ["stag", "stg", "test", "dev", "fake", "sandbox", "preview"]
            .iter()
            .any(|word| object.name.to_ascii_lowercase().contains(word));
        if says_so || !acme.server.contains("acme-staging") || !seen.insert(&object.reference) {
            continue;
        }
        let message = format!(
            "{} issues from the staging server, whose certificates no client trusts; {} uses it",
            title(object),
            title(used.object)
        );
        out.add(object, "spec.acme.server", message)
            .help("the server for real certificates is https://acme-v02.api.letsencrypt.org/directory")
            .related(used.object, &used.path, "used here");
    }
}
