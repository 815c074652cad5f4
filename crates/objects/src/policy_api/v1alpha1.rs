//! AdminNetworkPolicy and BaselineAdminNetworkPolicy, policy.networking.k8s.io/v1alpha1.
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::{Deserialize, de::IgnoredAny};

pub use super::{EgressPeer, IngressPeer, NamespacedPod, Subject};

/// A cluster-wide policy that is judged before NetworkPolicies.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct AdminNetworkPolicy {
    /// `policy.networking.k8s.io/v1alpha1`.
    pub api_version: String,
    /// `AdminNetworkPolicy`.
    pub kind: String,
    /// Name and labels.
    pub metadata: ObjectMeta,
    /// What it says.
    pub spec: AdminNetworkPolicySpec,
    /// What a controller reports; not read.
    pub status: Option<IgnoredAny>,
}

/// What an AdminNetworkPolicy says.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct AdminNetworkPolicySpec {
    /// 0 to 1000; the lower number goes first.
    pub priority: i32,
    /// The pods that it applies to.
    pub subject: Subject,
    /// Ingress rules, the first match decides.
    pub ingress: Option<Vec<IngressRule>>,
    /// Egress rules, the first match decides.
    pub egress: Option<Vec<EgressRule>>,
}

/// The cluster's one policy that is judged after NetworkPolicies.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct BaselineAdminNetworkPolicy {
    /// `policy.networking.k8s.io/v1alpha1`.
    pub api_version: String,
    /// `BaselineAdminNetworkPolicy`.
    pub kind: String,
    /// Name and labels; the name is `default`.
    pub metadata: ObjectMeta,
    /// What it says.
    pub spec: BaselineAdminNetworkPolicySpec,
    /// What a controller reports; not read.
    pub status: Option<IgnoredAny>,
}

/// What a BaselineAdminNetworkPolicy says.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct BaselineAdminNetworkPolicySpec {
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
    /// `Allow`, `Deny` or, not in a baseline policy, `Pass`.
    pub action: String,
    /// Sources, any of which matches.
    pub from: Vec<IngressPeer>,
    /// Ports, any of which matches; none is everything.
    pub ports: Option<Vec<Port>>,
}

/// One egress rule.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct EgressRule {
    /// A name for people.
    pub name: Option<String>,
    /// `Allow`, `Deny` or, not in a baseline policy, `Pass`.
    pub action: String,
    /// Destinations, any of which matches.
    pub to: Vec<EgressPeer>,
    /// Ports, any of which matches; none is everything.
    pub ports: Option<Vec<Port>>,
}

/// A port of a rule; exactly one field is set.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Port {
    /// One port by number.
    pub port_number: Option<PortNumber>,
    /// The name of a container port of the destination.
    pub named_port: Option<String>,
    /// Several in a row.
    pub port_range: Option<PortRange>,
}

/// One port of one protocol.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct PortNumber {
    /// `TCP`, `UDP` or `SCTP`; TCP where unset.
    pub protocol: Option<String>,
    /// The port.
    pub port: i32,
}

/// A range of ports of one protocol, with both its ends.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct PortRange {
    /// `TCP`, `UDP` or `SCTP`; TCP where unset.
    pub protocol: Option<String>,
    /// The first.
    pub start: i32,
    /// The last.
    pub end: i32,
}
