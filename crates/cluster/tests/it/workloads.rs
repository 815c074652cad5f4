use std::sync::Arc;

use netloom_cluster::Builder;
use netloom_objects::{ObjectSet, Source, parse_source};

use crate::{built, findings, plain, pod, pods};

/// A workload with a pod template, by kind.
fn workload(kind: &str, name: &str, spec: &str, pod: &str) -> String {
    let api = match kind {
        "Job" | "CronJob" => "batch/v1",
        "ReplicationController" => "v1",
        _ => "apps/v1",
    };
    let pod = match kind {
        "Job" | "CronJob" => pod.replacen('{', "{restartPolicy: Never, ", 1),
        _ => pod.to_owned(),
    };
    let template = format!("{{metadata: {{labels: {{app: {name}}}}}, spec: {pod}}}");
    let selector = match kind {
        "Job" => String::new(),
        "ReplicationController" => format!("selector: {{app: {name}}}, "),
        _ => format!("selector: {{matchLabels: {{app: {name}}}}}, "),
    };
    match kind {
        "CronJob" => format!(
            "apiVersion: {api}\nkind: {kind}\nmetadata: {{name: {name}, namespace: shop}}\nspec: {{schedule: '* * * * *', {spec}, jobTemplate: {{spec: {{template: {template}}}}}}}\n---\n"
        ),
        _ => format!(
            "apiVersion: {api}\nkind: {kind}\nmetadata: {{name: {name}, namespace: shop}}\nspec: {{{spec}, {selector}template: {template}}}\n---\n"
        ),
    }
}

const POD: &str = "{containers: [{name: c, image: x}]}";

#[test]
fn how_many_pods_each_kind_has() {
    for (kind, spec, wanted) in [
        ("Deployment", "replicas: 3", 3),
        ("Deployment", "replicas: 0", 0),
        ("Deployment", "paused: false", 1),
        ("ReplicaSet", "replicas: 2", 2),
        ("ReplicationController", "replicas: 2", 2),
        ("StatefulSet", "replicas: 2, serviceName: db", 2),
        ("DaemonSet", "minReadySeconds: 0", 2),
        ("Job", "backoffLimit: 1", 1),
        ("Job", "parallelism: 3", 3),
        ("Job", "parallelism: 3, completions: 2", 2),
        ("Job", "parallelism: 3, suspend: true", 0),
        ("CronJob", "suspend: false", 1),
        ("CronJob", "suspend: true", 0),
    ] {
        let built = built(&workload(kind, "x", spec, POD));
        assert_eq!(built.snapshot.pods.len(), wanted, "{kind} {spec}: {:?}", pods(&built.snapshot));
        assert!(built.snapshot.pods.iter().all(|p| &*p.workload.kind == kind && &*p.workload.name == "x"));
    }
}

#[test]
fn names_and_controller_labels() {
    let all = [
        workload("Deployment", "web", "replicas: 1", POD),
        workload("StatefulSet", "db", "replicas: 2, serviceName: db-headless, ordinals: {start: 4}", POD),
        workload("DaemonSet", "agent", "minReadySeconds: 0", POD),
        workload("Job", "seed", "completionMode: Indexed, completions: 1, parallelism: 1", POD),
        workload("CronJob", "backup", "suspend: false", POD),
    ];
    let built = built(&all.concat());
    let names: Vec<String> =
        built.snapshot.pods.iter().map(|p| format!("{} {:?}", p.name, p.labels)).collect();
    insta::assert_snapshot!(names.join("\n"));
    let db = pod(&built, "shop/db-5");
    assert_eq!((db.hostname.as_deref(), db.subdomain.as_deref()), (Some("db-5"), Some("db-headless")));
}

#[test]
fn an_edited_label_or_one_replica_more_renames_nothing() {
    let before = built(&workload("Deployment", "web", "replicas: 2", POD));
    let after = built(&workload(
        "Deployment",
        "web",
        "replicas: 3",
        "{hostNetwork: false, containers: [{name: d, image: x}]}",
    ));
    let (before, after) = (pods(&before.snapshot), pods(&after.snapshot));
    assert!(before.iter().all(|name| after.contains(name)), "{before:?} {after:?}");
}

#[test]
fn ports_and_what_listens() {
    for (pod, wanted) in [
        (
            "{containers: [{name: c, image: x, ports: [{containerPort: 80}, {containerPort: 53, protocol: UDP}]}]}",
            "TCP80 UDP53",
        ),
        ("{containers: [{name: c, image: x, readinessProbe: {httpGet: {port: 8080}}}]}", "TCP8080"),
        (
            "{containers: [{name: c, image: x, ports: [{containerPort: 80}], readinessProbe: {tcpSocket: {port: 8080}}}]}",
            "TCP80 TCP8080",
        ),
        (
            "{containers: [{name: c, image: x, livenessProbe: {grpc: {port: 9000}}, startupProbe: {httpGet: {port: web}}}]}",
            "TCP9000",
        ),
        (
            "{containers: [{name: c, image: x}], initContainers: [{name: p, image: x, restartPolicy: Always, ports: [{containerPort: 15001}]}]}",
            "TCP15001",
        ),
        (
            "{containers: [{name: c, image: x}], initContainers: [{name: p, image: x, ports: [{containerPort: 15001}]}]}",
            "",
        ),
        ("{containers: [{name: c, image: x}]}", "TCP8443"),
    ] {
        let yaml = workload("Deployment", "web", "replicas: 1", pod);
        let service = "apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: shop}\nspec: {selector: {app: web}, ports: [{port: 443, targetPort: 8443}]}\n";
        let without = wanted != "TCP8443";
        let built = built(&if without { yaml } else { yaml + service });
        let listening: Vec<String> =
            built.snapshot.pods[0].listening.iter().map(|(l, p)| format!("{l}{p}")).collect();
        assert_eq!(listening.join(" "), wanted, "{pod}");
    }
}

#[test]
fn what_a_pod_says_of_itself() {
    let built = built(
        "apiVersion: v1
kind: Pod
metadata:
  name: p
  annotations: {netloom.dev/ready: 'false', netloom.dev/run: nginx -g 'daemon off;'}
spec:
  serviceAccountName: runner
  hostname: h
  subdomain: s
  dnsPolicy: None
  dnsConfig: {nameservers: [9.9.9.9], searches: [corp.example], options: [{name: ndots, value: '2'}, {name: rotate}]}
  containers:
  - name: c
    image: x
    ports: [{name: web, containerPort: 80, hostPort: 8080}, {containerPort: 81, hostPort: 8081, hostIP: 127.0.0.1}]
",
    );
    let pod = pod(&built, "default/p");
    assert!(!pod.ready);
    insta::assert_debug_snapshot!((
        &pod.run,
        &pod.service_account,
        &pod.hostname,
        &pod.subdomain,
        pod.dns_policy,
        &pod.dns_config,
        &pod.containers,
        &pod.host_ports
    ));
    insta::assert_debug_snapshot!(findings(&built));
}

#[test]
fn absurd_counts_end() {
    // The manifest is refused, and its Job is there all the same.
    let parsed = parse_source(&Source::new("a.yaml", workload("Job", "x", "parallelism: -4", POD).as_str()));
    assert!(parsed.diagnostics.iter().any(|d| d.message == "-4 is below 0"), "{:?}", parsed.diagnostics);
    let set = ObjectSet::assemble(vec![Arc::new(parsed)]);
    assert_eq!(set.objects().count(), 1);
    assert_eq!(Builder::new(plain()).build(&set).snapshot.pods.len(), 0);
    let many = built(&workload("Deployment", "x", "replicas: 2000000000", POD));
    assert!(findings(&many).iter().any(|f| f.contains("more than netloom makes")), "{:?}", findings(&many));
}
