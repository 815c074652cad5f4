//! Sockets made inside a network namespace and used from anywhere: a socket stays with the namespace it was made in.
//!
//! Call these on a [`Worker`](crate::netns::Worker) that is in the namespace; hand the result to the runtime.
#![forbid(unsafe_code)]

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener, UdpSocket},
    os::fd::{AsRawFd, OwnedFd},
};

use nix::{
    errno::Errno,
    sys::socket::{
        AddressFamily, Backlog, SockFlag, SockProtocol, SockType, SockaddrStorage, bind, listen, setsockopt,
        socket, sockopt,
    },
};

/// How many connections may wait to be accepted.
const BACKLOG: i32 = 1024;

fn family(ip: IpAddr) -> AddressFamily {
    match ip {
        IpAddr::V4(_) => AddressFamily::Inet,
        IpAddr::V6(_) => AddressFamily::Inet6,
    }
}

fn bound(kind: SockType, address: SocketAddr) -> Result<OwnedFd, Errno> {
    let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
    let fd = socket(family(address.ip()), kind, flags, None)?;
    if kind == SockType::Stream {
        setsockopt(&fd, sockopt::ReuseAddr, &true)?;
    }
    if address.is_ipv6() {
        setsockopt(&fd, sockopt::Ipv6V6Only, &!address.ip().is_unspecified())?;
    }
    bind(fd.as_raw_fd(), &SockaddrStorage::from(address))?;
    Ok(fd)
}

/// Tries `[::]` for both families, and `0.0.0.0` where there is no IPv6.
fn bound_to_all(kind: SockType, port: u16) -> Result<OwnedFd, Errno> {
    match bound(kind, SocketAddr::from((Ipv6Addr::UNSPECIFIED, port))) {
        Err(Errno::EAFNOSUPPORT | Errno::EADDRNOTAVAIL) => {
            bound(kind, SocketAddr::from((Ipv4Addr::UNSPECIFIED, port)))
        }
        outcome => outcome,
    }
}

fn listening(fd: OwnedFd) -> io::Result<TcpListener> {
    listen(&fd, Backlog::new(BACKLOG)?)?;
    Ok(TcpListener::from(fd))
}

/// A non-blocking listener on a port of every address, IPv4 and IPv6.
///
/// # Errors
/// When the port is taken in this namespace, or no file descriptor is left.
pub fn tcp_listener(port: u16) -> io::Result<TcpListener> {
    listening(bound_to_all(SockType::Stream, port)?)
}

/// A non-blocking listener on one address.
///
/// # Errors
/// When the address is not this namespace's or the port is taken.
pub fn tcp_listener_at(address: SocketAddr) -> io::Result<TcpListener> {
    listening(bound(SockType::Stream, address)?)
}

/// A non-blocking UDP socket on a port of every address, IPv4 and IPv6.
///
/// # Errors
/// When the port is taken in this namespace, or no file descriptor is left.
pub fn udp_socket(port: u16) -> io::Result<UdpSocket> {
    Ok(UdpSocket::from(bound_to_all(SockType::Datagram, port)?))
}

/// A non-blocking UDP socket on one address.
///
/// # Errors
/// When the address is not this namespace's or the port is taken.
pub fn udp_socket_at(address: SocketAddr) -> io::Result<UdpSocket> {
    Ok(UdpSocket::from(bound(SockType::Datagram, address)?))
}

/// A non-blocking TCP socket that is neither bound nor connected, for a connection out of this namespace.
///
/// # Errors
/// When no file descriptor is left, or the family is missing.
pub fn tcp_socket(to: IpAddr) -> io::Result<OwnedFd> {
    let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
    Ok(socket(family(to), SockType::Stream, flags, None)?)
}

/// A non-blocking UDP socket on a port of the kernel's choice, for datagrams out of this namespace.
///
/// # Errors
/// When no file descriptor is left, or the family is missing.
pub fn udp_client(to: IpAddr) -> io::Result<UdpSocket> {
    let any: IpAddr = match to {
        IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    Ok(UdpSocket::from(bound(SockType::Datagram, SocketAddr::from((any, 0)))?))
}

/// A non-blocking raw ICMP (or ICMPv6) socket of this namespace.
///
/// # Errors
/// When the namespace is not of our user namespace.
pub fn icmp_socket(to: IpAddr) -> io::Result<OwnedFd> {
    let protocol = match to {
        IpAddr::V4(_) => SockProtocol::Icmp,
        IpAddr::V6(_) => SockProtocol::IcmpV6,
    };
    let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
    Ok(socket(family(to), SockType::Raw, flags, protocol)?)
}
