//! What operators make of their custom resources, fact by fact, as their own sources have it.
use std::collections::BTreeSet;

use netloom_cluster::{Built, ServiceKind};

use crate::{built, findings, service};

const RABBIT: &str = "rabbitmq.com/v1beta1 RabbitmqCluster";
const POSTGRES: &str = "postgresql.cnpg.io/v1 Cluster";
const KAFKA: &str = "kafka.strimzi.io/v1beta2 Kafka";
const ELASTIC: &str = "elasticsearch.k8s.elastic.co/v1 Elasticsearch";
const KIBANA: &str = "kibana.k8s.elastic.co/v1 Kibana";
const RULER: &str = "monitoring.coreos.com/v1 ThanosRuler";
const ALERTS: &str = "monitoring.coreos.com/v1 Alertmanager";
const PROMETHEUS: &str = "monitoring.coreos.com/v1 Prometheus";
const AGENT: &str = "monitoring.coreos.com/v1alpha1 PrometheusAgent";
const RAY: &str = "ray.io/v1 RayCluster";
const KNATIVE: &str = "serving.knative.dev/v1 Service";
const MACHINE: &str = "kubevirt.io/v1 VirtualMachine";

/// One custom resource, called `x` in namespace `ns`.
fn of(what: &str, labels: &str, spec: &str) -> Built {
    let (api, kind) = what.split_once(' ').unwrap();
    let metadata = format!("{{name: x, namespace: ns, labels: {{{labels}}}}}");
    let built = built(&format!("apiVersion: {api}\nkind: {kind}\nmetadata: {metadata}\nspec: {{{spec}}}\n"));
    assert!(findings(&built).is_empty(), "{what} {spec}: {:?}", findings(&built));
    built
}

/// The Services as `name: port=number`.
fn services(built: &Built) -> Vec<String> {
    let line = |s: &std::sync::Arc<netloom_cluster::Service>| {
        let mut ports: Vec<String> =
            s.ports.iter().map(|p| format!("{}={}", p.name.as_deref().unwrap_or_default(), p.port)).collect();
        ports.sort();
        format!("{}: {}", s.name, ports.join(" "))
    };
    built.snapshot.services.iter().filter(|s| &*s.namespace == "ns").map(line).collect()
}

#[test]
fn services_are_those_of_the_operators() {
    let nodes = "x-nodes: cluster-rpc=25672 epmd=4369";
    let entries: &[(&str, &str, &[&str])] = &[
        (RABBIT, "", &["x: amqp=5672 management=15672 prometheus=15692", nodes]),
        (
            RABBIT,
            "tls: {secretName: s}, rabbitmq: {additionalPlugins: [rabbitmq_mqtt, rabbitmq_stream]}",
            &[
                "x: amqp=5672 amqps=5671 management-tls=15671 management=15672 mqtt=1883 mqtts=8883 prometheus-tls=15691 stream=5552 streams=5551",
                nodes,
            ],
        ),
        (
            RABBIT,
            "tls: {secretName: s, caSecretName: c, disableNonTLSListeners: true}, rabbitmq: {additionalPlugins: [rabbitmq_web_mqtt]}",
            &["x: amqps=5671 management-tls=15671 prometheus-tls=15691 web-mqtt-tls=15676", nodes],
        ),
        (POSTGRES, "instances: 1", &["x-r: postgres=5432", "x-ro: postgres=5432", "x-rw: postgres=5432"]),
        (
            POSTGRES,
            "instances: 1, managed: {services: {disabledDefaultServices: [ro, r]}}",
            &["x-rw: postgres=5432"],
        ),
        (
            ELASTIC,
            "nodeSets: [{name: a, count: 1}]",
            &[
                "x-es-a: https=9200",
                "x-es-http: https=9200",
                "x-es-internal-http: https=9200",
                "x-es-transport: tls-transport=9300",
            ],
        ),
        (
            ELASTIC,
            "nodeSets: [{name: a, count: 1}], http: {tls: {selfSignedCertificate: {disabled: true}}}",
            &[
                "x-es-a: http=9200",
                "x-es-http: http=9200",
                "x-es-internal-http: http=9200",
                "x-es-transport: tls-transport=9300",
            ],
        ),
        (KIBANA, "count: 1", &["x-kb-http: https=5601"]),
        (
            KIBANA,
            "count: 1, http: {tls: {selfSignedCertificate: {disabled: true}, certificate: {secretName: s}}}",
            &["x-kb-http: https=5601"],
        ),
        (ALERTS, "", &["alertmanager-operated: tcp-mesh=9094 udp-mesh=9094 web=9093"]),
        (RULER, "", &["thanos-ruler-operated: grpc=10901 web=10902"]),
        (PROMETHEUS, "", &["prometheus-operated: web=9090"]),
        (AGENT, "", &["prometheus-agent-operated: web=9090"]),
        (AGENT, "mode: DaemonSet", &[]),
        (
            KAFKA,
            "kafka: {replicas: 1, listeners: [{name: plain, port: 9092, type: internal}, {name: in, port: 9095, type: cluster-ip}]}",
            &[
                "x-kafka-bootstrap: tcp-clients=9092 tcp-replication=9091",
                "x-kafka-brokers: tcp-clients=9092 tcp-ctrlplane=9090 tcp-kafkaagent=8443 tcp-replication=9091",
                "x-kafka-in-bootstrap: tcp-in=9095",
            ],
        ),
        (
            RAY,
            "headGroupSpec: {template: {spec: {containers: [{name: h, image: x}]}}}",
            &["x-head-svc: client=10001 dashboard=8265 gcs-server=6379 metrics=8080 serve=8000"],
        ),
        (
            RAY,
            "headGroupSpec: {template: {spec: {containers: [{name: h, image: x, ports: [{containerPort: 6379, name: gcs}, {containerPort: 7}]}]}}}",
            &["x-head-svc: 7-port=7 gcs=6379 metrics=8080"],
        ),
    ];
    for (what, spec, wanted) in entries {
        let mut found = services(&of(what, "", spec));
        found.sort();
        let mut wanted = wanted.to_vec();
        wanted.sort_unstable();
        assert_eq!(found, wanted, "{what} {spec}");
    }
    let ray = of(RAY, "", "headGroupSpec: {template: {spec: {containers: [{name: h, image: x}]}}}");
    let head = service(&ray, "ns/x-head-svc");
    assert_eq!((head.kind.clone(), head.endpoints.len()), (ServiceKind::Headless, 1));
}

/// A kind, the labels and the specification of an object, and labels that its pods have, and keys that they have not.
type Labelled<'a> = (&'a str, &'a str, &'a str, &'a [&'a str], &'a [&'a str]);

#[test]
fn pods_have_the_labels_of_the_operators() {
    let template = "template: {metadata: {labels: {app: own}}, spec: {containers: [{name: c, image: x}]}}";
    let bare = "template: {spec: {containers: [{name: c, image: x}]}}";
    let domain = "spec: {hostname: host, domain: {}}";
    let entries: &[Labelled<'_>] = &[
        (
            RABBIT,
            "app.kubernetes.io/instance: mine, team: a",
            "",
            &["app.kubernetes.io/name=x", "app.kubernetes.io/part-of=rabbitmq", "team=a"],
            &["app.kubernetes.io/instance"],
        ),
        (
            POSTGRES,
            "",
            "instances: 1",
            &[
                "app.kubernetes.io/component=database",
                "app.kubernetes.io/instance=x",
                "app.kubernetes.io/managed-by=cloudnative-pg",
                "app.kubernetes.io/name=postgresql",
                "cnpg.io/cluster=x",
                "cnpg.io/instanceName=x-1",
                "cnpg.io/instanceRole=primary",
                "cnpg.io/podRole=instance",
                "role=primary",
            ],
            &["postgresql"],
        ),
        (
            ELASTIC,
            "",
            "version: 9.1.0, nodeSets: [{name: a, count: 1}]",
            &[
                "elasticsearch.k8s.elastic.co/http-scheme=https",
                "elasticsearch.k8s.elastic.co/statefulset-name=x-es-a",
                "elasticsearch.k8s.elastic.co/version=9.1.0",
            ],
            &[],
        ),
        (KIBANA, "", "version: 9.1.0, count: 1", &["kibana.k8s.elastic.co/version=9.1.0"], &[]),
        (RULER, "", "version: v0.39.0", &["thanos-ruler=x"], &["app.kubernetes.io/version"]),
        (ALERTS, "", "version: v0.28.0", &["alertmanager=x", "app.kubernetes.io/version=0.28.0"], &[]),
        (
            PROMETHEUS,
            "",
            "version: v3.1.0, podMetadata: {labels: {app.kubernetes.io/version: mine}}",
            &["app.kubernetes.io/version=mine", "prometheus=x", "operator.prometheus.io/shard=0"],
            &[],
        ),
        (
            AGENT,
            "",
            "",
            &["operator.prometheus.io/name=x", "operator.prometheus.io/shard=0"],
            &["prometheus"],
        ),
        (
            AGENT,
            "",
            "mode: DaemonSet",
            &["operator.prometheus.io/name=x"],
            &["prometheus", "operator.prometheus.io/shard"],
        ),
        (
            KAFKA,
            "kustomize.toolkit.fluxcd.io/name: f, app.kubernetes.io/name: mine, team: a",
            "kafka: {replicas: 1, listeners: []}",
            &["app.kubernetes.io/name=kafka", "strimzi.io/name=x-kafka", "team=a"],
            &["kustomize.toolkit.fluxcd.io/name"],
        ),
        (
            RAY,
            "",
            "headGroupSpec: {template: {spec: {containers: [{name: h, image: x}]}}}",
            &[
                "app.kubernetes.io/created-by=kuberay-operator",
                "app.kubernetes.io/name=kuberay",
                "ray.io/cluster=x",
                "ray.io/group=headgroup",
                "ray.io/identifier=x-head",
                "ray.io/node-type=head",
            ],
            &[],
        ),
        (
            "ray.io/v1 RayService",
            "",
            "rayClusterConfig: {headGroupSpec: {template: {spec: {containers: [{name: h, image: x}]}}}}",
            &["ray.io/group=headgroup", "ray.io/node-type=head"],
            &["ray.io/cluster", "ray.io/identifier"],
        ),
        (
            "kubeflow.org/v1 PyTorchJob",
            "",
            &format!("pytorchReplicaSpecs: {{Worker: {{replicas: 1, {bare}}}}}"),
            &["training.kubeflow.org/replica-type=worker", "training.kubeflow.org/job-name=x"],
            &[],
        ),
        (KNATIVE, "", template, &["app=own", "serving.knative.dev/revision=x-00001"], &[]),
        (KNATIVE, "", bare, &["app=x-00001"], &[]),
        (
            KNATIVE,
            "",
            "template: {metadata: {name: x-blue}, spec: {containers: [{name: c, image: x}]}}",
            &["app=x-blue", "serving.knative.dev/revision=x-blue"],
            &[],
        ),
        (
            MACHINE,
            "",
            &format!("template: {{{domain}}}"),
            &["kubevirt.io=virt-launcher", "vm.kubevirt.io/name=host", "vmi.kubevirt.io/id=x"],
            &[],
        ),
    ];
    for (what, labels, spec, wanted, none) in entries {
        let built = of(what, labels, spec);
        let pods: Vec<_> = built.snapshot.pods.iter().filter(|pod| &*pod.namespace == "ns").collect();
        let pod = pods.first().unwrap_or_else(|| panic!("{what} {spec} has no pod"));
        for label in *wanted {
            let (key, value) = label.split_once('=').unwrap();
            assert_eq!(pod.labels.get(key).map(String::as_str), Some(value), "{what} {spec}: {key}");
        }
        for key in *none {
            assert!(!pod.labels.contains_key(*key), "{what} {spec}: {key}");
        }
    }
}

#[test]
fn pods_listen_where_the_operators_have_them() {
    let pools = |role: &str| {
        let pool = "apiVersion: kafka.strimzi.io/v1beta2\nkind: KafkaNodePool\nmetadata: {name: p, namespace: ns, labels: {strimzi.io/cluster: x}}\n";
        let kafka = "---\napiVersion: kafka.strimzi.io/v1beta2\nkind: Kafka\nmetadata: {name: x, namespace: ns}\nspec: {kafka: {listeners: [{name: tls, port: 9093, type: internal}]}}\n";
        built(&format!("{pool}spec: {{replicas: 1, roles: [{role}]}}\n{kafka}"))
    };
    let c = "containers: [{name: c, image: x}]";
    let two = "containers: [{name: a, image: x, ports: [{containerPort: 7000}]}, {name: b, image: x}]";
    let h2c = "containers: [{name: a, image: x, ports: [{containerPort: 7000, name: h2c}]}]";
    let entity = "kafka: {replicas: 0, listeners: []}, entityOperator:";
    let queue = [8022, 8112, 9090, 9091];
    let entries: &[(&str, Built, &[u16])] = &[
        ("controllers", pools("controller"), &[8443, 9090]),
        ("brokers", pools("broker"), &[8443, 9091, 9093]),
        ("both roles", pools("broker, controller"), &[8443, 9090, 9091, 9093]),
        ("rabbit", of(RABBIT, "", ""), &[4369, 5672, 15672, 15692]),
        ("postgres", of(POSTGRES, "", "instances: 1"), &[5432, 8000, 9187]),
        ("ruler", of(RULER, "", ""), &[8080, 10901, 10902]),
        ("local ruler", of(RULER, "", "listenLocal: true"), &[10901]),
        ("alerts", of(ALERTS, "", ""), &[8080, 9093, 9094]),
        ("prometheus", of(PROMETHEUS, "", ""), &[8080, 9090]),
        ("local prometheus", of(PROMETHEUS, "", "listenLocal: true"), &[]),
        ("topics", of(KAFKA, "", &format!("{entity} {{topicOperator: {{}}}}")), &[8080]),
        ("users", of(KAFKA, "", &format!("{entity} {{userOperator: {{}}}}")), &[8081]),
        ("neither", of(KAFKA, "", &format!("{entity} {{}}")), &[]),
        ("knative", of(KNATIVE, "", &format!("template: {{spec: {{{c}}}}}")), &[8012, 8080]),
        ("knative of two", of(KNATIVE, "", &format!("template: {{spec: {{{two}}}}}")), &[7000, 8012]),
        ("knative with h2c", of(KNATIVE, "", &format!("template: {{spec: {{{h2c}}}}}")), &[7000, 8013]),
    ];
    for (what, built, wanted) in entries {
        let mut wanted: BTreeSet<u16> = wanted.iter().copied().collect();
        if what.starts_with("knative") {
            wanted.extend(queue);
        }
        let pods = built.snapshot.pods.iter().filter(|pod| &*pod.namespace == "ns");
        let stated: BTreeSet<u16> = pods.flat_map(|pod| pod.stated()).map(|(_, port)| *port).collect();
        assert_eq!(stated, wanted, "{what}");
    }
    let rabbit = of(RABBIT, "", "");
    let pod = rabbit.snapshot.pods.iter().find(|pod| &*pod.name == "x-server-0").unwrap();
    // The port between nodes is not declared, and is behind the Service.
    assert!(pod.aimed.iter().any(|(_, port)| *port == 25672));
}

#[test]
fn pods_are_called_and_counted_as_by_the_operators() {
    let head = "headGroupSpec: {template: {spec: {containers: [{name: h, image: x}]}}}";
    let workers = "workerGroupSpecs: [{groupName: gpu, replicas: 1, template: {spec: {containers: [{name: w, image: x}]}}}]";
    for (what, spec, wanted) in [
        (RABBIT, "replicas: 2", &["x-server-0", "x-server-1"][..]),
        (POSTGRES, "instances: 2", &["x-1", "x-2"]),
        (ELASTIC, "nodeSets: [{name: a, count: 1}]", &["x-es-a-0"]),
        (KIBANA, "version: 9.1.0", &[]),
        (PROMETHEUS, "replicas: 1, shards: 2", &["prometheus-x-0", "prometheus-x-shard-1-0"]),
        (AGENT, "", &["prom-agent-x-0"]),
        (RULER, "", &["thanos-ruler-x-0"]),
        (ALERTS, "paused: true, replicas: 1", &["alertmanager-x-0"]),
        (RAY, &format!("{head}, {workers}"), &["x-gpu-worker-*", "x-head-*"]),
        (MACHINE, "template: {spec: {domain: {}}}", &["virt-launcher-x-*"]),
    ] {
        let built = of(what, "", spec);
        let pods = built.snapshot.pods.iter().filter(|pod| &*pod.namespace == "ns");
        let mut found: Vec<String> = pods.map(|pod| pod.name.to_string()).collect();
        found.sort();
        let is_as = |(name, wanted): (&String, &&str)| match wanted.strip_suffix('*') {
            Some(start) => name.strip_prefix(start).is_some_and(|rest| rest.len() == 5),
            None => name == wanted,
        };
        let are = found.len() == wanted.len() && found.iter().zip(wanted).all(is_as);
        assert!(are, "{what} {spec}: {found:?}, not {wanted:?}");
    }
}
