//! The lines of `log` and `errors`, as CoreDNS writes them.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot run has to fail")]
#[path = "../../naming/tests/common/corefile.rs"]
mod corefile;
mod support;

use support::{Server, cluster::everything};
use tokio::sync::broadcast::error::TryRecvError;

fn server(log: &str) -> Server {
    let text = format!(
        ".:53 {{\n  {log}\n  errors\n  acl dropped.example {{\n    drop\n  }}\n  acl blocked.example {{\n    block\n  }}\n  kubernetes cluster.local\n}}\nquiet.example:53 {{\n  whoami\n}}\n"
    );
    let snapshot = corefile::with_files(everything().snapshot(), &[("Corefile", &text)]);
    let plan = corefile::servers(&snapshot).cluster;
    assert_eq!(plan.notes(), []);
    Server::of(Some((*plan).clone()), Vec::new())
}

/// Its next line, with `…` for what no two questions share; nothing where there is none.
fn line(server: &mut Server) -> Option<String> {
    let line = server.log.try_recv().ok()?;
    let hidden = line.split(' ').map(|word| match word {
        word if word.starts_with("127.0.0.1:") => "127.0.0.1:…",
        word if word.parse::<u16>().is_ok_and(|number| number > 1500 && number < u16::MAX) => "…",
        word if word.starts_with("0.0") && word.ends_with('s') => "…s",
        word => word,
    });
    Some(hidden.collect::<Vec<_>>().join(" "))
}

#[test]
fn a_line_has_coredns_format() {
    let mut server = server("log");
    for (question, expected) in [
        (
            "+qid=5 web.production.svc.cluster.local A",
            "[INFO] 127.0.0.1:… - 5 \"A IN web.production.svc.cluster.local. udp 61 false 1232\" NOERROR qr,aa,rd,ra 77 …s",
        ),
        (
            "+qid=5 +tcp +dnssec Web.production.svc.cluster.local A",
            "[INFO] 127.0.0.1:… - 5 \"A IN web.production.svc.cluster.local. tcp 61 true 65535\" NOERROR qr,aa,rd,ra 77 …s",
        ),
        (
            "+qid=5 +noedns +norec x.blocked.example AAAA",
            "[INFO] 127.0.0.1:… - 5 \"AAAA IN x.blocked.example. udp 35 false 512\" REFUSED qr,ra 35 …s",
        ),
        (
            "+qid=5 +time=1 x.dropped.example A",
            "[INFO] 127.0.0.1:… - 5 \"A IN x.dropped.example. udp 46 false 1232\" - - 0 …s",
        ),
    ] {
        server.dig(question);
        assert_eq!(line(&mut server).as_deref(), Some(expected), "{question}");
    }
    // A question that was answered before is logged again; one of a block without `log` is not.
    server.dig("web.production.svc.cluster.local A");
    server.dig("x.quiet.example A");
    assert!(line(&mut server).unwrap().contains("web.production"));
    assert_eq!(line(&mut server), None);
}

#[test]
fn format_zones_and_classes_are_those_of_the_corefile() {
    let web = "web.production.svc.cluster.local A";
    let none = "no.production.svc.cluster.local A";
    let no_data = "web.production.svc.cluster.local MX";
    let refused = "x.blocked.example A";
    for (log, expected) in [
        (
            "log . \"{name} {rcode} {what}\"",
            ["NOERROR {what}", "NXDOMAIN {what}", "NOERROR {what}", "REFUSED {what}"],
        ),
        ("log cluster.local \"{>opcode} {type}\"", ["0 A", "0 A", "0 MX", ""]),
        ("log . \"{rcode}\" {\n    class denial\n  }", ["", "NXDOMAIN", "NOERROR", ""]),
        ("log . \"{rcode}\" {\n    class success error\n  }", ["NOERROR", "", "", "REFUSED"]),
        ("log . \"{rcode}\" {\n    class all\n  }", ["NOERROR", "NXDOMAIN", "NOERROR", "REFUSED"]),
    ] {
        let mut server = server(log);
        for (question, end) in [web, none, no_data, refused].into_iter().zip(expected) {
            server.dig(question);
            let line = line(&mut server).unwrap_or_default();
            assert!(line.ends_with(end) && line.is_empty() == end.is_empty(), "{log}: {question}: {line}");
        }
    }
}

#[test]
fn whoever_reads_slowly_misses_lines_and_holds_nobody_up() {
    let mut server = server("log . \"{name} {type}\"");
    for i in 0..20 {
        assert_eq!(server.ask(&format!("n{i}.production.svc.cluster.local A")).status, "NXDOMAIN");
    }
    assert_eq!(server.log.try_recv(), Err(TryRecvError::Lagged(12)));
    assert_eq!(&*server.log.try_recv().unwrap(), "[INFO] n12.production.svc.cluster.local. A");
}

#[test]
fn errors_are_said_where_the_corefile_has_errors() {
    let silent = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let upstream = silent.local_addr().unwrap();
    for (errors, says) in [("errors", true), ("", false)] {
        let text = format!(
            ".:53 {{\n  {errors}\n  kubernetes cluster.local\n  forward . {upstream} {{\n    read_timeout 50ms\n  }}\n}}\n"
        );
        let snapshot = corefile::with_files(everything().snapshot(), &[("Corefile", &text)]);
        let plan = corefile::servers(&snapshot).cluster;
        let mut server = Server::of(Some((*plan).clone()), Vec::new());
        assert_eq!(server.ask("a.example A").status, "SERVFAIL");
        // Denials are no errors.
        assert_eq!(server.ask("no.production.svc.cluster.local A").status, "NXDOMAIN");
        let line = line(&mut server);
        assert_eq!(line.is_some(), says, "{line:?}");
        let begins = |line: String| line.starts_with("[ERROR] plugin/errors: 2 a.example. A: ");
        assert!(line.is_none_or(begins));
        assert!(server.log.try_recv().is_err());
    }
}
