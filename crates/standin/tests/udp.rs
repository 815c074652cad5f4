//! UDP: the echo from the address that was asked, and the beacon.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]
mod common;

use std::net::{SocketAddr, UdpSocket};

use common::{PATIENCE, udp};
use netloom_standin::Beacon;
use proptest::prelude::*;

fn client(bind: &str) -> UdpSocket {
    let socket = UdpSocket::bind((bind, 0)).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket
}

/// Sends one datagram and returns the answer and where it came from.
fn ask(socket: &UdpSocket, to: SocketAddr, datagram: &[u8]) -> (Vec<u8>, SocketAddr) {
    socket.send_to(datagram, to).unwrap();
    let mut answer = vec![0; 65_535];
    let (n, from) = socket.recv_from(&mut answer).unwrap();
    answer.truncate(n);
    (answer, from)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn the_answer_comes_from_the_address_that_was_asked() {
    for (served, asker, asked) in [
        ("0.0.0.0", "127.0.0.1", vec!["127.0.0.1", "127.0.0.2", "127.9.8.7"]),
        ("::", "::1", vec!["::1"]),
        ("::", "127.0.0.1", vec!["127.0.0.1", "127.0.0.2"]),
        ("127.0.0.3", "127.0.0.1", vec!["127.0.0.3"]),
    ] {
        let (_server, address) = udp(served);
        let socket = client(asker);
        for ip in asked {
            let to = SocketAddr::new(ip.parse().unwrap(), address.port());
            assert_eq!(ask(&socket, to, b"hello"), (b"hello".to_vec(), to), "served on {served}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn the_smallest_and_the_largest_come_back() {
    let (_server, address) = udp("127.0.0.1");
    let socket = client("127.0.0.1");
    for datagram in [vec![], vec![7; 65_507]] {
        assert_eq!(ask(&socket, address, &datagram).0, datagram);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_burst_is_answered_whole() {
    let (_server, address) = udp("127.0.0.1");
    let socket = client("127.0.0.1");
    for i in 0..100u8 {
        socket.send_to(&[i], address).unwrap();
    }
    for i in 0..100u8 {
        let mut answer = [0; 2];
        assert_eq!(socket.recv(&mut answer).unwrap(), 1);
        assert_eq!(answer[0], i);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn the_question_who_is_there_is_answered() {
    let (_server, address) = udp("::");
    let socket = client("127.0.0.1");
    let (answer, _) = ask(&socket, ([127, 0, 0, 2], address.port()).into(), &Beacon::question("n-1"));
    let expected = Beacon {
        nonce: "n-1".into(),
        by: "shop/web-0".into(),
        node: Some("node-1".into()),
        peer: socket.local_addr().ok(),
    };
    assert_eq!(Beacon::read(&answer), Some(expected));
}

#[test]
fn random_datagrams_come_back() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let _inside = runtime.enter();
    let (_server, address) = udp("127.0.0.1");
    let socket = client("127.0.0.1");
    proptest!(|(bytes in prop::collection::vec(any::<u8>(), 0..2000))| {
        prop_assert_eq!(ask(&socket, address, &bytes).0, bytes);
    });
}
