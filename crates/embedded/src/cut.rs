//! Cutting connections that the policies do not allow any more, or that lead nowhere.
use std::{collections::BTreeSet, net::IpAddr};

use netloom_cluster::{PodId, Protocol};
use netloom_explain::World;
use netloom_kernel::{
    conntrack::{Conntrack, ConntrackError, Entry},
    netns::Here,
};

use crate::{
    EmbeddedError,
    plumbing::{NodePlumbing, Plumbing},
};

impl Plumbing {
    /// Deletes the connections that policies do not allow (any more) from every node's table; their next packets are
    /// new ones, and judged. Returns how many there were.
    pub fn cut_denied(&self, here: &mut Here, world: &World) -> Result<usize, EmbeddedError> {
        let mut cut = 0;
        for node in &self.nodes {
            let denied = |entry: &Entry| {
                // The reply's source is where the connection really went.
                let (from, to) = (entry.original.source, entry.reply.source);
                let protocol =
                    Protocol::WITH_PORTS.into_iter().find(|p| p.number() == entry.original.protocol);
                let Some(protocol) = protocol else { return false };
                let port = entry.reply.source_port;
                let own = |pod: &PodId| world.snapshot.pod(*pod).node == node.firewall.node();
                let egress = world
                    .policies
                    .pod_at(from)
                    .filter(own)
                    .map(|p| world.policies.egress(p, to, protocol, port));
                let ingress = world
                    .policies
                    .pod_at(to)
                    .filter(own)
                    .map(|p| world.policies.ingress(p, from, protocol, port));
                [egress, ingress].into_iter().flatten().any(|side| !side.allowed)
            };
            cut += self.delete(here, node, denied)?;
        }
        Ok(cut)
    }
}

impl Plumbing {
    /// Deletes the connections that lead nowhere any more, from every node's table: those of pods that went, and those over
    /// UDP, which has no end of its own, whose endpoint no longer serves (kube-proxy's rule).
    pub fn cut_stale(
        &self,
        here: &mut Here,
        world: &World,
        gone: &BTreeSet<IpAddr>,
    ) -> Result<usize, EmbeddedError> {
        let mut cut = 0;
        for node in &self.nodes {
            let routes = world.routes_of(node.firewall.node());
            let stale = |entry: &Entry| {
                let (original, reply) = (&entry.original, &entry.reply);
                gone.contains(&original.source)
                    || gone.contains(&reply.source)
                    || (original.protocol == Protocol::Udp.number()
                        && !routes.may_lead(
                            &world.snapshot,
                            (original.destination, original.destination_port),
                            Protocol::Udp,
                            (reply.source, reply.source_port),
                        ))
            };
            cut += self.delete(here, node, stale)?;
        }
        Ok(cut)
    }

    /// Deletes the connections from and to addresses, from every node's table.
    pub fn cut_gone(&self, here: &mut Here, gone: &BTreeSet<IpAddr>) -> Result<usize, EmbeddedError> {
        let of_gone =
            |entry: &Entry| gone.contains(&entry.original.source) || gone.contains(&entry.reply.source);
        self.nodes.iter().map(|node| self.delete(here, node, of_gone)).sum()
    }

    fn delete(
        &self,
        here: &mut Here,
        node: &NodePlumbing,
        matches: impl FnMut(&Entry) -> bool,
    ) -> Result<usize, EmbeddedError> {
        here.enter(node.router.ns())?;
        let failed = |e: ConntrackError| EmbeddedError::io(format!("node {}: {e}", node.name))(e.source);
        Conntrack::open().and_then(|mut table| table.delete_matching(matches)).map_err(failed)
    }
}
