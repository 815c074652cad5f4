//! The least selector: the fewest labels that tell some pods from the others of their namespace.
use std::collections::BTreeMap;

use netloom_cluster::{Operator, PodId, Requirement, Selector};
use netloom_explain::{PASSING_LABELS, TELLING_LABELS};

/// A pod with its labels.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Labelled<'s> {
    pub pod: PodId,
    pub labels: &'s BTreeMap<String, String>,
}

/// Labels that change with every release: only where nothing else tells pods apart.
const CHANGING: [&str; 4] = ["version", "app.kubernetes.io/version", "helm.sh/chart", "chart"];

/// The labels that are not one pod's or one revision's own.
pub(crate) fn lasting(labels: &BTreeMap<String, String>) -> BTreeMap<String, String> {
    let lasting = labels.iter().filter(|(key, _)| !PASSING_LABELS.contains(&key.as_str()));
    lasting.map(|(key, value)| (key.clone(), value.clone())).collect()
}

/// A selector of pods that have these labels in common. Labels of the workload's own selector go first, then those that
/// name things by convention. Where others have all of these labels too, those that only the others have are excluded.
pub(crate) fn least(
    common: &BTreeMap<String, String>,
    preferred: Option<&BTreeMap<String, String>>,
    own: &[PodId],
    all: &[Labelled<'_>],
) -> Selector {
    let rank = |key: &String| {
        let is_preferred = preferred.is_some_and(|labels| labels.contains_key(key));
        let telling = TELLING_LABELS.iter().position(|t| t == key).unwrap_or(TELLING_LABELS.len());
        (!is_preferred, CHANGING.contains(&key.as_str()), telling, key.clone())
    };
    let mut keys: Vec<&String> = common.keys().collect();
    keys.sort_by_key(|key| rank(key));
    let others: Vec<&Labelled<'_>> = all.iter().filter(|pod| !own.contains(&pod.pod)).collect();
    let mut left: Vec<&Labelled<'_>> = others.clone();
    let mut requirements: Vec<Requirement> = Vec::new();
    for key in keys {
        let value = &common[key];
        let narrower: Vec<_> = left.iter().copied().filter(|p| p.labels.get(key) == Some(value)).collect();
        // The first label says what it is about, even where there is nothing to tell it from.
        if requirements.is_empty() || narrower.len() < left.len() {
            requirements.push(Requirement { key: key.clone(), operator: Operator::In(vec![value.clone()]) });
            left = narrower;
        }
        if left.is_empty() && !requirements.is_empty() {
            break;
        }
    }
    let own: Vec<&Labelled<'_>> = all.iter().filter(|pod| own.contains(&pod.pod)).collect();
    while let Some(other) = left.first() {
        let absent = |key: &&String| {
            !PASSING_LABELS.contains(&key.as_str()) && own.iter().all(|pod| !pod.labels.contains_key(*key))
        };
        let Some(key) = other.labels.keys().find(absent).cloned() else { break };
        left.retain(|pod| !pod.labels.contains_key(&key));
        requirements.push(Requirement { key, operator: Operator::DoesNotExist });
    }
    requirements.sort();
    Selector { requirements }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(text: &str) -> BTreeMap<String, String> {
        let pair = |pair: &str| pair.split_once('=').map(|(k, v)| (k.to_owned(), v.to_owned()));
        text.split(',').filter_map(pair).collect()
    }

    fn show(selector: &Selector) -> String {
        let one = |r: &Requirement| match &r.operator {
            Operator::In(values) => format!("{}={}", r.key, values.join("|")),
            Operator::DoesNotExist => format!("!{}", r.key),
            other => format!("{} {other:?}", r.key),
        };
        selector.requirements.iter().map(one).collect::<Vec<_>>().join(",")
    }

    #[test]
    fn selectors_have_as_few_labels_as_tell_pods_apart() {
        // (own labels, own selector, the labels of others, the least)
        for (own, preferred, others, least_is) in [
            ("app=web,tier=front", None, &["app=db"][..], "app=web"),
            ("app=web,tier=front", Some("tier=front"), &["app=db"], "tier=front"),
            ("app=web,version=v1", None, &["app=web,version=v2", "app=db,version=v1"], "app=web,version=v1"),
            (
                "app.kubernetes.io/name=x,app.kubernetes.io/instance=a,role=y",
                None,
                &["app.kubernetes.io/name=x,app.kubernetes.io/instance=b,role=y"],
                "app.kubernetes.io/instance=a,app.kubernetes.io/name=x",
            ),
            ("app=web", None, &["app=web,track=canary", "app=web,track=canary,x=y"], "app=web,!track"),
            ("", None, &["app=web", "tier=x"], "!app,!tier"),
            ("", None, &[], ""),
            ("a=b,pod-template-hash=1", None, &["a=b,pod-template-hash=2"], "a=b"),
            ("version=1,zone=b", None, &["zone=c"], "zone=b"),
        ] {
            let own = lasting(&labels(own));
            let others: Vec<_> = others.iter().map(|o| labels(o)).collect();
            let all = std::iter::once(&own).chain(&others).enumerate();
            let all: Vec<_> = all.map(|(nth, labels)| Labelled { pod: PodId(nth as u32), labels }).collect();
            let preferred = preferred.map(labels);
            let selector = least(&own, preferred.as_ref(), &[PodId(0)], &all);
            assert_eq!(show(&selector), least_is, "{own:?}");
        }
    }
}
