//! What the manifests publish to the outside: Ingresses, routes of Gateway API and of Istio, load balancers, node ports.
mod custom;
mod ingress;
mod istio;
mod requests;
mod routes;
mod services;

pub use requests::{Ask, Dialect, PathAsk, Rank, Routed};

use std::{borrow::Cow, collections::BTreeMap, sync::Arc};

use ipnet::IpNet;
use netloom_cluster::{PodId, Protocol, Service, Snapshot};
use netloom_objects::{Object, ObjectRef, ObjectSet, Typed, istio::VirtualService, visible};

use crate::{controllers::Carrier, outside::AddressRange};

pub use custom::{CustomBackend, custom_backends};

/// How traffic from outside comes in.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Entry {
    /// An ingress controller or a gateway takes it and connects to the pods itself.
    Controller(Carrier),
    /// A Service of type LoadBalancer.
    LoadBalancer,
    /// A port of every node.
    NodePort,
    /// An external IP of a Service.
    ExternalIp,
    /// A port of the pod's node.
    HostPort,
}

impl Entry {
    /// As people call it.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Controller(Carrier { gateway: Some(_), .. }) => "Gateway",
            Self::Controller(_) => "Ingress",
            Self::LoadBalancer => "LoadBalancer",
            Self::NodePort => "NodePort",
            Self::ExternalIp => "ExternalIP",
            Self::HostPort => "hostPort",
        }
    }
}

/// One way from outside to pods.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Published {
    /// How.
    pub entry: Entry,
    /// What a client asks for: `shop.example/cart`, `:443`.
    pub address: String,
    /// The object, at the line that publishes.
    pub by: Arc<ObjectRef>,
    /// The pods that it leads to, each with the port there.
    pub targets: Vec<(PodId, Protocol, u16)>,
    /// Who may ask, where not everyone may.
    pub only_from: Vec<IpNet>,
    /// Whether pods of other nodes than the one where a client comes in see the address of that node
    /// (`externalTrafficPolicy: Cluster`).
    pub masquerades: bool,
    /// The requests that an Ingress or a route leads here; none where whoever connects gets here.
    pub routed: Option<Routed>,
}

impl Published {
    /// Whether some address of a range may ask.
    pub(crate) fn is_for(&self, range: &AddressRange) -> bool {
        self.only_from.is_empty() || self.only_from.iter().any(|net| range.overlaps(net))
    }
}

/// Everything that is published, in the order of the input.
#[must_use]
pub fn published(objects: &ObjectSet, snapshot: &Snapshot) -> Vec<Published> {
    let set = Set::of(objects, snapshot);
    let mut found = Vec::new();
    for object in objects.objects() {
        match &object.typed {
            Typed::Ingress(ingress) => ingress::add(&set, object, ingress, &mut found),
            Typed::Service(_) => services::add(&set, object, &mut found),
            Typed::VirtualService(service) => istio::add(&set, object, service, &mut found),
            Typed::Other(_) | Typed::Runner(_) => custom::add(&set, object, &mut found),
            _ => routes::add(&set, object, &mut found),
        }
    }
    services::host_ports(snapshot, &mut found);
    for way in &mut found {
        let shown: Cow<'_, str> = visible(&way.address);
        way.address = shown.into_owned();
    }
    found
}

/// The objects that others refer to.
struct Set<'a> {
    snapshot: &'a Snapshot,
    /// Controllers by the name of their IngressClass.
    ingress_classes: BTreeMap<&'a str, &'a str>,
    default_class: Option<&'a str>,
    gateway_classes: BTreeMap<&'a str, &'a str>,
    /// Classes of Gateways by namespace and name.
    gateways: BTreeMap<(&'a str, &'a str), &'a str>,
    /// Labels of the pods of Istio's Gateways, by namespace and name.
    istio_gateways: BTreeMap<(&'a str, &'a str), &'a BTreeMap<String, String>>,
    virtual_services: BTreeMap<(&'a str, &'a str), (&'a Object, &'a VirtualService)>,
    grants: Vec<(&'a str, &'a netloom_objects::gateway_api::ReferenceGrant)>,
}

/// The namespace that an object is in.
pub(crate) fn namespace_of(object: &Object) -> &str {
    object.reference.namespace.as_deref().unwrap_or("default")
}

impl<'a> Set<'a> {
    fn of(objects: &'a ObjectSet, snapshot: &'a Snapshot) -> Self {
        let mut set = Self {
            snapshot,
            ingress_classes: BTreeMap::new(),
            default_class: None,
            gateway_classes: BTreeMap::new(),
            gateways: BTreeMap::new(),
            istio_gateways: BTreeMap::new(),
            virtual_services: BTreeMap::new(),
            grants: Vec::new(),
        };
        for object in objects.objects() {
            match &object.typed {
                Typed::IngressClass(class) => {
                    let controller = class.spec.as_ref().and_then(|s| s.controller.as_deref());
                    controller.into_iter().for_each(|c| _ = set.ingress_classes.insert(&object.name, c));
                    let is_default = object.annotations().get("ingressclass.kubernetes.io/is-default-class");
                    if is_default.is_some_and(|v| v == "true") {
                        set.default_class.get_or_insert(&object.name);
                    }
                }
                Typed::GatewayClass(class) => {
                    set.gateway_classes.insert(&object.name, &class.spec.controller_name);
                }
                Typed::Gateway(gateway) => {
                    set.gateways
                        .insert((namespace_of(object), &object.name), &gateway.spec.gateway_class_name);
                }
                Typed::IstioGateway(gateway) => {
                    set.istio_gateways.insert((namespace_of(object), &object.name), &gateway.spec.selector);
                }
                Typed::VirtualService(service) => {
                    set.virtual_services.insert((namespace_of(object), &object.name), (object, service));
                }
                Typed::ReferenceGrant(grant) => set.grants.push((namespace_of(object), grant)),
                _ => {}
            }
        }
        set
    }

    /// The pods behind a port of a Service, by number or by name; all its ports where neither is said.
    fn behind(
        &self,
        namespace: &str,
        name: &str,
        wanted: impl Fn(&netloom_cluster::ServicePort) -> bool,
    ) -> Vec<(PodId, Protocol, u16)> {
        let Some(service) = self.snapshot.find_service(namespace, name) else { return Vec::new() };
        let ports = service.ports.iter().enumerate().filter(|(_, port)| wanted(port));
        ports.flat_map(|(nth, port)| targets(service, nth, port.protocol)).collect()
    }
}

/// The pods behind one port of a Service.
pub(crate) fn targets(
    service: &Service,
    nth: usize,
    protocol: Protocol,
) -> impl Iterator<Item = (PodId, Protocol, u16)> {
    let of_port = move |e: &netloom_cluster::Endpoint| Some((e.pod?, protocol, (*e.ports.get(nth)?)?));
    service.endpoints.iter().filter_map(of_port)
}
