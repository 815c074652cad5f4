//! HTTP as stand-ins speak it.
mod answer;
mod body;
mod play;

use std::{
    net::SocketAddr,
    sync::{Arc, LazyLock},
};

use hyper::{
    header::{CONNECTION, HeaderValue},
    server::conn::{http1, http2},
    service::service_fn,
};
use hyper_util::rt::{TokioExecutor, TokioIo};

pub(crate) use answer::Answerer;

use crate::{rewind::Rewound, server::Leaving, udp::canonical};

/// Larger than any sensible set of headers, so that a client sees its headers and not a limit.
const MAX_HEADERS_BYTES: u32 = 256 * 1024;

/// Shared by all connections of the process. Without a timer there is no time limit on anything.
pub(crate) static HTTP1: LazyLock<http1::Builder> = LazyLock::new(|| {
    let mut builder = http1::Builder::new();
    builder.half_close(true);
    builder
});

static HTTP2: LazyLock<http2::Builder<TokioExecutor>> = LazyLock::new(|| {
    let mut builder = http2::Builder::new(TokioExecutor::new());
    builder.max_header_list_size(MAX_HEADERS_BYTES);
    builder
});

/// Serves one HTTP/1 connection. What fails in it concerns its client alone, who sees it.
pub(crate) async fn serve1(stream: Rewound, peer: SocketAddr, answerer: Arc<Answerer>, leaving: Leaving) {
    let (peer, local) = (canonical(peer), stream.local_address());
    let service = service_fn(move |request| {
        let (answerer, leaving) = (Arc::clone(&answerer), leaving.clone());
        async move {
            let mut response = answerer.answer(request, peer, local).await?;
            if leaving.is_near() {
                response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            }
            Ok::<_, hyper::Error>(response)
        }
    });
    let _ = HTTP1.serve_connection(TokioIo::new(stream), service).await;
}

/// Serves one HTTP/2 connection, likewise.
pub(crate) async fn serve2(stream: Rewound, peer: SocketAddr, answerer: Arc<Answerer>, mut leaving: Leaving) {
    let (peer, local) = (canonical(peer), stream.local_address());
    let service = service_fn(move |request| {
        let answerer = Arc::clone(&answerer);
        async move { answerer.answer(request, peer, local).await }
    });
    let mut connection = std::pin::pin!(HTTP2.serve_connection(TokioIo::new(stream), service));
    tokio::select! {
        _ = connection.as_mut() => return,
        () = leaving.near() => connection.as_mut().graceful_shutdown(),
    }
    let _ = connection.await;
}

/// A header value; characters that headers cannot hold become `?`.
pub(crate) fn label(text: &str) -> HeaderValue {
    let bytes: Vec<u8> = text.bytes().map(|b| if (0x20..0x7f).contains(&b) { b } else { b'?' }).collect();
    HeaderValue::from_bytes(&bytes).unwrap_or_else(|_| HeaderValue::from_static("?"))
}
