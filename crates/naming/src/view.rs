//! Which part of the cluster's names a server shows: the options of CoreDNS' `kubernetes`.
use std::collections::BTreeSet;

use netloom_cluster::{Namespace, Selector, Service, ServiceKind};

use crate::service::published;

/// What a server makes of pods' names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PodNames {
    /// There are none.
    Disabled,
    /// Any address is a name, in a namespace that exists.
    Insecure,
    /// The addresses of pods that are there.
    #[default]
    Verified,
}

/// The part of the cluster's names that a server shows; all of it by default.
#[derive(Clone, Debug, Default)]
pub struct View {
    /// Pods' names.
    pub pods: PodNames,
    /// The only namespaces that have names; all where it is empty.
    pub namespaces: BTreeSet<Box<str>>,
    /// The namespaces that have names, by their labels.
    pub namespace_labels: Option<Selector>,
    /// The Services that have names, by their labels.
    pub labels: Option<Selector>,
    /// Whether a Service without endpoints has no name.
    pub ignore_empty: bool,
    /// Whether endpoints have no names.
    pub no_endpoints: bool,
}

impl View {
    pub(crate) fn shows_namespace(&self, namespace: &Namespace) -> bool {
        (self.namespaces.is_empty() || self.namespaces.contains(&*namespace.name))
            && self.namespace_labels.as_ref().is_none_or(|s| s.matches(&namespace.labels))
    }

    pub(crate) fn shows_service(&self, namespaces: &[Namespace], service: &Service) -> bool {
        if self.namespaces.is_empty() && self.namespace_labels.is_none() && self.labels.is_none() {
            return true;
        }
        let at = namespaces.binary_search_by(|n| n.name.cmp(&service.namespace));
        at.is_ok_and(|i| self.shows_namespace(&namespaces[i]))
            && self.labels.as_ref().is_none_or(|s| s.matches(&service.labels))
    }

    /// Whether a Service that is shown has no name all the same: its own one, or one below it.
    pub(crate) fn hides(&self, service: &Service, own: bool) -> bool {
        match service.kind {
            ServiceKind::Virtual(_) => {
                self.ignore_empty && published(service).next().is_none() || self.no_endpoints && !own
            }
            ServiceKind::Headless => self.no_endpoints,
            ServiceKind::ExternalName(_) => false,
        }
    }
}
