//! The cluster's DNS server: sockets in, answers out.
//!
//! The server knows no Snapshot and opens no socket: it answers on sockets that were opened elsewhere (in a pod's
//! network namespace) by whatever [`netloom_naming::Dns`] the caller last published. What a question means is said
//! there; here are the wire, the cache, forwarding, and the counters.
#![forbid(unsafe_code)]
mod admin;
mod answer;
mod cache;
mod exposition;
mod forwarder;
mod limiter;
mod live;
mod metrics;
mod pending;
mod plugin_counts;
mod plugin_metrics;
mod prebuilt;
mod query_log;
mod request;
mod responder;
mod serve;
mod stats;
mod tcp;
mod udp;
mod udp_upstream;
mod upstream;
mod wire;

pub use admin::serve_admin;
pub use forwarder::{Inside, Within};
pub use metrics::{Metrics, Report, Transport};
pub use query_log::QueryLog;
pub use responder::Responder;
pub use serve::{ServeError, serve};
pub use udp_upstream::{Connect, UdpUpstream};
pub use upstream::{Exchange, Upstream, UpstreamError};
