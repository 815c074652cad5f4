//! TL015: a private key stands in a manifest.
use k8s_openapi::api::core::v1::Secret;
use netloom_objects::{GENERATED, Severity};

use crate::{
    Context, Findings, Group, Rule,
    words::{entry, title},
};

pub static RULE: Rule = Rule {
    code: "TL015",
    name: "private-key-in-manifest",
    group: Group::Security,
    severity: Severity::Warning,
    finds: "A Secret whose `data` or `stringData` holds a private key. Objects that were read from a cluster \
            (they have a `uid`) are left alone.",
    why: "Whoever reads the repository or its history can pose as the server; base64 hides nothing \
            (Kubernetes: \"Good practices for Secrets\").",
    wrong: "\
apiVersion: v1
kind: Secret
metadata: {name: shop-tls, namespace: shop}
type: kubernetes.io/tls
stringData:
  tls.crt: |
    -----BEGIN CERTIFICATE-----
    MIIB
    -----END CERTIFICATE-----
  tls.key: |
    -----BEGIN PRIVATE KEY-----
    MIGH
    -----END PRIVATE KEY-----
",
    right: "\
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

const MARK: &[u8] = b"PRIVATE KEY-----";

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for (object, secret) in cx.all::<Secret>() {
        if object.metadata().uid.is_some() {
            continue;
        }
        let plain = secret.string_data.iter().flatten();
        let plain = plain.map(|(key, value)| ("stringData", key, value.as_bytes()));
        let encoded = secret.data.iter().flatten().map(|(key, value)| ("data", key, value.0.as_slice()));
        for (field, key, value) in plain.chain(encoded) {
            let holds = |text: &[u8]| value.windows(text.len()).any(|part| part == text);
            // A key that a chart makes up is made up again in the cluster.
            if holds(MARK) && !holds(GENERATED.as_bytes()) {
                let message = format!("{}: `{key}` is a private key, for everybody to read", title(object));
                out.add(object, &entry(field, key), message).help(
                    "let cert-manager make it, or keep it in a SealedSecret or ExternalSecret; and replace this key",
                );
            }
        }
    }
}
