//! IS017: two DestinationRules of a namespace for one host.
use std::collections::HashMap;

use netloom_objects::{
    Object, Severity,
    istio::{DestinationRule, DestinationRuleSpec},
};

use super::support::{audience, full_host, overlap};
use crate::{
    Context, Findings, Group, Rule,
    words::{namespace_of, title},
};

pub static RULE: Rule = Rule {
    code: "IS017",
    name: "destination-rules-for-one-host",
    group: Group::Correctness,
    severity: Severity::Warning,
    finds: "Two DestinationRules of one namespace for one host that both have a `trafficPolicy`, or define a subset of one \
            name.",
    why: "Istio puts them together, and what the older one says wins: of the second one only new subsets are taken \
          (Istio's Traffic Management Best Practices, Split large virtual services and destination rules).",
    wrong: "\
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: cart-pool, namespace: shop}
spec:
  host: cart
  trafficPolicy:
    connectionPool: {tcp: {maxConnections: 100}}
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: cart-outliers, namespace: shop}
spec:
  host: cart.shop.svc.cluster.local
  trafficPolicy:
    outlierDetection: {consecutive5xxErrors: 5}
",
    right: "\
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: cart, namespace: shop}
spec:
  host: cart
  trafficPolicy:
    connectionPool: {tcp: {maxConnections: 100}}
    outlierDetection: {consecutive5xxErrors: 5}
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let mut hosts: HashMap<(&str, String), Vec<(&Object, &DestinationRuleSpec)>> = HashMap::new();
    for (object, rule) in cx.all::<DestinationRule>() {
        // Rules for some clients only stand beside the others.
        if rule.spec.workload_selector.is_some() || rule.spec.host.is_empty() {
            continue;
        }
        let namespace = namespace_of(object);
        let before = hosts.entry((namespace, full_host(cx, &rule.spec.host, namespace))).or_default();
        let mine = audience(object, &rule.spec.export_to);
        for (other, spec) in before.iter().filter(|(o, s)| overlap(&audience(o, &s.export_to), &mine)).take(1)
        {
            let twice = rule.spec.subsets.iter().position(|s| spec.subsets.iter().any(|t| t.name == s.name));
            if spec.traffic_policy.is_some() && rule.spec.traffic_policy.is_some() {
                let message = format!(
                    "{} and {} both set a traffic policy for {}: only the older one's holds",
                    title(other),
                    title(object),
                    rule.spec.host
                );
                let finding = out.add(object, "spec.trafficPolicy", message);
                finding
                    .related(other, "spec.trafficPolicy", "the other traffic policy")
                    .help("put both into one DestinationRule");
            } else if let Some(index) = twice {
                let name = &rule.spec.subsets[index].name;
                let message = format!(
                    "{} and {} both define subset `{name}`: only the older one's holds",
                    title(other),
                    title(object)
                );
                let finding = out.add(object, &format!("spec.subsets[{index}]"), message);
                finding.related(other, "spec.subsets", "the other subsets").help("define each subset once");
            }
        }
        before.push((object, &rule.spec));
    }
}
