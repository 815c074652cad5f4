//! Two nodes with a pod each, and the outside: who reaches whom, with real sockets.
use std::{
    io::{Read, Write},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, TcpStream},
    time::Duration,
};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use netloom_kernel::{
    fabric::{Attached, Attachment, Overlay, OverlayPeer, Router, overlay_mtu},
    in_flight::InFlight,
    netns::{Here, NetNs, Worker},
    rtnl::Rtnl,
    sockets, sysctl,
};

const UNDERLAY_MTU: u32 = 1500;
const PORT: u16 = 8080;
const DEADLINE: Duration = Duration::from_secs(10);

struct Node {
    router: Router,
    pod: Attached,
}

fn node_ips(number: u8) -> (Ipv4Addr, Ipv6Addr) {
    (Ipv4Addr::new(192, 168, 7, number), Ipv6Addr::new(0xfd00, 7, 0, 0, 0, 0, 0, number.into()))
}

fn pod_nets(number: u8) -> Vec<IpNet> {
    let v4 = Ipv4Net::new_assert(Ipv4Addr::new(10, 244, number, 0), 24);
    let v6 = Ipv6Net::new_assert(Ipv6Addr::new(0xfd00, 0x10, 0, number.into(), 0, 0, 0, 0), 64);
    vec![IpNet::V4(v4), IpNet::V6(v6)]
}

fn attachment(of: &str, v4: Ipv4Addr, v6: Ipv6Addr, mtu: u32) -> Attachment {
    Attachment { of: of.to_owned(), link: None, v4: Some(v4), v6: Some(v6), mtu }
}

fn node(here: &mut Here, fabric: &mut Router, number: u8, overlay: bool) -> Node {
    let name = format!("node n{number}");
    let mut router = Router::create(here, &name).unwrap();
    assert_eq!(sysctl::read("net/ipv4/ip_forward").unwrap(), "1");
    let (v4, v6) = node_ips(number);
    let uplink = attachment(&name, v4, v6, UNDERLAY_MTU);
    let attached = fabric.attach_existing(here, router.ns().try_clone().unwrap(), &uplink).unwrap();
    here.enter(router.ns()).unwrap();
    let mut mtu = UNDERLAY_MTU;
    if overlay {
        mtu = overlay_mtu(UNDERLAY_MTU, v4.into());
        router.join_overlay(&Overlay { vni: 1, local: v4.into(), mtu }).unwrap();
        let other = 3 - number;
        let peer = OverlayPeer { underlay: node_ips(other).0.into(), nets: pod_nets(other) };
        router.add_overlay_peer(&peer).unwrap();
    } else {
        pod_nets(number).into_iter().for_each(|net| fabric.route_to(&attached, net).unwrap());
    }
    pod_nets(number).into_iter().for_each(|net| router.unreachable(net).unwrap());
    let v4 = Ipv4Addr::new(10, 244, number, 5);
    let v6 = Ipv6Addr::new(0xfd00, 0x10, 0, number.into(), 0, 0, 0, 5);
    let pod = router.attach(here, &attachment(&format!("pod n{number}/web"), v4, v6, mtu)).unwrap();
    Node { router, pod }
}

pub fn talk(overlay: bool) -> u8 {
    let worker = Worker::spawn().unwrap();
    let (mut fabric, mut nodes, outside) = worker
        .run(move |here| {
            let mut fabric = Router::create(here, "the fabric").unwrap();
            let nodes = [1, 2].map(|number| node(here, &mut fabric, number, overlay));
            let v6 = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 9);
            let attachment = attachment("outside", Ipv4Addr::new(203, 0, 113, 9), v6, UNDERLAY_MTU);
            let outside = fabric.attach(here, &attachment).unwrap();
            (fabric, nodes, outside)
        })
        .unwrap();
    let mtu = if overlay { 1450 } else { 1500 };
    for node in &nodes {
        let links = worker.run_in(&node.pod.ns, || Rtnl::open().unwrap().links().unwrap()).unwrap();
        let eth0 = links.iter().find(|l| l.name == "eth0").unwrap();
        assert_eq!((eth0.mtu, eth0.up, eth0.kind.as_deref()), (mtu, true, Some("veth")));
        assert_eq!(eth0.mac, Some(node.pod.mac));
    }
    let [first, second] = &nodes;
    for family in [0, 1] {
        let pod = |node: &Node| node.pod.ips[family];
        tcp(&worker, &first.pod.ns, &second.pod.ns, pod(second), Some(pod(first)));
        udp(&worker, &first.pod.ns, &second.pod.ns, pod(second), mtu as usize);
        tcp(&worker, &second.pod.ns, &first.pod.ns, pod(first), Some(pod(second)));
        // Node to its own pod and to the other's, and a pod to a node: sources are whatever the routes say.
        let (v4, v6) = node_ips(1);
        let node_ip = [IpAddr::V4(v4), IpAddr::V6(v6)][family];
        tcp(&worker, first.router.ns(), &first.pod.ns, pod(first), Some(node_ip));
        tcp(&worker, first.router.ns(), &second.pod.ns, pod(second), Some(node_ip));
        tcp(&worker, &second.pod.ns, first.router.ns(), node_ip, None);
        tcp(&worker, &outside.ns, first.router.ns(), node_ip, Some(outside.ips[family]));
    }
    // Nobody had to ask for anybody: every neighbour was told.
    for router in nodes.iter_mut().map(|node| &mut node.router).chain([&mut fabric]) {
        let neighbours = router.rtnl().neighbours().unwrap();
        let asked: Vec<_> = neighbours
            .iter()
            .filter(|n| !n.permanent && !n.ip.is_loopback() && !n.ip.is_multicast())
            .collect();
        assert!(asked.is_empty(), "{asked:?}");
        assert!(neighbours.iter().filter(|n| n.permanent).count() >= 2);
    }
    arrived(&worker, &fabric, &nodes[0].pod.ns, &nodes[1].pod);
    let [first, second] = &mut nodes;
    refused_when_detached(&worker, first, second);
    0
}

/// Sends a megabyte there and back; the server sees `source`.
fn tcp(worker: &Worker, from: &NetNs, to: &NetNs, address: IpAddr, source: Option<IpAddr>) {
    let listener = worker.run_in(to, || sockets::tcp_listener(PORT)).unwrap().unwrap();
    listener.set_nonblocking(false).unwrap();
    let server = std::thread::spawn(move || {
        let (mut stream, peer) = listener.accept().unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        let mut received = Vec::new();
        stream.read_to_end(&mut received).unwrap();
        stream.write_all(&received).unwrap();
        peer.ip().to_canonical()
    });
    let to = SocketAddr::new(address, PORT);
    let mut stream = worker.run_in(from, move || TcpStream::connect_timeout(&to, DEADLINE)).unwrap().unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    let sent: Vec<u8> = (0..1_000_000u32).map(|i| (i % 251) as u8).collect();
    stream.write_all(&sent).unwrap();
    stream.shutdown(Shutdown::Write).unwrap();
    let mut echoed = Vec::new();
    stream.read_to_end(&mut echoed).unwrap();
    assert!(echoed == sent, "{} bytes came back from {address}", echoed.len());
    let seen = server.join().unwrap();
    assert!(source.is_none_or(|source| source == seen), "{seen} is not {source:?}");
}

/// Sends the largest datagram that the MTU takes unfragmented, there and back.
fn udp(worker: &Worker, from: &NetNs, to: &NetNs, address: IpAddr, mtu: usize) {
    let server = worker.run_in(to, || sockets::udp_socket(PORT)).unwrap().unwrap();
    let client = worker.run_in(from, move || sockets::udp_client(address)).unwrap().unwrap();
    for socket in [&server, &client] {
        socket.set_nonblocking(false).unwrap();
        socket.set_read_timeout(Some(DEADLINE)).unwrap();
    }
    let headers = if address.is_ipv4() { 28 } else { 48 };
    let datagram = vec![7; mtu - headers];
    client.send_to(&datagram, (address, PORT)).unwrap();
    let mut buffer = vec![0; 2000];
    let (length, peer) = server.recv_from(&mut buffer).unwrap();
    server.send_to(&buffer[..length], peer).unwrap();
    let (length, peer) = client.recv_from(&mut buffer).unwrap();
    assert_eq!((length, peer.ip()), (datagram.len(), address));
}

/// What was sent before the wait is there after it, however busy the machine is.
fn arrived(worker: &Worker, fabric: &Router, from: &NetNs, to: &Attached) {
    const SENT: usize = 50;
    let server = worker.run_in(&to.ns, || sockets::udp_socket(PORT)).unwrap().unwrap();
    let address = to.ips[0];
    let client = worker.run_in(from, move || sockets::udp_client(address)).unwrap().unwrap();
    let fabric = fabric.ns().try_clone().unwrap();
    let in_flight = worker.run(move |here| InFlight::open(here, &fabric)).unwrap().unwrap();
    let busy: Vec<_> = (0..4)
        .map(|_| {
            let (end, ended) = std::sync::mpsc::channel::<()>();
            let spin = move || while ended.try_recv() == Err(std::sync::mpsc::TryRecvError::Empty) {};
            (end, std::thread::spawn(spin))
        })
        .collect();
    for _ in 0..20 {
        (0..SENT).for_each(|_| assert_eq!(client.send_to(b"x", (address, PORT)).unwrap(), 1));
        in_flight.wait().unwrap();
        let there = std::iter::from_fn(|| server.recv(&mut [0; 8]).ok()).count();
        assert_eq!(there, SENT);
    }
    for (end, thread) in busy {
        drop(end);
        thread.join().unwrap();
    }
}

/// A pod that is gone is unreachable at once, and its address can be given again.
fn refused_when_detached(worker: &Worker, client: &Node, gone: &mut Node) {
    gone.router.detach(&gone.pod).unwrap();
    gone.router.detach(&gone.pod).unwrap();
    let to = SocketAddr::new(gone.pod.ips[0], PORT);
    let error = worker
        .run_in(&client.pod.ns, move || TcpStream::connect_timeout(&to, DEADLINE))
        .unwrap()
        .unwrap_err();
    assert_eq!(error.raw_os_error(), Some(nix::libc::EHOSTUNREACH), "{error}");
}
