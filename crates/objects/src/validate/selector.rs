//! Label selectors.
use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;

use super::{
    Check,
    metadata::labels,
    syntax::{label_value, qualified_name},
};
use crate::tree::shorten;

const OPERATORS: [&str; 4] = ["In", "NotIn", "Exists", "DoesNotExist"];

/// Checks the syntax of a selector.
pub(super) fn check(check: &mut Check<'_, '_, '_>, path: &str, selector: &LabelSelector) {
    if let Some(wanted) = &selector.match_labels {
        labels(check, &format!("{path}.matchLabels"), wanted);
    }
    for (i, expression) in selector.match_expressions.iter().flatten().enumerate() {
        let path = format!("{path}.matchExpressions[{i}]");
        if let Some(fault) = qualified_name(&expression.key) {
            let message = format!("the label key \"{}\" {fault}", shorten(&expression.key));
            check.error(format_args!("{path}.key"), message);
        }
        if expression.operator.is_empty() {
            check.error(
                format_args!("{path}.operator"),
                format!("`operator` is missing: one of {}", OPERATORS.join(", ")),
            );
            continue;
        }
        check.one_of(format_args!("{path}.operator"), Some(&expression.operator), &OPERATORS);
        let values = expression.values.as_deref().unwrap_or_default();
        match expression.operator.as_str() {
            "In" | "NotIn" if values.is_empty() => {
                check.error(
                    format_args!("{path}.values"),
                    format!("`{}` needs `values`", expression.operator),
                );
            }
            "Exists" | "DoesNotExist" if !values.is_empty() => {
                let message =
                    format!("`{}` asks for the key alone and takes no `values`", expression.operator);
                check.error_help(
                    format_args!("{path}.values"),
                    message,
                    "take them away, or write `In` or `NotIn`",
                );
            }
            _ => {}
        }
        for (j, value) in values.iter().enumerate() {
            if let Some(fault) = label_value(value) {
                let message = format!("the label value \"{}\" {fault}", shorten(value));
                check.error(format_args!("{path}.values[{j}]"), message);
            }
        }
    }
}

/// Whether labels are selected.
pub(super) fn matches(selector: &LabelSelector, labels: &BTreeMap<String, String>) -> bool {
    let wanted = selector.match_labels.iter().flatten().all(|(key, value)| labels.get(key) == Some(value));
    wanted
        && selector.match_expressions.iter().flatten().all(|e| {
            let listed = |value: &String| e.values.iter().flatten().any(|v| v == value);
            let value = labels.get(&e.key);
            match e.operator.as_str() {
                "In" => value.is_some_and(listed),
                "NotIn" => !value.is_some_and(listed),
                "Exists" => value.is_some(),
                "DoesNotExist" => value.is_none(),
                // Reported as an operator that does not exist.
                _ => true,
            }
        })
}

/// Whether a selector is there and asks for something.
pub(super) fn is_empty(selector: &LabelSelector) -> bool {
    selector.match_labels.as_ref().is_none_or(BTreeMap::is_empty)
        && selector.match_expressions.as_ref().is_none_or(Vec::is_empty)
}
