//! TL014: a Secret for TLS that does not hold a certificate and its key.
use k8s_openapi::api::core::v1::Secret;
use netloom_objects::Severity;

use crate::{
    Context, Findings, Group, Rule,
    words::{entry, title},
};

pub static RULE: Rule = Rule {
    code: "TL014",
    name: "tls-secret-content",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "A Secret of type `kubernetes.io/tls` without `tls.crt` or `tls.key`, or in which one of them is not \
            what its name says: a key where the certificate should be, or no PEM at all.",
    why: "The API server refuses the type without both entries (core/v1, `SecretTypeTLS`); controllers cannot \
            read other content and serve a certificate of their own. Empty values are left alone: something may \
            fill them in.",
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
",
    right: "\
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
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for (object, secret) in cx.all::<Secret>() {
        if secret.type_.as_deref() != Some("kubernetes.io/tls") {
            continue;
        }
        for (key, label, what) in
            [("tls.crt", "CERTIFICATE", "certificate"), ("tls.key", "PRIVATE KEY", "private key")]
        {
            let plain = secret.string_data.as_ref().and_then(|data| data.get(key)).map(String::as_bytes);
            let encoded = secret.data.as_ref().and_then(|data| data.get(key)).map(|bytes| bytes.0.as_slice());
            let field = if plain.is_some() { "stringData" } else { "data" };
            let Some(content) = plain.or(encoded) else {
                // Where an entry could not be read, the reader has said so.
                if object.is_written(&entry("data", key)) || object.is_written(&entry("stringData", key)) {
                    continue;
                }
                let message = format!("{}: a Secret of this type needs `{key}`", title(object));
                out.add(object, "type", message).help(format!("add the {what} as `{key}`"));
                continue;
            };
            let text = String::from_utf8_lossy(content);
            if text.trim().is_empty() || text.lines().any(|line| is_begin(line, label)) {
                continue;
            }
            let found =
                text.lines().find_map(|line| line.trim().strip_prefix("-----BEGIN ")?.strip_suffix("-----"));
            let is = match found {
                Some(other) => format!("a PEM of \"{other}\""),
                None => "no PEM".to_owned(),
            };
            let message = format!("{}: `{key}` is {is}, not a {what}", title(object));
            let help = match field {
                "data" => format!("the decoded value begins with `-----BEGIN` and holds the {what}"),
                _ => format!("it begins with `-----BEGIN` and holds the {what}"),
            };
            out.add(object, &entry(field, key), message).help(help);
        }
    }
}

/// Whether a line begins a PEM of a label: `-----BEGIN RSA PRIVATE KEY-----` is a private key too.
fn is_begin(line: &str, label: &str) -> bool {
    let found = line.trim().strip_prefix("-----BEGIN ").and_then(|line| line.strip_suffix("-----"));
    found.is_some_and(|found| found == label || found.ends_with(label) || found == format!("TRUSTED {label}"))
}
