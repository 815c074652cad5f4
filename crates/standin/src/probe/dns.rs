//! As much of DNS as a probe needs (RFC 1035, section 4.1): a question, and whether something responds to it.
use std::io;

/// A query for the A records of a name, recursion desired.
pub(super) fn query(name: &str, id: u16) -> io::Result<Vec<u8>> {
    let mut message = Vec::with_capacity(name.len() + 18);
    message.extend(id.to_be_bytes());
    message.extend([1, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
    for label in name.strip_suffix('.').unwrap_or(name).split('.').filter(|_| name != ".") {
        let length = u8::try_from(label.len()).ok().filter(|length| (1..=63).contains(length));
        message.push(length.ok_or_else(|| unfit(name))?);
        message.extend(label.as_bytes());
    }
    message.extend([0, 0, 1, 0, 1]);
    // The name with its length bytes and its end is 255 bytes at most.
    if message.len() > 12 + 255 + 4 { Err(unfit(name)) } else { Ok(message) }
}

/// Whether this is a response, whatever it says, to the query with the id.
pub(super) fn is_response(message: &[u8], id: u16) -> bool {
    message.len() >= 12 && message[..2] == id.to_be_bytes() && message[2] & 0x80 != 0
}

fn unfit(name: &str) -> io::Error {
    io::Error::other(format!("{name:?} is no domain name: labels have 1 to 63 bytes, names 255 at most"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queries_are_encoded() {
        let tail = b"\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x03web\x04shop\x00\x00\x01\x00\x01";
        for name in ["web.shop", "web.shop."] {
            assert_eq!(query(name, 0x1234).unwrap(), [b"\x12\x34".as_slice(), tail].concat());
        }
        assert_eq!(query(".", 1).unwrap().len(), 17);
    }

    #[test]
    fn names_that_are_none_are_refused() {
        let (label, name) = ("a".repeat(64), "abc.".repeat(64));
        for name in ["", "..", "a..b", &label, &name] {
            assert!(query(name, 1).is_err(), "{name:?}");
        }
    }

    #[test]
    fn responses_have_the_id_and_the_bit() {
        for (message, response) in [
            (&b"\x12\x34\x80\x00\0\0\0\0\0\0\0\0"[..], true),
            (b"\x12\x34\x80\x00\0\0\0\0\0\0\0", false),
            (b"\x12\x34\x00\x00\0\0\0\0\0\0\0\0", false),
            (b"\x12\x35\x80\x00\0\0\0\0\0\0\0\0", false),
        ] {
            assert_eq!(is_response(message, 0x1234), response);
        }
    }
}
