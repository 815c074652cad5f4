//! Whom a translated source address stands for: the nodes' connection tables know.
use std::{
    collections::{HashMap, HashSet},
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
};

use netloom_kernel::conntrack::{Conntrack, Entry};

use crate::drops::Sender;

/// A pod reaches a node port under its node's address, and the endpoint under that of the node it dialled.
const MOST_TRANSLATIONS: usize = 3;

/// The connection table of each node, by the node's addresses.
#[derive(Debug, Default)]
pub(crate) struct Tables(HashMap<IpAddr, Arc<Mutex<Conntrack>>>);

impl Tables {
    /// Adds a node's table.
    pub fn add(&mut self, ips: &[IpAddr], table: Conntrack) {
        let table = Arc::new(Mutex::new(table));
        self.0.extend(ips.iter().map(|ip| (*ip, table.clone())));
    }

    /// Who sent what nodes sent under their own addresses, as far as their tables tell: for each of `seen` its first sender.
    pub fn first_senders(&self, seen: &[Sender]) -> Vec<(Sender, Sender)> {
        let mut known: Vec<(Sender, Sender)> = seen.iter().map(|sender| (*sender, *sender)).collect();
        let mut open: HashSet<Sender> = seen.iter().copied().collect();
        for _ in 0..MOST_TRANSLATIONS {
            let before = self.before(&open);
            if before.is_empty() {
                break;
            }
            for (_, first) in &mut known {
                *first = before.get(first).copied().unwrap_or(*first);
            }
            open = before.into_values().collect();
        }
        known.retain(|(seen, first)| seen != first);
        known
    }

    /// One translation back, each table read once. One that two connections have in common tells nothing.
    fn before(&self, wanted: &HashSet<Sender>) -> HashMap<Sender, Sender> {
        let mut found: HashMap<Sender, Option<Sender>> = HashMap::new();
        let nodes: HashSet<IpAddr> = wanted.iter().map(|(_, ip, _)| *ip).collect();
        let tables: HashMap<*const Mutex<Conntrack>, &Arc<Mutex<Conntrack>>> =
            nodes.iter().filter_map(|ip| self.0.get(ip)).map(|table| (Arc::as_ptr(table), table)).collect();
        for table in tables.into_values() {
            let mut table = table.lock().unwrap_or_else(PoisonError::into_inner);
            let read = table.for_each(|entry| {
                if let Some((after, before)) = translation(&entry).filter(|(after, _)| wanted.contains(after))
                {
                    let only = found.entry(after).or_insert(Some(before));
                    *only = only.filter(|one| *one == before);
                }
            });
            if let Err(error) = read {
                tracing::debug!("whom a dropped packet is from stays open: {error}");
            }
        }
        found.into_iter().filter_map(|(after, before)| Some((after, before?))).collect()
    }
}

/// What a connection's packets come from behind the translation, and before it.
fn translation(entry: &Entry) -> Option<(Sender, Sender)> {
    let (original, reply) = (&entry.original, &entry.reply);
    let after = (original.protocol, reply.destination, reply.destination_port);
    let before = (original.protocol, original.source, original.source_port);
    (entry.is_snat() && after != before).then_some((after, before))
}
