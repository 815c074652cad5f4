//! IS072: a policy that selects the pods of a Gateway instead of naming it.
use netloom_objects::{Severity, gateway_api::Gateway};

use crate::{
    Context, Findings, Group, Rule,
    words::{entry, namespace_of, title},
};

pub static RULE: Rule = Rule {
    code: "IS072",
    name: "selector-on-gateway-pods",
    group: Group::Correctness,
    severity: Severity::Warning,
    finds: "A policy of Istio (AuthorizationPolicy, RequestAuthentication, Telemetry, WasmPlugin, EnvoyFilter) whose \
            selector has a label that Istio gives to the pods of a Gateway of the Gateway API, such as \
            `gateway.networking.k8s.io/gateway-name`.",
    why: "What Istio makes from a Gateway is reached by `targetRefs`. A waypoint ignores policies with a selector, \
            and whether other gateways read them is a switch of the control plane: what was to be denied is let \
            through (Istio's reference of PolicyTargetReference; istioctl analyze, IST0166).",
    wrong: "\
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: edge, namespace: edge}
spec:
  selector: {matchLabels: {gateway.networking.k8s.io/gateway-name: shop}}
  rules:
    - to: [{operation: {paths: [/api/*]}}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: shop, namespace: edge}
spec:
  gatewayClassName: istio
  listeners: [{name: http, port: 80, protocol: HTTP}]
",
    right: "\
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: edge, namespace: edge}
spec:
  targetRefs: [{group: gateway.networking.k8s.io, kind: Gateway, name: shop}]
  rules:
    - to: [{operation: {paths: [/api/*]}}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: shop, namespace: edge}
spec:
  gatewayClassName: istio
  listeners: [{name: http, port: 80, protocol: HTTP}]
",
    closed: false,
    check,
};

/// Kinds with a selector and `targetRefs`, and where the labels of the selector are.
const KINDS: [(&str, &str, &str); 5] = [
    ("security.istio.io", "AuthorizationPolicy", "spec.selector.matchLabels"),
    ("security.istio.io", "RequestAuthentication", "spec.selector.matchLabels"),
    ("telemetry.istio.io", "Telemetry", "spec.selector.matchLabels"),
    ("extensions.istio.io", "WasmPlugin", "spec.selector.matchLabels"),
    ("networking.istio.io", "EnvoyFilter", "spec.workloadSelector.labels"),
];

/// The labels by which Istio marks the pods of a Gateway.
const MARKS: [&str; 2] = ["gateway.networking.k8s.io/gateway-name", "istio.io/gateway-name"];

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for (group, kind, labels) in KINDS {
        for object in cx.all_of(group, kind) {
            let marked = MARKS.iter().find_map(|mark| {
                let path = entry(labels, mark);
                Some((path.clone(), object.text(&path)?))
            });
            let Some((path, name)) = marked else { continue };
            let gateway = cx.find::<Gateway>(Some(namespace_of(object)), name);
            let is_waypoint =
                gateway.is_some_and(|(_, gateway)| gateway.spec.gateway_class_name == "istio-waypoint");
            let effect =
                if is_waypoint { "a waypoint does not read it" } else { "a Gateway is named, not selected" };
            let message = format!("{} selects the pods of Gateway `{name}`: {effect}", title(object));
            let finding = out.add(object, &path, message);
            finding.help(format!(
                "write `targetRefs: [{{group: gateway.networking.k8s.io, kind: Gateway, name: {name}}}]` instead of the selector"
            ));
            if let Some((gateway, _)) = gateway {
                finding.related(gateway, "metadata.name", "this Gateway");
            }
        }
    }
}
