//! IS023: a selector of an Istio object that selects no pod.
use std::collections::{BTreeMap, HashMap};

use netloom_objects::{
    Object, Severity,
    istio::{
        AuthorizationPolicy, DestinationRule, EnvoyFilter, Gateway, PeerAuthentication,
        RequestAuthentication, Sidecar, Telemetry, WasmPlugin,
    },
};

use super::support::{ROOT, gateway_workloads, shown};
use crate::{
    Context, Findings, Group, Rule,
    words::{namespace_of, title},
};

pub static RULE: Rule = Rule {
    code: "IS023",
    name: "istio-selector-selects-nothing",
    group: Group::Correctness,
    severity: Severity::Warning,
    finds: "An AuthorizationPolicy, PeerAuthentication, RequestAuthentication, Sidecar, DestinationRule, EnvoyFilter, Telemetry, \
            WasmPlugin or Gateway whose \
            selector matches the labels of no pod.",
    why: "It has no effect: a policy protects nothing, and a Gateway opens no port. Selectors look at the labels of pods \
          in their own namespace, those of a Gateway in every namespace (istioctl analyze, IST0127 and IST0101).",
    wrong: "\
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: cart, namespace: shop}
spec:
  selector: {matchLabels: {app: carts}}
  rules:
    - from: [{source: {namespaces: [shop]}}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: cart, namespace: shop}
spec:
  selector: {matchLabels: {app: cart}}
  template:
    metadata: {labels: {app: cart}}
    spec: {containers: [{name: cart, image: cart:1}]}
",
    right: "\
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: cart, namespace: shop}
spec:
  selector: {matchLabels: {app: cart}}
  rules:
    - from: [{source: {namespaces: [shop]}}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: cart, namespace: shop}
spec:
  selector: {matchLabels: {app: cart}}
  template:
    metadata: {labels: {app: cart}}
    spec: {containers: [{name: cart, image: cart:1}]}
",
    closed: true,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let mut selectors: Vec<(&Object, &BTreeMap<String, String>, &str)> = Vec::new();
    let mut add = |object, selector: Option<&'static str>, labels| {
        selectors.push((object, labels, selector.unwrap_or("spec.selector.matchLabels")));
    };
    for (object, policy) in cx.all::<AuthorizationPolicy>() {
        policy.spec.selector.iter().for_each(|s| add(object, None, &s.match_labels));
    }
    for (object, peer) in cx.all::<PeerAuthentication>() {
        peer.spec.selector.iter().for_each(|s| add(object, None, &s.match_labels));
    }
    for (object, request) in cx.all::<RequestAuthentication>() {
        request.spec.selector.iter().for_each(|s| add(object, None, &s.match_labels));
    }
    for (object, rule) in cx.all::<DestinationRule>() {
        let selector = rule.spec.workload_selector.iter();
        selector.for_each(|s| add(object, Some("spec.workloadSelector.matchLabels"), &s.match_labels));
    }
    for (object, sidecar) in cx.all::<Sidecar>() {
        let selector = sidecar.spec.workload_selector.iter();
        selector.for_each(|s| add(object, Some("spec.workloadSelector.labels"), &s.labels));
    }
    for (object, telemetry) in cx.all::<Telemetry>() {
        telemetry.spec.selector.iter().for_each(|s| add(object, None, &s.match_labels));
    }
    for (object, plugin) in cx.all::<WasmPlugin>() {
        plugin.spec.selector.iter().for_each(|s| add(object, None, &s.match_labels));
    }
    for (object, filter) in cx.all::<EnvoyFilter>() {
        let selector = filter.spec.workload_selector.iter();
        selector.for_each(|s| add(object, Some("spec.workloadSelector.labels"), &s.labels));
    }
    for (object, labels, path) in selectors {
        let namespace = namespace_of(object);
        // In the root namespace a selector looks into every namespace.
        let everywhere = namespace == ROOT;
        let complete =
            if everywhere { cx.is_closed("Pod", None) } else { cx.is_closed("Pod", Some(namespace)) };
        let selects = |own: &BTreeMap<String, String>| labels.iter().all(|(k, v)| own.get(k) == Some(v));
        let any = if everywhere {
            cx.workloads().iter().any(|workload| selects(workload.labels()))
                || cx.snapshot().pods.iter().any(|pod| selects(&pod.labels))
        } else {
            cx.workloads_with(namespace, labels).next().is_some()
                || cx.pods_in(namespace).iter().any(|pod| selects(&pod.labels))
        };
        // The pods of a Gateway of the Gateway API are made by Istio.
        let of_gateway = labels.keys().any(|key| key.ends_with("/gateway-name"));
        if labels.is_empty() || !complete || any || of_gateway {
            continue;
        }
        let message = format!("{} selects no pod: none in {namespace} has {}", title(object), shown(labels));
        let finding = out.add(object, path, message);
        let near = cx.workloads_in(namespace).find(|w| labels.keys().any(|key| w.labels().contains_key(key)));
        if let Some(near) = near {
            finding.related(near.object, &near.path("metadata.labels"), "these labels come nearest");
        }
        finding.help("write labels of the pods, not those of their Deployment or Service");
    }
    // Most Gateways share the pods of a few selectors.
    let mut carried: HashMap<&BTreeMap<String, String>, bool> = HashMap::new();
    for (object, gateway) in cx.all::<Gateway>() {
        let labels = &gateway.spec.selector;
        if labels.is_empty() || !cx.is_closed("Pod", None) {
            continue;
        }
        if *carried.entry(labels).or_insert_with(|| !gateway_workloads(cx, gateway).is_empty()) {
            continue;
        }
        let message = format!("{} is carried out by no pod: none has {}", title(object), shown(labels));
        let finding = out.add(object, "spec.selector", message);
        finding.help("write the labels of the pods of the Istio gateway that is meant");
    }
}
