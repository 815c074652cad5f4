//! PodDisruptionBudgets and HorizontalPodAutoscalers.
use k8s_openapi::api::{
    autoscaling::v2::{HPAScalingRules, HorizontalPodAutoscaler, MetricIdentifier, MetricSpec, MetricTarget},
    policy::v1::PodDisruptionBudget,
};

use super::{Check, rollout::share, selector};

pub(super) fn budget(check: &mut Check<'_, '_, '_>, object: &PodDisruptionBudget) {
    let Some(spec) = &object.spec else { return };
    if spec.min_available.is_some() && spec.max_unavailable.is_some() {
        check
            .error("spec.maxUnavailable", "a budget has either `minAvailable` or `maxUnavailable`, not both");
    }
    for (field, value) in [("minAvailable", &spec.min_available), ("maxUnavailable", &spec.max_unavailable)] {
        if let Some(value) = value {
            share(check, format_args!("spec.{field}"), value);
        }
    }
    let policies = ["IfHealthyBudget", "AlwaysAllow"];
    check.one_of("spec.unhealthyPodEvictionPolicy", spec.unhealthy_pod_eviction_policy.as_deref(), &policies);
    if let Some(pods) = &spec.selector {
        selector::check(check, "spec.selector", pods);
    }
}

pub(super) fn autoscaler(check: &mut Check<'_, '_, '_>, object: &HorizontalPodAutoscaler) {
    if &*check.object.api_version != "autoscaling/v2" {
        return;
    }
    let spec = &object.spec;
    let version = spec.scale_target_ref.api_version.as_deref().unwrap_or_default();
    let is_core = spec.scale_target_ref.kind == "ReplicationController";
    if !version.contains('/') && !is_core {
        let path = "spec.scaleTargetRef.apiVersion";
        check.error_help(path, "the `apiVersion` of what is scaled names no API group", "such as `apps/v1`");
    }
    check.required("spec.scaleTargetRef.kind", &spec.scale_target_ref.kind);
    check.required("spec.scaleTargetRef.name", &spec.scale_target_ref.name);
    check.at_least("spec.minReplicas", spec.min_replicas, 1);
    check.at_least("spec.maxReplicas", Some(spec.max_replicas), 1);
    if spec.min_replicas.is_some_and(|least| spec.max_replicas < least) && spec.max_replicas > 0 {
        check.clash(
            "spec.maxReplicas",
            "`maxReplicas` is below `minReplicas`",
            "spec.minReplicas",
            "the least",
        );
    }
    for (i, metric) in spec.metrics.iter().flatten().enumerate() {
        metric_spec(check, &format!("spec.metrics[{i}]"), metric);
    }
    let Some(behavior) = &spec.behavior else { return };
    for (field, rules) in [("scaleUp", &behavior.scale_up), ("scaleDown", &behavior.scale_down)] {
        if let Some(rules) = rules {
            scaling(check, &format!("spec.behavior.{field}"), rules);
        }
    }
}

const METRICS: [&str; 5] = ["ContainerResource", "External", "Object", "Pods", "Resource"];

fn metric_spec(check: &mut Check<'_, '_, '_>, path: &str, metric: &MetricSpec) {
    if !check.required(format_args!("{path}.type"), &metric.type_) {
        return;
    }
    check.one_of(format_args!("{path}.type"), Some(&metric.type_), &METRICS);
    let written = [
        ("ContainerResource", "containerResource", metric.container_resource.is_some()),
        ("External", "external", metric.external.is_some()),
        ("Object", "object", metric.object.is_some()),
        ("Pods", "pods", metric.pods.is_some()),
        ("Resource", "resource", metric.resource.is_some()),
    ];
    for (kind, field, there) in written {
        let own = kind == metric.type_;
        if own && !there {
            check.error(format_args!("{path}.{field}"), format!("a metric of type {kind} needs `{field}`"));
        } else if there && !own && METRICS.contains(&metric.type_.as_str()) {
            let message = format!("a metric of type {} has no `{field}`", metric.type_);
            check.error(format_args!("{path}.{field}"), message);
        }
    }
    if let Some(resource) = &metric.resource {
        check.required(format_args!("{path}.resource.name"), &resource.name);
        target(check, &format!("{path}.resource.target"), &resource.target, true);
    }
    if let Some(resource) = &metric.container_resource {
        check.required(format_args!("{path}.containerResource.name"), &resource.name);
        check.required(format_args!("{path}.containerResource.container"), &resource.container);
        target(check, &format!("{path}.containerResource.target"), &resource.target, true);
    }
    if let Some(pods) = &metric.pods {
        identifier(check, &format!("{path}.pods.metric"), &pods.metric);
        target(check, &format!("{path}.pods.target"), &pods.target, false);
    }
    if let Some(external) = &metric.external {
        identifier(check, &format!("{path}.external.metric"), &external.metric);
        target(check, &format!("{path}.external.target"), &external.target, false);
    }
    if let Some(object) = &metric.object {
        check.required(format_args!("{path}.object.describedObject.kind"), &object.described_object.kind);
        check.required(format_args!("{path}.object.describedObject.name"), &object.described_object.name);
        identifier(check, &format!("{path}.object.metric"), &object.metric);
        target(check, &format!("{path}.object.target"), &object.target, false);
    }
}

fn identifier(check: &mut Check<'_, '_, '_>, path: &str, metric: &MetricIdentifier) {
    check.required(format_args!("{path}.name"), &metric.name);
}

fn target(check: &mut Check<'_, '_, '_>, path: &str, target: &MetricTarget, of_resource: bool) {
    if check.required(format_args!("{path}.type"), &target.type_) {
        let types = ["Utilization", "Value", "AverageValue"];
        check.one_of(format_args!("{path}.type"), Some(&target.type_), &types);
    }
    check.at_least(format_args!("{path}.averageUtilization"), target.average_utilization, 1);
    let open = check.holds_fault(path);
    let none =
        target.average_utilization.is_none() && target.average_value.is_none() && target.value.is_none();
    if none && !open {
        check.error(path, "this target has no value");
    } else if of_resource && target.average_utilization.is_some() && target.average_value.is_some() {
        check.error(path, "a target has either `averageUtilization` or `averageValue`, not both");
    }
}

fn scaling(check: &mut Check<'_, '_, '_>, path: &str, rules: &HPAScalingRules) {
    check.at_least(format_args!("{path}.stabilizationWindowSeconds"), rules.stabilization_window_seconds, 0);
    check.at_most(
        format_args!("{path}.stabilizationWindowSeconds"),
        rules.stabilization_window_seconds,
        3600,
    );
    let choices = ["Max", "Min", "Disabled"];
    check.one_of(format_args!("{path}.selectPolicy"), rules.select_policy.as_deref(), &choices);
    if rules.policies.as_ref().is_some_and(Vec::is_empty)
        && !check.holds_fault(format_args!("{path}.policies"))
    {
        check.error(format_args!("{path}.policies"), "this needs at least one policy");
    }
    for (i, policy) in rules.policies.iter().flatten().enumerate() {
        let path = format!("{path}.policies[{i}]");
        if check.required(format_args!("{path}.type"), &policy.type_) {
            check.one_of(format_args!("{path}.type"), Some(&policy.type_), &["Pods", "Percent"]);
        }
        check.at_least(format_args!("{path}.value"), Some(policy.value), 1);
        check.at_least(format_args!("{path}.periodSeconds"), Some(policy.period_seconds), 1);
        check.at_most(format_args!("{path}.periodSeconds"), Some(policy.period_seconds), 1800);
    }
}
