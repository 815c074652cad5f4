//! Which connections are opened: from everyone to every pod port and every Service port, and out to the addresses that policies name.
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use ipnet::IpNet;
use netloom_cluster::{NodeId, Peer, PodId, Policy, Protocol};
use netloom_explain::{Origin, Path, Target, World, trace};
use netloom_routing::{FrontendKind, host_port_owner};
use netloom_standin::probe::Expectation;

use super::names;
use crate::{
    Network,
    dns::{self, DnsWanted},
    outside,
};

/// Addresses outside that stand for the ranges of policies, at most.
const MAX_OUTSIDE: usize = 48;

/// One connection to open.
#[derive(Clone, Debug)]
pub struct Probe {
    /// Who opens it.
    pub origin: Origin,
    /// To which address and port.
    pub to: SocketAddr,
    /// With which protocol.
    pub protocol: Protocol,
    /// What the target is: `namespace/pod:80`, `Service namespace/name:80 (ClusterIP)`, …
    pub name: Arc<str>,
    /// Every way that the prediction sees; never empty.
    pub predicted: Arc<Vec<Path>>,
    /// What is known to answer.
    pub(crate) how: Expectation,
}

/// Connections that are predicted but not opened.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct NotProbed {
    /// The target.
    pub to: String,
    /// The protocol.
    pub protocol: &'static str,
    /// How many connections to it.
    pub connections: usize,
    /// Why.
    pub reason: &'static str,
}

/// Everything to probe.
#[derive(Debug, Default)]
pub struct Plan {
    /// The connections to open.
    pub probes: Vec<Probe>,
    /// Those that are not opened.
    pub not_probed: Vec<NotProbed>,
    /// What is predicted of those, allowed and denied.
    pub only_predicted: (usize, usize),
}

/// One address and port that connections are opened to.
struct Aim {
    to: SocketAddr,
    protocol: Protocol,
    name: Arc<str>,
    from: From,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum From {
    Everyone,
    /// Only pods: an address outside, whose own clients and the nodes no policy is about.
    Pods,
}

impl Plan {
    /// Everyone to everything, as far as `limit` connections go; beyond it every so-manieth is opened, and the rest named.
    #[must_use]
    pub fn everything(network: &Network, limit: usize) -> Self {
        let world = network.world();
        let origins = origins(world);
        let aims = aims(world);
        let total: usize = aims.iter().map(|a| origins.iter().filter(|o| fits(**o, a)).count()).sum();
        let stride = total.div_ceil(limit.max(1)).max(1);
        let mut plan = Self::default();
        let answers = Answers::of(network);
        let (mut nth, mut skipped) = (0, 0);
        for origin in &origins {
            for aim in aims.iter().filter(|a| fits(*origin, a)) {
                nth += 1;
                if nth % stride != 0 {
                    skipped += 1;
                    continue;
                }
                plan.add(world, &answers, *origin, aim);
            }
        }
        if skipped > 0 {
            plan.not_probed.push(NotProbed {
                to: "everything".to_owned(),
                protocol: "any",
                connections: skipped,
                reason: "more connections than --max-probes: an even share was opened",
            });
        }
        plan
    }

    /// One connection from a pod to another's port, in the first family that both have.
    pub fn pair(
        &mut self,
        network: &Network,
        from: PodId,
        to: PodId,
        protocol: Protocol,
        port: u16,
    ) -> Option<Arc<Vec<Path>>> {
        let world = network.world();
        let (source, target) = (world.snapshot.pod(from), world.snapshot.pod(to));
        let ip = target.ips.iter().find(|ip| source.ips.iter().any(|own| own.is_ipv4() == ip.is_ipv4()))?;
        let name = Arc::from(format!("{}:{port}", target.qualified_name()));
        let aim = Aim { to: SocketAddr::new(ip, port), protocol, name, from: From::Everyone };
        Some(self.add(world, &Answers::of(network), Origin::Pod(from), &aim))
    }

    fn add(&mut self, world: &World, answers: &Answers, origin: Origin, aim: &Aim) -> Arc<Vec<Path>> {
        let predicted = Arc::new(trace(world, origin, aim.to, aim.protocol));
        match answers.how(&predicted, aim.protocol) {
            Ok(how) => self.probes.push(Probe {
                origin,
                to: aim.to,
                protocol: aim.protocol,
                name: aim.name.clone(),
                predicted: predicted.clone(),
                how,
            }),
            Err(reason) => {
                if predicted.iter().all(Path::answered) {
                    self.only_predicted.0 += 1;
                } else {
                    self.only_predicted.1 += 1;
                }
                let same = |n: &&mut NotProbed| {
                    *n.to == *aim.name && n.reason == reason && n.protocol == aim.protocol.name()
                };
                match self.not_probed.iter_mut().find(same) {
                    Some(known) => known.connections += 1,
                    None => self.not_probed.push(NotProbed {
                        to: aim.name.to_string(),
                        protocol: aim.protocol.name(),
                        connections: 1,
                        reason,
                    }),
                }
            }
        }
        predicted
    }
}

fn fits(origin: Origin, aim: &Aim) -> bool {
    match origin {
        Origin::Pod(_) => true,
        Origin::Node(_) => aim.from == From::Everyone,
        Origin::Outside(ip) => aim.from == From::Everyone && ip.is_ipv4() == aim.to.is_ipv4(),
    }
}

fn origins(world: &World) -> Vec<Origin> {
    let snapshot = &world.snapshot;
    let pods = snapshot.pods.iter().filter(|p| !p.host_network).map(|p| Origin::Pod(p.id));
    let nodes = snapshot.nodes.iter().map(|n| Origin::Node(n.id));
    let mut outside: BTreeSet<IpAddr> = snapshot.plan.outside.iter().collect();
    outside.extend(representatives(world, |p| p.ingress.as_deref()));
    pods.chain(nodes).chain(outside.into_iter().map(Origin::Outside)).collect()
}

fn aims(world: &World) -> Vec<Aim> {
    let snapshot = &world.snapshot;
    let mut aims = Vec::new();
    for pod in snapshot.pods.iter() {
        for ip in pod.ips.iter() {
            for &(protocol, port) in &pod.listening {
                let name = Arc::from(format!("{}:{port}", pod.qualified_name()));
                aims.push(Aim { to: SocketAddr::new(ip, port), protocol, name, from: From::Everyone });
            }
        }
    }
    let mut frontends: BTreeMap<(IpAddr, Protocol, u16), Arc<str>> = BTreeMap::new();
    for routes in world.routes.iter() {
        for service in routes.services.values() {
            for frontend in &service.frontends {
                let kind = match frontend.kind {
                    FrontendKind::ClusterIp => "ClusterIP",
                    FrontendKind::NodePort => "NodePort",
                    FrontendKind::LoadBalancer => "load balancer",
                    FrontendKind::ExternalIp => "external IP",
                    FrontendKind::HostPort => "hostPort",
                };
                let owner = match host_port_owner(&service.name) {
                    Some(pod) => pod.to_owned(),
                    None => format!("Service {}", service.name),
                };
                let name = || {
                    Arc::from(format!(
                        "{owner}:{} ({kind} {}:{})",
                        frontend.view.port, frontend.ip, frontend.port
                    ))
                };
                frontends.entry((frontend.ip, frontend.protocol, frontend.port)).or_insert_with(name);
            }
        }
    }
    aims.extend(frontends.into_iter().map(|((ip, protocol, port), name)| Aim {
        to: SocketAddr::new(ip, port),
        protocol,
        name,
        from: From::Everyone,
    }));
    let mut out: BTreeSet<IpAddr> = snapshot.plan.outside.iter().collect();
    out.extend(representatives(world, |p| p.egress.as_deref()));
    for ip in out {
        for (protocol, port) in outside::asked(snapshot) {
            let name = Arc::from(format!("outside ({ip}):{port}"));
            aims.push(Aim { to: SocketAddr::new(ip, port), protocol, name, from: From::Pods });
        }
    }
    aims
}

/// An address outside of the cluster for each range that policies name, and for each exception.
fn representatives(
    world: &World,
    rules: impl Fn(&Policy) -> Option<&[netloom_cluster::Rule]>,
) -> BTreeSet<IpAddr> {
    let mut found = BTreeSet::new();
    let blocks = world
        .snapshot
        .policies
        .iter()
        .filter_map(|p| rules(p))
        .flatten()
        .flat_map(|r| r.peers.iter().flatten());
    for peer in blocks {
        let Peer::Block(net, except) = &peer.peer else { continue };
        let speaks = world.snapshot.plan.outside.iter().any(|ip| ip.is_ipv4() == net.network().is_ipv4());
        if !speaks {
            continue;
        }
        found.extend(address_in(world, net, except));
        found.extend(except.iter().filter_map(|e| address_in(world, e, &[])));
        if found.len() >= MAX_OUTSIDE {
            break;
        }
    }
    found
}

fn address_in(world: &World, net: &IpNet, except: &[IpNet]) -> Option<IpAddr> {
    let outside = |ip: &IpAddr| {
        !except.iter().any(|e| e.contains(ip))
            && is_routable(*ip)
            && matches!(entry(world, *ip), Some(Target::Outside(_)))
    };
    // The first address of an IPv6 network is every router's (RFC 4291, 2.6.1).
    let hosts = net.hosts().skip(usize::from(net.network().is_ipv6())).take(4).chain([net.network()]);
    // A range that begins with its exceptions has its first free address behind them.
    let behind = except.iter().filter_map(|e| next(e.broadcast()));
    hosts.chain(behind).chain([net.broadcast()]).filter(|ip| net.contains(ip)).find(outside)
}

fn next(ip: IpAddr) -> Option<IpAddr> {
    match ip {
        IpAddr::V4(ip) => u32::from(ip).checked_add(1).map(|n| IpAddr::V4(n.into())),
        IpAddr::V6(ip) => u128::from(ip).checked_add(1).map(|n| IpAddr::V6(n.into())),
    }
}

/// Addresses that a packet can be sent to and from on any network.
fn is_routable(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => {
            let first = ip.octets()[0];
            first != 0 && first < 224 && !ip.is_loopback() && !ip.is_link_local() && !ip.is_broadcast()
        }
        IpAddr::V6(ip) => {
            // `::ffff:0:0/96` is how sockets write IPv4 (RFC 4291, 2.5.5.2), and on no wire.
            let is_ipv4 = ip.to_ipv4_mapped().is_some();
            let is_here = ip.is_unspecified() || ip.is_loopback() || ip.is_unicast_link_local();
            !(is_ipv4 || is_here || ip.is_multicast())
        }
    }
}

fn entry(world: &World, ip: IpAddr) -> Option<Target> {
    let node = world.snapshot.nodes.first()?;
    let paths = trace(world, Origin::Node(node.id), SocketAddr::new(ip, 1), Protocol::Tcp);
    paths.into_iter().find_map(|p| match p.end {
        netloom_explain::End::Delivered { target, .. } => Some(target),
        _ => None,
    })
}

/// What answers on a port, so that a probe speaks its language.
struct Answers {
    dns: HashMap<PodId, DnsWanted>,
    /// The DNS pods that are on their nodes' network.
    on_nodes: Vec<(NodeId, PodId)>,
    processes: BTreeSet<PodId>,
    question: String,
}

const NO_SCTP: &str = "probes speak TCP and UDP; SCTP is predicted and programmed";
const PROCESS: &str = "a process of your own answers there, and its UDP protocol is not known";

impl Answers {
    fn of(network: &Network) -> Self {
        let snapshot = &network.world().snapshot;
        let dns = dns::wanted(network.world());
        let processes = snapshot.pods.iter().map(|p| p.id).filter(|id| network.runs_process(*id)).collect();
        Self {
            on_nodes: dns
                .keys()
                .map(|id| snapshot.pod(*id))
                .filter(|pod| pod.host_network)
                .map(|pod| (pod.node, pod.id))
                .collect(),
            dns,
            processes,
            question: format!("kubernetes.default.svc.{}", snapshot.zone),
        }
    }

    fn how(&self, paths: &[Path], protocol: Protocol) -> Result<Expectation, &'static str> {
        let at = paths.iter().filter_map(|p| match p.end {
            netloom_explain::End::Delivered { target, at, .. } => Some((target, at.port())),
            _ => None,
        });
        let at = at.flat_map(|(target, port)| {
            let on_nodes = self.on_nodes.iter().filter(move |(node, _)| target == Target::Node(*node));
            let pod = match target {
                Target::Pod(pod) => Some(pod),
                Target::Node(_) | Target::Outside(_) => None,
            };
            pod.into_iter().chain(on_nodes.map(|(_, pod)| *pod)).map(move |pod| (pod, port))
        });
        let at: Vec<(PodId, u16)> = at.collect();
        let dns = at.iter().any(|(pod, port)| self.dns.get(pod).is_some_and(|dns| dns.has(protocol, *port)));
        let process = at.iter().any(|(pod, _)| self.processes.contains(pod));
        match protocol {
            Protocol::Tcp if dns || process => Ok(Expectation::TcpConnect),
            Protocol::Tcp => Ok(Expectation::Http),
            Protocol::Udp if dns => Ok(Expectation::UdpDns(self.question.clone())),
            Protocol::Udp if process => Err(PROCESS),
            Protocol::Udp => Ok(Expectation::UdpNetloom),
            Protocol::Sctp | Protocol::Other(_) => Err(NO_SCTP),
        }
    }
}

impl Probe {
    /// The name of who opens it.
    #[must_use]
    pub fn from_name(&self, world: &World) -> String {
        names::origin(world, self.origin)
    }
}
