//! IS020: a namespace of the mesh for which nothing asks for mutual TLS.
use netloom_objects::{Severity, istio::PeerAuthentication};

use super::support::{ROOT, label_path, mesh_namespaces};
use crate::{Context, Findings, Group, Rule, words::namespace_of};

pub static RULE: Rule = Rule {
    code: "IS020",
    name: "mesh-without-strict-mtls",
    group: Group::Security,
    severity: Severity::Warning,
    finds: "A namespace whose pods are in the mesh, without a PeerAuthentication for the namespace or the mesh.",
    why: "Without one, pods are `PERMISSIVE`: they answer plaintext from anyone who reaches them (Istio's concept Security, \
          Peer authentication).",
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
kind: PeerAuthentication
metadata: {name: default, namespace: shop}
spec:
  mtls: {mode: STRICT}
",
    closed: true,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let covered: Vec<&str> = cx
        .all::<PeerAuthentication>()
        .filter(|(_, peer)| peer.spec.selector.as_ref().is_none_or(|s| s.match_labels.is_empty()))
        .filter(|(_, peer)| {
            peer.spec.mtls.as_ref().and_then(|m| m.mode.as_deref()).is_some_and(|m| m != "UNSET")
        })
        .map(|(object, _)| namespace_of(object))
        .collect();
    if covered.contains(&ROOT) {
        return;
    }
    let covered: std::collections::HashSet<&str> = covered.into_iter().collect();
    for (object, _, label) in mesh_namespaces(cx) {
        let complete = |namespace| cx.is_closed("PeerAuthentication", Some(namespace));
        if covered.contains(&*object.name) || !complete(&object.name) || !complete(ROOT) {
            continue;
        }
        let message =
            format!("namespace {} is in the mesh, but nothing asks its clients for mutual TLS", object.name);
        let finding = out.add(object, &label_path(label), message);
        finding.help(format!(
            "add a PeerAuthentication to {} (or, for the whole mesh, to {ROOT}) with `mtls: {{mode: STRICT}}`",
            object.name
        ));
    }
}
