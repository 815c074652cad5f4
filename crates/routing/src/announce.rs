//! Which node draws the traffic of load balancers' and external addresses to itself.
use std::{collections::BTreeMap, net::IpAddr};

use netloom_cluster::{NodeId, Service, Snapshot, TrafficPolicy};

/// The addresses that Services have and that neither a node nor a pod has, each with the node that announces it, as an
/// L2 announcer elects one. An address of a node or a pod stays where it is: there, only the Service's ports are
/// translated.
#[must_use]
pub fn announced(snapshot: &Snapshot) -> BTreeMap<IpAddr, NodeId> {
    let mut announced = BTreeMap::new();
    if snapshot.services.iter().all(|s| addresses(s).next().is_none()) {
        return announced;
    }
    let taken = |ip: &IpAddr| snapshot.nodes.iter().any(|n| n.ips.contains(*ip));
    for service in snapshot.services.iter() {
        for ip in addresses(service).filter(|ip| !taken(ip)) {
            announced.entry(ip).or_insert_with(|| announcer(snapshot, service));
        }
    }
    let pods = snapshot.pods.iter().filter(|p| !p.host_network).flat_map(|p| p.ips.iter());
    pods.for_each(|ip| _ = announced.remove(&ip));
    announced
}

/// The node that announces an address that neither a node nor a pod has; none where no Service has it.
#[must_use]
pub fn announcer_of(snapshot: &Snapshot, ip: IpAddr) -> Option<NodeId> {
    let service = snapshot.services.iter().find(|s| addresses(s).any(|own| own == ip))?;
    Some(announcer(snapshot, service))
}

/// The addresses of a Service that lie outside of the cluster's Service range.
fn addresses(service: &Service) -> impl Iterator<Item = IpAddr> {
    service.lb_ips.iter().chain(&service.external_ips).copied()
}

/// Any node will do unless external traffic is Local: then one that has a ready endpoint, for the others would drop
/// what they get. Spread by Service name so that not every address is on the first node.
fn announcer(snapshot: &Snapshot, service: &Service) -> NodeId {
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
