//! Which endpoints of a Service a node uses: readiness, traffic policy, topology.
use netloom_cluster::{Distribution, Endpoint, Family, Node, Service, TrafficPolicy};

use crate::Scope;

/// The endpoints of one Service port that a node sends new connections to.
///
/// Ready ones; where there are none, those that still serve while terminating (KEP-1669). `Local` keeps to the node's
/// own; otherwise the hints of EndpointSlices prefer the node, then the zone (KEP-3015), and give way where nothing is
/// near. `trafficDistribution` stands for the hints that the EndpointSlice controller would write; kube-proxy itself
/// looks at the hints of ready endpoints alone.
#[must_use]
pub fn select<'a>(
    service: &'a Service,
    port: usize,
    scope: Scope,
    family: Family,
    node: &Node,
) -> Vec<&'a Endpoint> {
    let policy = match scope {
        Scope::Internal => service.internal_policy,
        Scope::External => service.external_policy,
    };
    let usable = |e: &&Endpoint| e.ips.of(family).is_some() && e.ports.get(port).copied().flatten().is_some();
    let local = |e: &&Endpoint| policy == TrafficPolicy::Cluster || e.node == Some(node.id);
    let candidates: Vec<&Endpoint> = service.endpoints.iter().filter(usable).filter(local).collect();
    let mut chosen: Vec<&Endpoint> = candidates.iter().copied().filter(|e| e.ready).collect();
    if chosen.is_empty() {
        return candidates.into_iter().filter(|e| e.serving && e.terminating).collect();
    }
    if policy == TrafficPolicy::Cluster {
        chosen = near(chosen, service, node);
    }
    chosen
}

fn near<'a>(endpoints: Vec<&'a Endpoint>, service: &Service, node: &Node) -> Vec<&'a Endpoint> {
    let keep = |holds: &dyn Fn(&Endpoint) -> bool| {
        let kept: Vec<&Endpoint> = endpoints.iter().copied().filter(|e| holds(e)).collect();
        (!kept.is_empty()).then_some(kept)
    };
    let same_node = || keep(&|e| e.node == Some(node.id));
    let same_zone = || node.zone().and_then(|zone| keep(&|e| e.zone.as_deref() == Some(zone)));
    // Hints count only where every endpoint has them (kube-proxy's `topologyModeFromHints`).
    let for_node = || {
        let complete = endpoints.iter().all(|e| !e.hint_nodes.is_empty());
        if complete { keep(&|e| e.hint_nodes.contains(&node.name)) } else { None }
    };
    let for_zone = || {
        let zone = node.zone()?;
        let complete = endpoints.iter().all(|e| !e.hint_zones.is_empty());
        if complete { keep(&|e| e.hint_zones.iter().any(|z| **z == *zone)) } else { None }
    };
    let hinted = endpoints.iter().any(|e| !e.hint_nodes.is_empty() || !e.hint_zones.is_empty());
    let nearest = match service.distribution {
        _ if hinted => for_node().or_else(for_zone),
        Distribution::SameNode => same_node().or_else(same_zone),
        Distribution::SameZone => same_zone(),
        Distribution::Any => None,
    };
    nearest.unwrap_or(endpoints)
}
