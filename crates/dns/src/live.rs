//! A server's plan at work: what it counts, keeps and knows of other servers, carried over from one plan to the next.
use std::{
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
};

use netloom_naming::{Dns, Need};

use crate::{
    cache::Store,
    forwarder::{Forwarder, Inside, Reach},
    stats::BlockStats,
};

/// What answers right now.
pub(crate) struct Live {
    pub dns: Arc<Dns>,
    /// By block.
    pub stats: Vec<Arc<BlockStats>>,
    /// Each with its server, `dns://:53`.
    pub caches: Vec<(Arc<str>, Arc<Store>)>,
    pub forwarders: Vec<Arc<Forwarder>>,
    pub reach: Reach,
}

/// Counters outlive the plans that they are of.
#[derive(Debug, Default)]
pub(crate) struct Registry(Mutex<Vec<Arc<BlockStats>>>);

impl Registry {
    /// The counters of a server's zone.
    pub fn stats(&self, server: &str, zone: &str) -> Arc<BlockStats> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(found) = all.iter().find(|s| &*s.server == server && &*s.zone == zone) {
            return found.clone();
        }
        let made = Arc::new(BlockStats::new(server.into(), zone.into()));
        all.push(made.clone());
        made
    }

    pub fn all(&self) -> Vec<Arc<BlockStats>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Live {
    pub fn new(
        dns: Arc<Dns>,
        before: Option<&Self>,
        registry: &Registry,
        mut reach: Reach,
        inside: Inside,
    ) -> Self {
        reach.inside = Arc::new(inside);
        reach.service = dns.service().to_vec();
        let mut live =
            Self { stats: Vec::new(), caches: Vec::new(), forwarders: Vec::new(), reach, dns: dns.clone() };
        for block in dns.blocks() {
            let server = format!("dns://:{}", block.port.unwrap_or(53));
            live.stats.push(registry.stats(&server, &format!("{}.", block.zone)));
            if let Some(options) = block.cache()
                && live.store(options).is_none()
            {
                // A changed Corefile begins with an empty cache, as CoreDNS does.
                let kept = before.and_then(|before| before.store(options)).cloned();
                let store = kept.unwrap_or_else(|| Arc::new(Store::new(options.clone())));
                live.caches.push((server.into(), store));
            }
            for forward in block.forwards() {
                if live.forwarders.iter().any(|f| f.forward == *forward) {
                    continue;
                }
                let same = |f: &&Arc<Forwarder>| f.forward == *forward;
                let kept = before.and_then(|before| before.forwarders.iter().find(same)).cloned();
                live.forwarders.push(kept.unwrap_or_else(|| Arc::new(Forwarder::new(forward.clone()))));
            }
        }
        live
    }

    fn store(&self, options: &Arc<netloom_naming::Cache>) -> Option<&Arc<Store>> {
        self.caches.iter().map(|(_, store)| store).find(|store| Arc::ptr_eq(store.options(), options))
    }

    /// Who asks, and what keeps the answer.
    pub fn means(&self, need: &Need) -> (Option<&Arc<Forwarder>>, Option<&Arc<Store>>) {
        let forwarder = self.forwarders.iter().find(|f| f.forward == need.forward);
        (forwarder, need.cache.as_ref().and_then(|options| self.store(options)))
    }

    /// The counters for a question.
    pub fn stats_for(&self, name: &str, port: Option<u16>) -> Option<(usize, &Arc<BlockStats>)> {
        let block = self.dns.block_for(name, port)?;
        Some((block, &self.stats[block]))
    }

    /// Whether two clients may get two answers.
    pub fn client_key(&self, client: IpAddr) -> Option<IpAddr> {
        self.dns.depends_on_client().then_some(client)
    }
}
