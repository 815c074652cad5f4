//! IS016: TLS to a server whose certificate nobody looks at.
use netloom_objects::{Severity, istio::DestinationRule};

use super::support::parts;
use crate::{Context, Findings, Group, Rule, Version, words::title};

pub static RULE: Rule = Rule {
    code: "IS016",
    name: "unverified-server-certificate",
    group: Group::Security,
    severity: Severity::Warning,
    finds: "A DestinationRule with `insecureSkipVerify: true`; before Istio 1.21 also one with mode `SIMPLE` or `MUTUAL` \
            and no CA.",
    why: "The connection is encrypted to whoever answers. Before 1.21 the proxy verified nothing without \
          `caCertificates`; since then it takes the system's CAs (istioctl analyze, IST0128; Istio 1.21's upgrade notes).",
    wrong: "\
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: rates, namespace: shop}
spec:
  host: rates.bank.example
  trafficPolicy:
    tls:
      mode: SIMPLE
      insecureSkipVerify: true
",
    right: "\
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: rates, namespace: shop}
spec:
  host: rates.bank.example
  trafficPolicy:
    tls:
      mode: SIMPLE
      subjectAltNames: [rates.bank.example]
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let blind = cx.istio_version() < Version::new(1, 21);
    for (object, rule) in cx.all::<DestinationRule>() {
        for part in parts(&rule.spec) {
            let Some(tls) = part.tls else { continue };
            let has_ca = tls.ca_certificates.is_some() || tls.credential_name.is_some();
            if tls.insecure_skip_verify == Some(true) {
                let message =
                    format!("{} does not verify the certificate of {}", title(object), rule.spec.host);
                let finding = out.add(object, &format!("{}.tls.insecureSkipVerify", part.path), message);
                finding.help("remove it; name the CA with `caCertificates` or `credentialName` if it is not a public one");
            } else if blind && !has_ca && matches!(tls.mode.as_deref(), Some("SIMPLE" | "MUTUAL")) {
                let message = format!(
                    "{} names no CA: Istio {} takes any certificate of {}",
                    title(object),
                    cx.istio_version(),
                    rule.spec.host
                );
                let finding = out.add(object, &format!("{}.tls.mode", part.path), message);
                finding.help("add `caCertificates: system`, or the file of the CA");
            }
        }
    }
}
