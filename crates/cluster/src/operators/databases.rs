//! Operators of stores: CloudNativePG, RabbitMQ's, Elastic's.
use std::sync::Arc;

use netloom_objects::Object;
use serde_json::Map;

use super::parts::{Labels, Pods, Port, container, labels, labels_at, number, pod_fields, service};

pub fn postgres(of: &Object, _: &[Arc<Object>]) -> Vec<Arc<Object>> {
    let ports = [("postgresql", 5432, "TCP"), ("metrics", 9187, "TCP"), ("status", 8000, "TCP")];
    let inherited = labels_at(of, "spec.inheritedMetadata.labels");
    let pod = |nth: u64| {
        let role = if nth == 1 { "primary" } else { "replica" };
        let name = format!("{}-{nth}", of.name);
        let mut all = inherited.clone();
        all.extend(labels([
            ("cnpg.io/cluster", &*of.name),
            ("cnpg.io/instanceName", &*name),
            ("cnpg.io/instanceRole", role),
            ("cnpg.io/podRole", "instance"),
            ("role", role),
        ]));
        let mut spec = pod_fields(of, "spec.affinity");
        spec.remove("affinity");
        spec.insert("serviceAccountName".into(), (*of.name).into());
        let containers = vec![container("postgres", &ports)];
        Pods { of, shown: of.name.to_string(), name, labels: all, spec, containers, replicas: 1 }.pod("")
    };
    let mut made: Vec<_> = (1..=number(of, "spec.instances").unwrap_or(1).min(100)).filter_map(pod).collect();
    let cluster = ("cnpg.io/cluster", &*of.name);
    for (suffix, by) in [
        ("rw", ("cnpg.io/instanceRole", "primary")),
        ("ro", ("cnpg.io/instanceRole", "replica")),
        ("r", ("cnpg.io/podRole", "instance")),
    ] {
        let front = [("postgres", 5432, "TCP")];
        made.extend(service(of, &format!("{}-{suffix}", of.name), false, &labels([cluster, by]), &front));
    }
    made
}

pub fn rabbit(of: &Object, _: &[Arc<Object>]) -> Vec<Arc<Object>> {
    let front: [Port<'_>; 3] =
        [("amqp", 5672, "TCP"), ("management", 15672, "TCP"), ("prometheus", 15692, "TCP")];
    let between: [Port<'_>; 2] = [("epmd", 4369, "TCP"), ("cluster-rpc", 25672, "TCP")];
    let mut all = of.labels().clone();
    all.extend(labels([
        ("app.kubernetes.io/name", &*of.name),
        ("app.kubernetes.io/component", "rabbitmq"),
        ("app.kubernetes.io/part-of", "rabbitmq"),
    ]));
    let mut spec = pod_fields(of, "spec");
    spec.insert("serviceAccountName".into(), format!("{}-server", of.name).into());
    let ports: Vec<Port<'_>> = front.iter().chain(&between[..1]).copied().collect();
    let pods = Pods {
        of,
        shown: of.name.to_string(),
        name: format!("{}-server", of.name),
        labels: all,
        spec,
        containers: vec![container("rabbitmq", &ports), container("peers", &between[1..])],
        replicas: number(of, "spec.replicas").unwrap_or(1),
    };
    let selector = labels([("app.kubernetes.io/name", &*of.name)]);
    let nodes = format!("{}-nodes", of.name);
    let made = [
        pods.stateful(&nodes),
        service(of, &of.name, false, &selector, &front),
        service(of, &nodes, true, &selector, &between),
    ];
    made.into_iter().flatten().collect()
}

pub fn elasticsearch(of: &Object, _: &[Arc<Object>]) -> Vec<Arc<Object>> {
    let ports = [("https", 9200, "TCP"), ("transport", 9300, "TCP")];
    let selector = labels([
        ("common.k8s.elastic.co/type", "elasticsearch"),
        ("elasticsearch.k8s.elastic.co/cluster-name", &*of.name),
    ]);
    let mut made = Vec::new();
    for nth in 0..of.count("spec.nodeSets") {
        let at = format!("spec.nodeSets[{nth}]");
        let Some(set) = of.text(&format!("{at}.name")) else { continue };
        let name = format!("{}-es-{set}", of.name);
        let mut all: Labels = labels_at(of, &format!("{at}.podTemplate.metadata.labels"));
        all.extend(selector.clone());
        all.insert("elasticsearch.k8s.elastic.co/statefulset-name".into(), name.clone());
        let pods = Pods {
            of,
            shown: format!("{}-{set}", of.name),
            labels: all,
            spec: pod_fields(of, &format!("{at}.podTemplate.spec")),
            containers: vec![container("elasticsearch", &ports)],
            replicas: number(of, &format!("{at}.count")).unwrap_or(1),
            name: name.clone(),
        };
        made.extend(pods.stateful(&name));
        let mut own = selector.clone();
        own.insert("elasticsearch.k8s.elastic.co/statefulset-name".into(), name.clone());
        made.extend(service(of, &name, true, &own, &ports[..1]));
    }
    made.extend(service(of, &format!("{}-es-http", of.name), false, &selector, &ports[..1]));
    made.extend(service(of, &format!("{}-es-internal-http", of.name), false, &selector, &ports[..1]));
    made.extend(service(of, &format!("{}-es-transport", of.name), true, &selector, &ports[1..]));
    made
}

pub fn kibana(of: &Object, _: &[Arc<Object>]) -> Vec<Arc<Object>> {
    let ports = [("https", 5601, "TCP")];
    let selector =
        labels([("common.k8s.elastic.co/type", "kibana"), ("kibana.k8s.elastic.co/name", &*of.name)]);
    let mut all = labels_at(of, "spec.podTemplate.metadata.labels");
    all.extend(selector.clone());
    let pods = Pods {
        of,
        shown: of.name.to_string(),
        name: format!("{}-kb", of.name),
        labels: all,
        spec: Map::new(),
        containers: vec![container("kibana", &ports)],
        replicas: number(of, "spec.count").unwrap_or(1),
    };
    let front = service(of, &format!("{}-kb-http", of.name), false, &selector, &ports);
    pods.deployment().into_iter().chain(front).collect()
}
