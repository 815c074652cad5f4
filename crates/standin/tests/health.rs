//! The health check of a Service, as load balancers see it.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]
mod common;

use std::{net::TcpListener, sync::Arc};

use common::curl;
use netloom_standin::{HealthState, serve_health};
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn health_follows_the_endpoints_and_the_proxy() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/any/path", listener.local_addr().unwrap());
    let state = Arc::new(HealthState::new("shop", "web", 2));
    let _server = serve_health(listener, Arc::clone(&state)).unwrap();
    for (endpoints, healthy, code) in
        [(2, true, "200"), (0, true, "503"), (1, false, "503"), (1, true, "200")]
    {
        state.set_local_endpoints(endpoints);
        state.set_proxy_healthy(healthy);
        let out = curl(&["-w", "|%{http_code}|%{header_json}", &url]);
        let parts: Vec<_> = out.split('|').collect();
        let body: Value = serde_json::from_str(parts[0]).unwrap();
        let service = json!({"namespace": "shop", "name": "web"});
        assert_eq!(
            body,
            json!({"service": service, "localEndpoints": endpoints, "serviceProxyHealthy": healthy})
        );
        assert_eq!(parts[1], code);
        let headers: Value = serde_json::from_str(parts[2]).unwrap();
        assert_eq!(headers["content-type"], json!(["application/json"]));
        assert_eq!(headers["x-content-type-options"], json!(["nosniff"]));
        assert_eq!(headers["x-load-balancing-endpoint-weight"], json!([endpoints.to_string()]));
    }
}
