//! What the API server would refuse of a well-typed object, as far as it matters for the network.
mod addresses;
mod cluster_policy;
mod endpoints;
mod metadata;
mod network_policy;
mod pod;
mod ports;
mod selector;
mod service;
mod syntax;
mod workload;

use std::fmt::Display;

use crate::{Object, Severity, Typed, findings::Findings, repair, tree::Lookup};

/// Checks an object and adds what is wrong with it.
pub(crate) fn object(object: &Object, findings: &mut Findings<'_>) {
    let mut check = Check { object, findings };
    metadata::check(&mut check);
    match &object.typed {
        Typed::Pod(pod) => pod::check_pod(&mut check, pod),
        Typed::Deployment(o) => workload::deployment(&mut check, o),
        Typed::ReplicaSet(o) => workload::replica_set(&mut check, o),
        Typed::StatefulSet(o) => workload::stateful_set(&mut check, o),
        Typed::DaemonSet(o) => workload::daemon_set(&mut check, o),
        Typed::Job(o) => workload::job(&mut check, o),
        Typed::CronJob(o) => workload::cron_job(&mut check, o),
        Typed::ReplicationController(o) => workload::replication_controller(&mut check, o),
        Typed::Service(o) => service::check(&mut check, o),
        Typed::Endpoints(o) => endpoints::endpoints(&mut check, o),
        Typed::EndpointSlice(o) => endpoints::slice(&mut check, o),
        Typed::Node(o) => addresses::node(&mut check, o),
        Typed::NetworkPolicy(o) => network_policy::check(&mut check, o),
        Typed::ClusterNetworkPolicy(o) => cluster_policy::cluster(&mut check, o),
        Typed::AdminNetworkPolicy(o) => cluster_policy::admin(&mut check, o),
        Typed::BaselineAdminNetworkPolicy(o) => cluster_policy::baseline(&mut check, o),
        _ => {}
    }
}

/// One object under examination.
struct Check<'o, 'f, 't> {
    object: &'o Object,
    findings: &'f mut Findings<'t>,
}

impl Check<'_, '_, '_> {
    /// A fault of a field. What could not be decoded was reported as that and is not reported again.
    fn error(&mut self, path: impl Display, message: impl Into<String>) {
        self.add(Severity::Error, path, message.into(), None, None, None);
    }

    fn error_help(&mut self, path: impl Display, message: impl Into<String>, help: impl Into<String>) {
        self.add(Severity::Error, path, message.into(), Some(help.into()), None, None);
    }

    fn warning(&mut self, path: impl Display, message: impl Into<String>, help: impl Into<String>) {
        self.add(Severity::Warning, path, message.into(), Some(help.into()), None, None);
    }

    /// A fault of a field that another one of the same object has a part in.
    fn clash(&mut self, path: impl Display, message: impl Into<String>, other: impl Display, what: &str) {
        let related = self.object.place.look_up(&other.to_string());
        self.add(Severity::Error, path, message.into(), None, Some((related, what)), None);
    }

    fn add(
        &mut self,
        severity: Severity,
        path: impl Display,
        message: String,
        help: Option<String>,
        related: Option<(Lookup, &str)>,
        instead: Option<&str>,
    ) {
        let found = self.object.place.look_up(&path.to_string());
        if found.masked {
            return;
        }
        let tree = self.object.place.tree();
        // The value says more than its key, where it stands on the line itself.
        let at = found.value.filter(|v| tree.text(*v).is_some_and(|t| !t.is_empty())).unwrap_or(found.place);
        let related = related.map(|(lookup, what)| (lookup.place, what));
        let repair = instead.filter(|_| found.value == Some(at)).and_then(|instead| {
            let safe = tree.text(at).is_some_and(|written| written.eq_ignore_ascii_case(instead));
            repair::rewrite(tree, at, instead.to_owned(), safe, |text| format!("write `{text}`"))
        });
        self.findings.invalid(severity, at, message, help, related, repair);
    }

    /// Whether a field is written, whatever its value.
    fn is_written(&self, path: impl Display) -> bool {
        self.object.is_written(&path.to_string())
    }

    /// Whether something below a field could not be decoded, so that what it says is not known in full.
    fn holds_fault(&self, path: impl Display) -> bool {
        self.object.place.holds_masked(&path.to_string())
    }

    /// A text that must be one of a few.
    fn one_of(&mut self, path: impl Display, value: Option<&str>, allowed: &[&str]) {
        let Some(value) = value.filter(|v| !allowed.contains(v)) else { return };
        let message = format!("\"{}\" is none of {}", crate::tree::shorten(value), allowed.join(", "));
        match crate::decode::nearest(value, allowed.iter().copied()) {
            Some(near) => {
                let help = Some(format!("did you mean `{near}`?"));
                self.add(Severity::Error, path, message, help, None, Some(near));
            }
            None => self.error(path, message),
        }
    }
}
