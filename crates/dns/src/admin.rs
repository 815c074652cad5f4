//! `health`, `ready` and `prometheus`: what a server tells of itself over HTTP.
use std::{io, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::timeout,
};

use crate::{Responder, exposition};

/// For how long a client may take to ask and to take the answer.
const PATIENCE: Duration = Duration::from_secs(5);
/// The longest request that is read.
const MAX_REQUEST: usize = 8192;
/// Connections at once.
const MAX_CONNECTIONS: usize = 64;

/// Answers one path on a listener until it is dropped.
///
/// # Errors
/// When the listener cannot be registered with the runtime.
pub async fn serve_admin(
    listener: std::net::TcpListener,
    path: &'static str,
    responder: Responder,
) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    let listener = TcpListener::from_std(listener)?;
    let mut connections = JoinSet::new();
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                let responder = responder.clone();
                connections.spawn(async move { timeout(PATIENCE, answer(stream, path, &responder)).await });
            }
            Err(error) => {
                tracing::debug!(%error, "the DNS server's {path} cannot accept");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
        while connections.len() >= MAX_CONNECTIONS {
            connections.join_next().await;
        }
        while connections.try_join_next().is_some() {}
    }
}

async fn answer(mut stream: TcpStream, path: &str, responder: &Responder) -> io::Result<()> {
    let mut request = Vec::new();
    let mut buffer = [0; 1024];
    while !request.windows(4).any(|end| end == b"\r\n\r\n") && request.len() < MAX_REQUEST {
        match stream.read(&mut buffer).await? {
            0 => break,
            length => request.extend_from_slice(&buffer[..length]),
        }
    }
    let line = request.split(|byte| *byte == b'\r').next().unwrap_or_default();
    let line = String::from_utf8_lossy(line);
    let asked = line.split(' ').nth(1).map(|target| target.split('?').next().unwrap_or_default());
    let (status, kind, body) = match (asked, path) {
        (Some(asked), path) if asked != path => {
            ("404 Not Found", "text/plain", "404 page not found\n".to_owned())
        }
        (_, "/metrics") => {
            ("200 OK", "text/plain; version=0.0.4; charset=utf-8", exposition::text(responder))
        }
        (_, "/ready") if !responder.is_ready() => {
            ("503 Service Unavailable", "text/plain", "kubernetes".to_owned())
        }
        _ => ("200 OK", "text/plain", "OK".to_owned()),
    };
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    let body = if line.starts_with("HEAD ") { String::new() } else { body };
    stream.write_all((head + &body).as_bytes()).await?;
    stream.shutdown().await
}
