//! What operators make of their custom resources, where its form is fixed: pods with their labels and ports, and the
//! Services in front of them. They are objects like any other, declared by the custom resource.
mod databases;
mod parts;
mod prometheus;
mod rabbit;
mod ray;
mod rollout;
mod strimzi;

use std::sync::Arc;

use netloom_objects::{Object, Typed};

use crate::input::same;

/// How an operator reads a custom resource, among the others of the set that concern it.
type Operator = fn(&Object, &[Arc<Object>]) -> Vec<Arc<Object>>;

/// The operators by API group and kind.
const OPERATORS: [(&str, &str, Operator); 13] = [
    ("argoproj.io", "Rollout", rollout::of_reference),
    ("elasticsearch.k8s.elastic.co", "Elasticsearch", databases::elasticsearch),
    ("kafka.strimzi.io", "Kafka", strimzi::kafka),
    ("kafka.strimzi.io", "KafkaBridge", strimzi::bridge),
    ("kafka.strimzi.io", "KafkaConnect", strimzi::connect),
    ("kibana.k8s.elastic.co", "Kibana", databases::kibana),
    ("monitoring.coreos.com", "Alertmanager", prometheus::alertmanager),
    ("monitoring.coreos.com", "Prometheus", prometheus::prometheus),
    ("monitoring.coreos.com", "PrometheusAgent", prometheus::agent),
    ("monitoring.coreos.com", "ThanosRuler", prometheus::thanos_ruler),
    ("postgresql.cnpg.io", "Cluster", databases::postgres),
    ("rabbitmq.com", "RabbitmqCluster", rabbit::rabbit),
    ("ray.io", "RayCluster", ray::head_service),
];

/// Kinds that say something about the objects of others.
const HELPERS: [(&str, &str); 1] = [("kafka.strimzi.io", "KafkaNodePool")];

fn operator(object: &Object) -> Option<Operator> {
    if object.typed.is_known() {
        return None;
    }
    let group = object.group();
    OPERATORS.iter().find(|(g, kind, _)| *g == group && *kind == &*object.kind).map(|(.., read)| *read)
}

/// Whether netloom knows what an operator makes of the objects of a kind.
pub fn makes_pods(group: &str, kind: &str) -> bool {
    // The pods of these two are those of the templates in them.
    !matches!((group, kind), ("argoproj.io", "Rollout") | ("ray.io", "RayCluster"))
        && OPERATORS.iter().any(|(g, k, _)| (*g, *k) == (group, kind))
}

/// What operators made of the objects last.
#[derive(Default)]
pub struct Operators {
    of: Vec<Arc<Object>>,
    made: Vec<Arc<Object>>,
}

impl Operators {
    /// What operators make of these objects, and does not stand among them itself.
    pub fn make(&mut self, objects: &[&Arc<Object>]) -> &[Arc<Object>] {
        let concerned = |object: &&&Arc<Object>| {
            operator(object).is_some()
                || HELPERS.iter().any(|(group, kind)| *kind == &*object.kind && *group == object.group())
        };
        let mut of: Vec<Arc<Object>> =
            objects.iter().filter(concerned).map(|object| Arc::clone(object)).collect();
        let references = of.iter().filter_map(|object| rollout::reference(object)).collect::<Vec<_>>();
        if !references.is_empty() {
            let named = |object: &&&Arc<Object>| {
                matches!(object.typed, Typed::Deployment(_))
                    && references.iter().any(|(namespace, name)| {
                        **name == *object.name && object.reference.namespace.as_deref() == Some(namespace)
                    })
            };
            of.extend(objects.iter().filter(named).map(|object| Arc::clone(object)).collect::<Vec<_>>());
        }
        if same(&of, &self.of) {
            return &self.made;
        }
        let made = of.iter().filter_map(|object| Some(operator(object)?(object, &of))).flatten();
        let is_there = |made: &Arc<Object>| {
            objects.iter().any(|own| {
                own.kind == made.kind
                    && own.name == made.name
                    && own.typed.is_known()
                    && own.reference.namespace == made.reference.namespace
            })
        };
        self.made = made.filter(|made| !is_there(made)).collect();
        self.of = of;
        &self.made
    }
}
