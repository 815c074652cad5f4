//! PromQL as a tree: which series a query reads, and by which operators and aggregations they go.
use std::ops::Range;

pub(super) use super::reader::read;

/// A query, or a part of one.
#[derive(Debug, PartialEq)]
pub(super) enum Query<'t> {
    /// A number, or a duration.
    Number,
    /// A text in quotes.
    Text(&'t str),
    /// Series by their name and labels.
    Series(Series<'t>),
    /// The values of a query over some time.
    Subquery(Box<Query<'t>>),
    /// A function of some arguments.
    Call(&'t str, Vec<Query<'t>>),
    /// Many series made fewer.
    Aggregation(Aggregation<'t>),
    /// Two queries put together.
    Binary(Box<Binary<'t>>),
}

/// `http_requests_total{code=~"5.."}[5m]`
#[derive(Debug, Default, PartialEq)]
pub(super) struct Series<'t> {
    pub name: &'t str,
    pub matchers: Vec<Matcher<'t>>,
    /// Whether it is taken over some time.
    pub ranged: bool,
}

/// `code=~"5.."`
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Matcher<'t> {
    pub label: &'t str,
    /// `=`, `!=`, `=~` or `!~`.
    pub operator: &'t str,
    pub value: &'t str,
}

/// `sum by (job) (…)`
#[derive(Debug, PartialEq)]
pub(super) struct Aggregation<'t> {
    pub operator: &'t str,
    pub grouping: Option<Grouping<'t>>,
    /// The bytes of the operator.
    pub at: Range<usize>,
    pub arguments: Vec<Query<'t>>,
}

/// `by (job, le)`
#[derive(Debug, PartialEq)]
pub(super) struct Grouping<'t> {
    /// `by`, and not `without`.
    pub keeps: bool,
    pub labels: Vec<&'t str>,
    /// The bytes of the list, with its brackets.
    pub at: Range<usize>,
}

/// `a / on (job) group_left (node) b`
#[derive(Debug, PartialEq)]
pub(super) struct Binary<'t> {
    pub operator: &'t str,
    /// Whether by `on` (and not by `ignoring`), and which labels.
    pub matching: Option<(bool, Vec<&'t str>)>,
    pub many: Many,
    pub left: Query<'t>,
    pub right: Query<'t>,
}

/// Which side of an operator has many series for one of the other, whose labels the result has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Many {
    Neither,
    Left,
    Right,
}

impl<'t> Query<'t> {
    /// The arguments of each call of a function in it.
    pub(super) fn calls<'q>(&'q self, function: &str) -> Vec<&'q [Query<'t>]> {
        let (inside, mut found): (&[Query<'t>], Vec<_>) = match self {
            Query::Call(name, arguments) if *name == function => (arguments, vec![&arguments[..]]),
            Query::Call(_, arguments) => (arguments, Vec::new()),
            Query::Aggregation(aggregation) => (&aggregation.arguments, Vec::new()),
            Query::Subquery(inside) => return inside.calls(function),
            Query::Binary(binary) => {
                let right = binary.right.calls(function);
                return binary.left.calls(function).into_iter().chain(right).collect();
            }
            Query::Number | Query::Text(_) | Query::Series(_) => return Vec::new(),
        };
        found.extend(inside.iter().flat_map(|part| part.calls(function)));
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_read() {
        let readable = [
            "1",
            "-1 + 2 ^ 3",
            "up == bool 0",
            "rate(a_total{code=~\"5..\", x!='y'}[5m] offset 1h) > 1e-3",
            "sum by (job, le) (rate(a_bucket[5m]))",
            "sum(rate(a_bucket[5m])) by (job)",
            "sum without(instance) (a) / on (job) group_left (node) b",
            "a * on (job) group_left (b)",
            "a * on (job) group_right () b",
            "max_over_time(rate(a[5m])[1h:5m])",
            "a @ end() and b @ 1609746000 unless c",
            "{\"my.metric\", job=\"x\"}",
            "count_values(\"version\", build_info)",
            "# a comment\nup # another\n",
            "label_replace(a, \"b\", \"$1\", \"c\", \"(.*)\")",
            "topk(5, sum(a)) or vector(0)",
            "by",
            "sum",
        ];
        for text in readable {
            assert!(read(text).is_some(), "{text}");
        }
        for text in ["", "(", "a b", "sum(", "a{b}", "a[5m", "a +", "rate(a[5m]))", "a{b=\"c}"] {
            assert!(read(text).is_none(), "{text}");
        }
        let deep = format!("{}a{}", "(".repeat(10_000), ")".repeat(10_000));
        assert!(read(&deep).is_none() && read(&"a + ".repeat(100_000)).is_none());
    }

    #[test]
    fn operators_bind_as_in_prometheus() {
        let Some(Query::Binary(or)) = read("a + b * c or d and e") else { panic!("an operator") };
        assert_eq!(or.operator, "or");
        let Query::Binary(plus) = or.left else { panic!("an operator") };
        assert_eq!(plus.operator, "+");
        assert!(matches!(&plus.right, Query::Binary(times) if times.operator == "*"));
        let Some(Query::Binary(many)) = read("a * on (x) group_left (y) b") else { panic!("an operator") };
        assert_eq!((many.many, &many.matching), (Many::Left, &Some((true, vec!["x"]))));
        assert!(matches!(&many.right, Query::Series(series) if series.name == "b"));
    }
}
