//! Holding one observation against one prediction.
use std::net::IpAddr;

use netloom_cluster::Protocol;
use netloom_explain::{Drop, End, Origin, Path, Rejection, Step, Target, World};
use netloom_node::LogPrefix;
use netloom_policy::Direction;
use netloom_standin::probe::Outcome;

use super::{Probe, names};

/// What came of a probe, with the rule that the kernel named if it dropped it.
#[derive(Clone, Debug)]
pub(crate) struct Observed {
    pub outcome: Outcome,
    pub connected: bool,
    pub dropped_by: Option<LogPrefix>,
}

/// Whether what was observed is one of the ways that were predicted.
pub(crate) fn agrees(world: &World, probe: &Probe, observed: &Observed) -> bool {
    probe.predicted.iter().any(|path| {
        matches_path(world, path, observed)
            || untold(world, probe, path, observed)
            || unrouted(world, path, observed)
    })
}

fn is_silent(observed: &Observed) -> bool {
    matches!(observed.outcome, Outcome::Dropped | Outcome::TimedOut) && !observed.connected
}

/// Not everyone is told that the endpoint of a Service has no route. A node's own TCP socket is not: the packet is lost
/// between the hook that translates and the routing (`ip_route_me_harder`), and TCP sends it again. A client outside,
/// whose address a Service keeps, is told by a router that never saw the Service's address.
fn untold(world: &World, probe: &Probe, path: &Path, observed: &Observed) -> bool {
    let missed = match probe.origin {
        Origin::Node(_) => probe.protocol == Protocol::Tcp,
        Origin::Pod(pod) => probe.protocol == Protocol::Tcp && world.snapshot.pod(pod).host_network,
        Origin::Outside(_) => true,
    };
    let translated = path.steps.iter().any(|step| matches!(step, Step::Service { .. }));
    missed && translated && matches!(path.end, End::Unreachable(_)) && is_silent(observed)
}

/// A node refuses to route to an address of its own range that nobody has before it asks the policies of the pod.
fn unrouted(world: &World, path: &Path, observed: &Observed) -> bool {
    let Some(Step::Policy { peer, direction: Direction::Egress, .. }) = path.steps.last() else {
        return false;
    };
    let snapshot = &world.snapshot;
    let nobody = world.policies.pod_at(*peer).is_none()
        && !snapshot.nodes.iter().any(|node| node.ips.contains(*peer))
        && snapshot.is_inside(*peer);
    path.end == End::Denied && nobody && matches!(observed.outcome, Outcome::Unreachable(_))
}

fn matches_path(world: &World, path: &Path, observed: &Observed) -> bool {
    let silent = is_silent(observed);
    let by = |prefixes: &[LogPrefix]| observed.dropped_by.is_none_or(|by| prefixes.contains(&by));
    match &path.end {
        End::Delivered { target, from, listening: true, .. } => match &observed.outcome {
            Outcome::Answered { by, peer_seen, .. } => {
                by.as_ref().is_none_or(|by| is_label(world, *target, by))
                    && peer_seen.is_none_or(|peer| unmapped(peer.ip()) == *from)
            }
            _ => false,
        },
        End::Delivered { listening: false, .. } | End::Rejected(_) => observed.outcome == Outcome::Refused,
        End::Denied => {
            let direction = path.steps.iter().rev().find_map(|step| match step {
                Step::Policy { direction, .. } => Some(*direction),
                Step::Service { .. } => None,
            });
            let prefix = match direction {
                Some(Direction::Egress) => LogPrefix::Egress,
                Some(Direction::Ingress) | None => LogPrefix::Ingress,
            };
            silent && by(&[prefix])
        }
        End::Dropped(Drop::NoLocalEndpoint(..)) => silent && by(&[LogPrefix::NoLocalEndpoint]),
        End::Dropped(Drop::SourceRefused(_)) => silent && by(&[LogPrefix::Source]),
        End::Dropped(Drop::ReplyPassesBy(..)) => silent && observed.dropped_by.is_none(),
        End::Unreachable(_) => matches!(observed.outcome, Outcome::Unreachable(_)),
    }
}

/// Whether an answerer's name is the target's; a node's ports are those of its hostNetwork pods.
fn is_label(world: &World, target: Target, label: &str) -> bool {
    match target {
        Target::Node(node) => {
            let own = |p: &&std::sync::Arc<netloom_cluster::Pod>| p.host_network && p.node == node;
            world.snapshot.pods.iter().filter(own).any(|p| p.qualified_name() == label)
        }
        Target::Outside(_) => label == "outside",
        Target::Pod(_) => names::target(world, target) == label,
    }
}

/// A dual-stack socket shows IPv4 addresses inside IPv6 ones.
fn unmapped(ip: IpAddr) -> IpAddr {
    ip.to_canonical()
}

/// The prediction in a few words.
pub(crate) fn predicted_text(world: &World, predicted: &[Path]) -> String {
    let mut texts: Vec<String> = predicted.iter().map(|path| path_text(world, path)).collect();
    texts.sort();
    texts.dedup();
    texts.join(" or ")
}

fn path_text(world: &World, path: &Path) -> String {
    match &path.end {
        End::Delivered { target, from, listening: true, .. } => {
            format!("answered by {} (seen from {from})", names::target(world, *target))
        }
        End::Delivered { target, listening: false, .. } => {
            format!("refused: nothing listens at {}", names::target(world, *target))
        }
        End::Denied => match path.steps.last() {
            Some(Step::Policy { direction, .. }) => format!("dropped by {} policy", direction.name()),
            _ => "dropped by policy".to_owned(),
        },
        End::Rejected(Rejection::NoEndpoints(_)) => "refused: the Service has no endpoint".to_owned(),
        End::Rejected(Rejection::NoSuchPort(_)) => "refused: the Service has no such port".to_owned(),
        End::Dropped(Drop::NoLocalEndpoint(..)) => "dropped: no endpoint on that node".to_owned(),
        End::Dropped(Drop::SourceRefused(_)) => "dropped by loadBalancerSourceRanges".to_owned(),
        End::Dropped(Drop::ReplyPassesBy(endpoint, _)) => {
            format!("not answered: {endpoint} answers past the node that translates")
        }
        End::Unreachable(ip) => format!("unreachable: nobody has {ip}"),
    }
}

/// The observation in a few words.
pub(crate) fn observed_text(observed: &Observed) -> String {
    match &observed.outcome {
        Outcome::Answered { by, peer_seen, .. } => {
            let by = by.as_deref().map_or_else(String::new, |by| format!(" by {by}"));
            let seen =
                peer_seen.map_or_else(String::new, |peer| format!(" (seen from {})", unmapped(peer.ip())));
            format!("answered{by}{seen}")
        }
        Outcome::Refused => "refused".to_owned(),
        Outcome::Reset => "reset".to_owned(),
        Outcome::Unreachable(errno) => format!("unreachable ({})", std::io::Error::from_raw_os_error(*errno)),
        Outcome::Dropped => {
            observed.dropped_by.map_or_else(|| "dropped".to_owned(), |by| format!("dropped ({})", by.text()))
        }
        Outcome::TimedOut => "no answer in time".to_owned(),
        Outcome::Failed(why) => format!("the probe failed: {why}"),
    }
}
