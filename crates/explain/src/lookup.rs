//! Who is meant: names and addresses to pods, nodes, Services and the outside.
use std::{
    collections::BTreeSet,
    net::{IpAddr, Ipv6Addr},
};

use netloom_cluster::{Family, NodeId, PodId, ServiceId, Snapshot};

use crate::{Destination, ExplainError, Host, Origin, PortSpec, World, similar::similar};

/// Who opens the connection.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Source {
    /// Its full name.
    pub label: String,
    pub who: Who,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Who {
    Pods(Vec<PodId>),
    Node(NodeId),
    /// An address of nobody in the cluster.
    Address(IpAddr),
    Outside,
}

/// Whom the connection is for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Aim {
    /// A name that only the DNS explains.
    Name(String),
    Service(ServiceId),
    /// Pods by their own addresses, with their common name.
    Pods(String, Vec<PodId>),
    Node(NodeId),
    Address(IpAddr),
    Outside,
}

impl Source {
    pub fn find(world: &World, text: &str) -> Result<Self, ExplainError> {
        let text = text.trim();
        let snapshot = &world.snapshot;
        let made = |label: String, who| Ok(Self { label, who });
        if text.is_empty() {
            return Err(ExplainError::Empty);
        }
        if text == "outside" {
            return made("outside".to_owned(), Who::Outside);
        }
        if let Some(ip) = bare_address(text) {
            let label = ip.to_string();
            return match world.policies.pod_at(ip) {
                Some(pod) => made(snapshot.pod(pod).qualified_name(), Who::Pods(vec![pod])),
                None => match snapshot.nodes.iter().find(|n| n.ips.contains(ip)) {
                    Some(node) => made(format!("node/{}", node.name), Who::Node(node.id)),
                    None => made(label, Who::Address(ip)),
                },
            };
        }
        if text.contains(':') {
            return Err(ExplainError::SourceWithPort { text: text.to_owned() });
        }
        if let Some(name) = text.strip_prefix("node/") {
            return made(text.to_owned(), Who::Node(node_named(snapshot, name)?));
        }
        let (namespace, name) = match text.split_once('/') {
            Some((namespace, name)) => (known_namespace(snapshot, namespace)?, name),
            None => (choose_namespace(snapshot, text, None, "workload, pod or Service")?, text),
        };
        let label = format!("{namespace}/{name}");
        let mut pods = pods_named(snapshot, &namespace, name);
        if pods.is_empty()
            && let Some(service) = snapshot.find_service(&namespace, name)
        {
            pods = service.endpoints.iter().filter_map(|e| e.pod).collect();
            if pods.is_empty() {
                let who = format!("Service {label}");
                return Err(ExplainError::NoAddress {
                    who,
                    hint: "it has no pods that could ask; name a workload",
                });
            }
        }
        if pods.is_empty() {
            return Err(not_found(snapshot, &namespace, name));
        }
        made(label, Who::Pods(pods))
    }

    /// The namespace in which its short names are looked up first.
    pub fn namespace<'w>(&self, world: &'w World) -> Option<&'w str> {
        match &self.who {
            Who::Pods(pods) => pods.first().map(|p| &*world.snapshot.pod(*p).namespace),
            Who::Node(_) | Who::Address(_) | Who::Outside => None,
        }
    }

    /// Everyone who may ask in one family.
    pub fn origins(&self, world: &World, family: Family) -> Vec<Origin> {
        let snapshot = &world.snapshot;
        match &self.who {
            Who::Pods(pods) => {
                let speaks = |p: &&PodId| snapshot.pod(**p).ips.of(family).is_some();
                pods.iter().filter(speaks).map(|p| Origin::Pod(*p)).collect()
            }
            Who::Node(node) => {
                let speaks = snapshot.node(*node).ips.of(family).is_some();
                if speaks { vec![Origin::Node(*node)] } else { Vec::new() }
            }
            Who::Address(ip) if Family::of(*ip) == family => vec![Origin::Outside(*ip)],
            Who::Address(_) => Vec::new(),
            Who::Outside => snapshot.plan.outside.of(family).map(Origin::Outside).into_iter().collect(),
        }
    }
}

impl Aim {
    pub fn find(world: &World, source: &Source, to: &Destination) -> Result<Self, ExplainError> {
        let snapshot = &world.snapshot;
        match &to.host {
            Host::Outside => Ok(Self::Outside),
            Host::Node(name) => Ok(Self::Node(node_named(snapshot, name)?)),
            Host::Address(ip) => Ok(Self::Address(*ip)),
            Host::Name(name) if to.url || name.contains('.') => Ok(Self::Name(name.clone())),
            Host::Name(name) => {
                let from = source.namespace(world);
                let namespace = choose_namespace(snapshot, name, from, "Service, workload or pod")?;
                match snapshot.find_service(&namespace, name) {
                    Some(service) => Ok(Self::Service(service.id)),
                    None => pods_of(snapshot, &namespace, name),
                }
            }
            Host::Qualified(namespace, name) => {
                let namespace = known_namespace(snapshot, namespace)?;
                let Some(service) = snapshot.find_service(&namespace, name) else {
                    return pods_of(snapshot, &namespace, name);
                };
                // A port that only the pods have means the workload of the same name.
                let pods = pods_named(snapshot, &namespace, name);
                let on_service = match &to.port {
                    None => true,
                    Some(PortSpec::Number(n)) => service.ports.iter().any(|p| p.port == *n),
                    Some(PortSpec::Name(n)) => service.ports.iter().any(|p| p.name.as_deref() == Some(n)),
                };
                let on_pods = pods.iter().any(|p| {
                    let pod = snapshot.pod(*p);
                    match &to.port {
                        None => false,
                        Some(PortSpec::Number(n)) => pod.listening.iter().any(|(_, port)| port == n),
                        Some(PortSpec::Name(n)) => netloom_cluster::Protocol::WITH_PORTS
                            .iter()
                            .any(|p| pod.named_port(n, *p).is_some()),
                    }
                });
                if on_service || !on_pods {
                    Ok(Self::Service(service.id))
                } else {
                    pods_of(snapshot, &namespace, name)
                }
            }
        }
    }
}

fn pods_of(snapshot: &Snapshot, namespace: &str, name: &str) -> Result<Aim, ExplainError> {
    let pods = pods_named(snapshot, namespace, name);
    if pods.is_empty() {
        return Err(not_found(snapshot, namespace, name));
    }
    Ok(Aim::Pods(format!("{namespace}/{name}"), pods))
}

/// What a name means apart from any connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Named {
    /// `outside`.
    Outside,
    /// An address.
    Address(IpAddr),
    /// `node/NAME`.
    Node(NodeId),
    /// A workload, a pod, a Service, or a workload and a Service of the same name.
    Here {
        /// Their namespace.
        namespace: String,
        /// Their name.
        name: String,
        /// The pods of the workload, or the pod; none where only a Service has the name.
        pods: Vec<PodId>,
        /// The Service.
        service: Option<ServiceId>,
    },
}

impl Named {
    /// Finds what is meant by `outside`, an address, `node/NAME`, `namespace/name` or `name`. A short name is looked
    /// for in `namespace` first.
    ///
    /// # Errors
    /// When nothing has this name, or several do.
    pub fn find(snapshot: &Snapshot, text: &str, namespace: Option<&str>) -> Result<Self, ExplainError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(ExplainError::Empty);
        }
        if text == "outside" {
            return Ok(Self::Outside);
        }
        if let Some(ip) = bare_address(text) {
            return Ok(Self::Address(ip));
        }
        if let Some(name) = text.strip_prefix("node/") {
            return Ok(Self::Node(node_named(snapshot, name)?));
        }
        let (namespace, name) = match text.split_once('/') {
            Some((namespace, name)) => (known_namespace(snapshot, namespace)?, name),
            None => (choose_namespace(snapshot, text, namespace, "workload, pod or Service")?, text),
        };
        let pods = pods_named(snapshot, &namespace, name);
        let service = snapshot.find_service(&namespace, name).map(|s| s.id);
        if pods.is_empty() && service.is_none() {
            return Err(not_found(snapshot, &namespace, name));
        }
        Ok(Self::Here { namespace, name: name.to_owned(), pods, service })
    }
}

fn bare_address(text: &str) -> Option<IpAddr> {
    let inner = text.strip_prefix('[').and_then(|t| t.strip_suffix(']'));
    match inner {
        Some(inner) => inner.parse::<Ipv6Addr>().ok().map(IpAddr::V6),
        None => text.parse().ok(),
    }
}

/// The pods of a workload, or the pod of a name.
fn pods_named(snapshot: &Snapshot, namespace: &str, name: &str) -> Vec<PodId> {
    let here = snapshot.pods.iter().filter(|p| *p.namespace == *namespace);
    here.filter(|p| *p.workload.name == *name || *p.name == *name).map(|p| p.id).collect()
}

fn node_named(snapshot: &Snapshot, name: &str) -> Result<NodeId, ExplainError> {
    snapshot.nodes.iter().find(|n| *n.name == *name).map(|n| n.id).ok_or_else(|| ExplainError::NotFound {
        what: "node",
        name: name.to_owned(),
        namespace: None,
        near: match similar(name, snapshot.nodes.iter().map(|n| &*n.name)) {
            near if near.is_empty() && snapshot.nodes.len() <= 5 => {
                snapshot.nodes.iter().map(|n| n.name.to_string()).collect()
            }
            near => near,
        },
    })
}

fn known_namespace(snapshot: &Snapshot, name: &str) -> Result<String, ExplainError> {
    match snapshot.find_namespace(name) {
        Some(_) => Ok(name.to_owned()),
        None => Err(ExplainError::NoNamespace {
            name: name.to_owned(),
            near: similar(name, snapshot.namespaces.iter().map(|n| &*n.name)),
        }),
    }
}

/// The namespace of a short name: the asking one's, the only one that has it, or `default`.
fn choose_namespace(
    snapshot: &Snapshot,
    name: &str,
    from: Option<&str>,
    what: &'static str,
) -> Result<String, ExplainError> {
    let pods = snapshot.pods.iter().filter(|p| *p.workload.name == *name || *p.name == *name);
    let services = snapshot.services.iter().filter(|s| *s.name == *name);
    let found: BTreeSet<&str> = pods.map(|p| &*p.namespace).chain(services.map(|s| &*s.namespace)).collect();
    let preferred = from.filter(|f| found.contains(f));
    let only = || if found.len() == 1 { found.first().copied() } else { None };
    let default = || found.get("default").copied();
    if let Some(namespace) = preferred.or_else(only).or_else(default) {
        return Ok(namespace.to_owned());
    }
    if found.is_empty() {
        let near = similar(name, names(snapshot, None));
        return Err(ExplainError::NotFound { what, name: name.to_owned(), namespace: None, near });
    }
    let candidates = found.iter().map(|namespace| format!("{namespace}/{name}")).collect();
    Err(ExplainError::Ambiguous { name: name.to_owned(), candidates })
}

fn names<'s>(snapshot: &'s Snapshot, namespace: Option<&'s str>) -> impl Iterator<Item = &'s str> {
    let here = move |other: &str| namespace.is_none_or(|n| n == other);
    let pods = snapshot.pods.iter().filter(move |p| here(&p.namespace)).map(|p| &*p.workload.name);
    pods.chain(snapshot.services.iter().filter(move |s| here(&s.namespace)).map(|s| &*s.name))
}

fn not_found(snapshot: &Snapshot, namespace: &str, name: &str) -> ExplainError {
    let mut near = similar(name, names(snapshot, Some(namespace)));
    if near.is_empty() {
        // The right name in the wrong namespace.
        let elsewhere = snapshot.pods.iter().filter(|p| *p.workload.name == *name || *p.name == *name);
        let elsewhere: BTreeSet<String> = elsewhere.map(|p| format!("{}/{name}", p.namespace)).collect();
        near = elsewhere.into_iter().collect();
    }
    ExplainError::NotFound {
        what: "workload, pod or Service",
        name: name.to_owned(),
        namespace: Some(namespace.to_owned()),
        near,
    }
}
