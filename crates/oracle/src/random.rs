//! Random clusters: few names, labels and addresses, so that selectors and blocks meet them often.
use std::{collections::BTreeMap, sync::Arc};

use ipnet::IpNet;
use netloom_cluster::*;
use netloom_objects::{Location, ObjectRef};
use proptest::prelude::*;

fn origin(name: &str) -> Arc<ObjectRef> {
    Arc::new(ObjectRef {
        kind: "Test".into(),
        namespace: Some("test".into()),
        name: name.into(),
        at: Location { file: "random.yaml".into(), line: 1, column: 1 },
    })
}

/// The namespaces of a random cluster.
pub const NAMESPACES: [&str; 3] = ["x", "y", "z"];
/// The ports that random policies and pods name.
pub const PORTS: [u16; 5] = [80, 81, 8080, 53, 1];

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

/// A policy of any tier.
pub fn policy() -> impl Strategy<Value = Arc<Policy>> {
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
    /// A cluster of some pods in three namespaces on two nodes, all with addresses of both families.
    pub fn snapshot()(
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
                containers: Arc::new(vec![Container { name: "c".into(), image: None, ports }]), listening: vec![], aimed: vec![], ready: true, pending: false,
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
            services: Arc::default(), policies: Arc::new(policies), dns_service: None, dns_servers: Arc::default(),
        }
    }
}

/// The cluster as manifests show it: which pods' addresses are known is said by their index, and no node's is.
pub fn without_addresses(s: &Snapshot, known: impl Fn(usize) -> bool) -> Snapshot {
    let forget = |(nth, pod): (usize, &Arc<Pod>)| match known(nth) && !pod.host_network {
        true => pod.clone(),
        false => Arc::new(Pod { ips: Addrs::default(), ..(**pod).clone() }),
    };
    let nodes = s.nodes.iter().map(|node| Node { ips: Addrs::default(), ..node.clone() }).collect();
    let pods = s.pods.iter().enumerate().map(forget).collect();
    Snapshot { pods: Arc::new(pods), nodes: Arc::new(nodes), ..s.clone() }
}
