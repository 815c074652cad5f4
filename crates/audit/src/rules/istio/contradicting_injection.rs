//! IS050: labels that put a namespace into the mesh in two ways.
use k8s_openapi::api::core::v1::Namespace;
use netloom_objects::Severity;

use super::support::{DATAPLANE, INJECTION, REVISION, label_path};
use crate::{Context, Findings, Group, Rule};

pub static RULE: Rule = Rule {
    code: "IS050",
    name: "contradicting-injection",
    group: Group::Correctness,
    severity: Severity::Warning,
    finds: "A namespace with both `istio-injection` and `istio.io/rev`, or with sidecar injection and \
            `istio.io/dataplane-mode: ambient`; a value of `istio-injection` that is neither `enabled` nor `disabled`.",
    why: "`istio-injection` wins over `istio.io/rev`, so that an upgrade by revisions changes nothing; pods that get a \
          sidecar are left out of ambient (istioctl analyze, IST0123; Istio's Canary Upgrades).",
    wrong: "\
apiVersion: v1
kind: Namespace
metadata:
  name: shop
  labels: {istio-injection: enabled, istio.io/rev: stable}
",
    right: "\
apiVersion: v1
kind: Namespace
metadata:
  name: shop
  labels: {istio.io/rev: stable}
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for (object, _) in cx.all::<Namespace>() {
        let label = |key: &str| object.labels().get(key).map(String::as_str);
        let injection = label(INJECTION);
        let name = &object.name;
        if injection.is_some() && label(REVISION).is_some() {
            let value = injection.unwrap_or_default();
            let message =
                format!("namespace {name}: `{INJECTION}: {value}` wins, and `{REVISION}` has no effect");
            let finding = out.add(object, &label_path(REVISION), message);
            finding.related(object, &label_path(INJECTION), "this label wins");
            finding.help(format!("keep one of them; for revisions remove `{INJECTION}`"));
        }
        let sidecars = match (injection, label(REVISION)) {
            (Some("enabled"), _) => Some(INJECTION),
            (None, Some(_)) => Some(REVISION),
            _ => None,
        };
        if let Some(sidecars) = sidecars.filter(|_| label(DATAPLANE) == Some("ambient")) {
            let message = format!(
                "namespace {name} asks for sidecars (`{sidecars}`) and for ambient: pods with a sidecar stay out of ambient"
            );
            let finding = out.add(object, &label_path(DATAPLANE), message);
            finding
                .related(object, &label_path(sidecars), "sidecars are asked for here")
                .help("keep one of them");
        }
        if let Some(value) = injection.filter(|value| !matches!(*value, "enabled" | "disabled")) {
            let message = format!(
                "namespace {name}: `{INJECTION}: {value}` is neither `enabled` nor `disabled`, and injects nothing"
            );
            out.add(object, &label_path(INJECTION), message).help("write `enabled`");
        }
    }
}
