//! What rules about Services share: a Service with its parts at hand, the ports of pods, and where load balancers stand.
use std::collections::{BTreeMap, HashMap};

use k8s_openapi::{
    api::{
        core::v1::{Service, ServicePort, ServiceSpec},
        networking::v1::{Ingress, IngressBackend},
    },
    apimachinery::pkg::util::intstr::IntOrString,
};
use netloom_objects::{
    Object,
    gateway_api::{GRPCRoute, HTTPRoute},
};

use netloom_reach::custom_backends;

use crate::{
    Context, Workload,
    words::{list_of, namespace_of, title},
};

/// A Service.
#[derive(Clone, Copy)]
pub(crate) struct Svc<'a> {
    pub object: &'a Object,
    pub spec: &'a ServiceSpec,
    pub namespace: &'a str,
}

/// All Services that have a spec.
pub(in crate::rules) fn services<'a>(cx: &Context<'a>) -> impl Iterator<Item = Svc<'a>> + use<'a> {
    cx.all::<Service>().filter_map(|(object, service)| Svc::of(object, service))
}

/// The Service of a namespace and name.
pub(in crate::rules) fn find_service<'a>(cx: &Context<'a>, namespace: &str, name: &str) -> Option<Svc<'a>> {
    let (object, service) = cx.find::<Service>(Some(namespace), name)?;
    Svc::of(object, service)
}

impl<'a> Svc<'a> {
    fn of(object: &'a Object, service: &'a Service) -> Option<Self> {
        Some(Self { object, spec: service.spec.as_ref()?, namespace: namespace_of(object) })
    }

    /// `Service production/web`.
    pub fn title(&self) -> String {
        title(self.object)
    }

    /// `spec.type`, as the API server defaults it.
    pub fn kind(&self) -> &'a str {
        self.spec.type_.as_deref().unwrap_or("ClusterIP")
    }

    pub fn is_external_name(&self) -> bool {
        self.kind() == "ExternalName"
    }

    pub fn is_headless(&self) -> bool {
        self.kind() == "ClusterIP" && self.spec.cluster_ip.as_deref() == Some("None")
    }

    /// Its ports, each with its path.
    pub fn ports(&self) -> impl Iterator<Item = (String, &'a ServicePort)> + use<'a> {
        let ports = self.spec.ports.iter().flatten().enumerate();
        ports.map(|(index, port)| (format!("spec.ports[{index}]"), port))
    }

    /// Its selector, if it selects pods.
    pub fn selector(&self) -> Option<&'a BTreeMap<String, String>> {
        let selector = self.spec.selector.as_ref().filter(|selector| !selector.is_empty())?;
        (!self.is_external_name()).then_some(selector)
    }

    /// The workloads whose pods it selects.
    pub fn workloads<'c>(&self, cx: &'c Context<'a>) -> Vec<&'c Workload<'a>> {
        self.selector().map(|labels| cx.workloads_with(self.namespace, labels).collect()).unwrap_or_default()
    }
}

/// The protocol of a Service's port.
pub(in crate::rules) fn protocol_of(port: &ServicePort) -> &str {
    port.protocol.as_deref().unwrap_or("TCP")
}

/// A port that a container declares.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Declared<'a> {
    pub name: Option<&'a str>,
    pub number: i32,
    pub protocol: &'a str,
}

impl Declared<'_> {
    /// `http (8080/TCP)`.
    pub fn words(&self) -> String {
        match self.name {
            Some(name) => format!("{name} ({}/{})", self.number, self.protocol),
            None => format!("{}/{}", self.number, self.protocol),
        }
    }
}

/// The ports that the containers of a workload declare.
pub(crate) fn declared<'a>(workload: &Workload<'a>) -> Vec<Declared<'a>> {
    declarations(workload).collect()
}

/// The same, one after the other.
pub(in crate::rules) fn declarations<'a>(
    workload: &Workload<'a>,
) -> impl Iterator<Item = Declared<'a>> + use<'a> {
    let ports = workload.bare_containers().flat_map(|container| container.ports.iter().flatten());
    ports.map(|port| Declared {
        name: port.name.as_deref().filter(|name| !name.is_empty()),
        number: port.container_port,
        protocol: port.protocol.as_deref().unwrap_or("TCP"),
    })
}

/// Whether every container says which ports it has, so that one that is not said is most likely not there.
pub(in crate::rules) fn declares_everywhere(workload: &Workload<'_>) -> bool {
    workload
        .bare_containers()
        .all(|container| container.ports.as_ref().is_some_and(|ports| !ports.is_empty()))
}

/// What the ports of workloads are called, for a help text.
pub(in crate::rules) fn known_ports(workloads: &[&Workload<'_>]) -> String {
    let mut words: Vec<String> = Vec::new();
    for port in workloads.iter().flat_map(|workload| declared(workload)) {
        let text = port.words();
        if !words.contains(&text) {
            words.push(text);
        }
    }
    match words.is_empty() {
        true => "its pods declare no ports".to_owned(),
        false => format!("its pods declare {}", list_of(&words)),
    }
}

/// The number of a Service's target port, where it is a number.
pub(in crate::rules) fn target_number(port: &ServicePort) -> Option<i32> {
    match &port.target_port {
        None | Some(IntOrString::Int(0)) => Some(port.port),
        Some(IntOrString::Int(number)) => Some(*number),
        Some(IntOrString::String(_)) => None,
    }
}

/// The name of a Service's target port, where it is a name.
pub(in crate::rules) fn target_name(port: &ServicePort) -> Option<&str> {
    match &port.target_port {
        Some(IntOrString::String(name)) if !name.is_empty() => Some(name),
        _ => None,
    }
}

/// The port of a workload's pods that a Service's port leads to.
pub(in crate::rules) fn pod_port(workload: &Workload<'_>, port: &ServicePort) -> Option<i32> {
    target_number(port).or_else(|| {
        let name = target_name(port)?;
        declared(workload)
            .into_iter()
            .find(|declared| declared.name == Some(name))
            .map(|declared| declared.number)
    })
}

/// Where the target of a port is written: `targetPort`, or `port` where that is taken for it.
pub(in crate::rules) fn target_path(path: &str, port: &ServicePort) -> String {
    format!("{path}.{}", if port.target_port.is_some() { "targetPort" } else { "port" })
}

/// Whether sidecars of a mesh are injected into the pods of a namespace, or its ambient data plane takes them.
pub(in crate::rules) fn is_meshed(cx: &Context<'_>, namespace: &str) -> bool {
    let Some(labels) = cx.namespace_labels(namespace) else { return false };
    labels.get("istio-injection").is_some_and(|value| value == "enabled")
        || labels.contains_key("istio.io/rev")
        || labels.get("istio.io/dataplane-mode").is_some_and(|value| value == "ambient")
}

/// The Services that Ingresses, HTTPRoutes and GRPCRoutes of the set lead to, each with one that does and the path there.
pub(in crate::rules) fn backends<'a>(cx: &Context<'a>) -> HashMap<(&'a str, &'a str), (&'a Object, String)> {
    let mut found = HashMap::new();
    for (object, ingress) in cx.all::<Ingress>() {
        let Some(spec) = &ingress.spec else { continue };
        let mut add = |backend: &'a IngressBackend, path: String| {
            if let Some(service) = &backend.service {
                found.entry((namespace_of(object), service.name.as_str())).or_insert((object, path));
            }
        };
        if let Some(backend) = &spec.default_backend {
            add(backend, "spec.defaultBackend.service.name".to_owned());
        }
        for (i, rule) in spec.rules.iter().flatten().enumerate() {
            for (j, path) in rule.http.iter().flat_map(|http| &http.paths).enumerate() {
                add(&path.backend, format!("spec.rules[{i}].http.paths[{j}].backend.service.name"));
            }
        }
    }
    for object in cx.set.objects() {
        for backend in custom_backends(object) {
            if let Some((service, _)) = cx.find::<Service>(Some(&backend.namespace), &backend.service) {
                found.entry((namespace_of(service), &service.name)).or_insert((object, backend.path));
            }
        }
    }
    let mut route = |object: &'a Object, kind: &Option<String>, name: Name<'a>, path: String| {
        if kind.as_deref().is_none_or(|kind| kind == "Service") {
            let namespace = name.0.as_deref().unwrap_or_else(|| namespace_of(object));
            found.entry((namespace, name.1)).or_insert((object, path));
        }
    };
    for (object, http) in cx.all::<HTTPRoute>() {
        for (i, rule) in http.spec.rules.iter().enumerate() {
            for (j, to) in rule.backend_refs.iter().enumerate() {
                route(
                    object,
                    &to.kind,
                    (&to.namespace, &to.name),
                    format!("spec.rules[{i}].backendRefs[{j}]"),
                );
            }
        }
    }
    for (object, grpc) in cx.all::<GRPCRoute>() {
        for (i, rule) in grpc.spec.rules.iter().enumerate() {
            for (j, to) in rule.backend_refs.iter().enumerate() {
                route(
                    object,
                    &to.kind,
                    (&to.namespace, &to.name),
                    format!("spec.rules[{i}].backendRefs[{j}]"),
                );
            }
        }
    }
    found
}

/// A namespace, where one is given, and a name in it.
type Name<'a> = (&'a Option<String>, &'a str);
