//! The server as `dig` sees it.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot run has to fail")]
mod support;

use netloom_cluster::ServiceKind;
use netloom_dns::Transport;
use support::{
    Server,
    cluster::{Cluster, endpoint, everything, service, vip},
};

fn server() -> Server {
    Server::start(Some(&everything().snapshot()))
}

#[test]
fn every_type_of_record() {
    let server = server();
    for (question, answer) in [
        ("web.production.svc.cluster.local A", vec!["web.production.svc.cluster.local. 5 IN A 10.96.7.7"]),
        (
            "web.production.svc.cluster.local AAAA",
            vec!["web.production.svc.cluster.local. 5 IN AAAA fd00:10:96::7"],
        ),
        (
            "_http._tcp.web.production.svc.cluster.local SRV",
            vec![
                "_http._tcp.web.production.svc.cluster.local. 5 IN SRV 0 100 80 web.production.svc.cluster.local.",
            ],
        ),
        ("-x 10.96.7.7", vec!["7.7.96.10.in-addr.arpa. 5 IN PTR web.production.svc.cluster.local."]),
        ("-x 10.244.0.20", vec!["20.0.244.10.in-addr.arpa. 5 IN PTR db-0.db.production.svc.cluster.local."]),
        ("dns-version.cluster.local TXT", vec!["dns-version.cluster.local. 5 IN TXT \"1.1.0\""]),
        (
            "api.production.svc.cluster.local CNAME",
            vec!["api.production.svc.cluster.local. 5 IN CNAME api.example.com."],
        ),
        (
            "near.production.svc.cluster.local A",
            vec![
                "near.production.svc.cluster.local. 5 IN CNAME web.production.svc.cluster.local.",
                "web.production.svc.cluster.local. 5 IN A 10.96.7.7",
            ],
        ),
        ("cluster.local NS", vec!["cluster.local. 5 IN NS ns.dns.cluster.local."]),
        (
            "cluster.local SOA",
            vec![
                "cluster.local. 5 IN SOA ns.dns.cluster.local. hostmaster.cluster.local. 1 7200 1800 86400 5",
            ],
        ),
        (
            "10-244-0-7.production.pod.cluster.local A",
            vec!["10-244-0-7.production.pod.cluster.local. 5 IN A 10.244.0.7"],
        ),
        (
            "web.production.svc.cluster.local ANY",
            vec!["web.production.svc.cluster.local. 5 IN HINFO \"RFC8482\" \"\""],
        ),
    ] {
        for transport in ["+notcp", "+tcp"] {
            let asked = server.ask(&format!("{question} {transport}"));
            assert_eq!(asked.answer, answer, "{question}\n{}", asked.text);
            assert_eq!(
                (&*asked.status, &*asked.flags),
                ("NOERROR", "qr aa rd ra"),
                "{question}\n{}",
                asked.text
            );
        }
    }
}

#[test]
fn srv_brings_the_addresses_along() {
    let asked = server().ask("_pg._tcp.db.production.svc.cluster.local SRV");
    assert_eq!(asked.answer.len(), 3);
    assert_eq!(
        asked.additional,
        [
            "10-244-1-23.db.production.svc.cluster.local. 5 IN A 10.244.1.23",
            "db-0.db.production.svc.cluster.local. 5 IN A 10.244.0.20",
            "db-0.db.production.svc.cluster.local. 5 IN AAAA fd00:10:244::20",
            "db-1.db.production.svc.cluster.local. 5 IN A 10.244.1.21",
            "db-1.db.production.svc.cluster.local. 5 IN AAAA fd00:10:244:1::21",
        ]
    );
}

#[test]
fn negative_answers_carry_the_soa() {
    let server = server();
    let soa = |zone: &str| {
        vec![format!("{zone}. 5 IN SOA ns.dns.cluster.local. hostmaster.cluster.local. 1 7200 1800 86400 5")]
    };
    for (question, status, zone) in [
        ("nope.production.svc.cluster.local A", "NXDOMAIN", "cluster.local"),
        ("starting.production.svc.cluster.local A", "NXDOMAIN", "cluster.local"),
        ("idle.production.svc.cluster.local AAAA", "NOERROR", "cluster.local"),
        ("production.svc.cluster.local A", "NOERROR", "cluster.local"),
        ("web.production.svc.cluster.local MX", "NOERROR", "cluster.local"),
        ("gone.production.svc.cluster.local A", "NXDOMAIN", "cluster.local"),
        ("-x 10.244.9.9", "NXDOMAIN", "244.10.in-addr.arpa"),
        ("we\\.b.production.svc.cluster.local A", "NXDOMAIN", "cluster.local"),
    ] {
        let asked = server.ask(question);
        assert_eq!(asked.status, status, "{question}\n{}", asked.text);
        assert_eq!(asked.authority, soa(zone), "{question}\n{}", asked.text);
    }
}

#[test]
fn the_letters_of_the_question_come_back() {
    let server = server();
    for _ in 0..2 {
        let asked = server.ask("wEb.PrOdUcTiOn.sVc.ClUsTeR.lOcAl A");
        assert_eq!(asked.answer, ["wEb.PrOdUcTiOn.sVc.ClUsTeR.lOcAl. 5 IN A 10.96.7.7"]);
        let question = server.dig("wEb.PrOdUcTiOn.sVc.ClUsTeR.lOcAl A +noall +question");
        assert!(question.contains(";wEb.PrOdUcTiOn.sVc.ClUsTeR.lOcAl."), "{question}");
    }
}

#[test]
fn what_is_not_answered_is_said_rightly() {
    let unspeakable = ServiceKind::ExternalName(format!("{}.example.com", "x".repeat(64)).into());
    let cluster = everything().service(service("production", "unspeakable", unspeakable, &[], vec![]));
    let server = Server::start(Some(&cluster.snapshot()));
    for (question, status) in [
        ("example.com A", "REFUSED"),
        ("-x 192.0.2.1", "REFUSED"),
        ("version.bind CH TXT", "REFUSED"),
        ("web.production.svc.cluster.local AXFR +notcp", "REFUSED"),
        ("web.production.svc.cluster.local A +opcode=NOTIFY", "NOTIMP"),
        ("web.production.svc.cluster.local A +opcode=UPDATE", "NOTIMP"),
        ("web.production.svc.cluster.local A +edns=7 +noednsnegotiation", "BADVERS"),
        ("ring-a.production.svc.cluster.local A", "SERVFAIL"),
        ("unspeakable.production.svc.cluster.local A", "SERVFAIL"),
    ] {
        let text = server.dig(&format!("{question} +noall +comments"));
        let expected = format!("status: {status}");
        assert!(text.contains(&expected) || text.contains("Transfer failed"), "{question}\n{text}");
    }
    // An alias is told even where nobody can follow it.
    let asked = server.ask("api.production.svc.cluster.local A");
    assert_eq!(asked.answer, ["api.production.svc.cluster.local. 5 IN CNAME api.example.com."]);
    assert_eq!(asked.status, "NOERROR");
}

#[test]
fn edns() {
    let server = server();
    let question = "web.production.svc.cluster.local A";
    assert!(!server.ask(&format!("{question} +noedns")).text.contains("EDNS"));
    let asked = server.ask(&format!("{question} +bufsize=4096 +dnssec"));
    assert!(asked.text.contains("EDNS: version: 0, flags: do; udp: 1232"), "{}", asked.text);
    // A cookie makes every question another: it must be answered all the same.
    let text = server.dig(&format!("{question} +cookie +short"));
    assert_eq!(text, "10.96.7.7\n");
}

fn large() -> Cluster {
    let endpoints = (0..200).map(|i| endpoint(&[&format!("10.244.5.{i}")], &[80])).collect();
    everything().service(service("production", "large", ServiceKind::Headless, &["http/TCP:80"], endpoints))
}

#[test]
fn what_does_not_fit_is_truncated_and_whole_over_tcp() {
    let server = Server::start(Some(&large().snapshot()));
    let question = "large.production.svc.cluster.local A";
    for (how, flags, count) in [
        ("+ignore +noedns", "qr aa tc rd ra", 28),
        ("+ignore +bufsize=1232", "qr aa tc rd ra", 73),
        ("+ignore +bufsize=65000", "qr aa tc rd ra", 73),
        ("", "qr aa rd ra", 200),
        ("+tcp", "qr aa rd ra", 200),
    ] {
        let asked = server.ask(&format!("{question} {how}"));
        assert_eq!(asked.flags, flags, "{how}\n{}", asked.text);
        assert_eq!(asked.answer.len(), count, "{how}");
    }
    let short = server.ask("_http._tcp.large.production.svc.cluster.local SRV +tcp");
    assert_eq!((short.answer.len(), short.additional.len()), (200, 200));
}

#[test]
fn addresses_come_in_another_order() {
    let server = Server::start(Some(&large().snapshot()));
    for transport in ["+notcp", "+tcp"] {
        let first = |_| {
            let text = server.dig(&format!("db.production.svc.cluster.local A +short {transport}"));
            text.lines().next().unwrap_or_default().to_owned()
        };
        let mut firsts: Vec<String> = (0..40).map(first).collect();
        firsts.sort();
        firsts.dedup();
        // Forty draws miss one of three addresses once in some three million runs.
        assert_eq!(firsts, ["10.244.0.20", "10.244.1.21", "10.244.1.23"]);
    }
}

#[test]
fn before_the_first_zone_and_after_the_next() {
    let server = Server::start(None);
    let question = "web.production.svc.cluster.local A";
    assert_eq!(server.ask(question).status, "SERVFAIL");
    server.publish(&everything().snapshot());
    assert_eq!(server.ask(question).answer.len(), 1);
    assert_eq!(server.ask(question).answer.len(), 1);
    let mut next = everything();
    next.services.retain(|s| &*s.name != "web");
    let next = next.service(service("production", "web", vip(&["10.96.1.1"]), &[], vec![])).snapshot();
    server.publish(&next);
    assert_eq!(server.ask(question).answer, ["web.production.svc.cluster.local. 5 IN A 10.96.1.1"]);
}

#[test]
fn counters() {
    let server = server();
    let question = "web.production.svc.cluster.local";
    for arguments in ["A +notcp", "A +notcp", "A +notcp", "AAAA +notcp", "A +tcp", "TYPE4711 +notcp"] {
        server.dig(&format!("{question} {arguments}"));
    }
    server.dig("example.com A +notcp");
    server.dig("nope.production.svc.cluster.local A +notcp");
    let report = server.responder.metrics().report();
    assert_eq!(
        report.requests,
        [
            (Transport::Udp, "A", 5),
            (Transport::Udp, "AAAA", 1),
            (Transport::Udp, "other", 1),
            (Transport::Tcp, "A", 1)
        ]
    );
    assert_eq!(report.responses, [("NOERROR", 6), ("NXDOMAIN", 1), ("REFUSED", 1)]);
    assert_eq!((report.prebuilt, report.dropped, report.forwarded), (2, 0, 0));
}
