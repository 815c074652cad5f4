//! The compiled evaluator and the kernel's tables against a slow, obvious reading of the same policies, pod by pod.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "what cannot be set up has to fail loudly")]

use std::{net::IpAddr, sync::Arc};

use netloom_cluster::{Pod, Protocol, Snapshot};
use netloom_oracle::{PORTS, Side, Who, obvious, policy, snapshot, without_addresses};
use netloom_policy::{Compiler, Direction, Placed, PolicySet, Remote};
use proptest::prelude::*;

const PROTOCOLS: [Protocol; 4] = [Protocol::Tcp, Protocol::Udp, Protocol::Sctp, Protocol::Other(1)];

fn side_of(direction: Direction) -> Side {
    match direction {
        Direction::Ingress => Side::Target,
        Direction::Egress => Side::Source,
    }
}

fn ports() -> impl Iterator<Item = u16> {
    PORTS.into_iter().chain([79, 9999, 65535])
}

fn side_says(
    s: &Snapshot,
    compiled: &PolicySet,
    (pod, direction): (&Pod, Direction),
    (remote, who): (Remote, Who<'_>),
    (protocol, port): (Protocol, u16),
) -> Result<Option<bool>, TestCaseError> {
    let side = match direction {
        Direction::Ingress => compiled.ingress(pod.id, remote, protocol, port),
        Direction::Egress => compiled.egress(pod.id, remote, protocol, port),
    };
    if side.reason == netloom_policy::Reason::OwnNode {
        let node = match who {
            Who::Node(node, _) => node.id,
            Who::Pod(other, _) => other.node,
            Who::Outside(_) => return Err(TestCaseError::fail("an address of nobody is no node")),
        };
        prop_assert!(side.allowed && node == pod.node);
        return Ok(None);
    }
    let expected = obvious(s, side_of(direction), pod, who, protocol, port);
    let what = (direction, &pod.name, remote, protocol, port);
    prop_assert_eq!(side.allowed, expected, "evaluator {:?} {:?}", what, side.reason);
    Ok(Some(expected))
}

fn agree(s: &Snapshot, compiled: &PolicySet) -> Result<(), TestCaseError> {
    let outside = ["203.0.113.10", "203.0.113.200", "8.8.8.8", "2001:db8::1", "10.244.0.7", "fc00::9"];
    let mut peers: Vec<IpAddr> = outside.iter().map(|a| a.parse().unwrap()).collect();
    peers.extend(s.pods.iter().flat_map(|p| p.ips.iter()).chain(s.nodes.iter().flat_map(|n| n.ips.iter())));
    for pod in s.pods.iter().filter(|p| !p.host_network) {
        for &peer in &peers {
            let (remote, who) = (Remote::Address(peer), Who::at(s, peer));
            for protocol in PROTOCOLS {
                for port in ports() {
                    for direction in [Direction::Ingress, Direction::Egress] {
                        let says = side_says(s, compiled, (pod, direction), (remote, who), (protocol, port))?;
                        let Some(expected) = says else { continue };
                        let what = (direction, &pod.name, peer, protocol, port);
                        let tables = compiled.tables().judge(pod.id, direction, peer, protocol, port);
                        prop_assert_eq!(tables, expected, "tables {:?}", what);
                    }
                }
            }
        }
    }
    Ok(())
}

/// The same where addresses are not known: nobody is named by one.
fn agree_without_addresses(s: &Snapshot, compiled: &PolicySet) -> Result<(), TestCaseError> {
    let pods = s.pods.iter().map(|pod| (Remote::Pod(pod.id), Who::Pod(pod, None)));
    let nodes = s.nodes.iter().map(|node| (Remote::Node(node.id), Who::Node(node, None)));
    let others: Vec<_> = pods.chain(nodes).collect();
    for pod in s.pods.iter().filter(|p| !p.host_network) {
        for other in &others {
            for protocol in PROTOCOLS {
                for port in ports() {
                    for direction in [Direction::Ingress, Direction::Egress] {
                        side_says(s, compiled, (pod, direction), *other, (protocol, port))?;
                    }
                }
            }
        }
    }
    Ok(())
}

/// What holds between two states lets through what both do; a pod that only one of them has is judged by that one.
fn between(states: [&Snapshot; 2], sets: [&PolicySet; 2]) -> Result<(), TestCaseError> {
    let [old, new] = sets.map(|set| Placed::of(set, None));
    let both = old.towards(&new);
    let addresses = |s: &Snapshot| -> Vec<IpAddr> {
        let pods = s.pods.iter().filter(|p| !p.host_network).flat_map(|p| p.ips.iter());
        pods.collect()
    };
    let [before, after] = states.map(addresses);
    let mut peers: Vec<IpAddr> =
        ["203.0.113.10", "8.8.8.8", "2001:db8::1"].map(|a| a.parse().unwrap()).into();
    peers.extend(states[0].nodes.iter().flat_map(|n| n.ips.iter()));
    peers.extend(before.iter().chain(&after));
    // A pod that has the address of another one elsewhere is judged there by its own state.
    let node = |s: &Snapshot, ip: &IpAddr| {
        s.pods.iter().find(|p| !p.host_network && p.ips.contains(*ip)).map(|p| p.node)
    };
    let moved = |ip: &&IpAddr| {
        let [old, new] = states.map(|s| node(s, ip));
        old.is_some() && new.is_some() && old != new
    };
    let gone = |ip: &IpAddr| before.contains(ip) && !after.contains(ip);
    let came = |ip: &IpAddr| after.contains(ip) && !before.contains(ip);
    for pod in before.iter().chain(&after).filter(|ip| !moved(ip)) {
        for peer in &peers {
            for protocol in PROTOCOLS {
                for port in ports() {
                    for direction in [Direction::Ingress, Direction::Egress] {
                        let by = |placed: &Placed| placed.judge(*pod, direction, *peer, protocol, port);
                        let old_says = came(pod) || came(peer) || by(&old);
                        let new_says = gone(pod) || gone(peer) || by(&new);
                        let what = (direction, pod, peer, protocol, port);
                        prop_assert_eq!(by(&both), old_says && new_says, "{:?}", what);
                    }
                }
            }
        }
    }
    Ok(())
}

/// `NETLOOM_RANDOM_CASES` sets how many clusters are tried.
fn cases() -> u32 {
    std::env::var("NETLOOM_RANDOM_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(300)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), ..ProptestConfig::default() })]

    #[test]
    fn evaluator_and_tables_agree_with_the_obvious_reading(s in snapshot()) {
        agree(&s, &PolicySet::compile(&s))?;
    }

    #[test]
    fn pods_and_nodes_without_a_known_address_are_judged_apart_from_any(s in snapshot()) {
        let s = without_addresses(&s, |_| false);
        agree_without_addresses(&s, &PolicySet::compile(&s))?;
    }

    #[test]
    fn a_compiler_that_saw_other_snapshots_says_the_same(snapshots in proptest::collection::vec(snapshot(), 2..4)) {
        let mut compiler = Compiler::default();
        for s in &snapshots {
            agree(s, &compiler.compile(s))?;
        }
    }

    #[test]
    fn policies_edited_one_by_one_are_judged_like_all_at_once(
        s in snapshot(),
        edits in proptest::collection::vec((any::<prop::sample::Index>(), proptest::option::of(policy())), 1..6),
    ) {
        let mut compiler = Compiler::default();
        let mut s = s;
        compiler.compile(&s);
        for (at, edit) in edits {
            let mut policies = (*s.policies).clone();
            let at = at.index(policies.len() + 1);
            let gone = (at < policies.len()).then(|| policies.remove(at));
            if let Some(edit) = edit {
                policies.insert(at, edit);
            }
            s.policies = Arc::new(policies);
            agree(&s, &compiler.compile(&s))?;
            // What went and comes back is known from before.
            if let Some(gone) = gone {
                let again = Arc::new(s.policies.iter().cloned().chain([gone]).collect());
                let s = Snapshot { policies: again, ..s.clone() };
                agree(&s, &compiler.compile(&s))?;
            }
        }
    }

    #[test]
    fn between_two_states_holds_what_both_allow(s in snapshot(), next in snapshot(), edits in any::<bool>()) {
        // Half of the time only the policies are others, as after an edit.
        let next = if edits { Snapshot { policies: next.policies.clone(), ..s.clone() } } else { next };
        let mut compiler = Compiler::default();
        let (old, new) = (compiler.compile(&s), compiler.compile(&next));
        between([&s, &next], [&old, &new])?;
        between([&next, &s], [&new, &old])?;
    }
}
