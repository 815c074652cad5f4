//! A stand-in's UDP port: every datagram back, from the address that it was sent to.
use std::{
    cell::RefCell,
    io::{self, IoSlice, IoSliceMut},
    net::{IpAddr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6, UdpSocket},
    os::fd::AsRawFd,
    sync::Arc,
};

use nix::{
    cmsg_space,
    libc::{in_addr, in_pktinfo, in6_addr, in6_pktinfo},
    sys::socket::{
        ControlMessage, ControlMessageOwned, MsgFlags, SockaddrStorage, recvmsg, sendmsg, setsockopt, sockopt,
    },
};
use tokio::io::Interest;

use crate::{Beacon, Identity, ServeError, Server, server::Trouble};

/// Datagrams answered before other tasks get their turn.
const BATCH: usize = 64;
/// The largest UDP payload there is.
const LARGEST: usize = 65_535;

/// What one thread receives into; sockets at rest hold nothing.
struct Scratch {
    datagram: Vec<u8>,
    control: Vec<u8>,
}

thread_local! {
    static SCRATCH: RefCell<Scratch> = RefCell::new(Scratch {
        datagram: vec![0; LARGEST],
        control: cmsg_space!(in_pktinfo, in6_pktinfo),
    });
}

/// Answers on a UDP socket for a pod's port, until the [`Server`] is dropped.
///
/// A datagram comes back as it was, from the local address that it was sent to, also where the socket is bound to
/// the unspecified address of a host with many. One that begins with `NETLOOM? ` is answered as [`Beacon`] says.
/// Datagrams whose answer the kernel cannot take at once are lost, as UDP may lose them.
///
/// # Errors
/// Outside a tokio runtime, and when the socket is no IP socket or cannot be watched.
pub fn serve_udp(socket: UdpSocket, identity: Arc<Identity>, port: u16) -> Result<Server, ServeError> {
    tokio::runtime::Handle::try_current().map_err(|_| ServeError::NoRuntime)?;
    let address = socket.local_addr();
    let prepared = address.as_ref().map_err(|e| io::Error::from(e.kind())).and_then(|address| {
        socket.set_nonblocking(true)?;
        match address {
            SocketAddr::V4(_) => setsockopt(&socket, sockopt::Ipv4PacketInfo, &true)?,
            SocketAddr::V6(_) => setsockopt(&socket, sockopt::Ipv6RecvPacketInfo, &true)?,
        }
        Ok(())
    });
    let socket = prepared
        .and_then(|()| tokio::net::UdpSocket::from_std(socket))
        .map_err(|e| ServeError::socket(address, e))?;
    Ok(Server::spawn(|leaving| async move {
        tokio::select! {
            () = answer_all(socket, identity, port) => {}
            () = leaving.told() => {}
        }
    }))
}

async fn answer_all(socket: tokio::net::UdpSocket, identity: Arc<Identity>, port: u16) {
    let mut trouble = Trouble::default();
    loop {
        let failed = match socket.readable().await {
            Err(error) => Some(error),
            Ok(()) => answer_batch(&socket, &identity).err(),
        };
        match failed {
            None => tokio::task::yield_now().await,
            Some(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => {
            }
            Some(error) => trouble.back_off(&format!("cannot receive on UDP port {port}"), &error).await,
        }
    }
}

/// Answers what is there. Without an error there may be more.
fn answer_batch(socket: &tokio::net::UdpSocket, identity: &Identity) -> io::Result<()> {
    for _ in 0..BATCH {
        socket.try_io(Interest::READABLE, || answer_one(socket, identity))?;
    }
    Ok(())
}

/// Receives one datagram and answers it.
fn answer_one(socket: &impl AsRawFd, identity: &Identity) -> io::Result<()> {
    SCRATCH.with_borrow_mut(|Scratch { datagram, control }| {
        let mut iov = [IoSliceMut::new(datagram)];
        let received =
            recvmsg::<SockaddrStorage>(socket.as_raw_fd(), &mut iov, Some(control), MsgFlags::MSG_DONTWAIT)?;
        let from = received.cmsgs().ok().and_then(|mut messages| messages.find_map(|m| reply_source(&m)));
        let (Some(peer), length) = (received.address, received.bytes) else { return Ok(()) };
        let payload = &datagram[..length];
        let beacon = std_address(&peer).and_then(|seen| Beacon::answer(payload, identity, seen));
        send(socket, beacon.as_deref().unwrap_or(payload), from.as_ref(), &peer);
        Ok(())
    })
}

/// Sends an answer; where that fails, the datagram is lost.
fn send(socket: &impl AsRawFd, payload: &[u8], from: Option<&ReplySource>, to: &SockaddrStorage) {
    let control = from.map(|from| match from {
        ReplySource::V4(info) => ControlMessage::Ipv4PacketInfo(info),
        ReplySource::V6(info) => ControlMessage::Ipv6PacketInfo(info),
    });
    let sent = sendmsg(
        socket.as_raw_fd(),
        &[IoSlice::new(payload)],
        control.as_slice(),
        MsgFlags::MSG_DONTWAIT,
        Some(to),
    );
    if let Err(error) = sent {
        tracing::debug!("an answer over UDP was lost: {error}");
    }
}

/// From where an answer must come.
enum ReplySource {
    V4(in_pktinfo),
    V6(in6_pktinfo),
}

/// The address that a datagram was sent to, in the form in which it becomes the source of the answer. The interface
/// is left to routing, but for link-local addresses, which mean nothing without one.
fn reply_source(message: &ControlMessageOwned) -> Option<ReplySource> {
    match *message {
        ControlMessageOwned::Ipv4PacketInfo(info) => Some(ReplySource::V4(in_pktinfo {
            ipi_ifindex: 0,
            ipi_spec_dst: info.ipi_spec_dst,
            ipi_addr: in_addr { s_addr: 0 },
        })),
        ControlMessageOwned::Ipv6PacketInfo(info) => {
            let asked = Ipv6Addr::from(info.ipi6_addr.s6_addr);
            let (ip, scoped) = if asked.is_multicast() {
                (Ipv6Addr::UNSPECIFIED, true)
            } else {
                (asked, asked.is_unicast_link_local())
            };
            Some(ReplySource::V6(in6_pktinfo {
                ipi6_addr: in6_addr { s6_addr: ip.octets() },
                ipi6_ifindex: if scoped { info.ipi6_ifindex } else { 0 },
            }))
        }
        _ => None,
    }
}

/// An address as std knows it, an IPv4 one that a dual-stack socket shows as `::ffff:a.b.c.d` as what it is.
pub(crate) fn std_address(peer: &SockaddrStorage) -> Option<SocketAddr> {
    if let Some(v4) = peer.as_sockaddr_in() {
        return Some(SocketAddrV4::new(v4.ip(), v4.port()).into());
    }
    let v6 = peer.as_sockaddr_in6()?;
    Some(canonical(SocketAddrV6::new(v6.ip(), v6.port(), v6.flowinfo(), v6.scope_id()).into()))
}

/// An IPv4-mapped address as the IPv4 address that it is.
pub(crate) fn canonical(address: SocketAddr) -> SocketAddr {
    match address.ip().to_canonical() {
        IpAddr::V4(v4) => SocketAddr::new(v4.into(), address.port()),
        IpAddr::V6(_) => address,
    }
}
