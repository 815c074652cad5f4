//! The answer of each side in words.
use netloom_cluster::Action;
use netloom_policy::{Direction, Reason, Side};

/// Why a side allows or denies.
#[must_use]
pub fn in_words(direction: Direction, side: &Side) -> String {
    match &side.reason {
        Reason::NotSubject => "no policy is about it".to_owned(),
        Reason::OwnNode => "a node always reaches its own pods".to_owned(),
        Reason::Itself => "a pod always reaches itself".to_owned(),
        Reason::NoPolicy => format!("no policy selects it for {}", direction.name()),
        Reason::NoRuleMatches => "no rule of the policies that select it is about this".to_owned(),
        Reason::Rule { action, rule, .. } => {
            let does = match action {
                Action::Accept => "allowed by",
                Action::Deny => "denied by",
                Action::Pass => "passed on by",
            };
            format!("{does} {rule}")
        }
        Reason::Isolated(policies) => {
            let titles: Vec<String> = policies.iter().map(|policy| policy.to_string()).collect();
            let rules = if titles.len() == 1 { "its rules" } else { "their rules" };
            format!("isolated by {}; none of {rules} allows it", titles.join(", "))
        }
    }
}
