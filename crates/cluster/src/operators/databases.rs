//! Operators of stores: CloudNativePG (cloudnative-pg: pkg/specs/pods.go, pkg/specs/services.go) and Elastic's
//! (cloud-on-k8s: pkg/controller/elasticsearch/{label,nodespec,services}, pkg/controller/kibana).
use std::sync::Arc;

use netloom_objects::Object;
use serde_json::{Map, Value, json};

use super::parts::{Labels, Pods, container, labels, labels_at, number, pod_fields, service};

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
            // `app.kubernetes.io/version` is that of PostgreSQL in the image, which is not said here.
            ("app.kubernetes.io/name", "postgresql"),
            ("app.kubernetes.io/instance", &*of.name),
            ("app.kubernetes.io/component", "database"),
            ("app.kubernetes.io/managed-by", "cloudnative-pg"),
        ]));
        let mut spec = scheduling(of);
        spec.insert("serviceAccountName".into(), (*of.name).into());
        let containers = vec![container("postgres", &ports)];
        Pods { of, shown: of.name.to_string(), name, labels: all, spec, containers, replicas: 1 }.pod("")
    };
    let mut made: Vec<_> = (1..=number(of, "spec.instances").unwrap_or(1).min(100)).filter_map(pod).collect();
    let cluster = ("cnpg.io/cluster", &*of.name);
    let path = "spec.managed.services.disabledDefaultServices";
    let disabled: Vec<&str> =
        (0..of.count(path)).filter_map(|nth| of.text(&format!("{path}[{nth}]"))).collect();
    for (suffix, by) in [
        ("rw", ("cnpg.io/instanceRole", "primary")),
        ("ro", ("cnpg.io/instanceRole", "replica")),
        ("r", ("cnpg.io/podRole", "instance")),
    ] {
        if disabled.contains(&suffix) {
            continue;
        }
        let front = [("postgres", 5432, "TCP")];
        made.extend(service(of, &format!("{}-{suffix}", of.name), false, &labels([cluster, by]), &front));
    }
    made
}

/// Where instances may run: `spec.affinity` is not in the form of a pod's, and the spread stands beside it.
fn scheduling(of: &Object) -> Map<String, Value> {
    let own = [
        ("nodeSelector", "spec.affinity.nodeSelector"),
        ("tolerations", "spec.affinity.tolerations"),
        ("topologySpreadConstraints", "spec.topologySpreadConstraints"),
    ];
    let mut spec: Map<String, Value> =
        own.into_iter().filter_map(|(field, path)| Some((field.to_owned(), of.value(path)?))).collect();
    if let Some(nodes) = of.value("spec.affinity.nodeAffinity") {
        spec.insert("affinity".into(), json!({"nodeAffinity": nodes}));
    }
    spec
}

/// `http` where TLS is switched off and no certificate is given.
fn protocol(of: &Object) -> &'static str {
    let is_off = of.text("spec.http.tls.selfSignedCertificate.disabled") == Some("true");
    let is_given = of.text("spec.http.tls.certificate.secretName").is_some();
    if is_off && !is_given { "http" } else { "https" }
}

pub fn elasticsearch(of: &Object, _: &[Arc<Object>]) -> Vec<Arc<Object>> {
    let scheme = protocol(of);
    let front = [(scheme, 9200, "TCP")];
    let ports = [front[0], ("transport", 9300, "TCP")];
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
        all.insert("elasticsearch.k8s.elastic.co/http-scheme".into(), scheme.to_owned());
        if let Some(version) = of.text("spec.version") {
            all.insert("elasticsearch.k8s.elastic.co/version".into(), version.to_owned());
        }
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
        made.extend(service(of, &name, true, &own, &front));
    }
    made.extend(service(of, &format!("{}-es-http", of.name), false, &selector, &front));
    made.extend(service(of, &format!("{}-es-internal-http", of.name), false, &selector, &front));
    let transport = [("tls-transport", 9300, "TCP")];
    made.extend(service(of, &format!("{}-es-transport", of.name), true, &selector, &transport));
    made
}

pub fn kibana(of: &Object, _: &[Arc<Object>]) -> Vec<Arc<Object>> {
    let ports = [(protocol(of), 5601, "TCP")];
    let selector =
        labels([("common.k8s.elastic.co/type", "kibana"), ("kibana.k8s.elastic.co/name", &*of.name)]);
    let mut all = labels_at(of, "spec.podTemplate.metadata.labels");
    all.extend(selector.clone());
    if let Some(version) = of.text("spec.version") {
        all.insert("kibana.k8s.elastic.co/version".into(), version.to_owned());
    }
    let pods = Pods {
        of,
        shown: of.name.to_string(),
        name: format!("{}-kb", of.name),
        labels: all,
        spec: pod_fields(of, "spec.podTemplate.spec"),
        containers: vec![container("kibana", &ports)],
        // Without a default in its definition, a Kibana that does not say it has none.
        replicas: number(of, "spec.count").unwrap_or(0),
    };
    let front = service(of, &format!("{}-kb-http", of.name), false, &selector, &ports);
    pods.deployment().into_iter().chain(front).collect()
}
