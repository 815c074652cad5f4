//! Kubernetes' own defaults where a field is written and says nothing: `type: ""`, `targetPort: 0`. The API server takes
//! such a field as one that is not written, and so does everything that reads the typed object.
//!
//! Only fields without a pointer in Go are here: in the others `""` is a value, which the API server refuses.
use k8s_openapi::{
    api::{
        batch::v1::JobSpec,
        core::v1::{Container, PodSpec, PodTemplateSpec, Probe, ServiceSpec},
    },
    apimachinery::pkg::util::intstr::IntOrString,
};

use crate::Typed;

/// Takes away what is written and says nothing.
pub(crate) fn apply(typed: &mut Typed) {
    match typed {
        Typed::Pod(o) => o.spec.iter_mut().for_each(pod),
        Typed::Deployment(o) => {
            let Some(spec) = &mut o.spec else { return };
            template(&mut spec.template);
            spec.strategy.iter_mut().for_each(|strategy| unset(&mut strategy.type_));
        }
        Typed::ReplicaSet(o) => o.spec.iter_mut().filter_map(|s| s.template.as_mut()).for_each(template),
        Typed::StatefulSet(o) => {
            let Some(spec) = &mut o.spec else { return };
            template(&mut spec.template);
            unset(&mut spec.pod_management_policy);
            spec.update_strategy.iter_mut().for_each(|strategy| unset(&mut strategy.type_));
        }
        Typed::DaemonSet(o) => {
            let Some(spec) = &mut o.spec else { return };
            template(&mut spec.template);
            spec.update_strategy.iter_mut().for_each(|strategy| unset(&mut strategy.type_));
        }
        Typed::ReplicationController(o) => {
            o.spec.iter_mut().filter_map(|s| s.template.as_mut()).for_each(template);
        }
        Typed::Job(o) => o.spec.iter_mut().for_each(job),
        Typed::CronJob(o) => {
            unset(&mut o.spec.concurrency_policy);
            o.spec.job_template.spec.iter_mut().for_each(job);
        }
        Typed::Service(o) => o.spec.iter_mut().for_each(service),
        Typed::Endpoints(o) => {
            let ports = o.subsets.iter_mut().flatten().filter_map(|subset| subset.ports.as_mut()).flatten();
            ports.for_each(|port| unset(&mut port.protocol));
        }
        Typed::Secret(o) => unset(&mut o.type_),
        _ => {}
    }
}

fn unset(text: &mut Option<String>) {
    if text.as_ref().is_some_and(String::is_empty) {
        *text = None;
    }
}

fn service(spec: &mut ServiceSpec) {
    unset(&mut spec.type_);
    unset(&mut spec.session_affinity);
    unset(&mut spec.external_traffic_policy);
    for port in spec.ports.iter_mut().flatten() {
        unset(&mut port.protocol);
        let says_nothing = match &port.target_port {
            Some(IntOrString::Int(number)) => *number == 0,
            Some(IntOrString::String(name)) => name.is_empty(),
            None => false,
        };
        if says_nothing {
            port.target_port = None;
        }
    }
}

fn job(spec: &mut JobSpec) {
    template(&mut spec.template);
}

fn template(template: &mut PodTemplateSpec) {
    template.spec.iter_mut().for_each(pod);
}

fn pod(spec: &mut PodSpec) {
    unset(&mut spec.restart_policy);
    unset(&mut spec.dns_policy);
    unset(&mut spec.scheduler_name);
    let init = spec.init_containers.iter_mut().flatten();
    init.chain(&mut spec.containers).for_each(container);
}

fn container(container: &mut Container) {
    unset(&mut container.image_pull_policy);
    unset(&mut container.termination_message_policy);
    for port in container.ports.iter_mut().flatten() {
        unset(&mut port.protocol);
    }
    let probes =
        [&mut container.liveness_probe, &mut container.readiness_probe, &mut container.startup_probe];
    probes.into_iter().flatten().for_each(probe);
}

fn probe(probe: &mut Probe) {
    if let Some(http) = &mut probe.http_get {
        unset(&mut http.scheme);
    }
    let numbers = [
        &mut probe.period_seconds,
        &mut probe.timeout_seconds,
        &mut probe.success_threshold,
        &mut probe.failure_threshold,
    ];
    for number in numbers {
        if *number == Some(0) {
            *number = None;
        }
    }
}
