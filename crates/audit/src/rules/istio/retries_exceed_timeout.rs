//! IS010: a timeout that cuts the retries off.
use netloom_objects::{Severity, istio::VirtualService};

use super::support::{duration, microseconds};
use crate::{Context, Findings, Group, Rule, words::title};

pub static RULE: Rule = Rule {
    code: "IS010",
    name: "retries-exceed-timeout",
    group: Group::Reliability,
    severity: Severity::Warning,
    finds: "An HTTP route whose `timeout` is shorter than all of its tries together: (1 + `attempts`) × `perTryTimeout`.",
    why: "The timeout spans the first try, the retries and the pauses between them (Istio's reference of HTTPRetry, \
          `attempts`). When every try runs into its own timeout, the last ones are cut or not made.",
    wrong: "\
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: cart, namespace: shop}
spec:
  hosts: [cart]
  http:
    - route:
        - destination: {host: cart}
      timeout: 5s
      retries: {attempts: 3, perTryTimeout: 2s}
",
    right: "\
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: cart, namespace: shop}
spec:
  hosts: [cart]
  http:
    - route:
        - destination: {host: cart}
      timeout: 5s
      retries: {attempts: 1, perTryTimeout: 2s}
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for (object, service) in cx.all::<VirtualService>() {
        for (index, route) in service.spec.http.iter().enumerate() {
            let Some(retries) = &route.retries else { continue };
            let Some(timeout) = route.timeout.as_deref().and_then(microseconds).filter(|t| *t > 0) else {
                continue;
            };
            let Some(try_time) = retries.per_try_timeout.as_deref().and_then(microseconds).filter(|t| *t > 0)
            else {
                continue;
            };
            let attempts = u64::try_from(retries.attempts).unwrap_or(0).min(1_000_000);
            let needed = try_time.saturating_mul(attempts + 1);
            if needed <= timeout || attempts == 0 {
                continue;
            }
            let (timeout_text, try_text) = (duration(timeout), duration(try_time));
            let message = if try_time >= timeout {
                format!(
                    "{}: a try may last {try_text}, the timeout of {timeout_text} leaves no time for a second one",
                    title(object)
                )
            } else {
                format!(
                    "{}: 1 + {attempts} tries of {try_text} need {}, the timeout cuts them off after {timeout_text}",
                    title(object),
                    duration(needed)
                )
            };
            let fitting = (timeout / try_time).saturating_sub(1);
            let finding = out.add(object, &format!("spec.http[{index}].timeout"), message);
            finding.related(object, &format!("spec.http[{index}].retries"), "the retries");
            finding.help(if fitting == 0 {
                format!("raise the timeout to {}, or shorten `perTryTimeout`", duration(needed))
            } else {
                format!("raise the timeout to {}, or lower `attempts` to {fitting}", duration(needed))
            });
        }
    }
}
