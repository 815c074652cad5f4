//! IS057: a namespace of the mesh in which everyone may ask everyone.
use std::collections::HashSet;

use netloom_objects::{Severity, istio::AuthorizationPolicy};

use super::support::{ROOT, label_path, mesh_namespaces};
use crate::{Context, Findings, Group, Rule, words::namespace_of};

pub static RULE: Rule = Rule {
    code: "IS057",
    name: "mesh-without-authorization",
    group: Group::Security,
    severity: Severity::Info,
    finds: "A namespace whose pods are in the mesh, with no AuthorizationPolicy in it or for the whole mesh.",
    why: "Without a policy every request is allowed: the identities that mutual TLS proves are never asked for (Istio's \
          Security Best Practices, Authorization policies).",
    wrong: "\
apiVersion: v1
kind: Namespace
metadata:
  name: shop
  labels: {istio-injection: enabled}
",
    right: "\
apiVersion: v1
kind: Namespace
metadata:
  name: shop
  labels: {istio-injection: enabled}
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: allow-nothing, namespace: shop}
spec: {}
",
    closed: true,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let covered: HashSet<&str> =
        cx.all::<AuthorizationPolicy>().map(|(object, _)| namespace_of(object)).collect();
    if covered.contains(ROOT) || !cx.is_closed("AuthorizationPolicy", Some(ROOT)) {
        return;
    }
    for (object, _, label) in mesh_namespaces(cx) {
        if covered.contains(&*object.name) || !cx.is_closed("AuthorizationPolicy", Some(&object.name)) {
            continue;
        }
        let message =
            format!("namespace {} is in the mesh, but no policy says who may ask whom", object.name);
        let finding = out.add(object, &label_path(label), message);
        finding.help("add an AuthorizationPolicy with `spec: {}`, which denies all, and one for each pair that may talk");
    }
}
