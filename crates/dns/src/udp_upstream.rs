//! Upstream servers over one UDP socket, and TCP where a response does not fit.
use std::{
    collections::HashMap,
    fmt,
    future::Future,
    hash::{BuildHasher, RandomState},
    io,
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use hickory_proto::op::{Message, MessageType, Query, ResponseCode};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpStream, UdpSocket},
    sync::oneshot,
    task::AbortHandle,
    time::timeout,
};

use crate::upstream::{Exchange, Upstream, UpstreamError};

/// A stub resolver waits five seconds: three attempts of this length end before it gives up.
const ATTEMPT: Duration = Duration::from_millis(1500);
const ATTEMPTS: usize = 3;

/// Opens a TCP connection to a server, from wherever the caller's sockets are to be.
pub type Connect =
    Arc<dyn Fn(SocketAddr) -> Pin<Box<dyn Future<Output = io::Result<TcpStream>> + Send>> + Send + Sync>;

/// Asks DNS servers in turn over a socket that the caller opened.
pub struct UdpUpstream {
    shared: Arc<Shared>,
    servers: Vec<SocketAddr>,
    connect: Option<Connect>,
    receiver: AbortHandle,
}

struct Shared {
    socket: UdpSocket,
    waiting: Mutex<HashMap<u16, Waiting>>,
    /// Makes IDs that nobody can foretell: a keyed hash (SipHash with a random key) of a counter.
    ids: RandomState,
    count: AtomicU64,
}

struct Waiting {
    server: SocketAddr,
    question: Query,
    response: oneshot::Sender<Message>,
}

impl fmt::Debug for UdpUpstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UdpUpstream").field("servers", &self.servers).finish_non_exhaustive()
    }
}

impl UdpUpstream {
    /// Asks these servers, the first one first. Without `connect`, responses that were cut stay cut.
    ///
    /// Must be called inside a tokio runtime with its I/O enabled.
    ///
    /// # Errors
    /// When the socket cannot be made non-blocking or registered.
    pub fn new(
        socket: std::net::UdpSocket,
        servers: Vec<SocketAddr>,
        connect: Option<Connect>,
    ) -> io::Result<Self> {
        socket.set_nonblocking(true)?;
        let shared = Arc::new(Shared {
            socket: UdpSocket::from_std(socket)?,
            waiting: Mutex::default(),
            ids: RandomState::new(),
            count: AtomicU64::new(0),
        });
        let receiver = tokio::spawn(receive(shared.clone())).abort_handle();
        Ok(Self { shared, servers, connect, receiver })
    }

    async fn ask(&self, mut query: Message) -> Result<Message, UpstreamError> {
        let mut last = Err(UpstreamError::NoServer);
        for server in self.servers.iter().cycle().take(ATTEMPTS.max(self.servers.len())) {
            last = self.ask_server(*server, &mut query, ATTEMPT, false).await;
            match &last {
                Ok(m)
                    if !matches!(
                        m.metadata.response_code,
                        ResponseCode::ServFail | ResponseCode::Refused
                    ) =>
                {
                    break;
                }
                _ => {}
            }
        }
        last
    }

    /// Asks one server, over UDP and then over TCP where the response says that it is cut; or over TCP alone.
    pub(crate) async fn ask_server(
        &self,
        server: SocketAddr,
        query: &mut Message,
        wait: Duration,
        tcp: bool,
    ) -> Result<Message, UpstreamError> {
        let (ticket, response) = self.shared.enlist(server, query)?;
        query.metadata.id = ticket.id;
        let bytes = query.to_vec()?;
        let io = |source| UpstreamError::Io { server, source };
        if let (true, Some(connect)) = (tcp, &self.connect) {
            let whole = timeout(wait, over_tcp(connect, server, query, &bytes)).await;
            return whole.unwrap_or(Err(UpstreamError::Timeout(server)));
        }
        self.shared.socket.send_to(&bytes, server).await.map_err(io)?;
        let response = timeout(wait, response).await.ok().and_then(Result::ok);
        let response = response.ok_or(UpstreamError::Timeout(server))?;
        match &self.connect {
            Some(connect) if response.metadata.truncation => {
                let whole = timeout(wait, over_tcp(connect, server, query, &bytes)).await;
                whole.unwrap_or(Err(UpstreamError::Timeout(server)))
            }
            _ => Ok(response),
        }
    }
}

impl Upstream for UdpUpstream {
    fn exchange(&self, query: Message) -> Exchange<'_> {
        Box::pin(self.ask(query))
    }
}

impl Drop for UdpUpstream {
    fn drop(&mut self) {
        self.receiver.abort();
    }
}

/// Takes a question off the list when it is answered or given up.
struct Ticket<'a> {
    shared: &'a Shared,
    id: u16,
}

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        self.shared.waiting().remove(&self.id);
    }
}

impl Shared {
    fn waiting(&self) -> MutexGuard<'_, HashMap<u16, Waiting>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn enlist(
        &self,
        server: SocketAddr,
        query: &Message,
    ) -> Result<(Ticket<'_>, oneshot::Receiver<Message>), UpstreamError> {
        /// With half of all IDs taken, so many tries find a free one but once in a million.
        const TRIES: usize = 20;
        let question = query.queries.first().cloned().unwrap_or_default();
        let mut waiting = self.waiting();
        let mut free = (0..TRIES).map(|_| self.ids.hash_one(self.count.fetch_add(1, Relaxed)) as u16);
        let id = free.find(|id| !waiting.contains_key(id)).ok_or(UpstreamError::Busy)?;
        let (response, receiver) = oneshot::channel();
        waiting.insert(id, Waiting { server, question, response });
        Ok((Ticket { shared: self, id }, receiver))
    }

    /// Hands a response to who waits for it; anything that does not fit in every respect is passed over.
    fn deliver(&self, from: SocketAddr, message: Message) {
        let mut waiting = self.waiting();
        let expected = waiting.get(&message.metadata.id).is_some_and(|w| {
            (w.server.ip().to_canonical(), w.server.port()) == (from.ip().to_canonical(), from.port())
                && answers(&message, &w.question)
        });
        if expected && let Some(found) = waiting.remove(&message.metadata.id) {
            // The question may have been given up meanwhile.
            _ = found.response.send(message);
        }
    }
}

/// Whether a message is a response to a question.
fn answers(message: &Message, question: &Query) -> bool {
    message.metadata.message_type == MessageType::Response
        && matches!(&*message.queries, [q] if q.name() == question.name()
            && q.query_type() == question.query_type()
            && q.query_class() == question.query_class())
}

async fn receive(shared: Arc<Shared>) {
    let mut buffer = vec![0; 4096];
    loop {
        match shared.socket.recv_from(&mut buffer).await {
            Ok((length, from)) => {
                if let Ok(message) = Message::from_vec(&buffer[..length]) {
                    shared.deliver(from, message);
                }
            }
            Err(error) => {
                tracing::debug!(%error, "receiving from upstream DNS");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

async fn over_tcp(
    connect: &Connect,
    server: SocketAddr,
    query: &Message,
    bytes: &[u8],
) -> Result<Message, UpstreamError> {
    let io = |source| UpstreamError::Io { server, source };
    let mut stream = connect(server).await.map_err(io)?;
    let length = u16::try_from(bytes.len()).map_err(|_| UpstreamError::Malformed("too long".to_owned()))?;
    stream.write_all(&[&length.to_be_bytes(), bytes].concat()).await.map_err(io)?;
    let length = stream.read_u16().await.map_err(io)?;
    let mut response = vec![0; usize::from(length)];
    stream.read_exact(&mut response).await.map_err(io)?;
    let response = Message::from_vec(&response).map_err(|e| UpstreamError::Malformed(e.to_string()))?;
    let question = query.queries.first().cloned().unwrap_or_default();
    if response.metadata.id != query.metadata.id || !answers(&response, &question) {
        return Err(UpstreamError::Malformed("a response to another question".to_owned()));
    }
    Ok(response)
}
