//! Messages to bytes: within a size, and with their addresses in another order each time.
use hickory_proto::{ProtoError, op::Message};

/// Where the address records of a response have their addresses.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Slots {
    starts: Vec<usize>,
    width: usize,
}

/// The bytes of a response, no longer than the limit. Where it would be longer, the additional records go first,
/// for they are a courtesy; then answers from the end, and the TC bit says so (RFC 2181, 9). The rest of the answers
/// stays, for clients that never try TCP.
pub(crate) fn encode(response: &mut Message, limit: u16) -> Result<Vec<u8>, ProtoError> {
    /// A record with a compressed name has so many bytes before its data.
    const LEAST: usize = 12;
    let limit = usize::from(limit);
    if response.answers.len() <= limit / LEAST {
        let bytes = response.to_vec()?;
        if bytes.len() <= limit {
            return Ok(bytes);
        }
        response.additionals.clear();
        let bytes = response.to_vec()?;
        if bytes.len() <= limit {
            return Ok(bytes);
        }
    }
    response.additionals.clear();
    response.authorities.clear();
    response.metadata.truncation = true;
    cut_answers(response, limit / LEAST, limit)
}

/// The response with as many of its answers as fit, found by halving.
fn cut_answers(response: &mut Message, most: usize, limit: usize) -> Result<Vec<u8>, ProtoError> {
    let mut answers = std::mem::take(&mut response.answers);
    answers.truncate(most);
    let mut best = response.to_vec()?;
    let (mut fits, mut too_many) = (0, answers.len() + 1);
    while too_many - fits > 1 {
        let middle = fits + (too_many - fits) / 2;
        response.answers = answers[..middle].to_vec();
        let bytes = response.to_vec()?;
        if bytes.len() <= limit {
            (fits, best) = (middle, bytes);
        } else {
            too_many = middle;
        }
    }
    Ok(best)
}

impl Slots {
    /// Finds the address records among the answers of a response that this server wrote.
    pub(crate) fn find(response: &[u8]) -> Self {
        Self::read(response).unwrap_or_default()
    }

    fn read(response: &[u8]) -> Option<Self> {
        let number = |at: usize| Some(u16::from_be_bytes([*response.get(at)?, *response.get(at + 1)?]));
        let mut at = skip_name(response, 12)? + 4;
        let mut slots = Self::default();
        for _ in 0..number(6)? {
            at = skip_name(response, at)?;
            let width = match number(at)? {
                1 => 4,
                28 => 16,
                _ => 0,
            };
            let length = usize::from(number(at + 8)?);
            at += 10;
            if width == length && width > 0 && response.len() >= at + width {
                slots.width = width;
                slots.starts.push(at);
            }
            at += length;
        }
        Some(slots)
    }

    /// Turns the addresses round by so many places, so that clients that take the first spread over all of them.
    pub(crate) fn rotate(&self, response: &mut [u8], by: usize) {
        let count = self.starts.len();
        if count < 2 {
            return;
        }
        let by = by % count;
        let mut addresses = [0u8; 16 * 64];
        // More than fit in any UDP response are turned too, only from the heap.
        let mut heap = vec![];
        let size = count * self.width;
        let all = match addresses.get_mut(..size) {
            Some(all) => all,
            None => {
                heap.resize(size, 0);
                heap.as_mut_slice()
            }
        };
        for (start, to) in self.starts.iter().zip(all.chunks_exact_mut(self.width)) {
            to.copy_from_slice(&response[*start..start + self.width]);
        }
        for (i, start) in self.starts.iter().enumerate() {
            let from = (i + by) % count * self.width;
            response[*start..start + self.width].copy_from_slice(&all[from..from + self.width]);
        }
    }
}

/// Where a name ends: at its root label or its pointer.
fn skip_name(message: &[u8], mut at: usize) -> Option<usize> {
    loop {
        match *message.get(at)? {
            0 => return Some(at + 1),
            length if length & 0xc0 == 0xc0 => return Some(at + 2),
            length => at += usize::from(length) + 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use hickory_proto::{
        op::{Edns, OpCode, Query},
        rr::{Name, RData, Record, RecordType, rdata::A},
    };

    use super::*;

    fn response(answers: usize, additionals: usize) -> Message {
        let name = Name::from_ascii("web.example.").unwrap();
        let record = |i| Record::from_rdata(name.clone(), 5, RData::A(A(Ipv4Addr::from_bits(i as u32))));
        let mut message = Message::response(7, OpCode::Query);
        message.add_query(Query::query(name.clone(), RecordType::A));
        message.answers = (0..answers).map(record).collect();
        message.additionals = (0..additionals).map(record).collect();
        message.edns = Some(Edns::new());
        message
    }

    #[test]
    fn what_is_too_long_loses_additionals_then_answers() {
        for (answers, additionals, limit, kept, truncated) in [
            (3, 3, 512, (3, 3), false),
            (20, 40, 512, (20, 0), false),
            (100, 3, 512, (29, 0), true),
            (5000, 0, 1232, (74, 0), true),
            (0, 0, 512, (0, 0), false),
        ] {
            let bytes = encode(&mut response(answers, additionals), limit).unwrap();
            let back = Message::from_vec(&bytes).unwrap();
            assert!(bytes.len() <= usize::from(limit));
            assert_eq!((back.answers.len(), back.additionals.len()), kept);
            assert_eq!(back.metadata.truncation, truncated);
            assert!(back.edns.is_some());
        }
    }

    #[test]
    fn rotation_keeps_every_address() {
        for count in [1, 2, 3, 100] {
            let original = encode(&mut response(count, 1), u16::MAX).unwrap();
            let slots = Slots::find(&original);
            assert_eq!(slots.starts.len(), count);
            for by in [0, 1, 2, 12345] {
                let mut bytes = original.clone();
                slots.rotate(&mut bytes, by);
                let back = Message::from_vec(&bytes).unwrap();
                let mut expected = response(count, 1).answers;
                expected.rotate_left(by % count);
                assert_eq!(back.answers, expected);
            }
        }
    }

    #[test]
    fn nothing_is_found_in_what_is_no_message() {
        for bytes in [&[][..], &[0; 5], &[0xff; 40], &[0, 0, 0, 0, 0, 1, 0, 9, 0, 0, 0, 0, 63]] {
            assert_eq!(Slots::find(bytes).starts, Vec::<usize>::new());
        }
    }
}
