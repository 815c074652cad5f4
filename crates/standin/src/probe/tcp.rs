//! Probes over TCP.
use std::{
    io,
    net::SocketAddr,
    sync::atomic::{AtomicBool, Ordering},
};

use tokio::{io::Interest, net::TcpStream};

use super::{Answer, Expectation, udp::nonce};

/// More than any response head or echo that is waited for.
const MOST: usize = 16 * 1024;
const CHUNK: usize = 1024;

/// What a read answer amounts to.
enum Reading {
    Complete(Answer),
    Incomplete,
}

/// Waits for the connection, asks, and reads the answer. Sets `connected` as soon as it is.
pub(super) async fn answer(
    socket: std::net::TcpStream,
    how: &Expectation,
    target: SocketAddr,
    connected: &AtomicBool,
) -> io::Result<Answer> {
    let stream = TcpStream::from_std(socket)?;
    until_connected(&stream).await?;
    connected.store(true, Ordering::Relaxed);
    match how {
        Expectation::TcpEcho => {
            let line = format!("netloom probe {}\n", nonce()).into_bytes();
            ask(&stream, &line).await?;
            read(&stream, |bytes| read_echo(&line, bytes)).await
        }
        Expectation::Http => {
            let request = format!(
                "GET /netloom-probe HTTP/1.1\r\nHost: {target}\r\nUser-Agent: netloom\r\nConnection: close\r\n\r\n"
            );
            ask(&stream, request.as_bytes()).await?;
            read(&stream, read_head).await
        }
        Expectation::TcpConnect | Expectation::UdpNetloom | Expectation::UdpDns(_) => Ok(Answer::default()),
    }
}

/// A socket becomes writable when its connection is made or has failed; now and then before that.
async fn until_connected(stream: &TcpStream) -> io::Result<()> {
    loop {
        stream.writable().await?;
        if let Some(error) = stream.take_error()? {
            return Err(error);
        }
        match stream.peer_addr() {
            Ok(_) => return Ok(()),
            Err(e) if e.kind() == io::ErrorKind::NotConnected => {
                // Tells tokio that the readiness was used up.
                let _ = stream.try_io(Interest::WRITABLE, || Err::<(), _>(io::ErrorKind::WouldBlock.into()));
            }
            Err(e) => return Err(e),
        }
    }
}

async fn ask(stream: &TcpStream, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match stream.try_write(bytes) {
            Ok(n) => bytes = &bytes[n..],
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => stream.writable().await?,
            Err(e) => return Err(e),
        }
    }
    Ok(())
}

async fn read(stream: &TcpStream, judge: impl Fn(&[u8]) -> io::Result<Reading>) -> io::Result<Answer> {
    let mut bytes = Vec::new();
    loop {
        stream.readable().await?;
        match read_some(stream, &mut bytes) {
            Ok(0) => return Err(io::Error::other("the connection was closed before an answer came")),
            Ok(_) => {}
            Err(e) if e.kind() == io::ErrorKind::WouldBlock => continue,
            Err(e) => return Err(e),
        }
        match judge(&bytes)? {
            Reading::Complete(answer) => return Ok(answer),
            Reading::Incomplete if bytes.len() > MOST => {
                return Err(io::Error::other(format!("the answer has no end after {MOST} bytes")));
            }
            Reading::Incomplete => {}
        }
    }
}

/// Apart, so that its buffer is on the stack and not in thousands of waiting futures.
fn read_some(stream: &TcpStream, bytes: &mut Vec<u8>) -> io::Result<usize> {
    let mut chunk = [0; CHUNK];
    let n = stream.try_read(&mut chunk)?;
    bytes.extend_from_slice(&chunk[..n]);
    Ok(n)
}

fn read_echo(line: &[u8], bytes: &[u8]) -> io::Result<Reading> {
    match bytes {
        _ if bytes == line => Ok(Reading::Complete(Answer::default())),
        _ if line.starts_with(bytes) => Ok(Reading::Incomplete),
        _ => Err(io::Error::other("something answered that is no echo")),
    }
}

/// The head of a response. Whoever answers with something else than HTTP/1 has answered too.
fn read_head(bytes: &[u8]) -> io::Result<Reading> {
    const VERSION: &[u8] = b"HTTP/1.";
    if !bytes.starts_with(VERSION) {
        let may_become = VERSION.starts_with(bytes);
        return Ok(if may_become { Reading::Incomplete } else { Reading::Complete(Answer::default()) });
    }
    let Some(end) = bytes.windows(4).position(|w| w == b"\r\n\r\n") else { return Ok(Reading::Incomplete) };
    let head = String::from_utf8_lossy(&bytes[..end]);
    let field = |wanted: &str| {
        head.lines().skip(1).find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case(wanted).then(|| value.trim().to_owned())
        })
    };
    Ok(Reading::Complete(Answer {
        by: field("x-netloom-pod"),
        peer_seen: field("x-netloom-peer").and_then(|peer| peer.parse().ok()),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_are_read_when_complete() {
        let told = Answer { by: Some("shop/web-0".into()), peer_seen: "10.0.0.1:4000".parse().ok() };
        for (bytes, answer) in [
            ("", None),
            ("HTT", None),
            ("HTTP/1.1 200 OK\r\nX-Netloom-Pod: shop/web-0\r\n", None),
            (
                "HTTP/1.1 200 OK\r\nX-Netloom-Pod: shop/web-0\r\nx-netloom-peer:10.0.0.1:4000\r\n\r\n{",
                Some(told),
            ),
            ("HTTP/1.1 404 Not Found\r\n\r\n", Some(Answer::default())),
            ("SSH-2.0-OpenSSH\r\n", Some(Answer::default())),
        ] {
            let read = match read_head(bytes.as_bytes()).unwrap() {
                Reading::Complete(answer) => Some(answer),
                Reading::Incomplete => None,
            };
            assert_eq!(read, answer, "{bytes:?}");
        }
    }
}
