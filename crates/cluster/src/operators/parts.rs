//! The pieces that operators put together: pods of one template, and Services.
use std::{collections::BTreeMap, sync::Arc};

use netloom_objects::{Location, Object, Source, parse_source};
use serde_json::{Map, Value, json};

/// Labels in the order of their keys.
pub type Labels = BTreeMap<String, String>;

/// Pods of one template.
pub struct Pods<'a> {
    /// The custom resource.
    pub of: &'a Object,
    /// What the pods are shown as: the custom resource, or one of its components.
    pub shown: String,
    /// The name of the object that makes the pods.
    pub name: String,
    /// Their labels.
    pub labels: Labels,
    /// What stands in the pods' spec beside the containers, as the custom resource says it.
    pub spec: Map<String, Value>,
    /// Name and ports of each container.
    pub containers: Vec<Value>,
    /// How many.
    pub replicas: u64,
}

/// No custom resource makes more pods than this of one template.
const MOST: u64 = 1_000;

impl Pods<'_> {
    /// As a StatefulSet makes them.
    pub fn stateful(self, service: &str) -> Option<Arc<Object>> {
        let mut spec = self.controller();
        spec.insert("serviceName".into(), service.into());
        self.object("apps/v1", "StatefulSet", spec)
    }

    /// As a Deployment makes them.
    pub fn deployment(self) -> Option<Arc<Object>> {
        let spec = self.controller();
        self.object("apps/v1", "Deployment", spec)
    }

    /// As a DaemonSet makes them.
    pub fn daemon_set(self) -> Option<Arc<Object>> {
        let mut spec = self.controller();
        spec.remove("replicas");
        self.object("apps/v1", "DaemonSet", spec)
    }

    /// One, with a name of its own below a headless Service.
    pub fn pod(mut self, service: &str) -> Option<Arc<Object>> {
        self.spec.insert("hostname".into(), self.name.as_str().into());
        self.spec.insert("subdomain".into(), service.into());
        let Value::Object(spec) = self.pod_spec() else { return None };
        self.object("v1", "Pod", spec)
    }

    fn pod_spec(&self) -> Value {
        let mut spec = self.spec.clone();
        spec.insert("containers".into(), self.containers.clone().into());
        spec.into()
    }

    fn controller(&self) -> Map<String, Value> {
        let template = json!({"metadata": {"labels": self.labels}, "spec": self.pod_spec()});
        let spec = json!({
            "replicas": self.replicas.min(MOST),
            "selector": {"matchLabels": self.labels},
            "template": template,
        });
        match spec {
            Value::Object(spec) => spec,
            _ => Map::new(),
        }
    }

    fn object(&self, api_version: &str, kind: &str, spec: Map<String, Value>) -> Option<Arc<Object>> {
        let owner = json!({"apiVersion": &*self.of.api_version, "kind": &*self.of.kind, "name": self.shown,
            "uid": "", "controller": true});
        let metadata = json!({"name": self.name, "labels": self.labels, "ownerReferences": [owner]});
        made(self.of, api_version, kind, metadata, spec.into())
    }
}

/// A Service; headless or not.
pub fn service(
    of: &Object,
    name: &str,
    headless: bool,
    selector: &Labels,
    ports: &[Port<'_>],
) -> Option<Arc<Object>> {
    let port = |p: &Port<'_>| json!({"name": p.0, "port": p.1, "targetPort": p.1, "protocol": p.2});
    let mut spec = json!({"selector": selector, "ports": ports.iter().map(port).collect::<Vec<_>>()});
    if headless {
        spec["clusterIP"] = "None".into();
    }
    made(of, "v1", "Service", json!({"name": name, "labels": selector}), spec)
}

/// Name, number and protocol of a port.
pub type Port<'a> = (&'a str, u16, &'a str);

/// A container with these ports.
pub fn container(name: &str, ports: &[Port<'_>]) -> Value {
    let port = |p: &Port<'_>| json!({"name": p.0, "containerPort": p.1, "protocol": p.2});
    json!({"name": name, "ports": ports.iter().map(port).collect::<Vec<_>>()})
}

/// The labels of pairs.
pub fn labels<'a>(pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> Labels {
    pairs.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}

/// The labels that a custom resource has at a path.
pub fn labels_at(of: &Object, path: &str) -> Labels {
    match of.value(path) {
        Some(Value::Object(map)) => {
            map.into_iter().filter_map(|(key, value)| Some((key, value.as_str()?.to_owned()))).collect()
        }
        _ => Labels::new(),
    }
}

/// A number that a custom resource has at a path.
pub fn number(of: &Object, path: &str) -> Option<u64> {
    of.text(path)?.parse().ok()
}

/// The fields of a custom resource that become those of the pods' spec.
pub fn pod_fields(of: &Object, below: &str) -> Map<String, Value> {
    const FIELDS: [&str; 7] = [
        "nodeSelector",
        "affinity",
        "tolerations",
        "topologySpreadConstraints",
        "serviceAccountName",
        "hostNetwork",
        "hostAliases",
    ];
    let field = |name: &&str| Some(((*name).to_owned(), of.value(&format!("{below}.{name}"))?));
    FIELDS.iter().filter_map(field).collect()
}

/// An object that stands where the custom resource does.
fn made(of: &Object, api_version: &str, kind: &str, mut metadata: Value, spec: Value) -> Option<Arc<Object>> {
    metadata["namespace"] = of.reference.namespace.as_deref()?.into();
    let text = json!({"apiVersion": api_version, "kind": kind, "metadata": metadata, "spec": spec});
    let source = Source { name: Location::builtin().file, text: Arc::from(text.to_string()) };
    let mut object = (*parse_source(&source).objects.pop()?).clone();
    object.reference = of.reference.clone();
    Some(Arc::new(object))
}
