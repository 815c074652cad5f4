//! Probes over UDP.
use std::{
    hash::{BuildHasher, RandomState},
    io,
    net::UdpSocket,
    sync::{
        LazyLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::io::Interest;

use super::{Answer, Expectation, dns};
use crate::Beacon;

/// How often a question is asked: datagrams may get lost.
const ATTEMPTS: u32 = 3;
const SHORTEST_WAIT: Duration = Duration::from_millis(50);
const LONGEST_WAIT: Duration = Duration::from_millis(500);
/// More than any answer that is waited for.
const LARGEST: usize = 2048;

/// A number that no other probe of this process has, and hardly one of another.
pub(super) fn nonce() -> u64 {
    static NEXT: LazyLock<AtomicU64> = LazyLock::new(|| AtomicU64::new(RandomState::new().hash_one(0)));
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// What is asked, and how its answer is known.
enum Question {
    Beacon(String),
    Dns(u16),
}

impl Question {
    fn read(&self, datagram: &[u8]) -> Option<Answer> {
        match self {
            Self::Beacon(nonce) => Beacon::read(datagram)
                .filter(|beacon| beacon.nonce == *nonce)
                .map(|beacon| Answer { by: Some(beacon.by), peer_seen: beacon.peer }),
            Self::Dns(id) => dns::is_response(datagram, *id).then(Answer::default),
        }
    }
}

/// Asks, and asks again, until the answer comes. Whoever calls keeps the deadline.
pub(super) async fn answer(socket: UdpSocket, how: &Expectation, deadline: Duration) -> io::Result<Answer> {
    let (question, datagram) = match how {
        Expectation::UdpDns(name) => {
            let id = nonce() as u16;
            (Question::Dns(id), dns::query(name, id)?)
        }
        _ => {
            let nonce = format!("{:016x}", nonce());
            let datagram = Beacon::question(&nonce);
            (Question::Beacon(nonce), datagram)
        }
    };
    let socket = tokio::net::UdpSocket::from_std(socket)?;
    let pause = (deadline / (ATTEMPTS + 1)).clamp(SHORTEST_WAIT, LONGEST_WAIT);
    for _ in 1..ATTEMPTS {
        send(&socket, &datagram, pause).await?;
        if let Ok(answer) = tokio::time::timeout(pause, receive(&socket, &question)).await {
            return answer;
        }
    }
    send(&socket, &datagram, pause).await?;
    receive(&socket, &question).await
}

async fn send(socket: &tokio::net::UdpSocket, datagram: &[u8], pause: Duration) -> io::Result<()> {
    match socket.send(datagram).await {
        // The device's queue was full: lost like any other.
        Err(e) if e.raw_os_error() == Some(nix::libc::ENOBUFS) => Ok(()),
        // A filter on the way out rejects by an ICMP error of its own, which is queued at the socket, and fails the call
        // besides; one that drops does only the latter.
        Err(e) if e.raw_os_error() == Some(nix::libc::EPERM) => {
            Err(tokio::time::timeout(pause, queued_error(socket)).await.unwrap_or(e))
        }
        sent => sent.map(|_| ()),
    }
}

/// Waits for an error that is queued at a socket.
async fn queued_error(socket: &tokio::net::UdpSocket) -> io::Error {
    loop {
        let taken = match socket.ready(Interest::ERROR).await {
            Ok(_) => socket.take_error(),
            Err(error) => return error,
        };
        match taken {
            Ok(Some(error)) | Err(error) => return error,
            // Tells tokio that the readiness was used up.
            Ok(None) => {
                _ = socket.try_io(Interest::ERROR, || Err::<(), _>(io::ErrorKind::WouldBlock.into()));
            }
        }
    }
}

async fn receive(socket: &tokio::net::UdpSocket, question: &Question) -> io::Result<Answer> {
    loop {
        // An ICMP error makes a socket neither readable nor writable.
        let ready = socket.ready(Interest::READABLE | Interest::ERROR).await?;
        if ready.is_error() {
            if let Some(error) = socket.take_error()? {
                return Err(error);
            }
            // Tells tokio that the readiness was used up.
            let _ = socket.try_io(Interest::ERROR, || Err::<(), _>(io::ErrorKind::WouldBlock.into()));
        }
        match receive_one(socket, question) {
            Ok(Some(answer)) => return Ok(answer),
            Ok(None) => {}
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => {}
            Err(e) => return Err(e),
        }
    }
}

/// Apart, so that its buffer is on the stack and not in thousands of waiting futures.
fn receive_one(socket: &tokio::net::UdpSocket, question: &Question) -> io::Result<Option<Answer>> {
    let mut datagram = [0; LARGEST];
    let n = socket.try_recv(&mut datagram)?;
    Ok(question.read(&datagram[..n]))
}
