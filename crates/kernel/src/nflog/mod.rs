//! Packets that a chain logged, read from an NFLOG group (linux/netfilter/nfnetlink_log.h).
mod packet;

pub use packet::{Packet, Transport};

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};

use rustix::io::Errno;
use thiserror::Error;

use crate::nfnl::{Attrs, Messages, NLMSG_ERROR, Socket, Writer, family, flag, subsystem};

const MESSAGE_PACKET: u8 = 0;
const MESSAGE_CONFIG: u8 = 1;

const CONFIG_COMMAND: u16 = 1;
const CONFIG_MODE: u16 = 2;
const CONFIG_BUFFER: u16 = 3;
const CONFIG_TIMEOUT: u16 = 4;
const CONFIG_FLAGS: u16 = 6;
const COMMAND_BIND: u8 = 1;
const COPY_PACKET: u8 = 2;
const FLAG_SEQUENCE: u16 = 1;

/// Bytes of each packet that are copied: headers, with room for IPv6 extensions.
const COPY_RANGE: u32 = 128;
/// Bytes that the kernel sets aside for a packet: prefix, copied bytes and all attributes fit with ease, and the
/// receive buffer holds four times as many packets as with the kernel's own choice of a page.
const BUFFER_EACH: u32 = 1024;
/// Hundredths of a second after which the kernel sends what it gathered.
const FLUSH_AFTER: u32 = 10;
/// Room for the kernel's queue: some ten thousand packets.
const RECEIVE_BUFFER: usize = 8 << 20;
const READ_BUFFER: usize = 64 << 10;
/// Datagrams of one call, so that a flood does not keep the caller.
const READ_AT_ONCE: usize = 256;

/// The group could not be opened or read.
#[derive(Debug, Error)]
#[error("nflog group {group}: cannot {action}: {source}{}", hint(source))]
pub struct NflogError {
    /// The group.
    pub group: u16,
    /// What was tried.
    pub action: &'static str,
    /// Why it failed.
    pub source: io::Error,
}

fn hint(error: &io::Error) -> &'static str {
    match error.raw_os_error().map(Errno::from_raw_os_error) {
        // The kernel says the same of a group that another socket has.
        Some(Errno::PERM | Errno::BUSY | Errno::EXIST) => {
            "; either another process reads this group here, then choose another group; or CAP_NET_ADMIN is missing in \
             the user namespace that owns the network namespace"
        }
        Some(Errno::INVAL | Errno::OPNOTSUPP | Errno::PROTONOSUPPORT) => {
            "; the kernel lacks nfnetlink_log (modprobe nfnetlink_log)"
        }
        _ => "",
    }
}

/// One logged packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The rule's prefix.
    pub prefix: String,
    /// The packet's mark.
    pub mark: u32,
    /// The number of the interface that it came in by.
    pub input: Option<u32>,
    /// The number of the interface that it was to leave by.
    pub output: Option<u32>,
    /// Who spoke to whom; none if the packet is not IP.
    pub packet: Option<Packet>,
}

/// What one call of [`Nflog::read_events`] found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Read {
    /// Packets that were logged and never seen, because the reader was too slow.
    pub lost: u64,
    /// Nothing more is there now: wait until the descriptor is readable.
    pub drained: bool,
}

/// An NFLOG group of the network namespace in which the opening thread was.
///
/// The descriptor does not block; it becomes readable when packets are there.
#[derive(Debug)]
pub struct Nflog {
    socket: Socket,
    group: u16,
    next: u32,
    buffer: Vec<u8>,
}

impl Nflog {
    /// Binds a group in the calling thread's network namespace.
    ///
    /// # Errors
    /// Where the kernel has no NFLOG, the caller no right to it, or another process has the group.
    pub fn bind(group: u16) -> Result<Self, NflogError> {
        let failed = |action| move |source| NflogError { group, action, source };
        let socket = Socket::open().map_err(failed("open a netlink socket"))?;
        socket.set_nonblocking().map_err(failed("make the socket non-blocking"))?;
        socket.grow_receive(RECEIVE_BUFFER).map_err(failed("enlarge the receive buffer"))?;
        let mut log = Self { socket, group, next: 0, buffer: vec![0; READ_BUFFER] };
        log.configure().map_err(failed("bind it"))?;
        Ok(log)
    }

    /// The group's number.
    #[must_use]
    pub fn group(&self) -> u16 {
        self.group
    }

    fn configure(&mut self) -> io::Result<()> {
        self.request(|w| w.attr(CONFIG_COMMAND, &[COMMAND_BIND]))?;
        self.request(|w| {
            let range = COPY_RANGE.to_be_bytes();
            w.attr(CONFIG_MODE, &[range[0], range[1], range[2], range[3], COPY_PACKET, 0]);
            w.be32(CONFIG_BUFFER, BUFFER_EACH);
            w.be32(CONFIG_TIMEOUT, FLUSH_AFTER);
            w.attr(CONFIG_FLAGS, &FLAG_SEQUENCE.to_be_bytes());
        })
    }

    fn request(&mut self, body: impl FnOnce(&mut Writer)) -> io::Result<()> {
        let mut writer = Writer::new();
        let kind = (subsystem::ULOG, MESSAGE_CONFIG);
        writer.message(kind, flag::ACK, 1, (family::UNSPEC, self.group), body);
        self.socket.send(writer.bytes())?;
        // Packets may come before the answer does; they are counted as the sequence goes on.
        while let Some(datagram) = self.socket.try_receive(&mut self.buffer)? {
            if let Some(answer) = Messages(datagram).find(|message| message.kind == NLMSG_ERROR) {
                return answer.result();
            }
        }
        Err(io::ErrorKind::UnexpectedEof.into())
    }

    /// Appends the packets that are there now to `events`, without waiting.
    ///
    /// # Errors
    /// Where the socket fails; packets that the kernel had to drop are no error but counted.
    pub fn read_events(&mut self, events: &mut Vec<Event>) -> Result<Read, NflogError> {
        let mut read = Read::default();
        for _ in 0..READ_AT_ONCE {
            let datagram = match self.socket.try_receive(&mut self.buffer) {
                Ok(Some(datagram)) => datagram,
                Ok(None) => {
                    read.drained = true;
                    break;
                }
                // Said once when the queue overflowed; the gap in the sequence tells how many were lost.
                Err(error) if error.raw_os_error() == Some(Errno::NOBUFS.raw_os_error()) => continue,
                Err(source) => return Err(NflogError { group: self.group, action: "read it", source }),
            };
            let packet = u16::from(subsystem::ULOG) << 8 | u16::from(MESSAGE_PACKET);
            for message in Messages(datagram).filter(|message| message.kind == packet) {
                let (event, sequence) = decode(message.attrs());
                if let Some(sequence) = sequence {
                    read.lost += u64::from(sequence.wrapping_sub(self.next));
                    self.next = sequence.wrapping_add(1);
                }
                events.push(event);
            }
        }
        Ok(read)
    }
}

impl AsFd for Nflog {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl AsRawFd for Nflog {
    fn as_raw_fd(&self) -> RawFd {
        self.socket.as_raw_fd()
    }
}

/// Reads `NFULA_*`.
fn decode(attrs: Attrs<'_>) -> (Event, Option<u32>) {
    let mut event = Event { prefix: String::new(), mark: 0, input: None, output: None, packet: None };
    let mut sequence = None;
    for attr in attrs {
        match attr.kind {
            2 => event.mark = attr.be32().unwrap_or_default(),
            4 => event.input = attr.be32(),
            5 => event.output = attr.be32(),
            9 => event.packet = Packet::parse(attr.value),
            10 => event.prefix = attr.text(),
            12 => sequence = attr.be32(),
            _ => {}
        }
    }
    (event, sequence)
}
