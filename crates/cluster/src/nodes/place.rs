//! Puts pods on nodes: where they are bound, where they were, else spread over the nodes that fit.
use std::{
    collections::{BTreeMap, HashMap},
    net::IpAddr,
    sync::Arc,
};

use super::{
    NodeSpec,
    fit::Refusal,
    made::MOST,
    neighbours::{Concern, Neighbours},
};
use crate::{
    fast::Map,
    findings::Findings,
    model::{HostPort, NodeId, Protocol, Workload},
    options::Pending,
    workloads::Draft,
};

/// Who has a port of a node, at which `hostIP`.
type Takers<'a> = Vec<(Option<IpAddr>, &'a Draft)>;

struct Nodes<'a> {
    specs: &'a [NodeSpec],
    neighbours: Neighbours<'a>,
    by_name: HashMap<&'a str, usize>,
    /// How many pods each node has.
    load: Vec<usize>,
    /// How many pods of one template each node has; a template is told by its address.
    spread: Map<(usize, usize), usize>,
    /// Ports taken on each node, and the pod that has them.
    ports: Map<(usize, Protocol, u16), Takers<'a>>,
}

/// Where pods are.
pub struct Placed {
    /// The node of each draft, in their order; none for a pod that no node takes.
    pub nodes: Vec<Option<NodeId>>,
    /// The drafts that more nodes would take: labels fit, neighbours and ports do not.
    pub crowded: Vec<usize>,
}

/// Puts pods on nodes. `previous` says which node each was on, which makes a rebuild leave pods where they are.
pub fn place(
    specs: &[NodeSpec],
    drafts: &[Arc<Draft>],
    previous: &[Option<&str>],
    pending: Pending,
    findings: &mut Findings,
) -> Placed {
    let mut nodes = Nodes {
        specs,
        neighbours: Neighbours::new(specs, drafts),
        by_name: specs.iter().enumerate().map(|(i, n)| (&*n.name, i)).collect(),
        load: vec![0; specs.len()],
        spread: Map::default(),
        ports: Map::default(),
    };
    let mut placed: Vec<Option<usize>> = vec![None; drafts.len()];
    let mut open = Vec::new();
    let mut refused: BTreeMap<(&str, &Workload), (usize, &Draft)> = BTreeMap::new();
    for (i, draft) in drafts.iter().enumerate() {
        let bound = draft.template.wants.node_name.as_deref().or(draft.daemon_node.as_deref());
        match bound {
            Some(name) => match nodes.by_name.get(name).copied() {
                // A DaemonSet's pod has its node, but comes by way of the scheduler all the same.
                Some(node) if draft.daemon_node.is_some() && !nodes.neighbours_let(node, draft) => {
                    refused.entry((&draft.namespace, &draft.workload)).or_insert((0, draft)).0 += 1;
                }
                Some(node) => {
                    nodes.warn_of_ports(node, draft, findings);
                    placed[i] = Some(node);
                    nodes.put(node, draft);
                }
                None => unknown_node(draft, name, pending, findings),
            },
            None => match previous[i].and_then(|name| nodes.by_name.get(name).copied()) {
                Some(node)
                    if nodes.refusal(node, draft, &nodes.neighbours.concern(draft), false).is_none() =>
                {
                    placed[i] = Some(node);
                    nodes.put(node, draft);
                }
                _ => open.push(i),
            },
        }
    }
    let mut crowded = Vec::new();
    for i in open {
        let draft = &drafts[i];
        match nodes.best(draft) {
            Some(node) => {
                placed[i] = Some(node);
                nodes.put(node, draft);
            }
            None => {
                if specs.len() < MOST && nodes.are_crowded(draft) {
                    crowded.push(i);
                }
                refused.entry((&draft.namespace, &draft.workload)).or_insert((0, draft)).0 += 1;
            }
        }
    }
    for ((namespace, workload), (count, draft)) in refused {
        nodes.say_pending(namespace, workload, count, draft, pending, findings);
    }
    say_unheeded(drafts, findings);
    Placed { nodes: placed.into_iter().map(|n| n.map(|n| NodeId(n as u32))).collect(), crowded }
}

impl<'a> Nodes<'a> {
    fn put(&mut self, node: usize, draft: &'a Draft) {
        self.load[node] += 1;
        self.neighbours.put(node, draft);
        *self.spread.entry((template(draft), node)).or_default() += 1;
        for port in &draft.template.host_ports {
            self.ports.entry((node, port.protocol, port.port)).or_default().push((port.ip, draft));
        }
    }

    /// Why a node does not take a pod; `spread` says whether it is asked to spread evenly.
    fn refusal(&self, node: usize, draft: &Draft, concern: &Concern, spread: bool) -> Option<Refusal> {
        let wanted = draft.template.wants.check(self.specs[node].candidate());
        let free = || self.conflict(node, draft).map_or(Ok(()), |_| Err(Refusal::Port));
        wanted.and_then(|()| free()).and_then(|()| self.neighbours.check(node, concern, spread)).err()
    }

    /// Whether it is for the pods that are there that no node takes a pod, and not for what a node is like.
    fn are_crowded(&self, draft: &Draft) -> bool {
        let concern = self.neighbours.concern(draft);
        let refusals = (0..self.specs.len()).filter_map(|node| self.refusal(node, draft, &concern, true));
        let mut crowded = false;
        for refusal in refusals {
            match refusal {
                Refusal::Together => return false,
                Refusal::Apart | Refusal::Port => crowded = true,
                _ => {}
            }
        }
        crowded
    }

    fn neighbours_let(&self, node: usize, draft: &Draft) -> bool {
        self.neighbours.check(node, &self.neighbours.concern(draft), true).is_ok()
    }

    fn conflict(&self, node: usize, draft: &Draft) -> Option<(Protocol, u16, &'a Draft)> {
        let taken = |wanted: &HostPort| {
            let others = self.ports.get(&(node, wanted.protocol, wanted.port))?;
            let (_, other) = others.iter().find(|(ip, _)| overlap(*ip, wanted.ip))?;
            Some((wanted.protocol, wanted.port, *other))
        };
        draft.template.host_ports.iter().find_map(taken)
    }

    /// The fitting node that least speaks against, then the one with the fewest pods of the workload, then with the
    /// fewest pods, then the first.
    fn best(&self, draft: &Draft) -> Option<usize> {
        let spread = |node| self.spread.get(&(template(draft), node)).copied().unwrap_or_default();
        let concern = self.neighbours.concern(draft);
        let dislike = |node: usize| {
            let own = draft.template.wants.dislike(self.specs[node].candidate());
            own.saturating_add(self.neighbours.dislike(node, &concern))
        };
        (0..self.specs.len())
            .filter(|&node| self.refusal(node, draft, &concern, true).is_none())
            .min_by_key(|&node| (dislike(node), spread(node), self.load[node], node))
    }

    fn warn_of_ports(&self, node: usize, draft: &Draft, findings: &mut Findings) {
        let Some((protocol, port, other)) = self.conflict(node, draft) else { return };
        // Of two on the host's network it is said where the second one becomes unready.
        if draft.template.host_network && other.template.host_network {
            return;
        }
        findings
            .warning(
                draft.origin.at.clone(),
                format!(
                    "{}/{} and {}/{} both want port {port}/{protocol} of node {}: only one of them gets it",
                    draft.namespace, draft.name, other.namespace, other.name, self.specs[node].name
                ),
            )
            .related(other.origin.at.clone(), "the other one");
    }

    fn say_pending(
        &self,
        namespace: &str,
        workload: &Workload,
        count: usize,
        draft: &Draft,
        pending: Pending,
        findings: &mut Findings,
    ) {
        let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
        let concern = self.neighbours.concern(draft);
        for node in 0..self.specs.len() {
            if let Some(refusal) = self.refusal(node, draft, &concern, true) {
                *reasons.entry(refusal.text()).or_default() += 1;
            }
        }
        let reasons: Vec<String> = reasons.iter().map(|(reason, n)| format!("{reason} ({n})")).collect();
        let (pods, fit) = match count {
            1 => ("1 pod".to_owned(), "fits no node and stays"),
            _ => (format!("{count} pods"), "fit no node and stay"),
        };
        let then = pending.words();
        findings
            .warning(
                draft.origin.at.clone(),
                format!(
                    "{pods} of {} {namespace}/{} {fit} Pending, {then}; nodes: {}",
                    workload.kind,
                    workload.name,
                    reasons.join(", ")
                ),
            )
            .kept_out()
            .help(
                "give a Node object whose labels, taints and free ports fit, or change what the pod asks for",
            );
    }
}

/// Info of what is asked of neighbours and not acted on, once a template.
fn say_unheeded(drafts: &[Arc<Draft>], findings: &mut Findings) {
    let mut said = crate::fast::Set::default();
    for draft in drafts.iter().filter(|d| !d.template.unheeded.is_empty()) {
        if said.insert(template(draft)) {
            let message = format!(
                "{} {}/{}: {} is not acted on when pods are placed on nodes",
                draft.workload.kind,
                draft.namespace,
                draft.workload.name,
                draft.template.unheeded.join(", ")
            );
            findings.info(draft.origin.at.clone(), message);
        }
    }
}

/// Whether two `hostIP`s want the same port; none and the unspecified ones want it everywhere.
fn overlap(one: Option<IpAddr>, other: Option<IpAddr>) -> bool {
    let all = |ip: Option<IpAddr>| ip.is_none_or(|ip| ip.is_unspecified());
    all(one) || all(other) || one == other
}

/// Pods of one workload have one template.
fn template(draft: &Draft) -> usize {
    Arc::as_ptr(&draft.template) as usize
}

fn unknown_node(draft: &Draft, name: &str, pending: Pending, findings: &mut Findings) {
    let then = pending.words();
    findings
        .warning(
            draft.origin.at.clone(),
            format!(
                "{}/{} is bound to node {name}, which is not there: it stays Pending, {then}",
                draft.namespace, draft.name
            ),
        )
        .kept_out()
        .help(format!("add a Node object called {name}, or remove nodeName"));
}

/// The nodes that a DaemonSet's pods run on.
pub fn daemon_nodes(specs: &[NodeSpec], wants: &super::fit::Wants) -> Vec<Arc<str>> {
    specs
        .iter()
        .filter(|spec| wants.node_name.as_deref().is_none_or(|name| name == &*spec.name))
        .filter(|spec| wants.check(spec.candidate()).is_ok())
        .map(|spec| spec.name.clone())
        .collect()
}
