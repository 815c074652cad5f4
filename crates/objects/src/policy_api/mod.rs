//! The cluster-wide policies of policy.networking.k8s.io, which k8s-openapi does not have.
pub mod v1alpha1;
pub mod v1alpha2;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use serde::Deserialize;

/// Pods by their namespace's labels and their own, both of which must match. An empty selector matches all.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct NamespacedPod {
    /// Which namespaces.
    pub namespace_selector: LabelSelector,
    /// Which pods in them.
    pub pod_selector: LabelSelector,
}

/// What a policy applies to; exactly one field is set.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Subject {
    /// All pods of the namespaces with these labels.
    pub namespaces: Option<LabelSelector>,
    /// Pods by both labels.
    pub pods: Option<NamespacedPod>,
}

/// Where ingress traffic comes from; exactly one field is set.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct IngressPeer {
    /// All pods of the namespaces with these labels.
    pub namespaces: Option<LabelSelector>,
    /// Pods by both labels.
    pub pods: Option<NamespacedPod>,
}

/// Where egress traffic goes; exactly one field is set.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct EgressPeer {
    /// All pods of the namespaces with these labels.
    pub namespaces: Option<LabelSelector>,
    /// Pods by both labels.
    pub pods: Option<NamespacedPod>,
    /// Nodes with these labels.
    pub nodes: Option<LabelSelector>,
    /// CIDRs.
    pub networks: Option<Vec<String>>,
    /// Domain names, `*.` in front for all names below.
    pub domain_names: Option<Vec<String>>,
}
