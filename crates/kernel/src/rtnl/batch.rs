//! A list of rtnetlink requests, encoded as they are added.
use std::fmt::Display;

use netlink_packet_core::{NLM_F_ACK, NLM_F_REQUEST, NetlinkMessage};
use netlink_packet_route::RouteNetlinkMessage;
use nix::libc;

/// How many bytes go into one `send`: below the kernel's smallest default socket buffer.
const CHUNK_BYTES: usize = 32 * 1024;
/// How many requests go into one `send`: every one may be answered by an error, and all must fit the receive buffer.
const CHUNK_OPS: u32 = 100;

const SEQUENCE_OFFSET: usize = 8;
const FLAGS_OFFSET: usize = 6;

/// Requests that are sent together. Add them in the order in which they must happen.
#[derive(Debug)]
pub struct Batch {
    of: String,
    bytes: Vec<u8>,
    ops: Vec<Op>,
}

#[derive(Debug)]
pub(super) struct Op {
    pub(super) what: String,
    start: usize,
    missing_is_fine: bool,
}

impl Op {
    pub(super) fn forgives(&self, code: i32) -> bool {
        let missing = [libc::ENOENT, libc::ESRCH, libc::ENODEV, libc::EADDRNOTAVAIL];
        self.missing_is_fine && missing.contains(&code)
    }
}

/// A part of a batch that goes into one `send`.
pub(super) struct Chunk {
    pub(super) first_op: usize,
    pub(super) count: u32,
    bytes: std::ops::Range<usize>,
}

impl Batch {
    /// An empty batch. `of` names whom it is for in errors: `pod shop/web-0`.
    #[must_use]
    pub fn new(of: impl Into<String>) -> Self {
        Self { of: of.into(), bytes: Vec::new(), ops: Vec::new() }
    }

    /// Whether nothing was added yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ops.is_empty()
    }

    /// How many requests were added.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ops.len()
    }

    /// Names whom the following requests are for.
    pub fn on_behalf_of(&mut self, of: impl Into<String>) -> &mut Self {
        self.of = of.into();
        self
    }

    /// Lets the last request fail when its object does not exist: for deletions that may be repeated.
    pub fn or_missing(&mut self) -> &mut Self {
        if let Some(op) = self.ops.last_mut() {
            op.missing_is_fine = true;
        }
        self
    }

    pub(super) fn push(&mut self, what: impl Display, request: RouteNetlinkMessage, flags: u16) -> &mut Self {
        let mut message = NetlinkMessage::from(request);
        message.header.flags = NLM_F_REQUEST | flags;
        message.finalize();
        let start = self.bytes.len();
        self.bytes.resize(start + message.buffer_len().next_multiple_of(4), 0);
        message.serialize(&mut self.bytes[start..start + message.buffer_len()]);
        self.ops.push(Op { what: format!("{what} of {}", self.of), start, missing_is_fine: false });
        self
    }

    fn end_of(&self, op: usize) -> usize {
        self.ops.get(op + 1).map_or(self.bytes.len(), |next| next.start)
    }

    pub(super) fn chunks(&self) -> Vec<Chunk> {
        let mut chunks: Vec<Chunk> = Vec::new();
        for (index, op) in self.ops.iter().enumerate() {
            let end = self.end_of(index);
            match chunks.last_mut() {
                Some(chunk) if chunk.count < CHUNK_OPS && end - chunk.bytes.start <= CHUNK_BYTES => {
                    chunk.count += 1;
                    chunk.bytes.end = end;
                }
                _ => chunks.push(Chunk { first_op: index, count: 1, bytes: op.start..end }),
            }
        }
        chunks
    }

    /// Gives the requests of a chunk their sequence numbers, and asks for one acknowledgement, of the last one:
    /// the kernel works in order and reports errors without being asked.
    pub(super) fn number(&mut self, chunk: &Chunk, first: u32) {
        for index in 0..chunk.count {
            let start = self.ops[chunk.first_op + index as usize].start;
            let field = start + SEQUENCE_OFFSET..start + SEQUENCE_OFFSET + 4;
            self.bytes[field].copy_from_slice(&first.wrapping_add(index).to_ne_bytes());
            if index + 1 == chunk.count {
                let field = start + FLAGS_OFFSET..start + FLAGS_OFFSET + 2;
                let flags = u16::from_ne_bytes([self.bytes[field.start], self.bytes[field.start + 1]]);
                self.bytes[field].copy_from_slice(&(flags | NLM_F_ACK).to_ne_bytes());
            }
        }
    }

    pub(super) fn bytes(&self, chunk: &Chunk) -> &[u8] {
        &self.bytes[chunk.bytes.clone()]
    }

    pub(super) fn op(&self, index: usize) -> &Op {
        &self.ops[index]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn routes(count: u32) -> Batch {
        let mut batch = Batch::new("node n1");
        for host in 0..count {
            batch.add_address(2, std::net::IpAddr::from(host.to_be_bytes()).into());
        }
        batch
    }

    #[test]
    fn chunks_cover_every_request_once() {
        for count in [0, 1, 99, 100, 101, 1000] {
            let mut batch = routes(count);
            let chunks = batch.chunks();
            assert_eq!(chunks.iter().map(|c| c.count).sum::<u32>(), count);
            assert_eq!(chunks.iter().map(|c| batch.bytes(c).len()).sum::<usize>(), batch.bytes.len());
            let mut next = 7;
            for chunk in &chunks {
                assert!(chunk.count <= CHUNK_OPS && batch.bytes(chunk).len() <= CHUNK_BYTES);
                batch.number(chunk, next);
                next += chunk.count;
            }
            let mut rest = batch.bytes.as_slice();
            let mut seen = Vec::new();
            while !rest.is_empty() {
                let word = |at: usize| u32::from_ne_bytes(rest[at..at + 4].try_into().unwrap());
                let flags = u16::from_ne_bytes(rest[6..8].try_into().unwrap());
                seen.push((word(8), flags & NLM_F_ACK != 0));
                rest = &rest[(word(0) as usize).next_multiple_of(4)..];
            }
            let sequence: Vec<u32> = seen.iter().map(|(number, _)| *number).collect();
            assert_eq!(sequence, (7..7 + count).collect::<Vec<_>>());
            assert_eq!(seen.iter().filter(|(_, acked)| *acked).count(), chunks.len());
            assert!(seen.last().is_none_or(|(_, acked)| *acked), "the last request is acknowledged");
        }
    }

    #[test]
    fn only_a_marked_request_may_miss_its_object() {
        let mut batch = Batch::new("node n1");
        batch.del_link(7).del_link(8).or_missing();
        assert!(!batch.op(0).forgives(libc::ENODEV));
        assert!(batch.op(1).forgives(libc::ENODEV));
        assert!(!batch.op(1).forgives(libc::EPERM));
        assert_eq!(batch.op(1).what, "deleting link 8 of node n1");
    }
}
