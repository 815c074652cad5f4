//! The connection table of a network namespace: listing entries and deleting them
//! (linux/netfilter/nfnetlink_conntrack.h).
mod tuple;

pub use tuple::Tuple;

use std::io;

use rustix::io::Errno;
use thiserror::Error;

use crate::nfnl::{Attrs, Messages, NLMSG_DONE, NLMSG_ERROR, Socket, Writer, family, flag, subsystem};

const MESSAGE_NEW: u8 = 0;
const MESSAGE_GET: u8 = 1;
const MESSAGE_DELETE: u8 = 2;

const TUPLE_ORIGINAL: u16 = 1;
const TUPLE_REPLY: u16 = 2;
const STATUS: u16 = 3;
const MARK: u16 = 8;
const ID: u16 = 12;
const ZONE: u16 = 18;

/// `IPS_SRC_NAT` and `IPS_DST_NAT` (linux/netfilter/nf_conntrack_common.h)
const STATUS_SNAT: u32 = 1 << 4;
const STATUS_DNAT: u32 = 1 << 5;

/// Requests that are sent before their answers are read: few enough for the default receive buffer.
const WINDOW: usize = 64;
const READ_BUFFER: usize = 64 << 10;

/// The connection table could not be read or changed.
#[derive(Debug, Error)]
#[error("conntrack: cannot {action}: {source}{}", hint(source))]
pub struct ConntrackError {
    /// What was tried.
    pub action: &'static str,
    /// Why it failed.
    pub source: io::Error,
}

fn hint(error: &io::Error) -> &'static str {
    match error.raw_os_error().map(Errno::from_raw_os_error) {
        Some(Errno::PERM) => {
            "; this needs CAP_NET_ADMIN in the user namespace that owns the network namespace"
        }
        Some(Errno::INVAL | Errno::OPNOTSUPP | Errno::PROTONOSUPPORT) => {
            "; the kernel lacks nf_conntrack_netlink (modprobe nf_conntrack_netlink)"
        }
        _ => "",
    }
}

/// One tracked connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// As its first packet was sent.
    pub original: Tuple,
    /// As its answers come, before any translation back.
    pub reply: Tuple,
    /// `IPS_*` bits.
    pub status: u32,
    /// Its mark.
    pub mark: u32,
    /// The kernel's number of it, so that a later connection of the same addresses is not taken for it.
    pub id: Option<u32>,
    zone: Option<u16>,
}

impl Entry {
    /// Whether its destination is translated.
    #[must_use]
    pub fn is_dnat(&self) -> bool {
        self.status & STATUS_DNAT != 0
    }

    /// Whether its source is translated.
    #[must_use]
    pub fn is_snat(&self) -> bool {
        self.status & STATUS_SNAT != 0
    }
}

/// The connection table of the network namespace in which the opening thread was.
#[derive(Debug)]
pub struct Conntrack {
    socket: Socket,
    buffer: Vec<u8>,
    sequence: u32,
}

impl Conntrack {
    /// Opens the connection table of the calling thread's network namespace.
    ///
    /// # Errors
    /// Where the kernel has no nfnetlink.
    pub fn open() -> Result<Self, ConntrackError> {
        let socket = Socket::open().map_err(failed("open a netlink socket"))?;
        Ok(Self { socket, buffer: vec![0; READ_BUFFER], sequence: 0 })
    }

    /// All entries.
    ///
    /// # Errors
    /// Where the kernel cannot list them.
    pub fn dump(&mut self) -> Result<Vec<Entry>, ConntrackError> {
        let mut entries = Vec::new();
        self.for_each(|entry| entries.push(entry))?;
        Ok(entries)
    }

    /// Calls `each` with every entry. One that changes meanwhile may come twice.
    ///
    /// # Errors
    /// Where the kernel cannot list them.
    pub fn for_each(&mut self, mut each: impl FnMut(Entry)) -> Result<(), ConntrackError> {
        self.list(&mut each).map_err(failed("list the entries"))
    }

    fn list(&mut self, each: &mut impl FnMut(Entry)) -> io::Result<()> {
        self.sequence = self.sequence.wrapping_add(1);
        let mut writer = Writer::new();
        let kind = (subsystem::CTNETLINK, MESSAGE_GET);
        writer.message(kind, flag::DUMP, self.sequence, (family::UNSPEC, 0), |_| {});
        self.socket.send(writer.bytes())?;
        // The kernel prepares the next part while one is read, so there is one until it says that it is done.
        while let Some(datagram) = self.socket.try_receive(&mut self.buffer)? {
            for message in Messages(datagram).filter(|message| message.seq == self.sequence) {
                match message.kind {
                    NLMSG_DONE | NLMSG_ERROR => return message.result(),
                    kind if kind == u16::from(subsystem::CTNETLINK) << 8 | u16::from(MESSAGE_NEW) => {
                        if let Some(entry) = decode(message.attrs()) {
                            each(entry);
                        }
                    }
                    _ => {}
                }
            }
        }
        Err(io::ErrorKind::UnexpectedEof.into())
    }

    /// Deletes the entry that a connection with this original tuple has; false if there is none.
    ///
    /// # Errors
    /// Where the kernel refuses.
    pub fn delete(&mut self, original: &Tuple) -> Result<bool, ConntrackError> {
        self.delete_all([(*original, None, None)].into_iter()).map(|count| count == 1)
    }

    /// Deletes every entry for which `matches` holds, and returns how many there were.
    ///
    /// # Errors
    /// Where the kernel refuses; entries before the failing one are gone.
    pub fn delete_matching(
        &mut self,
        mut matches: impl FnMut(&Entry) -> bool,
    ) -> Result<usize, ConntrackError> {
        let mut found = Vec::new();
        self.for_each(|entry| {
            if matches(&entry) {
                found.push((entry.original, entry.id, entry.zone));
            }
        })?;
        self.delete_all(found.into_iter())
    }

    fn delete_all(
        &mut self,
        mut entries: impl Iterator<Item = (Tuple, Option<u32>, Option<u16>)>,
    ) -> Result<usize, ConntrackError> {
        let mut deleted = 0;
        loop {
            let mut writer = Writer::new();
            let mut count = 0;
            for (tuple, id, zone) in entries.by_ref().take(WINDOW) {
                self.sequence = self.sequence.wrapping_add(1);
                count += 1;
                let kind = (subsystem::CTNETLINK, MESSAGE_DELETE);
                writer.message(kind, flag::ACK, self.sequence, (tuple.family(), 0), |w| {
                    tuple.write(TUPLE_ORIGINAL, w);
                    if let Some(id) = id {
                        w.be32(ID, id);
                    }
                    if let Some(zone) = zone {
                        w.attr(ZONE, &zone.to_be_bytes());
                    }
                });
            }
            if count == 0 {
                return Ok(deleted);
            }
            self.socket.send(writer.bytes()).map_err(failed("delete entries"))?;
            deleted += self.deleted(count).map_err(failed("delete entries"))?;
        }
    }

    /// Reads the answers to `count` deletions; one of an entry that is gone already is fine.
    fn deleted(&mut self, count: usize) -> io::Result<usize> {
        let (mut answers, mut deleted, mut refused) = (0, 0, None);
        while answers < count {
            let Some(datagram) = self.socket.try_receive(&mut self.buffer)? else {
                return Err(io::ErrorKind::UnexpectedEof.into());
            };
            for message in Messages(datagram).filter(|message| message.kind == NLMSG_ERROR) {
                answers += 1;
                match message.result() {
                    Ok(()) => deleted += 1,
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                    Err(error) => refused = Some(error),
                }
            }
        }
        refused.map_or(Ok(deleted), Err)
    }
}

fn failed(action: &'static str) -> impl Fn(io::Error) -> ConntrackError {
    move |source| ConntrackError { action, source }
}

/// Reads `CTA_*`; none where a tuple is missing.
fn decode(attrs: Attrs<'_>) -> Option<Entry> {
    let (mut original, mut reply) = (None, None);
    let (mut status, mut mark, mut id, mut zone) = (0, 0, None, None);
    for attr in attrs {
        match attr.kind {
            TUPLE_ORIGINAL => original = Tuple::decode(attr.nested()),
            TUPLE_REPLY => reply = Tuple::decode(attr.nested()),
            STATUS => status = attr.be32()?,
            MARK => mark = attr.be32()?,
            ID => id = attr.be32(),
            ZONE => zone = attr.be16(),
            _ => {}
        }
    }
    Some(Entry { original: original?, reply: reply?, status, mark, id, zone })
}
