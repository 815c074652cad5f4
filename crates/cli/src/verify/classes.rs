//! The classes of `netloom reach` against the prediction of each packet, which the packets themselves are held against.
use std::net::IpAddr;

use netloom_cluster::Family;
use netloom_embedded::verify::{Disagreement, Plan, Probe};
use netloom_explain::{End, Origin, Step, World};
use netloom_reach::{Party, Reach, Scope};

/// Who reaches whom in the network that runs: all its addresses are known.
pub fn reach_of(world: &World) -> Reach {
    let plan = &world.snapshot.plan;
    let inside = [plan.pod_cidrs, plan.service_cidrs, plan.node_cidrs, plan.lb_cidrs];
    let scope = Scope {
        ipv6: Some(plan.pod_cidrs.v6.is_some()),
        inside: inside.iter().flat_map(|nets| nets.iter()).collect(),
        ..Scope::default()
    };
    Reach::new(&world.snapshot, &scope)
}

/// Connections to pods' own addresses of which the classes say otherwise than the prediction. Services are none of
/// their business.
pub fn disagreeing(world: &World, reach: &Reach, plan: &Plan) -> Vec<Disagreement> {
    plan.probes.iter().filter_map(|probe| disagreement(world, reach, probe)).collect()
}

fn disagreement(world: &World, reach: &Reach, probe: &Probe) -> Option<Disagreement> {
    let target = world.policies.pod_at(probe.to.ip())?;
    let translated =
        |path: &netloom_explain::Path| path.steps.iter().any(|s| matches!(s, Step::Service { .. }));
    // What a node rejects or drops for a Service's sake, or sends nowhere, no policy was asked about.
    let judged = |path: &netloom_explain::Path| matches!(path.end, End::Delivered { .. } | End::Denied);
    if probe.predicted.iter().any(|path| translated(path) || !judged(path)) {
        return None;
    }
    let (name, from) = match probe.origin {
        Origin::Pod(pod) => (world.snapshot.pod(pod).qualified_name(), Party::Pod(pod)),
        Origin::Node(node) => (format!("node/{}", world.snapshot.node(node).name), Party::Node(node)),
        Origin::Outside(ip) => (format!("outside ({ip})"), Party::Address(ip)),
    };
    let predicted = !probe.predicted.iter().any(|path| matches!(path.end, End::Denied));
    let family = |ip: IpAddr| Some(Family::of(ip));
    let open = reach.allowed_over(from, Party::Pod(target), family(probe.to.ip()));
    let reached = open.contains(probe.protocol, probe.to.port());
    let word = |allowed: bool| if allowed { "policies let it pass" } else { "policies deny it" };
    (reached != predicted).then(|| Disagreement {
        from: name,
        to: probe.name.to_string(),
        address: probe.to.to_string(),
        protocol: probe.protocol.name(),
        predicted: word(predicted).to_owned(),
        observed: format!("netloom reach says that {}", word(reached)),
        object: None,
    })
}
