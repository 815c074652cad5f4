//! TL012: a certificate is renewed with the same key for ever.
use netloom_objects::{Severity, cert_manager::Certificate};

use crate::{Context, Findings, Fix, Group, Rule, words::title};

pub static RULE: Rule = Rule {
    code: "TL012",
    name: "key-never-rotated",
    group: Group::Security,
    severity: Severity::Info,
    finds: "`privateKey.rotationPolicy: Never` on a Certificate that is no authority.",
    why: "A key that was read once, from a backup or a log, is good until somebody thinks of it. `Always`, the \
            default since cert-manager 1.18, makes a new key with each certificate; `Never` is for keys that \
            clients pin (cert-manager: \"Configuring private key rotation\").",
    wrong: "\
apiVersion: cert-manager.io/v1
kind: Certificate
metadata: {name: shop, namespace: shop}
spec:
  secretName: shop-tls
  dnsNames: [shop.acme.example]
  issuerRef: {name: public, kind: ClusterIssuer}
  privateKey: {algorithm: ECDSA, size: 256, rotationPolicy: Never}
",
    right: "\
apiVersion: cert-manager.io/v1
kind: Certificate
metadata: {name: shop, namespace: shop}
spec:
  secretName: shop-tls
  dnsNames: [shop.acme.example]
  issuerRef: {name: public, kind: ClusterIssuer}
  privateKey: {algorithm: ECDSA, size: 256, rotationPolicy: Always}
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    const PATH: &str = "spec.privateKey.rotationPolicy";
    for (object, certificate) in cx.all::<Certificate>() {
        let policy = certificate.spec.private_key.as_ref().and_then(|key| key.rotation_policy.as_deref());
        if policy == Some("Never") && certificate.spec.is_ca != Some(true) {
            out.add(object, PATH, format!("{}: the key is never changed", title(object)))
                .help("clients that pin the key are the one reason for this")
                .fix(Fix::proposed("set `rotationPolicy: Always`").set(object, PATH, "Always"));
        }
    }
}
