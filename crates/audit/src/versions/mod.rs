//! One table of what versions of Kubernetes and its extensions add, deprecate and remove, and the search for it in objects.
mod find;
mod kubernetes;
mod mesh;
mod page;

pub use page::page;

pub(crate) use find::{Fate, graver, report};

use crate::{Context, Version};

/// Whose version decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Product {
    Kubernetes,
    Istio,
    GatewayApi,
    CertManager,
}

impl Product {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Kubernetes => "Kubernetes",
            Self::Istio => "Istio",
            Self::GatewayApi => "Gateway API",
            Self::CertManager => "cert-manager",
        }
    }

    /// The version that the manifests are for. Where nothing says it, the current one.
    fn target(self, cx: &Context<'_>) -> Version {
        match self {
            Self::Kubernetes => cx.kube_version(),
            Self::Istio => cx.istio_version(),
            Self::GatewayApi => cx.settings.gateway_api_version,
            Self::CertManager => Version::new(1, 19),
        }
    }
}

/// What a change is about. Paths are of the object, or of the pod where the kind is Pod, in any workload; `[*]` stands for
/// each item of a list.
#[derive(Clone, Copy, Debug)]
pub(crate) enum What {
    /// The kind in this version.
    Version(&'static str),
    /// A field, at any of these paths.
    Field(&'static [&'static str]),
    /// A field with this value.
    Value(&'static [&'static str], &'static str),
    /// A key of a mapping (one that begins with this, where it ends with a slash).
    Key(&'static [&'static str], &'static str),
}

/// One row.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Change {
    pub product: Product,
    /// The API group; empty for the core group.
    pub group: &'static str,
    pub kinds: &'static [&'static str],
    pub what: What,
    /// The version from which it is there.
    pub since: Option<Version>,
    pub deprecated: Option<Version>,
    pub removed: Option<Version>,
    /// What to write instead.
    pub instead: &'static str,
    /// Where that is said.
    pub source: &'static str,
    /// The rule that reports it, where it is not one of the table's own.
    pub by: Option<&'static str>,
}

/// A row of Kubernetes.
const fn row(
    group: &'static str,
    kinds: &'static [&'static str],
    what: What,
    source: &'static str,
) -> Change {
    Change {
        product: Product::Kubernetes,
        group,
        kinds,
        what,
        since: None,
        deprecated: None,
        removed: None,
        instead: "",
        source,
        by: None,
    }
}

impl Change {
    const fn of(self, product: Product) -> Self {
        Self { product, ..self }
    }

    const fn since(self, major: u16, minor: u16) -> Self {
        Self { since: Some(Version::new(major, minor)), ..self }
    }

    const fn deprecated(self, major: u16, minor: u16) -> Self {
        Self { deprecated: Some(Version::new(major, minor)), ..self }
    }

    const fn removed(self, major: u16, minor: u16) -> Self {
        Self { removed: Some(Version::new(major, minor)), ..self }
    }

    const fn instead(self, instead: &'static str) -> Self {
        Self { instead, ..self }
    }

    const fn by(self, code: &'static str) -> Self {
        Self { by: Some(code), ..self }
    }
}

/// The whole table.
pub(crate) fn table() -> impl Iterator<Item = &'static Change> {
    kubernetes::VERSIONS.iter().chain(kubernetes::FIELDS).chain(kubernetes::NEW).chain(mesh::CHANGES)
}
