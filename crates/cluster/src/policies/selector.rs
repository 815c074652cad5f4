//! Label selectors of the API in neutral form.
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;

use crate::model::{Operator, Requirement, Selector};

/// Why a selector cannot be understood; the operator as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownOperator(pub String);

/// Converts a selector; requirements come out sorted, so that equal selectors are equal values.
pub fn selector(from: &LabelSelector) -> Result<Selector, UnknownOperator> {
    let labels = from.match_labels.iter().flatten();
    let mut requirements: Vec<Requirement> = labels
        .map(|(key, value)| Requirement { key: key.clone(), operator: Operator::In(vec![value.clone()]) })
        .collect();
    for expression in from.match_expressions.iter().flatten() {
        let mut values = expression.values.clone().unwrap_or_default();
        values.sort();
        values.dedup();
        let operator = match expression.operator.as_str() {
            "In" => Operator::In(values),
            "NotIn" => Operator::NotIn(values),
            "Exists" => Operator::Exists,
            "DoesNotExist" => Operator::DoesNotExist,
            other => return Err(UnknownOperator(other.to_owned())),
        };
        requirements.push(Requirement { key: expression.key.clone(), operator });
    }
    requirements.sort();
    requirements.dedup();
    Ok(Selector { requirements })
}

/// A selector that no object matches: how an unreadable one is read.
pub fn nothing() -> Selector {
    let key = "netloom.dev/nothing".to_owned();
    Selector {
        requirements: vec![
            Requirement { key: key.clone(), operator: Operator::Exists },
            Requirement { key, operator: Operator::DoesNotExist },
        ],
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelectorRequirement;

    use super::*;

    fn labels(of: &[(&str, &str)]) -> BTreeMap<String, String> {
        of.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
    }

    fn expression(key: &str, operator: &str, values: &[&str]) -> LabelSelector {
        LabelSelector {
            match_expressions: Some(vec![LabelSelectorRequirement {
                key: key.into(),
                operator: operator.into(),
                values: Some(values.iter().map(|v| (*v).to_owned()).collect()),
            }]),
            match_labels: None,
        }
    }

    #[test]
    fn operators() {
        let web = labels(&[("app", "web")]);
        let bare = labels(&[]);
        for (operator, values, on_web, on_bare) in [
            ("In", &["web", "api"][..], true, false),
            ("In", &["api"], false, false),
            ("NotIn", &["api"], true, true),
            ("NotIn", &["web"], false, true),
            ("Exists", &[], true, false),
            ("DoesNotExist", &[], false, true),
        ] {
            let selector = selector(&expression("app", operator, values)).unwrap();
            assert_eq!(selector.matches(&web), on_web, "{operator} {values:?} on app=web");
            assert_eq!(selector.matches(&bare), on_bare, "{operator} {values:?} on no labels");
        }
        assert_eq!(selector(&expression("app", "Like", &[])), Err(UnknownOperator("Like".into())));
    }

    #[test]
    fn labels_and_expressions_must_all_hold() {
        let both = LabelSelector {
            match_labels: Some(labels(&[("app", "web")])),
            ..expression("tier", "In", &["front"])
        };
        let selector = selector(&both).unwrap();
        assert!(selector.matches(&labels(&[("app", "web"), ("tier", "front")])));
        assert!(!selector.matches(&labels(&[("app", "web")])));
    }

    #[test]
    fn the_empty_selector_matches_everything() {
        let empty = selector(&LabelSelector::default()).unwrap();
        for labels in [labels(&[]), labels(&[("netloom.dev/nothing", "x")])] {
            assert!(empty.matches(&labels));
        }
    }
}
