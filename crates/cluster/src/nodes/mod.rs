//! The cluster's nodes: those that are declared, else those that pods name, else made ones.
pub mod blocks;
pub mod fit;
pub mod made;
mod neighbours;
pub mod place;
pub mod ports;
pub mod terms;

use std::{collections::HashSet, net::IpAddr, sync::Arc};

use ipnet::IpNet;
use k8s_openapi::api::core::v1::{Node as ApiNode, Taint};
use netloom_objects::{Object, ObjectRef, Typed};

use self::{fit::Candidate, made::Making};
use crate::{
    addresses::set,
    model::{Addrs, Labels, Nets},
    options::Options,
    workloads::Draft,
};

/// A node before it has addresses.
#[derive(Clone, Debug, PartialEq)]
pub struct NodeSpec {
    /// `metadata.name`.
    pub name: Arc<str>,
    /// Its labels.
    pub labels: Labels,
    /// `spec.taints`.
    pub taints: Vec<Taint>,
    /// `spec.unschedulable`.
    pub unschedulable: bool,
    /// Its addresses as given.
    pub ips: Addrs,
    /// Its pod ranges as given.
    pub pod_cidrs: Nets,
    /// The Node object.
    pub origin: Option<Arc<ObjectRef>>,
}

impl NodeSpec {
    /// What the scheduler sees of it.
    pub fn candidate(&self) -> Candidate<'_> {
        Candidate {
            name: &self.name,
            labels: &self.labels,
            taints: &self.taints,
            unschedulable: self.unschedulable,
        }
    }

    fn named(name: &str) -> Self {
        Self {
            name: Arc::from(name),
            labels: labels(name, None),
            taints: Vec::new(),
            unschedulable: false,
            ips: Addrs::default(),
            pod_cidrs: Nets::default(),
            origin: None,
        }
    }
}

/// A node's labels with those that a kubelet puts on every node.
fn labels(name: &str, own: Option<&Object>) -> Labels {
    let mut labels = own.map(|o| o.labels().clone()).unwrap_or_default();
    for (key, value) in
        [("kubernetes.io/hostname", name), ("kubernetes.io/os", "linux"), ("kubernetes.io/arch", "amd64")]
    {
        labels.entry(key.to_owned()).or_insert_with(|| value.to_owned());
    }
    // A kubelet sets these two under their former names as well.
    for (former, key) in
        [("beta.kubernetes.io/os", "kubernetes.io/os"), ("beta.kubernetes.io/arch", "kubernetes.io/arch")]
    {
        let value = labels[key].clone();
        labels.entry(former.to_owned()).or_insert(value);
    }
    Arc::new(labels)
}

/// The nodes of the cluster.
#[derive(Debug, Default)]
pub struct Nodes {
    /// In input order; made ones last.
    pub specs: Vec<NodeSpec>,
    /// Whether none is declared and none is proven by a pod that runs: there may be as many as pods ask for.
    pub made: bool,
}

/// The nodes of the cluster in input order. `pods` may add some by naming them; those that no object declares have
/// the labels that pods ask for.
pub fn nodes<'a>(
    objects: &[Arc<Object>],
    pods: impl Iterator<Item = &'a Arc<Draft>>,
    making: &Making<'_>,
    options: &Options,
    notes: &mut Vec<String>,
) -> Nodes {
    let mut nodes: Vec<NodeSpec> = objects.iter().filter_map(|o| declared(o, options)).collect();
    let declared = nodes.len();
    let mut known: HashSet<Arc<str>> = nodes.iter().map(|n| n.name.clone()).collect();
    // A pod that runs (it has the address of its host) proves its node; a name alone proves one only where no
    // nodes are declared, since nobody checks `nodeName` otherwise.
    let mut running = 0;
    for pod in pods {
        let Some(name) = &pod.template.wants.node_name else { continue };
        let proven = !pod.host_ips.is_empty();
        if !known.contains(name.as_str()) && (proven || declared == 0) {
            known.insert(Arc::from(name.as_str()));
            nodes.push(NodeSpec::named(name));
            running += usize::from(proven);
        }
        if proven && let Some(node) = nodes.iter_mut().find(|n| *n.name == **name) {
            pod.host_ips.iter().for_each(|ip| node.ips.fill(ip));
        }
    }
    if nodes.len() > declared {
        nodes[declared..].sort_by(|a, b| a.name.cmp(&b.name));
        let names: Vec<&str> = nodes[declared..].iter().map(|n| &*n.name).collect();
        notes.push(format!("no Node objects for {}, which pods name: made", names.join(", ")));
    }
    let made = declared == 0 && running == 0;
    if declared == 0 {
        let wanted = if made { options.nodes.max(1) as usize } else { nodes.len() };
        making.make(&mut nodes, wanted);
    }
    Nodes { specs: nodes, made }
}

/// A Node object. What cannot be read in it is reported where it is read.
fn declared(object: &Object, options: &Options) -> Option<NodeSpec> {
    let Typed::Node(node) = &object.typed else { return None };
    let node: &ApiNode = node;
    let mut ips = Addrs::default();
    for address in node.status.iter().flat_map(|s| s.addresses.iter().flatten()) {
        if address.type_ != "InternalIP" {
            continue;
        }
        address.address.parse::<IpAddr>().into_iter().for_each(|ip| ips.fill(ip));
    }
    let spec = node.spec.as_ref();
    let many = spec.and_then(|s| s.pod_cidrs.as_deref()).unwrap_or_default();
    let mut pod_cidrs = Nets::default();
    for text in many.iter().chain(spec.and_then(|s| s.pod_cidr.as_ref()).filter(|_| many.is_empty())) {
        text.parse::<IpNet>().into_iter().for_each(|net| set(&mut pod_cidrs, net.trunc()));
    }
    Some(NodeSpec {
        name: object.name.clone(),
        labels: labels(&object.name, Some(object)),
        taints: spec.and_then(|s| s.taints.clone()).unwrap_or_default(),
        unschedulable: spec.and_then(|s| s.unschedulable).unwrap_or(false),
        ips: restrict_addrs(ips, options),
        pod_cidrs: restrict_nets(pod_cidrs, options),
        origin: Some(object.reference.clone()),
    })
}

/// Only the families that the cluster speaks.
pub fn restrict_addrs(ips: Addrs, options: &Options) -> Addrs {
    let mut out = Addrs::default();
    ips.iter().filter(|ip| options.families.has(crate::model::Family::of(*ip))).for_each(|ip| out.fill(ip));
    out
}

fn restrict_nets(nets: Nets, options: &Options) -> Nets {
    let mut out = Nets::default();
    let speaks = |net: &IpNet| options.families.has(crate::addresses::family(*net));
    nets.iter().filter(speaks).for_each(|net| set(&mut out, net));
    out
}
