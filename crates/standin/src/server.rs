//! A running server, and the accept loop that all TCP servers share.
use std::{
    future::Future,
    io,
    net::SocketAddr,
    os::fd::AsFd as _,
    time::{Duration, Instant},
};

use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    task::{JoinHandle, JoinSet},
};

/// How long a server waits before it tries again when the process or the machine has run out of something.
const BACKOFF: Duration = Duration::from_millis(100);
/// How long a server that is about to end waits for whoever is on the way.
const QUIET: Duration = Duration::from_millis(20);
/// How often the same trouble is told at most.
const COMPLAINT: Duration = Duration::from_secs(30);

/// Why a socket could not be served.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The caller is not inside a tokio runtime.
    #[error("a stand-in can only be started inside a tokio runtime: enter the runtime first")]
    NoRuntime,
    /// The socket cannot be prepared or watched.
    #[error(
        "cannot serve on {address}: {source}; it must be an open IPv4 or IPv6 socket of the right type, \
         and `ulimit -n` and fs.epoll.max_user_watches must leave room for it"
    )]
    Socket {
        /// Its address, as far as known.
        address: String,
        /// What the system said.
        source: io::Error,
    },
}

impl ServeError {
    pub(crate) fn socket(address: io::Result<SocketAddr>, source: impl Into<io::Error>) -> Self {
        let address = address.map_or_else(|_| "a socket".to_owned(), |a| a.to_string());
        Self::Socket { address, source: source.into() }
    }
}

/// A running server. It ends, with its socket and its connections, when this is dropped.
#[derive(Debug)]
#[must_use = "the server ends when this is dropped"]
pub struct Server {
    task: JoinHandle<()>,
    leaving: watch::Sender<bool>,
}

/// Whether a server is about to end.
#[derive(Clone, Debug)]
pub(crate) struct Leaving(watch::Receiver<bool>);

impl Leaving {
    pub fn is_near(&self) -> bool {
        *self.0.borrow()
    }

    /// As [`Self::near`], for whoever has nothing else to ask of it.
    pub async fn told(mut self) {
        self.near().await;
    }

    /// Ready when it is, and the packets of those who were led here before have had time to arrive: closing a listener
    /// refuses whoever is in the middle of connecting.
    async fn near_and_quiet(&mut self) {
        self.near().await;
        tokio::time::sleep(QUIET).await;
    }

    /// Ready when it is.
    pub async fn near(&mut self) {
        if self.0.wait_for(|leaving| *leaving).await.is_err() {
            // The server is gone already, and this with it.
            std::future::pending().await
        }
    }
}

impl Server {
    pub(crate) fn spawn<F>(serve: impl FnOnce(Leaving) -> F) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let (leaving, told) = watch::channel(false);
        Self { task: tokio::spawn(serve(Leaving(told))), leaving }
    }

    /// Ends the server once its connections have: what is asked is answered, HTTP/1 clients hear that the connection
    /// closes with the answer, HTTP/2 clients that no new request is taken. What lasts longer than `patience` is cut.
    /// Nobody new should be led to it any more.
    pub async fn drain(mut self, patience: Duration) {
        if self.leaving.send(true).is_ok() && tokio::time::timeout(patience, &mut self.task).await.is_ok() {
            return;
        }
        self.stop().await;
    }

    /// Ends the server; its socket is closed when this returns.
    pub async fn stop(mut self) {
        self.task.abort();
        // A cancelled task is what was asked for.
        let _ = (&mut self.task).await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Takes a std listener into the runtime.
pub(crate) fn adopt(listener: std::net::TcpListener) -> Result<TcpListener, ServeError> {
    tokio::runtime::Handle::try_current().map_err(|_| ServeError::NoRuntime)?;
    let address = listener.local_addr();
    listener
        .set_nonblocking(true)
        .and_then(|()| TcpListener::from_std(listener))
        .map_err(|e| ServeError::socket(address, e))
}

/// Accepts until the server is about to end and no connection is left. The connections are tasks of this future: they
/// end when it is dropped.
pub(crate) async fn accept_loop<F>(
    listener: TcpListener,
    mut leaving: Leaving,
    mut serve: impl FnMut(TcpStream, SocketAddr) -> F + Send + 'static,
) where
    F: Future<Output = ()> + Send + 'static,
{
    let mut connections = JoinSet::new();
    let mut trouble = Trouble::default();
    loop {
        tokio::select! {
            biased;
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => {
                    connections.spawn(serve(stream, peer));
                }
                Err(error) if is_of_one_connection(&error) => {}
                Err(error) => trouble.back_off("cannot accept a connection", &error).await,
            },
            // Asked last: who waits to be accepted is let in first.
            () = leaving.near_and_quiet(), if connections.is_empty() => match waiting(&listener) {
                Some((stream, peer)) => _ = connections.spawn(serve(stream, peer)),
                None => return,
            },
        }
    }
}

/// Who has connected and was not yet seen by the runtime, which may be behind on a busy machine: closing the listener
/// would reset the connection.
fn waiting(listener: &TcpListener) -> Option<(TcpStream, SocketAddr)> {
    let listener = std::net::TcpListener::from(listener.as_fd().try_clone_to_owned().ok()?);
    let (stream, peer) = listener.accept().ok()?;
    stream.set_nonblocking(true).ok()?;
    Some((TcpStream::from_std(stream).ok()?, peer))
}

/// Whether `accept` failed for the sake of the connection that it would have returned (accept(2), "Error handling").
fn is_of_one_connection(error: &io::Error) -> bool {
    use nix::libc as c;
    matches!(
        error.raw_os_error(),
        Some(
            c::ECONNABORTED
                | c::ECONNRESET
                | c::EINTR
                | c::EPERM
                | c::EPROTO
                | c::ENETDOWN
                | c::ENETUNREACH
                | c::EHOSTDOWN
                | c::EHOSTUNREACH
                | c::ENOPROTOOPT
                | c::ENONET
                | c::EOPNOTSUPP
        )
    )
}

/// Waits out trouble that is not over at once, and tells of it now and then.
#[derive(Default)]
pub(crate) struct Trouble {
    told: Option<Instant>,
}

impl Trouble {
    pub(crate) async fn back_off(&mut self, what: &str, error: &io::Error) {
        if self.told.is_none_or(|told| told.elapsed() > COMPLAINT) {
            self.told = Some(Instant::now());
            tracing::warn!("{what}: {error}; trying again (if files ran out: raise `ulimit -n`)");
        }
        tokio::time::sleep(BACKOFF).await;
    }
}
