//! What the API server would refuse of a well-typed object, as far as it matters for the network.
mod addresses;
mod cluster_policy;
mod config;
mod container;
mod endpoints;
mod ingress;
mod metadata;
mod network_policy;
mod pod;
mod ports;
mod rollout;
mod scale;
mod schedule;
mod scheduling;
mod security;
mod selector;
mod service;
mod syntax;
mod volumes;
mod workload;

use std::fmt::Display;

use crate::{
    Cause, Object, Severity, Typed,
    findings::Findings,
    repair,
    tree::{Lookup, NodeId},
    unknown,
};

/// Checks an object and adds what is wrong with it. Gives the values (sorted) that are not known yet, and that the object
/// is better without.
pub(crate) fn object(object: &Object, findings: &mut Findings<'_>) -> Vec<NodeId> {
    let mut check = Check { object, findings, left_out: Vec::new() };
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
        Typed::ConfigMap(o) => config::config_map(&mut check, o),
        Typed::Secret(o) => config::secret(&mut check, o),
        Typed::Ingress(o) => ingress::ingress(&mut check, o),
        Typed::IngressClass(o) => ingress::class(&mut check, o),
        Typed::PodDisruptionBudget(o) => scale::budget(&mut check, o),
        Typed::HorizontalPodAutoscaler(o) => scale::autoscaler(&mut check, o),
        Typed::NetworkPolicy(o) => network_policy::check(&mut check, o),
        Typed::ClusterNetworkPolicy(o) => cluster_policy::cluster(&mut check, o),
        Typed::AdminNetworkPolicy(o) => cluster_policy::admin(&mut check, o),
        Typed::BaselineAdminNetworkPolicy(o) => cluster_policy::baseline(&mut check, o),
        _ => {}
    }
    let mut left_out = check.left_out;
    left_out.extend(object.place.masked());
    left_out.sort_unstable();
    left_out.dedup();
    if left_out.len() == object.place.masked().len() { Vec::new() } else { left_out }
}

/// One object under examination.
struct Check<'o, 'f, 't> {
    object: &'o Object,
    findings: &'f mut Findings<'t>,
    /// Values that are not known yet, of fields that need a certain form.
    left_out: Vec<NodeId>,
}

impl Check<'_, '_, '_> {
    /// A fault of a field. What could not be decoded was reported as that and is not reported again.
    fn error(&mut self, path: impl Display, message: impl Into<String>) {
        self.add(Severity::Error, path, message.into(), None, None, None);
    }

    fn error_help(&mut self, path: impl Display, message: impl Into<String>, help: impl Into<String>) {
        self.add(Severity::Error, path, message.into(), Some(help.into()), None, None);
    }

    /// An address that is written loosely: whether that is refused depends on the version.
    fn loose(&mut self, path: impl Display, message: impl Into<String>, help: impl Into<String>) {
        let how = (Severity::Warning, Cause::LooseAddress);
        self.add_caused(how, path, message.into(), Some(help.into()), None, None);
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
        self.add_caused((severity, Cause::InvalidValue), path, message, help, related, instead);
    }

    fn add_caused(
        &mut self,
        how: (Severity, Cause),
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
        let is_unknown = |id| tree.text(id).is_some_and(unknown::is_unknown);
        if let Some(open) =
            found.value.filter(|id| is_unknown(*id)).or(Some(found.place).filter(|id| is_unknown(*id)))
        {
            self.findings.left_open(open);
            return;
        }
        // The value says more than its key, where it stands on the line itself.
        let at = found.value.filter(|v| tree.text(*v).is_some_and(|t| !t.is_empty())).unwrap_or(found.place);
        let related = related.map(|(lookup, what)| (lookup.place, what));
        let repair = instead.filter(|_| found.value == Some(at)).and_then(|instead| {
            let safe = tree.text(at).is_some_and(|written| written.eq_ignore_ascii_case(instead));
            repair::rewrite(tree, at, instead.to_owned(), safe, |text| format!("write `{text}`"))
        });
        self.findings.invalid(how, at, message, help, related, repair);
    }

    /// Whether the value of a field is not known yet. A field that needs a certain form is left out of the object then.
    fn is_unknown(&mut self, path: impl Display, text: &str) -> bool {
        if !unknown::is_unknown(text) {
            return false;
        }
        if let Some(value) = self.object.place.look_up(&path.to_string()).value {
            self.findings.left_open(value);
            self.left_out.push(value);
        }
        true
    }

    /// Whether a field is written, whatever its value.
    fn is_written(&self, path: impl Display) -> bool {
        self.object.is_written(&path.to_string())
    }

    /// Whether something below a field could not be decoded, so that what it says is not known in full.
    fn holds_fault(&self, path: impl Display) -> bool {
        self.object.place.holds_masked(&path.to_string())
    }

    /// A number that must not be below another.
    fn at_least(&mut self, path: impl Display, value: Option<impl Into<i64>>, least: i64) {
        if let Some(value) = value.map(|value| -> i64 { value.into() }).filter(|value| *value < least) {
            self.error(path, format!("{value} is below {least}"));
        }
    }

    /// A number that must not be above another.
    fn at_most(&mut self, path: impl Display, value: Option<impl Into<i64>>, most: i64) {
        if let Some(value) = value.map(|value| -> i64 { value.into() }).filter(|value| *value > most) {
            self.error(path, format!("{value} is above {most}"));
        }
    }

    /// A text that must be there. False where it is not.
    fn required(&mut self, path: impl Display, text: &str) -> bool {
        if text.is_empty() {
            let whole = path.to_string();
            let field = whole.rsplit('.').next().unwrap_or_default();
            self.error(&whole, format!("`{field}` is missing"));
        }
        !text.is_empty()
    }

    /// A text of some form; nothing where it is not there.
    fn formed(
        &mut self,
        path: impl Display,
        what: &str,
        text: Option<&str>,
        rule: fn(&str) -> syntax::Verdict,
    ) {
        let Some(text) = text.filter(|text| !text.is_empty()) else { return };
        if let Some(fault) = rule(text) {
            self.error(path, format!("the {what} \"{}\" {fault}", crate::tree::shorten(text)));
        }
    }

    /// A text that must be one of a few.
    fn one_of(&mut self, path: impl Display, value: Option<&str>, allowed: &[&str]) {
        let Some(value) = value.filter(|v| !allowed.contains(v)) else { return };
        if self.is_unknown(&path, value) {
            return;
        }
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
