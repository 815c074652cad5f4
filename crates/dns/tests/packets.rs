//! What no well-meant client sends, on the wire.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot run has to fail")]
mod support;

use std::{
    io::{Read, Write},
    net::{TcpStream, UdpSocket},
    time::Duration,
};

use hickory_proto::{
    op::{Message, Query, ResponseCode},
    rr::{Name, RecordType},
};
use proptest::prelude::*;
use support::{Server, cluster::everything};

fn query(id: u16, name: &str) -> Vec<u8> {
    let mut message = Message::query();
    message.metadata.id = id;
    message.metadata.recursion_desired = true;
    message.add_query(Query::query(Name::from_ascii(name).unwrap(), RecordType::A));
    message.to_vec().unwrap()
}

const WEB: &str = "web.production.svc.cluster.local.";

struct Client(UdpSocket);

impl Client {
    fn of(server: &Server) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.connect(server.address).unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        Self(socket)
    }

    fn receive(&self) -> Message {
        let mut buffer = [0; 4096];
        let length = self.0.recv(&mut buffer).expect("an answer in ten seconds");
        Message::from_vec(&buffer[..length]).unwrap()
    }

    /// Sends a packet and then a good question; the packet's responses are those that come before the answer.
    fn responses_to(&self, packet: &[u8]) -> Vec<Message> {
        self.0.send(packet).unwrap();
        self.0.send(&query(4242, WEB)).unwrap();
        let mut responses = vec![];
        loop {
            match self.receive() {
                answer if answer.metadata.id == 4242 => return responses,
                other => responses.push(other),
            }
        }
    }
}

#[test]
fn malformed_packets() {
    let server = Server::start(Some(&everything().snapshot()));
    let client = Client::of(&server);
    let good = query(7, WEB);
    let with = |change: fn(&mut Vec<u8>)| {
        let mut packet = good.clone();
        change(&mut packet);
        packet
    };
    let table: [(&str, Vec<u8>, Option<ResponseCode>); 11] = [
        ("nothing", vec![], None),
        ("half a header", good[..11].to_vec(), None),
        ("a response", with(|p| p[2] |= 0x80), None),
        ("a header alone", with(|p| p.truncate(12)), Some(ResponseCode::FormErr)),
        ("no question", with(|p| p[5] = 0), Some(ResponseCode::FormErr)),
        ("two questions", with(|p| p[5] = 2), Some(ResponseCode::FormErr)),
        ("a cut name", with(|p| p.truncate(20)), Some(ResponseCode::FormErr)),
        (
            "a name that points at itself",
            with(|p| p.splice(12..14, [0xc0, 12]).for_each(drop)),
            Some(ResponseCode::FormErr),
        ),
        ("a record that is not there", with(|p| p[11] = 1), Some(ResponseCode::FormErr)),
        ("a label type of its own", with(|p| p[12] = 0x80), Some(ResponseCode::FormErr)),
        ("status opcode", with(|p| p[2] |= 2 << 3), Some(ResponseCode::NotImp)),
    ];
    for (what, packet, expected) in table {
        let responses = client.responses_to(&packet);
        let codes: Vec<_> = responses.iter().map(|r| (r.metadata.id, r.metadata.response_code)).collect();
        assert_eq!(codes, expected.map(|code| (7, code)).into_iter().collect::<Vec<_>>(), "{what}");
    }
    assert_eq!(server.responder.metrics().report().dropped, 3);
}

#[test]
fn many_questions_in_one_tcp_connection() {
    let server = Server::start(Some(&everything().snapshot()));
    let mut stream = TcpStream::connect(server.address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let frame = |id: u16| {
        let packet = query(id, WEB);
        [&(packet.len() as u16).to_be_bytes()[..], &packet].concat()
    };
    let all: Vec<u8> = (0..500).flat_map(frame).collect();
    // In pieces that fall anywhere in a message.
    for piece in all.chunks(37) {
        stream.write_all(piece).unwrap();
    }
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    let mut bytes = vec![];
    stream.read_to_end(&mut bytes).unwrap();
    let (mut rest, mut ids) = (&bytes[..], vec![]);
    while let Some((length, after)) = rest.split_first_chunk::<2>() {
        let (message, after) = after.split_at(usize::from(u16::from_be_bytes(*length)));
        let message = Message::from_vec(message).unwrap();
        assert_eq!(message.answers.len(), 1);
        ids.push(message.metadata.id);
        rest = after;
    }
    ids.sort_unstable();
    assert_eq!(ids, (0..500).collect::<Vec<u16>>());
}

#[test]
fn nonsense_over_tcp_ends_that_connection_only() {
    let server = Server::start(Some(&everything().snapshot()));
    for nonsense in [&[0, 0][..], &[0, 3, 1, 2, 3], &[0, 12, 0, 0, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0]] {
        let mut stream = TcpStream::connect(server.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        stream.write_all(nonsense).unwrap();
        assert_eq!(stream.read(&mut [0; 16]).unwrap(), 0, "closed without an answer");
    }
    assert_eq!(server.ask(&format!("{WEB} +tcp")).answer.len(), 1);
}

fn packets() -> impl Strategy<Value = Vec<u8>> {
    let damaged = (any::<prop::sample::Index>(), any::<u8>(), 0usize..80).prop_map(|(at, byte, cut)| {
        let mut packet = query(7, WEB);
        let at = at.index(packet.len());
        packet[at] = byte;
        packet.truncate(80 - cut.min(60));
        packet
    });
    let with_header = prop::collection::vec(any::<u8>(), 0..200)
        .prop_map(|tail| [&[0, 7, 1, 0, 0, 1, 0, 0, 0, 0, 0, 1][..], &tail].concat());
    prop_oneof![prop::collection::vec(any::<u8>(), 0..300), damaged, with_header]
}

/// Whatever comes, the server lives, and answers with nothing but responses to the ID that asked.
#[test]
fn any_bytes() {
    let server = Server::start(Some(&everything().snapshot()));
    let client = Client::of(&server);
    proptest!(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() }, |(packet in packets())| {
        prop_assume!(packet.get(..2) != Some(&4242u16.to_be_bytes()));
        let responses = client.responses_to(&packet);
        prop_assert!(responses.len() <= 1);
        for response in responses {
            prop_assert_eq!(&response.metadata.id.to_be_bytes()[..], &packet[..2]);
        }
    });
}
