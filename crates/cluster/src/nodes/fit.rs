//! Which nodes a pod may run on: nodeName, nodeSelector, required node affinity, taints.
use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{NodeSelectorRequirement, NodeSelectorTerm, PodSpec, Taint, Toleration};

/// The label with a node's name.
pub const HOSTNAME: &str = "kubernetes.io/hostname";

/// What a pod asks of its node.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Wants {
    /// `spec.nodeName`: bound already, nothing else is asked.
    pub node_name: Option<String>,
    /// `spec.nodeSelector`.
    selector: BTreeMap<String, String>,
    /// `requiredDuringSchedulingIgnoredDuringExecution`: one of the terms must hold.
    terms: Option<Vec<NodeSelectorTerm>>,
    /// `preferredDuringSchedulingIgnoredDuringExecution`, with their weights.
    preferred: Vec<(i64, NodeSelectorTerm)>,
    /// `spec.tolerations`.
    tolerations: Vec<Toleration>,
    /// Whether it is a DaemonSet's, which the controller lets onto unschedulable nodes.
    daemon: bool,
}

/// What the scheduler sees of a node.
#[derive(Clone, Copy, Debug)]
pub struct Candidate<'a> {
    /// `metadata.name`.
    pub name: &'a str,
    /// Its labels.
    pub labels: &'a BTreeMap<String, String>,
    /// `spec.taints`.
    pub taints: &'a [Taint],
    /// `spec.unschedulable`.
    pub unschedulable: bool,
}

/// Why a node does not take a pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Refusal {
    /// Its labels do not match.
    Labels,
    /// It has a taint that the pod does not tolerate.
    Taint,
    /// It is cordoned.
    Unschedulable,
    /// Another pod has a port of it.
    Port,
    /// Anti-affinity of this pod or of one that is there.
    Apart,
    /// No pod is there that affinity asks for.
    Together,
    /// A topology spread constraint.
    Spread,
}

impl Refusal {
    /// In a few words.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Labels => "labels differ from nodeSelector or affinity",
            Self::Taint => "taint not tolerated",
            Self::Unschedulable => "unschedulable",
            Self::Port => "ports taken",
            Self::Apart => "pod anti-affinity",
            Self::Together => "pod affinity",
            Self::Spread => "topology spread constraints",
        }
    }
}

impl Wants {
    /// What a pod of this spec asks.
    pub fn of(spec: &PodSpec) -> Self {
        let affinity = spec.affinity.as_ref().and_then(|a| a.node_affinity.as_ref());
        let required = affinity.and_then(|a| a.required_during_scheduling_ignored_during_execution.as_ref());
        let preferred =
            affinity.and_then(|a| a.preferred_during_scheduling_ignored_during_execution.as_ref());
        Self {
            node_name: spec.node_name.clone().filter(|n| !n.is_empty()),
            selector: spec.node_selector.clone().unwrap_or_default(),
            terms: required.map(|r| r.node_selector_terms.clone()),
            preferred: preferred
                .into_iter()
                .flatten()
                .map(|p| (p.weight.into(), p.preference.clone()))
                .collect(),
            tolerations: spec.tolerations.clone().unwrap_or_default(),
            daemon: false,
        }
    }

    /// The same for a DaemonSet's pods, to which the controller adds tolerations of its own.
    #[must_use]
    pub fn of_daemon(self) -> Self {
        Self { daemon: true, ..self }
    }

    /// Whether it asks for labels at all.
    pub fn asks_for_labels(&self) -> bool {
        !self.selector.is_empty() || self.terms.is_some()
    }

    /// Labels that would make a node fit, as the values that each may have: one set for each term that can hold.
    pub fn labels_that_fit(&self) -> Vec<BTreeMap<String, Vec<String>>> {
        let selected: BTreeMap<String, Vec<String>> =
            self.selector.iter().map(|(key, value)| (key.clone(), vec![value.clone()])).collect();
        match &self.terms {
            None => vec![selected],
            Some(terms) => terms.iter().filter_map(|term| labels_of(term, selected.clone())).collect(),
        }
    }

    /// Whether the node takes the pod; nodeName is the caller's to look at, since it skips the scheduler.
    pub fn check(&self, node: Candidate<'_>) -> Result<(), Refusal> {
        if !self.selector.iter().all(|(key, value)| node.labels.get(key) == Some(value)) {
            return Err(Refusal::Labels);
        }
        if self.terms.as_ref().is_some_and(|terms| !terms.iter().any(|t| term_holds(t, node))) {
            return Err(Refusal::Labels);
        }
        if node.unschedulable && !self.daemon && !self.tolerates(&unschedulable_taint()) {
            return Err(Refusal::Unschedulable);
        }
        let keeps_out = |t: &&Taint| matches!(t.effect.as_str(), "NoSchedule" | "NoExecute");
        match node.taints.iter().filter(keeps_out).all(|t| self.tolerates(t)) {
            true => Ok(()),
            false => Err(Refusal::Taint),
        }
    }

    /// How much speaks against a node that takes the pod: `PreferNoSchedule`, and preferences that do not hold.
    pub fn dislike(&self, node: Candidate<'_>) -> i64 {
        let shy = |t: &&Taint| t.effect == "PreferNoSchedule" && !self.tolerates(t);
        let shy = node.taints.iter().filter(shy).count();
        let held = self.preferred.iter().filter(|(_, term)| term_holds(term, node));
        held.map(|(weight, _)| -weight).sum::<i64>() + 100 * i64::try_from(shy).unwrap_or(i64::MAX / 100)
    }

    fn tolerates(&self, taint: &Taint) -> bool {
        // What the DaemonSet controller adds to every pod: taints of a node's condition keep nobody out.
        (self.daemon && taint.key.starts_with("node.kubernetes.io/"))
            || self.tolerations.iter().any(|t| tolerates(t, taint))
    }
}

fn unschedulable_taint() -> Taint {
    Taint {
        key: "node.kubernetes.io/unschedulable".into(),
        effect: "NoSchedule".into(),
        value: None,
        time_added: None,
    }
}

/// `Toleration.ToleratesTaint` of the API: an empty key with `Exists` tolerates all, an empty effect every effect.
fn tolerates(toleration: &Toleration, taint: &Taint) -> bool {
    let set = |text: &Option<String>| text.clone().filter(|t| !t.is_empty());
    if set(&toleration.effect).is_some_and(|effect| effect != taint.effect) {
        return false;
    }
    let key = set(&toleration.key);
    if key.as_ref().is_some_and(|key| *key != taint.key) {
        return false;
    }
    match toleration.operator.as_deref() {
        Some("Exists") => true,
        None | Some("" | "Equal") => {
            key.is_some()
                && toleration.value.as_deref().unwrap_or_default()
                    == taint.value.as_deref().unwrap_or_default()
        }
        Some(_) => false,
    }
}

/// A term without any requirement matches no node (API documentation of NodeSelectorTerm).
fn term_holds(term: &NodeSelectorTerm, node: Candidate<'_>) -> bool {
    let expressions = term.match_expressions.as_deref().unwrap_or_default();
    let fields = term.match_fields.as_deref().unwrap_or_default();
    (!expressions.is_empty() || !fields.is_empty())
        && expressions.iter().all(|r| requirement_holds(r, node.labels.get(&r.key).map(String::as_str)))
        && fields.iter().all(|r| requirement_holds(r, (r.key == "metadata.name").then_some(node.name)))
}

/// The labels with those that make a term hold; none where the two contradict each other.
fn labels_of(
    term: &NodeSelectorTerm,
    mut labels: BTreeMap<String, Vec<String>>,
) -> Option<BTreeMap<String, Vec<String>>> {
    let names = term.match_fields.iter().flatten().filter(|r| r.key == "metadata.name");
    let names = names.map(|r| NodeSelectorRequirement { key: HOSTNAME.to_owned(), ..r.clone() });
    for requirement in term.match_expressions.iter().flatten().cloned().chain(names) {
        let values = requirement.values.unwrap_or_default();
        let number = || values.first().and_then(|v| v.parse::<i64>().ok());
        let fitting = match requirement.operator.as_str() {
            "In" => values,
            "Gt" => vec![number()?.checked_add(1)?.to_string()],
            "Lt" => vec![number()?.checked_sub(1)?.to_string()],
            "Exists" if labels.contains_key(&requirement.key) => continue,
            // A role is a label without a value.
            "Exists" if requirement.key.starts_with("node-role.kubernetes.io/") => vec![String::new()],
            "Exists" if requirement.key == HOSTNAME => continue,
            "Exists" => vec!["true".to_owned()],
            _ => continue,
        };
        let own = labels.entry(requirement.key).or_insert_with(|| fitting.clone());
        own.retain(|value| fitting.contains(value));
        if own.is_empty() {
            return None;
        }
    }
    Some(labels)
}

fn requirement_holds(requirement: &NodeSelectorRequirement, value: Option<&str>) -> bool {
    let values = requirement.values.as_deref().unwrap_or_default();
    let among = |v: &str| values.iter().any(|w| w == v);
    let compare = |wanted: std::cmp::Ordering| {
        let number = |text: &str| text.parse::<i64>().ok();
        match (value.and_then(number), values.first().and_then(|v| number(v))) {
            (Some(own), Some(bound)) => own.cmp(&bound) == wanted,
            _ => false,
        }
    };
    match requirement.operator.as_str() {
        "In" => value.is_some_and(among),
        "NotIn" => !value.is_some_and(among),
        "Exists" => value.is_some(),
        "DoesNotExist" => value.is_none(),
        "Gt" => compare(std::cmp::Ordering::Greater),
        "Lt" => compare(std::cmp::Ordering::Less),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::core::v1::{Affinity, NodeAffinity, NodeSelector};

    use super::*;

    fn requirement(key: &str, operator: &str, values: &[&str]) -> NodeSelectorRequirement {
        NodeSelectorRequirement {
            key: key.into(),
            operator: operator.into(),
            values: Some(values.iter().map(|v| (*v).to_owned()).collect()),
        }
    }

    fn affinity(terms: Vec<NodeSelectorTerm>) -> Wants {
        Wants::of(&PodSpec {
            affinity: Some(Affinity {
                node_affinity: Some(NodeAffinity {
                    required_during_scheduling_ignored_during_execution: Some(NodeSelector {
                        node_selector_terms: terms,
                    }),
                    ..NodeAffinity::default()
                }),
                ..Affinity::default()
            }),
            ..PodSpec::default()
        })
    }

    #[test]
    fn affinity_operators() {
        let labels: BTreeMap<String, String> =
            [("disk", "ssd"), ("cores", "8")].map(|(k, v)| (k.to_owned(), v.to_owned())).into();
        let node = Candidate { name: "n1", labels: &labels, taints: &[], unschedulable: false };
        for (key, operator, values, fits) in [
            ("disk", "In", &["ssd", "nvme"][..], true),
            ("disk", "In", &["hdd"], false),
            ("gpu", "In", &["yes"], false),
            ("disk", "NotIn", &["hdd"], true),
            ("gpu", "NotIn", &["yes"], true),
            ("disk", "NotIn", &["ssd"], false),
            ("disk", "Exists", &[], true),
            ("gpu", "Exists", &[], false),
            ("gpu", "DoesNotExist", &[], true),
            ("cores", "Gt", &["4"], true),
            ("cores", "Gt", &["8"], false),
            ("cores", "Lt", &["9"], true),
            ("disk", "Gt", &["4"], false),
            ("disk", "Near", &["ssd"], false),
        ] {
            let term = NodeSelectorTerm {
                match_expressions: Some(vec![requirement(key, operator, values)]),
                match_fields: None,
            };
            assert_eq!(affinity(vec![term]).check(node).is_ok(), fits, "{key} {operator} {values:?}");
        }
    }

    #[test]
    fn terms_are_alternatives_and_an_empty_one_matches_nothing() {
        let labels = BTreeMap::new();
        let node = Candidate { name: "n1", labels: &labels, taints: &[], unschedulable: false };
        let by_name = NodeSelectorTerm {
            match_fields: Some(vec![requirement("metadata.name", "In", &["n1"])]),
            match_expressions: None,
        };
        assert!(affinity(vec![NodeSelectorTerm::default(), by_name]).check(node).is_ok());
        assert_eq!(affinity(vec![NodeSelectorTerm::default()]).check(node), Err(Refusal::Labels));
        assert_eq!(affinity(vec![]).check(node), Err(Refusal::Labels));
    }

    #[test]
    fn taints_and_tolerations() {
        let labels = BTreeMap::new();
        let taint = Taint {
            key: "dedicated".into(),
            value: Some("db".into()),
            effect: "NoSchedule".into(),
            time_added: None,
        };
        let toleration =
            |key: Option<&str>, operator: Option<&str>, value: Option<&str>, effect: Option<&str>| {
                Toleration {
                    key: key.map(Into::into),
                    operator: operator.map(Into::into),
                    value: value.map(Into::into),
                    effect: effect.map(Into::into),
                    toleration_seconds: None,
                }
            };
        for (toleration, fits) in [
            (toleration(Some("dedicated"), None, Some("db"), Some("NoSchedule")), true),
            (toleration(Some("dedicated"), Some("Equal"), Some("web"), None), false),
            (toleration(Some("dedicated"), Some("Exists"), None, None), true),
            (toleration(None, Some("Exists"), None, None), true),
            (toleration(Some("other"), Some("Exists"), None, None), false),
            (toleration(Some("dedicated"), Some("Exists"), None, Some("NoExecute")), false),
        ] {
            let wants =
                Wants::of(&PodSpec { tolerations: Some(vec![toleration.clone()]), ..PodSpec::default() });
            let node = Candidate {
                name: "n1",
                labels: &labels,
                taints: std::slice::from_ref(&taint),
                unschedulable: false,
            };
            assert_eq!(wants.check(node).is_ok(), fits, "{toleration:?}");
        }
    }

    #[test]
    fn cordoned_nodes_take_daemons_only() {
        let labels = BTreeMap::new();
        let node = Candidate { name: "n1", labels: &labels, taints: &[], unschedulable: true };
        assert_eq!(Wants::default().check(node), Err(Refusal::Unschedulable));
        assert_eq!(Wants::default().of_daemon().check(node), Ok(()));
    }
}
