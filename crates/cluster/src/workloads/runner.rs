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
        _ if group.form == Form::Job => {
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
                ("training.kubeflow.org/replica-type", group.part.clone().unwrap_or_default()),
                (
                    "training.kubeflow.org/operator-name",
                    format!("{}-controller", object.kind.to_ascii_lowercase()),
                ),
            ];
            maker.numbered(&group.template, name, group.replicas, &added)
        }
        ("ray.io", _) => {
            let is_head = group.path.contains("headGroupSpec");
            let added = [
                ("ray.io/cluster", object.name.to_string()),
                ("ray.io/node-type", if is_head { "head" } else { "worker" }.to_owned()),
                ("ray.io/is-ray-node", "yes".to_owned()),
                (
                    "ray.io/group",
                    if is_head { "headgroup".to_owned() } else { group.part.clone().unwrap_or_default() },
                ),
            ];
            maker.numbered(&group.template, name, group.replicas, &added)
        }
        _ => maker.numbered(&group.template, name, group.replicas, &[]),
    }
}

/// Knative: the Deployment of the first revision, whose requests go through a proxy beside the containers.
fn revision(maker: Maker<'_>, group: &PodGroup, name: &str, hash: &str) -> Expansion {
    let revision = format!("{name}-00001");
    let is_service = &*maker.object.kind == "Service";
    let mut added = vec![
        ("app", revision.clone()),
        ("serving.knative.dev/configuration", name.to_owned()),
        ("serving.knative.dev/configurationGeneration", "1".to_owned()),
        ("serving.knative.dev/revision", revision.clone()),
        ("pod-template-hash", hash.to_owned()),
    ];
    if is_service {
        added.push(("serving.knative.dev/service", name.to_owned()));
    }
    let mut template: PodTemplateSpec = group.template.clone();
    let port = |(name, number): (&str, i32)| ContainerPort {
        name: Some(name.to_owned()),
        container_port: number,
        ..ContainerPort::default()
    };
    let proxy = [
        ("http-queueadm", 8022),
        ("http-autometric", 9090),
        ("http-usermetric", 9091),
        ("queue-port", 8012),
        ("https-port", 8112),
    ];
    if let Some(spec) = &mut template.spec {
        for container in &mut spec.containers {
            // A container that does not say its port is told one.
            if container.ports.as_ref().is_none_or(Vec::is_empty) && container.image.is_some() {
                container.ports = Some(vec![port(("user-port", 8080))]);
            }
        }
        spec.containers.push(Container {
            name: "queue-proxy".to_owned(),
            ports: Some(proxy.map(port).into()),
            ..Container::default()
        });
    }
    maker.numbered(&template, &format!("{revision}-deployment-{hash}"), Some(1), &added)
}

/// KubeVirt: the pod that a machine runs in.
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
            ("vm.kubevirt.io/name", machine.clone()),
        ];
        let pod = Names::new(&namespace, &format!("virt-launcher-{machine}")).pod(&nth.to_string());
        let draft = maker.draft(&template, pod, with(&template.labels, &added));
        Draft { hostname: draft.hostname.clone().or_else(|| Some(Arc::from(machine))), ..draft }
    };
    Expansion { drafts: (0..count).map(pod).collect(), findings: maker.findings }
}
