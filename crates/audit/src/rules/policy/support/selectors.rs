//! What selectors take, nearly take, and would take elsewhere.
use std::collections::BTreeMap;

use netloom_cluster::{NamespaceMatch, Operator, PodPeer, Selector};

use super::Group;
use crate::Context;

/// Whether an object that has these labels, and perhaps more, can be selected.
pub fn is_compatible(selector: &Selector, labels: &BTreeMap<String, String>) -> bool {
    selector.requirements.iter().all(|r| match (&r.operator, labels.get(&r.key)) {
        (Operator::In(values), Some(value)) => values.contains(value),
        (Operator::NotIn(values), Some(value)) => !values.contains(value),
        (Operator::DoesNotExist, Some(_)) => false,
        _ => true,
    })
}

/// Whether policies that netloom does not read (Cilium's, Calico's) may speak about a namespace.
pub fn has_foreign_policies(cx: &Context<'_>, namespace: &str) -> bool {
    let local = [
        ("cilium.io", "CiliumNetworkPolicy"),
        ("crd.projectcalico.org", "NetworkPolicy"),
        ("projectcalico.org", "NetworkPolicy"),
    ];
    let wide = [
        ("cilium.io", "CiliumClusterwideNetworkPolicy"),
        ("crd.projectcalico.org", "GlobalNetworkPolicy"),
        ("projectcalico.org", "GlobalNetworkPolicy"),
    ];
    local.iter().any(|(group, kind)| {
        cx.all_of(group, kind).iter().any(|o| o.reference.namespace.as_deref() == Some(namespace))
    }) || wide.iter().any(|(group, kind)| !cx.all_of(group, kind).is_empty())
}

/// Whether pods have nearly the labels that a selector asks for: each is there under this or another key, or with a
/// value that differs by a typing error, and at least one of them not exactly.
pub fn is_near(selector: &Selector, group: &Group) -> bool {
    let close = |key: &str, wanted: &str| match group.labels.get(key) {
        Some(value) if value == wanted => true,
        Some(value) => wanted.len() > 4 && netloom_objects::edit_distance(value, wanted) <= 2,
        None => group.labels.values().any(|value| value == wanted),
    };
    !group.stand_in
        && !selector.requirements.is_empty()
        && selector.requirements.iter().all(|r| match &r.operator {
            Operator::In(values) => values.iter().any(|value| close(&r.key, value)),
            _ => false,
        })
}

/// Whether a peer is a podSelector alone, of whose pods none is in the policy's own namespace and some are in another.
pub fn is_elsewhere(cx: &Context<'_>, peer: &PodPeer, home: &str) -> bool {
    if !matches!(&peer.namespaces, NamespaceMatch::Named(name) if **name == *home)
        || peer.pods.requirements.is_empty()
    {
        return false;
    }
    let (index, snapshot) = (cx.policy_index(), cx.snapshot());
    if index.select_real(snapshot, peer).next().is_some() {
        return false;
    }
    let anywhere =
        PodPeer { namespaces: NamespaceMatch::Labels(Selector::default()), pods: peer.pods.clone() };
    index.select_real(snapshot, &anywhere).next().is_some()
}
