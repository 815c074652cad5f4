//! A connection whose first bytes were read already and are read again.
use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    task::{Context, Poll},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};

use crate::{sniff::ENOUGH, udp::canonical};

/// The first bytes of a connection.
#[derive(Clone, Copy, Default)]
pub(crate) struct Opening {
    bytes: [u8; ENOUGH],
    from: u8,
    to: u8,
}

impl Opening {
    /// What there is.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes[usize::from(self.from)..usize::from(self.to)]
    }

    /// Reads more into what is free; false at the end of the stream.
    pub(crate) async fn read_more(&mut self, stream: &mut TcpStream) -> io::Result<bool> {
        let free = &mut self.bytes[usize::from(self.to)..];
        let n = tokio::io::AsyncReadExt::read(stream, free).await?;
        self.to += n as u8;
        Ok(n > 0)
    }
}

/// A stream behind its opening.
pub(crate) struct Rewound {
    opening: Opening,
    stream: TcpStream,
}

impl Rewound {
    pub(crate) fn new(opening: Opening, stream: TcpStream) -> Self {
        Self { opening, stream }
    }

    /// The address that the client connected to, where it can still be told.
    pub(crate) fn local_address(&self) -> Option<SocketAddr> {
        self.stream.local_addr().ok().map(canonical)
    }
}

impl AsyncRead for Rewound {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let opening = self.opening.bytes();
        if opening.is_empty() || buf.remaining() == 0 {
            return Pin::new(&mut self.stream).poll_read(cx, buf);
        }
        let n = opening.len().min(buf.remaining());
        buf.put_slice(&opening[..n]);
        self.opening.from += n as u8;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Rewound {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
