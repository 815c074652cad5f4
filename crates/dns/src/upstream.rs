//! Who answers for names outside the cluster.
use std::{future::Future, io, net::SocketAddr, pin::Pin};

use hickory_proto::{ProtoError, op::Message};

/// A response in the making.
pub type Exchange<'a> = Pin<Box<dyn Future<Output = Result<Message, UpstreamError>> + Send + 'a>>;

/// A resolver for the names that are not the cluster's.
pub trait Upstream: Send + Sync + 'static {
    /// Asks one question. The query's ID is the implementation's to choose; the response belongs to the question.
    fn exchange(&self, query: Message) -> Exchange<'_>;
}

/// Why there is no response from upstream.
#[derive(Debug, thiserror::Error)]
pub enum UpstreamError {
    /// There is nobody to ask.
    #[error("no upstream DNS server is set: name one with --upstream-dns")]
    NoServer,
    /// Silence.
    #[error("{0} did not answer in time: is it a DNS server, and reachable from here?")]
    Timeout(SocketAddr),
    /// The socket failed.
    #[error("cannot reach {server}: {source}")]
    Io {
        /// Who was asked.
        server: SocketAddr,
        /// What went wrong.
        source: io::Error,
    },
    /// The question cannot be written, or the response not read.
    #[error("malformed DNS message: {0}")]
    Malformed(String),
    /// All IDs are in use.
    #[error("too many questions are under way")]
    Busy,
}

impl From<ProtoError> for UpstreamError {
    fn from(error: ProtoError) -> Self {
        Self::Malformed(error.to_string())
    }
}
