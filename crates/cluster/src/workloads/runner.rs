//! The pods of objects of other kinds, by their pod templates, with what is known of the controllers behind them.
use std::sync::Arc;

use k8s_openapi::api::core::v1::{Container, ContainerPort, PodTemplateSpec};
use netloom_objects::{
    Object,
    runner::{Form, PodGroup, Runner},
};

use super::{
    Draft, Expansion,
    expand::{Maker, read, with},
    labels,
    names::{Names, template_hash},
};
use crate::{findings::Findings, input::namespace_of, model::Workload};

/// The pods of all templates of an object. Those of several templates are workloads of their own, since policies can
/// tell them apart.
pub fn pods(object: &Arc<Object>, of: &Runner, workload: &Workload) -> Expansion {
    let mut all = Expansion::default();
    for group in &of.groups {
        let own = Workload { kind: workload.kind.clone(), name: Arc::from(group.name.as_str()) };
        let workload = if group.part.is_some() { &own } else { workload };
        let maker = Maker { object, workload, findings: Findings::default() };
        let made = of_group(maker, group, &group.name);
        all.drafts.extend(made.drafts);
        all.findings.0.extend(made.findings.0);
    }
    all
}

fn of_group(maker: Maker<'_>, group: &PodGroup, name: &str) -> Expansion {
    let object = maker.object;
    let namespace = namespace_of(object);
    let hash = template_hash(&namespace, name);
    match (object.group(), &*object.kind) {
        _ if group.form == Form::Machine => machines(maker, group, name),
        // The jobs of these have pods of their own, and no Job in between.
        (of, _) if group.form == Form::Job && !matches!(of, "kubeflow.org" | "ray.io") => {
            let added = labels::of_job(object, name);
            maker.numbered(&group.template, name, group.replicas, &added)
        }
        ("argoproj.io", "Rollout") => {
            let added = [("rollouts-pod-template-hash", hash.clone())];
            maker.numbered(&group.template, &format!("{name}-{hash}"), group.replicas, &added)
        }
        ("apps.openshift.io", "DeploymentConfig") => {
            let rollout = format!("{name}-1");
            let added = [("deploymentconfig", name.to_owned()), ("deployment", rollout.clone())];
            maker.numbered(&group.template, &rollout, group.replicas, &added)
        }
        ("serving.knative.dev", "Service" | "Configuration") => revision(maker, group, name, &hash),
        ("kubeflow.org", "Notebook") => {
            let added = [
                ("statefulset", name.to_owned()),
                ("notebook-name", name.to_owned()),
                ("statefulset.kubernetes.io/pod-name", format!("{name}-0")),
                ("apps.kubernetes.io/pod-index", "0".to_owned()),
            ];
            maker.numbered(&group.template, name, group.replicas, &added)
        }
        ("kubeflow.org", _) => {
            let added = [
                ("training.kubeflow.org/job-name", object.name.to_string()),
                ("training.kubeflow.org/replica-type", replica_type(group)),
                (
                    "training.kubeflow.org/operator-name",
                    format!("{}-controller", object.kind.to_ascii_lowercase()),
                ),
            ];
            maker.numbered(&group.template, name, group.replicas, &added)
        }
        ("ray.io", kind) => ray(maker, kind == "RayCluster", group, name),
        _ => maker.numbered(&group.template, name, group.replicas, &[]),
    }
}

/// Kubeflow: which of a job's replicas a template is for, also where the job has no others:
/// `spec.tfReplicaSpecs.Worker.template`.
fn replica_type(group: &PodGroup) -> String {
    let own = group.path.strip_suffix(".template").and_then(|path| path.rsplit('.').next());
    own.unwrap_or_default().to_ascii_lowercase()
}

/// KubeRay: a head, or the workers of a group (kuberay: `labelPod` in ray-operator/controllers/ray/common/pod.go,
/// `PodName` in utils/util.go).
fn ray(maker: Maker<'_>, is_cluster: bool, group: &PodGroup, name: &str) -> Expansion {
    let object = maker.object;
    let is_head = group.path.contains("headGroupSpec");
    let node_type = if is_head { "head" } else { "worker" };
    let of_group = match is_head {
        true => "headgroup".to_owned(),
        false => object.text(&group.path.replace(".template", ".groupName")).unwrap_or_default().to_owned(),
    };
    let base = if is_head { format!("{}-head", object.name) } else { format!("{name}-worker") };
    let mut added = vec![
        ("ray.io/node-type", node_type.to_owned()),
        ("ray.io/group", of_group),
        ("ray.io/is-ray-node", "yes".to_owned()),
        ("app.kubernetes.io/name", "kuberay".to_owned()),
        ("app.kubernetes.io/created-by", "kuberay-operator".to_owned()),
    ];
    if is_cluster {
        added.push(("ray.io/cluster", object.name.to_string()));
        added.push(("ray.io/identifier", format!("{}-{node_type}", object.name)));
    }
    // What RayJob and RayService make is a RayCluster with a name of chance.
    maker.numbered(&group.template, &base, group.replicas, &added)
}

/// Knative: the Deployment of the first revision, whose requests go through a proxy beside the containers
/// (knative/serving: meta.go, deploy.go and queue.go in pkg/reconciler/revision/resources).
fn revision(maker: Maker<'_>, group: &PodGroup, name: &str, hash: &str) -> Expansion {
    let metadata = group.template.metadata.as_ref();
    let named = metadata.and_then(|metadata| metadata.name.clone());
    let revision = named.unwrap_or_else(|| format!("{name}-00001"));
    let mut added = vec![
        ("serving.knative.dev/configuration", name.to_owned()),
        ("serving.knative.dev/configurationGeneration", "1".to_owned()),
        ("serving.knative.dev/revision", revision.clone()),
        ("pod-template-hash", hash.to_owned()),
    ];
    let own = metadata.and_then(|metadata| metadata.labels.as_ref());
    if own.is_none_or(|labels| !labels.contains_key("app")) {
        added.push(("app", revision.clone()));
    }
    if &*maker.object.kind == "Service" {
        added.push(("serving.knative.dev/service", name.to_owned()));
    }
    let mut template: PodTemplateSpec = group.template.clone();
    if let Some(spec) = &mut template.spec {
        let is_one = spec.containers.len() == 1;
        let mut queue = 8012;
        for container in &mut spec.containers {
            let ports = container.ports.get_or_insert_default();
            // A container that does not say its port is told one, unless others stand beside it.
            if ports.is_empty() && is_one {
                ports.push(container_port("user-port", 8080));
            }
            for port in ports {
                if port.name.as_deref() == Some("h2c") {
                    queue = 8013;
                }
                port.name = Some("user-port".to_owned());
            }
        }
        let proxy = [
            ("http-queueadm", 8022),
            ("http-autometric", 9090),
            ("http-usermetric", 9091),
            ("queue-port", queue),
            ("https-port", 8112),
        ];
        spec.containers.push(Container {
            name: "queue-proxy".to_owned(),
            ports: Some(proxy.map(|(name, number)| container_port(name, number)).into()),
            ..Container::default()
        });
    }
    maker.numbered(&template, &format!("{revision}-deployment-{hash}"), Some(1), &added)
}

fn container_port(name: &str, number: i32) -> ContainerPort {
    ContainerPort { name: Some(name.to_owned()), container_port: number, ..ContainerPort::default() }
}

/// KubeVirt: the pod that a machine runs in (kubevirt: `podLabels` in pkg/virt-controller/services/template.go).
fn machines(mut maker: Maker<'_>, group: &PodGroup, name: &str) -> Expansion {
    let count = maker.count(group.replicas, "spec.replicas");
    let template = Arc::new(read(&group.template));
    let namespace = namespace_of(maker.object);
    let several = group.replicas.is_some_and(|count| count > 0);
    let pod = |nth: u32| {
        let machine = if several { format!("{name}-{nth}") } else { name.to_owned() };
        let added = [
            ("kubevirt.io", "virt-launcher".to_owned()),
            ("kubevirt.io/created-by", labels::made_uid(&machine)),
            // By its host's name, which may be another.
            ("vm.kubevirt.io/name", template.hostname.as_deref().unwrap_or(&machine).to_owned()),
            ("vmi.kubevirt.io/id", machine.clone()),
        ];
        let pod = Names::new(&namespace, &format!("virt-launcher-{machine}")).pod(&nth.to_string());
        let draft = maker.draft(&template, pod, with(&template.labels, &added));
        Draft { hostname: draft.hostname.clone().or_else(|| Some(Arc::from(machine))), ..draft }
    };
    Expansion { drafts: (0..count).map(pod).collect(), findings: maker.findings }
}
