//! The egress and ingress hops: what the policies of one side say, in words, and what would have to change.
use std::{net::IpAddr, sync::Arc};

use netloom_cluster::{Action, Pod, PodId, Policy, PortMatch, Protocol, Tier};
use netloom_objects::ObjectRef;
use netloom_policy::{Direction, Miss, NearMiss, Reason, Side};

use crate::{
    Hop, Stage,
    choose::show,
    error::list,
    explain::Context,
    fix,
    paths::{Taken, label, who},
    selector_words,
};

/// What one side's policies were asked.
pub(crate) struct Asked {
    pub pod: PodId,
    pub direction: Direction,
    /// The other side's address.
    pub peer: IpAddr,
    /// The destination's own port.
    pub port: u16,
}

/// The hop of one side.
pub(crate) fn policy_hop(context: &Context<'_>, taken: &Taken<'_>, asked: &Asked, side: &Side) -> Hop {
    let words = Words { context, taken, asked, pod: context.world.snapshot.pod(asked.pod) };
    match &side.reason {
        Reason::Isolated(policies) => words.isolated(policies),
        Reason::Rule { action: Action::Deny, tier, rule } => words.refused(*tier, rule),
        Reason::Rule { tier, rule, .. } => words.accepted(*tier, rule),
        Reason::NoPolicy => words.passes("no policy selects it for", "so that everything passes"),
        Reason::NoRuleMatches => {
            words.passes("policies select it for", "but none of their rules speaks of this")
        }
        Reason::NotSubject => {
            words.passes("it is on the host's network, which policies do not bind:", "everything passes")
        }
        Reason::OwnNode => words.ok(
            format!("{} runs on {}: a node always reaches its own pods", words.name(), words.peer()),
            None,
        ),
        Reason::Itself => words.ok(format!("{} always reaches itself", words.name()), None),
    }
}

struct Words<'a> {
    context: &'a Context<'a>,
    taken: &'a Taken<'a>,
    asked: &'a Asked,
    pod: &'a Arc<Pod>,
}

impl Words<'_> {
    fn stage(&self) -> Stage {
        match self.asked.direction {
            Direction::Egress => Stage::Egress,
            Direction::Ingress => Stage::Ingress,
        }
    }

    fn ok(&self, why: String, object: Option<Arc<ObjectRef>>) -> Hop {
        Hop::ok(self.stage(), why, object)
    }

    fn name(&self) -> String {
        label(self.pod)
    }

    fn peer(&self) -> String {
        match (self.taken.beyond, self.asked.direction) {
            (Some(name), Direction::Egress) => name.to_owned(),
            _ => who(self.context.world, self.asked.peer),
        }
    }

    fn port(&self) -> String {
        show((self.taken.protocol, self.asked.port))
    }

    fn side(&self) -> &'static str {
        match self.asked.direction {
            Direction::Egress => "to",
            Direction::Ingress => "from",
        }
    }

    /// `8080/TCP to production/backend-x`.
    fn connection(&self) -> String {
        format!("{} {} {}", self.port(), self.side(), self.peer())
    }

    fn passes(&self, why: &str, so: &str) -> Hop {
        let name = self.asked.direction.name();
        let why = match why.ends_with(':') {
            true => format!("{}: {why} {so}", self.name()),
            false => format!("{}: {why} {name}, {so}", self.name()),
        };
        self.ok(why, None)
    }

    fn accepted(&self, tier: Tier, rule: &Arc<ObjectRef>) -> Hop {
        let verb = match self.asked.direction {
            Direction::Egress => "may open",
            Direction::Ingress => "accepts",
        };
        let by = match tier {
            Tier::NetworkPolicy => String::new(),
            Tier::Admin(_) | Tier::Baseline(_) => format!(": {}", policy(tier, rule)),
        };
        let why = format!("{} {verb} {}{by}", self.name(), self.connection());
        let hop = self.ok(why, Some(rule.clone()));
        let Asked { pod, direction, peer, port } = *self.asked;
        match self.context.world.policies.either_peer(pod, direction, peer, self.taken.protocol, port) {
            Some(either) if tier == Tier::NetworkPolicy => {
                let (own, neighbour) = match either.by_namespace {
                    true => ("every pod of the namespaces selected", "podSelector"),
                    false => ("such pods whatever the peer's namespace is", "namespaceSelector"),
                };
                let why = format!(
                    "{}. This line alone allows it, for {own}: the {neighbour} at {} is an item of its own, and two items mean OR",
                    hop.why, either.other.at
                );
                let fix =
                    "if both were to hold, make them one item: remove the `-` before the second of them";
                Hop { why, ..hop }.with_fix(fix)
            }
            _ => hop,
        }
    }

    fn refused(&self, tier: Tier, rule: &Arc<ObjectRef>) -> Hop {
        let why = format!("{} is denied {}: {}", self.name(), self.connection(), policy(tier, rule));
        let fix = match tier {
            Tier::Admin(priority) => format!(
                "put an Accept or Pass before it in the same policy, or in one of a priority below {priority}; NetworkPolicies cannot overrule it"
            ),
            Tier::Baseline(_) => {
                format!(
                    "write a NetworkPolicy that selects {} and allows it: the baseline is asked only where none does",
                    self.name()
                )
            }
            Tier::NetworkPolicy => "an allowing rule".to_owned(),
        };
        Hop::denied(self.stage(), why, Some(rule.clone())).with_fix(fix)
    }

    fn isolated(&self, policies: &[Arc<ObjectRef>]) -> Hop {
        let Asked { pod, direction, peer, port } = *self.asked;
        let world = self.context.world;
        let misses = world.policies.near_misses(pod, direction, peer, self.taken.protocol, port);
        let service_port = self.taken.translated(world).map(|(_, p)| p.port).filter(|p| *p != port);
        // A rule for the Service's port was meant for this connection, whatever else is near.
        if let Some(service_port) = service_port {
            let of_service = misses.iter().find_map(|m| self.service_port(m, service_port));
            if let Some(hop) = of_service {
                return hop;
            }
        }
        match misses.first() {
            Some(miss) => self.near(miss),
            None => self.nothing_near(policies),
        }
    }

    fn service_port(&self, near: &NearMiss, service_port: u16) -> Option<Hop> {
        let Miss::Port { open, .. } = &near.miss else { return None };
        let opens = |p: &PortMatch| {
            matches!(p, PortMatch::Range(protocol, low, high)
                if *protocol == self.taken.protocol && low == high && *low == service_port)
        };
        let line = open.iter().find(|p| opens(&p.port))?;
        let why = format!(
            "{} {}: the rule opens {service_port}, but policies see the pod's port {}, not the Service's port {service_port}",
            self.verb(),
            self.connection(),
            self.asked.port
        );
        let object = self.port_line(&line.origin);
        Some(
            Hop::denied(self.stage(), why, Some(object))
                .with_fix(format!("write `port: {}`", self.asked.port)),
        )
    }

    /// The `port` field itself, where the item is written over several lines.
    fn port_line(&self, item: &Arc<ObjectRef>) -> Arc<ObjectRef> {
        let direction = self.asked.direction.name();
        let Some(object) = self.context.lines.object(item) else { return item.clone() };
        let mut rules =
            (0..).map(|i| format!("spec.{direction}[{i}]")).take_while(|path| object.is_written(path));
        let found = rules.find_map(|rule| {
            let mut ports =
                (0..).map(|i| format!("{rule}.ports[{i}]")).take_while(|path| object.is_written(path));
            ports.find(|path| object.locate(path) == item.at).map(|path| format!("{path}.port"))
        });
        match found {
            Some(path) if object.is_written(&path) => object.refer(&path),
            _ => item.clone(),
        }
    }

    fn verb(&self) -> String {
        match self.asked.direction {
            Direction::Egress => format!("{} may not open", self.name()),
            Direction::Ingress => format!("{} does not accept", self.name()),
        }
    }

    fn near(&self, near: &NearMiss) -> Hop {
        let told = selector_words::tell(self, &near.miss);
        let why = format!("{} {}: the nearest rule {}", self.verb(), self.connection(), told.why);
        let object = if matches!(near.miss, Miss::Port { .. }) {
            self.port_line(&near.object)
        } else {
            near.object.clone()
        };
        Hop::denied(self.stage(), why, Some(object)).with_fix(told.fix)
    }

    fn nothing_near(&self, policies: &[Arc<ObjectRef>]) -> Hop {
        let isolating = self.isolating(policies);
        let direction = self.asked.direction;
        let name = direction.name();
        let names: Vec<String> = policies.iter().map(|p| p.name.to_string()).collect();
        let lacking = match names.len() {
            1 if isolating.is_some_and(|p| rules(p, direction) == 0) => {
                format!("NetworkPolicy {} denies all {name}, and no other allows this", names[0])
            }
            1 => {
                format!("NetworkPolicy {} isolates it for {name}, and no rule of it is about this", names[0])
            }
            0..=3 => {
                format!(
                    "NetworkPolicies {} isolate it for {name}, and no rule of theirs is about this",
                    list(&names, "and")
                )
            }
            many => {
                format!("{many} NetworkPolicies isolate it for {name}, and no rule of theirs is about this")
            }
        };
        let forgotten = match self.taken.dns && direction == Direction::Egress {
            true => " (DNS was forgotten)",
            false => "",
        };
        let why = format!("{} {}{forgotten}: {lacking}", self.verb(), self.connection());
        let object = isolating.map(|p| self.context.lines.direction(p, direction));
        let ports: Vec<(Protocol, u16)> = match self.taken.dns {
            true => vec![(Protocol::Udp, self.asked.port), (Protocol::Tcp, self.asked.port)],
            false => vec![(self.taken.protocol, self.asked.port)],
        };
        let peer = self.item();
        let rule = fix::rule(direction, &peer, &ports);
        Hop::denied(self.stage(), why, object)
            .with_fix(format!("add to `{name}` of a policy that selects it:\n{rule}"))
    }

    /// The peer as an item of a rule.
    fn item(&self) -> String {
        match self.taken.beyond {
            Some(name) if self.asked.direction == Direction::Egress => fix::anywhere(self.asked.peer, name),
            _ => fix::peer_item(self.context.world, self.asked.peer, &self.pod.namespace),
        }
    }

    /// The isolating policy to point at: one that speaks of these pods in particular and has rules already, else one
    /// that has rules, else the one that denies by default.
    fn isolating(&self, policies: &[Arc<ObjectRef>]) -> Option<&Policy> {
        let all = &self.context.world.snapshot.policies;
        let isolating = policies.iter().filter_map(|origin| all.iter().find(|p| p.origin == *origin));
        isolating
            .map(|p| &**p)
            .min_by_key(|p| (rules(p, self.asked.direction) == 0, p.subject.pods.requirements.is_empty()))
    }
}

impl selector_words::Connection for Words<'_> {
    fn peer(&self) -> String {
        self.peer()
    }

    fn peer_ip(&self) -> IpAddr {
        self.asked.peer
    }

    fn target(&self) -> (Protocol, u16) {
        (self.taken.protocol, self.asked.port)
    }

    fn item(&self) -> String {
        self.item()
    }

    fn list_name(&self) -> &'static str {
        self.side()
    }
}

fn rules(policy: &Policy, direction: Direction) -> usize {
    let rules = match direction {
        Direction::Ingress => &policy.ingress,
        Direction::Egress => &policy.egress,
    };
    rules.as_ref().map_or(0, Vec::len)
}

/// `NetworkPolicy production/backend`.
pub(crate) fn title(object: &ObjectRef) -> String {
    match &object.namespace {
        Some(namespace) => format!("{} {namespace}/{}", object.kind, object.name),
        None => format!("{} {}", object.kind, object.name),
    }
}

fn policy(tier: Tier, rule: &ObjectRef) -> String {
    match tier {
        Tier::NetworkPolicy => title(rule),
        Tier::Admin(priority) => format!("{} (admin tier, priority {priority})", title(rule)),
        Tier::Baseline(_) => format!("{} (baseline tier)", title(rule)),
    }
}
