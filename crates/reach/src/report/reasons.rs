//! The reasons behind connections, each written once and numbered.
use std::collections::HashMap;

use netloom_cluster::{Action, Tier};
use netloom_objects::ObjectRef;
use netloom_policy::{Direction, Reason, Side};
use serde::Serialize;

use crate::why::Why;

/// Why one side allows or denies, for programs.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct ReasonOf {
    /// `egress` or `ingress`.
    pub side: &'static str,
    /// Whether it allows.
    pub allowed: bool,
    /// `rule`, `isolated`, `no-policy`, `no-rule-matches`, `not-subject`, `own-node`, `itself`.
    pub reason: &'static str,
    /// What the rule does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub action: Option<&'static str>,
    /// `admin`, `network-policy` or `baseline`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tier: Option<&'static str>,
    /// The rule, at its line; or the policies that isolate.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<ObjectRef>,
}

impl ReasonOf {
    /// Of a side's answer.
    #[must_use]
    pub fn of(direction: Direction, side: &Side) -> Self {
        let mut made = Self {
            side: direction.name(),
            allowed: side.allowed,
            reason: "rule",
            action: None,
            tier: None,
            rules: Vec::new(),
        };
        made.reason = match &side.reason {
            Reason::NotSubject => "not-subject",
            Reason::OwnNode => "own-node",
            Reason::Itself => "itself",
            Reason::NoPolicy => "no-policy",
            Reason::NoRuleMatches => "no-rule-matches",
            Reason::Isolated(policies) => {
                made.rules = policies.iter().map(|policy| (**policy).clone()).collect();
                "isolated"
            }
            Reason::Rule { action, tier, rule } => {
                made.action = Some(name_of(*action));
                made.tier = Some(match tier {
                    Tier::Admin(_) => "admin",
                    Tier::NetworkPolicy => "network-policy",
                    Tier::Baseline(_) => "baseline",
                });
                made.rules = vec![(**rule).clone()];
                "rule"
            }
        };
        made
    }
}

const fn name_of(action: Action) -> &'static str {
    match action {
        Action::Accept => "Accept",
        Action::Deny => "Deny",
        Action::Pass => "Pass",
    }
}

/// Which reasons allow a connection, by number.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct AllowedBy {
    /// Of the source's side.
    pub egress: Vec<usize>,
    /// Of the target's.
    pub ingress: Vec<usize>,
}

/// All reasons that were met.
#[derive(Debug, Default)]
pub(crate) struct Reasons {
    all: Vec<ReasonOf>,
    numbers: HashMap<ReasonOf, usize>,
}

impl Reasons {
    pub fn all(&self) -> &[ReasonOf] {
        &self.all
    }

    /// The number of a side's reason.
    pub fn number(&mut self, direction: Direction, side: &Side) -> usize {
        let reason = ReasonOf::of(direction, side);
        if let Some(number) = self.numbers.get(&reason) {
            return *number;
        }
        self.all.push(reason.clone());
        self.numbers.insert(reason, self.all.len() - 1);
        self.all.len() - 1
    }

    /// The numbers of what allows something in these answers.
    pub fn allowing<'w>(&mut self, whys: impl IntoIterator<Item = &'w Why>, into: &mut AllowedBy) {
        for why in whys.into_iter().filter(|why| why.allowed()) {
            let egress = self.number(Direction::Egress, &why.egress);
            let ingress = self.number(Direction::Ingress, &why.ingress);
            for (list, number) in [(&mut into.egress, egress), (&mut into.ingress, ingress)] {
                if !list.contains(&number) {
                    list.push(number);
                }
            }
        }
    }
}
