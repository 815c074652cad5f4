//! A typed Kubernetes object that knows the place of each of its fields.
use std::{collections::BTreeMap, sync::Arc};

use k8s_openapi::{
    api::{
        apps::v1::{DaemonSet, Deployment, ReplicaSet, StatefulSet},
        autoscaling::v2::HorizontalPodAutoscaler,
        batch::v1::{CronJob, Job},
        core::v1::{
            ConfigMap, Endpoints, Namespace, Node, Pod, ReplicationController, Secret, Service,
            ServiceAccount,
        },
        discovery::v1::EndpointSlice,
        networking::v1::{Ingress, IngressClass, NetworkPolicy},
        policy::v1::PodDisruptionBudget,
    },
    apimachinery::pkg::apis::meta::v1::ObjectMeta,
};

use crate::{
    Location, ObjectRef,
    calico::{IPPool, Installation},
    cert_manager::{Certificate, ClusterIssuer, Issuer},
    gateway_api::{
        BackendTLSPolicy, GRPCRoute, Gateway, GatewayClass, HTTPRoute, ReferenceGrant, TCPRoute, TLSRoute,
        UDPRoute,
    },
    istio::{
        AuthorizationPolicy, DestinationRule, EnvoyFilter, PeerAuthentication, RequestAuthentication,
        ServiceEntry, Sidecar, Telemetry, VirtualService, WasmPlugin,
    },
    policy_api::{
        v1alpha1::{AdminNetworkPolicy, BaselineAdminNetworkPolicy},
        v1alpha2::ClusterNetworkPolicy,
    },
    prometheus::{PodMonitor, PrometheusRule, ServiceMonitor},
    runner::Runner,
    tree::{Lookup, NodeId, SharedTree, Tree, View},
    unknown,
};

/// An object by its kind.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs, reason = "each variant is the Kubernetes kind of its name")]
pub enum Typed {
    Namespace(Box<Namespace>),
    Node(Box<Node>),
    Pod(Box<Pod>),
    Deployment(Box<Deployment>),
    ReplicaSet(Box<ReplicaSet>),
    StatefulSet(Box<StatefulSet>),
    DaemonSet(Box<DaemonSet>),
    Job(Box<Job>),
    CronJob(Box<CronJob>),
    ReplicationController(Box<ReplicationController>),
    Service(Box<Service>),
    Endpoints(Box<Endpoints>),
    EndpointSlice(Box<EndpointSlice>),
    ConfigMap(Box<ConfigMap>),
    Secret(Box<Secret>),
    ServiceAccount(Box<ServiceAccount>),
    NetworkPolicy(Box<NetworkPolicy>),
    ClusterNetworkPolicy(Box<ClusterNetworkPolicy>),
    AdminNetworkPolicy(Box<AdminNetworkPolicy>),
    BaselineAdminNetworkPolicy(Box<BaselineAdminNetworkPolicy>),
    Ingress(Box<Ingress>),
    IngressClass(Box<IngressClass>),
    PodDisruptionBudget(Box<PodDisruptionBudget>),
    HorizontalPodAutoscaler(Box<HorizontalPodAutoscaler>),
    GatewayClass(Box<GatewayClass>),
    Gateway(Box<Gateway>),
    HTTPRoute(Box<HTTPRoute>),
    GRPCRoute(Box<GRPCRoute>),
    TLSRoute(Box<TLSRoute>),
    TCPRoute(Box<TCPRoute>),
    UDPRoute(Box<UDPRoute>),
    ReferenceGrant(Box<ReferenceGrant>),
    BackendTLSPolicy(Box<BackendTLSPolicy>),
    /// Istio's own Gateway; [`Self::Gateway`] is that of Gateway API.
    IstioGateway(Box<crate::istio::Gateway>),
    VirtualService(Box<VirtualService>),
    DestinationRule(Box<DestinationRule>),
    ServiceEntry(Box<ServiceEntry>),
    Sidecar(Box<Sidecar>),
    PeerAuthentication(Box<PeerAuthentication>),
    AuthorizationPolicy(Box<AuthorizationPolicy>),
    RequestAuthentication(Box<RequestAuthentication>),
    EnvoyFilter(Box<EnvoyFilter>),
    Telemetry(Box<Telemetry>),
    WasmPlugin(Box<WasmPlugin>),
    Certificate(Box<Certificate>),
    Issuer(Box<Issuer>),
    ClusterIssuer(Box<ClusterIssuer>),
    ServiceMonitor(Box<ServiceMonitor>),
    PodMonitor(Box<PodMonitor>),
    PrometheusRule(Box<PrometheusRule>),
    Installation(Box<Installation>),
    IPPool(Box<IPPool>),
    /// Any other kind that has pod templates: they are read, and its metadata.
    Runner(Box<Runner>),
    /// Any other kind: only its metadata is read.
    Other(Box<ObjectMeta>),
}

/// One object of the input.
#[derive(Clone, Debug)]
pub struct Object {
    /// `apps/v1`.
    pub api_version: Arc<str>,
    /// `Deployment`.
    pub kind: Arc<str>,
    /// `metadata.namespace` as written.
    pub namespace: Option<Arc<str>>,
    /// `metadata.name`.
    pub name: Arc<str>,
    /// Its content.
    pub typed: Typed,
    /// Names it, at its first line; a namespaced kind without a namespace is in `default`.
    pub reference: Arc<ObjectRef>,
    pub(crate) place: Place,
}

/// The nodes that an object was read from.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    tree: SharedTree,
    root: NodeId,
    /// Values that were left out because they are faulty, sorted.
    masked: Box<[NodeId]>,
    /// Keys that no field has, or that stand twice.
    strange: Box<[NodeId]>,
}

impl Place {
    pub(crate) fn new(tree: SharedTree, root: NodeId, masked: Vec<NodeId>, strange: Vec<NodeId>) -> Self {
        Self { tree, root, masked: masked.into(), strange: strange.into() }
    }

    /// Where a path leads.
    pub(crate) fn look_up(&self, path: &str) -> Lookup {
        self.tree.look_up(self.root, path, &self.masked)
    }

    /// Whether a value at or below a path was left out because it is faulty.
    pub(crate) fn holds_masked(&self, path: &str) -> bool {
        let found = self.look_up(path);
        found.masked
            || found.value.is_some_and(|value| self.masked.iter().any(|m| self.tree.holds(value, *m)))
    }

    /// Whether something at or below a path could not be read, or a key stands there that no field has.
    fn holds_fault(&self, path: &str) -> bool {
        if self.masked.is_empty() && self.strange.is_empty() {
            return false;
        }
        let strange = |value| self.strange.iter().any(|key| self.tree.holds(value, *key));
        self.holds_masked(path) || self.look_up(path).value.is_some_and(strange)
    }

    /// Whether a key that no field has stands directly in the mapping at a path.
    fn has_strange_key(&self, path: &str) -> bool {
        if self.strange.is_empty() {
            return false;
        }
        let Some(value) = self.look_up(path).value else { return false };
        match self.tree.view(value) {
            View::Mapping(entries) => entries.iter().step_by(2).any(|key| self.strange.contains(key)),
            _ => false,
        }
    }

    fn lacks_items(&self, path: &str) -> bool {
        let found = self.look_up(path);
        let items = found.value.map(|value| self.tree.view(value));
        found.masked
            || matches!(items, Some(View::Sequence(items)) if items.iter().any(|i| self.masked.contains(i)))
    }

    /// The values that were left out, sorted.
    pub(crate) fn masked(&self) -> &[NodeId] {
        &self.masked
    }

    pub(crate) fn tree(&self) -> &Tree {
        &self.tree
    }

    pub(crate) fn root(&self) -> NodeId {
        self.root
    }
}

impl Object {
    /// Where a field is written: its key; for the items of a list, the item. The nearest that exists where
    /// the field itself does not. `spec.ingress[0].from[1]`, `metadata.labels.app\.kubernetes\.io/name`.
    #[must_use]
    pub fn locate(&self, path: &str) -> Location {
        self.place.tree.location(self.place.look_up(path).place)
    }

    /// Whether a field is written, with whatever value.
    #[must_use]
    pub fn is_written(&self, path: &str) -> bool {
        self.place.look_up(path).value.is_some()
    }

    /// Whether something at or below a field is not known in full: it has a value of a wrong type, which was left
    /// out, or a key that no field has or that stands twice, so that what it says may not be what was meant. A list
    /// or mapping without the faulty part can mean more than with it: who grants something by it must ask.
    #[must_use]
    pub fn holds_fault(&self, path: &str) -> bool {
        self.place.holds_fault(path)
    }

    /// Whether a key that no field has, or that stands twice, stands directly in the mapping of a field (`""`: of the
    /// object): it may have been meant as any of the fields that are not written.
    #[must_use]
    pub fn has_strange_key(&self, path: &str) -> bool {
        self.place.has_strange_key(path)
    }

    /// Line and column of each place at which something is said that depends on a value that is not known yet.
    #[must_use]
    pub fn unknown_places(&self) -> Vec<(u32, u32)> {
        match self.place.tree().has_unknown() {
            true => unknown::places(self.place.tree(), self.place.root()),
            false => Vec::new(),
        }
    }

    /// Whether a field is not the list that it should be, or items of it were left out because they are of a wrong
    /// type.
    #[must_use]
    pub fn lacks_items(&self, path: &str) -> bool {
        self.place.lacks_items(path)
    }

    /// This object at the line of a field.
    #[must_use]
    pub fn refer(&self, path: &str) -> Arc<ObjectRef> {
        Arc::new(self.reference.at(self.locate(path)))
    }

    /// The same object in a namespace, where it names none; with `over` also where it names another one. None where it stays
    /// as it is.
    pub(crate) fn placed(&self, namespace: &str, over: bool) -> Option<Self> {
        // What is of the whole cluster stays there.
        self.reference.namespace.as_ref()?;
        let stays = self.namespace.as_deref().is_some_and(|own| !over || own == namespace);
        (!stays).then(|| {
            let namespace: Arc<str> = namespace.into();
            let reference = ObjectRef { namespace: Some(namespace.clone()), ..(*self.reference).clone() };
            Self { namespace: Some(namespace), reference: Arc::new(reference), ..self.clone() }
        })
    }

    /// Its API group; empty for the core group. Groups that moved are the ones that they moved to, so that the same
    /// object is the same however it is written.
    #[must_use]
    pub fn group(&self) -> &str {
        match (self.api_version.split_once('/').map_or("", |(group, _)| group), &*self.kind) {
            ("extensions", "Ingress" | "NetworkPolicy") => "networking.k8s.io",
            ("extensions", "DaemonSet" | "Deployment" | "ReplicaSet") => "apps",
            (group, _) => group,
        }
    }

    /// `metadata`.
    #[must_use]
    pub fn metadata(&self) -> &ObjectMeta {
        self.typed.metadata()
    }

    /// `metadata.labels`; empty where there are none.
    #[must_use]
    pub fn labels(&self) -> &BTreeMap<String, String> {
        self.metadata().labels.as_ref().unwrap_or(&NONE)
    }

    /// `metadata.annotations`; empty where there are none.
    #[must_use]
    pub fn annotations(&self) -> &BTreeMap<String, String> {
        self.metadata().annotations.as_ref().unwrap_or(&NONE)
    }
}

static NONE: BTreeMap<String, String> = BTreeMap::new();

impl Typed {
    /// `metadata` of whichever kind it is.
    #[must_use]
    pub fn metadata(&self) -> &ObjectMeta {
        match self {
            Self::Namespace(o) => &o.metadata,
            Self::Node(o) => &o.metadata,
            Self::Pod(o) => &o.metadata,
            Self::Deployment(o) => &o.metadata,
            Self::ReplicaSet(o) => &o.metadata,
            Self::StatefulSet(o) => &o.metadata,
            Self::DaemonSet(o) => &o.metadata,
            Self::Job(o) => &o.metadata,
            Self::CronJob(o) => &o.metadata,
            Self::ReplicationController(o) => &o.metadata,
            Self::Service(o) => &o.metadata,
            Self::Endpoints(o) => &o.metadata,
            Self::EndpointSlice(o) => &o.metadata,
            Self::ConfigMap(o) => &o.metadata,
            Self::Secret(o) => &o.metadata,
            Self::ServiceAccount(o) => &o.metadata,
            Self::NetworkPolicy(o) => &o.metadata,
            Self::ClusterNetworkPolicy(o) => &o.metadata,
            Self::AdminNetworkPolicy(o) => &o.metadata,
            Self::BaselineAdminNetworkPolicy(o) => &o.metadata,
            Self::Ingress(o) => &o.metadata,
            Self::IngressClass(o) => &o.metadata,
            Self::PodDisruptionBudget(o) => &o.metadata,
            Self::HorizontalPodAutoscaler(o) => &o.metadata,
            Self::GatewayClass(o) => &o.metadata,
            Self::Gateway(o) => &o.metadata,
            Self::HTTPRoute(o) => &o.metadata,
            Self::GRPCRoute(o) => &o.metadata,
            Self::TLSRoute(o) => &o.metadata,
            Self::TCPRoute(o) => &o.metadata,
            Self::UDPRoute(o) => &o.metadata,
            Self::ReferenceGrant(o) => &o.metadata,
            Self::BackendTLSPolicy(o) => &o.metadata,
            Self::IstioGateway(o) => &o.metadata,
            Self::VirtualService(o) => &o.metadata,
            Self::DestinationRule(o) => &o.metadata,
            Self::ServiceEntry(o) => &o.metadata,
            Self::Sidecar(o) => &o.metadata,
            Self::PeerAuthentication(o) => &o.metadata,
            Self::AuthorizationPolicy(o) => &o.metadata,
            Self::RequestAuthentication(o) => &o.metadata,
            Self::EnvoyFilter(o) => &o.metadata,
            Self::Telemetry(o) => &o.metadata,
            Self::WasmPlugin(o) => &o.metadata,
            Self::Certificate(o) => &o.metadata,
            Self::Issuer(o) => &o.metadata,
            Self::ClusterIssuer(o) => &o.metadata,
            Self::ServiceMonitor(o) => &o.metadata,
            Self::PodMonitor(o) => &o.metadata,
            Self::PrometheusRule(o) => &o.metadata,
            Self::Installation(o) => &o.metadata,
            Self::IPPool(o) => &o.metadata,
            Self::Runner(o) => &o.metadata,
            Self::Other(metadata) => metadata,
        }
    }

    /// Whether it has a type, so that everything in it is read.
    #[must_use]
    pub fn is_known(&self) -> bool {
        !matches!(self, Self::Runner(_) | Self::Other(_))
    }
}
