//! A stand-in's TCP port: HTTP/1.1 and HTTP/2 with prior knowledge where the client speaks them, an echo otherwise.
use std::{
    net::{SocketAddr, TcpListener},
    sync::Arc,
};

use nix::sys::socket::{Backlog, listen, setsockopt, sockopt};
use tokio::net::TcpStream;

use crate::{
    Identity, ServeError, Server,
    echo::echo,
    http::{self, Answerer},
    rewind::{Opening, Rewound},
    server::{Leaving, accept_loop, adopt},
    sniff::{Speech, judge},
};

/// Seconds of silence after which the kernel asks whether the peer is still there.
const KEEPALIVE_IDLE: u32 = 300;

/// Answers on a TCP listener for a pod's port, until the [`Server`] is dropped.
///
/// The first bytes tell what a client speaks. HTTP/1.1 and HTTP/2 (prior knowledge) are answered with JSON that
/// says who answers and what was asked; an `Upgrade: h2c` is declined by answering over HTTP/1.1, as RFC 9110
/// allows. All else is echoed. Nobody is timed out: a silent client holds a few hundred bytes here for as long as
/// its end of the connection lives, which the kernel asks for after five minutes.
///
/// # Errors
/// Outside a tokio runtime, and when the socket is no listener or cannot be watched.
pub fn serve_tcp(listener: TcpListener, identity: Arc<Identity>, port: u16) -> Result<Server, ServeError> {
    // Accepted sockets inherit these.
    setsockopt(&listener, sockopt::KeepAlive, &true)
        .and_then(|()| setsockopt(&listener, sockopt::TcpKeepIdle, &KEEPALIVE_IDLE))
        .and_then(|()| setsockopt(&listener, sockopt::TcpNoDelay, &true))
        // Whatever queue it was opened with: thousands of probes may connect at once.
        .and_then(|()| listen(&listener, Backlog::MAXCONN))
        .map_err(|e| ServeError::socket(listener.local_addr(), e))?;
    let listener = adopt(listener)?;
    let answerer = Arc::new(Answerer::new(identity, port));
    Ok(Server::spawn(|leaving| {
        let told = leaving.clone();
        accept_loop(listener, leaving, move |stream, peer| {
            connection(stream, peer, Arc::clone(&answerer), told.clone())
        })
    }))
}

/// One connection. What fails in it concerns the client alone, who sees it.
async fn connection(mut stream: TcpStream, peer: SocketAddr, answerer: Arc<Answerer>, leaving: Leaving) {
    let mut opening = Opening::default();
    let speech = loop {
        match judge(opening.bytes()) {
            Speech::Undecided => match opening.read_more(&mut stream).await {
                Ok(true) => {}
                Ok(false) => break Speech::Other,
                Err(_) => return,
            },
            decided => break decided,
        }
    };
    // Boxed: a connection that waits for its first byte is not as large as the largest of these.
    match speech {
        Speech::Http1 => Box::pin(http::serve1(Rewound::new(opening, stream), peer, answerer, leaving)).await,
        Speech::Http2 => Box::pin(http::serve2(Rewound::new(opening, stream), peer, answerer, leaving)).await,
        Speech::Other | Speech::Undecided => _ = Box::pin(echo(opening, stream)).await,
    }
}
