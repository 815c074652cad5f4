//! What of a rule is wider than it need be.
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use ipnet::IpNet;
use netloom_cluster::{NamespaceMatch, Peer, PeerRef, PodPeer, Policy, PortMatch, Rule, Tier};
use netloom_explain::yaml_scalar as scalar;
use netloom_objects::ObjectRef;
use netloom_policy::Direction;
use netloom_reach::{Home, PortSet};

use crate::{
    ground::Ground,
    need::{End, Need, listening},
    policies::port_lines,
    units::{Unit, UnitId},
    yaml::{flow_peer, port_line},
};

/// A change of the text of a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Gives a value another text.
    Set(String, String),
    /// Puts an entry before the others of a mapping.
    First(String, &'static str, String),
    /// Puts an entry behind the others of a mapping.
    Last(String, &'static str, String),
    /// Removes an item of a list that has others.
    Remove(String),
    /// Leaves a list without items.
    Empty(String),
    /// Nothing: somebody has to decide.
    Ask,
}

/// Something that may be narrower.
#[derive(Clone, Debug)]
pub(super) struct Found {
    pub object: Arc<ObjectRef>,
    pub at: Arc<ObjectRef>,
    pub text: String,
    pub step: Step,
}

/// What may be narrower in the NetworkPolicies about chosen units.
pub(super) fn proposals(ground: &Ground<'_>, chosen: &BTreeSet<UnitId>, needs: &[Need]) -> Vec<Found> {
    let mut found = Vec::new();
    for policy in ground.snapshot.policies.iter().filter(|policy| policy.tier == Tier::NetworkPolicy) {
        let subjects = selected(ground, &policy.subject);
        if !subjects.iter().any(|unit| chosen.contains(&unit.id)) {
            continue;
        }
        for (direction, rules) in [(Direction::Ingress, &policy.ingress), (Direction::Egress, &policy.egress)]
        {
            let Some(rules) = rules else { continue };
            let side = Side { ground, policy, direction, subjects: &subjects, needs };
            side.rules(rules, &mut found);
        }
    }
    found
}

/// The units of which a peer selects pods.
fn selected<'u>(ground: &'u Ground<'_>, peer: &PodPeer) -> Vec<&'u Unit> {
    let snapshot = &ground.snapshot;
    let is_there = |unit: &Unit| match &peer.namespaces {
        NamespaceMatch::Named(name) => unit.namespace == *name,
        NamespaceMatch::Labels(selector) => snapshot
            .find_namespace(&unit.namespace)
            .is_some_and(|id| selector.matches(&snapshot.namespace(id).labels)),
    };
    let has = |unit: &Unit| unit.pods.iter().any(|pod| peer.pods.matches(&snapshot.pod(*pod).labels));
    ground.units.all().iter().filter(|unit| is_there(unit) && has(unit)).collect()
}

/// One direction of a policy.
struct Side<'s, 'a> {
    ground: &'s Ground<'a>,
    policy: &'s Policy,
    direction: Direction,
    subjects: &'s [&'s Unit],
    needs: &'s [Need],
}

impl Side<'_, '_> {
    fn rules(&self, rules: &[Rule], out: &mut Vec<Found>) {
        let field = self.direction.name();
        let gone: Vec<bool> = rules.iter().map(|rule| self.is_for_nobody_outside(rule)).collect();
        if gone.iter().any(|gone| *gone) && gone.iter().all(|gone| *gone) {
            let text = format!(
                "nothing publishes these pods, and nobody outside is known to need them: close {field}"
            );
            self.push(&rules[0].origin, text, Step::Empty(format!("spec.{field}")), out);
            return;
        }
        for (nth, rule) in rules.iter().enumerate() {
            let path = format!("spec.{field}[{nth}]");
            match gone[nth] {
                true => {
                    let text = "nothing publishes these pods, and nobody outside is known to need them: remove the rule";
                    self.push(&rule.origin, text.to_owned(), Step::Remove(path), out);
                }
                false => self.rule(rule, &path, out),
            }
        }
    }

    fn push(&self, at: &Arc<ObjectRef>, text: String, step: Step, out: &mut Vec<Found>) {
        out.push(Found { object: self.policy.origin.clone(), at: at.clone(), text, step });
    }

    /// The other ends of the needs that a rule with such ports may be for, with the ports there.
    fn others(&self, ports: Option<&[netloom_cluster::PortRef]>) -> Vec<(&End, PortSet)> {
        let is_subject = |end: &End| self.subjects.iter().any(|unit| *end == End::Unit(unit.id));
        let sided = self.needs.iter().filter_map(|need| match self.direction {
            Direction::Ingress => is_subject(&need.to).then_some((&need.from, &need.to, need)),
            Direction::Egress => is_subject(&need.from).then_some((&need.to, &need.to, need)),
        });
        let open = |target: &End| ports.map_or_else(PortSet::all, |ports| self.numbers(ports, target));
        let found = sided.map(|(other, target, need)| (other, need.ports.and(&open(target))));
        found.filter(|(_, ports)| !ports.is_none()).collect()
    }

    /// The numbers that ports of a rule are on a target.
    fn numbers(&self, ports: &[netloom_cluster::PortRef], target: &End) -> PortSet {
        let pods = match target {
            End::Unit(unit) => self.ground.units.get(*unit).pods.as_slice(),
            End::Elsewhere(_) | End::Blocks(_) => &[],
        };
        let one = |port: &PortMatch| match port {
            PortMatch::All(protocol) => PortSet::of(*protocol, 1, u16::MAX),
            PortMatch::Range(protocol, low, high) => PortSet::of(*protocol, *low, *high),
            PortMatch::Named(protocol, name) => {
                let protocol = protocol.unwrap_or(netloom_cluster::Protocol::Tcp);
                let numbers =
                    pods.iter().filter_map(|pod| self.ground.snapshot.pod(*pod).named_port(name, protocol));
                numbers.fold(PortSet::none(), |all, number| all.or(&PortSet::of(protocol, number, number)))
            }
        };
        ports.iter().fold(PortSet::none(), |all, port| all.or(&one(&port.port)))
    }

    /// Whether a rule of ingress lets in everyone outside and nobody else, and nobody outside needs it.
    fn is_for_nobody_outside(&self, rule: &Rule) -> bool {
        let peers = rule.peers.as_deref().unwrap_or_default();
        self.direction == Direction::Ingress
            && !peers.is_empty()
            && peers.iter().all(|peer| is_everyone(&peer.peer))
            && !self.needs_outside(rule)
    }

    fn needs_outside(&self, rule: &Rule) -> bool {
        self.others(rule.ports.as_deref()).iter().any(|(end, _)| matches!(end, End::Blocks(_)))
    }

    fn rule(&self, rule: &Rule, path: &str, out: &mut Vec<Found>) {
        match &rule.peers {
            None => self.anyone(rule, path, out),
            Some(peers) => self.peers(rule, peers, path, out),
        }
        if rule.ports.is_none() {
            self.ports(rule, path, out);
        }
    }

    /// A rule without peers: everyone, outside included.
    fn anyone(&self, rule: &Rule, path: &str, out: &mut Vec<Found>) {
        if self.direction == Direction::Egress {
            let text = "it lets these pods out to everyone; name whom they need".to_owned();
            self.push(&rule.origin, text, Step::Ask, out);
            return;
        }
        let others: BTreeSet<&End> =
            self.others(rule.ports.as_deref()).into_iter().map(|(end, _)| end).collect();
        if others.iter().any(|end| matches!(end, End::Blocks(_))) {
            return;
        }
        if others.is_empty() {
            let text =
                "it lets everyone in, and nobody is known to need it; remove it, or name who does".to_owned();
            self.push(&rule.origin, text, Step::Ask, out);
            return;
        }
        let names: Vec<String> = others.iter().map(|end| end.title(&self.ground.units)).collect();
        let namespace = self.policy.origin.namespace.as_deref().unwrap_or("default");
        let peers: Vec<String> =
            others.iter().flat_map(|end| flow_peer(end, namespace, &self.ground.units)).collect();
        let text = format!("it lets everyone in, and only {} needs it: name it in `from`", names.join(", "));
        let step = Step::First(path.to_owned(), "from", format!("[{}]", peers.join(", ")));
        self.push(&rule.origin, text, step, out);
    }

    fn peers(&self, rule: &Rule, peers: &[PeerRef], path: &str, out: &mut Vec<Found>) {
        let field = if self.direction == Direction::Ingress { "from" } else { "to" };
        let others = self.others(rule.ports.as_deref());
        // From the last, so that the places of the others stay.
        for (nth, peer) in peers.iter().enumerate().rev() {
            let at = format!("{path}.{field}[{nth}]");
            match &peer.peer {
                Peer::Pods(PodPeer { namespaces: NamespaceMatch::Labels(labels), pods })
                    if labels.requirements.is_empty() =>
                {
                    self.every_namespace(peer, pods, &others, &at, out);
                }
                any if is_everyone(any)
                    && self.direction == Direction::Ingress
                    && !self.needs_outside(rule) =>
                {
                    let text = "nothing publishes these pods, and nobody outside is known to need them: remove this peer";
                    self.push(&peer.origin, text.to_owned(), Step::Remove(at), out);
                }
                any if is_everyone(any) && self.direction == Direction::Egress => {
                    let known: BTreeSet<String> = others
                        .iter()
                        .filter(|(end, _)| matches!(end, End::Blocks(_)))
                        .map(|(end, _)| end.title(&self.ground.units))
                        .collect();
                    let known = match known.is_empty() {
                        true => "no address outside is known to be needed".to_owned(),
                        false => format!(
                            "known to be needed are {}",
                            known.into_iter().collect::<Vec<_>>().join(", ")
                        ),
                    };
                    let text = format!("it lets these pods out to every address; {known}");
                    self.push(&peer.origin, text, Step::Ask, out);
                }
                _ => {}
            }
        }
    }

    /// `namespaceSelector: {}`: the namespaces that need it.
    fn every_namespace(
        &self,
        peer: &PeerRef,
        pods: &netloom_cluster::Selector,
        others: &[(&End, PortSet)],
        at: &str,
        out: &mut Vec<Found>,
    ) {
        let mut needing: BTreeSet<String> = BTreeSet::new();
        for (end, _) in others {
            match end {
                End::Unit(unit) => {
                    let unit = self.ground.units.get(*unit);
                    let is_meant =
                        |pod: &netloom_cluster::PodId| pods.matches(&self.ground.snapshot.pod(*pod).labels);
                    if unit.pods.iter().any(is_meant) {
                        needing.insert(unit.namespace.to_string());
                    }
                }
                End::Elsewhere(stand_in) if pods.matches(&stand_in.labels) => match &stand_in.home {
                    Home::Known(name) | Home::Named(name) => _ = needing.insert(name.to_string()),
                    // They may be in any.
                    Home::Labelled(_) => return,
                },
                End::Elsewhere(_) | End::Blocks(_) => {}
            }
        }
        let names: Vec<String> = needing.iter().map(|name| scalar(name)).collect();
        let (text, step) = match names.as_slice() {
            [] => (
                "it is for every namespace, and none is known to need it; name those that do".to_owned(),
                Step::Ask,
            ),
            [one] => (
                format!("it is for every namespace, and only {one} needs it"),
                Step::Set(
                    format!("{at}.namespaceSelector"),
                    format!("{{matchLabels: {{kubernetes.io/metadata.name: {one}}}}}"),
                ),
            ),
            some => (
                format!("it is for every namespace, and only {} need it", some.join(", ")),
                Step::Set(
                    format!("{at}.namespaceSelector"),
                    format!(
                        "{{matchExpressions: [{{key: kubernetes.io/metadata.name, operator: In, values: [{}]}}]}}",
                        some.join(", ")
                    ),
                ),
            ),
        };
        self.push(&peer.origin, text, step, out);
    }

    /// A rule without ports: those that the targets answer on, and those that are needed.
    fn ports(&self, rule: &Rule, path: &str, out: &mut Vec<Found>) {
        let Some(targets) = self.targets(rule) else { return };
        let mut open = PortSet::none();
        for unit in &targets {
            let own = listening(&self.ground.snapshot, &self.ground.units, unit.id);
            if own.is_none() {
                return;
            }
            open = open.or(&own);
        }
        let needed = self.others(None).into_iter().filter(|(end, _)| match self.direction {
            Direction::Ingress => true,
            Direction::Egress => targets.iter().any(|unit| **end == End::Unit(unit.id)),
        });
        open = needed.fold(open, |open, (_, ports)| open.or(&ports));
        if open.is_none() || open.other() {
            return;
        }
        // A name is one number on all targets only where there is one.
        let target = match targets.as_slice() {
            [only] => Some(only.id),
            _ => None,
        };
        let lines = port_lines(&self.ground.snapshot, &self.ground.units, target, &open).unwrap_or_default();
        let lines: Vec<String> = lines
            .iter()
            .map(|line| port_line(line).split(" #").next().unwrap_or_default().to_owned())
            .collect();
        let who: BTreeMap<String, ()> = targets.iter().map(|unit| (unit.title(), ())).collect();
        let who: Vec<String> = who.into_keys().collect();
        let text = format!("it opens all ports, and {} answers on {open}: name them", few(&who));
        self.push(
            &rule.origin,
            text,
            Step::Last(path.to_owned(), "ports", format!("[{}]", lines.join(", "))),
            out,
        );
    }

    /// The units whose ports a rule opens; none where they are not all known.
    fn targets(&self, rule: &Rule) -> Option<Vec<&Unit>> {
        if self.direction == Direction::Ingress {
            return Some(self.subjects.to_vec()).filter(|units| !units.is_empty());
        }
        let mut targets: BTreeMap<UnitId, &Unit> = BTreeMap::new();
        for peer in rule.peers.as_ref()? {
            let Peer::Pods(pods) = &peer.peer else { return None };
            targets.extend(selected(self.ground, pods).into_iter().map(|unit| (unit.id, unit)));
        }
        (!targets.is_empty() && targets.len() <= MANY).then(|| targets.into_values().collect())
    }
}

/// A rule for more targets than this is not about their ports.
const MANY: usize = 8;

fn few(names: &[String]) -> String {
    match names.len() {
        0..=3 => names.join(", "),
        many => format!("{} and {} more", names[..2].join(", "), many - 2),
    }
}

fn is_everyone(peer: &Peer) -> bool {
    matches!(peer, Peer::Block(net, _) if IpNet::prefix_len(net) == 0)
}
