//! Which labels the series that a query makes have, and what is known of their values.
use std::collections::BTreeMap;

use super::{
    matching::exclude,
    query::{Aggregation, Binary, Many, Matcher, Query},
};

/// Where the buckets of a histogram go on their way to a quantile.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Buckets<'q, 't> {
    /// Whether there are any.
    pub found: bool,
    /// Whether they are taken as they are, without a rate.
    pub raw: bool,
    /// The aggregations that take `le` away.
    pub lost: Vec<&'q Aggregation<'t>>,
    /// An operator whose matching takes `le` away.
    pub dropped: Option<&'q Binary<'t>>,
    /// Whether one more label of the aggregations would change which series operators put together.
    pub tied: bool,
}

/// Follows the buckets from a quantile to where they come from: by the side of each operator whose labels the result
/// has.
pub(super) fn buckets<'q, 't>(query: &'q Query<'t>) -> Buckets<'q, 't> {
    let mut found = Buckets::default();
    follow(query, false, &mut found);
    found
}

fn follow<'q, 't>(query: &'q Query<'t>, rated: bool, found: &mut Buckets<'q, 't>) {
    match query {
        Query::Number | Query::Text(_) => {}
        Query::Series(series) => {
            if series.name.contains("_bucket") {
                found.found = true;
                found.raw |= !rated && !series.ranged && !series.name.contains(':');
            }
        }
        Query::Subquery(inside) => follow(inside, true, found),
        Query::Call(name, arguments) => {
            let makes_le = arguments.iter().any(|argument| matches!(argument, Query::Text("le")));
            if let Some(argument) = passed_on(name, arguments).filter(|_| !makes_le) {
                follow(argument, rated || is_rate(name), found);
            }
        }
        Query::Aggregation(aggregation) => {
            if !keeps_all(aggregation.operator) && !keeps(aggregation, "le") {
                found.lost.push(aggregation);
            }
            if let Some(argument) = aggregation.arguments.last() {
                follow(argument, rated, found);
            }
        }
        Query::Binary(binary) => {
            let (left, right) = (is_scalar(&binary.left), is_scalar(&binary.right));
            match (binary.operator.to_ascii_lowercase().as_str(), binary.many) {
                (_, _) if left => follow(&binary.right, rated, found),
                (_, _) if right => follow(&binary.left, rated, found),
                ("or", _) => {
                    found.tied = true;
                    follow(&binary.left, rated, found);
                    follow(&binary.right, rated, found);
                }
                ("and" | "unless", _) => {
                    found.tied |= !binary.matching.as_ref().is_some_and(|(on, _)| *on);
                    follow(&binary.left, rated, found);
                }
                (_, Many::Left | Many::Right) => {
                    found.tied |= !binary.matching.as_ref().is_some_and(|(on, _)| *on);
                    let many = if binary.many == Many::Left { &binary.left } else { &binary.right };
                    follow(many, rated, found);
                }
                (_, Many::Neither) => {
                    found.tied = true;
                    let drops =
                        binary.matching.as_ref().is_some_and(|(on, labels)| labels.contains(&"le") != *on);
                    if drops {
                        found.dropped = Some(binary);
                    }
                    follow(&binary.left, rated, found);
                }
            }
        }
    }
}

/// Whether an operator chooses among series and leaves them their labels.
fn keeps_all(operator: &str) -> bool {
    matches!(operator, "topk" | "bottomk" | "limitk" | "limit_ratio")
}

fn keeps(aggregation: &Aggregation<'_>, label: &str) -> bool {
    aggregation.grouping.as_ref().is_some_and(|grouping| grouping.labels.contains(&label) == grouping.keeps)
}

fn is_rate(function: &str) -> bool {
    matches!(function, "rate" | "irate" | "increase" | "delta" | "idelta" | "deriv")
        || function.ends_with("_over_time")
}

/// The argument whose labels the result of a function has.
fn passed_on<'q, 't>(function: &str, arguments: &'q [Query<'t>]) -> Option<&'q Query<'t>> {
    match function {
        "absent" | "absent_over_time" | "scalar" | "vector" | "time" => None,
        "label_replace" | "label_join" => arguments.first(),
        _ => arguments.iter().find(|argument| !is_scalar(argument)),
    }
}

fn is_scalar(query: &Query<'_>) -> bool {
    match query {
        Query::Number | Query::Text(_) => true,
        Query::Call(name, _) => matches!(*name, "scalar" | "time" | "pi"),
        Query::Binary(binary) => is_scalar(&binary.left) && is_scalar(&binary.right),
        Query::Series(_) | Query::Subquery(_) | Query::Aggregation(_) => false,
    }
}

type Known<'t> = BTreeMap<&'t str, Vec<Matcher<'t>>>;

/// Whether no series that one query makes has the labels of one that the other makes.
pub(super) fn are_disjoint(one: &Query<'_>, other: &Query<'_>) -> bool {
    let (one, other) = (known(one), known(other));
    one.iter().any(|(label, matchers)| {
        let others = other.get(label).into_iter().flatten();
        others.into_iter().any(|b| matchers.iter().any(|a| exclude(a, b)))
    })
}

/// What is known of the labels of the series that a query makes.
fn known<'t>(query: &Query<'t>) -> Known<'t> {
    match query {
        Query::Number | Query::Text(_) => Known::new(),
        Query::Series(series) => {
            let mut found = Known::new();
            for matcher in series.matchers.iter().filter(|matcher| matcher.label != "__name__") {
                found.entry(matcher.label).or_default().push(*matcher);
            }
            found
        }
        Query::Subquery(inside) => known(inside),
        Query::Call(name, arguments) => {
            let mut found = passed_on(name, arguments).map(known).unwrap_or_default();
            if matches!(*name, "label_replace" | "label_join")
                && let Some(Query::Text(made)) = arguments.get(1)
            {
                found.remove(made);
            }
            if *name == "histogram_quantile" {
                found.remove("le");
            }
            found
        }
        Query::Aggregation(aggregation) if aggregation.operator == "count_values" => Known::new(),
        Query::Aggregation(aggregation) => {
            let mut found = aggregation.arguments.last().map(known).unwrap_or_default();
            if !keeps_all(aggregation.operator) {
                found.retain(|label, _| keeps(aggregation, label));
            }
            found
        }
        Query::Binary(binary) => of_binary(binary),
    }
}

fn of_binary<'t>(binary: &Binary<'t>) -> Known<'t> {
    if is_scalar(&binary.left) {
        return known(&binary.right);
    }
    if is_scalar(&binary.right) {
        return known(&binary.left);
    }
    match (binary.operator.to_ascii_lowercase().as_str(), binary.many) {
        ("or", _) => Known::new(),
        ("and" | "unless", _) | (_, Many::Left) => known(&binary.left),
        (_, Many::Right) => known(&binary.right),
        (_, Many::Neither) => {
            let mut found = known(&binary.left);
            for (label, matchers) in known(&binary.right) {
                found.entry(label).or_default().extend(matchers);
            }
            if let Some((on, labels)) = &binary.matching {
                found.retain(|label, _| labels.contains(label) == *on);
            }
            found
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{super::query::read, *};

    #[test]
    fn buckets_are_followed_by_the_side_whose_labels_the_result_has() {
        // The query, whether `le` is lost, and whether to add it would change what operators put together.
        let table = [
            ("sum by (le) (rate(a_bucket[5m]))", 0, false),
            ("sum by (job) (rate(a_bucket[5m]))", 1, false),
            ("sum(rate(a_bucket[5m]))", 1, false),
            ("sum without (le) (rate(a_bucket[5m]))", 1, false),
            ("sum without (pod) (rate(a_bucket[5m]))", 0, false),
            ("sum by (le) (sum by (job) (rate(a_bucket[5m])))", 1, false),
            ("sum by (i, le) (rate(a_bucket[5m])) * on (i) group_left (n) max by (i, n) (info)", 0, false),
            ("max by (i, n) (info) * on (i) group_right (n) sum by (i, le) (rate(a_bucket[5m]))", 0, false),
            ("sum by (i) (rate(a_bucket[5m])) * on (i) group_left (n) info", 1, false),
            ("sum by (i) (rate(a_bucket[5m])) * ignoring (n) group_left () info", 1, true),
            ("sum by (i, le) (rate(a_bucket[5m])) and on (i) sum by (i) (b) > 0", 0, false),
            ("sum by (job) (rate(a_bucket[5m])) / sum by (job) (b)", 1, true),
            ("sum by (job) (rate(a_bucket[5m])) * 2", 1, false),
            ("2 * sum by (le) (rate(a_bucket[5m]))", 0, false),
            ("topk by (job) (5, sum by (le) (rate(a_bucket[5m])))", 0, false),
            ("label_replace(sum by (x) (rate(a_bucket[5m])), \"le\", \"$1\", \"x\", \"(.*)\")", 0, false),
            ("sum by (le) (rate(a_bucket[5m])) or sum by (job) (rate(b_bucket[5m]))", 1, true),
        ];
        for (text, lost, tied) in table {
            let query = read(text).unwrap();
            let found = buckets(&query);
            assert_eq!((found.lost.len(), found.tied), (lost, tied), "{text}");
        }
    }

    #[test]
    fn queries_whose_series_cannot_meet() {
        let table = [
            ("sum by (code) (a{code=~\"2..\"})", "sum by (code) (a{code=~\"5..\"})", true),
            ("sum(a{code=~\"2..\"})", "sum(a{code=~\"5..\"})", false),
            ("rate(a{verb=\"GET\"}[5m])", "rate(a{verb=~\"LIST|WATCH\"}[5m])", true),
            ("a{x=\"1\"} / b", "a{x=\"2\"} / b", true),
            ("a{x=\"1\"} / on (y) b", "a{x=\"2\"} / on (y) b", false),
            ("a{x=\"1\"} or b", "a{x=\"2\"} or b", false),
            ("a{x=\"1\"} * on (i) group_left () b", "a{x=\"2\"} * on (i) group_left () b", true),
            ("label_replace(a{x=\"1\"}, \"x\", \"3\", \"\", \"\")", "a{x=\"3\"}", false),
            ("a", "a", false),
        ];
        for (one, other, disjoint) in table {
            let read = |text| read(text).unwrap();
            assert_eq!(are_disjoint(&read(one), &read(other)), disjoint, "{one} {other}");
        }
    }
}
