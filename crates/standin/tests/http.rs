//! What curl is answered by a stand-in.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]
mod common;

use std::io::Write;

use common::{client, converse, curl, tcp};
use serde_json::{Value, json};

fn parse(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|e| panic!("{e}: {text}"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_request_is_described_over_every_version() {
    let (_server, address) = tcp("127.0.0.1");
    for (flag, version) in [
        ("--http1.0", "HTTP/1.0"),
        ("--http1.1", "HTTP/1.1"),
        ("--http2", "HTTP/1.1"),
        ("--http2-prior-knowledge", "HTTP/2.0"),
    ] {
        let url = format!("http://{address}/cart/7?id=1&id=2");
        let answer = parse(&curl(&[flag, "-H", "X-A: 1", "-H", "X-A: 2", "-d", "grüße", &url]));
        for (key, value) in [
            ("pod", json!("web-0")),
            ("namespace", json!("shop")),
            ("node", json!("node-1")),
            ("workload", json!("StatefulSet/web")),
            ("service_account", json!("web")),
            ("container", json!("nginx")),
            ("port", json!(8080)),
            ("port_name", json!("http")),
            ("protocol", json!("TCP")),
            ("ips", json!(["10.0.0.7"])),
            ("local", json!({"address": "127.0.0.1", "port": address.port()})),
        ] {
            assert_eq!(answer[key], value, "{flag}: {key}");
        }
        assert_eq!(answer["peer"]["address"], "127.0.0.1");
        let request = &answer["request"];
        assert_eq!(request["method"], "POST");
        assert_eq!(request["path"], "/cart/7");
        assert_eq!(request["query"], "id=1&id=2");
        assert_eq!(request["version"], version, "{flag}");
        assert_eq!(request["host"], address.to_string());
        assert_eq!(request["headers"]["x-a"], json!(["1", "2"]));
        assert_eq!(
            request["body"],
            json!({"content": "grüße", "encoding": "utf8", "bytes": 7, "truncated": false})
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn headers_name_the_answerer_and_the_peer() {
    let (_server, address) = tcp("::1");
    let format = "%{header_json}|%{local_ip}|%{local_port}";
    let out = curl(&["-o", "/dev/null", "-w", format, &format!("http://{address}/")]);
    let mut parts = out.split('|');
    let headers = parse(parts.next().unwrap());
    assert_eq!(headers["x-netloom-pod"], json!(["shop/web-0"]));
    assert_eq!(headers["x-netloom-node"], json!(["node-1"]));
    let peer = format!("[{}]:{}", parts.next().unwrap(), parts.next().unwrap());
    assert_eq!(headers["x-netloom-peer"], json!([peer]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_dual_stack_listener_shows_ipv4_peers_as_ipv4() {
    let (_server, address) = tcp("::");
    let answer = parse(&curl(&[&format!("http://127.0.0.1:{}/", address.port())]));
    assert_eq!(answer["peer"]["address"], "127.0.0.1");
    assert_eq!(answer["local"]["address"], "127.0.0.1");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn behaviours_can_be_asked_for() {
    let (_server, address) = tcp("127.0.0.1");
    for flag in ["--http1.1", "--http2-prior-knowledge"] {
        let code = |path: &str| {
            let url = format!("http://{address}{path}");
            curl(&[flag, "-o", "/dev/null", "-w", "%{http_code} %{size_download}", &url])
        };
        assert!(code("/healthz").starts_with("200 "));
        assert!(code("/status/503").starts_with("503 "));
        assert!(code("/any?status=404&delay=1ms").starts_with("404 "));
        assert!(code("/delay/5ms").starts_with("200 "));
        assert!(code("/delay/never").starts_with("400 "));
        assert_eq!(code("/status/204"), "204 0");
        assert_eq!(code("/bytes/0"), "200 0");
        assert_eq!(code("/bytes/10000001"), "200 10000001");
        let echo = curl(&[flag, "-d", "over and back", &format!("http://{address}/echo")]);
        assert_eq!(echo, "over and back");
        let head = curl(&[flag, "-I", &format!("http://{address}/bytes/77")]);
        assert!(head.to_ascii_lowercase().contains("content-length: 77"), "{head}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn large_bodies_are_counted_and_cut() {
    let (_server, address) = tcp("127.0.0.1");
    let dir = std::env::temp_dir().join(format!("netloom-standin-{}", std::process::id()));
    for (byte, bytes, encoding, shown) in [(b'a', 200_000, "utf8", 65_536), (0xff, 3, "base64", 4)] {
        std::fs::write(&dir, vec![byte; bytes]).unwrap();
        let data = format!("@{}", dir.display());
        let answer = parse(&curl(&["--data-binary", &data, &format!("http://{address}/")]));
        let body = &answer["request"]["body"];
        assert_eq!(body["encoding"], encoding);
        assert_eq!(body["bytes"], bytes);
        assert_eq!(body["truncated"], bytes > 65_536);
        assert_eq!(body["content"].as_str().unwrap().len(), shown);
    }
    std::fs::remove_file(dir).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn big_headers_are_shown_and_absurd_ones_refused() {
    let (_server, address) = tcp("127.0.0.1");
    let url = format!("http://{address}/");
    for flag in ["--http1.1", "--http2-prior-knowledge"] {
        let header = format!("x-big: {}", "b".repeat(60_000));
        let answer = parse(&curl(&[flag, "-H", &header, &url]));
        assert_eq!(answer["request"]["headers"]["x-big"][0].as_str().unwrap().len(), 60_000, "{flag}");
    }
    let mut absurd = client(address);
    // The server may end the connection before it has read all.
    let _ = absurd.write_all(format!("GET / HTTP/1.1\r\nx: {}", "b".repeat(4_000_000)).as_bytes());
    drop(absurd);
    assert_eq!(parse(&curl(&[&url]))["pod"], "web-0");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_client_that_has_ended_its_side_is_answered() {
    let (_server, address) = tcp("127.0.0.1");
    let answer = converse(address, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert!(answer.starts_with(b"HTTP/1.1 200 OK\r\n"), "{}", String::from_utf8_lossy(&answer));
}
