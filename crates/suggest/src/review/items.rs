//! Rules peer by peer, and the set with some of them left out or in another order.
use std::{
    collections::{BTreeSet, HashMap},
    ops::Range,
    sync::Arc,
};

use netloom_cluster::{
    Action, NamespaceMatch, Operator, Peer, PeerRef, Policy, Requirement, Rule, Snapshot, Tier,
};
use netloom_objects::ObjectRef;
use netloom_policy::Direction;

use super::is_same;

/// One peer of a rule, or a rule that names none.
#[derive(Clone, Debug)]
pub(super) struct Item {
    /// In the Snapshot.
    pub policy: usize,
    pub direction: Direction,
    pub tier: Tier,
    pub action: Action,
    /// The line that the evaluator names when it decides.
    pub origin: Arc<ObjectRef>,
    /// The line of the rule.
    pub rule: Arc<ObjectRef>,
    /// Whether the rule has other peers.
    pub one_of_many: bool,
    /// How much it asks for: more is narrower.
    pub narrowness: usize,
}

impl Item {
    /// `NetworkPolicy production/backend`.
    pub fn title(&self) -> String {
        format!("{} {}", self.origin.kind, super::title(&self.origin))
    }

    /// What of the policy it is.
    pub fn what(&self) -> String {
        let what = if self.one_of_many { "this peer" } else { "this rule" };
        format!("{what} of {}", self.direction.name())
    }
}

/// All items of a Snapshot. Peers of one line are one.
pub(super) struct Items {
    pub all: Vec<Item>,
    numbers: HashMap<Arc<ObjectRef>, usize>,
}

impl Items {
    pub fn in_snapshot(snapshot: &Snapshot) -> Self {
        let mut items = Self { all: Vec::new(), numbers: HashMap::new() };
        for (nth, policy) in snapshot.policies.iter().enumerate() {
            for (direction, rules) in
                [(Direction::Ingress, &policy.ingress), (Direction::Egress, &policy.egress)]
            {
                rules.iter().flatten().for_each(|rule| items.add(nth, policy, direction, rule));
            }
        }
        items
    }

    fn add(&mut self, nth: usize, policy: &Policy, direction: Direction, rule: &Rule) {
        let of = |origin: &Arc<ObjectRef>, one_of_many, narrowness| Item {
            policy: nth,
            direction,
            tier: policy.tier,
            action: rule.action,
            origin: origin.clone(),
            rule: rule.origin.clone(),
            one_of_many,
            narrowness,
        };
        let ports = usize::from(rule.ports.is_some());
        let new: Vec<Item> = match &rule.peers {
            None => vec![of(&rule.origin, false, ports)],
            Some(peers) => {
                peers.iter().map(|p| of(&p.origin, peers.len() > 1, ports + narrowness(&p.peer))).collect()
            }
        };
        for item in new {
            if !self.numbers.contains_key(&item.origin) {
                self.numbers.insert(item.origin.clone(), self.all.len());
                self.all.push(item);
            }
        }
    }

    /// The items of a policy, or of one rule of it where the line is the rule's.
    pub fn of(&self, object: &ObjectRef, line: u32) -> Vec<usize> {
        let own = self.all.iter().enumerate().filter(|(_, item)| is_same(&item.origin, object));
        let numbers = |of_rule: bool| {
            let wanted = own.clone().filter(move |(_, item)| !of_rule || item.rule.at.line == line);
            wanted.map(|(number, _)| number).collect::<Vec<usize>>()
        };
        let of_rule = numbers(true);
        if of_rule.is_empty() { numbers(false) } else { of_rule }
    }

    /// The lines of an item: of the peer where there are others, else of the rule.
    pub fn lines(&self, number: usize) -> Range<u32> {
        let item = &self.all[number];
        let begin = |item: &Item| if item.one_of_many { item.origin.at.line } else { item.rule.at.line };
        let file = &item.origin.at.file;
        let others = self.all.iter().filter(|other| other.origin.at.file == *file);
        let starts = others.flat_map(|other| [other.rule.at.line, other.origin.at.line]);
        let start = begin(item);
        let own_end = item.origin.at.line.max(start);
        let next = starts.filter(|line| *line > own_end).min().unwrap_or(u32::MAX);
        start..next.min(start.saturating_add(LONGEST))
    }

    /// The item of a line.
    pub fn number(&self, origin: &Arc<ObjectRef>) -> Option<usize> {
        self.numbers.get(origin).copied()
    }
}

/// Rules have rarely more lines than this.
const LONGEST: u32 = 30;

/// How much a peer asks for.
fn narrowness(peer: &Peer) -> usize {
    match peer {
        Peer::Pods(pods) => {
            let namespaces = match &pods.namespaces {
                NamespaceMatch::Named(_) => 2,
                NamespaceMatch::Labels(selector) => 2 * selector.requirements.len(),
            };
            // A label that has to be there says more than one that must not.
            let says = |r: &Requirement| if matches!(r.operator, Operator::In(_)) { 4 } else { 2 };
            1 + namespaces + pods.pods.requirements.iter().map(says).sum::<usize>()
        }
        Peer::Block(net, except) => 1 + usize::from(net.prefix_len()) / 8 + except.len(),
        Peer::Nodes(selector) => 1 + selector.requirements.len(),
        Peer::Unknown => 1,
    }
}

fn with(snapshot: &Snapshot, policies: Vec<Arc<Policy>>) -> Snapshot {
    Snapshot { policies: Arc::new(policies), ..snapshot.clone() }
}

/// The same policies, so that of several rules that allow the same the last one is named. Their order means nothing.
pub(super) fn reversed(snapshot: &Snapshot) -> Snapshot {
    let backwards = |rules: &Option<Vec<Rule>>| {
        rules.as_ref().map(|rules| {
            let turn = |rule: &Rule| {
                let peers = rule.peers.as_ref().map(|peers| peers.iter().rev().cloned().collect());
                Rule { peers, ..rule.clone() }
            };
            rules.iter().rev().map(turn).collect::<Vec<Rule>>()
        })
    };
    let last = snapshot.policies.len();
    let policies = snapshot.policies.iter().enumerate().map(|(nth, policy)| {
        if policy.tier != Tier::NetworkPolicy {
            return policy.clone();
        }
        let (ingress, egress) = (backwards(&policy.ingress), backwards(&policy.egress));
        // Of one tier the compiler takes policies by their names.
        let name = format!("{:08}", last - nth).into();
        let origin = Arc::new(ObjectRef { name, ..(*policy.origin).clone() });
        Arc::new(Policy { ingress, egress, origin, ..(**policy).clone() })
    });
    with(snapshot, policies.collect())
}

/// The same with every Pass as a Deny, so that it is named where it is reached.
pub(super) fn with_passes_denied(snapshot: &Snapshot) -> Snapshot {
    let denied = |rules: &Option<Vec<Rule>>| {
        rules.as_ref().map(|rules| {
            let deny = |rule: &Rule| match rule.action {
                Action::Pass => Rule { action: Action::Deny, ..rule.clone() },
                Action::Accept | Action::Deny => rule.clone(),
            };
            rules.iter().map(deny).collect::<Vec<Rule>>()
        })
    };
    let policies = snapshot.policies.iter().map(|policy| {
        let (ingress, egress) = (denied(&policy.ingress), denied(&policy.egress));
        Arc::new(Policy { ingress, egress, ..(**policy).clone() })
    });
    with(snapshot, policies.collect())
}

/// A set with one rule for one peer and no other.
pub(super) fn alone(snapshot: &Snapshot, item: &Item) -> Snapshot {
    let policy = &snapshot.policies[item.policy];
    let only = |rules: &Option<Vec<Rule>>, direction: Direction| {
        rules.as_ref().filter(|_| direction == item.direction).map(|rules| {
            let own = rules.iter().filter(|rule| rule.origin == item.rule);
            let narrowed = own.map(|rule| {
                let is_own = |peer: &&PeerRef| peer.origin == item.origin;
                let peers = rule.peers.as_ref().map(|peers| peers.iter().filter(is_own).cloned().collect());
                // A Pass alone leads on; a Deny is named.
                let action = if rule.action == Action::Pass { Action::Deny } else { rule.action };
                Rule { peers, action, ..rule.clone() }
            });
            narrowed.collect::<Vec<Rule>>()
        })
    };
    let (ingress, egress) =
        (only(&policy.ingress, Direction::Ingress), only(&policy.egress, Direction::Egress));
    with(snapshot, vec![Arc::new(Policy { ingress, egress, ..(**policy).clone() })])
}

/// The set without some of the items; policies stay, and isolate.
pub(super) fn without(snapshot: &Snapshot, items: &Items, gone: &BTreeSet<usize>) -> Snapshot {
    let is_gone = |origin: &Arc<ObjectRef>| items.number(origin).is_some_and(|number| gone.contains(&number));
    let left = |rules: &Option<Vec<Rule>>| {
        rules.as_ref().map(|rules| {
            let keep = |rule: &Rule| match &rule.peers {
                None => (!is_gone(&rule.origin)).then(|| rule.clone()),
                Some(peers) => {
                    let peers = Some(peers.iter().filter(|peer| !is_gone(&peer.origin)).cloned().collect());
                    Some(Rule { peers, ..rule.clone() })
                }
            };
            rules.iter().filter_map(keep).collect::<Vec<Rule>>()
        })
    };
    let policies = snapshot.policies.iter().enumerate().map(|(nth, policy)| {
        if !gone.iter().any(|number| items.all[*number].policy == nth) {
            return policy.clone();
        }
        let (ingress, egress) = (left(&policy.ingress), left(&policy.egress));
        Arc::new(Policy { ingress, egress, ..(**policy).clone() })
    });
    with(snapshot, policies.collect())
}
