//! Names that are short for one of the cluster's: a resolver with a search list asks for them as they are too.
use crate::{names::split_last, record::RecordType, zone::Zone};

impl Zone {
    /// Whether a name outside of the zone was meant for the zone: what a pod's resolver asks for before or after the
    /// search domains of its `resolv.conf` complete it.
    ///
    /// A name of one label is nobody's outside, nor is one below `svc` or `pod`, which are no top-level domains. Of
    /// the others those that lead somewhere below a search domain of some namespace, `service.namespace` with anything
    /// before it, and `pod.service` of a Service that exists, whether or not the pod is ready yet.
    #[must_use]
    pub fn is_short_form(&self, name: &str) -> bool {
        let name = crate::names::normal(name);
        let (head, last) = split_last(&name);
        if head.is_empty() || matches!(last, "svc" | "pod") {
            return true;
        }
        let (before, service) = split_last(head);
        if self.has_service(service, last) {
            return true;
        }
        let mut namespaces = self.namespaces().iter().map(|n| &*n.name);
        namespaces.any(|namespace| {
            let complete = format!("{name}.{namespace}.svc.{}", self.name());
            let (a, aaaa) = (RecordType::A, RecordType::Aaaa);
            (before.is_empty() && self.is_headless(last, namespace))
                || [a, aaaa].into_iter().any(|rtype| !self.lookup(&complete, rtype).records().is_empty())
        })
    }
}
