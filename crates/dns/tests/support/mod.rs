//! A real server on loopback, and real clients.
#![allow(dead_code, reason = "each test binary uses its own part")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot run has to fail")]
#[path = "../../../naming/tests/common/mod.rs"]
pub mod cluster;

use std::{
    net::{SocketAddr, TcpListener, UdpSocket},
    process::Command,
    sync::Arc,
    thread::JoinHandle,
};

use netloom_cluster::Snapshot;
use netloom_dns::{Inside, Responder, ServeError, UdpUpstream, Upstream, Within, serve};
use netloom_naming::{Dns, Zone};

/// A running server; stops when dropped.
pub struct Server {
    pub address: SocketAddr,
    pub responder: Responder,
    /// The lines of its plan's `log`.
    pub log: tokio::sync::broadcast::Receiver<Arc<str>>,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
    thread: Option<JoinHandle<Result<(), ServeError>>>,
}

impl Server {
    pub fn start(snapshot: Option<&Snapshot>) -> Self {
        Self::with_upstream(snapshot, vec![])
    }

    /// A server that forwards to these; to nobody if there are none.
    pub fn with_upstream(snapshot: Option<&Snapshot>, servers: Vec<SocketAddr>) -> Self {
        let plan = snapshot.map(|s| Dns::plain(Arc::new(Zone::compile(s))));
        Self::of(plan, servers)
    }

    /// A server with this plan, which asks itself whom its plan names.
    pub fn of(plan: Option<Dns>, servers: Vec<SocketAddr>) -> Self {
        let (udp, tcp) = sockets();
        let address = udp.local_addr().unwrap();
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let (started, responder) = std::sync::mpsc::channel();
        let (lines, log) = tokio::sync::broadcast::channel(8);
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async move {
                let upstream = (!servers.is_empty()).then(|| upstream(servers));
                let responder = Responder::logging(upstream, Some(within()), Some(lines));
                if let Some(plan) = plan {
                    responder.publish(Arc::new(plan), Inside::new(|ip| ip.is_loopback()));
                }
                started.send(responder.clone()).unwrap();
                serve(udp, tcp, responder.at_port(53), async { _ = stopped.await }).await
            })
        });
        let responder = responder.recv().unwrap();
        Self { address, responder, log, stop: Some(stop), thread: Some(thread) }
    }

    /// Answers from this Snapshot's zone from now on.
    pub fn publish(&self, snapshot: &Snapshot) {
        let plan = Dns::plain(Arc::new(Zone::compile(snapshot)));
        self.responder.publish(Arc::new(plan), Inside::default());
    }

    /// What `dig` prints; `+noall +comments +answer +authority +additional` unless told otherwise.
    pub fn dig(&self, arguments: &str) -> String {
        let output = Command::new("dig")
            .args([
                "-r",
                "+tries=1",
                "+time=5",
                "+nocookie",
                "@127.0.0.1",
                "-p",
                &self.address.port().to_string(),
            ])
            .args(arguments.split_ascii_whitespace())
            .output()
            .expect("dig is missing: install dnsutils (Debian) or bind-utils");
        String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap()
    }

    /// The status, the flags and the lines of all sections, in one comparable form.
    pub fn ask(&self, arguments: &str) -> Asked {
        let text = self.dig(&format!("{arguments} +noall +comments +answer +authority +additional"));
        let after = |mark: &str, end: &str| {
            let rest = text.split_once(mark).map(|(_, rest)| rest);
            rest.and_then(|r| r.split_once(end)).map(|(found, _)| found.trim().to_owned()).unwrap_or_default()
        };
        let section = |title: &str| {
            let rest = text.split_once(&format!(";; {title} SECTION:\n")).map_or("", |(_, rest)| rest);
            let lines = rest.lines().take_while(|l| !l.is_empty());
            let mut lines: Vec<String> =
                lines.map(|l| l.split_ascii_whitespace().collect::<Vec<_>>().join(" ")).collect();
            lines.sort();
            lines
        };
        Asked {
            status: after("status: ", ","),
            flags: after("flags: ", ";"),
            answer: section("ANSWER"),
            authority: section("AUTHORITY"),
            additional: section("ADDITIONAL"),
            text: text.clone(),
        }
    }
}

#[derive(Debug)]
pub struct Asked {
    pub status: String,
    pub flags: String,
    pub answer: Vec<String>,
    pub authority: Vec<String>,
    pub additional: Vec<String>,
    pub text: String,
}

impl Drop for Server {
    fn drop(&mut self) {
        _ = self.stop.take().map(|stop| stop.send(()));
        let ended = self.thread.take().map(JoinHandle::join);
        if !std::thread::panicking() {
            ended.unwrap().expect("the server's thread").expect("the server ended well");
        }
    }
}

fn within() -> Within {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let connect: netloom_dns::Connect = Arc::new(|server| Box::pin(tokio::net::TcpStream::connect(server)));
    Within::new(Some(UdpUpstream::new(socket, vec![], Some(connect)).unwrap()), None)
}

fn upstream(servers: Vec<SocketAddr>) -> Arc<dyn Upstream> {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let connect: netloom_dns::Connect = Arc::new(|server| Box::pin(tokio::net::TcpStream::connect(server)));
    Arc::new(UdpUpstream::new(socket, servers, Some(connect)).unwrap())
}

/// A UDP socket and a TCP listener on one port.
pub fn sockets() -> (UdpSocket, TcpListener) {
    for _ in 0..100 {
        let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
        if let Ok(udp) = UdpSocket::bind(tcp.local_addr().unwrap()) {
            return (udp, tcp);
        }
    }
    panic!("no port that is free for both UDP and TCP");
}
