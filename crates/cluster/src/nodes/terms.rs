//! What a pod asks of its neighbours: affinity and anti-affinity between pods, and an even spread.
use k8s_openapi::{
    api::core::v1::{PodAffinityTerm, PodSpec, TopologySpreadConstraint},
    apimachinery::pkg::apis::meta::v1::LabelSelector,
};

use crate::{
    model::{Labels, Operator, Requirement, Selector},
    policies::selector::{nothing, selector},
};

/// Which pods count, and where.
#[derive(Clone, Debug, PartialEq)]
pub struct Term {
    /// `topologyKey`: nodes with the same value of this label are one domain.
    pub key: String,
    /// Which pods.
    selector: Selector,
    /// `matchLabelKeys`: and with the same value of these labels as the pod itself.
    same: Vec<String>,
    /// `mismatchLabelKeys`: and with another value of these.
    other: Vec<String>,
    /// Of which namespaces; none: of all.
    namespaces: Option<Vec<String>>,
    /// What is asked of them.
    pub rule: Rule,
}

/// What is asked of the pods that a term is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// None of them in the same domain.
    Apart,
    /// One of them in the same domain.
    Together,
    /// No domain has that many more of them than another.
    Spread(Spread),
    /// The fewer in the same domain the better; the more, where it is negative.
    Rather(i64),
}

/// A spread that is required.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spread {
    /// `maxSkew`.
    pub max_skew: usize,
    /// `minDomains`.
    pub min_domains: usize,
    /// `nodeAffinityPolicy`: whether nodes that the pod's labels rule out do not count.
    pub honor_affinity: bool,
    /// `nodeTaintsPolicy`: whether nodes that the pod does not tolerate do not count.
    pub honor_taints: bool,
}

/// The weight of a spread that is wished for; pod affinity's go to 100.
const WISH: i64 = 100;

impl Term {
    /// The terms of a pod, and what is not acted on.
    pub fn all_of(spec: &PodSpec) -> (Vec<Self>, Vec<&'static str>) {
        let (mut terms, mut unheeded) = (Vec::new(), Vec::new());
        let affinity = spec.affinity.as_ref();
        let mut add = |term: &PodAffinityTerm, rule| match Self::of(term, rule) {
            Ok(term) => terms.push(term),
            Err(why) => unheeded.push(why),
        };
        if let Some(apart) = affinity.and_then(|a| a.pod_anti_affinity.as_ref()) {
            let required = apart.required_during_scheduling_ignored_during_execution.iter().flatten();
            required.for_each(|term| add(term, Rule::Apart));
            for wish in apart.preferred_during_scheduling_ignored_during_execution.iter().flatten() {
                add(&wish.pod_affinity_term, Rule::Rather(wish.weight.into()));
            }
        }
        if let Some(together) = affinity.and_then(|a| a.pod_affinity.as_ref()) {
            let required = together.required_during_scheduling_ignored_during_execution.iter().flatten();
            required.for_each(|term| add(term, Rule::Together));
            for wish in together.preferred_during_scheduling_ignored_during_execution.iter().flatten() {
                add(&wish.pod_affinity_term, Rule::Rather(-i64::from(wish.weight)));
            }
        }
        for constraint in spec.topology_spread_constraints.iter().flatten() {
            match Self::of_spread(constraint) {
                Ok(term) => terms.push(term),
                Err(why) => unheeded.push(why),
            }
        }
        (terms, unheeded)
    }

    fn of(from: &PodAffinityTerm, rule: Rule) -> Result<Self, &'static str> {
        let listed = from.namespaces.clone().unwrap_or_default();
        let namespaces = match &from.namespace_selector {
            None => Some(listed),
            Some(all) if *all == LabelSelector::default() || is_empty(all) => None,
            Some(_) => return Err("a pod affinity term with a namespaceSelector"),
        };
        Ok(Self {
            key: from.topology_key.clone(),
            selector: read(from.label_selector.as_ref())?,
            same: from.match_label_keys.clone().unwrap_or_default(),
            other: from.mismatch_label_keys.clone().unwrap_or_default(),
            namespaces,
            rule,
        })
    }

    fn of_spread(from: &TopologySpreadConstraint) -> Result<Self, &'static str> {
        let number = |n: i32| usize::try_from(n).unwrap_or(0).max(1);
        let honors = |policy: &Option<String>, default: bool| match policy.as_deref() {
            Some(policy) => policy == "Honor",
            None => default,
        };
        let rule = match from.when_unsatisfiable.as_str() {
            "ScheduleAnyway" => Rule::Rather(WISH),
            _ => Rule::Spread(Spread {
                max_skew: number(from.max_skew),
                min_domains: number(from.min_domains.unwrap_or(1)),
                honor_affinity: honors(&from.node_affinity_policy, true),
                honor_taints: honors(&from.node_taints_policy, false),
            }),
        };
        Ok(Self {
            key: from.topology_key.clone(),
            selector: read(from.label_selector.as_ref())?,
            same: from.match_label_keys.clone().unwrap_or_default(),
            other: Vec::new(),
            namespaces: Some(Vec::new()),
            rule,
        })
    }

    /// The selector for a pod with these labels, which may ask for pods that are like it.
    pub fn selector_for(&self, labels: &Labels) -> Selector {
        let mut selector = self.selector.clone();
        let mut require = |keys: &[String], operator: fn(Vec<String>) -> Operator| {
            for (key, value) in keys.iter().filter_map(|key| labels.get_key_value(key)) {
                let operator = operator(vec![value.clone()]);
                selector.requirements.push(Requirement { key: key.clone(), operator });
            }
        };
        require(&self.same, Operator::In);
        require(&self.other, Operator::NotIn);
        selector
    }

    /// Whether pods of a namespace count for a pod of another.
    pub fn covers(&self, own: &str, namespace: &str) -> bool {
        match &self.namespaces {
            None => true,
            Some(listed) if listed.is_empty() => own == namespace,
            Some(listed) => listed.iter().any(|n| n == namespace),
        }
    }
}

fn is_empty(selector: &LabelSelector) -> bool {
    selector.match_labels.as_ref().is_none_or(|l| l.is_empty())
        && selector.match_expressions.as_ref().is_none_or(|e| e.is_empty())
}

/// No selector at all matches no pod (API documentation of both kinds of term).
fn read(from: Option<&LabelSelector>) -> Result<Selector, &'static str> {
    let unknown = "a pod affinity term or spread with an unknown operator in its selector";
    from.map_or_else(|| Ok(nothing()), |from| selector(from).map_err(|_| unknown))
}
