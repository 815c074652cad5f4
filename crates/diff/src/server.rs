//! What the server writes into objects by itself: no change of anybody's.
use serde_json::{Map, Value};

/// Fields of metadata.
const METADATA: [&str; 6] =
    ["resourceVersion", "uid", "generation", "managedFields", "creationTimestamp", "selfLink"];

/// Annotations of controllers, kubelets and kubectl.
const ANNOTATIONS: [&str; 14] = [
    "kubectl.kubernetes.io/last-applied-configuration",
    "deployment.kubernetes.io/revision",
    "deployment.kubernetes.io/revision-history",
    "deployment.kubernetes.io/desired-replicas",
    "deployment.kubernetes.io/max-replicas",
    "deprecated.daemonset.template.generation",
    "endpoints.kubernetes.io/last-change-trigger-time",
    "control-plane.alpha.kubernetes.io/leader",
    "node.alpha.kubernetes.io/ttl",
    "volumes.kubernetes.io/controller-managed-attach-detach",
    "csi.volume.kubernetes.io/nodeid",
    "pv.kubernetes.io/bind-completed",
    "pv.kubernetes.io/bound-by-controller",
    "batch.kubernetes.io/job-tracking",
];

/// Fields of a Lease that every heartbeat writes anew.
const LEASE: [&str; 3] = ["renewTime", "acquireTime", "leaseTransitions"];

/// Takes away what the server writes. Of a status stays what the network follows from: addresses, and whether a pod
/// is there and ready.
pub(crate) fn strip(kind: &str, object: &mut Value) {
    let Value::Object(fields) = object else { return };
    if let Some(status) = fields.remove("status").and_then(|status| kept(kind, &status)) {
        fields.insert("status".to_owned(), status);
    }
    metadata(fields);
    let Some(Value::Object(spec)) = fields.get_mut("spec") else { return };
    if kind == "Lease" {
        LEASE.iter().for_each(|name| _ = spec.remove(*name));
    }
    below(spec);
}

/// `metadata` of one mapping.
fn metadata(fields: &mut Map<String, Value>) {
    // The server writes a template's empty metadata out.
    let metadata = fields.entry("metadata").or_insert_with(|| Value::Object(Map::new()));
    let Value::Object(metadata) = metadata else { return };
    METADATA.iter().for_each(|name| _ = metadata.remove(*name));
    if let Some(Value::Object(annotations)) = metadata.get_mut("annotations") {
        ANNOTATIONS.iter().for_each(|name| _ = annotations.remove(*name));
    }
    // None and no annotations are the same, and the first of them is told by its own name.
    let annotations = metadata.entry("annotations").or_insert(Value::Null);
    if annotations.is_null() {
        *annotations = Value::Object(Map::new());
    }
    let owners = metadata.get_mut("ownerReferences").and_then(Value::as_array_mut);
    for owner in owners.into_iter().flatten().filter_map(Value::as_object_mut) {
        owner.remove("uid");
    }
}

fn is_empty(value: &Value) -> bool {
    value.is_null() || value.as_object().is_some_and(Map::is_empty)
}

/// Templates of pods, jobs and claims have metadata of their own.
fn below(spec: &mut Map<String, Value>) {
    for name in ["template", "jobTemplate"] {
        if let Some(Value::Object(template)) = spec.get_mut(name) {
            metadata(template);
            if let Some(Value::Object(inner)) = template.get_mut("spec") {
                below(inner);
            }
        }
    }
    let claims = spec.get_mut("volumeClaimTemplates").and_then(Value::as_array_mut);
    for claim in claims.into_iter().flatten().filter_map(Value::as_object_mut) {
        claim.remove("status");
        metadata(claim);
    }
}

/// What of a status the network follows from.
fn kept(kind: &str, status: &Value) -> Option<Value> {
    let names: &[&str] = match kind {
        "Pod" => &["phase", "podIP", "podIPs", "hostIP", "hostIPs"],
        "Node" => &["addresses"],
        "Service" => &["loadBalancer"],
        _ => &[],
    };
    let conditions: &[&str] = match kind {
        "Pod" => &["Ready"],
        "Job" => &["Complete", "Failed"],
        _ => &[],
    };
    let own = names.iter().filter_map(|name| Some(((*name).to_owned(), status.get(name)?.clone())));
    let mut kept: Map<String, Value> = own.filter(|(_, value)| !is_empty(value)).collect();
    let all = status.get("conditions").and_then(Value::as_array).into_iter().flatten();
    let said = all.filter_map(|condition| {
        let name = condition.get("type")?.as_str().filter(|name| conditions.contains(name))?;
        Some((name.to_owned(), condition.get("status")?.clone()))
    });
    let said: Map<String, Value> = said.collect();
    if !said.is_empty() {
        kept.insert("conditions".to_owned(), Value::Object(said));
    }
    (!kept.is_empty()).then_some(Value::Object(kept))
}
