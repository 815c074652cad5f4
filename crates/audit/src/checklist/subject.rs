//! What the items are about, and how much of it a set has.
use std::collections::BTreeMap;

use k8s_openapi::api::{
    autoscaling::v2::HorizontalPodAutoscaler,
    core::v1::{Namespace, Node, Secret, Service},
    networking::v1::{Ingress, NetworkPolicy},
    policy::v1::PodDisruptionBudget,
};
use netloom_objects::{
    calico::{IPPool, Installation},
    cert_manager::{Certificate, ClusterIssuer, Issuer},
    gateway_api::{BackendTLSPolicy, GRPCRoute, Gateway, HTTPRoute, TCPRoute, TLSRoute, UDPRoute},
    istio::{
        self, AuthorizationPolicy, DestinationRule, PeerAuthentication, RequestAuthentication, ServiceEntry,
        Sidecar, VirtualService,
    },
    policy_api::{
        v1alpha1::{AdminNetworkPolicy, BaselineAdminNetworkPolicy},
        v1alpha2::ClusterNetworkPolicy,
    },
    prometheus::{PodMonitor, PrometheusRule, ServiceMonitor},
};

use crate::{
    Context, Kind,
    rules::{cni, dns, istio as mesh},
};

/// A part of the network that an item is about.
#[derive(Debug)]
pub struct Subject {
    /// What one of them is called: `workload`.
    pub one: &'static str,
    /// What several are called: `workloads`.
    pub many: &'static str,
    count: fn(&Context<'_>) -> usize,
}

impl Subject {
    /// `1 workload`, `12 workloads`.
    #[must_use]
    pub fn counted(&self, count: usize) -> String {
        format!("{count} {}", if count == 1 { self.one } else { self.many })
    }
}

/// What suppressions are counted as: they are no objects.
pub(crate) static SUPPRESSIONS: Subject = Subject { one: "suppression", many: "suppressions", count: |_| 0 };

macro_rules! subjects {
    ($($name:ident = $one:literal, $many:literal, $count:expr;)*) => {
        $(pub(super) static $name: Subject = Subject { one: $one, many: $many, count: $count };)*
        static ALL: &[&Subject] = &[$(&$name),*];
    };
}

subjects! {
    OBJECTS = "object", "objects", |cx| cx.set.objects().count();
    NAMESPACES = "Namespace", "Namespaces", of::<Namespace>;
    WORKLOADS = "workload", "workloads", |cx| cx.workloads().iter().filter(|w| !w.is_job()).count();
    JOBS_TOO = "workload or job", "workloads and jobs", |cx| cx.workloads().len();
    POLICIES = "NetworkPolicy", "NetworkPolicies", of::<NetworkPolicy>;
    ADMIN_POLICIES = "cluster-wide policy", "cluster-wide policies", |cx| {
        of::<ClusterNetworkPolicy>(cx) + of::<AdminNetworkPolicy>(cx) + of::<BaselineAdminNetworkPolicy>(cx)
    };
    SERVICES = "Service", "Services", of::<Service>;
    EXPOSED = "Service that is open outside", "Services that are open outside", |cx| typed(cx, &["LoadBalancer", "NodePort"]);
    EXTERNAL_NAMES = "ExternalName", "ExternalNames", |cx| typed(cx, &["ExternalName"]);
    INGRESSES = "Ingress", "Ingresses", of::<Ingress>;
    GATEWAYS = "Gateway", "Gateways", of::<Gateway>;
    ROUTES = "route", "routes", |cx| {
        of::<HTTPRoute>(cx) + of::<GRPCRoute>(cx) + of::<TLSRoute>(cx) + of::<TCPRoute>(cx) + of::<UDPRoute>(cx)
    };
    BACKEND_TLS = "BackendTLSPolicy", "BackendTLSPolicies", of::<BackendTLSPolicy>;
    ISTIO_GATEWAYS = "Istio Gateway", "Istio Gateways", of::<istio::Gateway>;
    VIRTUAL_SERVICES = "VirtualService", "VirtualServices", of::<VirtualService>;
    DESTINATION_RULES = "DestinationRule", "DestinationRules", of::<DestinationRule>;
    SERVICE_ENTRIES = "ServiceEntry", "ServiceEntries", of::<ServiceEntry>;
    SIDECARS = "Sidecar", "Sidecars", of::<Sidecar>;
    MESH_POLICIES = "mesh policy", "mesh policies", |cx| {
        of::<PeerAuthentication>(cx) + of::<AuthorizationPolicy>(cx) + of::<RequestAuthentication>(cx)
    };
    MESHED = "workload of the mesh", "workloads of the mesh", mesh::meshed;
    CERTIFICATES = "Certificate", "Certificates", of::<Certificate>;
    ISSUERS = "issuer", "issuers", |cx| of::<Issuer>(cx) + of::<ClusterIssuer>(cx);
    TLS_SECRETS = "TLS Secret", "TLS Secrets", |cx| {
        cx.all::<Secret>().filter(|(_, secret)| secret.type_.as_deref() == Some("kubernetes.io/tls")).count()
    };
    BUDGETS = "PodDisruptionBudget", "PodDisruptionBudgets", of::<PodDisruptionBudget>;
    SCALERS = "autoscaler", "autoscalers", of::<HorizontalPodAutoscaler>;
    MONITORS = "monitor", "monitors", |cx| of::<ServiceMonitor>(cx) + of::<PodMonitor>(cx);
    RULES = "PrometheusRule", "PrometheusRules", of::<PrometheusRule>;
    COREFILES = "Corefile", "Corefiles", dns::corefiles;
    PROXIES = "kube-proxy configuration", "kube-proxy configurations", cni::proxies;
    PROMETHEUSES = "Prometheus", "Prometheuses", |cx| cx.all_of(MONITORING, "Prometheus").len();
    ALERT_ROUTES = "AlertmanagerConfig", "AlertmanagerConfigs", |cx| cx.all_of(MONITORING, "AlertmanagerConfig").len();
    BINDINGS = "binding of a role", "bindings of roles", |cx| {
        ["RoleBinding", "ClusterRoleBinding"].iter().map(|kind| cx.all_of("rbac.authorization.k8s.io", kind).len()).sum()
    };
    PLUGINS = "CNI plugin", "CNI plugins", cni::plugins;
    CILIUM = "configuration of Cilium", "configurations of Cilium", |cx| {
        cx.all_of("", "ConfigMap").into_iter().filter(|object| &*object.name == "cilium-config").count()
    };
    POOLS = "address pool", "address pools", |cx| of::<IPPool>(cx) + of::<Installation>(cx);
    RANGES = "node with a range of pods", "nodes with ranges of pods", |cx| {
        cx.all::<Node>().filter(|(_, node)| node.spec.as_ref().is_some_and(|spec| spec.pod_cidr.is_some())).count()
    };
}

const MONITORING: &str = "monitoring.coreos.com";

fn of<K: Kind + 'static>(cx: &Context<'_>) -> usize {
    cx.all::<K>().count()
}

fn typed(cx: &Context<'_>, kinds: &[&str]) -> usize {
    let kind = |service: &Service| {
        let spec = service.spec.as_ref();
        spec.and_then(|spec| spec.type_.clone()).unwrap_or_default()
    };
    cx.all::<Service>().filter(|(_, service)| kinds.contains(&kind(service).as_str())).count()
}

/// How much of each part of the network a set has, by the name of one.
pub(crate) fn looked_at(cx: &Context<'_>) -> BTreeMap<&'static str, usize> {
    ALL.iter().map(|subject| (subject.one, (subject.count)(cx))).collect()
}
