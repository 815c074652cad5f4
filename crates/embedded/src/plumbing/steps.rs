//! From one World to the next in three steps, so that no request fails and no window opens: close, switch over, clean up.
use std::{
    collections::BTreeSet,
    net::IpAddr,
    sync::{Mutex, PoisonError},
    thread,
};

use netloom_cluster::Snapshot;
use netloom_explain::World;
use netloom_kernel::netns::Here;
use netloom_node::{Change, Firewall, NodeState, PlanError};
use netloom_policy::Placed;

use super::{Changes, Linked, NodePlumbing, Plumbing, PodKey, PodPlumbing};
use crate::EmbeddedError;

impl Plumbing {
    /// The first step to a World, and all that may be refused: the policies let through what both Worlds do, so that no
    /// node is ahead of another, and new pods are linked behind them. Services stay as they are.
    pub fn prepare(&mut self, here: &mut Here, world: &World) -> Result<Changes, EmbeddedError> {
        let snapshot = &world.snapshot;
        let mut changes = Changes::default();
        self.same_nodes(snapshot)?;
        let next = Placed::of(&world.policies, Some(&self.policies));
        let fresh = self.nodes.iter().any(|node| !node.firewall.is_loaded());
        let between = if fresh { next.clone() } else { self.policies.towards(&next) };
        if self.rules {
            changes.elements += self.program(|firewall| {
                if firewall.is_loaded() {
                    return Ok(firewall.plan_policies(&between));
                }
                let routes = world.routes_of(firewall.node());
                firewall.plan(NodeState { snapshot, policies: &between, routes })
            })?;
            self.closed = !fresh && changes.elements > 0;
        }
        (self.between, self.next) = (between, next);
        let own = crate::dns::node_addresses(world);
        let routers = self.nodes.iter_mut().map(|node| &mut node.router);
        crate::dns::own_addresses(routers, &self.own_addresses, &own)?;
        self.own_addresses = own;
        if !self.linked.as_ref().is_some_and(|linked| linked.same_pods(snapshot)) {
            changes.pods_removed = self.set_aside(here, snapshot)?;
            changes.pods_added = self.attach_new(here, snapshot)?;
            self.route(here, snapshot)?;
        }
        Ok(changes)
    }

    /// The second step, when everything new listens: Services lead to it, and no longer to what goes. Where nothing
    /// goes, it is the last one.
    pub fn switch(&mut self, here: &mut Here, world: &World) -> Result<Changes, EmbeddedError> {
        let snapshot = &world.snapshot;
        let policies = if self.leaving.is_empty() { self.next.clone() } else { self.between.clone() };
        let mut changes = Changes::default();
        if self.rules {
            if self.closed {
                // What one node let through before it closed must not reach another that has opened.
                self.in_flight.wait().map_err(EmbeddedError::io("waiting for packets in flight"))?;
            }
            changes.elements += self.program(|firewall| {
                let routes = world.routes_of(firewall.node());
                firewall.plan(NodeState { snapshot, policies: &policies, routes })
            })?;
        }
        if !self.linked.as_ref().is_some_and(|linked| linked.same(snapshot)) {
            self.route(here, snapshot)?;
        }
        Ok(changes)
    }

    /// Returns when handshakes that had begun are over: three packets, one after the other.
    pub fn let_arrive(&mut self) -> Result<Changes, EmbeddedError> {
        for _ in 0..3 {
            self.in_flight.wait().map_err(EmbeddedError::io("waiting for packets in flight"))?;
        }
        Ok(Changes::default())
    }

    /// The last step, when nothing listens any more in pods that go: their links and what the kernels know of them are
    /// removed, and connections that lead nowhere are cut.
    pub fn finish(&mut self, here: &mut Here, world: &World) -> Result<Changes, EmbeddedError> {
        let snapshot = &world.snapshot;
        let mut changes = Changes::default();
        let leaving = std::mem::take(&mut self.leaving);
        if !leaving.is_empty() {
            // The last answers are on their way.
            self.let_arrive()?;
        }
        for pod in &leaving {
            self.nodes[pod.node.0 as usize].router.detach(&pod.attached)?;
        }
        let next = self.next.clone();
        if self.rules && !leaving.is_empty() {
            changes.elements += self.program(|firewall| Ok(firewall.plan_policies(&next)))?;
        }
        self.policies = next;
        // Listing a table takes the kernel milliseconds: connections over TCP that an endpoint leaves end by themselves.
        if self.rules && !self.linked.as_ref().is_some_and(|linked| linked.same_over_udp(snapshot)) {
            let gone: BTreeSet<IpAddr> = leaving.iter().flat_map(|pod| pod.attached.ips.clone()).collect();
            self.cut_stale(here, world, &gone)?;
        }
        self.linked = Some(Linked::of(snapshot));
        Ok(changes)
    }

    /// Plans a change for every node, and commits what there is; returns how many elements it was. Where a node refuses,
    /// what the nodes know is uncertain: the next change begins anew.
    fn program(
        &mut self,
        mut plan: impl FnMut(&mut Firewall) -> Result<Change, PlanError>,
    ) -> Result<usize, EmbeddedError> {
        let mut changes = Vec::with_capacity(self.nodes.len());
        for node in &mut self.nodes {
            match plan(&mut node.firewall) {
                Ok(change) => changes.push(change),
                Err(error) => {
                    self.forget();
                    return Err(error.into());
                }
            }
        }
        let elements = changes.iter().map(Change::len).sum();
        let commit = |(node, change): (&mut NodePlumbing, Change)| {
            let failed =
                |source| EmbeddedError::Nftables { node: node.name.to_string(), source: Box::new(source) };
            Firewall::commit(&mut node.netfilter, change).map_err(failed)
        };
        let pairs = self.nodes.iter_mut().zip(changes).filter(|(_, change)| !change.is_empty());
        let pairs: Vec<_> = pairs.collect();
        let threads = pairs.len();
        let left = Mutex::new(pairs);
        let next = || left.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let work = || std::iter::from_fn(next).try_for_each(commit);
        // Most of a commit is a wait for the kernel's readers (`synchronize_rcu`), which the nodes share. Where no thread
        // can be had, the others do its share.
        let done = thread::scope(|scope| {
            let started = (1..threads).map(|_| thread::Builder::new().spawn_scoped(scope, work));
            let others: Vec<_> = started.filter_map(Result::ok).collect();
            let own = work();
            others.into_iter().fold(own, |done, other| {
                done.and(other.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            })
        });
        if let Err(error) = done {
            self.forget();
            return Err(error);
        }
        Ok(elements)
    }

    fn forget(&mut self) {
        self.nodes.iter_mut().for_each(|node| node.firewall.forget());
        self.linked = None;
    }

    /// Sets the pods aside that go or come back elsewhere. Those whose address another one gets end at once.
    fn set_aside(&mut self, here: &mut Here, snapshot: &Snapshot) -> Result<usize, EmbeddedError> {
        let stays = |key: &PodKey, plumbing: &PodPlumbing| {
            key.split_once('/').and_then(|(namespace, name)| snapshot.find_pod(namespace, name)).is_some_and(
                |pod| {
                    !pod.host_network
                        && pod.node == plumbing.node
                        && pod.ips.iter().collect::<Vec<_>>() == plumbing.attached.ips
                },
            )
        };
        let gone: Vec<PodKey> =
            self.pods.iter().filter(|(key, p)| !stays(key, p)).map(|(key, _)| key.clone()).collect();
        let leaving: Vec<PodPlumbing> = gone.iter().filter_map(|key| self.pods.remove(key)).collect();
        if !leaving.is_empty() {
            let pods = snapshot.pods.iter().filter(|p| !p.host_network);
            let taken: BTreeSet<IpAddr> = pods.flat_map(|p| p.ips.iter()).collect();
            let (now, later): (Vec<PodPlumbing>, Vec<PodPlumbing>) =
                leaving.into_iter().partition(|pod| pod.attached.ips.iter().any(|ip| taken.contains(ip)));
            for pod in &now {
                self.nodes[pod.node.0 as usize].router.detach(&pod.attached)?;
            }
            if self.rules && !now.is_empty() {
                self.cut_gone(here, &now.iter().flat_map(|pod| pod.attached.ips.clone()).collect())?;
            }
            self.leaving.extend(later);
        }
        Ok(gone.len())
    }
}
