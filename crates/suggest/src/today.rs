//! Today's policies as evidence: whom somebody named in a rule, on ports that it names, is needed.
use std::collections::{BTreeMap, BTreeSet};

use ipnet::IpNet;
use netloom_cluster::{
    NamespaceMatch, Operator, Peer, PodPeer, Policy, PortMatch, PortRef, Protocol, Rule, Selector, Tier,
};
use netloom_objects::{ObjectRef, ObjectSet};
use netloom_policy::Direction;
use netloom_reach::{Home, PROTOCOLS, PortSet, StandIn};

use crate::{
    dns::Dns,
    ground::Ground,
    need::{Block, End, Need, Needs, Reason, listening, port, ports_in_words},
    suggestion::MARK,
    units::{Unit, UnitId},
};

/// What NetworkPolicies of today allow to and from somebody whom they name. What they allow to anyone is a doubt.
#[must_use]
pub fn today(ground: &Ground<'_>) -> Needs {
    let dns = Dns::of(ground);
    let mut reader = Reader { ground, dns: &dns, out: Needs::default() };
    for policy in ground.snapshot.policies.iter().filter(|policy| policy.tier == Tier::NetworkPolicy) {
        let subjects = reader.subjects(policy);
        if subjects.is_empty() || is_own(ground.objects, policy) {
            continue;
        }
        for (direction, rules) in [(Direction::Ingress, &policy.ingress), (Direction::Egress, &policy.egress)]
        {
            rules.iter().flatten().for_each(|rule| reader.rule(policy, &subjects, direction, rule));
        }
    }
    reader.out
}

/// Whether a suggestion wrote a policy: what it wrote once is no evidence that it is needed still.
pub(crate) fn is_own(objects: &ObjectSet, policy: &Policy) -> bool {
    let source = objects.sources.iter().find(|source| source.source.name == policy.origin.at.file);
    source.is_some_and(|source| source.source.text.starts_with(MARK))
}

struct Reader<'g, 'a> {
    ground: &'g Ground<'a>,
    dns: &'g Dns,
    out: Needs,
}

impl Reader<'_, '_> {
    /// The units of the set that a policy is about.
    fn subjects(&self, policy: &Policy) -> Vec<UnitId> {
        let units = self.matching(&policy.subject);
        units.into_iter().filter(|unit| !self.ground.units.get(*unit).is_builtin()).collect()
    }

    fn matching(&self, peer: &PodPeer) -> Vec<UnitId> {
        let snapshot = &self.ground.snapshot;
        let in_namespace = |unit: &&Unit| match &peer.namespaces {
            NamespaceMatch::Named(name) => *unit.namespace == **name,
            NamespaceMatch::Labels(labels) => snapshot
                .find_namespace(&unit.namespace)
                .is_some_and(|id| labels.matches(&snapshot.namespace(id).labels)),
        };
        let is_meant =
            |unit: &&Unit| unit.pods.iter().any(|pod| peer.pods.matches(&snapshot.pod(*pod).labels));
        self.ground.units.all().iter().filter(in_namespace).filter(is_meant).map(|unit| unit.id).collect()
    }

    fn rule(&mut self, policy: &Policy, subjects: &[UnitId], direction: Direction, rule: &Rule) {
        let Some(peers) = &rule.peers else {
            self.unnamed(policy, direction, rule, &rule.origin, "anyone");
            return;
        };
        for peer in peers {
            let ends = match &peer.peer {
                Peer::Pods(pods) if is_named(pods) => self.ends(pods),
                Peer::Pods(pods) => {
                    let whom = match &pods.namespaces {
                        NamespaceMatch::Named(name) => format!("every pod of {name}"),
                        NamespaceMatch::Labels(_) => "every pod of the cluster".to_owned(),
                    };
                    self.unnamed(policy, direction, rule, &peer.origin, &whom);
                    continue;
                }
                Peer::Block(cidr, except) if cidr.prefix_len() > 0 => {
                    vec![End::Blocks(vec![block(*cidr, except)])]
                }
                Peer::Block(..) => {
                    self.unnamed(policy, direction, rule, &peer.origin, "anyone");
                    continue;
                }
                Peer::Nodes(_) | Peer::Unknown => continue,
            };
            for end in ends {
                self.needs(subjects, direction, rule, &peer.origin, &end);
            }
        }
    }

    fn needs(
        &mut self,
        subjects: &[UnitId],
        direction: Direction,
        rule: &Rule,
        origin: &ObjectRef,
        end: &End,
    ) {
        let text = format!("NetworkPolicy {} allows it today", origin.name);
        let reason = Reason::derived(text, origin.at.clone());
        for subject in subjects.iter().map(|unit| End::Unit(*unit)) {
            let (from, to) = match direction {
                Direction::Ingress => (end.clone(), subject),
                Direction::Egress => (subject, end.clone()),
            };
            let ports = self.ports(rule, &to);
            if from == to && end.unit().is_some_and(|unit| self.ground.units.get(unit).pods.len() < 2) {
                continue;
            }
            // Names are needed in any case.
            let names = port(Protocol::Udp, 53).or(&port(Protocol::Tcp, 53));
            let for_names = direction == Direction::Egress && ports.minus(&names).is_none();
            if !for_names && !to.unit().is_some_and(|unit| self.dns.is(unit)) {
                self.out.add(Need { from, to, ports, reason: reason.clone() });
            }
        }
    }

    /// The ports that a rule names, on a target; of one that names none those on which it answers, if it tells any.
    fn ports(&self, rule: &Rule, to: &End) -> PortSet {
        let Some(ports) = &rule.ports else {
            let heard = to.unit().map(|unit| listening(&self.ground.snapshot, &self.ground.units, unit));
            return heard.filter(|heard| !heard.is_none()).unwrap_or_else(PortSet::all);
        };
        ports.iter().fold(PortSet::none(), |all, named| all.or(&self.port(&named.port, to)))
    }

    fn port(&self, wanted: &PortMatch, to: &End) -> PortSet {
        match wanted {
            PortMatch::All(protocol) => PortSet::of(*protocol, 1, u16::MAX),
            PortMatch::Range(protocol, low, high) => PortSet::of(*protocol, *low, *high),
            PortMatch::Named(protocol, name) => {
                let Some(unit) = to.unit() else { return PortSet::none() };
                let pods = self.ground.units.get(unit).pods.iter();
                let numbers = pods.flat_map(|pod| {
                    let pod = self.ground.snapshot.pod(*pod);
                    let asked = PROTOCOLS.into_iter().filter(|p| protocol.is_none_or(|wanted| wanted == *p));
                    asked.filter_map(|p| Some(port(p, pod.named_port(name, p)?))).collect::<Vec<_>>()
                });
                numbers.fold(PortSet::none(), |all, one| all.or(&one))
            }
        }
    }

    /// The pods that a peer names: those of the set, and those of others where there can be some.
    fn ends(&self, peer: &PodPeer) -> Vec<End> {
        let units = self.matching(peer);
        let homes: BTreeSet<&str> =
            units.iter().map(|unit| &*self.ground.units.get(*unit).namespace).collect();
        let alone = !homes.is_empty() && homes.iter().all(|name| self.ground.others_in(name).is_empty());
        let mut ends: Vec<End> = units.iter().map(|unit| End::Unit(*unit)).collect();
        let elsewhere = stand_in(peer).filter(|_| !alone);
        let is_empty_home = |home: &Home| match home {
            // Of a namespace that has the set's pods and no others all are known.
            Home::Known(name) | Home::Named(name) => {
                !self.ground.units.in_namespace(name).is_empty() && self.ground.others_in(name).is_empty()
            }
            Home::Labelled(_) => false,
        };
        // Pods of the set are whom somebody means who names labels that they have.
        let wanted = elsewhere.filter(|pods| units.is_empty() || pods.labels.is_empty());
        ends.extend(wanted.filter(|pods| !is_empty_home(&pods.home)).map(End::Elsewhere));
        ends
    }

    /// A rule for anyone is no evidence of who needs it.
    fn unnamed(
        &mut self,
        policy: &Policy,
        direction: Direction,
        rule: &Rule,
        origin: &ObjectRef,
        whom: &str,
    ) {
        let is_dns =
            |named: &PortRef| matches!(named.port, PortMatch::Range(Protocol::Udp | Protocol::Tcp, 53, 53));
        if direction == Direction::Egress && rule.ports.iter().flatten().any(is_dns) {
            let rest = rule.ports.iter().flatten().filter(|named| !is_dns(named)).count();
            if rest == 0 {
                return;
            }
        }
        let ports = match &rule.ports {
            None => String::new(),
            Some(ports) => {
                let numbered = ports.iter().map(|named| match &named.port {
                    PortMatch::Named(_, name) => name.to_string(),
                    PortMatch::All(protocol) => protocol.to_string(),
                    PortMatch::Range(protocol, low, high) => {
                        ports_in_words(&PortSet::of(*protocol, *low, *high))
                    }
                });
                format!(" on {}", numbered.collect::<Vec<_>>().join(", "))
            }
        };
        let text = match direction {
            Direction::Ingress => format!(
                "NetworkPolicy {} lets {whom} in{ports}, which tells nobody who needs it; declare who",
                policy.origin.name
            ),
            Direction::Egress => format!(
                "NetworkPolicy {} lets its pods reach {whom}{ports}, which tells nobody what they need; declare whom",
                policy.origin.name
            ),
        };
        self.out.doubt(text, Some(origin.at.clone()));
    }
}

/// Whether a peer is somebody, and not everyone in the cluster or in a policy's own namespace.
fn is_named(peer: &PodPeer) -> bool {
    let of_namespaces = match &peer.namespaces {
        NamespaceMatch::Named(_) => false,
        NamespaceMatch::Labels(labels) => !labels.requirements.is_empty(),
    };
    of_namespaces || !peer.pods.requirements.is_empty()
}

fn block(cidr: IpNet, except: &[IpNet]) -> Block {
    Block { except: except.to_vec(), ..Block::from(cidr) }
}

/// A pod that a peer selects, with the fewest labels; none where labels alone do not say it.
pub(crate) fn stand_in(peer: &PodPeer) -> Option<StandIn> {
    let home = match &peer.namespaces {
        NamespaceMatch::Named(name) => Home::Named(name.clone()),
        NamespaceMatch::Labels(selector) => {
            let labels = labels(selector)?;
            match labels.get("kubernetes.io/metadata.name") {
                Some(name) if labels.len() == 1 => Home::Named(name.as_str().into()),
                _ => Home::Labelled(labels),
            }
        }
    };
    Some(StandIn { home, labels: labels(&peer.pods)? })
}

fn labels(selector: &Selector) -> Option<BTreeMap<String, String>> {
    let label = |requirement: &netloom_cluster::Requirement| match &requirement.operator {
        Operator::In(values) if values.len() == 1 => Some((requirement.key.clone(), values[0].clone())),
        _ => None,
    };
    selector.requirements.iter().map(label).collect()
}
