//! The UDP side: one task a socket, which answers from memory and hands on only what must wait.
use std::{
    hash::{BuildHasher, RandomState},
    io,
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{net::UdpSocket, task::JoinSet};

use crate::{
    metrics::Transport,
    prebuilt::Prebuilt,
    responder::{Came, Responder, Response},
};

/// Packets answered before other tasks get their turn.
const BURST: usize = 64;

/// Larger than any question; a longer packet is cut and therefore malformed.
const MAX_QUERY: usize = 4096;

/// Answers on a socket until it is dropped.
pub(crate) async fn run(socket: UdpSocket, responder: Responder) {
    let mut udp = Udp {
        socket: Arc::new(socket),
        responder,
        store: Prebuilt::default(),
        waiting: JoinSet::new(),
        random: RandomState::new().hash_one(0),
        out: Vec::with_capacity(MAX_QUERY),
    };
    let mut packet = vec![0; MAX_QUERY];
    loop {
        if let Err(error) = udp.burst(&mut packet).await {
            // The link may be going away or memory be short: neither passes by trying again at once.
            tracing::debug!(%error, "the DNS socket cannot receive");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

struct Udp {
    socket: Arc<UdpSocket>,
    responder: Responder,
    store: Prebuilt,
    /// Questions that wait for the upstream server; they end with this task.
    waiting: JoinSet<()>,
    random: u64,
    out: Vec<u8>,
}

impl Udp {
    async fn burst(&mut self, packet: &mut [u8]) -> io::Result<()> {
        self.socket.readable().await?;
        for _ in 0..BURST {
            match self.socket.try_recv_from(packet) {
                Ok((length, from)) => self.answer(&packet[..length], from).await,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            }
        }
        while self.waiting.try_join_next().is_some() {}
        Ok(())
    }

    async fn answer(&mut self, packet: &[u8], from: SocketAddr) {
        let random = self.next_random();
        let client = from.ip().to_canonical();
        if self.responder.ready(packet, client, &mut self.store, random, &mut self.out) {
            return send(&self.socket, &self.out, from).await;
        }
        let (transport, length, at) = (Transport::Udp, packet.len(), Instant::now());
        let came = Came { transport, client, port: from.port(), length, at, random };
        match self.responder.respond(packet, came, Some(&mut self.store)) {
            Response::Now(bytes) => send(&self.socket, &bytes, from).await,
            Response::Never => {}
            Response::Later(forward) => {
                let socket = self.socket.clone();
                self.waiting.spawn(async move {
                    if let Some(bytes) = forward.finish().await {
                        send(&socket, &bytes, from).await;
                    }
                });
            }
        }
    }

    /// Enough chance for the order of addresses (xorshift64).
    fn next_random(&mut self) -> usize {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        (self.random >> 16) as usize
    }
}

/// A response that cannot be sent is lost, as any packet may be.
async fn send(socket: &UdpSocket, bytes: &[u8], to: SocketAddr) {
    let sent = match socket.try_send_to(bytes, to) {
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => socket.send_to(bytes, to).await,
        sent => sent,
    };
    if let Err(error) = sent {
        tracing::debug!(%error, %to, "a DNS response was not sent");
    }
}
