//! TL013: a certificate for a server has its name where clients do not look.
use netloom_objects::{Severity, cert_manager::Certificate};

use crate::{Context, Findings, Fix, Group, Rule, words::title};

pub static RULE: Rule = Rule {
    code: "TL013",
    name: "common-name-only",
    group: Group::Correctness,
    severity: Severity::Warning,
    finds: "A Certificate with a `commonName` that is a host, and without `dnsNames`, `ipAddresses` and `uris`. \
            Authorities and certificates of clients are left alone.",
    why: "Clients look at the subject alternative names only (RFC 9525, section 2); Go, Chrome and Firefox \
            ignore the common name, and Let's Encrypt issues nothing without names.",
    wrong: "\
apiVersion: cert-manager.io/v1
kind: Certificate
metadata: {name: shop, namespace: shop}
spec:
  secretName: shop-tls
  commonName: shop.acme.example
  issuerRef: {name: public, kind: ClusterIssuer}
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

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for (object, certificate) in cx.all::<Certificate>() {
        let spec = &certificate.spec;
        let names = [&spec.dns_names, &spec.ip_addresses, &spec.uris, &spec.email_addresses];
        let client = spec.usages.iter().any(|usage| usage == "client auth")
            && !spec.usages.iter().any(|usage| usage == "server auth");
        let Some(name) = spec.common_name.as_deref().filter(|name| name.contains('.') && !name.contains(' '))
        else {
            continue;
        };
        if spec.is_ca == Some(true)
            || client
            || names.iter().any(|names| !names.is_empty())
            || !spec.other_names.is_empty()
        {
            continue;
        }
        let message = format!("{}: clients do not look for {name} in `commonName`", title(object));
        let fix = Fix::safe(format!("write `dnsNames: [{name}]`"));
        out.add(object, "spec.commonName", message).fix(fix.insert_last(
            object,
            "spec",
            "dnsNames",
            &format!("[{}]", if name.starts_with('*') { format!("'{name}'") } else { name.to_owned() }),
        ));
    }
}
