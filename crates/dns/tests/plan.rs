//! A Corefile's plan on sockets: forwarding, the cache, and what depends on who asks.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot run has to fail")]
#[path = "../../naming/tests/common/corefile.rs"]
mod corefile;
mod support;

use std::net::UdpSocket;

use netloom_naming::Dns;
use support::{Server, cluster::everything};

fn plan(text: &str) -> Dns {
    let snapshot = corefile::with_files(everything().snapshot(), &[("Corefile", text)]);
    let plan = corefile::servers(&snapshot).cluster;
    assert_eq!(plan.notes(), []);
    (*plan).clone()
}

/// A server that knows the cluster's names.
fn upstream() -> Server {
    Server::start(Some(&everything().snapshot()))
}

/// An address that takes questions and never answers.
fn silent() -> (UdpSocket, String) {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap().to_string();
    (socket, address)
}

const WEB: &str = "web.production.svc.cluster.local A";

#[test]
fn forwarded_answers_are_kept_and_rewritten_ones_too() {
    let upstream = upstream();
    let server = Server::of(
        Some(plan(&format!(
            ".:53 {{\n  rewrite name suffix .re.example .svc.cluster.local answer auto\n  cache 30\n  forward . {}\n}}\n",
            upstream.address
        ))),
        vec![],
    );
    for _ in 0..3 {
        for question in [WEB, "web.production.re.example A", "+tcp web.production.svc.cluster.local A"] {
            let asked = server.ask(question);
            assert_eq!(asked.answer.len(), 1, "{}", asked.text);
            assert!(asked.answer[0].ends_with("IN A 10.96.7.7"), "{}", asked.text);
        }
        assert_eq!(server.ask("no.production.svc.cluster.local A").status, "NXDOMAIN");
    }
    // The rewritten name is the same one behind the rewrite.
    assert_eq!(server.responder.metrics().report().forwarded, 2);
}

#[test]
fn without_a_cache_every_question_is_forwarded() {
    let upstream = upstream();
    let server = Server::of(Some(plan(&format!(".:53 {{\n  forward . {}\n}}\n", upstream.address))), vec![]);
    for _ in 0..3 {
        assert_eq!(server.ask(WEB).answer, ["web.production.svc.cluster.local. 5 IN A 10.96.7.7"]);
    }
    assert_eq!(server.responder.metrics().report().forwarded, 3);
}

#[test]
fn the_next_server_is_asked_where_one_is_silent() {
    let (upstream, (_silent, address)) = (upstream(), silent());
    let text = format!(
        ".:53 {{\n  forward . {address} {} {{\n    policy sequential\n    read_timeout 100ms\n  }}\n}}\n",
        upstream.address
    );
    let server = Server::of(Some(plan(&text)), vec![]);
    assert_eq!(server.ask(WEB).answer.len(), 1);
    let alone = format!(".:53 {{\n  forward . {address} {{\n    read_timeout 50ms\n  }}\n}}\n");
    let server = Server::of(Some(plan(&alone)), vec![]);
    assert_eq!(server.ask(WEB).status, "SERVFAIL");
}

#[test]
fn tcp_where_it_is_forced() {
    let upstream = upstream();
    let text = format!(".:53 {{\n  forward . {} {{\n    force_tcp\n  }}\n}}\n", upstream.address);
    let server = Server::of(Some(plan(&text)), vec![]);
    assert_eq!(server.ask(WEB).answer.len(), 1);
    let report = upstream.responder.metrics().report();
    assert_eq!(report.requests, [(netloom_dns::Transport::Tcp, "A", 1)]);
}

#[test]
fn ready_answers_are_not_given_to_others() {
    let text = ".:53 {\n  acl {\n    block net 127.0.0.2\n  }\n  kubernetes cluster.local\n}\n";
    let server = Server::of(Some(plan(text)), vec![]);
    for _ in 0..3 {
        assert_eq!(server.ask(WEB).status, "NOERROR");
        assert_eq!(server.ask(&format!("-b 127.0.0.2 {WEB}")).status, "REFUSED");
    }
    assert!(server.responder.metrics().report().prebuilt >= 4);
}

#[test]
fn a_dropped_question_gets_no_response() {
    let text = ".:53 {\n  acl dropped.example {\n    drop\n  }\n  kubernetes cluster.local\n}\n";
    let server = Server::of(Some(plan(text)), vec![]);
    assert!(server.dig("+time=1 x.dropped.example A").contains("timed out"));
    assert_eq!(server.responder.metrics().report().dropped, 1);
}
