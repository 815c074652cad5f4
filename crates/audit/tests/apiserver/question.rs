//! One object, and where the API server takes it.
use serde_json::Value;

/// One object to ask about.
pub struct Question {
    /// What it is, for people.
    pub what: String,
    /// Its kind.
    pub kind: String,
    /// The collection that it is sent to.
    pub path: String,
    /// YAML or JSON.
    pub manifest: String,
}

impl Question {
    /// `None` for kinds that the API server does not have by itself.
    pub fn of(what: String, manifest: String, object: &Value) -> Option<Self> {
        let text = |key: &str| object.get(key).and_then(Value::as_str);
        let (api_version, kind) = (text("apiVersion")?, text("kind")?);
        let (prefix, plural, namespaced) = collection(api_version, kind)?;
        let namespace = object.pointer("/metadata/namespace").and_then(Value::as_str);
        let namespace =
            namespace.filter(|name| !name.is_empty() && name.bytes().all(is_plain)).unwrap_or("default");
        let path = match namespaced {
            true => format!("{prefix}/namespaces/{namespace}/{plural}"),
            false => format!("{prefix}/{plural}"),
        };
        Some(Self { what, kind: kind.to_owned(), path, manifest })
    }

    /// The field that was changed, without the numbers of items.
    pub fn field(&self) -> String {
        let field = self.what.split(" = ").next().unwrap_or_default();
        field.chars().filter(|c| !c.is_ascii_digit()).collect()
    }
}

fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-'
}

fn collection(api_version: &str, kind: &str) -> Option<(String, &'static str, bool)> {
    let (plural, namespaced) = match (api_version, kind) {
        ("v1", "Namespace") => ("namespaces", false),
        ("v1", "Node") => ("nodes", false),
        ("v1", "Pod") => ("pods", true),
        ("v1", "Service") => ("services", true),
        ("v1", "Endpoints") => ("endpoints", true),
        ("v1", "ConfigMap") => ("configmaps", true),
        ("v1", "Secret") => ("secrets", true),
        ("v1", "ServiceAccount") => ("serviceaccounts", true),
        ("v1", "ReplicationController") => ("replicationcontrollers", true),
        ("apps/v1", "Deployment") => ("deployments", true),
        ("apps/v1", "ReplicaSet") => ("replicasets", true),
        ("apps/v1", "StatefulSet") => ("statefulsets", true),
        ("apps/v1", "DaemonSet") => ("daemonsets", true),
        ("batch/v1", "Job") => ("jobs", true),
        ("batch/v1", "CronJob") => ("cronjobs", true),
        ("discovery.k8s.io/v1", "EndpointSlice") => ("endpointslices", true),
        ("networking.k8s.io/v1", "NetworkPolicy") => ("networkpolicies", true),
        ("networking.k8s.io/v1", "Ingress") => ("ingresses", true),
        ("networking.k8s.io/v1", "IngressClass") => ("ingressclasses", false),
        ("policy/v1", "PodDisruptionBudget") => ("poddisruptionbudgets", true),
        ("autoscaling/v2", "HorizontalPodAutoscaler") => ("horizontalpodautoscalers", true),
        _ => return None,
    };
    let prefix = if api_version.contains('/') {
        format!("/apis/{api_version}")
    } else {
        format!("/api/{api_version}")
    };
    Some((prefix, plural, namespaced))
}
