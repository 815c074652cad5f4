//! Reading the kernel's answers: acknowledgements, errors with their explanation, and dumps.
use std::io;

use netlink_packet_core::{
    NLM_F_ACK_TLVS, NLM_F_DUMP_INTR, NLMSG_DONE, NLMSG_ERROR, NetlinkMessage, NetlinkPayload,
};
use netlink_packet_route::RouteNetlinkMessage;
use netlink_sys::Socket;

use super::RtnlError;

const HEADER: usize = 16;
/// `struct nlmsgerr` as we ask for it: the error number and the header of the request.
const ERROR_BODY: usize = 4 + HEADER;
const NLMSGERR_ATTR_MSG: u16 = 1;

struct Reply<'a> {
    kind: u16,
    flags: u16,
    sequence: u32,
    whole: &'a [u8],
}

impl Reply<'_> {
    fn payload(&self) -> &[u8] {
        &self.whole[HEADER..]
    }

    /// The error number of an NLMSG_ERROR (0 is an acknowledgement) or NLMSG_DONE, positive.
    fn code(&self) -> i32 {
        let number = self.payload().first_chunk().map_or(0, |b| i32::from_ne_bytes(*b));
        number.saturating_neg()
    }

    /// The kernel's own explanation.
    fn explanation(&self) -> Option<String> {
        if self.flags & NLM_F_ACK_TLVS == 0 {
            return None;
        }
        let mut rest = self.payload().get(ERROR_BODY..)?;
        while let Some(&[l0, l1, t0, t1]) = rest.first_chunk() {
            let length = usize::from(u16::from_ne_bytes([l0, l1]));
            let value = rest.get(4..length)?;
            if u16::from_ne_bytes([t0, t1]) == NLMSGERR_ATTR_MSG {
                let text = value.split(|b| *b == 0).next().unwrap_or_default();
                return Some(String::from_utf8_lossy(text).into_owned());
            }
            rest = rest.get(length.next_multiple_of(4)..)?;
        }
        None
    }
}

/// The messages in one datagram; ends at the first one that is cut short.
fn messages(mut datagram: &[u8]) -> impl Iterator<Item = Reply<'_>> {
    std::iter::from_fn(move || {
        let header: &[u8; HEADER] = datagram.first_chunk()?;
        let u16_at = |at: usize| u16::from_ne_bytes([header[at], header[at + 1]]);
        let u32_at =
            |at: usize| u32::from_ne_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]]);
        let length = u32_at(0) as usize;
        let whole = datagram.get(..length).filter(|w| w.len() >= HEADER)?;
        datagram = datagram.get(length.next_multiple_of(4)..).unwrap_or_default();
        Some(Reply { kind: u16_at(4), flags: u16_at(6), sequence: u32_at(8), whole })
    })
}

fn receive(socket: &Socket) -> Result<Vec<u8>, RtnlError> {
    loop {
        match socket.recv_from_full() {
            Ok((datagram, _)) => return Ok(datagram),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(source) => return Err(RtnlError::Socket { doing: "receiving", source }),
        }
    }
}

/// Reads answers until the acknowledgement (or the refusal) of request `last`; hands every refusal to `refused` with
/// its position counted from request `first`.
pub(super) fn acks(
    socket: &Socket,
    first: u32,
    last: u32,
    mut refused: impl FnMut(u32, i32, Option<String>),
) -> Result<(), RtnlError> {
    loop {
        let datagram = receive(socket)?;
        for reply in messages(&datagram) {
            let position = reply.sequence.wrapping_sub(first);
            if reply.kind != NLMSG_ERROR || position > last.wrapping_sub(first) {
                continue;
            }
            if reply.code() != 0 {
                refused(position, reply.code(), reply.explanation());
            }
            if reply.sequence == last {
                return Ok(());
            }
        }
    }
}

/// The error number of the first message of a datagram: 0 for anything but an error.
pub(crate) fn first_reply(datagram: &[u8]) -> io::Result<i32> {
    let reply = messages(datagram).next().ok_or(io::ErrorKind::InvalidData)?;
    Ok(if reply.kind == NLMSG_ERROR { reply.code() } else { 0 })
}

/// Reads the answer to a dump request.
pub(super) fn dump(
    socket: &Socket,
    sequence: u32,
    what: &str,
) -> Result<Vec<RouteNetlinkMessage>, RtnlError> {
    let refused = |reply: &Reply<'_>, code| RtnlError::Refused {
        what: what.to_owned(),
        source: io::Error::from_raw_os_error(code),
        detail: reply.explanation(),
    };
    let malformed = |detail: String| RtnlError::Malformed { what: what.to_owned(), detail };
    let mut found = Vec::new();
    let mut interrupted = false;
    loop {
        let datagram = receive(socket)?;
        for reply in messages(&datagram).filter(|r| r.sequence == sequence) {
            interrupted |= reply.flags & NLM_F_DUMP_INTR != 0;
            match reply.kind {
                NLMSG_ERROR | NLMSG_DONE if reply.code() > 0 => return Err(refused(&reply, reply.code())),
                NLMSG_ERROR | NLMSG_DONE if interrupted => {
                    return Err(refused(&reply, nix::libc::EINTR));
                }
                NLMSG_ERROR | NLMSG_DONE => return Ok(found),
                _ => {
                    let message = NetlinkMessage::<RouteNetlinkMessage>::deserialize(reply.whole)
                        .map_err(|e| malformed(e.to_string()))?;
                    if let NetlinkPayload::InnerMessage(inner) = message.payload {
                        found.push(inner);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error_reply(code: i32, sequence: u32, text: &str) -> Vec<u8> {
        let mut body = (-code).to_ne_bytes().to_vec();
        body.extend([0; HEADER]);
        let mut text = text.as_bytes().to_vec();
        text.push(0);
        body.extend((4 + text.len() as u16).to_ne_bytes());
        body.extend(NLMSGERR_ATTR_MSG.to_ne_bytes());
        body.extend(&text);
        body.resize(body.len().next_multiple_of(4), 0);
        let mut message = ((HEADER + body.len()) as u32).to_ne_bytes().to_vec();
        message.extend(NLMSG_ERROR.to_ne_bytes());
        message.extend(NLM_F_ACK_TLVS.to_ne_bytes());
        message.extend(sequence.to_ne_bytes());
        message.extend(0u32.to_ne_bytes());
        message.extend(body);
        message
    }

    #[test]
    fn an_error_carries_the_kernels_words() {
        let mut datagram = error_reply(17, 3, "Address already assigned");
        datagram.extend(error_reply(2, 4, ""));
        let read: Vec<_> =
            messages(&datagram).map(|r| (r.sequence, r.code(), r.explanation().unwrap())).collect();
        assert_eq!(read, [(3, 17, "Address already assigned".to_owned()), (4, 2, String::new())]);
    }

    #[test]
    fn a_datagram_that_is_cut_anywhere_does_no_harm() {
        let datagram = error_reply(17, 3, "Address already assigned");
        for end in 0..datagram.len() {
            assert_eq!(messages(&datagram[..end]).count(), 0, "cut at {end}");
        }
        for length in 0..datagram.len() as u8 {
            let mut lying = datagram.clone();
            lying[0] = length;
            for reply in messages(&lying) {
                let _ = (reply.code(), reply.explanation());
            }
        }
    }
}
