//! DestinationRule.
use std::collections::BTreeMap;

use super::{LabelMatch, PortSelector};
use crate::schema::{kinds, schema};

kinds! {
    /// How clients speak to a host once it is chosen.
    pub struct DestinationRule { spec: DestinationRuleSpec }
}

schema! {
    /// What a DestinationRule says.
    pub struct DestinationRuleSpec {
        pub host: String,
        pub traffic_policy: Option<TrafficPolicy>,
        pub subsets: Vec<Subset>,
        pub export_to: Vec<String>,
        pub workload_selector: Option<LabelMatch>,
    }

    /// Some of a host's pods.
    pub struct Subset {
        pub name: String,
        pub labels: BTreeMap<String, String>,
        pub traffic_policy: Option<TrafficPolicy>,
    }

    /// How clients speak to a host.
    pub struct TrafficPolicy {
        pub load_balancer: Option<LoadBalancerSettings>,
        pub connection_pool: Option<ConnectionPoolSettings>,
        pub outlier_detection: Option<OutlierDetection>,
        pub tls: Option<ClientTLSSettings>,
        pub port_level_settings: Vec<PortTrafficPolicy>,
        pub tunnel: Option<TunnelSettings>,
        pub proxy_protocol: Option<ProxyProtocol>,
        pub retry_budget: Option<RetryBudget>,
    }

    /// How clients speak to one port of a host.
    pub struct PortTrafficPolicy {
        pub port: Option<PortSelector>,
        pub load_balancer: Option<LoadBalancerSettings>,
        pub connection_pool: Option<ConnectionPoolSettings>,
        pub outlier_detection: Option<OutlierDetection>,
        pub tls: Option<ClientTLSSettings>,
    }

    /// Who gets the next request; one of the first two is set.
    pub struct LoadBalancerSettings {
        pub simple: Option<String>,
        pub consistent_hash: Option<ConsistentHash>,
        pub locality_lb_setting: Option<LocalityLoadBalancerSetting>,
        pub zone_aware_lb_setting: Option<ZoneAwareLoadBalancerSetting>,
        pub backend_utilization: Option<BackendUtilization>,
        /// Deprecated for `warmup`.
        pub warmup_duration_secs: Option<String>,
        pub warmup: Option<Warmup>,
    }

    /// The same client to the same pod.
    pub struct ConsistentHash {
        pub http_header_name: Option<String>,
        pub http_cookie: Option<HTTPCookie>,
        pub use_source_ip: Option<bool>,
        pub http_query_parameter_name: Option<String>,
        pub ring_hash: Option<RingHash>,
        pub maglev: Option<MagLev>,
        /// Deprecated for `ringHash`.
        pub minimum_ring_size: Option<u64>,
    }

    /// The cookie that is hashed.
    pub struct HTTPCookie {
        pub name: String,
        pub path: Option<String>,
        pub ttl: Option<String>,
        pub attributes: Vec<CookieAttribute>,
    }

    /// An attribute of a cookie.
    pub struct CookieAttribute {
        pub name: String,
        pub value: String,
    }

    /// Ring hashing.
    pub struct RingHash {
        pub minimum_ring_size: Option<u64>,
    }

    /// Maglev hashing.
    pub struct MagLev {
        pub table_size: Option<u64>,
    }

    /// New pods get few requests at first.
    pub struct Warmup {
        pub duration: String,
        pub minimum_percent: Option<f64>,
        pub aggression: Option<f64>,
    }

    /// Near pods first.
    pub struct LocalityLoadBalancerSetting {
        pub distribute: Vec<Distribute>,
        pub failover: Vec<Failover>,
        pub failover_priority: Vec<String>,
        pub enabled: Option<bool>,
    }

    /// Pods of the same zone first, as far as they suffice.
    pub struct ZoneAwareLoadBalancerSetting {
        pub enabled: Option<bool>,
        pub min_cluster_size: Option<u32>,
        pub failover: Vec<Failover>,
        pub failover_priority: Vec<String>,
    }

    /// Pods that say they have the least to do first.
    pub struct BackendUtilization {
        pub error_utilization_penalty_percent: Option<u32>,
        pub metric_names_for_computing_utilization: Vec<String>,
        pub weight_expiration_period: Option<String>,
        pub weight_stabilization_period: Option<String>,
        pub weight_update_period: Option<String>,
    }

    /// Shares by locality.
    pub struct Distribute {
        pub from: String,
        pub to: BTreeMap<String, u32>,
    }

    /// Where traffic goes when a region is down.
    pub struct Failover {
        pub from: String,
        pub to: String,
    }

    /// Bounds on connections and requests.
    pub struct ConnectionPoolSettings {
        pub tcp: Option<TCPSettings>,
        pub http: Option<HTTPSettings>,
    }

    /// Bounds on connections.
    pub struct TCPSettings {
        pub max_connections: Option<i32>,
        pub connect_timeout: Option<String>,
        pub tcp_keepalive: Option<TcpKeepalive>,
        pub max_connection_duration: Option<String>,
        pub idle_timeout: Option<String>,
    }

    /// Keepalive probes.
    pub struct TcpKeepalive {
        pub probes: Option<u32>,
        pub time: Option<String>,
        pub interval: Option<String>,
    }

    /// Bounds on requests.
    pub struct HTTPSettings {
        pub http1_max_pending_requests: Option<i32>,
        pub http2_max_requests: Option<i32>,
        pub max_requests_per_connection: Option<i32>,
        pub max_retries: Option<i32>,
        pub idle_timeout: Option<String>,
        pub h2_upgrade_policy: Option<String>,
        pub use_client_protocol: Option<bool>,
        pub max_concurrent_streams: Option<i32>,
        pub http2_keep_alive: Option<HTTP2KeepAlive>,
    }

    /// Pings on HTTP/2 connections.
    pub struct HTTP2KeepAlive {
        pub interval: Option<String>,
        pub timeout: Option<String>,
    }

    /// Pods that fail are left out for a while.
    pub struct OutlierDetection {
        /// Deprecated for `consecutiveGatewayErrors` and `consecutive5xxErrors`.
        pub consecutive_errors: Option<i32>,
        pub split_external_local_origin_errors: Option<bool>,
        pub consecutive_local_origin_failures: Option<u32>,
        pub consecutive_gateway_errors: Option<u32>,
        pub consecutive5xx_errors: Option<u32>,
        pub interval: Option<String>,
        pub base_ejection_time: Option<String>,
        pub max_ejection_percent: Option<i32>,
        pub min_health_percent: Option<i32>,
        pub failure_percentage_threshold: Option<u32>,
        pub outlier_detection_http_error_codes: Vec<u32>,
    }

    /// How a client speaks TLS.
    pub struct ClientTLSSettings {
        /// `DISABLE`, `SIMPLE`, `MUTUAL` or `ISTIO_MUTUAL`.
        pub mode: Option<String>,
        pub client_certificate: Option<String>,
        pub private_key: Option<String>,
        pub ca_certificates: Option<String>,
        pub credential_name: Option<String>,
        pub ca_cert_credential_name: Option<String>,
        pub subject_alt_names: Vec<String>,
        pub sni: Option<String>,
        pub insecure_skip_verify: Option<bool>,
        pub ca_crl: Option<String>,
    }

    /// Sends TCP through a proxy.
    pub struct TunnelSettings {
        pub protocol: Option<String>,
        pub target_host: String,
        pub target_port: u32,
    }

    /// PROXY protocol to the host.
    pub struct ProxyProtocol {
        pub version: Option<String>,
    }

    /// How many of the requests under way may be repeated ones.
    pub struct RetryBudget {
        pub percent: Option<f64>,
        pub min_retry_concurrency: Option<u32>,
        pub budget_interval: Option<String>,
    }
}
