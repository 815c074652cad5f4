//! Workloads: their selectors must pick the pods that they make.
use k8s_openapi::{
    api::{
        apps::v1::{DaemonSet, Deployment, ReplicaSet, StatefulSet},
        batch::v1::{CronJob, Job, JobSpec},
        core::v1::{PodTemplateSpec, ReplicationController},
    },
    apimachinery::pkg::apis::meta::v1::LabelSelector,
};

use super::{Check, metadata, pod, selector};

pub(super) fn deployment(check: &mut Check<'_, '_, '_>, object: &Deployment) {
    let Some(spec) = &object.spec else { return missing_spec(check) };
    replicas(check, spec.replicas);
    selected(check, &spec.selector, &spec.template);
    lasting(check, &spec.template);
}

pub(super) fn replica_set(check: &mut Check<'_, '_, '_>, object: &ReplicaSet) {
    let Some(spec) = &object.spec else { return missing_spec(check) };
    replicas(check, spec.replicas);
    let template = spec.template.clone().unwrap_or_default();
    selected(check, &spec.selector, &template);
    lasting(check, &template);
}

pub(super) fn stateful_set(check: &mut Check<'_, '_, '_>, object: &StatefulSet) {
    let Some(spec) = &object.spec else { return missing_spec(check) };
    replicas(check, spec.replicas);
    selected(check, &spec.selector, &spec.template);
    lasting(check, &spec.template);
}

pub(super) fn daemon_set(check: &mut Check<'_, '_, '_>, object: &DaemonSet) {
    let Some(spec) = &object.spec else { return missing_spec(check) };
    selected(check, &spec.selector, &spec.template);
    lasting(check, &spec.template);
}

pub(super) fn job(check: &mut Check<'_, '_, '_>, object: &Job) {
    let Some(spec) = &object.spec else { return missing_spec(check) };
    job_spec(check, "spec", spec);
}

pub(super) fn cron_job(check: &mut Check<'_, '_, '_>, object: &CronJob) {
    match &object.spec.job_template.spec {
        Some(job) => job_spec(check, "spec.jobTemplate.spec", job),
        None => check.error("spec.jobTemplate", "this CronJob makes no Jobs: `jobTemplate.spec` is missing"),
    }
}

pub(super) fn replication_controller(check: &mut Check<'_, '_, '_>, object: &ReplicationController) {
    let Some(spec) = &object.spec else { return missing_spec(check) };
    replicas(check, spec.replicas);
    let template = spec.template.clone().unwrap_or_default();
    if let Some(wanted) = &spec.selector {
        metadata::labels(check, "spec.selector", wanted);
        let labels = pod::template_labels(&template);
        if !wanted.iter().all(|(key, value)| labels.get(key) == Some(value)) {
            mismatch(check);
        }
    }
    pod::template(check, "spec.template", &template);
    lasting(check, &template);
}

fn missing_spec(check: &mut Check<'_, '_, '_>) {
    let message = format!("`spec` is missing: this {} has no pods", check.object.kind);
    check.error("spec", message);
}

fn replicas(check: &mut Check<'_, '_, '_>, replicas: Option<i32>) {
    if replicas.is_some_and(|n| n < 0) {
        check.error("spec.replicas", "the number of replicas is below 0");
    }
}

fn selected(check: &mut Check<'_, '_, '_>, wanted: &LabelSelector, template: &PodTemplateSpec) {
    pod::template(check, "spec.template", template);
    if selector::is_empty(wanted) {
        if check.holds_fault("spec.selector") {
            return;
        }
        let message =
            format!("`spec.selector` is missing: it tells this {} which pods are its own", check.object.kind);
        check.error_help("spec.selector", message, "give it `matchLabels` with labels of the template");
        return;
    }
    selector::check(check, "spec.selector", wanted);
    if !selector::matches(wanted, &pod::template_labels(template)) {
        mismatch(check);
    }
}

fn mismatch(check: &mut Check<'_, '_, '_>) {
    if check.holds_fault("spec.selector") || check.holds_fault("spec.template.metadata") {
        return;
    }
    check.clash(
        "spec.selector",
        format!("the selector does not match the labels of this {}'s own template", check.object.kind),
        "spec.template.metadata.labels",
        "the labels that its pods get",
    );
}

/// Pods of all but Jobs are meant to run for ever.
fn lasting(check: &mut Check<'_, '_, '_>, template: &PodTemplateSpec) {
    let policy = template.spec.as_ref().and_then(|s| s.restart_policy.as_deref());
    if matches!(policy, Some("OnFailure" | "Never")) {
        let message = format!("pods of a {} have `restartPolicy: Always`", check.object.kind);
        check.error("spec.template.spec.restartPolicy", message);
    }
}

fn job_spec(check: &mut Check<'_, '_, '_>, path: &str, spec: &JobSpec) {
    pod::template(check, &format!("{path}.template"), &spec.template);
    if let Some(wanted) = &spec.selector {
        selector::check(check, &format!("{path}.selector"), wanted);
    }
    let Some(pod) = &spec.template.spec else { return };
    if !matches!(pod.restart_policy.as_deref(), Some("OnFailure" | "Never")) {
        let field = format!("{path}.template.spec.restartPolicy");
        let written = check.is_written(&field);
        let place = if written { field } else { format!("{path}.template.spec") };
        check.error(place, "pods of a Job have `restartPolicy: Never` or `OnFailure`");
    }
}
