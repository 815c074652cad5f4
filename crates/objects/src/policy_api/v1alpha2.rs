//! ClusterNetworkPolicy, policy.networking.k8s.io/v1alpha2.
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::{Deserialize, de::IgnoredAny};

pub use super::{EgressPeer, IngressPeer, NamespacedPod, Subject};

/// A cluster-wide policy of the Admin or the Baseline tier.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ClusterNetworkPolicy {
    /// `policy.networking.k8s.io/v1alpha2`.
    pub api_version: String,
    /// `ClusterNetworkPolicy`.
    pub kind: String,
    /// Name and labels.
    pub metadata: ObjectMeta,
    /// What it says.
    pub spec: ClusterNetworkPolicySpec,
    /// What a controller reports; not read.
    pub status: Option<IgnoredAny>,
}

/// What a ClusterNetworkPolicy says.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ClusterNetworkPolicySpec {
    /// `Admin` (before NetworkPolicies) or `Baseline` (after them).
    pub tier: String,
    /// 0 to 1000; the lower number goes first.
    pub priority: i32,
    /// The pods that it applies to.
    pub subject: Subject,
    /// Ingress rules, the first match decides.
    pub ingress: Option<Vec<IngressRule>>,
    /// Egress rules, the first match decides.
    pub egress: Option<Vec<EgressRule>>,
}

/// One ingress rule.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct IngressRule {
    /// A name for people.
    pub name: Option<String>,
    /// `Accept`, `Deny` or `Pass`.
    pub action: String,
    /// Sources, any of which matches.
    pub from: Vec<IngressPeer>,
    /// Protocols and ports, any of which matches; none is everything.
    pub protocols: Option<Vec<ProtocolMatch>>,
}

/// One egress rule.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct EgressRule {
    /// A name for people.
    pub name: Option<String>,
    /// `Accept`, `Deny` or `Pass`.
    pub action: String,
    /// Destinations, any of which matches.
    pub to: Vec<EgressPeer>,
    /// Protocols and ports, any of which matches; none is everything.
    pub protocols: Option<Vec<ProtocolMatch>>,
}

/// A protocol, with a port or without; exactly one field is set.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ProtocolMatch {
    /// TCP.
    pub tcp: Option<TransportMatch>,
    /// UDP.
    pub udp: Option<TransportMatch>,
    /// SCTP.
    pub sctp: Option<TransportMatch>,
    /// The name of a container port of the destination.
    pub destination_named_port: Option<String>,
}

/// What is matched inside a protocol.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct TransportMatch {
    /// The destination port.
    pub destination_port: Option<Port>,
}

/// A port or a range; exactly one field is set.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Port {
    /// One port.
    pub number: Option<i32>,
    /// Several in a row.
    pub range: Option<PortRange>,
}

/// A range of ports with both its ends.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct PortRange {
    /// The first.
    pub start: i32,
    /// The last.
    pub end: i32,
}
