//! What rules about workloads share: which Service sends to them, what scales them, and all of their containers.
use std::collections::{HashMap, HashSet};

use k8s_openapi::{
    api::{
        autoscaling::v2::{HorizontalPodAutoscaler, HorizontalPodAutoscalerSpec},
        core::v1::Container,
    },
    apimachinery::pkg::apis::meta::v1::LabelSelector,
};
use netloom_cluster::{Operator, Requirement, Selector};
use netloom_objects::Object;

use crate::{Context, Workload, rules::services::support::Svc, words::namespace_of, workload::Key};

/// The first Service that selects the pods of each workload.
pub(super) fn served<'a>(
    cx: &Context<'a>,
    services: impl Iterator<Item = Svc<'a>>,
) -> HashMap<Key<'a>, Svc<'a>> {
    let mut served = HashMap::new();
    // Of Services with the same pods the first one is named.
    let mut seen = HashSet::new();
    for service in services.filter(|service| seen.insert((service.namespace, service.selector()))) {
        for workload in service.workloads(cx) {
            served.entry(workload.key()).or_insert(service);
        }
    }
    served
}

/// A label selector as the cluster's model has it; none where an operator is not known.
pub(super) fn selector_of(from: &LabelSelector) -> Option<Selector> {
    let labels = from.match_labels.iter().flatten();
    let mut requirements: Vec<Requirement> = labels
        .map(|(key, value)| Requirement { key: key.clone(), operator: Operator::In(vec![value.clone()]) })
        .collect();
    for expression in from.match_expressions.iter().flatten() {
        let values = expression.values.clone().unwrap_or_default();
        let operator = match expression.operator.as_str() {
            "In" => Operator::In(values),
            "NotIn" => Operator::NotIn(values),
            "Exists" => Operator::Exists,
            "DoesNotExist" => Operator::DoesNotExist,
            _ => return None,
        };
        requirements.push(Requirement { key: expression.key.clone(), operator });
    }
    Some(Selector { requirements })
}

/// Every container of a workload, init containers too, each with its path.
pub(super) fn all_containers<'a>(workload: &Workload<'a>) -> Vec<(String, &'a Container)> {
    let spec = workload.spec;
    let main = spec.containers.iter().enumerate();
    let init = spec.init_containers.iter().flatten().enumerate();
    main.map(|(index, container)| (workload.path(&format!("spec.containers[{index}]")), container))
        .chain(init.map(|(index, c)| (workload.path(&format!("spec.initContainers[{index}]")), c)))
        .collect()
}

/// The workload that an autoscaler scales, if the set has it. One that states no namespace may be applied into any, and
/// is taken for the one that is meant where there is no other.
pub(super) fn target_of<'a>(
    cx: &Context<'a>,
    scaler: &Object,
    spec: &HorizontalPodAutoscalerSpec,
) -> Option<Workload<'a>> {
    let target = &spec.scale_target_ref;
    let group = target.api_version.as_deref().and_then(|v| v.split_once('/')).map_or("", |(group, _)| group);
    let find = |namespace| cx.find_any(group, &target.kind, Some(namespace), &target.name);
    let unplaced = || find("default").filter(|object| object.namespace.is_none());
    Workload::of(find(namespace_of(scaler)).or_else(unplaced)?)
}

/// The autoscalers by what they scale.
pub(super) struct Scalers<'a>(HashMap<Key<'a>, (&'a Object, &'a HorizontalPodAutoscalerSpec)>);

impl<'a> Scalers<'a> {
    pub fn new(cx: &Context<'a>) -> Self {
        let scalers = cx.all::<HorizontalPodAutoscaler>().filter_map(|(object, scaler)| {
            let spec = &scaler.spec;
            Some((target_of(cx, object, spec)?.key(), (object, spec)))
        });
        Self(scalers.collect())
    }

    /// The autoscaler of a workload.
    pub fn of(&self, workload: &'a Object) -> Option<(&'a Object, &'a HorizontalPodAutoscalerSpec)> {
        self.0.get(&Workload::of(workload)?.key()).copied()
    }
}

/// How many pods a workload has at least, and where that is written: with an autoscaler that is its least.
pub(super) fn replicas_of<'a>(
    workload: &Workload<'a>,
    scalers: &Scalers<'a>,
) -> (i32, &'a Object, &'static str) {
    match scalers.of(workload.object) {
        Some((scaler, spec)) => (spec.min_replicas.unwrap_or(1), scaler, "spec.minReplicas"),
        None => (workload.replicas.unwrap_or(1), workload.object, "spec.replicas"),
    }
}

/// What a pod cannot start without.
pub(super) struct References<'a> {
    /// `ServiceAccount`, `ConfigMap` or `Secret`.
    pub kind: &'static str,
    pub name: &'a str,
    /// Where the name is written.
    pub path: String,
}

/// The ServiceAccount, ConfigMaps and Secrets that a workload refers to, without those that may be absent.
pub(super) fn references<'a>(workload: &Workload<'a>) -> Vec<References<'a>> {
    let mut found = Vec::new();
    let mut add = |kind, name: &'a str, optional: Option<bool>, path: String| {
        if !name.is_empty() && optional != Some(true) {
            found.push(References { kind, name, path });
        }
    };
    let (account, field) = workload.account();
    if workload.object.is_written(&workload.path(field)) {
        add("ServiceAccount", account, None, workload.path(field));
    }
    for (index, volume) in workload.spec.volumes.iter().flatten().enumerate() {
        let path = workload.path(&format!("spec.volumes[{index}]"));
        if let Some(map) = &volume.config_map {
            add("ConfigMap", &map.name, map.optional, format!("{path}.configMap.name"));
        }
        if let Some(secret) = &volume.secret {
            let name = secret.secret_name.as_deref().unwrap_or_default();
            add("Secret", name, secret.optional, format!("{path}.secret.secretName"));
        }
        let sources = volume.projected.iter().flat_map(|projected| projected.sources.iter().flatten());
        for (index, source) in sources.enumerate() {
            let path = format!("{path}.projected.sources[{index}]");
            if let Some(map) = &source.config_map {
                add("ConfigMap", &map.name, map.optional, format!("{path}.configMap.name"));
            }
            if let Some(secret) = &source.secret {
                add("Secret", &secret.name, secret.optional, format!("{path}.secret.name"));
            }
        }
    }
    for (path, container) in all_containers(workload) {
        for (index, from) in container.env_from.iter().flatten().enumerate() {
            let path = format!("{path}.envFrom[{index}]");
            if let Some(map) = &from.config_map_ref {
                add("ConfigMap", &map.name, map.optional, format!("{path}.configMapRef.name"));
            }
            if let Some(secret) = &from.secret_ref {
                add("Secret", &secret.name, secret.optional, format!("{path}.secretRef.name"));
            }
        }
        for (index, variable) in container.env.iter().flatten().enumerate() {
            let path = format!("{path}.env[{index}].valueFrom");
            let Some(from) = &variable.value_from else { continue };
            if let Some(map) = &from.config_map_key_ref {
                add("ConfigMap", &map.name, map.optional, format!("{path}.configMapKeyRef.name"));
            }
            if let Some(secret) = &from.secret_key_ref {
                add("Secret", &secret.name, secret.optional, format!("{path}.secretKeyRef.name"));
            }
        }
    }
    found
}
