//! The TCP side: many questions a connection, answered as their answers come (RFC 7766).
use std::{
    hash::{BuildHasher, RandomState},
    io,
    net::SocketAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, BufReader},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::{Semaphore, mpsc},
    task::JoinSet,
    time::timeout,
};

use crate::{
    metrics::Transport,
    responder::{Came, Responder, Response},
};

/// For how long a connection may say nothing, and a client take nothing.
const IDLE: Duration = Duration::from_secs(10);

/// Connections at once; further ones wait to be accepted.
const MAX_CONNECTIONS: usize = 256;

/// Questions of one connection that may wait for the upstream server at once.
const MAX_WAITING: usize = 32;

/// Accepts and answers until it is dropped.
pub(crate) async fn run(listener: TcpListener, responder: Responder) {
    let slots = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let mut connections = JoinSet::new();
    loop {
        // The semaphore is never closed.
        let Ok(slot) = slots.clone().acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, peer)) => {
                let responder = responder.clone();
                connections.spawn(async move {
                    if let Err(error) = connection(stream, peer, responder).await {
                        tracing::debug!(%error, %peer, "a DNS connection ended");
                    }
                    drop(slot);
                });
            }
            Err(error) => {
                // Out of descriptors, most likely: it passes when connections end.
                tracing::debug!(%error, "the DNS socket cannot accept");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
        while connections.try_join_next().is_some() {}
    }
}

async fn connection(stream: TcpStream, peer: SocketAddr, responder: Responder) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let (reader, writer) = stream.into_split();
    let (responses, queue) = mpsc::channel(MAX_WAITING);
    // Writing has a task of its own, so that a slow answer delays no other. It ends when all senders are gone.
    let mut writing = JoinSet::new();
    writing.spawn(write(writer, queue));
    let read = read(reader, peer, responder, responses).await;
    writing.join_next().await;
    read
}

async fn read(
    reader: OwnedReadHalf,
    peer: SocketAddr,
    responder: Responder,
    responses: mpsc::Sender<Vec<u8>>,
) -> io::Result<()> {
    let mut reader = BufReader::new(reader);
    let mut packet = vec![];
    let mut waiting = JoinSet::new();
    let chance = RandomState::new();
    for number in 0u64.. {
        if !next_packet(&mut reader, &mut packet).await? {
            break;
        }
        let random = chance.hash_one(number) as usize;
        let (transport, length, at) = (Transport::Tcp, packet.len(), Instant::now());
        let (client, port) = (peer.ip().to_canonical(), peer.port());
        match responder.respond(&packet, Came { transport, client, port, length, at, random }, None) {
            Response::Now(bytes) => {
                if responses.send(bytes).await.is_err() {
                    return Ok(());
                }
            }
            // What may not be answered is nothing that a client sends.
            Response::Never => return Err(io::ErrorKind::InvalidData.into()),
            Response::Later(forward) => {
                if waiting.len() >= MAX_WAITING {
                    waiting.join_next().await;
                }
                let responses = responses.clone();
                waiting.spawn(async move {
                    if let Some(bytes) = forward.finish().await {
                        // The connection may be gone.
                        _ = responses.send(bytes).await;
                    }
                });
            }
        }
        while waiting.try_join_next().is_some() {}
    }
    // A client may close its half after the last question and still wait for the answers.
    while waiting.join_next().await.is_some() {}
    Ok(())
}

/// Reads one message; false at the end of the connection, and after a silence.
async fn next_packet(reader: &mut BufReader<OwnedReadHalf>, packet: &mut Vec<u8>) -> io::Result<bool> {
    let length = match timeout(IDLE, reader.read_u16()).await {
        Err(_) => return Ok(false),
        Ok(Err(error)) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(false),
        Ok(length) => length?,
    };
    packet.resize(usize::from(length), 0);
    timeout(IDLE, reader.read_exact(packet)).await.map_err(|_| io::ErrorKind::TimedOut)??;
    Ok(true)
}

async fn write(mut writer: OwnedWriteHalf, mut queue: mpsc::Receiver<Vec<u8>>) {
    while let Some(bytes) = queue.recv().await {
        // Responses are never longer than their limit, which is a u16.
        let Ok(length) = u16::try_from(bytes.len()) else { return };
        let framed = [&length.to_be_bytes(), &bytes[..]].concat();
        if !matches!(timeout(IDLE, writer.write_all(&framed)).await, Ok(Ok(()))) {
            return;
        }
    }
}
