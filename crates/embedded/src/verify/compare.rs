//! Holding one observation against one prediction.
use std::net::IpAddr;

use netloom_explain::{Drop, End, Path, Rejection, Step, Target, World};
use netloom_node::LogPrefix;
use netloom_policy::Direction;
use netloom_standin::probe::Outcome;

use super::names;

/// What came of a probe, with the rule that the kernel named if it dropped it.
#[derive(Clone, Debug)]
pub(crate) struct Observed {
    pub outcome: Outcome,
    pub connected: bool,
    pub dropped_by: Option<LogPrefix>,
}

/// Whether what was observed is one of the ways that were predicted.
pub(crate) fn agrees(world: &World, predicted: &[Path], observed: &Observed) -> bool {
    predicted.iter().any(|path| matches_path(world, path, observed))
}

fn matches_path(world: &World, path: &Path, observed: &Observed) -> bool {
    let silent = matches!(observed.outcome, Outcome::Dropped | Outcome::TimedOut) && !observed.connected;
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
