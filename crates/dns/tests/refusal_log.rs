//! The log line of a refused name. Alone in its file, for it listens to the whole process.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot run has to fail")]
mod support;

use std::{
    io::Write,
    sync::{Arc, Mutex},
};

use support::{Server, cluster::everything};

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_name_meant_for_outside_is_logged_once_with_what_to_do() {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).finish();
    tracing::subscriber::set_global_default(subscriber).unwrap();
    let server = Server::start(Some(&everything().snapshot()));
    for _ in 0..20 {
        assert_eq!(server.ask("www.example.com A").status, "REFUSED");
    }
    // Short forms of names that the cluster has, which search lists complete.
    for name in ["web", "web.production", "db-0.db", "web.production.svc", "wbe"] {
        assert_eq!(server.ask(&format!("{name} A")).status, "REFUSED", "{name}");
    }
    assert_eq!(server.ask("api.example.org AAAA").status, "REFUSED");
    let text = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    let lines: Vec<&str> = text.lines().filter(|l| l.contains("refused to resolve")).collect();
    assert_eq!(lines.len(), 2, "{text}");
    assert!(lines[1].contains("api.example.org"), "{text}");
    assert!(lines[0].contains("www.example.com") && lines[0].contains("--upstream-dns"), "{text}");
}
