//! Ready responses: most clients ask for the same few names with the same bytes.
use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Weak, atomic::AtomicU64},
};

use crate::{live::Live, stats::BlockStats, wire::Slots};

/// Half a megabyte or so a socket; the busiest names of a cluster are far fewer.
const CAPACITY: usize = 4096;

/// A response without its ID.
#[derive(Debug)]
pub(crate) struct Ready {
    pub(crate) bytes: Vec<u8>,
    pub(crate) slots: Slots,
    pub(crate) rtype: u16,
    pub(crate) rcode: u16,
    pub(crate) truncated: bool,
    pub(crate) with_do: bool,
    /// Where it is counted, and as whose.
    pub(crate) stats: Arc<BlockStats>,
    pub(crate) plugin: usize,
    /// What its plugins count it in.
    pub(crate) counts: Vec<Arc<AtomicU64>>,
}

/// The responses of one plan to packets seen before, by everything in the packet but its ID.
#[derive(Debug, Default)]
pub(crate) struct Prebuilt {
    /// Weak, so that an idle server does not keep an old plan; the address cannot be another one's meanwhile.
    live: Weak<Live>,
    responses: HashMap<Box<[u8]>, Ready>,
    key: Vec<u8>,
}

impl Prebuilt {
    /// The response to a packet, if it was given before by this plan.
    pub(crate) fn get(&mut self, live: &Arc<Live>, packet: &[u8], client: IpAddr) -> Option<&Ready> {
        if self.live.as_ptr() != Arc::as_ptr(live) {
            self.live = Arc::downgrade(live);
            self.responses.clear();
        }
        let question = packet.get(2..)?;
        match live.client_key(client) {
            None => self.responses.get(question),
            Some(client) => {
                write_key(&mut self.key, question, client);
                self.responses.get(&*self.key)
            }
        }
    }

    /// Keeps the response to a packet that [`Prebuilt::get`] did not know.
    pub(crate) fn keep(&mut self, live: &Live, packet: &[u8], client: IpAddr, ready: Ready) {
        if self.responses.len() >= CAPACITY {
            self.responses.clear();
        }
        let Some(question) = packet.get(2..) else { return };
        match live.client_key(client) {
            None => _ = self.responses.insert(question.into(), ready),
            Some(client) => {
                write_key(&mut self.key, question, client);
                self.responses.insert(self.key.as_slice().into(), ready);
            }
        }
    }
}

fn write_key(key: &mut Vec<u8>, question: &[u8], client: IpAddr) {
    key.clear();
    key.extend_from_slice(question);
    match client {
        IpAddr::V4(ip) => key.extend_from_slice(&ip.octets()),
        IpAddr::V6(ip) => key.extend_from_slice(&ip.octets()),
    }
}
