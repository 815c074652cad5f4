//! The control socket: where other commands of the same user find a running network.
//!
//! It is an abstract unix socket in the host's network namespace, named `netloom/UID/NAME`, so that no file is left
//! behind. Anyone may bind any abstract name; so both sides look at who the other one is.
#![forbid(unsafe_code)]

use std::{
    fs, io,
    os::{
        linux::net::SocketAddrExt,
        unix::net::{SocketAddr, UnixListener, UnixStream},
    },
};

use nix::{
    sys::socket::{getsockopt, sockopt::PeerCredentials},
    unistd::geteuid,
};

use crate::sandbox::host_uid;

/// Why a running network cannot be reached.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// Another one has the name.
    #[error("a network named {0:?} is already running; choose another name, or end that one")]
    Taken(String),
    /// Nobody has the name.
    #[error("no network named {name:?} is running{}", running_text(running))]
    NotRunning {
        /// The name.
        name: String,
        /// Those that are.
        running: Vec<String>,
    },
    /// A socket of that name belongs to somebody else.
    #[error(
        "the control socket of {name:?} belongs to another user (uid {uid}), who may have taken the name on purpose; choose another name"
    )]
    Stranger {
        /// The name.
        name: String,
        /// The other user.
        uid: u32,
    },
    /// The name cannot be one.
    #[error("{0:?} cannot name a network: 1 to 63 letters, digits, `-`, `_` and `.`")]
    BadName(String),
    /// The socket failed.
    #[error("control socket: {0}")]
    Io(#[from] io::Error),
}

fn running_text(running: &[String]) -> String {
    match running {
        [] => " (`netloom up` starts one)".to_owned(),
        names => format!("; running: {}", names.join(", ")),
    }
}

fn prefix() -> String {
    format!("netloom/{}/", host_uid())
}

fn is_name(name: &str) -> bool {
    let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    (1..=63).contains(&name.len()) && name.chars().all(good)
}

fn address(name: &str) -> Result<SocketAddr, ControlError> {
    if !is_name(name) {
        return Err(ControlError::BadName(name.to_owned()));
    }
    Ok(SocketAddr::from_abstract_name(prefix() + name)?)
}

/// Opens the control socket of a network. The calling thread must be in the host's network namespace.
///
/// # Errors
/// When the name is taken, by this user or by another one, or cannot be one.
pub fn bind(name: &str) -> Result<UnixListener, ControlError> {
    let address = address(name)?;
    UnixListener::bind_addr(&address).map_err(|error| match error.kind() {
        io::ErrorKind::AddrInUse => match listener_of(&address) {
            Some(uid) if uid != geteuid().as_raw() => ControlError::Stranger { name: name.to_owned(), uid },
            _ => ControlError::Taken(name.to_owned()),
        },
        _ => ControlError::Io(error),
    })
}

/// The user who listens at an address.
fn listener_of(address: &SocketAddr) -> Option<u32> {
    peer_uid(&UnixStream::connect_addr(address).ok()?).ok()
}

/// Connects to a running network of the same user.
///
/// # Errors
/// When there is none of that name, or it is another user's.
pub fn connect(name: &str) -> Result<UnixStream, ControlError> {
    let stream = UnixStream::connect_addr(&address(name)?).map_err(|error| match error.kind() {
        io::ErrorKind::ConnectionRefused => {
            ControlError::NotRunning { name: name.to_owned(), running: list().unwrap_or_default() }
        }
        _ => ControlError::Io(error),
    })?;
    match peer_uid(&stream)? {
        uid if uid == geteuid().as_raw() => Ok(stream),
        uid => Err(ControlError::Stranger { name: name.to_owned(), uid }),
    }
}

/// Whether a connection that was accepted comes from the same user. Both numbers are those of the calling process's user
/// namespace, so that it holds inside the sandbox too.
///
/// # Errors
/// When the kernel does not say.
pub fn is_same_user(stream: &UnixStream) -> io::Result<bool> {
    Ok(peer_uid(stream)? == geteuid().as_raw())
}

fn peer_uid(stream: &UnixStream) -> io::Result<u32> {
    Ok(getsockopt(stream, PeerCredentials)?.uid())
}

/// The names of this user's running networks, sorted.
///
/// # Errors
/// When /proc cannot be read.
pub fn list() -> io::Result<Vec<String>> {
    let table = fs::read_to_string("/proc/net/unix").map_err(|error| {
        io::Error::new(error.kind(), format!("/proc/net/unix: {error} (is /proc mounted?)"))
    })?;
    let mut names = names_in(&table, &prefix());
    // Anybody may listen at any abstract name.
    let own = geteuid().as_raw();
    names.retain(|name| address(name).is_ok_and(|address| listener_of(&address) == Some(own)));
    Ok(names)
}

/// The names among the listening sockets of a /proc/net/unix table.
fn names_in(table: &str, prefix: &str) -> Vec<String> {
    // Num RefCount Protocol Flags Type St Inode Path; the flag 0x10000 is __SO_ACCEPTCON.
    let names = table.lines().filter_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let listening = fields.get(3).is_some_and(|flags| *flags == "00010000");
        let name = fields.get(7)?.strip_prefix('@')?.strip_prefix(prefix)?;
        (listening && is_name(name)).then(|| name.to_owned())
    });
    let mut names: Vec<String> = names.collect();
    names.sort();
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_from_the_kernels_table() {
        let table = "Num       RefCount Protocol Flags    Type St Inode Path\n\
            0000000000000000: 00000002 00000000 00010000 0001 01  1589 @netloom/1000/shop\n\
            0000000000000000: 00000003 00000000 00000000 0001 03  1590 @netloom/1000/shop\n\
            0000000000000000: 00000003 00000000 00000000 0001 03  1591 @netloom/1000/gone\n\
            0000000000000000: 00000002 00000000 00010000 0001 01  1592 @netloom/1001/other\n\
            0000000000000000: 00000002 00000000 00010000 0001 01  1593 /run/netloom/1000/file\n\
            0000000000000000: 00000002 00000000 00010000 0001 01  1594 @netloom/1000/a/b\n\
            0000000000000000: 00000002 00000000 00010000 0001 01  1595\n\
            0000000000000000: 00000002 00000000 00010000 0001 01  1596 @netloom/1000/alpha\n";
        assert_eq!(names_in(table, "netloom/1000/"), ["alpha", "shop"]);
    }

    #[test]
    fn a_network_is_found_by_its_name_only_while_it_runs() {
        let name = format!("test-{}", std::process::id());
        let listener = bind(&name).unwrap();
        assert!(list().unwrap().contains(&name));
        assert!(matches!(bind(&name), Err(ControlError::Taken(_))));
        let client = connect(&name).unwrap();
        let (server, _) = listener.accept().unwrap();
        assert!(is_same_user(&server).unwrap() && is_same_user(&client).unwrap());
        drop(listener);
        assert!(matches!(connect(&name), Err(ControlError::NotRunning { .. })));
        for bad in ["", "a/b", "ä", &"x".repeat(64)] {
            assert!(matches!(bind(bad), Err(ControlError::BadName(_))), "{bad}");
        }
    }
}
