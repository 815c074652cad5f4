//! Cutting connections that the policies do not allow any more.
use netloom_cluster::{PodId, Protocol};
use netloom_explain::World;
use netloom_kernel::{
    conntrack::{Conntrack, ConntrackError, Entry},
    netns::Here,
};

use crate::{EmbeddedError, plumbing::Plumbing};

impl Plumbing {
    /// Deletes the connections that policies do not allow (any more) from every node's table; their next packets are
    /// new ones, and judged. Returns how many there were.
    pub fn cut_denied(&self, here: &mut Here, world: &World) -> Result<usize, EmbeddedError> {
        let mut cut = 0;
        for node in &self.nodes {
            here.enter(node.router.ns())?;
            let failed = |e: ConntrackError| EmbeddedError::io(format!("node {}: {e}", node.name))(e.source);
            let mut conntrack = Conntrack::open().map_err(failed)?;
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
            cut += conntrack.delete_matching(denied).map_err(failed)?;
        }
        Ok(cut)
    }
}
