//! TL018: a name that a wildcard of the same certificate covers.
use netloom_objects::{Severity, cert_manager::Certificate};

use super::support::{covers, issuer_names};
use crate::{Context, Findings, Group, Rule, words::title};

pub static RULE: Rule = Rule {
    code: "TL018",
    name: "redundant-name",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "A Certificate of an issuer at Let's Encrypt that lists a name beside a wildcard which covers it.",
    why: "Let's Encrypt refuses the whole order: \"Domain name is redundant with a wildcard domain in the same request\". \
          Nothing is issued, and a certificate that there is already is not renewed. The bare domain is not covered by its \
          wildcard and may stand beside it.",
    wrong: "\
apiVersion: cert-manager.io/v1
kind: ClusterIssuer
metadata: {name: public}
spec:
  acme:
    server: https://acme-v02.api.letsencrypt.org/directory
    privateKeySecretRef: {name: account}
    solvers:
      - dns01: {cloudflare: {apiTokenSecretRef: {name: token, key: token}}}
---
apiVersion: cert-manager.io/v1
kind: Certificate
metadata: {name: shop, namespace: shop}
spec:
  secretName: shop-tls
  issuerRef: {name: public, kind: ClusterIssuer}
  dnsNames: [acme.example, \"*.acme.example\", api.acme.example]
",
    right: "\
apiVersion: cert-manager.io/v1
kind: ClusterIssuer
metadata: {name: public}
spec:
  acme:
    server: https://acme-v02.api.letsencrypt.org/directory
    privateKeySecretRef: {name: account}
    solvers:
      - dns01: {cloudflare: {apiTokenSecretRef: {name: token, key: token}}}
---
apiVersion: cert-manager.io/v1
kind: Certificate
metadata: {name: shop, namespace: shop}
spec:
  secretName: shop-tls
  issuerRef: {name: public, kind: ClusterIssuer}
  dnsNames: [acme.example, \"*.acme.example\"]
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
        let Some((issuer, spec)) = used.find(cx) else { continue };
        if !spec.acme.as_ref().is_some_and(|acme| acme.server.contains("letsencrypt.org")) {
            continue;
        }
        let names = &certificate.spec.dns_names;
        for (index, name) in names.iter().enumerate() {
            let Some(at) = names.iter().position(|other| other != name && covers(other, name)) else {
                continue;
            };
            let message = format!(
                "{}: Let's Encrypt refuses the order, because {} covers {name} already",
                title(used.object),
                names[at]
            );
            out.add(used.object, &format!("spec.dnsNames[{index}]"), message)
                .help(format!("remove {name} from the list"))
                .related(used.object, &format!("spec.dnsNames[{at}]"), "the wildcard")
                .related(issuer, "spec.acme.server", "the authority");
        }
    }
}
