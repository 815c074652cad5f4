//! A Corefile's plan on sockets: forwarding, the cache, and what depends on who asks.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot run has to fail")]
#[path = "../../naming/tests/common/corefile.rs"]
mod corefile;
mod support;

use std::{net::UdpSocket, thread, time::Duration};

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

/// How many questions a server was asked.
fn asked(server: &Server) -> u64 {
    server.responder.metrics().report().requests.iter().map(|(.., count)| count).sum()
}

/// Waits until it is so.
fn until(is_so: impl Fn() -> bool) {
    while !is_so() {
        thread::sleep(Duration::from_millis(10));
    }
}

/// An upstream whose answers may be kept for two seconds.
fn short_lived() -> Server {
    let text = ".:53 {\n  template IN A {\n    answer \"{{ .Name }} 2 IN A 192.0.2.7\"\n  }\n}\n";
    Server::of(Some(plan(text)), vec![])
}

fn caching(upstream: &Server, options: &str) -> Server {
    let text = format!(
        ".:53 {{\n  cache {{\n    success 100 2 1\n    {options}\n  }}\n  forward . {} {{\n    read_timeout 100ms\n  }}\n}}\n",
        upstream.address
    );
    Server::of(Some(plan(&text)), vec![])
}

#[test]
fn an_entry_that_is_asked_for_is_renewed_before_it_ends() {
    let upstream = short_lived();
    // Of two seconds the last but a tenth: as soon as one has passed.
    let server = caching(&upstream, "prefetch 2 1m 90%");
    until(|| {
        let found = server.ask("a.example A");
        assert_eq!(found.answer.len(), 1, "{}", found.text);
        asked(&upstream) > 1
    });
    let report = server.responder.metrics().report();
    assert_eq!(report.forwarded, 1, "nobody waited for the second answer");
}

#[test]
fn an_entry_that_has_ended_is_given_out_where_that_is_allowed() {
    for (options, after, later) in
        [("serve_stale 1m", "NOERROR", "0"), ("serve_stale 1m verify", "NOERROR", "0"), ("", "SERVFAIL", "")]
    {
        let upstream = short_lived();
        let server = caching(&upstream, options);
        assert_eq!(server.ask("a.example A").answer, ["a.example. 2 IN A 192.0.2.7"], "{options}");
        drop(upstream);
        let mut found = server.ask("a.example A");
        while found.answer.first().is_some_and(|line| !line.starts_with("a.example. 0 ")) {
            thread::sleep(Duration::from_millis(100));
            found = server.ask("a.example A");
        }
        assert_eq!(found.status, after, "{options}: {}", found.text);
        let ttl = found.answer.first().and_then(|line| line.split(' ').nth(1)).unwrap_or_default();
        assert_eq!(ttl, later, "{options}: {}", found.text);
    }
}

#[test]
fn one_question_more_than_may_be_under_way_is_refused() {
    let (_silent, address) = silent();
    let text = format!(
        ".:53 {{\n  forward . {address} {{\n    max_concurrent 1\n    read_timeout 3s\n    max_fails 0\n  }}\n}}\n"
    );
    let server = Server::of(Some(plan(&text)), vec![]);
    thread::scope(|scope| {
        let first = scope.spawn(|| server.ask("+time=20 a.example A").status);
        until(|| server.responder.metrics().report().forwarded == 1);
        assert_eq!(server.ask("b.example A").status, "REFUSED");
        assert_eq!(first.join().unwrap(), "SERVFAIL");
    });
    // It is over: the next one may.
    assert_eq!(server.ask("+time=20 c.example A").status, "SERVFAIL");
}

#[test]
fn servers_are_asked_as_the_policy_says() {
    for (policy, fits) in [
        ("round_robin", (|all: [u64; 3]| all == [10, 10, 10]) as fn([u64; 3]) -> bool),
        ("sequential", |all| all == [30, 0, 0]),
        // That one of three is never chosen in thirty times happens once in 64,000.
        ("random", |all| all.iter().sum::<u64>() == 30 && all.iter().all(|count| *count > 0)),
    ] {
        let upstreams = [upstream(), upstream(), upstream()];
        let [a, b, c] = upstreams.each_ref().map(|upstream| upstream.address);
        let text = format!(".:53 {{\n  forward . {a} {b} {c} {{\n    policy {policy}\n  }}\n}}\n");
        let server = Server::of(Some(plan(&text)), vec![]);
        for _ in 0..30 {
            assert_eq!(server.ask(WEB).status, "NOERROR");
        }
        let all = upstreams.each_ref().map(asked);
        assert!(fits(all), "{policy}: {all:?}");
    }
}
