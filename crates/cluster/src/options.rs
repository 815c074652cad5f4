//! What the caller chooses: size, families, zone and address ranges of the cluster.
use ipnet::IpNet;

use crate::{
    addresses::{overlap, special::special},
    model::{Addrs, Family, Nets},
};

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

/// Why no cluster can be laid out as was chosen.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OptionsError {
    /// A range of special addresses.
    #[error(
        "{option} {net} cannot be: its addresses are {why}; choose a private range, such as 10.200.0.0/16 or fd00:200::/56"
    )]
    Special {
        /// The option.
        option: &'static str,
        /// Its value.
        net: IpNet,
        /// What its addresses are.
        why: &'static str,
    },
    /// Two ranges with addresses in common.
    #[error(
        "{option} {net} and {other_option} {other} overlap: one address would be of both; choose ranges apart"
    )]
    Overlap {
        /// The option.
        option: &'static str,
        /// Its value.
        net: IpNet,
        /// The other option.
        other_option: &'static str,
        /// Its value.
        other: IpNet,
    },
    /// The zone is not a domain name.
    #[error(
        "--cluster-domain {zone:?} is not a domain name: labels of at most 63 letters, digits and `-`, with dots between them, at most 200 characters"
    )]
    Zone {
        /// The zone.
        zone: String,
    },
}

/// Names of Services and namespaces stand before the zone, in 253 characters.
const LONGEST_ZONE: usize = 200;

impl Options {
    /// Whether a cluster can be laid out like this.
    ///
    /// # Errors
    /// When a range is of special addresses or overlaps another one, or the zone is not a domain name.
    pub fn check(&self) -> Result<(), OptionsError> {
        let ranges = [
            ("--pod-cidr", self.pod_cidrs),
            ("--service-cidr", self.service_cidrs),
            ("--lb-cidr", self.lb_cidrs),
            ("--node-cidr", self.node_cidrs),
        ];
        let all: Vec<(&'static str, IpNet)> =
            ranges.iter().flat_map(|(option, nets)| nets.iter().map(|net| (*option, net))).collect();
        for (i, &(option, net)) in all.iter().enumerate() {
            if let Some(why) = special(net) {
                return Err(OptionsError::Special { option, net, why });
            }
            if let Some(&(other_option, other)) = all[..i].iter().find(|(_, other)| overlap(*other, net)) {
                return Err(OptionsError::Overlap { option, net, other_option, other });
            }
        }
        match is_domain(&self.zone) {
            true => Ok(()),
            false => Err(OptionsError::Zone { zone: self.zone.clone() }),
        }
    }
}

fn is_domain(zone: &str) -> bool {
    let zone = zone.strip_suffix('.').unwrap_or(zone);
    let letter = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(letter)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    zone.len() <= LONGEST_ZONE && zone.split('.').all(label)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nets(text: &str) -> Nets {
        match text.parse().unwrap() {
            IpNet::V4(net) => Nets { v4: Some(net), v6: None },
            IpNet::V6(net) => Nets { v4: None, v6: Some(net) },
        }
    }

    #[test]
    fn impossible_choices_are_named() {
        let with = |change: &dyn Fn(&mut Options)| {
            let mut options = Options::default();
            change(&mut options);
            options.check().map_err(|e| e.to_string())
        };
        assert_eq!(with(&|_| {}), Ok(()));
        let error = with(&|o| o.pod_cidrs = nets("fe80::/64")).unwrap_err();
        assert!(error.starts_with("--pod-cidr fe80::/64 cannot be: its addresses are link-local"), "{error}");
        assert!(with(&|o| o.service_cidrs = nets("0.0.0.0/0")).is_err());
        assert!(with(&|o| o.lb_cidrs = nets("224.0.0.0/4")).is_err());
        let both = |o: &mut Options| {
            (o.pod_cidrs, o.node_cidrs) = (nets("10.0.0.0/8"), nets("10.1.0.0/16"));
        };
        let error = with(&both).unwrap_err();
        assert!(error.starts_with("--node-cidr 10.1.0.0/16 and --pod-cidr 10.0.0.0/8 overlap"), "{error}");
        for (zone, fine) in [
            ("cluster.local", true),
            ("k8s", true),
            ("a.b.", true),
            ("..", false),
            ("", false),
            ("a..b", false),
            ("-a", false),
        ] {
            assert_eq!(with(&|o| o.zone = zone.to_owned()).is_ok(), fine, "{zone:?}");
        }
        assert!(with(&|o| o.zone = "a".repeat(400)).is_err());
        assert!(with(&|o| o.zone = "abc.".repeat(60)).is_err());
    }
}
