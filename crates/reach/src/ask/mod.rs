//! Questions about who reaches whom, as people write them.
mod port;
mod who;

use netloom_cluster::{Family, Service};
use netloom_explain::ExplainError;
use netloom_policy::Direction;

pub use port::{Port, PortNumber};
pub(crate) use who::internet;
pub use who::{Who, internet_exceptions};

use crate::{
    outside::AddressRange,
    ports::PortSet,
    reach::{Party, Reach},
};

/// Why a question cannot be answered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AskError {
    /// A name means nothing, or several things.
    #[error(transparent)]
    Name(#[from] ExplainError),
    /// A pattern means nobody.
    #[error("`{pattern}` means nobody: {hint}")]
    Nobody {
        /// As it is written.
        pattern: String,
        /// Why.
        hint: String,
    },
    /// A port is none.
    #[error(
        "`{text}` is no port: write 8080, 8000-8010 or a port's name, and /UDP or /SCTP behind it if it is not TCP"
    )]
    Port {
        /// As it is written.
        text: String,
    },
    /// Nobody meant has a port of this name.
    #[error("{to} has no port named `{name}`")]
    NoSuchPort {
        /// Who was meant.
        to: String,
        /// The name.
        name: String,
    },
    /// More pairs are meant than can be answered one by one.
    #[error("`{from}` and `{to}` are {pairs} pairs: ask about fewer, or for the table")]
    TooMany {
        /// Who connects.
        from: String,
        /// To whom.
        to: String,
        /// How many pairs they are.
        pairs: usize,
    },
    /// A Service does not have the port that is asked about.
    #[error("Service {service} has no port {port}{}", of_service(known))]
    NotOfService {
        /// `namespace/name`.
        service: String,
        /// As it is written.
        port: String,
        /// The ports that it has.
        known: Vec<String>,
    },
}

fn of_service(known: &[String]) -> String {
    if known.is_empty() { String::new() } else { format!("; it has {}", known.join(", ")) }
}

/// Pairs that one question is about, at most: more are a table.
const PAIRS: usize = 4_000_000;

/// Whether connections are allowed from one to another.
#[derive(Clone, Debug)]
pub struct Question {
    /// Who connects.
    pub from: Who,
    /// To whom.
    pub to: Who,
    /// On which port; none asks about all.
    pub port: Option<Port>,
}

/// The answer about one pair.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Who connects.
    pub from: Party,
    /// To whom.
    pub to: Party,
    /// The addresses, where an end is outside.
    pub range: Option<AddressRange>,
    /// The ports of the target that are asked about: those that a Service's port leads to, all where no port is said.
    pub asked: PortSet,
    /// Those of them that are open.
    pub open: PortSet,
}

impl Question {
    /// Reads both ends; `to` may name a port: `backend:8080`, `kube-dns:53/UDP`. Short names are looked for in
    /// `namespace` first.
    ///
    /// # Errors
    /// When one of them means nobody.
    pub fn parse(reach: &Reach, from: &str, to: &str, namespace: Option<&str>) -> Result<Self, AskError> {
        let (to, port) = port::split(to)?;
        Ok(Self { from: Who::find(reach, from, namespace)?, to: Who::find(reach, to, namespace)?, port })
    }

    /// The answers, pair by pair. A pod's connections to itself are asked only where nothing else is.
    ///
    /// # Errors
    /// When the port that is asked about is none of the target's.
    pub fn answers(&self, reach: &Reach) -> Result<Vec<Answer>, AskError> {
        let aims = self.aims(reach)?;
        let sources = self.from.ends(reach);
        let pairs = aims.len().saturating_mul(sources.len());
        if pairs > PAIRS {
            let [from, to] = [&self.from, &self.to].map(|who| who.label().to_owned());
            return Err(AskError::TooMany { from, to, pairs });
        }
        let mut answers = Vec::new();
        for (to, to_range, asked) in &aims {
            for &(from, from_range) in &sources {
                if is_apart(reach, from, from_range, *to, *to_range) {
                    let range = from_range.or(*to_range);
                    let open = reach.allowed(from, *to).and(asked);
                    answers.push(Answer { from, to: *to, range, asked: asked.clone(), open });
                }
            }
        }
        Ok(answers)
    }

    /// The targets, each with the ports there that are asked about.
    fn aims(&self, reach: &Reach) -> Result<Vec<(Party, Option<AddressRange>, PortSet)>, AskError> {
        let Some(port) = &self.port else {
            return Ok(self
                .to
                .ends(reach)
                .into_iter()
                .map(|(to, range)| (to, range, PortSet::all()))
                .collect());
        };
        if let Some((service, has_workload)) = self.to.service(reach) {
            match of_port_of(reach, service, port) {
                Some(aims) => {
                    return Ok(aims.into_iter().map(|(party, ports)| (party, None, ports)).collect());
                }
                // A port that only the pods have means the workload of the same name.
                None if has_workload => {}
                None => {
                    let known = service.ports.iter().map(|p| format!("{}/{}", p.port, p.protocol)).collect();
                    let (service, port) = (service.qualified_name(), port.to_string());
                    return Err(AskError::NotOfService { service, port, known });
                }
            }
        }
        let ends = self.to.ends(reach);
        let aims: Vec<_> = ends.into_iter().map(|(to, range)| (to, range, reach.numbers(to, port))).collect();
        match &port.number {
            PortNumber::Name(name) if aims.iter().all(|(.., ports)| ports.is_none()) => {
                Err(AskError::NoSuchPort { to: self.to.label().to_owned(), name: name.clone() })
            }
            _ => Ok(aims),
        }
    }
}

/// The pods behind a Service's port; none where the Service does not have it.
fn of_port_of(reach: &Reach, service: &Service, port: &Port) -> Option<Vec<(Party, PortSet)>> {
    let nth = service
        .ports
        .iter()
        .position(|p| p.protocol == port.protocol && port.is(p.port, p.name.as_deref()))?;
    let mut aims: Vec<(Party, PortSet)> = Vec::new();
    for (pod, protocol, number) in crate::published::targets(service, nth, port.protocol) {
        let Some(endpoint) = reach.endpoint_of(pod) else { continue };
        let ports = PortSet::of(protocol, number, number);
        match aims.iter_mut().find(|(party, _)| *party == Party::Endpoint(endpoint)) {
            Some((_, known)) => *known = known.or(&ports),
            None => aims.push((Party::Endpoint(endpoint), ports)),
        }
    }
    Some(aims)
}

/// Whether two ends are two: not one pod, and not both outside.
fn is_apart(
    reach: &Reach,
    from: Party,
    from_range: Option<AddressRange>,
    to: Party,
    to_range: Option<AddressRange>,
) -> bool {
    let alone = |party| match party {
        Party::Endpoint(id) => reach.endpoint(id).pods.len() < 2,
        _ => true,
    };
    let both_outside = from_range.is_some() && to_range.is_some();
    let itself = from == to && alone(from);
    !both_outside && !itself
}

impl Reach {
    /// What a port means on a target: a name is the target's own.
    fn numbers(&self, to: Party, port: &Port) -> PortSet {
        let name = match &port.number {
            PortNumber::Range(low, high) => return PortSet::of(port.protocol, *low, *high),
            PortNumber::Name(name) => name,
        };
        let pods = match to {
            Party::Endpoint(id) => self.endpoint(id).pods.clone(),
            Party::Pod(pod) => vec![pod],
            _ => Vec::new(),
        };
        let named = pods.iter().filter_map(|pod| self.snapshot.pod(*pod).named_port(name, port.protocol));
        named.fold(PortSet::none(), |all, number| all.or(&PortSet::of(port.protocol, number, number)))
    }

    /// How one end is written.
    #[must_use]
    pub fn name_of(&self, party: Party, range: Option<AddressRange>) -> String {
        match party {
            Party::Endpoint(id) => self.endpoint(id).name.to_string(),
            Party::Pod(pod) => crate::names::pod(self.snapshot.pod(pod)).to_string(),
            Party::Node(node) => crate::names::node(self.snapshot.node(node)).to_string(),
            Party::Address(ip) => {
                let (low, high) = range.map_or((ip, ip), |range| (range.low, range.high));
                crate::names::external(low, high)
            }
            Party::StandIn(_) => crate::names::INGRESS_CONTROLLER.to_owned(),
        }
    }

    /// The outside within a range, cut where policies tell addresses apart.
    pub(crate) fn pieces(&self, within: AddressRange) -> Vec<AddressRange> {
        let families = std::iter::once(Family::of(within.low));
        let all = crate::outside::ranges(self.policies.tables(), families, &[]);
        all.into_iter().filter_map(|(range, _)| range.and(&within)).collect()
    }
}

/// The other direction of a question: whom one reaches, and who reaches it.
impl Reach {
    /// Who reaches a target (`Ingress`), or whom a source reaches (`Egress`): everyone in the cluster and outside to
    /// whom something is open, with the ports.
    ///
    /// # Errors
    /// When the port that is asked about is none of the target's.
    pub fn around(
        &self,
        who: &Who,
        direction: Direction,
        port: Option<Port>,
    ) -> Result<Vec<Answer>, AskError> {
        let others = Who::anyone();
        let question = match direction {
            Direction::Ingress => Question { from: others, to: who.clone(), port },
            Direction::Egress => Question { from: who.clone(), to: others, port },
        };
        let mut answers = question.answers(self)?;
        answers.retain(|answer| !answer.open.is_none());
        Ok(answers)
    }
}
