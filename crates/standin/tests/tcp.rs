//! Plain TCP: the echo, silence, garbage, the end.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]
mod common;

use std::{
    io::{ErrorKind, Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    sync::LazyLock,
};

use common::{PATIENCE, client, converse, tcp};
use netloom_standin::Server;
use proptest::prelude::*;
use tokio::runtime::Runtime;

/// One server for all cases, in a runtime of its own.
static SHARED: LazyLock<(Runtime, Server, SocketAddr)> = LazyLock::new(|| {
    let runtime = Runtime::new().unwrap();
    let (server, address) = {
        let _inside = runtime.enter();
        tcp("127.0.0.1")
    };
    (runtime, server, address)
});

#[test]
fn bytes_come_back_at_once_and_after_the_end() {
    let mut stream = client(SHARED.2);
    for line in ["hello\n", "GETTING on\n", "\0\u{1}\n"] {
        stream.write_all(line.as_bytes()).unwrap();
        let mut back = vec![0; line.len()];
        stream.read_exact(&mut back).unwrap();
        assert_eq!(back, line.as_bytes());
    }
    stream.write_all(b"last words").unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).unwrap();
    assert_eq!(rest, b"last words");
}

#[test]
fn what_might_have_become_http_is_echoed_at_its_end() {
    for opening in ["", "G", "GET ", "PRI * HT"] {
        assert_eq!(converse(SHARED.2, opening.as_bytes()), opening.as_bytes());
    }
}

#[test]
fn a_request_may_come_byte_by_byte() {
    let mut stream = client(SHARED.2);
    stream.set_nodelay(true).unwrap();
    for byte in b"GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" {
        stream.write_all(&[*byte]).unwrap();
    }
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
}

#[test]
fn much_comes_back_whole() {
    let sent: Vec<u8> = (0..3_000_000u32).map(|i| (i % 251) as u8).collect();
    let mut stream = client(SHARED.2);
    let mut writer = stream.try_clone().unwrap();
    let copy = sent.clone();
    let writing = std::thread::spawn(move || {
        writer.write_all(&copy).unwrap();
        writer.shutdown(Shutdown::Write).unwrap();
    });
    let mut back = Vec::new();
    stream.read_to_end(&mut back).unwrap();
    writing.join().unwrap();
    assert!(back == sent);
}

#[test]
fn the_silent_hinder_nobody() {
    let silent: Vec<TcpStream> = (0..200).map(|_| client(SHARED.2)).collect();
    assert_eq!(converse(SHARED.2, b"hello"), b"hello");
    for mut stream in silent {
        stream.write_all(b"at last").unwrap();
        let mut back = [0; 7];
        stream.read_exact(&mut back).unwrap();
        assert_eq!(&back, b"at last");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn the_end_of_a_server_ends_its_connections_and_frees_its_address() {
    let (server, address) = tcp("127.0.0.1");
    let mut stream = client(address);
    stream.write_all(b"x").unwrap();
    stream.read_exact(&mut [0]).unwrap();
    server.stop().await;
    assert_eq!(TcpStream::connect(address).unwrap_err().kind(), ErrorKind::ConnectionRefused);
    match stream.read(&mut [0]) {
        Ok(0) => {}
        Err(e) if e.kind() == ErrorKind::ConnectionReset => {}
        other => panic!("the connection lives on: {other:?}"),
    }
    drop(TcpListener::bind(address).unwrap());
}

#[test]
fn outside_a_runtime_the_error_says_so() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let error = netloom_standin::serve_tcp(listener, common::identity(), 1).unwrap_err();
    assert!(error.to_string().contains("tokio runtime"), "{error}");
}

/// Sends garbage and reads what comes until the server ends the connection. Both may fail: the server may reset.
fn throw(bytes: &[u8]) -> Vec<u8> {
    let mut stream = client(SHARED.2);
    let _ = stream.write_all(bytes);
    let _ = stream.shutdown(Shutdown::Write);
    let mut answer = Vec::new();
    if let Err(error) = stream.read_to_end(&mut answer) {
        assert_eq!(error.kind(), ErrorKind::ConnectionReset, "no end within {PATIENCE:?}");
    }
    answer
}

fn assert_alive() {
    let answer = converse(SHARED.2, b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n");
    assert!(answer.starts_with(b"HTTP/1.1 200 OK"), "{}", String::from_utf8_lossy(&answer));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn random_bytes_are_echoed(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
        prop_assume!(!b"GHPDOTC".contains(bytes.first().unwrap_or(&0)));
        prop_assert_eq!(throw(&bytes), bytes);
    }

    #[test]
    fn random_requests_never_end_the_server(
        opening in prop::sample::select(vec![
            "GET / HTTP/1.1\r\n", "GET /", "POST /echo HTTP/1.1\r\ncontent-length: 50\r\n\r\n", "CONNECT a:1 HTTP/1.1\r\n",
            "POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n", "OPTIONS * HTTP/1.0\r\n\r\n", "GET /status/",
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0",
        ]),
        bytes in prop::collection::vec(any::<u8>(), 0..500),
    ) {
        throw(&[opening.as_bytes(), &bytes].concat());
        assert_alive();
    }
}
