//! TL010: durations of a Certificate that do not add up.
use netloom_objects::{Severity, cert_manager::Certificate};

use super::support::seconds;
use crate::{Context, Findings, Group, Rule, words::title};

pub static RULE: Rule = Rule {
    code: "TL010",
    name: "certificate-duration",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "A `duration` or `renewBefore` that is no duration of Go, a `duration` of less than an hour, a \
            `renewBefore` of less than five minutes or not shorter than `duration`, and both `renewBefore` and \
            `renewBeforePercentage`.",
    why: "cert-manager refuses the Certificate, or the API server does. Go has no unit for days: `90d` is \
            `2160h` (cert-manager: API reference of CertificateSpec; \"Renewal\").",
    wrong: "\
apiVersion: cert-manager.io/v1
kind: Certificate
metadata: {name: shop, namespace: shop}
spec:
  secretName: shop-tls
  dnsNames: [shop.acme.example]
  issuerRef: {name: public, kind: ClusterIssuer}
  duration: 720h
  renewBefore: 2160h
",
    right: "\
apiVersion: cert-manager.io/v1
kind: Certificate
metadata: {name: shop, namespace: shop}
spec:
  secretName: shop-tls
  dnsNames: [shop.acme.example]
  issuerRef: {name: public, kind: ClusterIssuer}
  duration: 2160h
  renewBefore: 720h
",
    closed: false,
    check,
};

/// Where nothing is said, 90 days.
const DEFAULT: f64 = 90.0 * 86400.0;

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for (object, certificate) in cx.all::<Certificate>() {
        let spec = &certificate.spec;
        let who = title(object);
        let mut read = |field: &str, text: &Option<String>| {
            let text = text.as_deref()?;
            let length = seconds(text);
            if length.is_none() {
                let message = format!("{who}: `{text}` is no duration of Go");
                let finding = out.add(object, &format!("spec.{field}"), message);
                match text.strip_suffix('d').and_then(|days| days.parse::<u64>().ok()) {
                    Some(days) => finding
                        .help(format!("there is no unit for days: write `{}h`", days.saturating_mul(24))),
                    None => finding.help("write hours, minutes and seconds: `2160h`, `1h30m`"),
                };
            }
            length
        };
        let duration = read("duration", &spec.duration);
        let before = read("renewBefore", &spec.renew_before);
        if duration.is_some_and(|duration| duration < 3600.0) {
            out.add(object, "spec.duration", format!("{who}: a certificate lasts one hour at the least"))
                .help("set `duration: 1h` or more");
            continue;
        }
        if spec.renew_before.is_some() && spec.renew_before_percentage.is_some() {
            let message = format!("{who}: `renewBefore` and `renewBeforePercentage` exclude each other");
            out.add(object, "spec.renewBeforePercentage", message).help("keep one of them");
            continue;
        }
        let Some(before) = before else { continue };
        let length = match (&spec.duration, duration) {
            (None, _) => DEFAULT,
            (Some(_), Some(duration)) => duration,
            (Some(_), None) => continue,
        };
        if before < 300.0 {
            out.add(
                object,
                "spec.renewBefore",
                format!("{who}: it is renewed five minutes before its end at the latest"),
            )
            .help("set `renewBefore` to a third of `duration`");
        } else if before >= length {
            let message = format!(
                "{who}: renewed {} before its end, but it lasts {} only",
                spec.renew_before.as_deref().unwrap_or_default(),
                spec.duration.as_deref().unwrap_or("2160h (the default)")
            );
            out.add(object, "spec.renewBefore", message).help("set `renewBefore` to a third of `duration`");
        }
    }
}
