//! Which node draws the traffic of a load balancer's address to itself.
use netloom_cluster::{NodeId, Service, Snapshot, TrafficPolicy};

/// The node that announces a Service's load balancer and external addresses, as an L2 announcer elects one.
///
/// Any node will do unless external traffic is Local: then one that has a ready endpoint, for the others would drop
/// what they get. Spread by Service name so that not every address is on the first node.
#[must_use]
pub fn announcer(snapshot: &Snapshot, service: &Service) -> NodeId {
    let hash = service
        .qualified_name()
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
    let all: Vec<NodeId> = snapshot.nodes.iter().map(|n| n.id).collect();
    let with_endpoint: Vec<NodeId> = if service.external_policy == TrafficPolicy::Local {
        all.iter()
            .copied()
            .filter(|n| service.endpoints.iter().any(|e| e.ready && e.node == Some(*n)))
            .collect()
    } else {
        Vec::new()
    };
    let candidates = if with_endpoint.is_empty() { all } else { with_endpoint };
    // A Snapshot has at least one node.
    candidates[(hash % candidates.len() as u64) as usize]
}
