//! Ready responses: most clients ask for the same few names with the same bytes.
use std::{
    collections::HashMap,
    sync::{Arc, Weak},
};

use netloom_naming::Zone;

use crate::wire::Slots;

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
}

/// The responses of one zone to packets seen before, by everything in the packet but its ID.
#[derive(Debug, Default)]
pub(crate) struct Prebuilt {
    /// Weak, so that an idle server does not keep an old zone; the address cannot be another zone's meanwhile.
    zone: Weak<Zone>,
    responses: HashMap<Box<[u8]>, Ready>,
}

impl Prebuilt {
    /// The response to a packet, if it was given before by this zone.
    pub(crate) fn get(&mut self, zone: &Arc<Zone>, packet: &[u8]) -> Option<&Ready> {
        if self.zone.as_ptr() != Arc::as_ptr(zone) {
            self.zone = Arc::downgrade(zone);
            self.responses.clear();
        }
        self.responses.get(packet.get(2..)?)
    }

    /// Keeps the response to a packet that [`Prebuilt::get`] did not know.
    pub(crate) fn keep(&mut self, packet: &[u8], ready: Ready) {
        if self.responses.len() >= CAPACITY {
            self.responses.clear();
        }
        if let Some(key) = packet.get(2..) {
            self.responses.insert(key.into(), ready);
        }
    }
}
