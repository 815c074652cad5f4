//! The cluster's DNS server: sockets in, answers out.
//!
//! The server knows no Snapshot and opens no socket: it answers on sockets that were opened elsewhere (in a pod's
//! network namespace) from whatever [`netloom_naming::Zone`] the caller last swapped in.
#![forbid(unsafe_code)]
mod answer;
mod limiter;
mod metrics;
mod prebuilt;
mod request;
mod responder;
mod serve;
mod tcp;
mod udp;
mod udp_upstream;
mod upstream;
mod wire;

pub use metrics::{Metrics, Report, Transport};
pub use responder::Responder;
pub use serve::{ServeError, serve};
pub use udp_upstream::{Connect, UdpUpstream};
pub use upstream::{Exchange, Upstream, UpstreamError};
