//! A server: one UDP socket and one TCP listener, from start to shutdown.
use std::{future::Future, io};

use tokio::task::{JoinError, JoinSet};

use crate::{Responder, tcp, udp};

/// Why a server stopped before it was told to.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The sockets cannot be used.
    #[error("the DNS sockets cannot be used: {0}")]
    Socket(#[from] io::Error),
    /// A task of the server panicked.
    #[error("the DNS server crashed, which is a defect of netloom: {0}")]
    Crashed(#[from] JoinError),
}

/// Answers on sockets that are open already, until `shutdown` comes true. The sockets are closed at the return, and
/// no task is left.
///
/// A response leaves from the address that the kernel chooses: bind the UDP socket to the address that clients ask,
/// unless the host has but one of each family.
///
/// # Errors
/// When the sockets cannot be registered with the runtime.
pub async fn serve(
    udp: std::net::UdpSocket,
    tcp: std::net::TcpListener,
    responder: Responder,
    shutdown: impl Future<Output = ()>,
) -> Result<(), ServeError> {
    udp.set_nonblocking(true)?;
    tcp.set_nonblocking(true)?;
    let udp = tokio::net::UdpSocket::from_std(udp)?;
    let tcp = tokio::net::TcpListener::from_std(tcp)?;
    let mut tasks = JoinSet::new();
    tasks.spawn(udp::run(udp, responder.clone()));
    tasks.spawn(tcp::run(tcp, responder));
    let ended = tokio::select! {
        () = shutdown => Ok(()),
        Some(ended) = tasks.join_next() => ended.map_err(ServeError::from),
    };
    tasks.shutdown().await;
    ended
}
