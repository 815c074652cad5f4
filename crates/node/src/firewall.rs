//! The node's table: plan the change to a new Snapshot, commit it, remember it.
use std::{collections::BTreeSet, net::IpAddr, sync::Arc};

use ipnet::IpNet;
use netloom_cluster::{AddressPlan, Family, Node, NodeId, Pod, Service, Snapshot};
use netloom_kernel::nft::{Batch, Element, Key, Netfilter, NftError};
use netloom_policy::Placed;
use netloom_routing::{NodeRoutes, announced};

use crate::{
    Change,
    layout::{self, Half},
    policies::{PolicyState, sorted_difference},
    services::ServiceState,
};

/// Why a Snapshot cannot be programmed.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// Marks have room for so many views.
    #[error(
        "more than {0} Service ports (counted for each IP family and traffic policy): a packet mark has no room for more"
    )]
    TooManyViews(u32),
    /// Marks have room for so many ways of picking a backend.
    #[error(
        "more than {0} different endpoint counts and sessionAffinity timeouts: use fewer distinct timeouts"
    )]
    TooManyClasses(u32),
}

/// Everything of a Snapshot that a node's kernel depends on.
#[derive(Clone, Copy, Debug)]
pub struct NodeState<'a> {
    /// The Snapshot.
    pub snapshot: &'a Snapshot,
    /// Its policies.
    pub policies: &'a Placed,
    /// Its Services, as this node sees them.
    pub routes: &'a NodeRoutes,
}

/// What the kernel of one node was told.
#[derive(Debug)]
pub struct Firewall {
    node: NodeId,
    loaded: bool,
    policies: PolicyState,
    services: ServiceState,
    local: Vec<IpAddr>,
    pods: Vec<(IpAddr, IpAddr)>,
    inside: Vec<(IpAddr, IpAddr)>,
    announced: Vec<IpAddr>,
    ground: Option<Ground>,
}

/// What the addresses were made from.
#[derive(Debug)]
struct Ground {
    plan: Arc<AddressPlan>,
    nodes: Arc<Vec<Node>>,
    pods: Arc<Vec<Arc<Pod>>>,
    services: Arc<Vec<Arc<Service>>>,
}

impl Firewall {
    /// A node whose kernel knows nothing yet.
    #[must_use]
    pub fn new(node: NodeId) -> Self {
        Self {
            node,
            loaded: false,
            policies: PolicyState::default(),
            services: ServiceState::default(),
            local: Vec::new(),
            pods: Vec::new(),
            inside: Vec::new(),
            announced: Vec::new(),
            ground: None,
        }
    }

    /// The node.
    #[must_use]
    pub const fn node(&self) -> NodeId {
        self.node
    }

    /// The change that brings the kernel to this state. It has to be committed; the next plan builds on it.
    ///
    /// # Errors
    /// When the Snapshot has more Services than marks can name.
    pub fn plan(&mut self, state: NodeState<'_>) -> Result<Change, PlanError> {
        let mut change = Change::default();
        if !self.loaded {
            change.table = Some(layout::table(state.snapshot.node(self.node).ips));
        }
        self.services.plan(state.routes, &mut change)?;
        self.loaded = true;
        self.policies.plan(state.policies, self.node, &mut change);
        self.addresses(state.snapshot, &mut change);
        Ok(change)
    }

    /// Whether the kernel was told of anything yet.
    #[must_use]
    pub const fn is_loaded(&self) -> bool {
        self.loaded
    }

    /// The change of the policies alone; Services stay as they are.
    pub fn plan_policies(&mut self, policies: &Placed) -> Change {
        let mut change = Change::default();
        self.policies.plan(policies, self.node, &mut change);
        change
    }

    /// Forgets what the kernel was told: a commit failed, and the next plan begins with a whole table.
    pub fn forget(&mut self) {
        *self = Self::new(self.node);
    }

    /// Who is a pod of this node, of the cluster, or otherwise inside it.
    fn addresses(&mut self, snapshot: &Snapshot, change: &mut Change) {
        let same = self.ground.as_ref().is_some_and(|ground| {
            Arc::ptr_eq(&ground.plan, &snapshot.plan)
                && Arc::ptr_eq(&ground.nodes, &snapshot.nodes)
                && Arc::ptr_eq(&ground.pods, &snapshot.pods)
                && Arc::ptr_eq(&ground.services, &snapshot.services)
        });
        if same {
            return;
        }
        self.ground = Some(Ground {
            plan: snapshot.plan.clone(),
            nodes: snapshot.nodes.clone(),
            pods: snapshot.pods.clone(),
            services: snapshot.services.clone(),
        });
        let pods = snapshot.pods.iter().filter(|p| !p.host_network);
        let mut local: Vec<IpAddr> =
            pods.clone().filter(|p| p.node == self.node).flat_map(|p| p.ips.iter()).collect();
        local.sort_unstable();
        local.dedup();
        let (gone, come) = sorted_difference(&self.local, &local);
        let pair = |ip: IpAddr| Element::new(Key::new().ip(ip).ip(ip));
        for ip in gone {
            change.delete(&Half::of(*ip).name("local"), Element::new(Key::new().ip(*ip)));
            change.delete(&Half::of(*ip).name("hair"), pair(*ip));
        }
        for ip in come {
            change.add(&Half::of(*ip).name("local"), Element::new(Key::new().ip(*ip)));
            change.add(&Half::of(*ip).name("hair"), pair(*ip));
        }
        let nets = pod_nets(snapshot);
        let ranges = disjoint(nets.iter().copied());
        let own = snapshot.node(self.node).ips.iter().map(IpNet::from);
        let inside = disjoint(nets.iter().copied().chain(own));
        intervals("pods", &self.pods, &ranges, change);
        intervals("inside", &self.inside, &inside, change);
        let announced: Vec<IpAddr> = announced(snapshot).into_keys().collect();
        let (gone, come) = sorted_difference(&self.announced, &announced);
        let of = |ip: &IpAddr| (Half::of(*ip).name("announced"), Element::new(Key::new().ip(*ip)));
        for (set, element) in gone.into_iter().map(of) {
            change.delete(&set, element);
        }
        for (set, element) in come.into_iter().map(of) {
            change.add(&set, element);
        }
        (self.local, self.pods, self.inside, self.announced) = (local, ranges, inside, announced);
    }

    /// Commits a planned change in the calling thread's network namespace: one transaction, whole or not at all.
    ///
    /// # Errors
    /// When the kernel refuses, naming the object that it refuses.
    pub fn commit(netfilter: &mut Netfilter, change: Change) -> Result<(), NftError> {
        if change.table.is_some() {
            if let Some(table) = change.into_table() {
                return netfilter.load(&table);
            }
            return Ok(());
        }
        let mut batch = Batch::new(layout::TABLE);
        for chain in &change.chains {
            batch.add_chain(chain).add_rules(&chain.name, &chain.rules);
        }
        for (name, set) in change.sets {
            if let Some(shape) = layout::set(&name) {
                batch.delete_elements(shape, set.delete).add_elements(shape, set.add);
            }
        }
        for chain in &change.unused {
            batch.delete_chain(chain);
        }
        netfilter.commit(batch)
    }
}

/// What counts as pods of the cluster: the pod ranges, and pods whose given addresses lie outside of them.
fn pod_nets(snapshot: &Snapshot) -> BTreeSet<IpNet> {
    let ranges: Vec<IpNet> = snapshot
        .plan
        .pod_cidrs
        .iter()
        .chain(snapshot.nodes.iter().flat_map(|n| n.pod_cidrs.iter()))
        .collect();
    let pods = snapshot.pods.iter().filter(|p| !p.host_network).flat_map(|p| p.ips.iter());
    let stray =
        pods.filter(|ip| !ranges.iter().any(|net| net.contains(ip))).map(IpNet::from).collect::<Vec<_>>();
    ranges.into_iter().chain(stray).collect()
}

/// Nets without those that lie inside others: nets nest or are disjoint.
fn disjoint(nets: impl Iterator<Item = IpNet>) -> Vec<(IpAddr, IpAddr)> {
    let aggregated = IpNet::aggregate(&nets.collect());
    let mut ranges: Vec<(IpAddr, IpAddr)> =
        aggregated.iter().map(|net| (net.network(), net.broadcast())).collect();
    ranges.sort_unstable_by_key(|(low, _)| (Family::of(*low), *low));
    ranges
}

fn intervals(base: &str, old: &[(IpAddr, IpAddr)], new: &[(IpAddr, IpAddr)], change: &mut Change) {
    let (gone, come) = sorted_difference(old, new);
    for (low, high) in gone {
        change.delete(&Half::of(*low).name(base), Element::addresses(*low, *high));
    }
    for (low, high) in come {
        change.add(&Half::of(*low).name(base), Element::addresses(*low, *high));
    }
}
