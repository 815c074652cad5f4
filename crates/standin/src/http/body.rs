//! The bodies that stand-ins send, and how they read those that they get.
use std::{
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::{Body, Frame, Incoming, SizeHint};

/// What is kept of a request's body; the rest is read and counted.
pub(crate) const KEPT: usize = 64 * 1024;

const FILLER: &[u8] = &[b'.'; 64 * 1024];

/// A response's body.
pub(crate) enum Answer {
    /// These bytes.
    Bytes(Bytes),
    /// So many bytes.
    Filler(u64),
    /// The request's.
    Echo(Incoming),
}

impl Body for Answer {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let chunk = match &mut *self {
            Self::Echo(body) => return Pin::new(body).poll_frame(cx),
            Self::Bytes(bytes) => std::mem::take(bytes),
            Self::Filler(left) => {
                let chunk = &FILLER[..usize::try_from(*left).unwrap_or(usize::MAX).min(FILLER.len())];
                *left -= chunk.len() as u64;
                Bytes::from_static(chunk)
            }
        };
        Poll::Ready(if chunk.is_empty() { None } else { Some(Ok(Frame::data(chunk))) })
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Bytes(bytes) => bytes.is_empty(),
            Self::Filler(left) => *left == 0,
            Self::Echo(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Bytes(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Self::Filler(left) => SizeHint::with_exact(*left),
            Self::Echo(body) => body.size_hint(),
        }
    }
}

/// A request's body as far as it was kept.
#[derive(Default)]
pub(crate) struct Received {
    pub kept: Vec<u8>,
    pub length: u64,
}

/// Reads a body to its end.
pub(crate) async fn receive(mut body: Incoming) -> Result<Received, hyper::Error> {
    let mut received = Received::default();
    while let Some(frame) = body.frame().await {
        let Ok(data) = frame?.into_data() else { continue };
        received.length += data.len() as u64;
        let free = KEPT - received.kept.len();
        received.kept.extend_from_slice(&data[..data.len().min(free)]);
    }
    Ok(received)
}

/// Base64 with padding (RFC 4648, section 4).
pub(crate) fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let bits = group.iter().fold(0u32, |bits, &b| bits << 8 | u32::from(b)) << (8 * (3 - group.len()));
        for i in 0..4 {
            let sextet = (bits >> (18 - 6 * i) & 63) as usize;
            text.push(if i <= group.len() { char::from(ALPHABET[sextet]) } else { '=' });
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::base64;

    #[test]
    fn base64_as_in_rfc_4648_section_10() {
        for (bytes, text) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(base64(bytes.as_bytes()), text);
        }
        assert_eq!(base64(&[0xff, 0xfe, 0xfb]), "//77");
    }
}
