//! TL011: a key of a size that is not made.
use netloom_objects::{Severity, cert_manager::Certificate};

use crate::{Context, Findings, Group, Rule, words::title};

pub static RULE: Rule = Rule {
    code: "TL011",
    name: "key-size",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "`privateKey.size` of a Certificate that its `algorithm` does not have: RSA below 2048 or above 8192, \
            ECDSA other than 256, 384 and 521, any for Ed25519.",
    why: "cert-manager refuses the Certificate; RSA below 2048 bits is not trusted by any browser (CA/Browser \
            Forum, Baseline Requirements 6.1.5).",
    wrong: "\
apiVersion: cert-manager.io/v1
kind: Certificate
metadata: {name: shop, namespace: shop}
spec:
  secretName: shop-tls
  dnsNames: [shop.acme.example]
  issuerRef: {name: public, kind: ClusterIssuer}
  privateKey: {algorithm: ECDSA, size: 2048}
",
    right: "\
apiVersion: cert-manager.io/v1
kind: Certificate
metadata: {name: shop, namespace: shop}
spec:
  secretName: shop-tls
  dnsNames: [shop.acme.example]
  issuerRef: {name: public, kind: ClusterIssuer}
  privateKey: {algorithm: ECDSA, size: 256}
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for (object, certificate) in cx.all::<Certificate>() {
        let Some(key) = &certificate.spec.private_key else { continue };
        let Some(size) = key.size.filter(|size| *size != 0) else { continue };
        let algorithm = key.algorithm.as_deref().filter(|name| !name.is_empty()).unwrap_or("RSA");
        let known = match algorithm {
            "RSA" if !(2048..=8192).contains(&size) => "between 2048 and 8192",
            "ECDSA" if ![256, 384, 521].contains(&size) => "256, 384 or 521",
            "Ed25519" => {
                let message = format!("{}: a key of Ed25519 has no size to choose", title(object));
                out.add(object, "spec.privateKey.size", message)
                    .severity(Severity::Info)
                    .help("leave `size` out");
                continue;
            }
            _ => continue,
        };
        let message = format!("{}: there is no {algorithm} key of {size} bits", title(object));
        out.add(object, "spec.privateKey.size", message).help(format!("{algorithm} keys have {known}"));
    }
}
