//! What comes from outside: Ingresses and routes by their controllers, load balancers and ports of nodes by clients.
use std::collections::{BTreeMap, HashSet};

use netloom_cluster::{Protocol, TrafficPolicy};
use netloom_reach::{Entry, Home, Party, PortSet, Published, StandIn, Way, is_ingress_controller};

use super::ends;
use crate::{
    ground::Ground,
    need::{Block, End, Need, Needs, Reason},
    units::Unit,
};

pub(super) fn add(ground: &Ground<'_>, out: &mut Needs) {
    routed(ground, out);
    unrouted(ground, out);
}

/// Ingress controllers without an Ingress in the set: those of other sets may lead to any pod.
fn unrouted(ground: &Ground<'_>, out: &mut Needs) {
    let carriers: HashSet<Party> = ground.today.ways().flat_map(|way| way.by).collect();
    let carries = |unit: &Unit| unit.pods.iter().any(|pod| carriers.contains(&Party::Pod(*pod)));
    let is_controller = |unit: &&Unit| {
        unit.pods.iter().any(|pod| is_ingress_controller(ground.snapshot.pod(*pod))) && !carries(unit)
    };
    for unit in ground.units.all().iter().filter(is_controller) {
        let who = unit.title();
        let text = "an ingress controller reaches whatever Ingresses and routes of other sets lead to";
        out.add(Need {
            from: End::Unit(unit.id),
            to: End::Elsewhere(StandIn { home: Home::Labelled(BTreeMap::new()), labels: BTreeMap::new() }),
            ports: PortSet::of(Protocol::Tcp, 1, u16::MAX),
            reason: Reason::derived(text, unit.origin.at.clone()),
        });
        let text = format!(
            "{who} is an ingress controller without an Ingress in the set, and may reach every pod; narrow that where \
             you know what it leads to"
        );
        out.doubt(text, Some(unit.origin.at.clone()));
    }
}

fn routed(ground: &Ground<'_>, out: &mut Needs) {
    for way in ground.today.ways() {
        let targets = ends(ground, ground.today.endpoint(way.to).pods.iter().copied(), out);
        let from = match &way.published.entry {
            Entry::Controller(_) => controllers(ground, &way, out),
            _ => vec![End::Blocks(clients(ground, way.published))],
        };
        let reason = Reason::derived(words(way.published), way.published.by.at.clone());
        for to in targets.iter().filter(|to| to.unit().is_some()) {
            for from in &from {
                let (from, to) = (from.clone(), to.clone());
                out.add(Need { from, to, ports: way.aims.clone(), reason: reason.clone() });
            }
        }
    }
}

fn words(published: &Published) -> String {
    let (kind, name) = (&published.by.kind, &published.by.name);
    let port = published.address.trim_start_matches(':');
    match &published.entry {
        Entry::Controller(_) => format!("{kind} {name} leads {} here", published.address),
        Entry::HostPort => format!("hostPort {port} of its node leads here"),
        Entry::NodePort => format!("port {port} of every node leads here"),
        entry => format!("Service {name} ({}) publishes it on port {port}", entry.name()),
    }
}

/// The clients as pods see them: the ranges that may ask, where their addresses are kept.
fn clients(ground: &Ground<'_>, published: &Published) -> Vec<Block> {
    let service = published.by.namespace.as_deref().and_then(|namespace| {
        ground
            .snapshot
            .find_service(namespace, &published.by.name)
            .filter(|_| &*published.by.kind == "Service")
    });
    let keeps = service.is_some_and(|service| service.external_policy == TrafficPolicy::Local);
    if keeps && !published.only_from.is_empty() {
        return published.only_from.iter().copied().map(Block::from).collect();
    }
    ground.everyone()
}

/// The controller's pods; those that its own manifests would install, where the set has none.
fn controllers(ground: &Ground<'_>, way: &Way<'_>, out: &mut Needs) -> Vec<End> {
    let pods = way.by.iter().filter_map(|party| match party {
        Party::Pod(pod) => Some(*pod),
        _ => None,
    });
    let own = ends(ground, pods, out);
    if !own.is_empty() {
        return own;
    }
    let usual: Vec<&StandIn> = way
        .by
        .iter()
        .filter_map(|party| match party {
            Party::StandIn(nth) => Some(&ground.today.stand_ins()[*nth]),
            _ => None,
        })
        .collect();
    if usual.is_empty() || usual.iter().any(|pods| matches!(pods.home, Home::Labelled(_))) {
        let to = &ground.today.endpoint(way.to).name;
        let text = format!(
            "{} {} leads to {to} on {}, and nothing tells whose pods carry it out; declare `CONTROLLER -> {to}`",
            way.published.by.kind, way.published.by.name, way.aims
        );
        out.doubt(text, Some(way.published.by.at.clone()));
        return Vec::new();
    }
    usual.into_iter().cloned().map(End::Elsewhere).collect()
}
