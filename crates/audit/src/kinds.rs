//! From a Rust type to the objects of its kind.
use k8s_openapi::api::{
    apps::v1::{DaemonSet, Deployment, ReplicaSet, StatefulSet},
    autoscaling::v2::HorizontalPodAutoscaler,
    batch::v1::{CronJob, Job},
    core::v1::{
        ConfigMap, Endpoints, Namespace, Node, Pod, ReplicationController, Secret, Service, ServiceAccount,
    },
    discovery::v1::EndpointSlice,
    networking::v1::{Ingress, IngressClass, NetworkPolicy},
    policy::v1::PodDisruptionBudget,
};
use netloom_objects::{
    Typed,
    calico::{IPPool, Installation},
    cert_manager::{Certificate, ClusterIssuer, Issuer},
    gateway_api::{
        BackendTLSPolicy, GRPCRoute, Gateway, GatewayClass, HTTPRoute, ReferenceGrant, TCPRoute, TLSRoute,
        UDPRoute,
    },
    istio::{
        self, AuthorizationPolicy, DestinationRule, EnvoyFilter, PeerAuthentication, RequestAuthentication,
        ServiceEntry, Sidecar, Telemetry, VirtualService, WasmPlugin,
    },
    policy_api::{
        v1alpha1::{AdminNetworkPolicy, BaselineAdminNetworkPolicy},
        v1alpha2::ClusterNetworkPolicy,
    },
    prometheus::{PodMonitor, PrometheusRule, ServiceMonitor},
};

/// A kind that rules read.
pub trait Kind: Sized {
    /// `networking.k8s.io`; empty for the core group.
    const GROUP: &'static str;
    /// `NetworkPolicy`.
    const KIND: &'static str;
    /// The content, if it is of this kind.
    fn of(typed: &Typed) -> Option<&Self>;
}

macro_rules! kinds {
    ($($group:literal $kind:literal $variant:ident($type:ty),)*) => {$(
        impl Kind for $type {
            const GROUP: &'static str = $group;
            const KIND: &'static str = $kind;

            fn of(typed: &Typed) -> Option<&Self> {
                match typed {
                    Typed::$variant(content) => Some(content),
                    _ => None,
                }
            }
        }
    )*};
}

kinds! {
    "" "Namespace" Namespace(Namespace),
    "" "Node" Node(Node),
    "" "Pod" Pod(Pod),
    "" "ReplicationController" ReplicationController(ReplicationController),
    "" "Service" Service(Service),
    "" "Endpoints" Endpoints(Endpoints),
    "" "ConfigMap" ConfigMap(ConfigMap),
    "" "Secret" Secret(Secret),
    "" "ServiceAccount" ServiceAccount(ServiceAccount),
    "apps" "Deployment" Deployment(Deployment),
    "apps" "ReplicaSet" ReplicaSet(ReplicaSet),
    "apps" "StatefulSet" StatefulSet(StatefulSet),
    "apps" "DaemonSet" DaemonSet(DaemonSet),
    "batch" "Job" Job(Job),
    "batch" "CronJob" CronJob(CronJob),
    "discovery.k8s.io" "EndpointSlice" EndpointSlice(EndpointSlice),
    "networking.k8s.io" "NetworkPolicy" NetworkPolicy(NetworkPolicy),
    "policy.networking.k8s.io" "ClusterNetworkPolicy" ClusterNetworkPolicy(ClusterNetworkPolicy),
    "policy.networking.k8s.io" "AdminNetworkPolicy" AdminNetworkPolicy(AdminNetworkPolicy),
    "policy.networking.k8s.io" "BaselineAdminNetworkPolicy" BaselineAdminNetworkPolicy(BaselineAdminNetworkPolicy),
    "networking.k8s.io" "Ingress" Ingress(Ingress),
    "networking.k8s.io" "IngressClass" IngressClass(IngressClass),
    "policy" "PodDisruptionBudget" PodDisruptionBudget(PodDisruptionBudget),
    "autoscaling" "HorizontalPodAutoscaler" HorizontalPodAutoscaler(HorizontalPodAutoscaler),
    "gateway.networking.k8s.io" "GatewayClass" GatewayClass(GatewayClass),
    "gateway.networking.k8s.io" "Gateway" Gateway(Gateway),
    "gateway.networking.k8s.io" "HTTPRoute" HTTPRoute(HTTPRoute),
    "gateway.networking.k8s.io" "GRPCRoute" GRPCRoute(GRPCRoute),
    "gateway.networking.k8s.io" "TLSRoute" TLSRoute(TLSRoute),
    "gateway.networking.k8s.io" "TCPRoute" TCPRoute(TCPRoute),
    "gateway.networking.k8s.io" "UDPRoute" UDPRoute(UDPRoute),
    "gateway.networking.k8s.io" "ReferenceGrant" ReferenceGrant(ReferenceGrant),
    "gateway.networking.k8s.io" "BackendTLSPolicy" BackendTLSPolicy(BackendTLSPolicy),
    "networking.istio.io" "Gateway" IstioGateway(istio::Gateway),
    "networking.istio.io" "VirtualService" VirtualService(VirtualService),
    "networking.istio.io" "DestinationRule" DestinationRule(DestinationRule),
    "networking.istio.io" "ServiceEntry" ServiceEntry(ServiceEntry),
    "networking.istio.io" "Sidecar" Sidecar(Sidecar),
    "security.istio.io" "PeerAuthentication" PeerAuthentication(PeerAuthentication),
    "security.istio.io" "AuthorizationPolicy" AuthorizationPolicy(AuthorizationPolicy),
    "security.istio.io" "RequestAuthentication" RequestAuthentication(RequestAuthentication),
    "networking.istio.io" "EnvoyFilter" EnvoyFilter(EnvoyFilter),
    "telemetry.istio.io" "Telemetry" Telemetry(Telemetry),
    "extensions.istio.io" "WasmPlugin" WasmPlugin(WasmPlugin),
    "cert-manager.io" "Certificate" Certificate(Certificate),
    "cert-manager.io" "Issuer" Issuer(Issuer),
    "cert-manager.io" "ClusterIssuer" ClusterIssuer(ClusterIssuer),
    "monitoring.coreos.com" "ServiceMonitor" ServiceMonitor(ServiceMonitor),
    "monitoring.coreos.com" "PodMonitor" PodMonitor(PodMonitor),
    "monitoring.coreos.com" "PrometheusRule" PrometheusRule(PrometheusRule),
    "operator.tigera.io" "Installation" Installation(Installation),
    "crd.projectcalico.org" "IPPool" IPPool(IPPool),
}
