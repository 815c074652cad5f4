//! Stand-ins: pods that the set does not have and policies may speak of, so that the one evaluator judges them too.
use std::{collections::BTreeMap, sync::Arc};

use netloom_cluster::{
    Addrs, Container, ContainerPort, DnsPolicy, Namespace, NamespaceId, NodeId, Pod, PodId, Snapshot,
    Workload,
};
use netloom_objects::{Location, ObjectRef};

/// The label that the API server puts on every namespace.
pub(crate) const NAME_LABEL: &str = "kubernetes.io/metadata.name";

/// A pod that might be.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StandIn {
    /// Its namespace.
    pub home: Home,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
}

/// The namespace of a pod that might be.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Home {
    /// One of the set.
    Known(Arc<str>),
    /// Another one, of this name.
    Named(Arc<str>),
    /// Another one, with these labels.
    Labelled(BTreeMap<String, String>),
}

/// The Snapshot with stand-ins behind its own pods.
pub(crate) fn with(
    snapshot: &Snapshot,
    stand_ins: &[StandIn],
    named_ports: &BTreeMap<usize, Vec<ContainerPort>>,
) -> Snapshot {
    if stand_ins.is_empty() {
        return snapshot.clone();
    }
    let mut namespaces = (*snapshot.namespaces).clone();
    let mut pods = (*snapshot.pods).clone();
    for (nth, stand_in) in stand_ins.iter().enumerate() {
        let namespace_id = home(snapshot, &stand_in.home, nth, &mut namespaces);
        let namespace = namespaces[namespace_id.0 as usize].name.clone();
        let mut pod = pod(PodId(pods.len() as u32), namespace, namespace_id, &stand_in.labels);
        if let Some(ports) = named_ports.get(&nth) {
            let container = Container { name: "{stand-in}".into(), image: None, ports: ports.clone() };
            pod.containers = Arc::new(vec![container]);
        }
        pods.push(Arc::new(pod));
    }
    Snapshot { namespaces: Arc::new(namespaces), pods: Arc::new(pods), ..snapshot.clone() }
}

fn home(snapshot: &Snapshot, home: &Home, nth: usize, namespaces: &mut Vec<Namespace>) -> NamespaceId {
    let (name, mut labels) = match home {
        Home::Known(name) | Home::Named(name) => match snapshot.find_namespace(name) {
            Some(id) => return id,
            None => (name.clone(), BTreeMap::new()),
        },
        // No namespace can be called so.
        Home::Labelled(labels) => (format!("{{{nth}}}").into(), labels.clone()),
    };
    labels.entry(NAME_LABEL.to_owned()).or_insert_with(|| name.to_string());
    namespaces.push(Namespace { name, labels: Arc::new(labels), origin: None });
    NamespaceId(namespaces.len() as u32 - 1)
}

fn pod(id: PodId, namespace: Arc<str>, namespace_id: NamespaceId, labels: &BTreeMap<String, String>) -> Pod {
    let name: Arc<str> = "{stand-in}".into();
    Pod {
        id,
        name: name.clone(),
        origin: Arc::new(ObjectRef {
            kind: "Pod".into(),
            namespace: Some(namespace.clone()),
            name: name.clone(),
            at: Location::builtin(),
        }),
        namespace,
        namespace_id,
        labels: Arc::new(labels.clone()),
        workload: Workload { kind: "Pod".into(), name },
        // It is on none; nobody asks where it is.
        node: NodeId(u32::MAX),
        ips: Addrs::default(),
        host_network: false,
        service_account: "default".into(),
        hostname: None,
        subdomain: None,
        containers: Arc::default(),
        listening: Vec::new(),
        aimed: Vec::new(),
        host_ports: Arc::default(),
        ready: true,
        pending: false,
        dns_policy: DnsPolicy::default(),
        dns_config: Arc::default(),
        host_aliases: Arc::default(),
        run: None,
    }
}
