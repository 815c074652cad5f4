//! What is probed, and what may become of it.
use std::{fmt, io, net::SocketAddr, time::Duration};

use nix::libc;

use crate::Transport;

/// What is known to listen at a target, which decides what a probe sends and what counts as an answer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Expectation {
    /// HTTP/1.1: a request, and the head of any response. A stand-in's tells who answers.
    Http,
    /// Some TCP server: a connection is an answer.
    TcpConnect,
    /// A plain TCP echo: the line that was sent is the answer.
    TcpEcho,
    /// A stand-in's UDP port: a [`Beacon`](crate::Beacon).
    UdpNetloom,
    /// A DNS server: the question for the A records of a name, and any response to it.
    UdpDns(String),
}

impl Expectation {
    /// The transport that it takes.
    #[must_use]
    pub fn transport(&self) -> Transport {
        match self {
            Self::Http | Self::TcpConnect | Self::TcpEcho => Transport::Tcp,
            Self::UdpNetloom | Self::UdpDns(_) => Transport::Udp,
        }
    }
}

/// What became of a probe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was answered.
    Answered {
        /// By whom (`namespace/pod`), where the answer tells.
        by: Option<String>,
        /// The prober's address as the answerer saw it, where the answer tells.
        peer_seen: Option<SocketAddr>,
        /// How long after the start.
        after: Duration,
    },
    /// Nothing listens there, or a rule rejects: TCP's reset of the first packet, ICMP's port unreachable.
    Refused,
    /// The connection was made, and reset before the answer.
    Reset,
    /// There is no way there, or none that is permitted; with the system's error number.
    Unreachable(i32),
    /// The kernel dropped a packet of the probe: it said so, or it refused to send it.
    Dropped,
    /// There was no answer before the deadline.
    TimedOut,
    /// The probe itself failed, or the answer made no sense.
    Failed(String),
}

/// A probe that is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe {
    /// What became of it.
    pub outcome: Outcome,
    /// The address and port that it was sent from; port 0 where it never had one.
    pub local: SocketAddr,
    /// Whether the other side was heard of: TCP's handshake was completed, or there was an answer. Tells a target that
    /// says nothing from one that cannot be reached.
    pub connected: bool,
}

impl Outcome {
    /// Whether the target answered.
    #[must_use]
    pub fn is_answered(&self) -> bool {
        matches!(self, Self::Answered { .. })
    }

    /// What an error of connecting, sending or receiving means.
    pub(crate) fn from_io(error: &io::Error) -> Self {
        match error.raw_os_error() {
            Some(libc::ECONNREFUSED) => Self::Refused,
            Some(libc::ECONNRESET | libc::EPIPE) => Self::Reset,
            // Of all things that can stop a packet, only a filter on the way out says EPERM to its sender.
            Some(libc::EPERM) => Self::Dropped,
            Some(libc::ETIMEDOUT) => Self::TimedOut,
            Some(
                number @ (libc::ENETUNREACH
                | libc::EHOSTUNREACH
                | libc::EHOSTDOWN
                | libc::ENETDOWN
                | libc::ENONET
                | libc::EACCES
                | libc::ENOPROTOOPT),
            ) => Self::Unreachable(number),
            Some(libc::EADDRNOTAVAIL) => Self::Failed(format!(
                "{error}: the source has no address of the target's family, or all its ports are in use"
            )),
            _ => Self::Failed(error.to_string()),
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Answered { by: Some(by), .. } => write!(f, "answered by {by}"),
            Self::Answered { by: None, .. } => f.write_str("answered"),
            Self::Refused => f.write_str("refused"),
            Self::Reset => f.write_str("reset"),
            Self::Unreachable(number) => {
                write!(f, "unreachable ({})", nix::errno::Errno::from_raw(*number).desc())
            }
            Self::Dropped => f.write_str("dropped"),
            Self::TimedOut => f.write_str("timed out"),
            Self::Failed(why) => write!(f, "failed: {why}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_have_meanings() {
        for (number, outcome) in [
            (libc::ECONNREFUSED, Outcome::Refused),
            (libc::ECONNRESET, Outcome::Reset),
            (libc::EPERM, Outcome::Dropped),
            (libc::ETIMEDOUT, Outcome::TimedOut),
            (libc::EHOSTUNREACH, Outcome::Unreachable(libc::EHOSTUNREACH)),
            (libc::EACCES, Outcome::Unreachable(libc::EACCES)),
        ] {
            assert_eq!(Outcome::from_io(&io::Error::from_raw_os_error(number)), outcome);
        }
        assert!(matches!(Outcome::from_io(&io::Error::other("x")), Outcome::Failed(why) if why == "x"));
        assert_eq!(Outcome::Unreachable(libc::EHOSTUNREACH).to_string(), "unreachable (No route to host)");
    }
}
