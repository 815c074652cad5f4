//! Needs: who has to reach whom, on which ports, and why.
use std::{collections::BTreeSet, fmt};

use ipnet::IpNet;
use netloom_cluster::{Protocol, Snapshot};
use netloom_objects::Location;
use netloom_reach::{Home, PortSet, StandIn};

use crate::units::{UnitId, Units};

/// Addresses as an `ipBlock` has them.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Block {
    /// The network.
    pub cidr: IpNet,
    /// Networks in it that are not meant.
    pub except: Vec<IpNet>,
}

impl From<IpNet> for Block {
    fn from(cidr: IpNet) -> Self {
        Self { cidr: cidr.trunc(), except: Vec::new() }
    }
}

/// One end of a need.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum End {
    /// Pods of the set.
    Unit(UnitId),
    /// Pods that the set does not have.
    Elsewhere(StandIn),
    /// Addresses.
    Blocks(Vec<Block>),
}

impl End {
    /// As people call it.
    #[must_use]
    pub fn title(&self, units: &Units) -> String {
        match self {
            Self::Unit(unit) => units.get(*unit).title(),
            Self::Elsewhere(pods) => elsewhere(pods),
            Self::Blocks(blocks) if is_everyone(blocks) => "outside".to_owned(),
            Self::Blocks(blocks) => blocks.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
        }
    }

    /// The unit that it is.
    #[must_use]
    pub const fn unit(&self) -> Option<UnitId> {
        match self {
            Self::Unit(unit) => Some(*unit),
            Self::Elsewhere(_) | Self::Blocks(_) => None,
        }
    }
}

fn elsewhere(pods: &StandIn) -> String {
    let labels: Vec<String> = pods.labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
    let home = match &pods.home {
        Home::Known(name) | Home::Named(name) => name.to_string(),
        Home::Labelled(_) => "*".to_owned(),
    };
    if labels.is_empty() { format!("{home}/*") } else { format!("{home}/[{}]", labels.join(",")) }
}

/// Whether blocks are all addresses of a family.
pub(crate) fn is_everyone(blocks: &[Block]) -> bool {
    blocks.iter().any(|block| block.cidr.prefix_len() == 0 && block.except.is_empty())
}

impl fmt::Display for Block {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.cidr)?;
        match self.except.len() {
            0 => Ok(()),
            1 => write!(f, " but {}", self.except[0]),
            many => write!(f, " but {many} networks"),
        }
    }
}

/// Where a need was learnt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Learnt {
    /// Somebody wrote it down.
    Declared,
    /// The manifests imply it.
    Derived,
    /// It was seen.
    Observed,
}

impl Learnt {
    /// `declared`, `derived`, `observed`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Declared => "declared",
            Self::Derived => "derived",
            Self::Observed => "observed",
        }
    }
}

/// Why something is needed.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Reason {
    /// How it was learnt.
    pub learnt: Learnt,
    /// In words.
    pub text: String,
    /// The line that says it.
    pub at: Option<Location>,
}

impl Reason {
    /// Implied by a line of the manifests.
    #[must_use]
    pub fn derived(text: impl Into<String>, at: Location) -> Self {
        Self { learnt: Learnt::Derived, text: text.into(), at: Some(at) }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.at {
            Some(at) => write!(f, "{} ({at})", self.text),
            None => f.write_str(&self.text),
        }
    }
}

/// One connection that has to be possible.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Need {
    /// Who connects.
    pub from: End,
    /// To whom.
    pub to: End,
    /// On which ports of the target.
    pub ports: PortSet,
    /// Why.
    pub reason: Reason,
}

/// Something that only people know.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Doubt {
    /// What, and how to say it.
    pub text: String,
    /// The line that it comes from.
    pub at: Option<Location>,
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.at {
            Some(at) => write!(f, "{} ({at})", self.text),
            None => f.write_str(&self.text),
        }
    }
}

/// Something that a unit is known to need, and that no rule can be written for: the policies are not complete without.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Lack {
    /// Whose.
    pub unit: UnitId,
    /// What it needs: `the API server`.
    pub what: String,
    /// How to say what is missing.
    pub how: String,
    /// Why it is needed.
    pub because: Reason,
}

/// What is needed, and what could not be found out.
#[derive(Clone, Debug, Default)]
pub struct Needs {
    /// The needs in the order in which they were found.
    pub needs: Vec<Need>,
    /// What only people know.
    pub doubts: Vec<Doubt>,
    /// What no rule can be written for.
    pub lacks: Vec<Lack>,
    /// Units of which somebody said that something must be shut: they are known, whatever else they need.
    pub said: BTreeSet<UnitId>,
    /// Reasons that tell what a sidecar needs, and nothing of the program beside it.
    pub of_sidecars: BTreeSet<Reason>,
}

impl Needs {
    /// Adds a need, unless it is known with the same reason.
    pub fn add(&mut self, need: Need) {
        if !need.ports.is_none() && !self.needs.contains(&need) {
            self.needs.push(need);
        }
    }

    /// Adds a doubt.
    pub fn doubt(&mut self, text: impl Into<String>, at: Option<Location>) {
        let doubt = Doubt { text: text.into(), at };
        if !self.doubts.contains(&doubt) {
            self.doubts.push(doubt);
        }
    }

    /// Adds something that no rule can be written for, unless the same unit is known to lack it.
    pub fn lack(&mut self, lack: Lack) {
        if !self.lacks.iter().any(|known| known.unit == lack.unit && known.what == lack.what) {
            self.lacks.push(lack);
        }
    }

    /// Takes those of another.
    pub fn extend(&mut self, more: Self) {
        more.needs.into_iter().for_each(|need| self.add(need));
        more.doubts.into_iter().for_each(|doubt| self.doubt(doubt.text, doubt.at));
        more.lacks.into_iter().for_each(|lack| self.lack(lack));
        self.said.extend(more.said);
        self.of_sidecars.extend(more.of_sidecars);
    }
}

/// The ports that something answers on in the pods of a unit.
#[must_use]
pub fn listening(snapshot: &Snapshot, units: &Units, unit: UnitId) -> PortSet {
    let pods = units.get(unit).pods.iter().map(|pod| snapshot.pod(*pod));
    let ports = pods.flat_map(|pod| pod.listening.iter().copied());
    ports.fold(PortSet::none(), |all, (protocol, port)| all.or(&PortSet::of(protocol, port, port)))
}

/// One port of a protocol.
#[must_use]
pub fn port(protocol: Protocol, port: u16) -> PortSet {
    PortSet::of(protocol, port, port)
}

/// Ports as people say them: few of all, or all but few.
#[must_use]
pub fn ports_in_words(ports: &PortSet) -> String {
    let rest = PortSet::all().minus(ports);
    match ports.other() && !rest.is_none() {
        true => format!("everything but {rest}"),
        false if rest.is_none() => "everything".to_owned(),
        false => ports.to_string(),
    }
}
