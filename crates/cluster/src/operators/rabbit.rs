//! RabbitMQ's cluster operator (rabbitmq/cluster-operator: internal/resource/statefulset.go, service.go,
//! headless_service.go, internal/metadata/label.go).
use std::sync::Arc;

use netloom_objects::Object;

use super::parts::{Pods, Port, container, labels, number, pod_fields, service};

const EPMD: Port<'_> = ("epmd", 4369, "TCP");
const PROMETHEUS: Port<'_> = ("prometheus", 15692, "TCP");
const PROMETHEUS_TLS: Port<'_> = ("prometheus-tls", 15691, "TCP");

/// A listener: its plugins, any of which opens it, none where it is always open, and its port.
type Listener = (&'static [&'static str], Port<'static>);

const STREAM: &[&str] = &["rabbitmq_stream", "rabbitmq_multi_dc_replication"];

const PLAIN: [Listener; 7] = [
    (&[], ("amqp", 5672, "TCP")),
    (&[], ("management", 15672, "TCP")),
    (&["rabbitmq_mqtt"], ("mqtt", 1883, "TCP")),
    (&["rabbitmq_web_mqtt"], ("web-mqtt", 15675, "TCP")),
    (&["rabbitmq_stomp"], ("stomp", 61613, "TCP")),
    (&["rabbitmq_web_stomp"], ("web-stomp", 15674, "TCP")),
    (STREAM, ("stream", 5552, "TCP")),
];
const TLS: [Listener; 5] = [
    (&[], ("amqps", 5671, "TCP")),
    (&[], ("management-tls", 15671, "TCP")),
    (&["rabbitmq_mqtt"], ("mqtts", 8883, "TCP")),
    (&["rabbitmq_stomp"], ("stomps", 61614, "TCP")),
    (STREAM, ("streams", 5551, "TCP")),
];
/// Open where clients have to show a certificate.
const MUTUAL_TLS: [Listener; 2] = [
    (&["rabbitmq_web_mqtt"], ("web-mqtt-tls", 15676, "TCP")),
    (&["rabbitmq_web_stomp"], ("web-stomp-tls", 15673, "TCP")),
];

pub fn rabbit(of: &Object, _: &[Arc<Object>]) -> Vec<Arc<Object>> {
    let mut all = of.labels().clone();
    all.retain(|key, _| !key.starts_with("app.kubernetes.io"));
    all.extend(labels([
        ("app.kubernetes.io/name", &*of.name),
        ("app.kubernetes.io/component", "rabbitmq"),
        ("app.kubernetes.io/part-of", "rabbitmq"),
    ]));
    let mut spec = pod_fields(of, "spec");
    spec.insert("serviceAccountName".into(), format!("{}-server", of.name).into());
    let tls = of.text("spec.tls.secretName").is_some() || of.is_written("spec.secretBackend.vault.tls");
    let plain = of.text("spec.tls.disableNonTLSListeners") != Some("true");
    let clients = listeners(of, plain, tls);
    let mut ports = vec![EPMD];
    ports.extend(clients.iter().copied());
    ports.extend(plain.then_some(PROMETHEUS));
    ports.extend((tls || !plain).then_some(PROMETHEUS_TLS));
    let pods = Pods {
        of,
        shown: of.name.to_string(),
        name: format!("{}-server", of.name),
        labels: all,
        spec,
        containers: vec![container("rabbitmq", &ports)],
        replicas: number(of, "spec.replicas").unwrap_or(1),
    };
    let selector = labels([("app.kubernetes.io/name", &*of.name)]);
    let nodes = format!("{}-nodes", of.name);
    // The Service has one port for metrics, so that no node is scraped twice.
    let mut front = clients;
    front.push(if tls { PROMETHEUS_TLS } else { PROMETHEUS });
    let between = [EPMD, ("cluster-rpc", 25672, "TCP")];
    let made = [
        pods.stateful(&nodes),
        service(of, &of.name, false, &selector, &front),
        service(of, &nodes, true, &selector, &between),
    ];
    made.into_iter().flatten().collect()
}

/// The ports for clients.
fn listeners(of: &Object, plain: bool, tls: bool) -> Vec<Port<'static>> {
    let path = "spec.rabbitmq.additionalPlugins";
    let plugins: Vec<&str> =
        (0..of.count(path)).filter_map(|nth| of.text(&format!("{path}[{nth}]"))).collect();
    let mutual = tls && of.text("spec.tls.caSecretName").is_some();
    let sets: [(bool, &[Listener]); 3] = [(plain, &PLAIN), (tls || !plain, &TLS), (mutual, &MUTUAL_TLS)];
    let open = sets.into_iter().filter(|(is_open, _)| *is_open).flat_map(|(_, listeners)| listeners);
    open.filter(|(by, _)| by.is_empty() || by.iter().any(|plugin| plugins.contains(plugin)))
        .map(|(_, port)| *port)
        .collect()
}
