//! The datagram by which a prober learns who answers on a UDP port.
//!
//! `NETLOOM? NONCE` is answered with `NETLOOM! NONCE NAMESPACE/POD NODE PEER`, where PEER is the prober's address
//! as the answerer saw it and NODE is `-` if there is none.
use std::net::SocketAddr;

use crate::Identity;

const QUESTION: &[u8] = b"NETLOOM? ";
const ANSWER: &str = "NETLOOM! ";

/// An answer to a `NETLOOM?` datagram.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Beacon {
    /// What the prober sent, so that it knows its own answers.
    pub nonce: String,
    /// Who answers: [`Identity::label`].
    pub by: String,
    /// The answerer's node, where it has one.
    pub node: Option<String>,
    /// The prober's address as the answerer saw it.
    pub peer: Option<SocketAddr>,
}

impl Beacon {
    /// The datagram that asks.
    #[must_use]
    pub fn question(nonce: &str) -> Vec<u8> {
        [QUESTION, nonce.as_bytes()].concat()
    }

    /// The datagram that answers, if this one asks. Nonces are printable ASCII without spaces, 128 bytes at most;
    /// the rest of the datagram after the nonce is ignored.
    #[must_use]
    pub fn answer(datagram: &[u8], identity: &Identity, peer: SocketAddr) -> Option<Vec<u8>> {
        let nonce = datagram.strip_prefix(QUESTION)?.split(u8::is_ascii_whitespace).next()?;
        if nonce.is_empty() || nonce.len() > 128 || !nonce.iter().all(u8::is_ascii_graphic) {
            return None;
        }
        let nonce = std::str::from_utf8(nonce).ok()?;
        let node = if identity.node.is_empty() { "-" } else { &identity.node };
        Some(format!("{ANSWER}{nonce} {} {node} {peer}", identity.label()).into_bytes())
    }

    /// Reads an answer.
    #[must_use]
    pub fn read(datagram: &[u8]) -> Option<Self> {
        let mut words = std::str::from_utf8(datagram).ok()?.strip_prefix(ANSWER)?.split_ascii_whitespace();
        Some(Self {
            nonce: words.next()?.to_owned(),
            by: words.next()?.to_owned(),
            node: words.next().filter(|&node| node != "-").map(str::to_owned),
            peer: words.next().and_then(|peer| peer.parse().ok()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_read_as_written() {
        let peer = "[fd00::1]:4000".parse().unwrap();
        for (namespace, node, by) in [("shop", "node-1", "shop/web-0"), ("", "", "web-0")] {
            let identity = Identity {
                pod: "web-0".into(),
                namespace: namespace.into(),
                node: node.into(),
                ..Default::default()
            };
            let answer = Beacon::answer(&Beacon::question("n1"), &identity, peer).unwrap();
            let expected = Beacon {
                nonce: "n1".into(),
                by: by.into(),
                node: Some(node.to_owned()).filter(|n| !n.is_empty()),
                peer: Some(peer),
            };
            assert_eq!(Beacon::read(&answer), Some(expected));
        }
    }

    #[test]
    fn other_datagrams_are_not_questions() {
        let peer = "127.0.0.1:1".parse().unwrap();
        let long = [b"NETLOOM? ".as_slice(), &[b'x'; 129]].concat();
        for datagram in
            [&b""[..], b"NETLOOM?", b"NETLOOM? ", b"NETLOOM?  x", b"NETLOOM? \xff", b"hello", &long]
        {
            assert_eq!(Beacon::answer(datagram, &Identity::default(), peer), None, "{datagram:?}");
        }
        assert_eq!(Beacon::read(b"NETLOOM! onlynonce"), None);
    }
}
