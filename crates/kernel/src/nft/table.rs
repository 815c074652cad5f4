//! One table: its sets, maps and chains.
use std::sync::Arc;
use std::time::Duration;

use super::{Element, Field, Rule};

/// An `inet` table, which sees IPv4 and IPv6.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// Its name.
    pub name: Arc<str>,
    /// Its sets and maps.
    pub sets: Vec<Set>,
    /// Its chains.
    pub chains: Vec<Chain>,
}

impl Table {
    /// An empty table.
    #[must_use]
    pub fn new(name: impl Into<Arc<str>>) -> Self {
        Self { name: name.into(), sets: Vec::new(), chains: Vec::new() }
    }

    /// The set or map of that name.
    #[must_use]
    pub fn set(&self, name: &str) -> Option<&Set> {
        self.sets.iter().find(|set| &*set.name == name)
    }

    /// The chain of that name.
    #[must_use]
    pub fn chain(&self, name: &str) -> Option<&Chain> {
        self.chains.iter().find(|chain| &*chain.name == name)
    }
}

/// What a map gives for a key.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum DataKind {
    /// Fields, such as `ipv4_addr . inet_service`.
    Fields(Vec<Field>),
    /// Verdicts.
    Verdict,
}

/// A named set, or a map where it has data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Set {
    /// Its name.
    pub name: Arc<str>,
    /// The fields of its keys.
    pub key: Vec<Field>,
    /// What it gives for a key; none in a set.
    pub data: Option<DataKind>,
    /// Its elements are ranges; they must not overlap.
    pub interval: bool,
    /// Its elements never change.
    pub constant: bool,
    /// Rules may add elements.
    pub dynamic: bool,
    /// Elements disappear after this time unless a rule renews them.
    pub timeout: Option<Duration>,
    /// How many elements it may have; needed where rules add them. The kernel refuses more.
    pub size: Option<u32>,
    /// The elements that it begins with.
    pub elements: Vec<Element>,
}

impl Set {
    /// A set of keys.
    #[must_use]
    pub fn new(name: impl Into<Arc<str>>, key: &[Field]) -> Self {
        Self {
            name: name.into(),
            key: key.to_vec(),
            data: None,
            interval: false,
            constant: false,
            dynamic: false,
            timeout: None,
            size: None,
            elements: Vec::new(),
        }
    }

    /// A map from keys to fields.
    #[must_use]
    pub fn map(name: impl Into<Arc<str>>, key: &[Field], data: &[Field]) -> Self {
        Self { data: Some(DataKind::Fields(data.to_vec())), ..Self::new(name, key) }
    }

    /// A map from keys to verdicts.
    #[must_use]
    pub fn verdict_map(name: impl Into<Arc<str>>, key: &[Field]) -> Self {
        Self { data: Some(DataKind::Verdict), ..Self::new(name, key) }
    }

    /// With ranges as elements.
    #[must_use]
    pub fn interval(self) -> Self {
        Self { interval: true, ..self }
    }

    /// With elements that never change.
    #[must_use]
    pub fn constant(self) -> Self {
        Self { constant: true, ..self }
    }

    /// With elements that rules add, at most `size`, gone after `timeout`.
    #[must_use]
    pub fn dynamic(self, size: u32, timeout: Option<Duration>) -> Self {
        Self { dynamic: true, size: Some(size), timeout, ..self }
    }

    /// With room for at most `size` elements: smaller and faster in the kernel than one that grows, but full at `size`.
    #[must_use]
    pub fn sized(self, size: u32) -> Self {
        Self { size: Some(size), ..self }
    }

    /// With these elements.
    #[must_use]
    pub fn elements(self, elements: impl IntoIterator<Item = Element>) -> Self {
        Self { elements: elements.into_iter().collect(), ..self }
    }

    /// Whether keys are concatenations of ranges, which the kernel keeps field by field.
    pub(super) fn is_concatenated_interval(&self) -> bool {
        self.interval && self.key.len() > 1
    }
}

/// A chain of rules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chain {
    /// Its name.
    pub name: Arc<str>,
    /// Where packets enter it; none where only other chains lead to it.
    pub hook: Option<Hook>,
    /// Its rules.
    pub rules: Vec<Rule>,
}

impl Chain {
    /// A chain that other chains lead to.
    #[must_use]
    pub fn regular(name: impl Into<Arc<str>>, rules: Vec<Rule>) -> Self {
        Self { name: name.into(), hook: None, rules }
    }

    /// A chain that packets enter, accepting what no rule decides.
    #[must_use]
    pub fn base(
        name: impl Into<Arc<str>>,
        kind: ChainKind,
        point: HookPoint,
        priority: i32,
        rules: Vec<Rule>,
    ) -> Self {
        let hook = Hook { kind, point, priority, policy: Policy::Accept };
        Self { name: name.into(), hook: Some(hook), rules }
    }
}

/// Where and when packets enter a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Hook {
    /// What the chain may do.
    pub kind: ChainKind,
    /// At which point of a packet's way.
    pub point: HookPoint,
    /// Lower ones first.
    pub priority: i32,
    /// What happens to a packet that no rule decides.
    pub policy: Policy,
}

/// What a base chain may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ChainKind {
    /// `filter`
    Filter,
    /// `nat`: sees the first packet of each connection.
    Nat,
    /// `route`: routes again when a rule changed the mark; only at `output`.
    Route,
}

impl ChainKind {
    pub(super) const fn keyword(self) -> &'static str {
        match self {
            Self::Filter => "filter",
            Self::Nat => "nat",
            Self::Route => "route",
        }
    }
}

/// A point of a packet's way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HookPoint {
    /// `prerouting`
    Prerouting,
    /// `input`
    Input,
    /// `forward`
    Forward,
    /// `output`
    Output,
    /// `postrouting`
    Postrouting,
}

impl HookPoint {
    /// `NF_INET_*` (linux/netfilter.h).
    pub(super) const fn number(self) -> u32 {
        self as u32
    }

    pub(super) const fn keyword(self) -> &'static str {
        match self {
            Self::Prerouting => "prerouting",
            Self::Input => "input",
            Self::Forward => "forward",
            Self::Output => "output",
            Self::Postrouting => "postrouting",
        }
    }
}

/// What happens to a packet that no rule of a base chain decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Policy {
    /// It passes.
    Accept,
    /// It is dropped.
    Drop,
}
