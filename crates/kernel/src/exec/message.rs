//! A pod entry on its way from the holder to the process that enters.
use std::{
    io,
    os::{
        fd::{AsFd, OwnedFd},
        unix::net::UnixStream,
    },
};

use nix::{
    fcntl::OFlag,
    sys::{signal::SigSet, stat::Mode},
};

use super::PodEntry;
use crate::fds;

impl PodEntry {
    /// Sends the entry over a blocking unix socket.
    ///
    /// # Errors
    /// When the other side is gone.
    pub fn send(&self, to: &UnixStream) -> io::Result<()> {
        let mut text = vec![u8::from(self.confined)];
        for part in [&self.hostname, &self.resolv_conf, &self.hosts] {
            text.extend((part.len() as u32).to_ne_bytes());
            text.extend(part.as_bytes());
        }
        fds::send(to, &text, &[self.user.as_fd(), self.mnt.as_fd(), self.pid.as_fd(), self.net.as_fd()])
    }

    /// Receives an entry.
    ///
    /// # Errors
    /// When the other side is gone or sends something else.
    pub fn recv(from: &UnixStream) -> io::Result<Self> {
        let (text, fds) = fds::recv(from)?;
        let wrong = || io::Error::new(io::ErrorKind::InvalidData, "this is no entry to a pod");
        let [user, mnt, pid, net]: [OwnedFd; 4] = fds.try_into().map_err(|_| wrong())?;
        let (confined, mut rest) = match text.split_first() {
            Some((0, rest)) => (false, rest),
            Some((1, rest)) => (true, rest),
            _ => return Err(wrong()),
        };
        let mut part = || -> Option<String> {
            let length = u32::from_ne_bytes(*rest.first_chunk()?) as usize;
            let text = rest.get(4..)?.get(..length)?;
            rest = &rest[4 + length..];
            String::from_utf8(text.to_vec()).ok()
        };
        let (hostname, resolv_conf, hosts) =
            (part().ok_or_else(wrong)?, part().ok_or_else(wrong)?, part().ok_or_else(wrong)?);
        Ok(Self { user, mnt, pid, net, hostname, resolv_conf, hosts, confined })
    }

    /// Receives an entry from the socket that the holder gave as standard input, which becomes /dev/null: the way of
    /// processes that the holder starts itself. The socket closes when the process has to end. Signals that are blocked
    /// in the holder arrive again.
    ///
    /// # Errors
    /// When standard input is no such socket.
    pub fn recv_from_stdin() -> io::Result<(Self, UnixStream)> {
        let stream = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
        let entry = Self::recv(&stream)?;
        let null = nix::fcntl::open("/dev/null", OFlag::O_RDWR | OFlag::O_CLOEXEC, Mode::empty())?;
        nix::unistd::dup2_stdin(&null)?;
        SigSet::all().thread_unblock()?;
        Ok((entry, stream))
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use super::*;
    use crate::fds::same_file;

    fn open(name: &str) -> OwnedFd {
        File::open(format!("/proc/self/ns/{name}")).unwrap().into()
    }

    #[test]
    fn an_entry_arrives_as_it_was_sent() {
        let (left, right) = UnixStream::pair().unwrap();
        let entry = PodEntry {
            user: open("user"),
            mnt: open("mnt"),
            pid: open("pid"),
            net: open("net"),
            hostname: "web-0".to_owned(),
            resolv_conf: "nameserver 10.96.0.10\n".to_owned(),
            hosts: String::new(),
            confined: true,
        };
        entry.send(&left).unwrap();
        let got = PodEntry::recv(&right).unwrap();
        assert_eq!(
            (got.hostname, got.resolv_conf, got.hosts, got.confined),
            (entry.hostname, entry.resolv_conf, entry.hosts, entry.confined)
        );
        for (sent, received) in
            [(entry.user, got.user), (entry.mnt, got.mnt), (entry.pid, got.pid), (entry.net, got.net)]
        {
            assert!(same_file(sent, received).unwrap());
        }
    }

    #[test]
    fn anything_else_is_refused() {
        let four = [open("user"), open("mnt"), open("pid"), open("net")];
        let four = four.each_ref().map(AsFd::as_fd);
        let lying = [&[1], 9u32.to_ne_bytes().as_slice(), b"short"].concat();
        for (text, fds) in [(&b""[..], &four[..]), (&lying, &four), (&[0; 13], &four[..3]), (&[2; 13], &four)]
        {
            let (left, right) = UnixStream::pair().unwrap();
            crate::fds::send(&left, text, fds).unwrap();
            assert_eq!(PodEntry::recv(&right).unwrap_err().kind(), io::ErrorKind::InvalidData);
        }
    }
}
