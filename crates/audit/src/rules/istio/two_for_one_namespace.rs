//! IS024: two objects of which a namespace can have one only.
use std::collections::HashMap;

use netloom_objects::{
    Object, Severity,
    istio::{PeerAuthentication, Sidecar},
};

use super::support::ROOT;
use crate::{
    Context, Findings, Group, Rule,
    words::{namespace_of, title},
};

pub static RULE: Rule = Rule {
    code: "IS024",
    name: "two-for-one-namespace",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "Two PeerAuthentications, or two Sidecars, of one namespace that both have no selector.",
    why: "For a namespace (and, in the root namespace, for the mesh) only the oldest one holds; of two Sidecars it is not \
          defined which (Istio's concept Security, Peer authentication; istioctl analyze, IST0111).",
    wrong: "\
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: default, namespace: shop}
spec:
  mtls: {mode: PERMISSIVE}
---
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: strict, namespace: shop}
spec:
  mtls: {mode: STRICT}
",
    right: "\
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: default, namespace: shop}
spec:
  mtls: {mode: STRICT}
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let peers = cx.all::<PeerAuthentication>();
    let peers = peers.filter(|(_, p)| p.spec.selector.as_ref().is_none_or(|s| s.match_labels.is_empty()));
    let sidecars = cx.all::<Sidecar>();
    let sidecars =
        sidecars.filter(|(_, s)| s.spec.workload_selector.as_ref().is_none_or(|s| s.labels.is_empty()));
    let mut first: HashMap<(&str, &str), &Object> = HashMap::new();
    for object in peers.map(|(object, _)| object).chain(sidecars.map(|(object, _)| object)) {
        let namespace = namespace_of(object);
        let other = *first.entry((&object.kind, namespace)).or_insert(object);
        if std::ptr::eq(other, object) {
            continue;
        }
        let whole = if namespace == ROOT {
            "the whole mesh".to_owned()
        } else {
            format!("all of namespace {namespace}")
        };
        let message =
            format!("{} and {} are both for {whole}: only one of them holds", title(other), title(object));
        let finding = out.add(object, "metadata.name", message);
        finding.related(other, "metadata.name", "the other one");
        finding.help("keep one, or select with the other the pods for which it is meant");
    }
}
