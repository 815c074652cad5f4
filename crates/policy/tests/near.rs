//! Rules that almost allow a connection: which of them is named first, and its line.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
use std::{net::IpAddr, sync::Arc};

use netloom_cluster::{Builder, Families, Options, Protocol, Snapshot};
use netloom_objects::{ObjectSet, Source, parse_source};
use netloom_policy::{Direction, Miss, PolicySet, Reason};

const CLUSTER: &str = "
apiVersion: v1
kind: Namespace
metadata: {name: web, labels: {tier: front}}
---
apiVersion: v1
kind: Pod
metadata: {name: server, namespace: shop, labels: {app: server}}
spec: {nodeName: node-1, containers: [{name: c, image: c, ports: [{name: http, containerPort: 8080}]}]}
---
apiVersion: v1
kind: Pod
metadata: {name: client, namespace: shop, labels: {app: client, tier: front}}
spec: {containers: [{name: c, image: c}]}
---
apiVersion: v1
kind: Pod
metadata: {name: proxy, namespace: web, labels: {app: proxy}}
spec: {containers: [{name: c, image: c}]}
---
apiVersion: v1
kind: Pod
metadata: {name: on-node, namespace: web, labels: {app: on-node}}
spec: {nodeName: node-2, hostNetwork: true, containers: [{name: c, image: c}]}
";

struct World {
    snapshot: Snapshot,
    policies: PolicySet,
}

/// A policy of `server` with these ingress rules; the first of them stands on line 7.
fn world(rules: &str) -> World {
    let policy = format!(
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: server, namespace: shop}}\nspec:\n  podSelector: {{matchLabels: {{app: server}}}}\n  ingress:\n{rules}\n"
    );
    let parse = |(name, text): (&str, &str)| Arc::new(parse_source(&Source::new(name, text)));
    let objects = ObjectSet::assemble([("cluster.yaml", CLUSTER), ("p.yaml", &policy)].map(parse).to_vec());
    assert!(!objects.has_errors(), "{}", objects.render(false));
    let options = Options { families: Families::V4, ..Options::default() };
    let snapshot = Builder::new(options).build(&objects).snapshot;
    let policies = PolicySet::compile(&snapshot);
    World { snapshot, policies }
}

impl World {
    fn ip(&self, who: &str) -> IpAddr {
        let pod = self.snapshot.pods.iter().find(|p| *p.name == *who);
        pod.and_then(|p| p.ips.iter().next()).unwrap_or_else(|| who.parse().unwrap())
    }

    fn near(&self, from: &str, protocol: Protocol, port: u16) -> Vec<String> {
        let server = self.snapshot.find_pod("shop", "server").unwrap().id;
        let side = self.policies.ingress(server, self.ip(from), protocol, port);
        assert!(matches!(side.reason, Reason::Isolated(_)), "{side:?}");
        let misses = self.policies.near_misses(server, Direction::Ingress, self.ip(from), protocol, port);
        misses.iter().map(|m| format!("{} {}", m.object.at.line, name(&m.miss))).collect()
    }

    fn either(&self, from: &str) -> Option<(u32, u32, bool)> {
        let server = self.snapshot.find_pod("shop", "server").unwrap().id;
        assert!(self.policies.ingress(server, self.ip(from), Protocol::Tcp, 8080).allowed);
        let found =
            self.policies.either_peer(server, Direction::Ingress, self.ip(from), Protocol::Tcp, 8080)?;
        Some((found.matched.at.line, found.other.at.line, found.by_namespace))
    }
}

fn name(miss: &Miss) -> &'static str {
    match miss {
        Miss::Port { other_protocol: true, .. } => "protocol",
        Miss::Port { named_peer: true, .. } => "port",
        Miss::Port { .. } => "port for everyone",
        Miss::Namespace { selects_any: false, .. } => "no such namespace",
        Miss::Namespace { .. } => "namespace",
        Miss::OtherNamespace { .. } => "other namespace",
        Miss::Pods { selects_any: false, .. } => "no such pod",
        Miss::Pods { .. } => "pods",
        Miss::Block { except: Some(_), .. } => "except",
        Miss::Block { .. } => "block",
        Miss::NoPod { node: true } => "node",
        Miss::NoPod { node: false } => "no pod",
    }
}

#[test]
fn the_nearest_rule_is_named_at_the_line_that_stands_in_the_way() {
    use Protocol::{Tcp, Udp};
    let table: [(&str, &str, Protocol, u16, &[&str]); 18] = [
        ("", "client", Tcp, 8080, &[]),
        (
            "  - {from: [{podSelector: {matchLabels: {app: client}}}], ports: [{port: 80}]}",
            "client",
            Tcp,
            8080,
            &["7 port"],
        ),
        (
            "  - from: [{podSelector: {}}]\n    ports:\n    - port: 80\n    - port: 8080",
            "client",
            Udp,
            8080,
            &["10 protocol"],
        ),
        ("  - ports: [{port: 80}]", "client", Tcp, 8080, &["7 port for everyone"]),
        (
            "  - ports: [{port: 80}]\n  - {from: [{podSelector: {}}], ports: [{port: 81}]}",
            "client",
            Tcp,
            8080,
            &["8 port", "7 port for everyone"],
        ),
        (
            "  - from:\n    - namespaceSelector: {matchLabels: {name: web}}",
            "proxy",
            Tcp,
            8080,
            &["8 no such namespace"],
        ),
        (
            "  - from:\n    - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: shop}}\n    ports: [{port: 8080}]",
            "proxy",
            Tcp,
            8080,
            &["8 namespace"],
        ),
        // Another namespace is meant, and nothing else speaks for this peer.
        (
            "  - from:\n    - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: shop}}",
            "proxy",
            Tcp,
            8080,
            &[],
        ),
        (
            "  - from:\n    - podSelector: {matchLabels: {app: proxy}}\n    ports: [{port: http}]",
            "proxy",
            Tcp,
            8080,
            &["8 other namespace"],
        ),
        (
            "  - from:\n    - podSelector: {matchLabels: {app: clinet}}",
            "client",
            Tcp,
            8080,
            &["8 no such pod"],
        ),
        ("  - from:\n    - podSelector: {matchLabels: {app: server}}", "client", Tcp, 8080, &["8 pods"]),
        (
            "  - from:\n    - podSelector: {matchLabels: {app: server}}\n    - podSelector: {matchLabels: {app: clinet}}",
            "client",
            Tcp,
            8080,
            &["9 no such pod", "8 pods"],
        ),
        (
            "  - from:\n    - ipBlock: {cidr: 0.0.0.0/0, except: [203.0.113.0/24]}",
            "203.0.113.9",
            Tcp,
            8080,
            &["8 except"],
        ),
        (
            "  - from:\n    - ipBlock: {cidr: 10.0.0.0/8}\n    ports: [{port: 8080}]",
            "203.0.113.9",
            Tcp,
            8080,
            &["8 block"],
        ),
        ("  - from:\n    - ipBlock: {cidr: 198.51.100.0/24}", "203.0.113.9", Tcp, 8080, &[]),
        (
            "  - from:\n    - podSelector: {}\n    ports: [{port: 8080}]",
            "203.0.113.9",
            Tcp,
            8080,
            &["8 no pod"],
        ),
        (
            "  - from:\n    - namespaceSelector: {}\n    ports: [{port: 8080}]",
            "on-node",
            Tcp,
            8080,
            &["8 node"],
        ),
        // Neither half matches.
        (
            "  - from:\n    - podSelector: {matchLabels: {app: server}}\n    ports: [{port: 9090}]",
            "client",
            Tcp,
            8080,
            &[],
        ),
    ];
    for (rules, from, protocol, port, expected) in table {
        let rules = if rules.is_empty() { "    []" } else { rules };
        // The server is on another node than the pod on the host's network, which its own would always let in.
        assert_eq!(world(rules).near(from, protocol, port), expected, "{from} {protocol} {port}\n{rules}");
    }
}

#[test]
fn two_items_that_read_as_one_are_noticed_where_they_alone_allow() {
    let pair = "  - from:\n    - namespaceSelector: {matchLabels: {tier: front}}\n    - podSelector: {matchLabels: {app: client}}\n    ports: [{port: 8080}]";
    assert_eq!(world(pair).either("proxy"), Some((8, 9, true)));
    assert_eq!(world(pair).either("client"), Some((9, 8, false)));
    let meant = pair.replace("app: client", "app: proxy");
    assert_eq!(world(&meant).either("proxy"), None, "the peer is of these namespaces, and has the label");
    let wider = format!("{pair}\n  - from: [{{namespaceSelector: {{}}}}]");
    assert_eq!(world(&wider).either("proxy"), None, "another rule allows it too");
    let anyone = format!("{pair}\n  - ports: [{{port: http}}]");
    assert_eq!(world(&anyone).either("proxy"), None, "anyone is allowed");
    let one = "  - from:\n    - namespaceSelector: {matchLabels: {tier: front}}\n    - namespaceSelector: {matchLabels: {x: z}}\n      podSelector: {matchLabels: {app: client}}";
    assert_eq!(world(one).either("proxy"), None, "the neighbour is about both");
}
