//! Why the kernel, or netloom itself, refused a change.
use std::{fmt, io};

use rustix::io::Errno;
use thiserror::Error;

/// A change that was not made. The kernel applies a transaction whole or not at all.
#[derive(Debug, Error)]
pub enum NftError {
    /// The socket failed.
    #[error("nftables: cannot {action}: {source}{}", io_hint(source))]
    Io {
        /// What was tried.
        action: &'static str,
        /// Why it failed.
        source: io::Error,
    },
    /// Something in the description has no form that the kernel and nft understand.
    #[error("nftables: {object} is not valid: {why}")]
    Invalid {
        /// The object.
        object: String,
        /// What is wrong with it.
        why: String,
    },
    /// The kernel refused parts of the transaction.
    #[error("nftables: the kernel refused the change{}", failures(.0))]
    Rejected(Vec<Failure>),
    /// The transaction does not fit into the socket's send buffer.
    #[error(
        "nftables: a transaction of {len} bytes does not fit the socket's send buffer of {limit} bytes; raise the \
         sysctl net.core.wmem_max on the host, or load elements in chunks"
    )]
    TooLarge {
        /// Bytes of the transaction.
        len: usize,
        /// Bytes that fit.
        limit: usize,
    },
    /// The kernel said nothing.
    #[error(
        "nftables: the kernel did not acknowledge the change; is nf_tables built into it or loaded (modprobe nf_tables)?"
    )]
    NotAcknowledged,
}

/// One thing that the kernel refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// What it was about, such as `add set svc4`.
    pub object: String,
    /// The kernel's error number.
    pub errno: i32,
    /// The kernel's own explanation, if it gave one.
    pub message: Option<String>,
}

impl Failure {
    fn hint(&self) -> &'static str {
        match Errno::from_raw_os_error(self.errno) {
            Errno::PERM => "; this needs CAP_NET_ADMIN in the user namespace that owns the network namespace",
            Errno::NOENT => "; something that it names does not exist, or the kernel lacks the module for it",
            Errno::EXIST => "; it exists already with another meaning, or it overlaps a range that is there",
            Errno::BUSY => "; a rule or a map still refers to it",
            Errno::NOTSUP => "; the kernel was built without it",
            Errno::NFILE | Errno::NOSPC => "; the set is full",
            Errno::INVAL => "; the kernel does not know this form, or a set's type does not fit",
            Errno::NOBUFS | Errno::NOMEM => "; the kernel has no memory for it",
            _ => "",
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.object, io::Error::from_raw_os_error(self.errno))?;
        match &self.message {
            Some(message) => write!(f, " ({message})"),
            None => f.write_str(self.hint()),
        }
    }
}

/// How many failures a message names.
const NAMED: usize = 5;

fn failures(all: &[Failure]) -> String {
    let mut text: String = all.iter().take(NAMED).map(|failure| format!("\n  {failure}")).collect();
    if all.len() > NAMED {
        text.push_str(&format!("\n  and {} more", all.len() - NAMED));
    }
    text
}

fn io_hint(error: &io::Error) -> &'static str {
    match error.raw_os_error().map(Errno::from_raw_os_error) {
        Some(Errno::PROTONOSUPPORT) => "; the kernel lacks nfnetlink (modprobe nfnetlink)",
        Some(Errno::PERM | Errno::ACCESS) => "; a security policy forbids netlink sockets here",
        _ => "",
    }
}
