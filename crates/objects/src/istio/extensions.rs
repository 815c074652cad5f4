//! EnvoyFilter, Telemetry and WasmPlugin: what changes the proxies themselves.
use std::collections::BTreeMap;

use serde::de::IgnoredAny;

use super::{LabelMatch, PolicyTargetReference, PortSelector, WorkloadSelector};
use crate::schema::{kinds, schema};

kinds! {
    /// Patches of the configuration that the proxies get.
    pub struct EnvoyFilter { spec: EnvoyFilterSpec }

    /// What the proxies report.
    pub struct Telemetry { spec: TelemetrySpec }

    /// A program that the proxies run for each request.
    pub struct WasmPlugin { spec: WasmPluginSpec }
}

schema! {
    /// What an EnvoyFilter says.
    pub struct EnvoyFilterSpec {
        /// All pods of the namespace where unset, of the mesh in the root namespace.
        pub workload_selector: Option<WorkloadSelector>,
        pub target_refs: Vec<PolicyTargetReference>,
        pub config_patches: Vec<EnvoyConfigObjectPatch>,
        pub priority: Option<i32>,
    }

    /// One patch, and what it is made in.
    pub struct EnvoyConfigObjectPatch {
        pub apply_to: Option<String>,
        #[serde(rename = "match")]
        pub match_: Option<EnvoyConfigObjectMatch>,
        pub patch: Option<Patch>,
    }

    /// Where a patch is made.
    pub struct EnvoyConfigObjectMatch {
        pub context: Option<String>,
        pub proxy: Option<ProxyMatch>,
        pub listener: Option<ListenerMatch>,
        pub route_configuration: Option<RouteConfigurationMatch>,
        pub cluster: Option<ClusterMatch>,
        pub waypoint: Option<WaypointMatch>,
    }

    /// Proxies by their version.
    pub struct ProxyMatch {
        pub proxy_version: Option<String>,
        pub metadata: BTreeMap<String, String>,
    }

    /// A listener.
    pub struct ListenerMatch {
        pub port_number: Option<u32>,
        pub port_name: Option<String>,
        pub filter_chain: Option<FilterChainMatch>,
        pub listener_filter: Option<String>,
        pub name: Option<String>,
    }

    /// A filter chain of a listener.
    pub struct FilterChainMatch {
        pub name: Option<String>,
        pub sni: Option<String>,
        pub transport_protocol: Option<String>,
        pub application_protocols: Option<String>,
        pub filter: Option<FilterMatch>,
        pub destination_port: Option<u32>,
    }

    /// A filter of a chain.
    pub struct FilterMatch {
        pub name: Option<String>,
        pub sub_filter: Option<SubFilterMatch>,
    }

    /// A filter inside of another one: those of HTTP.
    pub struct SubFilterMatch {
        pub name: Option<String>,
    }

    /// A table of routes.
    pub struct RouteConfigurationMatch {
        pub port_number: Option<u32>,
        pub port_name: Option<String>,
        pub gateway: Option<String>,
        pub vhost: Option<VirtualHostMatch>,
        pub name: Option<String>,
    }

    /// A virtual host.
    pub struct VirtualHostMatch {
        pub name: Option<String>,
        pub domain_name: Option<String>,
        pub route: Option<RouteMatch>,
    }

    /// A route of a virtual host.
    pub struct RouteMatch {
        pub name: Option<String>,
        pub action: Option<String>,
    }

    /// A cluster.
    pub struct ClusterMatch {
        pub port_number: Option<u32>,
        pub service: Option<String>,
        pub subset: Option<String>,
        pub name: Option<String>,
    }

    /// A waypoint's configuration.
    pub struct WaypointMatch {
        pub filter: Option<FilterMatch>,
        pub port_number: Option<u32>,
        pub route: Option<WaypointRouteMatch>,
    }

    /// A route of a waypoint.
    pub struct WaypointRouteMatch {
        pub name: Option<String>,
    }

    /// What a patch does.
    pub struct Patch {
        pub operation: Option<String>,
        /// A part of Envoy's configuration.
        pub value: Option<IgnoredAny>,
        pub filter_class: Option<String>,
    }

    /// What a Telemetry says.
    pub struct TelemetrySpec {
        /// All pods of the namespace where unset, of the mesh in the root namespace.
        pub selector: Option<LabelMatch>,
        pub target_ref: Option<PolicyTargetReference>,
        pub target_refs: Vec<PolicyTargetReference>,
        pub tracing: Vec<Tracing>,
        pub metrics: Vec<Metrics>,
        pub access_logging: Vec<AccessLogging>,
    }

    /// Which traces are made.
    pub struct Tracing {
        #[serde(rename = "match")]
        pub match_: Option<ModeMatch>,
        pub providers: Vec<ProviderRef>,
        pub random_sampling_percentage: Option<f64>,
        pub disable_span_reporting: Option<bool>,
        pub custom_tags: BTreeMap<String, IgnoredAny>,
        pub use_request_id_for_trace_sampling: Option<bool>,
        pub enable_istio_tags: Option<bool>,
        pub disable_context_propagation: Option<bool>,
    }

    /// Clients, servers or both.
    pub struct ModeMatch {
        pub mode: Option<String>,
    }

    /// A provider of the mesh's configuration.
    pub struct ProviderRef {
        pub name: String,
    }

    /// Which metrics are made.
    pub struct Metrics {
        pub providers: Vec<ProviderRef>,
        pub overrides: Vec<MetricsOverrides>,
        pub reporting_interval: Option<String>,
    }

    /// Changes of some metrics.
    pub struct MetricsOverrides {
        #[serde(rename = "match")]
        pub match_: Option<MetricSelector>,
        pub disabled: Option<bool>,
        pub tag_overrides: BTreeMap<String, TagOverride>,
    }

    /// A metric.
    pub struct MetricSelector {
        pub metric: Option<String>,
        pub custom_metric: Option<String>,
        pub mode: Option<String>,
    }

    /// A change of a label.
    pub struct TagOverride {
        pub operation: Option<String>,
        pub value: Option<String>,
    }

    /// Which requests are logged.
    pub struct AccessLogging {
        #[serde(rename = "match")]
        pub match_: Option<ModeMatch>,
        pub providers: Vec<ProviderRef>,
        pub disabled: Option<bool>,
        pub filter: Option<AccessLoggingFilter>,
    }

    /// Requests by an expression of CEL.
    pub struct AccessLoggingFilter {
        pub expression: Option<String>,
    }

    /// What a WasmPlugin says.
    pub struct WasmPluginSpec {
        /// All pods of the namespace where unset, of the mesh in the root namespace.
        pub selector: Option<LabelMatch>,
        pub target_ref: Option<PolicyTargetReference>,
        pub target_refs: Vec<PolicyTargetReference>,
        pub url: String,
        pub sha256: Option<String>,
        pub image_pull_policy: Option<String>,
        pub image_pull_secret: Option<String>,
        pub verification_key: Option<String>,
        pub plugin_config: Option<IgnoredAny>,
        pub plugin_name: Option<String>,
        pub phase: Option<String>,
        pub fail_strategy: Option<String>,
        pub priority: Option<i32>,
        #[serde(rename = "match")]
        pub match_: Vec<TrafficSelector>,
        #[serde(rename = "type")]
        pub type_: Option<String>,
        pub vm_config: Option<VmConfig>,
    }

    /// Which traffic a plugin sees.
    pub struct TrafficSelector {
        pub mode: Option<String>,
        pub ports: Vec<PortSelector>,
    }

    /// What a plugin runs in.
    pub struct VmConfig {
        pub env: Vec<WasmEnvVar>,
    }

    /// A variable of a plugin's environment.
    pub struct WasmEnvVar {
        pub name: String,
        pub value_from: Option<String>,
        pub value: Option<String>,
    }
}
