//! The prober: opens one real connection and says what became of it.
//!
//! A probe has three steps, so that its caller can recognise its packets in the kernel's logs:
//!
//! 1. [`Prepared::new`] takes an unconnected socket, made in the source's network namespace, and gives it a local
//!    port. Nothing has been sent; the port is the socket's own among all of the namespace's unconnected sockets of
//!    its protocol, so a packet with it is a packet of this probe, whatever address it was translated to.
//! 2. [`Prepared::start`] connects: the first packet of TCP leaves now, that of UDP in the next step.
//! 3. [`Started::finish`] waits for the answer, the deadline, or word that a packet was dropped.
//!
//! Register for drops between 1 and 2, or keep the drops that nobody has claimed yet: one may be logged before
//! `start` returns.
mod dns;
mod outcome;
mod tcp;
mod udp;

use std::{
    future::Future,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket},
    os::fd::{AsRawFd, OwnedFd},
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use nix::{
    errno::Errno,
    fcntl::{FcntlArg, OFlag, fcntl},
    libc::linger,
    sys::socket::{SockaddrStorage, bind, connect, getsockname, setsockopt, sockopt},
};
use tokio::{sync::oneshot, time::Instant};

pub use outcome::{Expectation, Outcome, Probe};

use crate::Transport;

/// A socket with a local port, before anything was sent.
#[derive(Debug)]
pub struct Prepared {
    socket: OwnedFd,
    how: Expectation,
    target: SocketAddr,
    local: SocketAddr,
    failed: Option<Outcome>,
}

/// A probe on its way.
#[derive(Debug)]
pub struct Started {
    prepared: Prepared,
    at: Instant,
}

impl Prepared {
    /// Readies a socket for a probe. It must be unconnected, of the target's family and of the expectation's
    /// transport; it may be bound already, as to choose its source address. What fails is told by
    /// [`Started::finish`].
    #[must_use]
    pub fn new(socket: OwnedFd, target: SocketAddr, how: Expectation) -> Self {
        let (local, failed) = match ready(&socket, target, how.transport()) {
            Ok(local) => (local, None),
            Err(e) => {
                let text =
                    format!("the socket for {target} could not be prepared: {e}; it must be of its family");
                (unspecified(target), Some(Outcome::Failed(text)))
            }
        };
        Self { socket, how, target, local, failed }
    }

    /// The local address. The port is known; the address is unspecified until the probe is started, unless the
    /// socket came bound to one.
    #[must_use]
    pub fn local(&self) -> SocketAddr {
        self.local
    }

    /// Connects.
    #[must_use]
    pub fn start(mut self) -> Started {
        let at = Instant::now();
        if self.failed.is_none() {
            match connect(self.socket.as_raw_fd(), &SockaddrStorage::from(self.target)) {
                Ok(()) | Err(Errno::EINPROGRESS | Errno::EINTR) => {}
                Err(e) => self.failed = Some(Outcome::from_io(&e.into())),
            }
            self.local = local_address(&self.socket).unwrap_or(self.local);
            // A socket that was given the very port that it connects to meets itself: nobody else is there.
            if self.local == self.target {
                self.failed = Some(Outcome::Refused);
            }
        }
        Started { prepared: self, at }
    }
}

impl Started {
    /// The local address and port.
    #[must_use]
    pub fn local(&self) -> SocketAddr {
        self.prepared.local
    }

    /// The target, as the socket knows it.
    #[must_use]
    pub fn target(&self) -> SocketAddr {
        self.prepared.target
    }

    /// Waits until the probe is answered or refused, the deadline (from the start) has passed, or `dropped` is
    /// ready, which says that the kernel dropped a packet of exactly this probe. An answer that is there goes first.
    /// `dropped` is [`std::future::pending()`] where nobody tells, or [`told`] of a channel.
    ///
    /// Must run inside a tokio runtime with I/O and time enabled.
    pub async fn finish(self, deadline: Duration, dropped: impl Future<Output = ()>) -> Probe {
        let Self { prepared: Prepared { socket, how, target, local, failed }, at } = self;
        let connected = AtomicBool::new(false);
        let outcome = match failed {
            Some(outcome) => outcome,
            None => {
                let answer = answer(socket, &how, target, at, deadline, &connected);
                tokio::select! {
                    biased;
                    outcome = answer => outcome,
                    () = dropped => Outcome::Dropped,
                    () = tokio::time::sleep_until(at + deadline) => Outcome::TimedOut,
                }
            }
        };
        Probe { outcome, local, connected: connected.into_inner() }
    }
}

/// Prepares and starts in one step.
#[must_use]
pub fn start(socket: OwnedFd, target: SocketAddr, how: Expectation) -> Started {
    Prepared::new(socket, target, how).start()
}

/// A `dropped` for [`Started::finish`]: ready once the channel is sent to, never when its sender merely goes away.
pub async fn told(channel: oneshot::Receiver<()>) {
    if channel.await.is_err() {
        std::future::pending().await
    }
}

async fn answer(
    socket: OwnedFd,
    how: &Expectation,
    target: SocketAddr,
    at: Instant,
    deadline: Duration,
    connected: &AtomicBool,
) -> Outcome {
    let result = match how.transport() {
        Transport::Tcp => tcp::answer(socket.into(), how, target, connected).await,
        Transport::Udp => udp::answer(UdpSocket::from(socket), how, deadline).await,
    };
    let outcome = match result {
        Ok(answer) => Outcome::Answered { by: answer.by, peer_seen: answer.peer_seen, after: at.elapsed() },
        Err(error) => Outcome::from_io(&error),
    };
    if matches!(outcome, Outcome::Answered { .. } | Outcome::Reset) {
        connected.store(true, Ordering::Relaxed);
    }
    outcome
}

/// What an answer tells.
#[derive(Debug, Default, PartialEq, Eq)]
struct Answer {
    by: Option<String>,
    peer_seen: Option<SocketAddr>,
}

/// Sets the options of a probe's socket and gives it a port.
fn ready(socket: &OwnedFd, target: SocketAddr, transport: Transport) -> nix::Result<SocketAddr> {
    match (transport, target) {
        // Closing resets: no probe leaves its port in TIME_WAIT.
        (Transport::Tcp, _) => setsockopt(socket, sockopt::Linger, &linger { l_onoff: 1, l_linger: 0 })?,
        // UDP is told of host and network unreachable only if it asks to be (ip(7), IP_RECVERR).
        (Transport::Udp, SocketAddr::V4(_)) => setsockopt(socket, sockopt::Ipv4RecvErr, &true)?,
        (Transport::Udp, SocketAddr::V6(_)) => setsockopt(socket, sockopt::Ipv6RecvErr, &true)?,
    }
    let flags = OFlag::from_bits_retain(fcntl(socket, FcntlArg::F_GETFL)?);
    if !flags.contains(OFlag::O_NONBLOCK) {
        fcntl(socket, FcntlArg::F_SETFL(flags | OFlag::O_NONBLOCK))?;
    }
    let local = local_address(socket)?;
    if local.port() != 0 {
        return Ok(local);
    }
    let wanted = if local.ip().is_unspecified() { unspecified(target) } else { local };
    match bind(socket.as_raw_fd(), &SockaddrStorage::from(wanted)) {
        // A socket bound with IP_BIND_ADDRESS_NO_PORT gets its port when it connects.
        Ok(()) | Err(Errno::EINVAL) => local_address(socket),
        Err(e) => Err(e),
    }
}

fn unspecified(target: SocketAddr) -> SocketAddr {
    match target {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    }
}

fn local_address(socket: &OwnedFd) -> nix::Result<SocketAddr> {
    let name = getsockname::<SockaddrStorage>(socket.as_raw_fd())?;
    crate::udp::std_address(&name).ok_or(Errno::EAFNOSUPPORT)
}
