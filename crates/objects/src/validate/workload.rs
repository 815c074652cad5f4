//! Workloads: their selectors must pick the pods that they make.
use k8s_openapi::{
    api::{
        apps::v1::{DaemonSet, Deployment, ReplicaSet, StatefulSet},
        batch::v1::{CronJob, Job, JobSpec},
        core::v1::{PodTemplateSpec, ReplicationController},
    },
    apimachinery::pkg::apis::meta::v1::LabelSelector,
};

use super::{Check, metadata, pod, rollout, schedule, selector};

pub(super) fn deployment(check: &mut Check<'_, '_, '_>, object: &Deployment) {
    let Some(spec) = &object.spec else { return missing_spec(check) };
    replicas(check, spec.replicas);
    check.at_least("spec.minReadySeconds", spec.min_ready_seconds, 0);
    check.at_least("spec.revisionHistoryLimit", spec.revision_history_limit, 0);
    check.at_least("spec.progressDeadlineSeconds", spec.progress_deadline_seconds, 0);
    let ready = spec.min_ready_seconds.unwrap_or(0);
    if spec.progress_deadline_seconds.is_some_and(|deadline| deadline >= 0 && deadline <= ready) {
        check.clash(
            "spec.progressDeadlineSeconds",
            "the deadline is not behind `minReadySeconds`: no rollout can end in time",
            "spec.minReadySeconds",
            "a pod counts only after so long",
        );
    }
    if let Some(strategy) = &spec.strategy {
        rollout::deployment(check, strategy);
    }
    selected(check, &spec.selector, &spec.template);
    lasting(check, &spec.template);
}

pub(super) fn replica_set(check: &mut Check<'_, '_, '_>, object: &ReplicaSet) {
    let Some(spec) = &object.spec else { return missing_spec(check) };
    replicas(check, spec.replicas);
    check.at_least("spec.minReadySeconds", spec.min_ready_seconds, 0);
    let template = spec.template.clone().unwrap_or_default();
    selected(check, &spec.selector, &template);
    lasting(check, &template);
}

pub(super) fn stateful_set(check: &mut Check<'_, '_, '_>, object: &StatefulSet) {
    let Some(spec) = &object.spec else { return missing_spec(check) };
    replicas(check, spec.replicas);
    check.at_least("spec.minReadySeconds", spec.min_ready_seconds, 0);
    rollout::stateful_set(check, spec);
    selected(check, &spec.selector, &spec.template);
    lasting(check, &spec.template);
}

pub(super) fn daemon_set(check: &mut Check<'_, '_, '_>, object: &DaemonSet) {
    let Some(spec) = &object.spec else { return missing_spec(check) };
    check.at_least("spec.minReadySeconds", spec.min_ready_seconds, 0);
    check.at_least("spec.revisionHistoryLimit", spec.revision_history_limit, 0);
    if let Some(strategy) = &spec.update_strategy {
        rollout::daemon_set(check, strategy);
    }
    selected(check, &spec.selector, &spec.template);
    lasting(check, &spec.template);
}

pub(super) fn job(check: &mut Check<'_, '_, '_>, object: &Job) {
    let Some(spec) = &object.spec else { return missing_spec(check) };
    job_spec(check, "spec", spec);
}

pub(super) fn cron_job(check: &mut Check<'_, '_, '_>, object: &CronJob) {
    let spec = &object.spec;
    if check.required("spec.schedule", &spec.schedule)
        && !check.is_unknown("spec.schedule", &spec.schedule)
        && let Some(fault) = schedule::fault(&spec.schedule)
    {
        check.error("spec.schedule", format!("the schedule {fault}"));
    }
    if let Some(zone) = &spec.time_zone
        && !check.is_unknown("spec.timeZone", zone)
        && !schedule::is_zone(zone)
    {
        let message = format!("\"{}\" is no time zone", crate::tree::shorten(zone));
        check.error_help("spec.timeZone", message, "such as `Etc/UTC` or `Europe/Berlin`");
    }
    let policies = ["Allow", "Forbid", "Replace"];
    check.one_of("spec.concurrencyPolicy", spec.concurrency_policy.as_deref(), &policies);
    check.at_least("spec.startingDeadlineSeconds", spec.starting_deadline_seconds, 0);
    check.at_least("spec.successfulJobsHistoryLimit", spec.successful_jobs_history_limit, 0);
    check.at_least("spec.failedJobsHistoryLimit", spec.failed_jobs_history_limit, 0);
    match &object.spec.job_template.spec {
        Some(job) => job_spec(check, "spec.jobTemplate.spec", job),
        None => check.error("spec.jobTemplate", "this CronJob makes no Jobs: `jobTemplate.spec` is missing"),
    }
}

pub(super) fn replication_controller(check: &mut Check<'_, '_, '_>, object: &ReplicationController) {
    let Some(spec) = &object.spec else { return missing_spec(check) };
    replicas(check, spec.replicas);
    check.at_least("spec.minReadySeconds", spec.min_ready_seconds, 0);
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
    let numbers = [
        ("parallelism", spec.parallelism),
        ("completions", spec.completions),
        ("backoffLimit", spec.backoff_limit),
        ("backoffLimitPerIndex", spec.backoff_limit_per_index),
        ("maxFailedIndexes", spec.max_failed_indexes),
        ("ttlSecondsAfterFinished", spec.ttl_seconds_after_finished),
    ];
    for (field, number) in numbers {
        check.at_least(format_args!("{path}.{field}"), number, 0);
    }
    check.at_least(format_args!("{path}.activeDeadlineSeconds"), spec.active_deadline_seconds, 0);
    let modes = ["NonIndexed", "Indexed"];
    check.one_of(format_args!("{path}.completionMode"), spec.completion_mode.as_deref(), &modes);
    let policies = ["TerminatingOrFailed", "Failed"];
    check.one_of(
        format_args!("{path}.podReplacementPolicy"),
        spec.pod_replacement_policy.as_deref(),
        &policies,
    );
    if spec.completion_mode.as_deref() == Some("Indexed")
        && spec.completions.is_none()
        && !check.holds_fault(format_args!("{path}.completions"))
    {
        check.error(format_args!("{path}.completionMode"), "`completionMode: Indexed` needs `completions`");
    }
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
