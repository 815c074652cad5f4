//! IS011: fields of Istio's kinds that are deprecated.
use netloom_objects::Severity;

use crate::{Context, Findings, Fix, Group, Rule, versions::report};

pub static RULE: Rule = Rule {
    code: "IS011",
    name: "deprecated-istio-field",
    group: Group::Correctness,
    severity: Severity::Warning,
    finds: "A field that Istio has deprecated for another one, as of the version that is targeted.",
    why: "Istio warns when it is applied, and drops such fields in later versions: the setting is then no longer made, \
          without an error (Istio's references of DestinationRule and VirtualService, each at its field).",
    wrong: "\
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: cart, namespace: shop}
spec:
  host: cart
  trafficPolicy:
    outlierDetection:
      consecutiveErrors: 7
",
    right: "\
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: cart, namespace: shop}
spec:
  host: cart
  trafficPolicy:
    outlierDetection:
      consecutive5xxErrors: 7
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    report(cx, out, &|change, _| change.by == Some(RULE.code), &|finding, object, path, _| {
        if path.ends_with("consecutiveErrors") {
            let fix = Fix::proposed("rename it to `consecutive5xxErrors`");
            finding.fix(fix.rename(object, path, "consecutive5xxErrors"));
        }
    });
}
