//! Ports of nodes that two pods on the host's network want: the second cannot listen, and stays unready.
use std::{collections::HashMap, sync::Arc};

use crate::{
    findings::Findings,
    model::{Node, NodeId, Pod, Protocol},
};

/// A port of a node.
type Place = (NodeId, Protocol, u16);

/// Who listens on which port of which node: the pod's namespace and name.
#[derive(Debug, Default)]
pub struct Listeners(HashMap<Place, (Arc<str>, Arc<str>)>);

impl Listeners {
    /// Takes the ports of a pod on the host's network that nobody has; returns the first one that somebody has, and who.
    pub fn take(&mut self, pod: &mut Pod) -> Option<((Protocol, u16), String)> {
        let mut refused = None;
        let (node, name) = (pod.node, (pod.namespace.clone(), pod.name.clone()));
        pod.listening.retain(|(protocol, port)| {
            let owner = self.0.entry((node, *protocol, *port)).or_insert_with(|| name.clone());
            let own = *owner == name;
            if !own {
                refused.get_or_insert(((*protocol, *port), format!("{}/{}", owner.0, owner.1)));
            }
            own
        });
        refused
    }
}

/// Makes pods unready that cannot have their port, and says so.
pub fn refuse_taken(pods: &mut [Arc<Pod>], nodes: &[Node], findings: &mut Findings) {
    let mut listeners = Listeners::default();
    for pod in pods.iter_mut().filter(|pod| pod.host_network && !pod.pending && !pod.listening.is_empty()) {
        let mut tried = Pod::clone(pod);
        let Some(((protocol, port), owner)) = listeners.take(&mut tried) else { continue };
        tried.ready = false;
        let message = format!(
            "pod {} is on the network of node {}, where {owner} listens on {port}/{protocol}: it cannot listen there, and stays unready",
            tried.qualified_name(),
            nodes[tried.node.0 as usize].name,
        );
        findings
            .warning(tried.origin.at.clone(), message)
            .kept_out()
            .help("give one of the two another port, and its probes with it");
        *pod = Arc::new(tried);
    }
}
