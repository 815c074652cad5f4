//! Where pods may run: tolerations, spreading, affinity.
use k8s_openapi::api::core::v1::{
    Affinity, NodeSelectorTerm, PodAffinityTerm, PodSpec, Toleration, TopologySpreadConstraint,
};

use super::{
    Check, metadata, selector,
    syntax::{label_name, label_value, qualified_name},
};
use crate::tree::shorten;

pub(super) fn scheduling(check: &mut Check<'_, '_, '_>, path: &str, spec: &PodSpec) {
    if let Some(labels) = &spec.node_selector {
        metadata::labels(check, &format!("{path}.nodeSelector"), labels);
    }
    for (i, one) in spec.tolerations.iter().flatten().enumerate() {
        toleration(check, &format!("{path}.tolerations[{i}]"), one);
    }
    for (i, one) in spec.topology_spread_constraints.iter().flatten().enumerate() {
        let path = format!("{path}.topologySpreadConstraints[{i}]");
        spread(check, &path, one);
        let same = |other: &TopologySpreadConstraint| {
            (&other.topology_key, &other.when_unsatisfiable) == (&one.topology_key, &one.when_unsatisfiable)
        };
        if spec.topology_spread_constraints.iter().flatten().take(i).any(same) {
            check.error(&path, format!("the constraint for {} is there twice", shorten(&one.topology_key)));
        }
    }
    if let Some(found) = &spec.affinity {
        affinity(check, &format!("{path}.affinity"), found);
    }
}

pub(super) const EFFECTS: [&str; 3] = ["NoSchedule", "PreferNoSchedule", "NoExecute"];

fn toleration(check: &mut Check<'_, '_, '_>, path: &str, one: &Toleration) {
    let key = one.key.as_deref().unwrap_or_default();
    let value = one.value.as_deref().unwrap_or_default();
    let operator = one.operator.as_deref().filter(|o| !o.is_empty()).unwrap_or("Equal");
    check.formed(format_args!("{path}.key"), "key", Some(key), qualified_name);
    check.one_of(format_args!("{path}.operator"), Some(operator), &["Exists", "Equal", "Lt", "Gt"]);
    if key.is_empty() && operator != "Exists" && !check.holds_fault(path) {
        check.error(path, "a toleration without a `key` has `operator: Exists`");
    }
    if operator == "Exists" && !value.is_empty() {
        check.error(format_args!("{path}.value"), "`Exists` asks for the key alone and takes no `value`");
    }
    if operator == "Equal" {
        check.formed(format_args!("{path}.value"), "value", Some(value), label_value);
    }
    let effect = one.effect.as_deref().filter(|effect| !effect.is_empty());
    check.one_of(format_args!("{path}.effect"), effect, &EFFECTS);
    if one.toleration_seconds.is_some() && effect != Some("NoExecute") {
        check
            .error(format_args!("{path}.tolerationSeconds"), "`tolerationSeconds` needs `effect: NoExecute`");
    }
}

fn spread(check: &mut Check<'_, '_, '_>, path: &str, one: &TopologySpreadConstraint) {
    check.at_least(format_args!("{path}.maxSkew"), Some(one.max_skew), 1);
    check.required(format_args!("{path}.topologyKey"), &one.topology_key);
    let choices = ["DoNotSchedule", "ScheduleAnyway"];
    if check.required(format_args!("{path}.whenUnsatisfiable"), &one.when_unsatisfiable) {
        check.one_of(format_args!("{path}.whenUnsatisfiable"), Some(&one.when_unsatisfiable), &choices);
    }
    check.at_least(format_args!("{path}.minDomains"), one.min_domains, 1);
    if one.min_domains.is_some() && one.when_unsatisfiable == "ScheduleAnyway" {
        check.error(
            format_args!("{path}.minDomains"),
            "`minDomains` needs `whenUnsatisfiable: DoNotSchedule`",
        );
    }
    if let Some(pods) = &one.label_selector {
        selector::check(check, &format!("{path}.labelSelector"), pods);
    }
}

fn affinity(check: &mut Check<'_, '_, '_>, path: &str, affinity: &Affinity) {
    const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";
    const PREFERRED: &str = "preferredDuringSchedulingIgnoredDuringExecution";
    if let Some(node) = &affinity.node_affinity {
        let path = format!("{path}.nodeAffinity");
        if let Some(required) = &node.required_during_scheduling_ignored_during_execution {
            let path = format!("{path}.{REQUIRED}.nodeSelectorTerms");
            if required.node_selector_terms.is_empty() && !check.holds_fault(&path) {
                check.error(&path, "this needs at least one term");
            }
            for (i, term) in required.node_selector_terms.iter().enumerate() {
                node_term(check, &format!("{path}[{i}]"), term);
            }
        }
        for (i, one) in node.preferred_during_scheduling_ignored_during_execution.iter().flatten().enumerate()
        {
            let path = format!("{path}.{PREFERRED}[{i}]");
            weight(check, &path, one.weight);
            node_term(check, &format!("{path}.preference"), &one.preference);
        }
    }
    let pods = affinity.pod_affinity.as_ref().map(|a| {
        let required = a.required_during_scheduling_ignored_during_execution.as_deref();
        ("podAffinity", required, a.preferred_during_scheduling_ignored_during_execution.as_deref())
    });
    let apart = affinity.pod_anti_affinity.as_ref().map(|a| {
        let required = a.required_during_scheduling_ignored_during_execution.as_deref();
        ("podAntiAffinity", required, a.preferred_during_scheduling_ignored_during_execution.as_deref())
    });
    for (field, required, preferred) in pods.into_iter().chain(apart) {
        for (i, term) in required.into_iter().flatten().enumerate() {
            pod_term(check, &format!("{path}.{field}.{REQUIRED}[{i}]"), term);
        }
        for (i, one) in preferred.into_iter().flatten().enumerate() {
            let path = format!("{path}.{field}.{PREFERRED}[{i}]");
            weight(check, &path, one.weight);
            pod_term(check, &format!("{path}.podAffinityTerm"), &one.pod_affinity_term);
        }
    }
}

fn weight(check: &mut Check<'_, '_, '_>, path: &str, weight: i32) {
    if !(1..=100).contains(&weight) {
        check.error(format_args!("{path}.weight"), format!("{weight} is no weight; it is 1 to 100"));
    }
}

fn node_term(check: &mut Check<'_, '_, '_>, path: &str, term: &NodeSelectorTerm) {
    for (i, one) in term.match_expressions.iter().flatten().enumerate() {
        let path = format!("{path}.matchExpressions[{i}]");
        if let Some(fault) = qualified_name(&one.key) {
            check.error(
                format_args!("{path}.key"),
                format!("the label key \"{}\" {fault}", shorten(&one.key)),
            );
        }
        let operators = ["In", "NotIn", "Exists", "DoesNotExist", "Gt", "Lt"];
        if !check.required(format_args!("{path}.operator"), &one.operator) {
            continue;
        }
        check.one_of(format_args!("{path}.operator"), Some(&one.operator), &operators);
        let values = one.values.as_deref().unwrap_or_default();
        let field = format!("{path}.values");
        match one.operator.as_str() {
            "In" | "NotIn" if values.is_empty() => {
                check.error(field, format!("`{}` needs `values`", one.operator))
            }
            "Exists" | "DoesNotExist" if !values.is_empty() => {
                check
                    .error(field, format!("`{}` asks for the key alone and takes no `values`", one.operator));
            }
            "Gt" | "Lt" if values.len() != 1 => {
                check.error(field, format!("`{}` needs exactly one number", one.operator));
            }
            _ => {}
        }
        for (j, value) in values.iter().enumerate() {
            check.formed(format_args!("{path}.values[{j}]"), "label value", Some(value), label_value);
        }
    }
}

fn pod_term(check: &mut Check<'_, '_, '_>, path: &str, term: &PodAffinityTerm) {
    if check.required(format_args!("{path}.topologyKey"), &term.topology_key) {
        check.formed(format_args!("{path}.topologyKey"), "key", Some(&term.topology_key), qualified_name);
    }
    if let Some(pods) = &term.label_selector {
        selector::check(check, &format!("{path}.labelSelector"), pods);
    }
    if let Some(namespaces) = &term.namespace_selector {
        selector::check(check, &format!("{path}.namespaceSelector"), namespaces);
    }
    for (i, namespace) in term.namespaces.iter().flatten().enumerate() {
        check.formed(format_args!("{path}.namespaces[{i}]"), "namespace", Some(namespace), label_name);
    }
}
