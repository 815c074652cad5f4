//! Links, addresses, routes and neighbours by rtnetlink: many requests in one message, errors that name the object.
#![forbid(unsafe_code)]

mod batch;
mod dump;
mod link;
mod neigh;
mod reply;
mod route;

use std::{fmt, io};

use netlink_packet_core::NetlinkMessage;
use netlink_packet_route::RouteNetlinkMessage;
use netlink_sys::{Socket, SocketAddr, protocols::NETLINK_ROUTE};

pub use batch::Batch;
pub use dump::{LinkInfo, NeighInfo, RouteInfo};
pub use link::{Veth, VethEnd, Vxlan};
pub use neigh::{FdbEntry, Neigh};
pub(crate) use reply::first_reply;
pub use route::{Route, RouteKind};

/// Why the kernel did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum RtnlError {
    /// The netlink socket failed.
    #[error("netlink socket: {doing}: {source}")]
    Socket {
        /// What was being done.
        doing: &'static str,
        /// What the kernel answered.
        source: io::Error,
    },
    /// A request was refused.
    #[error("{what}: {source}{}{}", detail_text(detail.as_ref()), refused_hint(source))]
    Refused {
        /// The operation and its object: `adding address 10.244.0.5/32 to eth0 of pod shop/web`.
        what: String,
        /// What the kernel answered.
        source: io::Error,
        /// The kernel's own explanation, where it gave one.
        detail: Option<String>,
    },
    /// An answer could not be read.
    #[error("{what}: the kernel's answer could not be read: {detail}")]
    Malformed {
        /// The operation and its object.
        what: String,
        /// What is wrong with it.
        detail: String,
    },
}

impl RtnlError {
    /// The error number that the kernel gave, if it refused a request.
    #[must_use]
    pub fn errno(&self) -> Option<i32> {
        match self {
            Self::Refused { source, .. } | Self::Socket { source, .. } => source.raw_os_error(),
            Self::Malformed { .. } => None,
        }
    }
}

fn detail_text(detail: Option<&String>) -> String {
    detail.map(|d| format!(": {d}")).unwrap_or_default()
}

fn refused_hint(error: &io::Error) -> &'static str {
    match error.raw_os_error() {
        Some(nix::libc::EPERM) => " (the network namespace is not one of netloom's sandbox)",
        Some(nix::libc::EOPNOTSUPP) => {
            " (this kernel lacks it; a module such as veth or vxlan may have to be loaded with `sudo modprobe`)"
        }
        _ => "",
    }
}

/// A MAC address.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Mac(pub [u8; 6]);

impl fmt::Display for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x}")
    }
}

impl fmt::Debug for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// An rtnetlink socket of one network namespace. It stays with its namespace whichever thread uses it.
pub struct Rtnl {
    socket: Socket,
    sequence: u32,
}

impl fmt::Debug for Rtnl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rtnl").field("sequence", &self.sequence).finish_non_exhaustive()
    }
}

fn socket_error(doing: &'static str) -> impl FnOnce(io::Error) -> RtnlError {
    move |source| RtnlError::Socket { doing, source }
}

impl Rtnl {
    /// Opens a socket in the calling thread's network namespace.
    ///
    /// # Errors
    /// When no netlink socket can be had.
    pub fn open() -> Result<Self, RtnlError> {
        let socket = Socket::new(NETLINK_ROUTE).map_err(socket_error("opening"))?;
        // The kernel's own words in errors, and not the request repeated: both are optional since Linux 4.12.
        socket.set_ext_ack(true).map_err(socket_error("asking for extended errors"))?;
        socket.set_cap_ack(true).map_err(socket_error("asking for short errors"))?;
        // Connected to the kernel only: a message from another process never reaches us.
        socket.connect(&SocketAddr::new(0, 0)).map_err(socket_error("connecting"))?;
        Ok(Self { socket, sequence: 0 })
    }

    /// Sends all requests of a batch and waits until the kernel has done them. It goes on after a refused
    /// request; the first refusal is returned.
    ///
    /// # Errors
    /// The first request that was refused and not marked with [`Batch::or_missing`].
    pub fn commit(&mut self, batch: &mut Batch) -> Result<(), RtnlError> {
        let mut first_error = None;
        for chunk in batch.chunks() {
            let first = self.sequence.wrapping_add(1);
            let last = self.sequence.wrapping_add(chunk.count);
            self.sequence = last;
            batch.number(&chunk, first);
            self.send(batch.bytes(&chunk))?;
            reply::acks(&self.socket, first, last, |index, code, detail| {
                let op = batch.op(chunk.first_op + index as usize);
                if first_error.is_none() && !op.forgives(code) {
                    first_error = Some(RtnlError::Refused {
                        what: op.what.clone(),
                        source: io::Error::from_raw_os_error(code),
                        detail,
                    });
                }
            })?;
        }
        first_error.map_or(Ok(()), Err)
    }

    fn send(&self, bytes: &[u8]) -> Result<(), RtnlError> {
        loop {
            match self.socket.send(bytes, 0) {
                Ok(_) => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(source) => return Err(RtnlError::Socket { doing: "sending", source }),
            }
        }
    }

    fn dump(
        &mut self,
        what: &str,
        request: RouteNetlinkMessage,
    ) -> Result<Vec<RouteNetlinkMessage>, RtnlError> {
        self.sequence = self.sequence.wrapping_add(1);
        let mut message = NetlinkMessage::from(request);
        message.header.flags = netlink_packet_core::NLM_F_REQUEST | netlink_packet_core::NLM_F_DUMP;
        message.header.sequence_number = self.sequence;
        message.finalize();
        let mut bytes = vec![0; message.buffer_len()];
        message.serialize(&mut bytes);
        self.send(&bytes)?;
        reply::dump(&self.socket, self.sequence, what)
    }
}
