//! What probes say of targets of every kind.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]
mod common;

use std::{
    future::{pending, ready},
    net::{SocketAddr, TcpListener, UdpSocket},
    time::Duration,
};

use common::{PATIENCE, fresh, tcp, udp};
use netloom_standin::{
    Transport,
    probe::{Expectation, Outcome, Prepared, Probe, start, told},
    run_all,
};
use nix::sys::socket::{
    AddressFamily, Backlog, SockFlag, SockType, SockaddrIn, bind, connect, getsockname, listen, socket,
};
use tokio::sync::oneshot;

const SHORT: Duration = Duration::from_millis(200);

fn socket_for(target: SocketAddr, how: &Expectation) -> std::os::fd::OwnedFd {
    let kind = if how.transport() == Transport::Tcp { SockType::Stream } else { SockType::Datagram };
    fresh(kind, target)
}

async fn probe(target: SocketAddr, how: Expectation, deadline: Duration) -> Probe {
    start(socket_for(target, &how), target, how).finish(deadline, pending()).await
}

#[track_caller]
fn assert_answered(probe: &Probe, by: Option<&str>, sees_peer: bool) {
    let Outcome::Answered { by: answerer, peer_seen, .. } = &probe.outcome else { panic!("{probe:?}") };
    assert_eq!(answerer.as_deref(), by);
    assert_eq!(*peer_seen, sees_peer.then_some(probe.local));
    assert!(probe.connected);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn stand_ins_answer_with_their_names() {
    for address in ["127.0.0.1", "::1"] {
        let (_tcp, tcp) = tcp(address);
        let (_udp, udp) = udp(address);
        for (target, how, by) in [
            (tcp, Expectation::Http, Some("shop/web-0")),
            (tcp, Expectation::TcpConnect, None),
            (tcp, Expectation::TcpEcho, None),
            (udp, Expectation::UdpNetloom, Some("shop/web-0")),
        ] {
            assert_answered(&probe(target, how, PATIENCE).await, by, by.is_some());
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_dns_server_answers() {
    let server = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let target = server.local_addr().unwrap();
    let serving = tokio::spawn(async move {
        let mut message = [0; 512];
        let (n, from) = server.recv_from(&mut message).await.unwrap();
        message[2] |= 0x80;
        server.send_to(b"not DNS", from).await.unwrap();
        server.send_to(&message[..n], from).await.unwrap();
    });
    let how = Expectation::UdpDns("kubernetes.default.svc.cluster.local".into());
    assert_answered(&probe(target, how, PATIENCE).await, None, false);
    serving.await.unwrap();
    let senseless = probe(target, Expectation::UdpDns("a..b".into()), PATIENCE).await;
    assert!(
        matches!(&senseless.outcome, Outcome::Failed(why) if why.contains("domain name")),
        "{senseless:?}"
    );
}

/// A port of each transport that nothing is on.
fn vacant() -> [(SocketAddr, Expectation); 2] {
    let tcp = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let udp = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    [(tcp, Expectation::Http), (udp, Expectation::UdpNetloom)]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn vacant_ports_refuse() {
    for (target, how) in vacant() {
        let probe = probe(target, how, PATIENCE).await;
        assert_eq!(probe.outcome, Outcome::Refused);
        assert!(!probe.connected);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_reset_after_the_connection_is_told_apart() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let target = listener.local_addr().unwrap();
    let serving = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        tokio::io::AsyncReadExt::read_u8(&mut stream).await.unwrap();
        // Closing with unread bytes resets.
        drop(stream);
    });
    let probe = probe(target, Expectation::Http, PATIENCE).await;
    assert_eq!((probe.outcome, probe.connected), (Outcome::Reset, true));
    serving.await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn an_end_without_an_answer_is_a_failure() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let target = listener.local_addr().unwrap();
    let serving = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        tokio::io::AsyncWriteExt::write_all(&mut stream, b"no e").await.unwrap();
        tokio::io::AsyncReadExt::read(&mut stream, &mut [0; 100]).await.unwrap();
    });
    let probe = probe(target, Expectation::TcpEcho, PATIENCE).await;
    assert!(matches!(&probe.outcome, Outcome::Failed(why) if why.contains("no echo")), "{probe:?}");
    serving.await.unwrap();
}

/// A listener that answers no further connection: its queue is full.
fn full_listener() -> (Vec<std::os::fd::OwnedFd>, SocketAddr) {
    use std::os::fd::AsRawFd;
    let new = || socket(AddressFamily::Inet, SockType::Stream, SockFlag::SOCK_NONBLOCK, None).unwrap();
    let listener = new();
    bind(listener.as_raw_fd(), &SockaddrIn::new(127, 0, 0, 1, 0)).unwrap();
    listen(&listener, Backlog::new(0).unwrap()).unwrap();
    let address = getsockname::<SockaddrIn>(listener.as_raw_fd()).unwrap();
    let target = SocketAddr::from((address.ip(), address.port()));
    let mut held = vec![listener];
    for _ in 0..4 {
        let client = new();
        let _in_progress = connect(client.as_raw_fd(), &address);
        held.push(client);
    }
    (held, target)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn silence_times_out() {
    let (_held, full) = full_listener();
    let mute_udp = UdpSocket::bind("127.0.0.1:0").unwrap();
    let mute_tcp = TcpListener::bind("127.0.0.1:0").unwrap();
    for (target, how, connected) in [
        (full, Expectation::Http, false),
        (mute_udp.local_addr().unwrap(), Expectation::UdpNetloom, false),
        (mute_tcp.local_addr().unwrap(), Expectation::Http, true),
    ] {
        let probe = probe(target, how, SHORT).await;
        assert_eq!((probe.outcome, probe.connected), (Outcome::TimedOut, connected), "{target}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_lost_datagram_is_sent_again() {
    let server = tokio::net::UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let target = server.local_addr().unwrap();
    let how = Expectation::UdpNetloom;
    let probing = tokio::spawn(start(socket_for(target, &how), target, how).finish(PATIENCE, pending()));
    let mut lost = [0; 100];
    server.recv_from(&mut lost).await.unwrap();
    let _server = netloom_standin::serve_udp(server.into_std().unwrap(), common::identity(), 1).unwrap();
    assert_answered(&probing.await.unwrap(), Some("shop/web-0"), true);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn word_of_a_drop_ends_the_wait() {
    let (_held, target) = full_listener();
    let prepared = Prepared::new(fresh(SockType::Stream, target), target, Expectation::Http);
    let port = prepared.local().port();
    assert_ne!(port, 0);
    let started = prepared.start();
    assert_eq!(started.local(), SocketAddr::from(([127, 0, 0, 1], port)));
    let (drops, dropped) = oneshot::channel();
    drops.send(()).unwrap();
    let probe = started.finish(PATIENCE, told(dropped)).await;
    assert_eq!((probe.outcome, probe.local.port()), (Outcome::Dropped, port));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_teller_that_goes_away_tells_nothing() {
    let (_held, target) = full_listener();
    let (_, dropped) = oneshot::channel();
    let probe =
        start(fresh(SockType::Stream, target), target, Expectation::Http).finish(SHORT, told(dropped)).await;
    assert_eq!(probe.outcome, Outcome::TimedOut);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_refusal_that_is_there_goes_before_a_drop() {
    // The kernel refuses on loopback before connect returns.
    let [(target, how), _] = vacant();
    let probe = start(socket_for(target, &how), target, how).finish(PATIENCE, async {
        tokio::task::yield_now().await;
        ready(()).await;
        pending::<()>().await;
    });
    assert_eq!(probe.await.outcome, Outcome::Refused);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_bound_source_is_kept() {
    use std::os::fd::AsRawFd;
    let (_server, target) = tcp("127.0.0.1");
    let source = fresh(SockType::Stream, target);
    bind(source.as_raw_fd(), &SockaddrIn::new(127, 0, 0, 9, 0)).unwrap();
    let prepared = Prepared::new(source, target, Expectation::Http);
    let local = prepared.local();
    assert_eq!(local.ip().to_string(), "127.0.0.9");
    let probe = prepared.start().finish(PATIENCE, pending()).await;
    assert_eq!(probe.local, local);
    assert_answered(&probe, Some("shop/web-0"), true);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_socket_that_meets_itself_is_refused() {
    use std::os::fd::AsRawFd;
    for (vacant, how) in vacant() {
        let source = socket_for(vacant, &how);
        bind(source.as_raw_fd(), &SockaddrIn::new(127, 0, 0, 1, vacant.port())).unwrap();
        let probe = start(source, vacant, how).finish(PATIENCE, pending()).await;
        assert_eq!((probe.outcome, probe.connected), (Outcome::Refused, false));
    }
}

#[test]
fn a_probe_under_way_is_small() {
    let target: SocketAddr = "127.0.0.1:1".parse().unwrap();
    let started = start(fresh(SockType::Stream, target), target, Expectation::TcpConnect);
    let future = started.finish(SHORT, pending());
    assert!(size_of_val(&future) <= 1536, "{} bytes", size_of_val(&future));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn what_cannot_be_sent_says_why() {
    let broadcast: SocketAddr = "255.255.255.255:9".parse().unwrap();
    let probe = start(fresh(SockType::Stream, broadcast), broadcast, Expectation::Http);
    let probe = probe.finish(PATIENCE, pending()).await;
    assert!(matches!(probe.outcome, Outcome::Unreachable(_)), "{probe:?}");

    let (v4, v6): (SocketAddr, SocketAddr) = ("127.0.0.1:9".parse().unwrap(), "[::1]:9".parse().unwrap());
    let probe = start(fresh(SockType::Stream, v4), v6, Expectation::Http).finish(PATIENCE, pending()).await;
    assert!(matches!(&probe.outcome, Outcome::Failed(why) if why.contains("family")), "{probe:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_probes_leave_nothing_behind() {
    let (_server, target) = tcp("127.0.0.1");
    let run = move |_| {
        start(fresh(SockType::Stream, target), target, Expectation::Http).finish(PATIENCE, pending())
    };
    let probes = run_all(0..3000, 300, run, |_, _| ()).await;
    assert!(probes.iter().all(|p| p.outcome.is_answered()));
    let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
    let port = format!(":{:04X} ", target.port());
    // Columns: sl, local, remote, state; 06 is TIME_WAIT.
    let waiting =
        table.lines().filter(|l| l.contains(&port) && l.split_whitespace().nth(3) == Some("06")).count();
    assert_eq!(waiting, 0);
}
