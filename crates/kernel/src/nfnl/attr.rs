//! Reads messages and attributes that the kernel sent; cut-off input ends the iteration, it never panics.
use std::io;

use super::{HEADER, NFGEN};

/// Attribute type bits that are flags (nested, network order).
const TYPE_MASK: u16 = 0x3fff;

fn ne16(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_ne_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

fn ne32(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_ne_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

/// One netlink message.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Message<'a> {
    pub kind: u16,
    pub flags: u16,
    pub seq: u32,
    /// What follows `struct nlmsghdr`.
    pub body: &'a [u8],
}

impl<'a> Message<'a> {
    /// The attributes behind `struct nfgenmsg`.
    pub fn attrs(&self) -> Attrs<'a> {
        Attrs(self.body.get(NFGEN..).unwrap_or_default())
    }

    /// The error number that begins an error or an end-of-dump message; 0 where all went well.
    pub fn errno(&self) -> Option<i32> {
        ne32(self.body, 0).map(|status| status.cast_signed().wrapping_neg())
    }

    /// The same as a result.
    pub fn result(&self) -> io::Result<()> {
        match self.errno() {
            Some(0) => Ok(()),
            Some(errno) => Err(io::Error::from_raw_os_error(errno)),
            None => Err(io::ErrorKind::InvalidData.into()),
        }
    }
}

/// The messages of one datagram.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Messages<'a>(pub &'a [u8]);

impl<'a> Iterator for Messages<'a> {
    type Item = Message<'a>;

    fn next(&mut self) -> Option<Message<'a>> {
        let len = ne32(self.0, 0)? as usize;
        let body = self.0.get(HEADER..len)?;
        let message =
            Message { kind: ne16(self.0, 4)?, flags: ne16(self.0, 6)?, seq: ne32(self.0, 8)?, body };
        self.0 = self.0.get(len.next_multiple_of(4)..).unwrap_or_default();
        Some(message)
    }
}

/// One attribute.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Attr<'a> {
    pub kind: u16,
    pub value: &'a [u8],
}

impl<'a> Attr<'a> {
    pub fn nested(&self) -> Attrs<'a> {
        Attrs(self.value)
    }

    pub fn u8(&self) -> Option<u8> {
        self.value.first().copied()
    }

    pub fn be16(&self) -> Option<u16> {
        Some(u16::from_be_bytes(self.value.get(..2)?.try_into().ok()?))
    }

    pub fn be32(&self) -> Option<u32> {
        Some(u32::from_be_bytes(self.value.get(..4)?.try_into().ok()?))
    }

    pub fn ne32(&self) -> Option<u32> {
        ne32(self.value, 0)
    }

    /// A string, up to its NUL.
    pub fn text(&self) -> String {
        let end = self.value.iter().position(|byte| *byte == 0).unwrap_or(self.value.len());
        String::from_utf8_lossy(&self.value[..end]).into_owned()
    }
}

/// The attributes of a message or of a nested attribute.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Attrs<'a>(pub &'a [u8]);

impl<'a> Iterator for Attrs<'a> {
    type Item = Attr<'a>;

    fn next(&mut self) -> Option<Attr<'a>> {
        let len = usize::from(ne16(self.0, 0)?);
        let kind = ne16(self.0, 2)? & TYPE_MASK;
        let value = self.0.get(4..len)?;
        self.0 = self.0.get(len.next_multiple_of(4)..).unwrap_or_default();
        Some(Attr { kind, value })
    }
}

#[cfg(test)]
mod tests {
    use super::super::Writer;
    use super::*;

    #[test]
    fn reads_what_the_writer_writes() {
        let mut writer = Writer::new();
        writer.message((10, 3), 4, 7, (1, 0), |w| {
            w.string(1, "t");
            w.nest(2, |w| w.be32(5, 9));
        });
        writer.message((4, 0), 0, 8, (0, 100), |_| {});
        let messages: Vec<_> = Messages(writer.bytes()).collect();
        assert_eq!(messages.len(), 2);
        assert_eq!((messages[0].kind, messages[0].seq), (0x0a03, 7));
        let attrs: Vec<_> = messages[0].attrs().collect();
        assert_eq!(attrs[0].text(), "t");
        assert_eq!(attrs[1].nested().next().and_then(|a| a.be32()), Some(9));
    }

    #[test]
    fn cut_off_input_ends_the_iteration() {
        let mut writer = Writer::new();
        writer.message((10, 3), 4, 7, (1, 0), |w| w.nest(2, |w| w.string(1, "a name")));
        for len in 0..writer.len() {
            let count: usize = Messages(&writer.bytes()[..len]).map(|m| m.attrs().count()).sum();
            assert_eq!(count, 0, "{len} bytes");
        }
        for len in 0..=u8::MAX {
            let _ = Attrs(&[len, 0, 1, 0, 9]).count();
        }
    }
}
