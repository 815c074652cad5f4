//! Appends netlink messages and attributes to one buffer.
use super::{HEADER, flag};

/// Marks an attribute whose value is attributes.
const NESTED: u16 = 0x8000;

/// A growing buffer of messages.
#[derive(Debug, Default)]
pub(crate) struct Writer {
    bytes: Vec<u8>,
    too_long: bool,
}

impl Writer {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Sets more flags in the message that begins at `start`.
    pub fn add_flags(&mut self, start: usize, flags: u16) {
        if let Some(at) = self.bytes.get_mut(start + 6..start + 8) {
            let all = u16::from_ne_bytes([at[0], at[1]]) | flags;
            at.copy_from_slice(&all.to_ne_bytes());
        }
    }

    /// Whether an attribute since the last call outgrew its 16-bit length.
    pub fn take_too_long(&mut self) -> bool {
        std::mem::take(&mut self.too_long)
    }

    /// Forgets everything from `len` on.
    pub fn truncate(&mut self, len: usize) {
        self.bytes.truncate(len);
    }

    /// A netfilter message; its length is filled in when `body` is done.
    pub fn message(
        &mut self,
        kind: (u8, u8),
        flags: u16,
        seq: u32,
        (family, resource): (u8, u16),
        body: impl FnOnce(&mut Self),
    ) {
        let start = self.bytes.len();
        self.bytes.extend([0; 4]);
        self.bytes.extend(u16::from_le_bytes([kind.1, kind.0]).to_ne_bytes());
        self.bytes.extend((flags | flag::REQUEST).to_ne_bytes());
        self.bytes.extend(seq.to_ne_bytes());
        self.bytes.extend([0; 4]);
        self.bytes.extend([family, 0]);
        self.bytes.extend(resource.to_be_bytes());
        debug_assert_eq!(self.bytes.len() - start, HEADER + super::NFGEN);
        body(self);
        match u32::try_from(self.bytes.len() - start) {
            Ok(len) => self.bytes[start..start + 4].copy_from_slice(&len.to_ne_bytes()),
            Err(_) => self.too_long = true,
        }
    }

    /// An attribute with a plain value.
    pub fn attr(&mut self, kind: u16, value: &[u8]) {
        self.header(kind, value.len());
        self.bytes.extend_from_slice(value);
        self.pad(value.len());
    }

    /// A string attribute, with the NUL that the kernel expects.
    pub fn string(&mut self, kind: u16, value: &str) {
        self.header(kind, value.len() + 1);
        self.bytes.extend_from_slice(value.as_bytes());
        self.bytes.push(0);
        self.pad(value.len() + 1);
    }

    /// A number in network order, as netfilter wants nearly all of them.
    pub fn be32(&mut self, kind: u16, value: u32) {
        self.attr(kind, &value.to_be_bytes());
    }

    /// A 64-bit number in network order.
    pub fn be64(&mut self, kind: u16, value: u64) {
        self.attr(kind, &value.to_be_bytes());
    }

    fn header(&mut self, kind: u16, len: usize) {
        let len = u16::try_from(len + 4).unwrap_or_else(|_| {
            self.too_long = true;
            u16::MAX
        });
        let ([a, b], [c, d]) = (len.to_ne_bytes(), kind.to_ne_bytes());
        self.bytes.extend_from_slice(&[a, b, c, d]);
    }

    fn pad(&mut self, len: usize) {
        self.bytes.extend_from_slice(&[0; 3][..len.next_multiple_of(4) - len]);
    }

    /// An attribute whose value `body` writes as attributes.
    pub fn nest(&mut self, kind: u16, body: impl FnOnce(&mut Self)) {
        let start = self.bytes.len();
        self.header(kind | NESTED, 0);
        body(self);
        self.close(start);
    }

    fn close(&mut self, start: usize) {
        match u16::try_from(self.bytes.len() - start) {
            Ok(len) => self.bytes[start..start + 2].copy_from_slice(&len.to_ne_bytes()),
            Err(_) => self.too_long = true,
        }
    }
}
