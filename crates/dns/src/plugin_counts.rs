//! What single plugins count: questions that an `acl` judged, and those that a `template` fitted.
use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
};

use netloom_naming::{Block, Did, Reply, types};

pub(crate) const ALLOWED: &str = "coredns_acl_allowed_requests_total";
pub(crate) const BLOCKED: &str = "coredns_acl_blocked_requests_total";
pub(crate) const FILTERED: &str = "coredns_acl_filtered_requests_total";
pub(crate) const DROPPED: &str = "coredns_acl_dropped_requests_total";
pub(crate) const MATCHES: &str = "coredns_template_matches_total";

/// The counters by name and labels. They outlive the plans that they are of.
#[derive(Debug, Default)]
pub(crate) struct PluginCounts(Mutex<BTreeMap<(&'static str, String), Arc<AtomicU64>>>);

impl PluginCounts {
    /// The counters that a question with this reply goes into.
    pub fn of(&self, block: &Block, rtype: &str, reply: &Reply) -> Vec<Arc<AtomicU64>> {
        let server = format!("server=\"dns://:{}\"", block.port.unwrap_or(53));
        let zone = |zone: &str| format!("view=\"\",zone=\"{zone}\"");
        let mut found = Vec::new();
        let mut is_let_in = block.has_acl();
        for step in reply.steps() {
            let Some(of) = &step.zone else { continue };
            if step.plugin == "template" {
                let labels = format!("class=\"IN\",{server},type=\"{rtype}\",{}", zone(of));
                found.push(self.counter(MATCHES, labels));
            } else if step.plugin == "acl" && step.did == Did::Refused {
                let name = match reply {
                    Reply::Dropped(_) => DROPPED,
                    Reply::Answer(response) if response.rcode == types::NOERROR => FILTERED,
                    _ => BLOCKED,
                };
                // CoreDNS names the root by its dot, and every other zone with one at its end.
                found.push(self.counter(name, format!("{server},{}", zone(&format!("{of}.")))));
                is_let_in = false;
            }
        }
        if is_let_in {
            found.push(self.counter(ALLOWED, format!("{server},view=\"\"")));
        }
        found
    }

    /// All series of a name.
    pub fn all(&self, name: &str) -> Vec<(String, u64)> {
        let counters = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let fitting = counters.iter().filter(|((of, _), _)| *of == name);
        fitting.map(|((_, labels), count)| (labels.clone(), count.load(Relaxed))).collect()
    }

    fn counter(&self, name: &'static str, labels: String) -> Arc<AtomicU64> {
        let mut counters = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counters.entry((name, labels)).or_default().clone()
    }
}
