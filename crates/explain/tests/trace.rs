//! The ways that packets take, one rule of the data plane at a time.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod common;

use std::net::IpAddr;

use common::{Fixture, at};
use netloom_cluster::Protocol::{Tcp, Udp};
use netloom_explain::{Drop, End, Origin, Path, Rejection, Step, Target, trace};
use netloom_policy::{Direction, Reason};

const BASE: &str = "
apiVersion: v1
kind: Pod
metadata: {name: server, namespace: shop, labels: {app: server}}
spec:
  nodeName: node-2
  containers: [{name: c, image: c, ports: [{name: http, containerPort: 8080}]}]
---
apiVersion: v1
kind: Pod
metadata: {name: client, namespace: shop, labels: {app: client}}
spec:
  nodeName: node-1
  containers: [{name: c, image: c}]
---
apiVersion: v1
kind: Pod
metadata: {name: host, namespace: shop, labels: {app: host}}
spec:
  nodeName: node-1
  hostNetwork: true
  containers: [{name: c, image: c, ports: [{containerPort: 9100}]}]
---
apiVersion: v1
kind: Service
metadata: {name: server, namespace: shop}
spec:
  type: NodePort
  selector: {app: server}
  ports: [{port: 80, targetPort: http, nodePort: 30080}]
---
";

const LOCAL: &str = "
apiVersion: v1
kind: Service
metadata: {name: local, namespace: shop}
spec:
  type: LoadBalancer
  externalTrafficPolicy: Local
  selector: {app: server}
  ports: [{port: 80, targetPort: http, nodePort: 30081}]
---
apiVersion: v1
kind: Service
metadata: {name: empty, namespace: shop}
spec:
  selector: {app: nobody}
  ports: [{port: 80}]
---
";

fn base(more: &str) -> Fixture {
    Fixture::new(&[("base.yaml", BASE), ("more.yaml", more)])
}

fn pod(fixture: &Fixture, name: &str) -> Origin {
    Origin::Pod(fixture.pods(name)[0])
}

const OUTSIDE: &str = "203.0.113.10";

fn outside() -> Origin {
    Origin::Outside(OUTSIDE.parse().unwrap())
}

fn one(paths: Vec<Path>) -> Path {
    assert_eq!(paths.len(), 1, "{paths:?}");
    paths.into_iter().next().unwrap()
}

fn judged(path: &Path, wanted: Direction) -> Option<IpAddr> {
    path.steps.iter().find_map(|s| match s {
        Step::Policy { direction, peer, .. } if *direction == wanted => Some(*peer),
        _ => None,
    })
}

fn seen(path: &Path) -> IpAddr {
    match path.end {
        End::Delivered { from, listening: true, .. } => from,
        ref other => panic!("{other:?}"),
    }
}

#[test]
fn a_node_port_with_a_remote_endpoint_is_judged_with_the_ingress_nodes_address() {
    let fixture = base(LOCAL);
    let [first, second] = [0, 1].map(|i| fixture.world.snapshot.nodes[i].id);
    // Through the node without the endpoint: it puts its own address in place of the client's.
    let path = one(trace(&fixture.world, outside(), at(fixture.node_ip(first), 30080), Tcp));
    assert_eq!(judged(&path, Direction::Ingress), Some(fixture.node_ip(first)));
    assert_eq!(seen(&path), fixture.node_ip(first));
    // Through the endpoint's own: policies still see the client, the pod sees the node.
    let path = one(trace(&fixture.world, outside(), at(fixture.node_ip(second), 30080), Tcp));
    assert_eq!(judged(&path, Direction::Ingress), Some(OUTSIDE.parse().unwrap()));
    assert_eq!(seen(&path), fixture.node_ip(second));
}

#[test]
fn local_keeps_the_client_and_drops_where_no_endpoint_is() {
    let fixture = base(LOCAL);
    let [first, second] = [0, 1].map(|i| fixture.world.snapshot.nodes[i].id);
    let path = one(trace(&fixture.world, outside(), at(fixture.node_ip(first), 30081), Tcp));
    assert!(matches!(&path.end, End::Dropped(Drop::NoLocalEndpoint(node, _)) if *node == first), "{path:?}");
    let path = one(trace(&fixture.world, outside(), at(fixture.node_ip(second), 30081), Tcp));
    assert_eq!(seen(&path).to_string(), OUTSIDE);
    // Its load balancer is announced by the node that has an endpoint.
    let lb = fixture.world.snapshot.find_service("shop", "local").unwrap().lb_ips[0];
    assert_eq!(seen(&one(trace(&fixture.world, outside(), at(lb, 80), Tcp))).to_string(), OUTSIDE);
    // A pod of any node is inside, and not bound by it.
    let path = one(trace(&fixture.world, pod(&fixture, "client"), at(lb, 80), Tcp));
    assert!(path.answered(), "{path:?}");
}

/// The endpoint is outside, as the client is: with the client's address kept it answers past the node.
#[test]
fn an_answer_that_passes_by_the_node_that_translates_is_none() {
    for (policy, answered) in [("Local", false), ("Cluster", true)] {
        let fixture = base(&format!(
            "---
apiVersion: v1
kind: Service
metadata: {{name: away, namespace: shop}}
spec: {{type: LoadBalancer, externalTrafficPolicy: {policy}, ports: [{{port: 80, targetPort: 8080}}]}}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {{name: away-1, namespace: shop, labels: {{kubernetes.io/service-name: away}}}}
addressType: IPv4
endpoints: [{{addresses: [198.51.100.7], nodeName: node-1}}]
ports: [{{port: 8080, protocol: TCP}}]
"
        ));
        let lb = fixture.world.snapshot.find_service("shop", "away").unwrap().lb_ips[0];
        let path = one(trace(&fixture.world, outside(), at(lb, 80), Tcp));
        assert_eq!(path.answered(), answered, "{path:?}");
        let passes_by =
            matches!(&path.end, End::Dropped(Drop::ReplyPassesBy(ip, _)) if ip.to_string() == "198.51.100.7");
        assert_eq!(passes_by, !answered, "{path:?}");
        // Whoever is inside is not bound by the policy.
        assert!(one(trace(&fixture.world, pod(&fixture, "client"), at(lb, 80), Tcp)).answered());
    }
}

#[test]
fn a_pod_that_reaches_itself_through_its_service_is_policed_and_masqueraded() {
    let fixture = base("");
    let server = fixture.pods("server")[0];
    let own = fixture.pod_ip(server);
    let path =
        one(trace(&fixture.world, Origin::Pod(server), at(fixture.cluster_ip("shop", "server"), 80), Tcp));
    assert_eq!(judged(&path, Direction::Egress), Some(own));
    assert_eq!(judged(&path, Direction::Ingress), Some(own));
    assert_eq!(seen(&path), fixture.node_ip(fixture.node_of(server)));
    // By its own address the packet never leaves it.
    let path = one(trace(&fixture.world, Origin::Pod(server), at(own, 8080), Tcp));
    assert!(path.steps.is_empty() && path.answered(), "{path:?}");
}

#[test]
fn host_network_pods_are_their_node() {
    let deny = "
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: deny, namespace: shop}
spec: {podSelector: {}, policyTypes: [Ingress, Egress]}
";
    let fixture = base(deny);
    let host = fixture.pods("host")[0];
    let server = at(fixture.pod_ip(fixture.pods("server")[0]), 8080);
    let path = one(trace(&fixture.world, Origin::Pod(host), server, Tcp));
    assert_eq!(judged(&path, Direction::Egress), None);
    assert_eq!(judged(&path, Direction::Ingress), Some(fixture.node_ip(fixture.node_of(host))));
    assert_eq!(path.end, End::Denied);
    // Its own node always reaches a pod.
    let path =
        one(trace(&fixture.world, Origin::Node(fixture.node_of(fixture.pods("server")[0])), server, Tcp));
    assert!(
        matches!(&path.steps[..], [Step::Policy { side, .. }] if side.reason == Reason::OwnNode),
        "{path:?}"
    );
    assert!(path.answered());
    // What it listens on is the node's.
    let node = fixture.node_of(host);
    let path = one(trace(&fixture.world, outside(), at(fixture.node_ip(node), 9100), Tcp));
    assert_eq!(
        path.end,
        End::Delivered {
            target: Target::Node(node),
            at: at(fixture.node_ip(node), 9100),
            from: OUTSIDE.parse().unwrap(),
            listening: true,
        }
    );
    assert!(!one(trace(&fixture.world, outside(), at(fixture.node_ip(node), 9101), Tcp)).answered());
}

#[test]
fn addresses_of_nobody_are_unreachable() {
    let fixture = base("");
    let client = pod(&fixture, "client");
    for nobody in ["10.244.250.1", "10.96.250.1", "172.18.250.1", "198.18.0.250"] {
        let ip: IpAddr = nobody.parse().unwrap();
        for origin in [client, outside(), Origin::Node(fixture.world.snapshot.nodes[0].id)] {
            let path = one(trace(&fixture.world, origin, at(ip, 80), Tcp));
            assert_eq!(path.end, End::Unreachable(ip), "{nobody} {origin:?}");
        }
    }
    // Another family than the cluster's.
    let v6: IpAddr = "2001:db8::1".parse().unwrap();
    assert_eq!(one(trace(&fixture.world, client, at(v6, 80), Tcp)).end, End::Unreachable(v6));
    // A ClusterIP is nothing out there.
    let ip = fixture.cluster_ip("shop", "server");
    assert_eq!(one(trace(&fixture.world, outside(), at(ip, 80), Tcp)).end, End::Unreachable(ip));
}

#[test]
fn a_cluster_ip_without_endpoints_or_without_the_port_rejects() {
    let fixture = base(LOCAL);
    let empty = fixture.cluster_ip("shop", "empty");
    let server = fixture.cluster_ip("shop", "server");
    for origin in [pod(&fixture, "client"), Origin::Node(fixture.world.snapshot.nodes[0].id)] {
        let path = one(trace(&fixture.world, origin, at(empty, 80), Tcp));
        assert!(matches!(path.end, End::Rejected(Rejection::NoEndpoints(_))), "{path:?}");
        let path = one(trace(&fixture.world, origin, at(server, 81), Tcp));
        assert!(matches!(path.end, End::Rejected(Rejection::NoSuchPort(_))), "{path:?}");
        let path = one(trace(&fixture.world, origin, at(server, 80), Udp));
        assert!(matches!(path.end, End::Rejected(Rejection::NoSuchPort(_))), "{path:?}");
    }
}

#[test]
fn the_outside_sees_the_node_of_a_pod() {
    let fixture = base("");
    let client = fixture.pods("client")[0];
    let path = one(trace(&fixture.world, Origin::Pod(client), at(OUTSIDE.parse().unwrap(), 443), Tcp));
    assert_eq!(seen(&path), fixture.node_ip(fixture.node_of(client)));
}

#[test]
fn a_node_port_of_another_node_is_judged_as_that_node() {
    let fixture = base("");
    let client = fixture.pods("client")[0];
    let second = fixture.world.snapshot.nodes[1].id;
    let path = one(trace(&fixture.world, Origin::Pod(client), at(fixture.node_ip(second), 30080), Tcp));
    assert_eq!(judged(&path, Direction::Egress), Some(fixture.node_ip(second)));
    assert!(path.answered(), "{path:?}");
}
