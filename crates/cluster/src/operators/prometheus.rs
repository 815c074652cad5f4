//! The Prometheus operator: Prometheus, PrometheusAgent, Alertmanager and ThanosRuler (prometheus-operator:
//! `makeSelectorLabels`, `makeStatefulSetSpec` and `makeStatefulSetService` in pkg/{prometheus/server,prometheus/agent,
//! alertmanager,thanos}, `CreateConfigReloader` in pkg/operator/config_reloader.go).
use std::sync::Arc;

use netloom_objects::Object;
use serde_json::Value;

use super::parts::{Labels, Pods, Port, container, labels, labels_at, number, pod_fields, service};

const RELOADER: Port<'_> = ("reloader-web", 8080, "TCP");

/// What the four kinds differ in.
struct Form<'a> {
    /// `app.kubernetes.io/name`.
    app: &'a str,
    /// The label with the name of the custom resource, which agents do not have.
    named_by: Option<&'a str>,
    /// What stands before the name in that of the StatefulSet.
    prefix: &'a str,
    /// The container.
    container: &'a str,
    /// The Service that gives the pods their names.
    service: &'a str,
    ports: Vec<Port<'a>>,
}

pub fn prometheus(of: &Object, _: &[Arc<Object>]) -> Vec<Arc<Object>> {
    let form = Form {
        app: "prometheus",
        named_by: Some("prometheus"),
        prefix: "prometheus",
        container: "prometheus",
        service: "prometheus-operated",
        ports: web(of, 9090),
    };
    form.make(of)
}

pub fn agent(of: &Object, _: &[Arc<Object>]) -> Vec<Arc<Object>> {
    let form = Form {
        app: "prometheus-agent",
        named_by: None,
        prefix: "prom-agent",
        container: "prometheus",
        service: "prometheus-agent-operated",
        ports: web(of, 9090),
    };
    form.make(of)
}

pub fn alertmanager(of: &Object, _: &[Arc<Object>]) -> Vec<Arc<Object>> {
    let mut ports = web(of, 9093);
    ports.extend([("mesh-tcp", 9094, "TCP"), ("mesh-udp", 9094, "UDP")]);
    let form = Form {
        app: "alertmanager",
        named_by: Some("alertmanager"),
        prefix: "alertmanager",
        container: "alertmanager",
        service: "alertmanager-operated",
        ports,
    };
    form.make(of)
}

pub fn thanos_ruler(of: &Object, _: &[Arc<Object>]) -> Vec<Arc<Object>> {
    let mut ports = web(of, 10902);
    ports.push(("grpc", 10901, "TCP"));
    let form = Form {
        app: "thanos-ruler",
        named_by: Some("thanos-ruler"),
        prefix: "thanos-ruler",
        container: "thanos-ruler",
        service: "thanos-ruler-operated",
        ports,
    };
    form.make(of)
}

/// The port for requests; none where it listens on the pod's loopback only.
fn web(of: &Object, number: u16) -> Vec<Port<'_>> {
    if listens_local(of) {
        return Vec::new();
    }
    vec![(of.text("spec.portName").unwrap_or("web"), number, "TCP")]
}

fn listens_local(of: &Object) -> bool {
    of.text("spec.listenLocal") == Some("true")
}

impl Form<'_> {
    fn make(&self, of: &Object) -> Vec<Arc<Object>> {
        let is_prometheus = self.container == "prometheus";
        let shards = if is_prometheus { number(of, "spec.shards").unwrap_or(1).min(64) } else { 1 };
        let as_daemon = of.text("spec.mode") == Some("DaemonSet");
        let governing = of.text("spec.serviceName").unwrap_or(self.service).to_owned();
        let mut made = Vec::new();
        for shard in 0..shards {
            let mut name = format!("{}-{}", self.prefix, of.name);
            if shard > 0 {
                name.push_str(&format!("-shard-{shard}"));
            }
            let pods = Pods {
                of,
                shown: of.name.to_string(),
                name,
                labels: self.labels(of, (!as_daemon).then_some(shard)),
                spec: pod_fields(of, "spec"),
                containers: self.containers(of),
                replicas: number(of, "spec.replicas").unwrap_or(1),
            };
            made.extend(if as_daemon { pods.daemon_set() } else { pods.stateful(&governing) });
        }
        // No Service governs a DaemonSet, and one that is named is the user's own.
        if governing == self.service && !as_daemon {
            let selector = labels([("app.kubernetes.io/name", self.app)]);
            let mut ports = self.ports.clone();
            if is_prometheus && of.is_written("spec.thanos") {
                ports.push(("grpc", 10901, "TCP"));
            }
            // The Service of Alertmanager calls its ports for the cluster otherwise than the pods do.
            for port in &mut ports {
                port.0 = match port.0 {
                    "mesh-tcp" => "tcp-mesh",
                    "mesh-udp" => "udp-mesh",
                    name => name,
                };
            }
            made.extend(service(of, self.service, true, &selector, &ports));
        }
        made
    }

    fn labels(&self, of: &Object, shard: Option<u64>) -> Labels {
        let mut all = labels_at(of, "spec.podMetadata.labels");
        // The operator does not tell the version of a ThanosRuler, and lets the metadata overwrite that of others.
        if let Some(version) = of.text("spec.version").filter(|_| self.container != "thanos-ruler") {
            let version = version.trim_start_matches('v').to_owned();
            all.entry("app.kubernetes.io/version".to_owned()).or_insert(version);
        }
        all.extend(labels([
            ("app.kubernetes.io/name", self.app),
            ("app.kubernetes.io/managed-by", "prometheus-operator"),
            ("app.kubernetes.io/instance", &*of.name),
        ]));
        all.extend(self.named_by.map(|key| (key.to_owned(), of.name.to_string())));
        if self.container == "prometheus" {
            all.insert("operator.prometheus.io/name".into(), of.name.to_string());
            // Pods of a DaemonSet are no shards.
            all.extend(shard.map(|shard| ("operator.prometheus.io/shard".to_owned(), shard.to_string())));
        }
        all
    }

    fn containers(&self, of: &Object) -> Vec<Value> {
        let mut containers = vec![container(self.container, &self.ports)];
        // Beside a ThanosRuler too: it has one ConfigMap with rules at least, if an empty one.
        let reloader: &[Port<'_>] = if listens_local(of) { &[] } else { &[RELOADER] };
        containers.push(container("config-reloader", reloader));
        if self.container == "prometheus" && of.is_written("spec.thanos") {
            containers.push(container("thanos-sidecar", &[("grpc", 10901, "TCP"), ("http", 10902, "TCP")]));
        }
        // Containers of the custom resource are added, or change those that the operator makes.
        let known = |name: &str| containers.iter().any(|c| c["name"] == *name);
        let own =
            (0..of.count("spec.containers")).filter_map(|nth| of.value(&format!("spec.containers[{nth}]")));
        let more: Vec<Value> = own.filter(|c| c["name"].as_str().is_some_and(|name| !known(name))).collect();
        containers.extend(more);
        containers
    }
}
