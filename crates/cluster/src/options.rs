//! What the caller chooses: size, families, zone and address ranges of the cluster.
use crate::model::{Addrs, Family, Nets};

/// Which IP families the cluster speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Families {
    /// IPv4 and IPv6, IPv4 first.
    #[default]
    Dual,
    /// IPv4 only.
    V4,
    /// IPv6 only.
    V6,
}

impl Families {
    /// Whether the cluster speaks this family.
    #[must_use]
    pub const fn has(self, family: Family) -> bool {
        matches!((self, family), (Self::Dual, _) | (Self::V4, Family::V4) | (Self::V6, Family::V6))
    }

    /// The families, the cluster's first one first.
    pub fn iter(self) -> impl Iterator<Item = Family> {
        [Family::V4, Family::V6].into_iter().filter(move |f| self.has(*f))
    }
}

/// Which addresses pods and nodes have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Addressing {
    /// Those that the objects give, and new ones for the rest: what a network that runs needs.
    #[default]
    Assigned,
    /// Those that the objects give, and none for the rest: what is known of a cluster that runs elsewhere.
    Known,
}

/// What becomes of pods that no node takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pending {
    /// They are left out: what a network that runs needs.
    #[default]
    LeftOut,
    /// They are there as if they ran, and marked: what policies make of them does not depend on nodes.
    Analysed,
}

impl Pending {
    /// What is said of them.
    pub(crate) const fn words(self) -> &'static str {
        match self {
            Self::LeftOut => "out of the network",
            Self::Analysed => "and what is said of them is how it will be once they run",
        }
    }
}

/// How to build a Snapshot. Ranges that are left out are the defaults of [`crate::defaults`], moved to where the
/// objects' own addresses are if those lie elsewhere.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// How many nodes to make where the objects declare none.
    pub nodes: u32,
    /// The families of the cluster.
    pub families: Families,
    /// The DNS zone.
    pub zone: String,
    /// What pods get addresses from.
    pub pod_cidrs: Nets,
    /// What Services get addresses from.
    pub service_cidrs: Nets,
    /// What load balancers get addresses from.
    pub lb_cidrs: Nets,
    /// What nodes get addresses from.
    pub node_cidrs: Nets,
    /// The addresses of the client outside.
    pub outside: Addrs,
    /// Which addresses pods and nodes have.
    pub addressing: Addressing,
    /// What becomes of pods that no node takes.
    pub pending: Pending,
    /// Whether to add the cluster DNS where the objects have none.
    pub add_dns: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            nodes: 2,
            families: Families::Dual,
            zone: "cluster.local".to_owned(),
            pod_cidrs: Nets::default(),
            service_cidrs: Nets::default(),
            lb_cidrs: Nets::default(),
            node_cidrs: Nets::default(),
            outside: crate::defaults::OUTSIDE,
            addressing: Addressing::default(),
            pending: Pending::default(),
            add_dns: true,
        }
    }
}
