//! Plain TCP: every byte back, until the client has sent its last.
use std::io;

use tokio::{io::AsyncWriteExt, net::TcpStream};

use crate::rewind::Opening;

const CHUNK: usize = 16 * 1024;

/// Echoes until the end of the stream, then closes the other direction. A client that does not read what comes
/// back is not read from either. A connection at rest holds no buffer.
pub(crate) async fn echo(opening: Opening, mut stream: TcpStream) -> io::Result<()> {
    stream.write_all(opening.bytes()).await?;
    loop {
        stream.readable().await?;
        let mut chunk = vec![0; CHUNK];
        loop {
            match stream.try_read(&mut chunk) {
                Ok(0) => return stream.shutdown().await,
                Ok(n) => stream.write_all(&chunk[..n]).await?,
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => break,
                Err(e) => return Err(e),
            }
        }
    }
}
