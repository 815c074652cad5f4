//! Strimzi: Kafka with its node pools, Kafka Connect and the bridge (strimzi-kafka-operator: KafkaCluster,
//! ListenersUtils, EntityOperator, ZookeeperCluster and WorkloadUtils in io.strimzi.operator.cluster.model, and
//! io.strimzi.operator.common.model.Labels).
use std::sync::Arc;

use netloom_objects::Object;
use serde_json::{Map, Value};

use super::parts::{Labels, Pods, Port, container, labels, labels_at, number, service};

const CONTROL: Port<'_> = ("tcp-ctrlplane", 9090, "TCP");
const REPLICATION: Port<'_> = ("tcp-replication", 9091, "TCP");
const AGENT: Port<'_> = ("tcp-kafkaagent", 8443, "TCP");
const METRICS: Port<'_> = ("tcp-prometheus", 9404, "TCP");
const BROKER: &str = "strimzi.io/broker-role";
const CONTROLLER: &str = "strimzi.io/controller-role";

/// A component of a custom resource: what it is called, and in which labels.
struct Component<'a> {
    of: &'a Object,
    /// `strimzi.io/name`, and the name of what makes its pods.
    name: String,
    /// `app.kubernetes.io/name`, and `strimzi.io/component-type`.
    app: &'a str,
}

impl<'a> Component<'a> {
    /// The labels that select its pods.
    fn selector(&self) -> Labels {
        labels([
            ("strimzi.io/cluster", &*self.of.name),
            ("strimzi.io/kind", &*self.of.kind),
            ("strimzi.io/name", &*self.name),
        ])
    }

    fn labels(&self) -> Labels {
        // The custom resource's own labels go to its pods, but for those that tell who manages it.
        let mut all = self.of.labels().clone();
        all.retain(|key, _| {
            let manages = ["app.kubernetes.io/", "kustomize.toolkit.fluxcd.io"];
            key.starts_with("app.kubernetes.io/part-of") || !manages.iter().any(|of| key.starts_with(of))
        });
        all.extend(self.selector());
        let part_of = format!("strimzi-{}", self.of.name);
        all.extend(labels([
            ("strimzi.io/component-type", self.app),
            ("app.kubernetes.io/name", self.app),
            ("app.kubernetes.io/instance", &*self.of.name),
            ("app.kubernetes.io/managed-by", "strimzi-cluster-operator"),
        ]));
        all.entry("app.kubernetes.io/part-of".to_owned()).or_insert(part_of);
        all
    }

    fn pods(&self, containers: Vec<Value>, replicas: u64) -> Pods<'a> {
        Pods {
            of: self.of,
            shown: self.name.clone(),
            name: self.name.clone(),
            labels: self.labels(),
            spec: account(&self.name),
            containers,
            replicas,
        }
    }

    /// One of the pods that the operator makes without a controller of Kubernetes.
    fn numbered(
        &self,
        set: &str,
        nth: u64,
        ports: &[Port<'_>],
        more: &Labels,
        names: &str,
    ) -> Option<Arc<Object>> {
        let name = format!("{set}-{nth}");
        let mut pods = self.pods(vec![container(self.app, ports)], 1);
        pods.labels.extend(more.clone());
        pods.labels.extend(labels([
            ("strimzi.io/controller", "strimzipodset"),
            ("strimzi.io/controller-name", set),
            ("strimzi.io/pod-name", &*name),
            ("statefulset.kubernetes.io/pod-name", &*name),
        ]));
        pods.name = name;
        pods.pod(names)
    }
}

/// A component has an account of its own name.
fn account(name: &str) -> Map<String, Value> {
    Map::from_iter([("serviceAccountName".to_owned(), Value::from(name))])
}

pub fn kafka(of: &Object, others: &[Arc<Object>]) -> Vec<Arc<Object>> {
    let listeners = listeners(of);
    let internal: Vec<Port<'_>> =
        listeners.iter().filter(|l| l.type_ == "internal").map(|l| (&*l.name, l.port, "TCP")).collect();
    let brokers = Component { of, name: format!("{}-kafka", of.name), app: "kafka" };
    let names = format!("{}-kafka-brokers", of.name);
    let mut made = Vec::new();
    let mut next = 0;
    let pools = pools(of, others);
    for pool in &pools {
        let ports = ports(of, &listeners, pool);
        for _ in 0..pool.replicas {
            made.extend(brokers.numbered(&pool.set, next, &ports, &pool.labels, &names));
            next += 1;
        }
    }
    let mut bootstrap = brokers.selector();
    if pools.iter().any(|pool| pool.labels.contains_key(BROKER)) {
        bootstrap.insert(BROKER.into(), "true".into());
    }
    let front: Vec<Port<'_>> = [REPLICATION].into_iter().chain(internal.iter().copied()).collect();
    made.extend(service(of, &format!("{}-kafka-bootstrap", of.name), false, &bootstrap, &front));
    let mut each = vec![CONTROL, REPLICATION, AGENT];
    each.extend(internal);
    made.extend(service(of, &names, true, &brokers.selector(), &each));
    for listener in listeners.iter().filter(|listener| listener.type_ == "cluster-ip") {
        let port = [(&*listener.name, listener.port, "TCP")];
        made.extend(service(of, &listener.bootstrap(of), false, &bootstrap, &port));
    }
    made.extend(zookeeper(of));
    made.extend(helpers(of));
    made
}

struct Listener<'a> {
    /// What its port is called.
    name: String,
    own: &'a str,
    port: u16,
    type_: &'a str,
}

impl Listener<'_> {
    /// The Service in front of a listener that is not in the common one.
    fn bootstrap(&self, of: &Object) -> String {
        format!("{}-kafka-{}-bootstrap", of.name, self.own)
    }
}

fn listeners(of: &Object) -> Vec<Listener<'_>> {
    let read = |nth: usize| {
        let at = format!("spec.kafka.listeners[{nth}]");
        let own = of.text(&format!("{at}.name"))?;
        let port: u16 = of.text(&format!("{at}.port"))?.parse().ok()?;
        let type_ = of.text(&format!("{at}.type")).unwrap_or("internal");
        // The ports of the first listeners have names of old.
        let name = match (port, own, type_) {
            (9092, "plain", "internal") => "tcp-clients".to_owned(),
            (9093, "tls", "internal") => "tcp-clientstls".to_owned(),
            _ => format!("tcp-{own}"),
        };
        Some(Listener { name, own, port, type_ })
    };
    (0..of.count("spec.kafka.listeners")).filter_map(read).collect()
}

/// The ports of a pool's pods: those for clients and for replication are brokers', that of the control plane
/// controllers'. A cluster without pools has them all.
fn ports<'a>(of: &Object, listeners: &'a [Listener<'_>], pool: &Pool) -> Vec<Port<'a>> {
    let is_no = |role: &str| pool.labels.get(role).is_some_and(|is| is == "false");
    let mut ports = vec![AGENT];
    if !is_no(CONTROLLER) {
        ports.push(CONTROL);
    }
    if !is_no(BROKER) {
        ports.push(REPLICATION);
        ports.extend(listeners.iter().map(|l| (&*l.name, l.port, "TCP")));
    }
    if of.is_written("spec.kafka.metricsConfig") {
        ports.push(METRICS);
    }
    ports
}

struct Pool {
    set: String,
    replicas: u64,
    labels: Labels,
}

/// The node pools of a cluster; the cluster itself where it has none.
fn pools(of: &Object, others: &[Arc<Object>]) -> Vec<Pool> {
    let mut pools: Vec<&Arc<Object>> = others
        .iter()
        .filter(|other| {
            &*other.kind == "KafkaNodePool"
                && other.reference.namespace == of.reference.namespace
                && other.labels().get("strimzi.io/cluster").is_some_and(|cluster| *cluster == *of.name)
        })
        .collect();
    pools.sort_by(|a, b| a.name.cmp(&b.name));
    if pools.is_empty() {
        let replicas = number(of, "spec.kafka.replicas").unwrap_or(0).min(100);
        let labels = labels_at(of, "spec.kafka.template.pod.metadata.labels");
        return vec![Pool { set: format!("{}-kafka", of.name), replicas, labels }];
    }
    let read = |pool: &Arc<Object>| {
        let roles: Vec<&str> = (0..pool.count("spec.roles"))
            .filter_map(|nth| pool.text(&format!("spec.roles[{nth}]")))
            .collect();
        let has = |role: &str| if roles.contains(&role) { "true" } else { "false" };
        let mut all = labels_at(of, "spec.kafka.template.pod.metadata.labels");
        all.extend(labels_at(pool, "spec.template.pod.metadata.labels"));
        all.extend(labels([
            ("strimzi.io/pool-name", &*pool.name),
            (BROKER, has("broker")),
            (CONTROLLER, has("controller")),
        ]));
        Pool {
            set: format!("{}-{}", of.name, pool.name),
            replicas: number(pool, "spec.replicas").unwrap_or(0).min(100),
            labels: all,
        }
    };
    pools.into_iter().map(read).collect()
}

fn zookeeper(of: &Object) -> Vec<Arc<Object>> {
    let Some(replicas) = number(of, "spec.zookeeper.replicas") else { return Vec::new() };
    let part = Component { of, name: format!("{}-zookeeper", of.name), app: "zookeeper" };
    let ports =
        [("tcp-clustering", 2888, "TCP"), ("tcp-election", 3888, "TCP"), ("tcp-clients", 2181, "TCP")];
    let names = format!("{}-zookeeper-nodes", of.name);
    let none = Labels::new();
    let mut made: Vec<_> = (0..replicas.min(100))
        .filter_map(|nth| part.numbered(&part.name, nth, &ports, &none, &names))
        .collect();
    made.extend(service(of, &format!("{}-zookeeper-client", of.name), false, &part.selector(), &ports[2..]));
    made.extend(service(of, &names, true, &part.selector(), &[ports[2], ports[0], ports[1]]));
    made
}

/// What may run beside the brokers: the entity operator, the exporter and Cruise Control.
fn helpers(of: &Object) -> Vec<Arc<Object>> {
    let part = |app| Component { of, name: format!("{}-{app}", of.name), app };
    let mut made = Vec::new();
    // Without either of its two operators there is no entity operator.
    let operators = [("topicOperator", "topic-operator", 8080), ("userOperator", "user-operator", 8081)];
    let entity: Vec<Value> = operators
        .into_iter()
        .filter(|(field, ..)| of.is_written(&format!("spec.entityOperator.{field}")))
        .map(|(_, name, port)| container(name, &[("healthcheck", port, "TCP")]))
        .collect();
    if !entity.is_empty() {
        made.extend(part("entity-operator").pods(entity, 1).deployment());
    }
    if of.is_written("spec.kafkaExporter") {
        made.extend(
            part("kafka-exporter").pods(vec![container("kafka-exporter", &[METRICS])], 1).deployment(),
        );
    }
    if of.is_written("spec.cruiseControl") {
        let part = part("cruise-control");
        let ports = [("rest-api", 9090, "TCP")];
        made.extend(part.pods(vec![container("cruise-control", &ports)], 1).deployment());
        made.extend(service(of, &part.name, false, &part.selector(), &ports));
    }
    made
}

pub fn connect(of: &Object, _: &[Arc<Object>]) -> Vec<Arc<Object>> {
    let part = Component { of, name: format!("{}-connect", of.name), app: "kafka-connect" };
    let ports = [("rest-api", 8083, "TCP")];
    let replicas = number(of, "spec.replicas").unwrap_or(3).min(100);
    let own = labels_at(of, "spec.template.pod.metadata.labels");
    let mut made: Vec<_> =
        (0..replicas).filter_map(|nth| part.numbered(&part.name, nth, &ports, &own, &part.name)).collect();
    made.extend(service(of, &format!("{}-connect-api", of.name), false, &part.selector(), &ports));
    made.extend(service(of, &part.name, true, &part.selector(), &ports));
    made
}

pub fn bridge(of: &Object, _: &[Arc<Object>]) -> Vec<Arc<Object>> {
    let part = Component { of, name: format!("{}-bridge", of.name), app: "kafka-bridge" };
    let port = of.text("spec.http.port").and_then(|port| port.parse().ok()).unwrap_or(8080);
    let ports = [("rest-api", port, "TCP")];
    let replicas = number(of, "spec.replicas").unwrap_or(1).min(100);
    let pods = part.pods(vec![container("kafka-bridge", &ports)], replicas).deployment();
    let front = service(of, &format!("{}-bridge-service", of.name), false, &part.selector(), &ports);
    pods.into_iter().chain(front).collect()
}
