//! Pods of kinds that are not Kubernetes' own.
use std::fs;

use netloom_cluster::{Built, Options};

use crate::{built, built_with, findings, pod, pods, service};

/// `namespace/name[Kind]` and the labels of each pod, those of the template left out.
fn shown(built: &Built) -> Vec<String> {
    let line = |p: &std::sync::Arc<netloom_cluster::Pod>| {
        let labels: Vec<String> =
            p.labels.iter().filter(|(k, _)| *k != "app").map(|(k, v)| format!("{k}={v}")).collect();
        format!("{} {}[{}] {}", p.qualified_name(), p.workload.name, p.workload.kind, labels.join(" "))
    };
    built.snapshot.pods.iter().map(line).collect()
}

fn workload(api: &str, kind: &str, spec: &str) -> String {
    format!("apiVersion: {api}\nkind: {kind}\nmetadata: {{name: web, namespace: shop}}\nspec: {{{spec}}}\n")
}

const TEMPLATE: &str = "template: {metadata: {labels: {app: web}}, spec: {containers: [{name: c, image: x, ports: [{containerPort: 80}]}]}}";

#[test]
fn a_pod_template_in_any_kind_is_a_workload() {
    let in_replicas =
        format!("tfReplicaSpecs: {{Worker: {{replicas: 2, {TEMPLATE}}}, Chief: {{{TEMPLATE}}}}}");
    for (api, kind, spec, count) in [
        ("argoproj.io/v1alpha1", "Rollout", format!("replicas: 2, {TEMPLATE}"), 2),
        (
            "apps.openshift.io/v1",
            "DeploymentConfig",
            format!("replicas: 3, selector: {{app: web}}, {TEMPLATE}"),
            3,
        ),
        ("serving.knative.dev/v1", "Service", TEMPLATE.to_owned(), 1),
        ("apps.kruise.io/v1alpha1", "CloneSet", format!("replicas: 2, {TEMPLATE}"), 2),
        (
            "example.com/v1",
            "Sprocket",
            format!("engine: {{podTemplate: {}}}", &TEMPLATE["template: ".len()..]),
            1,
        ),
        ("keda.sh/v1alpha1", "ScaledJob", format!("jobTargetRef: {{{TEMPLATE}}}"), 1),
        ("example.com/v1", "CronThing", format!("jobTemplate: {{spec: {{{TEMPLATE}}}}}"), 1),
        ("example.com/v1", "CronThing", format!("jobTemplate: {{spec: {{suspend: true, {TEMPLATE}}}}}"), 0),
        ("kubeflow.org/v1", "TFJob", in_replicas, 3),
        ("kyverno.io/v1", "ClusterPolicy", TEMPLATE.to_owned(), 0),
        ("example.com/v1", "Policy", "template: {spec: {containers: 3}}".to_owned(), 0),
        (
            "cert-manager.io/v1x",
            "Thing",
            "template: {metadata: {labels: {app: web}}, spec: {a: b}}".to_owned(),
            0,
        ),
    ] {
        let built = built(&workload(api, kind, &spec));
        assert_eq!(built.snapshot.pods.len(), count, "{api} {kind}: {:?}", pods(&built.snapshot));
        assert!(
            built
                .snapshot
                .pods
                .iter()
                .all(|p| p.labels["app"].starts_with("web") && &*p.workload.kind == kind)
        );
        assert!(findings(&built).is_empty());
    }
}

#[test]
fn made_up_names_of_two_workloads_are_two() {
    let selector = "selector: {matchLabels: {app: web}}";
    let set = [
        workload("apps/v1", "ReplicaSet", &format!("replicas: 2, {selector}, {TEMPLATE}")),
        workload("apps.kruise.io/v1alpha1", "CloneSet", &format!("replicas: 2, {TEMPLATE}")),
        workload("example.com/v1", "Sprocket", TEMPLATE),
    ];
    let built = built(&set.join("---\n"));
    assert!(findings(&built).is_empty(), "{:?}", findings(&built));
    let names: Vec<_> = built.snapshot.pods.iter().map(|pod| pod.name.clone()).collect();
    assert_eq!(names.len(), 5, "{names:?}");
    assert!(names.is_sorted(), "{names:?}");
}

#[test]
fn controllers_of_other_kinds_add_their_labels() {
    let kinds = [
        ("argoproj.io/v1alpha1", "Rollout", TEMPLATE),
        ("apps.openshift.io/v1", "DeploymentConfig", TEMPLATE),
        ("serving.knative.dev/v1", "Service", TEMPLATE),
        (
            "kubevirt.io/v1",
            "VirtualMachine",
            "template: {metadata: {labels: {app: web}}, spec: {domain: {devices: {interfaces: [{name: d, ports: [{name: ssh, port: 22}]}]}}}}",
        ),
        ("kubevirt.io/v1", "VirtualMachine", "runStrategy: Halted, template: {spec: {domain: {}}}"),
        (
            "ray.io/v1",
            "RayCluster",
            "headGroupSpec: {template: {metadata: {labels: {app: web}}, spec: {containers: [{name: h, image: x}]}}}, workerGroupSpecs: [{groupName: gpu, replicas: 2, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: w, image: x}]}}}]",
        ),
    ];
    let all: Vec<String> = kinds
        .iter()
        .map(|(api, kind, spec)| format!("{kind}: {:#?}", shown(&built(&workload(api, kind, spec)))))
        .collect();
    insta::assert_snapshot!(all.join("\n"));
}

#[test]
fn a_rollout_may_take_the_template_of_a_deployment() {
    let yaml = [
        workload(
            "argoproj.io/v1alpha1",
            "Rollout",
            "replicas: 2, workloadRef: {apiVersion: apps/v1, kind: Deployment, name: web}",
        ),
        "---\n".to_owned(),
        workload(
            "apps/v1",
            "Deployment",
            &format!("replicas: 0, selector: {{matchLabels: {{app: web}}}}, {TEMPLATE}"),
        ),
    ];
    let built = built(&yaml.concat());
    assert_eq!(built.snapshot.pods.len(), 2);
    assert!(built.snapshot.pods.iter().all(|p| &*p.workload.kind == "Rollout" && p.labels["app"] == "web"));
}

#[test]
fn operators_make_pods_and_services() {
    let yaml = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/operators.yaml")).unwrap();
    let built = built(&yaml);
    let services: Vec<String> = built
        .snapshot
        .services
        .iter()
        .map(|s| {
            let ports: Vec<String> = s
                .ports
                .iter()
                .enumerate()
                .map(|(nth, p)| {
                    let there = s.endpoints.iter().filter(|e| e.ports[nth].is_some()).count();
                    format!("{}:{} at {there}", p.name.as_deref().unwrap_or_default(), p.port)
                })
                .collect();
            format!("{} by {}: {}", s.qualified_name(), s.origin, ports.join(", "))
        })
        .collect();
    insta::assert_snapshot!(format!("{:#?}\n{services:#?}\n{:#?}", shown(&built), findings(&built)));
}

#[test]
fn what_operators_made_is_not_made_again() {
    let cr = "apiVersion: monitoring.coreos.com/v1\nkind: Prometheus\nmetadata: {name: k8s, namespace: m}\nspec: {replicas: 2}\n---\n";
    let set = "apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: prometheus-k8s, namespace: m, ownerReferences: [{apiVersion: monitoring.coreos.com/v1, kind: Prometheus, name: k8s, uid: x, controller: true}]}\nspec: {replicas: 1, selector: {matchLabels: {a: b}}, template: {metadata: {labels: {a: b}}, spec: {containers: [{name: c, image: x}]}}}\n";
    let built = built(&[cr, set].concat());
    assert_eq!(pods(&built.snapshot), ["m/prometheus-k8s-0"]);
    assert_eq!(&*pod(&built, "m/prometheus-k8s-0").workload.kind, "Prometheus");
    service(&built, "m/prometheus-operated");
}

#[test]
fn ports_that_others_name_are_listened_on() {
    let yaml = "\
apiVersion: v1
kind: Pod
metadata: {name: a, namespace: shop, labels: {app: a}, annotations: {prometheus.io/scrape: 'true', prometheus.io/port: '9100'}}
spec:
  containers:
  - {name: c, image: x, ports: [{containerPort: 4317}], readinessProbe: {httpGet: {port: 13133}}}
---
apiVersion: v1
kind: Service
metadata: {name: a, namespace: shop, labels: {s: t}}
spec: {selector: {app: a}, ports: [{port: 14268, name: j}, {port: 4317, name: o}, {port: 53, protocol: UDP, name: d}]}
---
apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
metadata: {name: a, namespace: shop}
spec: {selector: {matchLabels: {s: t}}, endpoints: [{targetPort: 7070}]}
---
apiVersion: monitoring.coreos.com/v1
kind: PodMonitor
metadata: {name: a, namespace: other}
spec: {namespaceSelector: {any: true}, selector: {matchLabels: {app: a}}, podMetricsEndpoints: [{portNumber: 7071}]}
";
    let built = built(yaml);
    let pod = pod(&built, "shop/a");
    let numbers = |ports: &mut dyn Iterator<Item = &(netloom_cluster::Protocol, u16)>| -> Vec<u16> {
        ports.map(|(_, port)| *port).collect()
    };
    assert_eq!(numbers(&mut pod.stated()), [4317, 9100, 13133]);
    assert_eq!(numbers(&mut pod.aimed.iter()), [7070, 7071, 14268, 53]);
    assert_eq!(pod.listening.len(), 7);
    assert!(findings(&built).is_empty(), "{:?}", findings(&built));
}

#[test]
fn an_added_dns_leaves_the_pods_of_the_set_theirs() {
    let yaml = "apiVersion: v1\nkind: Pod\nmetadata: {name: coredns-64897985d-vgg4l, namespace: kube-system, labels: {k8s-app: kube-dns}, ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: coredns-64897985d, uid: x, controller: true}]}\nspec: {containers: [{name: c, image: x, ports: [{containerPort: 53, protocol: UDP}]}]}\n";
    let built = built_with(Options::default(), yaml);
    assert_eq!(pods(&built.snapshot), ["kube-system/coredns-64897985d-vgg4l"]);
    let own = pod(&built, "kube-system/coredns-64897985d-vgg4l");
    assert_eq!((&*own.workload.kind, &*own.workload.name), ("ReplicaSet", "coredns-64897985d"));
    let dns = service(&built, "kube-system/kube-dns");
    assert_eq!((dns.endpoints.len(), dns.endpoints[0].ports[0]), (1, Some(53)));
    assert!(findings(&built).is_empty(), "{:?}", findings(&built));
}
