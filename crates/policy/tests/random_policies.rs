//! The compiled evaluator and the kernel's tables against a slow, obvious reading of the same policies, pod by pod.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "what cannot be set up has to fail loudly")]

use std::{collections::BTreeMap, net::IpAddr, sync::Arc};

use ipnet::IpNet;
use netloom_cluster::*;
use netloom_objects::{Location, ObjectRef};
use netloom_policy::{Compiler, Direction, PolicySet};
use proptest::prelude::*;

fn origin(name: &str) -> Arc<ObjectRef> {
    Arc::new(ObjectRef {
        kind: "Test".into(),
        namespace: Some("test".into()),
        name: name.into(),
        at: Location::builtin(),
    })
}

const NAMESPACES: [&str; 3] = ["x", "y", "z"];
const PORTS: [u16; 5] = [80, 81, 8080, 53, 1];

fn labels() -> impl Strategy<Value = BTreeMap<String, String>> {
    proptest::collection::btree_map(
        prop::sample::select(vec!["app", "tier"]).prop_map(String::from),
        prop::sample::select(vec!["a", "b", "c"]).prop_map(String::from),
        0..3,
    )
}

fn selector() -> impl Strategy<Value = Selector> {
    let values = || {
        proptest::collection::btree_set(
            prop::sample::select(vec!["a", "b", "c"]).prop_map(String::from),
            1..3,
        )
    };
    let operator = prop_oneof![
        4 => values().prop_map(|v| Operator::In(v.into_iter().collect())),
        1 => values().prop_map(|v| Operator::NotIn(v.into_iter().collect())),
        1 => Just(Operator::Exists),
        1 => Just(Operator::DoesNotExist),
    ];
    let requirement = (prop::sample::select(vec!["app", "tier"]).prop_map(String::from), operator)
        .prop_map(|(key, operator)| Requirement { key, operator });
    proptest::collection::vec(requirement, 0..3).prop_map(|requirements| Selector { requirements })
}

fn pod_peer() -> impl Strategy<Value = PodPeer> {
    let namespaces = prop_oneof![
        prop::sample::select(NAMESPACES.to_vec()).prop_map(|n| NamespaceMatch::Named(n.into())),
        selector().prop_map(NamespaceMatch::Labels),
    ];
    (namespaces, selector()).prop_map(|(namespaces, pods)| PodPeer { namespaces, pods })
}

fn net() -> impl Strategy<Value = IpNet> {
    prop::sample::select(vec![
        "0.0.0.0/0",
        "10.244.0.0/16",
        "10.244.0.0/24",
        "10.244.0.4/30",
        "10.244.0.5/32",
        "203.0.113.0/24",
        "203.0.113.128/25",
        "172.18.0.0/16",
        "::/0",
        "fd00:10:244::/64",
        "fd00:10:244::4/126",
    ])
    .prop_map(|n| n.parse().unwrap())
}

fn peer() -> impl Strategy<Value = Peer> {
    prop_oneof![
        5 => pod_peer().prop_map(Peer::Pods),
        3 => (net(), proptest::collection::vec(net(), 0..2)).prop_map(|(net, except)| Peer::Block(net, except)),
        1 => selector().prop_map(Peer::Nodes),
        1 => Just(Peer::Unknown),
    ]
}

fn protocol() -> impl Strategy<Value = Protocol> {
    prop::sample::select(vec![Protocol::Tcp, Protocol::Tcp, Protocol::Udp, Protocol::Sctp])
}

fn port() -> impl Strategy<Value = PortMatch> {
    let number = || prop::sample::select(PORTS.to_vec());
    prop_oneof![
        1 => protocol().prop_map(PortMatch::All),
        4 => (protocol(), number()).prop_map(|(p, n)| PortMatch::Range(p, n, n)),
        2 => (protocol(), number(), number()).prop_map(|(p, a, b)| PortMatch::Range(p, a.min(b), a.max(b))),
        1 => protocol().prop_map(|p| PortMatch::Range(p, 1, 65535)),
        3 => (proptest::option::of(protocol()), prop::sample::select(vec!["http", "dns"]))
            .prop_map(|(p, n)| PortMatch::Named(p, n.into())),
    ]
}

fn rules(accept_only: bool) -> impl Strategy<Value = Option<Vec<Rule>>> {
    let action = if accept_only {
        Just(Action::Accept).boxed()
    } else {
        prop::sample::select(vec![Action::Accept, Action::Deny, Action::Pass]).boxed()
    };
    let peers = proptest::option::weighted(
        0.8,
        proptest::collection::vec(peer().prop_map(|peer| PeerRef { peer, origin: origin("peer") }), 1..3),
    );
    let ports = proptest::option::weighted(
        0.7,
        proptest::collection::vec(port().prop_map(|port| PortRef { port, origin: origin("port") }), 1..3),
    );
    let rule = (action, peers, ports).prop_map(|(action, peers, ports)| Rule {
        action,
        name: None,
        peers,
        ports,
        origin: origin("rule"),
    });
    proptest::option::weighted(0.7, proptest::collection::vec(rule, 0..3))
}

fn policy() -> impl Strategy<Value = Arc<Policy>> {
    let tier = prop_oneof![
        3 => Just(Tier::NetworkPolicy),
        1 => (0..3i32).prop_map(Tier::Admin),
        1 => (0..2i32).prop_map(Tier::Baseline),
    ];
    tier.prop_flat_map(|tier| {
        let only = tier == Tier::NetworkPolicy;
        (Just(tier), pod_peer(), rules(only), rules(only), any::<u16>())
    })
    .prop_map(|(tier, subject, ingress, egress, id)| {
        Arc::new(Policy { tier, subject, ingress, egress, origin: origin(&format!("p{id}")) })
    })
}

prop_compose! {
    fn pod()(
        namespace in 0..NAMESPACES.len(), labels in labels(), node in 0..2u32, host_network in prop::bool::weighted(0.1),
        ports in proptest::collection::vec((prop::sample::select(vec!["http", "dns"]), prop::sample::select(PORTS.to_vec()), protocol()), 0..3),
    ) -> (usize, BTreeMap<String, String>, u32, bool, Vec<(&'static str, u16, Protocol)>) {
        (namespace, labels, node, host_network, ports)
    }
}

prop_compose! {
    fn snapshot()(
        namespaces in proptest::collection::vec(labels(), 3),
        nodes in proptest::collection::vec(labels(), 2),
        pods in proptest::collection::vec(pod(), 1..7),
        policies in proptest::collection::vec(policy(), 0..6),
    ) -> Snapshot {
        let namespaces: Vec<Namespace> = NAMESPACES.iter().zip(namespaces).map(|(name, labels)| {
            Namespace { name: (*name).into(), labels: Arc::new(labels), origin: None }
        }).collect();
        let nodes: Vec<Node> = nodes.into_iter().enumerate().map(|(i, labels)| Node {
            id: NodeId(i as u32), name: format!("node-{i}").into(), labels: Arc::new(labels),
            ips: Addrs { v4: Some([172, 18, 0, 2 + i as u8].into()), v6: Some(format!("fc00::{}", i + 2).parse().unwrap()) },
            pod_cidrs: Nets::default(), origin: None,
        }).collect();
        let pods = pods.into_iter().enumerate().map(|(i, (namespace, labels, node, host_network, ports))| {
            let own = Addrs { v4: Some([10, 244, 0, 2 + i as u8].into()), v6: Some(format!("fd00:10:244::{}", i + 2).parse().unwrap()) };
            let ports = ports.into_iter().map(|(name, port, protocol)| ContainerPort { name: Some(name.into()), port, protocol }).collect();
            Arc::new(Pod {
                id: PodId(i as u32), name: format!("pod-{i}").into(), namespace: NAMESPACES[namespace].into(),
                namespace_id: NamespaceId(namespace as u32), labels: Arc::new(labels),
                workload: Workload { kind: "Pod".into(), name: format!("pod-{i}").into() }, node: NodeId(node),
                ips: if host_network { nodes[node as usize].ips } else { own }, host_network,
                service_account: "default".into(), hostname: None, subdomain: None,
                containers: Arc::new(vec![Container { name: "c".into(), image: None, ports }]), listening: vec![], ready: true,
                dns_policy: DnsPolicy::default(), dns_config: Arc::default(), host_ports: Arc::default(), host_aliases: Arc::default(), run: None, origin: origin("pod"),
            })
        }).collect();
        Snapshot {
            zone: "cluster.local".into(),
            plan: Arc::new(AddressPlan {
                pod_cidrs: Nets::default(), service_cidrs: Nets::default(), lb_cidrs: Nets::default(),
                node_cidrs: Nets::default(), outside: Addrs::default(),
            }),
            namespaces: Arc::new(namespaces), nodes: Arc::new(nodes), pods: Arc::new(pods),
            services: Arc::default(), policies: Arc::new(policies), dns_service: None,
        }
    }
}

/// The slow, obvious evaluator: one side, straight from the text of the specification.
fn obvious(
    s: &Snapshot,
    direction: Direction,
    subject: &Pod,
    peer_ip: IpAddr,
    protocol: Protocol,
    port: u16,
) -> bool {
    let peer = s.pods.iter().find(|p| !p.host_network && p.ips.contains(peer_ip));
    let node = s.nodes.iter().find(|n| n.ips.contains(peer_ip));
    let destination = if direction == Direction::Ingress { Some(subject) } else { peer.map(|p| &**p) };
    let selects = |selection: &PodPeer, pod: &Pod| {
        let namespace = s.namespace(pod.namespace_id);
        (match &selection.namespaces {
            NamespaceMatch::Named(name) => **name == *namespace.name,
            NamespaceMatch::Labels(selector) => selector.matches(&namespace.labels),
        }) && selection.pods.matches(&pod.labels)
    };
    let rule_matches = |rule: &Rule| {
        let peer_matches = |p: &Peer| match p {
            Peer::Pods(selection) => peer.is_some_and(|p| selects(selection, p)),
            Peer::Block(net, except) => {
                net.contains(&peer_ip) && !except.iter().any(|e| e.contains(&peer_ip))
            }
            Peer::Nodes(selector) => node.is_some_and(|n| selector.matches(&n.labels)),
            Peer::Unknown => rule.action != Action::Accept,
        };
        let port_matches = |p: &PortMatch, to: Option<&Peer>| match p {
            PortMatch::All(p) => *p == protocol,
            PortMatch::Range(p, a, b) => *p == protocol && *a <= port && port <= *b,
            PortMatch::Named(p, name) => {
                let towards_pods = direction == Direction::Ingress
                    || match to {
                        None | Some(Peer::Pods(_) | Peer::Unknown) => true,
                        Some(Peer::Block(..) | Peer::Nodes(_)) => false,
                    };
                towards_pods
                    && p.is_none_or(|p| p == protocol)
                    && destination.is_some_and(|d| d.named_port(name, protocol) == Some(port))
            }
        };
        let some_port = |to: Option<&Peer>| {
            rule.ports.as_ref().is_none_or(|ports| ports.iter().any(|p| port_matches(&p.port, to)))
        };
        match &rule.peers {
            None => some_port(None),
            Some(peers) => peers.iter().any(|p| peer_matches(&p.peer) && some_port(Some(&p.peer))),
        }
    };
    let action = |rule: &Rule| {
        let unknown = rule.peers.iter().flatten().any(|p| p.peer == Peer::Unknown);
        if unknown && rule.action == Action::Pass { Action::Deny } else { rule.action }
    };
    let mut about: Vec<(&Arc<Policy>, &Vec<Rule>)> = s
        .policies
        .iter()
        .filter(|p| selects(&p.subject, subject))
        .filter_map(|p| {
            Some((p, if direction == Direction::Ingress { p.ingress.as_ref()? } else { p.egress.as_ref()? }))
        })
        .collect();
    about.sort_by_key(|(p, _)| (p.tier, p.origin.name.clone()));
    let tier = |wanted: fn(Tier) -> bool| {
        about
            .iter()
            .filter(|(p, _)| wanted(p.tier))
            .flat_map(|(_, rules)| rules.iter())
            .find(|r| rule_matches(r))
            .map(action)
    };
    match tier(|t| matches!(t, Tier::Admin(_))) {
        Some(Action::Accept) => return true,
        Some(Action::Deny) => return false,
        Some(Action::Pass) | None => {}
    }
    if about.iter().any(|(p, _)| p.tier == Tier::NetworkPolicy) {
        return tier(|t| t == Tier::NetworkPolicy).is_some();
    }
    tier(|t| matches!(t, Tier::Baseline(_))) != Some(Action::Deny)
}

fn agree(s: &Snapshot, compiled: &PolicySet) -> Result<(), TestCaseError> {
    let outside = ["203.0.113.10", "203.0.113.200", "8.8.8.8", "2001:db8::1", "10.244.0.7", "fc00::9"];
    let mut peers: Vec<IpAddr> = outside.iter().map(|a| a.parse().unwrap()).collect();
    peers.extend(s.pods.iter().flat_map(|p| p.ips.iter()).chain(s.nodes.iter().flat_map(|n| n.ips.iter())));
    for pod in s.pods.iter().filter(|p| !p.host_network) {
        for &peer in &peers {
            for protocol in [Protocol::Tcp, Protocol::Udp, Protocol::Sctp, Protocol::Other(1)] {
                for port in PORTS.into_iter().chain([79, 9999, 65535]) {
                    for direction in [Direction::Ingress, Direction::Egress] {
                        let side = match direction {
                            Direction::Ingress => compiled.ingress(pod.id, peer, protocol, port),
                            Direction::Egress => compiled.egress(pod.id, peer, protocol, port),
                        };
                        if side.reason == netloom_policy::Reason::OwnNode {
                            prop_assert!(side.allowed && s.node(pod.node).ips.contains(peer));
                            continue;
                        }
                        let expected = obvious(s, direction, pod, peer, protocol, port);
                        let what = (direction, &pod.name, peer, protocol, port);
                        prop_assert_eq!(side.allowed, expected, "evaluator {:?} {:?}", what, side.reason);
                        let tables = compiled.tables().judge(pod.id, direction, peer, protocol, port);
                        prop_assert_eq!(tables, expected, "tables {:?}", what);
                    }
                }
            }
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn evaluator_and_tables_agree_with_the_obvious_reading(s in snapshot()) {
        agree(&s, &PolicySet::compile(&s))?;
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
}
