//! What the tests of this crate share.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]
#![allow(dead_code, reason = "each test uses a part")]
use std::{
    io::{Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream, UdpSocket},
    os::fd::OwnedFd,
    process::Command,
    sync::Arc,
    time::Duration,
};

use netloom_standin::{Identity, NamedPort, Server, Transport, serve_tcp, serve_udp};
use nix::sys::socket::{AddressFamily, SockFlag, SockType, socket};

/// What a test waits for at most before it has failed.
pub const PATIENCE: Duration = Duration::from_secs(20);

pub fn identity() -> Arc<Identity> {
    Arc::new(Identity {
        pod: "web-0".into(),
        namespace: "shop".into(),
        node: "node-1".into(),
        workload: Some("StatefulSet/web".into()),
        service_account: Some("web".into()),
        ips: vec!["10.0.0.7".parse().unwrap()],
        ports: vec![NamedPort {
            transport: Transport::Tcp,
            port: 8080,
            container: "nginx".into(),
            name: Some("http".into()),
        }],
    })
}

/// A stand-in's TCP port 8080, on whichever port of the address is free.
pub fn tcp(address: &str) -> (Server, SocketAddr) {
    let listener = TcpListener::bind((address, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    (serve_tcp(listener, identity(), 8080).unwrap(), address)
}

pub fn udp(address: &str) -> (Server, SocketAddr) {
    let socket = UdpSocket::bind((address, 0)).unwrap();
    let address = socket.local_addr().unwrap();
    (serve_udp(socket, identity(), 5353).unwrap(), address)
}

/// A client that fails rather than hangs.
pub fn client(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_write_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// Sends all, ends, and reads to the end.
pub fn converse(address: SocketAddr, bytes: &[u8]) -> Vec<u8> {
    let mut stream = client(address);
    stream.write_all(bytes).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    answer
}

/// Runs curl, whose absence is a failure, and returns what it wrote.
pub fn curl(arguments: &[&str]) -> String {
    let output = Command::new("curl")
        .args(["--silent", "--show-error", "--noproxy", "*", "--max-time", "20"])
        .args(arguments)
        .output()
        .expect("these tests need curl");
    assert!(output.status.success(), "curl {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// An unconnected nonblocking socket, as a prober gets it.
pub fn fresh(kind: SockType, target: SocketAddr) -> OwnedFd {
    let family = if target.is_ipv4() { AddressFamily::Inet } else { AddressFamily::Inet6 };
    socket(family, kind, SockFlag::SOCK_NONBLOCK | SockFlag::SOCK_CLOEXEC, None).unwrap()
}
