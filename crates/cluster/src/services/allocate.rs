//! ClusterIPs, node ports and load balancer addresses of all Services together.
//!
//! What is chosen comes from a hash of the Service's name, so that it is the same in every run, whatever other
//! Services there are; as in a cluster, the low part of each range is left to those that ask for an address.
use std::{
    collections::{HashMap, HashSet},
    net::IpAddr,
    sync::Arc,
};

use super::parse::{Parsed, Shape};
use crate::{
    addresses::{address, family, host_bits, number, pool::Pool},
    dns,
    findings::Findings,
    model::{AddressPlan, Addrs, Family, Protocol},
    workloads::names::hash,
};

/// `--service-node-port-range` of the API server.
const NODE_PORTS: std::ops::RangeInclusive<u16> = 30_000..=32_767;
/// How many of them the API server leaves to those who ask (KEP-3668).
const STATIC_NODE_PORTS: u16 = 86;

/// What one Service got.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Allocated {
    /// Its ClusterIPs.
    pub ips: Addrs,
    /// For each port, its node port.
    pub node_ports: Vec<Option<u16>>,
    /// Its load balancer addresses.
    pub lb: Vec<IpAddr>,
    /// Its health check node port.
    pub health: Option<u16>,
}

type Key = (Arc<str>, Arc<str>);

/// Who has what; kept, so that a Service that stays keeps what it has.
#[derive(Default)]
pub struct Allocator {
    before: HashMap<Key, Kept>,
    lb_pools: Vec<Pool>,
}

/// What a Service keeps.
#[derive(Clone, Debug, Default)]
struct Kept {
    ips: Addrs,
    ports: HashMap<(Protocol, u16), u16>,
    lb: Addrs,
    health: Option<u16>,
}

impl Allocator {
    /// What each of the Services has, in their order.
    pub fn allocate(
        &mut self,
        services: &[&Parsed],
        plan: &AddressPlan,
        findings: &mut Findings,
    ) -> Vec<Allocated> {
        let ips = self.cluster_ips(services, plan, findings);
        let ports = self.node_ports(services, findings);
        let lb = self.load_balancers(services, plan, findings);
        let mut out = Vec::with_capacity(services.len());
        let mut kept = HashMap::with_capacity(services.len());
        for (((service, ips), (node_ports, health)), lb) in services.iter().zip(ips).zip(ports).zip(lb) {
            let chosen = service.ports.iter().zip(&node_ports);
            let ports = chosen.filter_map(|(p, n)| Some(((p.protocol, p.port), (*n)?))).collect();
            let mut lb_kept = Addrs::default();
            lb.iter().for_each(|ip| lb_kept.fill(*ip));
            kept.insert(key(service), Kept { ips, ports, lb: lb_kept, health });
            out.push(Allocated { ips, node_ports, lb, health });
        }
        self.before = kept;
        out
    }

    fn cluster_ips(&self, services: &[&Parsed], plan: &AddressPlan, findings: &mut Findings) -> Vec<Addrs> {
        let mut owners: HashMap<IpAddr, &Parsed> = HashMap::new();
        let mut out = vec![Addrs::default(); services.len()];
        let virtual_ones = |s: &&Parsed| s.shape == Shape::Virtual;
        for (service, ips) in services.iter().zip(&mut out).filter(|(s, _)| virtual_ones(s)) {
            for ip in service.given.iter().filter(|ip| service.families.contains(&Family::of(*ip))) {
                match owners.get(&ip) {
                    Some(first) => say_taken(&format!("clusterIP {ip}"), service, first, findings),
                    None => {
                        owners.insert(ip, service);
                        ips.fill(ip);
                    }
                }
            }
        }
        let mut used: HashSet<IpAddr> = owners.into_keys().collect();
        for (service, ips) in services.iter().zip(&mut out).filter(|(s, _)| virtual_ones(s)) {
            let before = self.before.get(&key(service)).map(|k| k.ips).unwrap_or_default();
            for ip in before.iter().filter(|ip| plan.service_cidrs.contains(*ip)) {
                let wanted = service.families.contains(&Family::of(ip));
                if wanted && ips.of(Family::of(ip)).is_none() && used.insert(ip) {
                    ips.fill(ip);
                }
            }
        }
        for net in plan.service_cidrs.iter() {
            let family = family(net);
            let size = 1_u128.checked_shl(host_bits(net)).unwrap_or(u128::MAX);
            let band = if size > 16 { (size / 16).clamp(16, 256) } else { 1 };
            let (high, low) = (Pool::new(net, band), Pool::new(net, 1));
            for (service, ips) in services.iter().zip(&mut out).filter(|(s, _)| virtual_ones(s)) {
                if !service.families.contains(&family) || ips.of(family).is_some() {
                    continue;
                }
                // The tenth address is where installers put the cluster DNS.
                let tenth = address(family, number(net.network()).wrapping_add(10));
                let is_dns = &*service.namespace == dns::NAMESPACE && &*service.name == dns::SERVICE;
                if is_dns && low.gives(tenth) && used.insert(tenth) {
                    ips.fill(tenth);
                    continue;
                }
                let wish = u128::from(hash(&["clusterIP", &service.namespace, &service.name]));
                match high.take_at(wish, &mut used).or_else(|| low.take_at(wish, &mut used)) {
                    Some(ip) => ips.fill(ip),
                    None => say_full("Service", &net.to_string(), "--service-cidr", service, findings),
                }
            }
        }
        out
    }

    fn node_ports(
        &self,
        services: &[&Parsed],
        findings: &mut Findings,
    ) -> Vec<(Vec<Option<u16>>, Option<u16>)> {
        let mut owners: HashMap<(Protocol, u16), &Parsed> = HashMap::new();
        let mut out: Vec<(Vec<Option<u16>>, Option<u16>)> =
            services.iter().map(|s| (vec![None; s.ports.len()], None)).collect();
        for (service, (ports, health)) in services.iter().zip(&mut out) {
            let mut claim = |protocol: Protocol, number: u16, origin: &netloom_objects::Location| {
                if !NODE_PORTS.contains(&number) {
                    findings.warning(
                        origin.clone(),
                        format!("Service {}/{}: node port {number} is outside {}-{}, which the API server accepts by default", service.namespace, service.name, NODE_PORTS.start(), NODE_PORTS.end()),
                    );
                }
                match owners.get(&(protocol, number)) {
                    Some(first) => {
                        say_taken(&format!("node port {number}/{protocol}"), service, first, findings);
                        None
                    }
                    None => {
                        owners.insert((protocol, number), service);
                        Some(number)
                    }
                }
            };
            for (port, slot) in service.ports.iter().zip(ports) {
                *slot = port.node_port.and_then(|number| claim(port.protocol, number, &port.origin.at));
            }
            *health =
                service.health.flatten().and_then(|number| claim(Protocol::Tcp, number, &service.origin.at));
        }
        let mut used: HashSet<(Protocol, u16)> = owners.into_keys().collect();
        for (service, (ports, health)) in services.iter().zip(&mut out) {
            let Some(before) = self.before.get(&key(service)) else { continue };
            for (port, slot) in
                service.ports.iter().zip(ports).filter(|(_, s)| s.is_none() && service.node_ports)
            {
                *slot = before.ports.get(&(port.protocol, port.port)).copied();
                *slot = slot.filter(|number| used.insert((port.protocol, *number)));
            }
            if service.health.is_some() && health.is_none() {
                *health = before.health.filter(|number| used.insert((Protocol::Tcp, *number)));
            }
        }
        for (service, (ports, health)) in services.iter().zip(&mut out) {
            for (port, slot) in
                service.ports.iter().zip(ports).filter(|(_, s)| s.is_none() && service.node_ports)
            {
                let wish =
                    hash(&[&service.namespace, &service.name, port.protocol.name(), &port.port.to_string()]);
                *slot = free_port(port.protocol, wish, &mut used);
                if slot.is_none() {
                    say_full(
                        "node port",
                        "30000-32767",
                        "fewer Services of type NodePort",
                        service,
                        findings,
                    );
                }
            }
            if service.health.is_some() && health.is_none() {
                let wish = hash(&[&service.namespace, &service.name, "healthCheckNodePort"]);
                *health = free_port(Protocol::Tcp, wish, &mut used);
            }
        }
        out
    }

    fn load_balancers(
        &mut self,
        services: &[&Parsed],
        plan: &AddressPlan,
        findings: &mut Findings,
    ) -> Vec<Vec<IpAddr>> {
        let nets: Vec<_> = plan.lb_cidrs.iter().collect();
        if !self.lb_pools.iter().map(Pool::net).eq(nets.iter().copied()) {
            self.lb_pools = nets.iter().map(|net| Pool::new(*net, 1)).collect();
        }
        let mut out: Vec<Vec<IpAddr>> =
            services.iter().map(|s| s.load_balancer.clone().unwrap_or_default()).collect();
        // Two Services may share a given address (their ports tell them apart), never a chosen one.
        let mut used: HashSet<IpAddr> = out.iter().flatten().copied().collect();
        let open: Vec<bool> =
            services.iter().map(|s| s.load_balancer.as_ref().is_some_and(Vec::is_empty)).collect();
        for ((service, ips), _) in services.iter().zip(&mut out).zip(&open).filter(|(_, open)| **open) {
            let before = self.before.get(&key(service)).map(|k| k.lb).unwrap_or_default();
            let fits =
                |ip: &IpAddr| plan.lb_cidrs.contains(*ip) && service.families.contains(&Family::of(*ip));
            ips.extend(before.iter().filter(fits).filter(|ip| used.insert(*ip)));
        }
        for ((service, ips), _) in services.iter().zip(&mut out).zip(&open).filter(|(_, open)| **open) {
            for pool in &mut self.lb_pools {
                let wanted = family(pool.net());
                if !service.families.contains(&wanted) || ips.iter().any(|ip| Family::of(*ip) == wanted) {
                    continue;
                }
                match pool.take(&mut used) {
                    Some(ip) => ips.push(ip),
                    None => {
                        say_full("load balancer", &pool.net().to_string(), "--lb-cidr", service, findings)
                    }
                }
            }
        }
        say_shared(services, &out, findings);
        out
    }
}

fn key(service: &Parsed) -> Key {
    (service.namespace.clone(), service.name.clone())
}

/// The node port that a number stands for, or the next free one; the low ones last.
fn free_port(protocol: Protocol, wish: u64, used: &mut HashSet<(Protocol, u16)>) -> Option<u16> {
    let first = NODE_PORTS.start() + STATIC_NODE_PORTS;
    let count = NODE_PORTS.end() - first + 1;
    let start = (wish % u64::from(count)) as u16;
    let high = (0..count).map(|i| first + (start + i) % count);
    high.chain(*NODE_PORTS.start()..first).find(|number| used.insert((protocol, *number)))
}

fn say_taken(what: &str, service: &Parsed, first: &Parsed, findings: &mut Findings) {
    findings
        .error(
            service.origin.at.clone(),
            format!(
                "Services {}/{} and {}/{} both ask for {what}: the second gets another",
                first.namespace, first.name, service.namespace, service.name
            ),
        )
        .related(first.origin.at.clone(), "the other one");
}

fn say_full(what: &str, range: &str, remedy: &str, service: &Parsed, findings: &mut Findings) {
    let message = format!(
        "the {what} range {range} is used up: Service {}/{} gets none",
        service.namespace, service.name
    );
    findings.error(service.origin.at.clone(), message).help(format!("make room with {remedy}"));
}

/// Two Services on the same outside address and port: only one can answer there.
fn say_shared(services: &[&Parsed], lb: &[Vec<IpAddr>], findings: &mut Findings) {
    let mut owners: HashMap<(IpAddr, Protocol, u16), &Parsed> = HashMap::new();
    for (service, lb) in services.iter().zip(lb) {
        for ip in lb.iter().chain(&service.external_ips) {
            for port in &service.ports {
                let first = *owners.entry((*ip, port.protocol, port.port)).or_insert(service);
                if !std::ptr::eq(first, *service) {
                    findings
                        .error(
                            port.origin.at.clone(),
                            format!("Services {}/{} and {}/{} both want {ip} port {}/{}: only one of them answers there", first.namespace, first.name, service.namespace, service.name, port.port, port.protocol),
                        )
                        .related(first.origin.at.clone(), "the other one");
                }
            }
        }
    }
}

/// The ClusterIPs that objects give, for the plan.
pub fn given(services: &[&Parsed]) -> Vec<IpAddr> {
    services.iter().filter(|s| s.shape == Shape::Virtual).flat_map(|s| s.given.iter()).collect()
}
