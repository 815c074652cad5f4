//! What the user says about the cluster that the manifests are for.
use std::{collections::BTreeSet, fmt, str::FromStr};

use netloom_cluster::Options;

/// A version's first two numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Version {
    /// The first number.
    pub major: u16,
    /// The second number.
    pub minor: u16,
}

impl Version {
    /// The release of Kubernetes that manifests are for where nobody says otherwise.
    pub const KUBERNETES: Self = Self::new(1, 36);

    /// `Version::new(1, 36)` is 1.36.
    #[must_use]
    pub const fn new(major: u16, minor: u16) -> Self {
        Self { major, minor }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

/// The text is not a version.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a version; write it as 1.36")]
pub struct NotAVersion(String);

impl FromStr for Version {
    type Err = NotAVersion;

    fn from_str(text: &str) -> Result<Self, NotAVersion> {
        let mut numbers = text.trim_start_matches('v').split('.').map(|part| part.parse().ok());
        match (numbers.next().flatten(), numbers.next().flatten()) {
            (Some(major), Some(minor)) => Ok(Self { major, minor }),
            _ => Err(NotAVersion(text.to_owned())),
        }
    }
}

/// What of the cluster is in the set completely, so that what is not there does not exist.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Closed {
    /// Everything.
    pub everything: bool,
    /// All objects of these namespaces.
    pub namespaces: BTreeSet<String>,
    /// All objects of these kinds.
    pub kinds: BTreeSet<String>,
}

impl Closed {
    /// Whether every object of a kind in a namespace (none: cluster-scoped) is in the set.
    #[must_use]
    pub fn has(&self, kind: &str, namespace: Option<&str>) -> bool {
        self.everything
            || self.kinds.contains(kind)
            || namespace.is_some_and(|namespace| self.namespaces.contains(namespace))
    }
}

/// What the user says about the cluster.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The version of Kubernetes that the manifests are for.
    pub kube_version: Version,
    /// The version of Istio that the manifests are for.
    pub istio_version: Version,
    /// The version of Gateway API whose kinds the cluster has.
    pub gateway_api_version: Version,
    /// What of the cluster is in the set completely.
    pub closed: Closed,
    /// How the cluster is laid out: its ranges and zone.
    pub cluster: Options,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            kube_version: Version::KUBERNETES,
            istio_version: Version::new(1, 32),
            gateway_api_version: Version::new(1, 7),
            closed: Closed::default(),
            cluster: Options::default(),
        }
    }
}
