//! File descriptors sent from process to process over a unix socket.
#![forbid(unsafe_code)]

use std::{
    io::{self, IoSlice, IoSliceMut, Read, Write},
    mem::MaybeUninit,
    os::{
        fd::{AsFd, BorrowedFd, OwnedFd},
        unix::net::UnixStream,
    },
};

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage,
    SendFlags, recvmsg, sendmsg,
};

/// The most descriptors that one message carries.
const MOST_FDS: usize = 8;
/// The longest message: two files of text and a name.
const MOST_BYTES: usize = 4 << 20;

fn invalid(why: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

/// Sends bytes with file descriptors (at most 8). The socket must be blocking.
///
/// # Errors
/// When the other side is gone, or too much is sent.
pub fn send(stream: &UnixStream, bytes: &[u8], fds: &[BorrowedFd<'_>]) -> io::Result<()> {
    if fds.len() > MOST_FDS || bytes.len() > MOST_BYTES {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    let length = (bytes.len() as u32).to_ne_bytes();
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST_FDS))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if !fds.is_empty() && !control.push(SendAncillaryMessage::ScmRights(fds)) {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    // The descriptors go with the length; four bytes always fit into one message.
    let sent = loop {
        match sendmsg(stream, &[IoSlice::new(&length)], &mut control, SendFlags::NOSIGNAL) {
            Err(rustix::io::Errno::INTR) => {}
            outcome => break outcome?,
        }
    };
    let mut stream = stream;
    stream.write_all(&length[sent..])?;
    stream.write_all(bytes)
}

/// Receives what [`send`] sent.
///
/// # Errors
/// When the other side is gone, or sends something else.
pub fn recv(stream: &UnixStream) -> io::Result<(Vec<u8>, Vec<OwnedFd>)> {
    let mut length = [0; 4];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(MOST_FDS))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let received = loop {
        match recvmsg(stream, &mut [IoSliceMut::new(&mut length)], &mut control, RecvFlags::CMSG_CLOEXEC) {
            Err(rustix::io::Errno::INTR) => {}
            outcome => break outcome?.bytes,
        }
    };
    if received == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    let mut fds = Vec::new();
    for message in control.drain() {
        if let RecvAncillaryMessage::ScmRights(rights) = message {
            fds.extend(rights);
        }
    }
    let mut stream = stream;
    stream.read_exact(&mut length[received..])?;
    let length = u32::from_ne_bytes(length) as usize;
    if length > MOST_BYTES {
        return Err(invalid("a message of more than 4 MiB"));
    }
    let mut bytes = vec![0; length];
    stream.read_exact(&mut bytes)?;
    Ok((bytes, fds))
}

/// Whether two descriptors are of the same file: the same namespace, for files of /proc/PID/ns.
pub(crate) fn same_file(one: impl AsFd, other: impl AsFd) -> io::Result<bool> {
    let (one, other) = (nix::sys::stat::fstat(one)?, nix::sys::stat::fstat(other)?);
    Ok((one.st_dev, one.st_ino) == (other.st_dev, other.st_ino))
}

#[cfg(test)]
mod tests {
    use std::{fs::File, io::Seek};

    use super::*;

    #[test]
    fn files_arrive_open_and_text_whole() {
        let (left, right) = UnixStream::pair().unwrap();
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"inside").unwrap();
        let text = vec![b'x'; 300_000];
        let sender = std::thread::spawn({
            let (text, file) = (text.clone(), file.try_clone().unwrap());
            move || send(&left, &text, &[file.as_fd(), file.as_fd()]).unwrap()
        });
        let (bytes, fds) = recv(&right).unwrap();
        sender.join().unwrap();
        assert_eq!(bytes, text);
        assert_eq!(fds.len(), 2);
        assert!(same_file(&fds[0], &file).unwrap());
        let mut copy = File::from(fds.into_iter().next().unwrap());
        copy.rewind().unwrap();
        let mut content = String::new();
        copy.read_to_string(&mut content).unwrap();
        assert_eq!(content, "inside");
    }

    #[test]
    fn a_stranger_on_the_other_side_is_an_error() {
        let (left, right) = UnixStream::pair().unwrap();
        drop(left);
        assert_eq!(recv(&right).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
        let (mut left, right) = UnixStream::pair().unwrap();
        left.write_all(&u32::MAX.to_ne_bytes()).unwrap();
        assert_eq!(recv(&right).unwrap_err().kind(), io::ErrorKind::InvalidData);
        assert!(send(&right, &[], &[right.as_fd(); 9]).is_err());
    }
}
