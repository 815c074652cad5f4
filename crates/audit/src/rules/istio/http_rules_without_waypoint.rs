//! IS029: rules about HTTP in the ambient mesh that nobody can carry out.
use std::collections::{HashMap, HashSet};

use k8s_openapi::api::core::v1::Service;
use netloom_objects::{
    Object, Severity,
    istio::{AuthorizationPolicy, VirtualService},
};

use super::{
    http_policy_on_tcp_port::http_field,
    support::{DATAPLANE, Mesh, WAYPOINT, full_host, is_for_mesh, label_path, mesh_namespaces, service_name},
};
use crate::{
    Context, Findings, Group, Rule,
    words::{namespace_of, title},
};

pub static RULE: Rule = Rule {
    code: "IS029",
    name: "http-rules-without-waypoint",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "In a namespace of the ambient mesh: an AuthorizationPolicy with HTTP fields that selects pods instead of \
            naming a target; and a VirtualService for a Service without a waypoint.",
    why: "In ambient the node's proxy (ztunnel) reads no HTTP. An ALLOW rule with HTTP fields then never matches and denies \
          all, a DENY rule denies what it would have left alone; routes, retries and timeouts do nothing. HTTP is read by a \
          waypoint, and what is meant for it names its target with `targetRefs` (Istio's ambient guide, Use Layer 7 \
          features).",
    wrong: "\
apiVersion: v1
kind: Namespace
metadata:
  name: shop
  labels: {istio.io/dataplane-mode: ambient}
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: cart, namespace: shop}
spec:
  selector: {matchLabels: {app: cart}}
  rules:
    - from: [{source: {principals: [cluster.local/ns/shop/sa/web]}}]
      to: [{operation: {methods: [GET]}}]
",
    right: "\
apiVersion: v1
kind: Namespace
metadata:
  name: shop
  labels: {istio.io/dataplane-mode: ambient, istio.io/use-waypoint: waypoint}
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: cart, namespace: shop}
spec:
  targetRefs: [{kind: Service, group: '', name: cart}]
  rules:
    - from: [{source: {principals: [cluster.local/ns/shop/sa/web]}}]
      to: [{operation: {methods: [GET]}}]
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let ambient: HashMap<&str, &Object> = mesh_namespaces(cx)
        .filter(|(_, mesh, _)| *mesh == Mesh::Ambient)
        .map(|(object, _, _)| (&*object.name, object))
        .collect();
    if ambient.is_empty() {
        return;
    }
    for (object, policy) in cx.all::<AuthorizationPolicy>() {
        let Some(namespace) = ambient.get(namespace_of(object)) else { continue };
        if policy.spec.target_ref.is_some() || !policy.spec.target_refs.is_empty() {
            continue;
        }
        // Pods with a sidecar (a gateway, say) read HTTP themselves.
        let labels =
            policy.spec.selector.as_ref().map(|s| &s.match_labels).filter(|labels| !labels.is_empty());
        let has_proxy = |workload: &crate::Workload<'_>| {
            super::support::mesh_of_workload(cx, workload) == Some(Mesh::Sidecar)
        };
        if labels.is_some_and(|labels| cx.workloads_with(&namespace.name, labels).any(has_proxy)) {
            continue;
        }
        for (index, rule) in policy.spec.rules.iter().enumerate() {
            let Some((path, what)) = http_field(rule) else { continue };
            let does = match policy.spec.action.as_deref() {
                Some("DENY") => "the rule denies more than it says",
                _ => "the rule never matches, and the requests are denied",
            };
            let message = format!(
                "{} looks at `{what}`, which ztunnel cannot see in namespace {}: {does}",
                title(object),
                namespace.name
            );
            let finding = out.add(object, &format!("spec.rules[{index}].{path}"), message);
            finding.related(namespace, &label_path(DATAPLANE), "the namespace is in the ambient mesh");
            finding
                .help("use a waypoint, and name the Service with `targetRefs` instead of selecting its pods");
        }
    }
    inert_routes(cx, &ambient, out);
}

fn inert_routes(cx: &Context<'_>, ambient: &HashMap<&str, &Object>, out: &mut Findings<'_>) {
    let with_waypoint: HashSet<(&str, &str)> = cx
        .all::<Service>()
        .filter(|(object, _)| object.labels().contains_key(WAYPOINT))
        .map(|(object, _)| (namespace_of(object), &*object.name))
        .collect();
    for (object, service) in cx.all::<VirtualService>().filter(|(_, s)| is_for_mesh(&s.spec)) {
        for (index, host) in service.spec.hosts.iter().enumerate() {
            let full = full_host(cx, host, namespace_of(object));
            let Some((name, namespace)) = service_name(cx, &full) else { continue };
            let Some(declared) = ambient.get(namespace) else { continue };
            let waypoint = declared.labels().get(WAYPOINT).is_some_and(|name| name != "none");
            if waypoint
                || with_waypoint.contains(&(namespace, name))
                || cx.find::<Service>(Some(namespace), name).is_none()
            {
                continue;
            }
            let message = format!(
                "{} does nothing for clients in the ambient mesh: Service {namespace}/{name} has no waypoint",
                title(object)
            );
            let finding = out.add(object, &format!("spec.hosts[{index}]"), message);
            finding.severity(Severity::Warning);
            finding.related(declared, &label_path(DATAPLANE), "the namespace is in the ambient mesh");
            finding.help(format!(
                "deploy a waypoint, and label namespace {namespace} or the Service with `{WAYPOINT}`"
            ));
        }
    }
}
