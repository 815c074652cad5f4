//! Which kinds there are: the typed ones, the other ones of Kubernetes' own groups, and which have namespaces.
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::de::DeserializeOwned;

use crate::{
    Typed,
    decode::{Decoded, decode, decode_as, nearest},
    former::{OldIngress, OldScaler, OldestScaler, successor},
    runner::decode_runner,
    tree::{NodeId, Tree},
};

/// Decodes an object of a typed kind, without the values that are to be left out (sorted). `None` for every other.
pub(crate) fn decode_typed(
    api_version: &str,
    kind: &str,
    tree: &Tree,
    root: NodeId,
    left_out: Vec<NodeId>,
) -> Option<Decoded<Typed>> {
    by_kind(api_version, kind, Decoding { tree, root, read_as: successor(api_version, kind), left_out })
}

/// Something to do with the type of a kind.
pub(crate) trait KindReader {
    /// What comes of it.
    type Out;

    /// Does it with a type, which `wrap` makes an object of its kind.
    fn read<T: DeserializeOwned>(self, wrap: fn(Box<T>) -> Typed) -> Self::Out;
}

struct Decoding<'t> {
    tree: &'t Tree,
    root: NodeId,
    read_as: Option<&'static str>,
    left_out: Vec<NodeId>,
}

impl KindReader for Decoding<'_> {
    type Out = Decoded<Typed>;

    fn read<T: DeserializeOwned>(self, wrap: fn(Box<T>) -> Typed) -> Decoded<Typed> {
        decode_as(self.tree, self.root, self.read_as, self.left_out).map(wrap)
    }
}

/// Does something with the type of a kind. `None` for kinds that are not typed.
pub(crate) fn by_kind<R: KindReader>(api_version: &str, kind: &str, reader: R) -> Option<R::Out> {
    macro_rules! typed {
        ($($($api:literal)|+ $kind:ident $(= $variant:ident)?,)*) => {
            match (api_version, kind) {
                $(($($api)|+, stringify!($kind)) => {
                    Some(reader.read(variant!($kind $($variant)?)))
                })*
                _ => None,
            }
        };
    }
    macro_rules! variant {
        ($kind:ident) => {
            Typed::$kind
        };
        ($kind:ident $variant:ident) => {
            Typed::$variant
        };
    }
    match (api_version, kind) {
        ("extensions/v1beta1" | "networking.k8s.io/v1beta1", "Ingress") => {
            return Some(reader.read(|old: Box<OldIngress>| Typed::Ingress(Box::new((*old).into()))));
        }
        ("autoscaling/v1", "HorizontalPodAutoscaler") => {
            return Some(
                reader.read(|old: Box<OldestScaler>| Typed::HorizontalPodAutoscaler(Box::new((*old).into()))),
            );
        }
        ("autoscaling/v2beta1", "HorizontalPodAutoscaler") => {
            return Some(
                reader.read(|old: Box<OldScaler>| Typed::HorizontalPodAutoscaler(Box::new((*old).into()))),
            );
        }
        _ => {}
    }
    typed! {
        "v1" Namespace,
        "v1" Node,
        "v1" Pod,
        "v1" ReplicationController,
        "v1" Service,
        "v1" Endpoints,
        "v1" ConfigMap,
        "v1" Secret,
        "v1" ServiceAccount,
        "apps/v1" | "apps/v1beta1" | "apps/v1beta2" | "extensions/v1beta1" Deployment,
        "apps/v1" | "apps/v1beta2" | "extensions/v1beta1" ReplicaSet,
        "apps/v1" | "apps/v1beta1" | "apps/v1beta2" StatefulSet,
        "apps/v1" | "apps/v1beta2" | "extensions/v1beta1" DaemonSet,
        "batch/v1" Job,
        "batch/v1" | "batch/v1beta1" | "batch/v2alpha1" CronJob,
        "discovery.k8s.io/v1" | "discovery.k8s.io/v1beta1" EndpointSlice,
        "networking.k8s.io/v1" | "extensions/v1beta1" NetworkPolicy,
        "policy.networking.k8s.io/v1alpha2" ClusterNetworkPolicy,
        "policy.networking.k8s.io/v1alpha1" AdminNetworkPolicy,
        "policy.networking.k8s.io/v1alpha1" BaselineAdminNetworkPolicy,
        "networking.k8s.io/v1" Ingress,
        "networking.k8s.io/v1" | "networking.k8s.io/v1beta1" IngressClass,
        "policy/v1" | "policy/v1beta1" PodDisruptionBudget,
        "autoscaling/v2" | "autoscaling/v2beta2" HorizontalPodAutoscaler,
        "gateway.networking.k8s.io/v1" | "gateway.networking.k8s.io/v1beta1"
            | "gateway.networking.k8s.io/v1alpha2" GatewayClass,
        "gateway.networking.k8s.io/v1" | "gateway.networking.k8s.io/v1beta1"
            | "gateway.networking.k8s.io/v1alpha2" Gateway,
        "gateway.networking.k8s.io/v1" | "gateway.networking.k8s.io/v1beta1"
            | "gateway.networking.k8s.io/v1alpha2" HTTPRoute,
        "gateway.networking.k8s.io/v1" | "gateway.networking.k8s.io/v1alpha2" GRPCRoute,
        "gateway.networking.k8s.io/v1" | "gateway.networking.k8s.io/v1alpha2"
            | "gateway.networking.k8s.io/v1alpha3" TLSRoute,
        "gateway.networking.k8s.io/v1" | "gateway.networking.k8s.io/v1alpha2" TCPRoute,
        "gateway.networking.k8s.io/v1" | "gateway.networking.k8s.io/v1alpha2" UDPRoute,
        "gateway.networking.k8s.io/v1" | "gateway.networking.k8s.io/v1beta1"
            | "gateway.networking.k8s.io/v1alpha2" ReferenceGrant,
        "gateway.networking.k8s.io/v1" | "gateway.networking.k8s.io/v1alpha3" BackendTLSPolicy,
        "networking.istio.io/v1" | "networking.istio.io/v1beta1" | "networking.istio.io/v1alpha3"
            Gateway = IstioGateway,
        "networking.istio.io/v1" | "networking.istio.io/v1beta1" | "networking.istio.io/v1alpha3"
            VirtualService,
        "networking.istio.io/v1" | "networking.istio.io/v1beta1" | "networking.istio.io/v1alpha3"
            DestinationRule,
        "networking.istio.io/v1" | "networking.istio.io/v1beta1" | "networking.istio.io/v1alpha3"
            ServiceEntry,
        "networking.istio.io/v1" | "networking.istio.io/v1beta1" | "networking.istio.io/v1alpha3" Sidecar,
        "security.istio.io/v1" | "security.istio.io/v1beta1" PeerAuthentication,
        "security.istio.io/v1" | "security.istio.io/v1beta1" AuthorizationPolicy,
        "security.istio.io/v1" | "security.istio.io/v1beta1" RequestAuthentication,
        "networking.istio.io/v1alpha3" EnvoyFilter,
        "telemetry.istio.io/v1" | "telemetry.istio.io/v1alpha1" Telemetry,
        "extensions.istio.io/v1alpha1" WasmPlugin,
        "cert-manager.io/v1" | "cert-manager.io/v1beta1" | "cert-manager.io/v1alpha3"
            | "cert-manager.io/v1alpha2" Certificate,
        "cert-manager.io/v1" | "cert-manager.io/v1beta1" | "cert-manager.io/v1alpha3"
            | "cert-manager.io/v1alpha2" Issuer,
        "cert-manager.io/v1" | "cert-manager.io/v1beta1" | "cert-manager.io/v1alpha3"
            | "cert-manager.io/v1alpha2" ClusterIssuer,
        "monitoring.coreos.com/v1" ServiceMonitor,
        "monitoring.coreos.com/v1" PodMonitor,
        "monitoring.coreos.com/v1" PrometheusRule,
        "operator.tigera.io/v1" Installation,
        "crd.projectcalico.org/v1" | "projectcalico.org/v3" IPPool,
    }
}

impl<T> Decoded<T> {
    fn map<U>(self, wrap: impl FnOnce(Box<T>) -> U) -> Decoded<U> {
        Decoded {
            value: self.value.map(|value| wrap(Box::new(value))),
            masked: self.masked,
            faults: self.faults,
            unknown: self.unknown,
            gave_up: self.gave_up,
        }
    }
}

/// Decodes the metadata of an object of another kind, and its pod templates where it has some.
pub(crate) fn decode_other(api_version: &str, kind: &str, tree: &Tree, root: NodeId) -> Decoded<Typed> {
    if let Some(runner) = decode_runner(api_version, kind, tree, root) {
        return runner.map(Typed::Runner);
    }
    match tree.get(root, "metadata") {
        Some(metadata) => decode::<ObjectMeta>(tree, metadata).map(Typed::Other),
        None => Decoded {
            value: Some(Typed::Other(Box::default())),
            masked: Vec::new(),
            faults: Vec::new(),
            unknown: Vec::new(),
            gave_up: false,
        },
    }
}

/// The versions that Kubernetes serves of its own groups that matter here, and all kinds in them.
const OWN: [(&str, &[&str]); 11] = [
    (
        "v1",
        &[
            "Binding",
            "ComponentStatus",
            "ConfigMap",
            "Endpoints",
            "Event",
            "LimitRange",
            "List",
            "Namespace",
            "Node",
            "PersistentVolume",
            "PersistentVolumeClaim",
            "Pod",
            "PodTemplate",
            "ReplicationController",
            "ResourceQuota",
            "Secret",
            "Service",
            "ServiceAccount",
            "Status",
            "Eviction",
            "Scale",
        ],
    ),
    ("apps/v1", &["ControllerRevision", "DaemonSet", "Deployment", "ReplicaSet", "Scale", "StatefulSet"]),
    ("autoscaling/v2", &["HorizontalPodAutoscaler"]),
    ("autoscaling/v1", &["HorizontalPodAutoscaler", "Scale"]),
    ("batch/v1", &["CronJob", "Job"]),
    ("discovery.k8s.io/v1", &["EndpointSlice"]),
    ("networking.k8s.io/v1", &["IPAddress", "Ingress", "IngressClass", "NetworkPolicy", "ServiceCIDR"]),
    ("networking.k8s.io/v1beta1", &["IPAddress", "ServiceCIDR"]),
    ("policy.networking.k8s.io/v1alpha2", &["ClusterNetworkPolicy"]),
    ("policy.networking.k8s.io/v1alpha1", &["AdminNetworkPolicy", "BaselineAdminNetworkPolicy"]),
    ("policy/v1", &["Eviction", "PodDisruptionBudget"]),
];

/// What is wrong with an apiVersion and kind of Kubernetes' own groups: message and help. `None` where nothing is,
/// and for groups that extend Kubernetes.
pub(crate) fn refuse_kind(api_version: &str, kind: &str) -> Option<(String, String)> {
    if let Some((_, kinds)) = OWN.iter().find(|(version, _)| *version == api_version) {
        let item_kind = kind.strip_suffix("List").filter(|item| kinds.contains(item));
        if kinds.contains(&kind) || item_kind.is_some() {
            return None;
        }
        let message = format!("there is no kind {kind} in {api_version}");
        let home = OWN.iter().find(|(_, kinds)| kinds.contains(&kind));
        let help = match (home, nearest(kind, kinds.iter().copied())) {
            (Some((home, _)), _) => format!("a {kind} has `apiVersion: {home}`"),
            (None, Some(near)) => format!("did you mean `{near}`?"),
            (None, None) => format!("{api_version} has {}", kinds.join(", ")),
        };
        return Some((message, help));
    }
    let group = api_version.split_once('/').map(|(group, _)| group)?;
    let own_group = matches!(group, "extensions" | "core" | "apps" | "autoscaling" | "batch" | "policy")
        || group == "networking.k8s.io"
        || group == "discovery.k8s.io"
        || group == "policy.networking.k8s.io";
    let (home, _) = OWN.iter().find(|(_, kinds)| kinds.contains(&kind)).filter(|_| own_group)?;
    Some((
        format!("Kubernetes serves no {kind} in {api_version}"),
        format!("write `apiVersion: {home}`, and see whether its fields are still the same"),
    ))
}

/// The apiVersion that a kind of Kubernetes' own groups has.
pub(crate) fn home_of(kind: &str) -> Option<&'static str> {
    OWN.iter().find(|(_, kinds)| kinds.contains(&kind)).map(|(version, _)| *version)
}

/// Kinds without a namespace: Kubernetes' own, and those of extensions that are met most often.
const CLUSTER_SCOPED: [&str; 44] = [
    "APIService",
    "AdminNetworkPolicy",
    "BGPConfiguration",
    "BGPPeer",
    "BaselineAdminNetworkPolicy",
    "CSIDriver",
    "CSINode",
    "CertificateSigningRequest",
    "CiliumClusterwideNetworkPolicy",
    "CiliumNode",
    "ClusterExternalSecret",
    "ClusterIssuer",
    "ClusterNetworkPolicy",
    "ClusterPolicy",
    "ClusterRole",
    "ClusterRoleBinding",
    "ClusterSecretStore",
    "ClusterTrustBundle",
    "ComponentStatus",
    "CustomResourceDefinition",
    "DeviceClass",
    "FelixConfiguration",
    "FlowSchema",
    "GatewayClass",
    "GlobalNetworkPolicy",
    "GlobalNetworkSet",
    "IPAddress",
    "IPPool",
    "IngressClass",
    "Installation",
    "MutatingAdmissionPolicy",
    "MutatingWebhookConfiguration",
    "Namespace",
    "Node",
    "PersistentVolume",
    "PriorityClass",
    "PriorityLevelConfiguration",
    "RuntimeClass",
    "ServiceCIDR",
    "StorageClass",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
    "ValidatingWebhookConfiguration",
    "VolumeAttachment",
];

/// Whether a kind's definition is installed with a program that has releases of its own, and so may have fields that
/// are younger than what is known of it here.
pub(crate) fn is_growing(api_version: &str) -> bool {
    const GROUPS: [&str; 10] = [
        "gateway.networking.k8s.io",
        "networking.istio.io",
        "security.istio.io",
        "telemetry.istio.io",
        "extensions.istio.io",
        "monitoring.coreos.com",
        "cert-manager.io",
        "operator.tigera.io",
        "projectcalico.org",
        "crd.projectcalico.org",
    ];
    api_version.split_once('/').is_some_and(|(group, _)| GROUPS.contains(&group))
}

/// Whether objects of a kind live in namespaces. Kinds that are not known are taken to.
pub(crate) fn is_namespaced(api_version: &str, kind: &str) -> bool {
    // Other projects have kinds of these names that do live in namespaces.
    let namespaced_namesake = match kind {
        "BGPPeer" => api_version.starts_with("metallb.io/"),
        "IPPool" => api_version.starts_with("whereabouts.cni.cncf.io/"),
        _ => kind.is_empty(),
    };
    namespaced_namesake || CLUSTER_SCOPED.binary_search(&kind).is_err()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_of_cluster_scoped_kinds_is_sorted() {
        assert!(CLUSTER_SCOPED.is_sorted());
    }

    #[test]
    fn wrong_homes_of_own_kinds_are_refused() {
        let table = [
            ("v1", "Pod", None),
            ("v1", "PodList", None),
            ("v1", "List", None),
            ("networking.k8s.io/v1", "Ingress", None),
            ("cilium.io/v2", "CiliumNetworkPolicy", None),
            ("crd.projectcalico.org/v1", "NetworkPolicy", None),
            ("serving.knative.dev/v1", "Service", None),
            ("networking.istio.io/v1", "Gateway", None),
            ("v1", "Deployment", Some("a Deployment has `apiVersion: apps/v1`")),
            ("apps/v1", "Deplyoment", Some("did you mean `Deployment`?")),
            ("v1", "service", Some("did you mean `Service`?")),
            (
                "networking.k8s.io/v2",
                "NetworkPolicy",
                Some(
                    "write `apiVersion: networking.k8s.io/v1`, and see whether its fields are still the same",
                ),
            ),
            (
                "batch/v3",
                "CronJob",
                Some("write `apiVersion: batch/v1`, and see whether its fields are still the same"),
            ),
        ];
        for (api_version, kind, help) in table {
            assert_eq!(
                refuse_kind(api_version, kind).map(|(_, h)| h).as_deref(),
                help,
                "{api_version} {kind}"
            );
        }
    }
}
