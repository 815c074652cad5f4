//! IS077: two Telemetries for the same pods.
use std::collections::HashMap;

use netloom_objects::{Object, Severity, istio::Telemetry};

use super::support::shown;
use crate::{
    Context, Findings, Group, Rule,
    words::{namespace_of, title},
};

pub static RULE: Rule = Rule {
    code: "IS077",
    name: "telemetries-for-one-pod",
    group: Group::Correctness,
    severity: Severity::Warning,
    finds: "Two Telemetries of one namespace without a selector, or with selectors that are equal or select the same \
            pods of the set.",
    why: "Only one of them holds, the older one: what the other asks to be traced, measured or logged is not \
            (Istio's reference of Telemetry; istioctl analyze, IST0159 and IST0160).",
    wrong: "\
apiVersion: telemetry.istio.io/v1
kind: Telemetry
metadata: {name: tracing, namespace: shop}
spec:
  tracing: [{randomSamplingPercentage: 10}]
---
apiVersion: telemetry.istio.io/v1
kind: Telemetry
metadata: {name: logs, namespace: shop}
spec:
  accessLogging: [{providers: [{name: envoy}]}]
",
    right: "\
apiVersion: telemetry.istio.io/v1
kind: Telemetry
metadata: {name: tracing, namespace: shop}
spec:
  tracing: [{randomSamplingPercentage: 10}]
  accessLogging: [{providers: [{name: envoy}]}]
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let mut taken: HashMap<(&str, String), &Object> = HashMap::new();
    for (object, telemetry) in cx.all::<Telemetry>() {
        let spec = &telemetry.spec;
        if spec.target_ref.is_some() || !spec.target_refs.is_empty() {
            continue;
        }
        let namespace = namespace_of(object);
        let labels =
            spec.selector.as_ref().map(|selector| &selector.match_labels).filter(|labels| !labels.is_empty());
        let claims = match labels {
            Some(labels) => {
                let pods = cx.workloads_with(namespace, labels).map(|workload| title(workload.object));
                std::iter::once(format!("the pods with {}", shown(labels))).chain(pods).collect()
            }
            None => vec![format!("all of namespace {namespace}")],
        };
        let other = claims.iter().find_map(|claim| Some((claim, *taken.get(&(namespace, claim.clone()))?)));
        if let Some((claim, other)) = other {
            let message = format!(
                "{} and {} are both for {claim}: only one of them holds",
                title(other),
                title(object)
            );
            out.add(object, "metadata.name", message)
                .related(other, "metadata.name", "the other one")
                .help("put them together: one Telemetry may have `tracing`, `metrics` and `accessLogging`");
        }
        for claim in claims {
            taken.entry((namespace, claim)).or_insert(object);
        }
    }
}
