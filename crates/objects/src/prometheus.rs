//! The Prometheus operator: ServiceMonitor, PodMonitor and PrometheusRule of monitoring.coreos.com/v1.
use std::collections::BTreeMap;

use k8s_openapi::{
    api::core::v1::SecretKeySelector,
    apimachinery::pkg::{apis::meta::v1::LabelSelector, util::intstr::IntOrString},
};
use serde_json::Value;

use crate::schema::{kinds, schema};

kinds! {
    /// Which Services are scraped.
    pub struct ServiceMonitor { spec: ServiceMonitorSpec }

    /// Which pods are scraped.
    pub struct PodMonitor { spec: PodMonitorSpec }

    /// Alerts and recorded series.
    pub struct PrometheusRule { spec: PrometheusRuleSpec }
}

schema! {
    /// What a ServiceMonitor says.
    pub struct ServiceMonitorSpec {
        pub job_label: Option<String>,
        pub target_labels: Vec<String>,
        pub pod_target_labels: Vec<String>,
        pub endpoints: Vec<Endpoint>,
        /// Which Services; an empty one selects all.
        pub selector: LabelSelector,
        pub selector_mechanism: Option<String>,
        /// Its own namespace where unset.
        pub namespace_selector: NamespaceSelector,
        pub sample_limit: Option<u64>,
        pub scrape_protocols: Vec<String>,
        pub fallback_scrape_protocol: Option<String>,
        pub target_limit: Option<u64>,
        pub scrape_classic_histograms: Option<bool>,
        pub scrape_native_histograms: Option<bool>,
        pub native_histogram_bucket_limit: Option<u64>,
        pub native_histogram_min_bucket_factor: Option<Value>,
        #[serde(rename = "convertClassicHistogramsToNHCB")]
        pub convert_classic_histograms_to_nhcb: Option<bool>,
        pub label_limit: Option<u64>,
        pub label_name_length_limit: Option<u64>,
        pub label_value_length_limit: Option<u64>,
        pub keep_dropped_targets: Option<u64>,
        pub attach_metadata: Option<Value>,
        pub scrape_class: Option<String>,
        pub body_size_limit: Option<String>,
        pub service_discovery_role: Option<String>,
    }

    /// In which namespaces objects are looked for.
    pub struct NamespaceSelector {
        /// All of them.
        pub any: Option<bool>,
        pub match_names: Vec<String>,
    }

    /// One port of a Service that is scraped.
    pub struct Endpoint {
        /// The name of a Service port.
        pub port: Option<String>,
        /// A port of the pods.
        pub target_port: Option<IntOrString>,
        /// `/metrics` where unset.
        pub path: Option<String>,
        pub scheme: Option<String>,
        pub params: BTreeMap<String, Vec<String>>,
        pub interval: Option<String>,
        pub scrape_timeout: Option<String>,
        pub tls_config: Option<TlsConfig>,
        pub bearer_token_file: Option<String>,
        pub bearer_token_secret: Option<SecretKeySelector>,
        pub authorization: Option<Value>,
        pub honor_labels: Option<bool>,
        pub honor_timestamps: Option<bool>,
        pub track_timestamps_staleness: Option<bool>,
        pub basic_auth: Option<BasicAuth>,
        pub oauth2: Option<Value>,
        pub metric_relabelings: Vec<RelabelConfig>,
        pub relabelings: Vec<RelabelConfig>,
        pub proxy_url: Option<String>,
        pub no_proxy: Option<String>,
        pub proxy_from_environment: Option<bool>,
        pub proxy_connect_header: Option<Value>,
        pub follow_redirects: Option<bool>,
        pub enable_http2: Option<bool>,
        pub filter_running: Option<bool>,
    }

    /// How a target's certificate is checked.
    pub struct TlsConfig {
        pub ca: Option<SecretOrConfigMap>,
        pub cert: Option<SecretOrConfigMap>,
        pub key_secret: Option<SecretKeySelector>,
        pub server_name: Option<String>,
        pub insecure_skip_verify: Option<bool>,
        pub min_version: Option<String>,
        pub max_version: Option<String>,
        pub ca_file: Option<String>,
        pub cert_file: Option<String>,
        pub key_file: Option<String>,
    }

    /// A key of a Secret or of a ConfigMap; one field is set.
    pub struct SecretOrConfigMap {
        pub secret: Option<SecretKeySelector>,
        pub config_map: Option<k8s_openapi::api::core::v1::ConfigMapKeySelector>,
    }

    /// User name and password.
    pub struct BasicAuth {
        pub username: Option<SecretKeySelector>,
        pub password: Option<SecretKeySelector>,
    }

    /// One step of rewriting labels.
    pub struct RelabelConfig {
        pub source_labels: Vec<String>,
        pub separator: Option<String>,
        pub target_label: Option<String>,
        pub regex: Option<String>,
        pub modulus: Option<u64>,
        pub replacement: Option<String>,
        /// `replace` where unset.
        pub action: Option<String>,
    }

    /// What a PodMonitor says.
    pub struct PodMonitorSpec {
        pub job_label: Option<String>,
        pub pod_target_labels: Vec<String>,
        pub pod_metrics_endpoints: Vec<PodMetricsEndpoint>,
        /// Which pods; an empty one selects all.
        pub selector: LabelSelector,
        pub selector_mechanism: Option<String>,
        /// Its own namespace where unset.
        pub namespace_selector: NamespaceSelector,
        pub sample_limit: Option<u64>,
        pub scrape_protocols: Vec<String>,
        pub fallback_scrape_protocol: Option<String>,
        pub target_limit: Option<u64>,
        pub scrape_classic_histograms: Option<bool>,
        pub scrape_native_histograms: Option<bool>,
        pub native_histogram_bucket_limit: Option<u64>,
        pub native_histogram_min_bucket_factor: Option<Value>,
        #[serde(rename = "convertClassicHistogramsToNHCB")]
        pub convert_classic_histograms_to_nhcb: Option<bool>,
        pub label_limit: Option<u64>,
        pub label_name_length_limit: Option<u64>,
        pub label_value_length_limit: Option<u64>,
        pub keep_dropped_targets: Option<u64>,
        pub attach_metadata: Option<Value>,
        pub scrape_class: Option<String>,
        pub body_size_limit: Option<String>,
    }

    /// One port of pods that is scraped.
    pub struct PodMetricsEndpoint {
        /// The name of a container port.
        pub port: Option<String>,
        pub port_number: Option<i32>,
        /// Deprecated for `port` and `portNumber`.
        pub target_port: Option<IntOrString>,
        /// `/metrics` where unset.
        pub path: Option<String>,
        pub scheme: Option<String>,
        pub params: BTreeMap<String, Vec<String>>,
        pub interval: Option<String>,
        pub scrape_timeout: Option<String>,
        pub tls_config: Option<TlsConfig>,
        pub bearer_token_secret: Option<SecretKeySelector>,
        pub authorization: Option<Value>,
        pub honor_labels: Option<bool>,
        pub honor_timestamps: Option<bool>,
        pub track_timestamps_staleness: Option<bool>,
        pub basic_auth: Option<BasicAuth>,
        pub oauth2: Option<Value>,
        pub metric_relabelings: Vec<RelabelConfig>,
        pub relabelings: Vec<RelabelConfig>,
        pub proxy_url: Option<String>,
        pub no_proxy: Option<String>,
        pub proxy_from_environment: Option<bool>,
        pub proxy_connect_header: Option<Value>,
        pub follow_redirects: Option<bool>,
        pub enable_http2: Option<bool>,
        pub filter_running: Option<bool>,
    }

    /// What a PrometheusRule says.
    pub struct PrometheusRuleSpec {
        pub groups: Vec<RuleGroup>,
    }

    /// Rules that are evaluated together.
    pub struct RuleGroup {
        pub name: String,
        pub labels: BTreeMap<String, String>,
        pub interval: Option<String>,
        #[serde(rename = "query_offset")]
        pub query_offset: Option<String>,
        pub rules: Vec<Rule>,
        #[serde(rename = "partial_response_strategy")]
        pub partial_response_strategy: Option<String>,
        pub limit: Option<i64>,
    }

    /// An alert or a recorded series.
    pub struct Rule {
        pub record: Option<String>,
        pub alert: Option<String>,
        /// A query, or a number.
        pub expr: Option<IntOrString>,
        #[serde(rename = "for")]
        pub for_: Option<String>,
        #[serde(rename = "keep_firing_for")]
        pub keep_firing_for: Option<String>,
        pub labels: BTreeMap<String, String>,
        pub annotations: BTreeMap<String, String>,
    }
}
