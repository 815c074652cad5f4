//! What rules about monitoring share: monitors with what they select, rules with their places, durations.
use std::{
    collections::{BTreeSet, HashMap},
    rc::Rc,
};

use k8s_openapi::api::core::v1::ServicePort;
use netloom_cluster::{Operator, Selector, selector};
use netloom_objects::{
    Object,
    prometheus::{
        NamespaceSelector, PodMonitor, PodMonitorSpec, PrometheusRule, Rule, RuleGroup, ServiceMonitor,
        ServiceMonitorSpec,
    },
};

pub(super) use crate::rules::services::support::known_ports;
use crate::{
    Context, Workload,
    rules::services::support::{Svc, services},
    words::namespace_of,
};

/// A ServiceMonitor or PodMonitor.
pub(crate) struct Monitor<'a, S> {
    pub object: &'a Object,
    pub namespace: &'a str,
    pub spec: &'a S,
    pub selector: Selector,
    scope: &'a NamespaceSelector,
    registry: Rc<Registry<'a>>,
}

/// The Services of the set by their labels.
#[derive(Default)]
struct Registry<'a> {
    all: Vec<Svc<'a>>,
    by_namespace: HashMap<&'a str, Vec<usize>>,
    /// By key and value, and by namespace too where there is one.
    by_label: HashMap<(Option<&'a str>, &'a str, &'a str), Vec<usize>>,
}

impl<'a> Registry<'a> {
    fn new(cx: &Context<'a>) -> Self {
        let mut registry = Self { all: services(cx).collect(), ..Self::default() };
        for (at, service) in registry.all.iter().enumerate() {
            registry.by_namespace.entry(service.namespace).or_default().push(at);
            for (key, value) in service.object.labels() {
                for namespace in [None, Some(service.namespace)] {
                    registry.by_label.entry((namespace, key, value)).or_default().push(at);
                }
            }
        }
        registry
    }

    /// Those that a selector selects, in one namespace or in all.
    fn selected<'r>(
        &'r self,
        namespace: Option<&'r str>,
        selector: &'r Selector,
    ) -> impl Iterator<Item = Svc<'a>> + 'r {
        let label = selector.requirements.iter().find_map(|requirement| match &requirement.operator {
            Operator::In(values) => match values.as_slice() {
                [value] => Some((requirement.key.as_str(), value.as_str())),
                _ => None,
            },
            _ => None,
        });
        let list: Option<&[usize]> = match (label, namespace) {
            (Some((key, value)), _) => {
                Some(self.by_label.get(&(namespace, key, value)).map_or(&[], Vec::as_slice))
            }
            (None, Some(namespace)) => Some(self.by_namespace.get(namespace).map_or(&[], Vec::as_slice)),
            (None, None) => None,
        };
        let all = if list.is_none() { 0..self.all.len() } else { 0..0 };
        let numbers = list.unwrap_or_default().iter().copied().chain(all);
        numbers.map(|at| self.all[at]).filter(|service| selector.matches(service.object.labels()))
    }

    /// Those of a namespace.
    fn in_namespace(&self, namespace: &str) -> impl Iterator<Item = Svc<'a>> {
        let list = self.by_namespace.get(namespace).map_or(&[][..], Vec::as_slice);
        list.iter().map(|at| self.all[*at])
    }
}

/// All ServiceMonitors whose selector can be read.
pub(crate) fn monitors<'a>(
    cx: &Context<'a>,
) -> impl Iterator<Item = Monitor<'a, ServiceMonitorSpec>> + use<'a> {
    let all: Vec<_> = cx.all::<ServiceMonitor>().collect();
    let registry = Rc::new(if all.is_empty() { Registry::default() } else { Registry::new(cx) });
    all.into_iter().filter_map(move |(object, monitor)| {
        let registry = registry.clone();
        let spec = &monitor.spec;
        let selector = selector(&spec.selector).ok()?;
        let scope = &spec.namespace_selector;
        Some(Monitor { object, namespace: namespace_of(object), spec, selector, scope, registry })
    })
}

/// All PodMonitors whose selector can be read.
pub(crate) fn pod_monitors<'a>(
    cx: &Context<'a>,
) -> impl Iterator<Item = Monitor<'a, PodMonitorSpec>> + use<'a> {
    cx.all::<PodMonitor>().filter_map(|(object, monitor)| {
        let registry = Rc::new(Registry::default());
        let spec = &monitor.spec;
        let selector = selector(&spec.selector).ok()?;
        let scope = &spec.namespace_selector;
        Some(Monitor { object, namespace: namespace_of(object), spec, selector, scope, registry })
    })
}

impl<'a, S> Monitor<'a, S> {
    /// Whether it looks in its own namespace only.
    pub fn is_local(&self) -> bool {
        self.scope.any != Some(true) && self.scope.match_names.is_empty()
    }

    /// Whether it looks in a namespace.
    pub fn looks_in(&self, namespace: &str) -> bool {
        if self.scope.any == Some(true) {
            return true;
        }
        if self.scope.match_names.is_empty() {
            return self.namespace == namespace;
        }
        self.scope.match_names.iter().any(|name| name == namespace)
    }

    /// Whether all Services that it could select are in the set.
    pub fn is_closed(&self, cx: &Context<'_>) -> bool {
        if self.scope.any == Some(true) {
            return cx.settings.closed.everything || cx.settings.closed.kinds.contains("Service");
        }
        if self.scope.match_names.is_empty() {
            return cx.is_closed("Service", Some(self.namespace));
        }
        self.scope.match_names.iter().all(|name| cx.is_closed("Service", Some(name)))
    }
}

impl<'a> Monitor<'a, ServiceMonitorSpec> {
    /// The Services that it selects.
    pub fn services(&self) -> Vec<Svc<'a>> {
        let scopes = self.scopes().into_iter();
        scopes.flat_map(|namespace| self.registry.selected(namespace, &self.selector)).collect()
    }

    /// The namespaces where it looks; none for all of them.
    fn scopes(&self) -> Vec<Option<&str>> {
        match &self.scope.match_names {
            _ if self.scope.any == Some(true) => vec![None],
            names if names.is_empty() => vec![Some(self.namespace)],
            names => names.iter().map(|name| Some(name.as_str())).collect(),
        }
    }

    /// A Service in its reach that selects pods by just the labels that it asks for.
    pub fn service_by_pods(&self) -> Option<Svc<'a>> {
        let exact =
            self.selector.requirements.iter().all(
                |requirement| matches!(&requirement.operator, Operator::In(values) if values.len() == 1),
            );
        if !exact {
            return None;
        }
        let scopes = self.scopes().into_iter().flatten();
        let mut services = scopes.flat_map(|namespace| self.registry.in_namespace(namespace));
        services.find(|service| service.selector().is_some_and(|labels| self.selector.matches(labels)))
    }

    /// Whether the set has Services where it looks.
    pub fn has_ground(&self) -> bool {
        self.scopes().into_iter().any(|namespace| match namespace {
            Some(namespace) => self.registry.in_namespace(namespace).next().is_some(),
            None => !self.registry.all.is_empty(),
        })
    }

    /// A Service in its reach that is named as the monitor asks for it by a label.
    pub fn service_by_name(&self) -> Option<Svc<'a>> {
        const NAMES: [&str; 3] = ["app", "app.kubernetes.io/name", "k8s-app"];
        let named = self.selector.requirements.iter().filter_map(|requirement| match &requirement.operator {
            Operator::In(values) if NAMES.contains(&requirement.key.as_str()) => Some(values),
            _ => None,
        });
        let names: Vec<&String> = named.flatten().collect();
        let scopes = self.scopes().into_iter().flatten();
        let mut services = scopes.flat_map(|namespace| self.registry.in_namespace(namespace));
        services.find(|service| names.iter().any(|name| **name == *service.object.name))
    }

    /// A Service with the labels, in whatever namespace.
    pub fn service_anywhere(&self) -> Option<Svc<'a>> {
        self.registry.selected(None, &self.selector).next()
    }
}

impl<'a> Monitor<'a, PodMonitorSpec> {
    /// Whether it selects the pods of a workload.
    pub fn selects(&self, workload: &Workload<'_>) -> bool {
        self.looks_in(workload.namespace()) && self.selector.matches(workload.labels())
    }

    /// The workloads that it selects, but for those that run to an end.
    pub fn workloads<'c>(&self, cx: &'c Context<'a>) -> Vec<&'c Workload<'a>> {
        let mut found = Vec::new();
        let names: BTreeSet<&str> = if self.scope.any == Some(true) {
            cx.workloads().iter().map(Workload::namespace).collect()
        } else if self.scope.match_names.is_empty() {
            BTreeSet::from([self.namespace])
        } else {
            self.scope.match_names.iter().map(String::as_str).collect()
        };
        for name in names {
            found.extend(cx.workloads_selected(name, &self.selector).filter(|workload| !workload.is_job()));
        }
        found
    }
}

/// Whether a port of a Service is for metrics, by its name.
pub(super) fn is_metrics_port(port: &ServicePort) -> bool {
    port.name.as_deref().is_some_and(|name| {
        ["metrics", "http-metrics", "https-metrics", "prometheus", "prom", "http-prom", "tcp-metrics"]
            .contains(&name)
            || name.ends_with("-metrics")
    })
}

/// A rule of a PrometheusRule.
pub(super) struct RuleAt<'a> {
    pub object: &'a Object,
    pub group: &'a RuleGroup,
    pub rule: &'a Rule,
    /// `spec.groups[0].rules[1]`.
    pub path: String,
}

/// The rules of all PrometheusRules.
pub(super) fn rules<'a>(cx: &Context<'a>) -> impl Iterator<Item = RuleAt<'a>> + use<'a> {
    cx.all::<PrometheusRule>().flat_map(|(object, content)| {
        content.spec.groups.iter().enumerate().flat_map(move |(at, group)| {
            group.rules.iter().enumerate().map(move |(nth, rule)| RuleAt {
                object,
                group,
                rule,
                path: format!("spec.groups[{at}].rules[{nth}]"),
            })
        })
    })
}

/// The seconds of a duration of Prometheus: `30s`, `1h30m`, `1d`; none for any other text.
pub(super) fn seconds(text: &str) -> Option<f64> {
    const UNITS: [(&str, f64); 7] = [
        ("y", 31_536_000.0),
        ("w", 604_800.0),
        ("d", 86_400.0),
        ("h", 3600.0),
        ("m", 60.0),
        ("s", 1.0),
        ("ms", 1e-3),
    ];
    if text == "0" {
        return Some(0.0);
    }
    let (mut rest, mut total, mut next) = (text, 0.0, 0);
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).filter(|digits| *digits > 0)?;
        let tail = &rest[digits..];
        let unit = &tail[..tail.find(|c: char| c.is_ascii_digit()).unwrap_or(tail.len())];
        let at = UNITS.iter().position(|(name, _)| *name == unit).filter(|at| *at >= next)?;
        total += rest[..digits].parse::<f64>().ok()? * UNITS[at].1;
        next = at + 1;
        rest = &tail[unit.len()..];
    }
    (!text.is_empty()).then_some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_of_prometheus() {
        for (text, wanted) in [
            ("30s", Some(30.0)),
            ("1h30m", Some(5400.0)),
            ("1d", Some(86_400.0)),
            ("0", Some(0.0)),
            ("30m1h", None),
            ("1.5h", None),
            ("", None),
            ("five", None),
        ] {
            assert_eq!(seconds(text), wanted, "{text}");
        }
    }
}
