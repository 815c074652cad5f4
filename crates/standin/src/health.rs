//! What a load balancer asks a node: whether it holds endpoints of a Service (`healthCheckNodePort`).
//!
//! The answer is kube-proxy's, header for header (pkg/proxy/healthcheck/service_health.go).
use std::{
    convert::Infallible,
    net::TcpListener,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
};

use bytes::Bytes;
use http_body_util::Full;
use hyper::{Response, StatusCode, body::Incoming, service::service_fn};
use hyper_util::rt::TokioIo;
use serde::Serialize;

use crate::{
    ServeError, Server,
    http::{HTTP1, label},
    server::{accept_loop, adopt},
};

/// What one node knows of one Service; changed while the server runs.
#[derive(Debug)]
pub struct HealthState {
    namespace: String,
    name: String,
    local_endpoints: AtomicU32,
    proxy_healthy: AtomicBool,
}

#[derive(Serialize)]
struct Report<'a> {
    service: ServiceName<'a>,
    #[serde(rename = "localEndpoints")]
    local_endpoints: u32,
    #[serde(rename = "serviceProxyHealthy")]
    proxy_healthy: bool,
}

#[derive(Serialize)]
struct ServiceName<'a> {
    namespace: &'a str,
    name: &'a str,
}

impl HealthState {
    /// A Service with so many ready endpoints on this node, whose proxy is healthy.
    #[must_use]
    pub fn new(namespace: impl Into<String>, name: impl Into<String>, local_endpoints: u32) -> Self {
        Self {
            namespace: namespace.into(),
            name: name.into(),
            local_endpoints: AtomicU32::new(local_endpoints),
            proxy_healthy: AtomicBool::new(true),
        }
    }

    /// Sets how many ready endpoints the node holds.
    pub fn set_local_endpoints(&self, count: u32) {
        self.local_endpoints.store(count, Ordering::Relaxed);
    }

    /// Sets whether the node's Service rules are up to date.
    pub fn set_proxy_healthy(&self, healthy: bool) {
        self.proxy_healthy.store(healthy, Ordering::Relaxed);
    }

    fn response(&self) -> Response<Full<Bytes>> {
        let local_endpoints = self.local_endpoints.load(Ordering::Relaxed);
        let proxy_healthy = self.proxy_healthy.load(Ordering::Relaxed);
        let service = ServiceName { namespace: &self.namespace, name: &self.name };
        // Serialising strings and numbers does not fail; were it to, the status alone is an answer too.
        let body = serde_json::to_vec_pretty(&Report { service, local_endpoints, proxy_healthy })
            .unwrap_or_default();
        let mut response = Response::new(Full::new(body.into()));
        if local_endpoints == 0 || !proxy_healthy {
            *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
        }
        let headers = response.headers_mut();
        headers.insert("content-type", label("application/json"));
        headers.insert("x-content-type-options", label("nosniff"));
        headers.insert("x-load-balancing-endpoint-weight", local_endpoints.into());
        response
    }
}

/// Answers a Service's health check on every path, until the [`Server`] is dropped: 200 while the node holds ready
/// endpoints and its proxy is healthy, else 503.
///
/// # Errors
/// Outside a tokio runtime, and when the socket is no listener or cannot be watched.
pub fn serve_health(listener: TcpListener, state: Arc<HealthState>) -> Result<Server, ServeError> {
    let listener = adopt(listener)?;
    Ok(Server::spawn(|leaving| {
        accept_loop(listener, leaving, move |stream, _| {
            let state = Arc::clone(&state);
            async move {
                let service = service_fn(|_: hyper::Request<Incoming>| {
                    let response = state.response();
                    async move { Ok::<_, Infallible>(response) }
                });
                // What fails in a connection concerns its client alone, who sees it.
                let _ = HTTP1.serve_connection(TokioIo::new(stream), service).await;
            }
        })
    }))
}
