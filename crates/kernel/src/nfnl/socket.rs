//! A netfilter netlink socket of the calling thread's network namespace.
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};

use netlink_sys::protocols::NETLINK_NETFILTER;
use rustix::net::{RecvFlags, SendFlags, sockopt};

/// The kernel keeps this much of the send buffer for itself (net/netlink/af_netlink.c, netlink_sendmsg).
const SEND_RESERVE: usize = 32;

/// An open socket with long errors and short acknowledgements.
#[derive(Debug)]
pub(crate) struct Socket {
    inner: netlink_sys::Socket,
    largest_send: usize,
}

impl Socket {
    pub fn open() -> io::Result<Self> {
        let mut inner = netlink_sys::Socket::new(NETLINK_NETFILTER)?;
        inner.bind_auto()?;
        inner.set_ext_ack(true)?;
        inner.set_cap_ack(true)?;
        let mut socket = Self { inner, largest_send: 0 };
        socket.measure()?;
        Ok(socket)
    }

    fn measure(&mut self) -> io::Result<()> {
        self.largest_send = sockopt::socket_send_buffer_size(&*self)?.saturating_sub(SEND_RESERVE);
        Ok(())
    }

    /// Makes room for one send of `len` bytes as far as the kernel lets us; returns what fits now.
    pub fn reserve_send(&mut self, len: usize) -> io::Result<usize> {
        if len > self.largest_send {
            // The kernel doubles the number it is given.
            let half = (len + SEND_RESERVE).div_ceil(2);
            if sockopt::set_socket_send_buffer_size_force(&*self, half).is_err() {
                sockopt::set_socket_send_buffer_size(&*self, half)?;
            }
            self.measure()?;
        }
        Ok(self.largest_send)
    }

    /// Asks for a receive buffer of `len` bytes; less is granted silently where the user may not have that much.
    pub fn grow_receive(&self, len: usize) -> io::Result<()> {
        let half = len.div_ceil(2);
        if sockopt::set_socket_recv_buffer_size_force(self, half).is_err() {
            sockopt::set_socket_recv_buffer_size(self, half)?;
        }
        Ok(())
    }

    /// Makes every use of the descriptor return at once.
    pub fn set_nonblocking(&self) -> io::Result<()> {
        self.inner.set_non_blocking(true)
    }

    pub fn send(&self, bytes: &[u8]) -> io::Result<()> {
        loop {
            match rustix::net::send(self, bytes, SendFlags::empty()) {
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
                Ok(_) => return Ok(()),
            }
        }
    }

    /// The next datagram, or none when there is none.
    ///
    /// netfilter answers within the sending system call, so after `send` everything is there already.
    pub fn try_receive<'a>(&self, buffer: &'a mut [u8]) -> io::Result<Option<&'a [u8]>> {
        loop {
            match rustix::net::recv(self, &mut *buffer, RecvFlags::DONTWAIT) {
                Ok((_, len)) => return Ok(Some(&buffer[..len.min(buffer.len())])),
                Err(rustix::io::Errno::INTR) => {}
                Err(rustix::io::Errno::AGAIN) => return Ok(None),
                Err(error) => return Err(error.into()),
            }
        }
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.inner.as_fd()
    }
}

impl AsRawFd for Socket {
    fn as_raw_fd(&self) -> RawFd {
        self.inner.as_raw_fd()
    }
}
