//! ClusterIPs, node ports and load balancer addresses of all Services together.
//!
//! What is chosen comes from a hash of the Service's name, so that it is the same in every run, whatever other
//! Services there are; as in a cluster, the low part of each range is left to those that ask for an address.
use std::net::IpAddr;

use super::{
    node_ports::node_ports,
    parse::{Parsed, Shape},
};
use crate::{
    addresses::{address, family, host_bits, number, pool::Pool},
    dns,
    fast::{Map, Set},
    findings::Findings,
    model::{AddressPlan, Addrs, Family, Protocol},
    workloads::names::hash,
};

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

/// A Service that claims, and what it claimed and got the last time.
#[derive(Clone, Copy)]
pub struct Claim<'a> {
    /// The Service.
    pub now: &'a Parsed,
    /// The Service of the same name as it was.
    pub before: Option<(&'a Parsed, &'a Allocated)>,
}

/// Who has what.
#[derive(Default)]
pub struct Allocator {
    lb_pools: Vec<Pool>,
}

impl Allocator {
    /// What each of the Services has, in their order.
    pub fn allocate(
        &mut self,
        claims: &[Claim<'_>],
        (plan, others): (&AddressPlan, &[IpAddr]),
        findings: &mut Findings,
    ) -> Vec<Allocated> {
        let ips = cluster_ips(claims, plan, others, findings);
        let ports = node_ports(claims, findings);
        let lb = self.load_balancers(claims, plan, others, findings);
        say_cluster_ips(claims, &ips, findings);
        let all = ips.into_iter().zip(ports).zip(lb);
        all.map(|((ips, (node_ports, health)), lb)| Allocated { ips, node_ports, lb, health }).collect()
    }

    fn load_balancers(
        &mut self,
        claims: &[Claim<'_>],
        plan: &AddressPlan,
        others: &[IpAddr],
        findings: &mut Findings,
    ) -> Vec<Vec<IpAddr>> {
        let nets: Vec<_> = plan.lb_cidrs.iter().collect();
        if !self.lb_pools.iter().map(Pool::net).eq(nets.iter().copied()) {
            self.lb_pools = nets.iter().map(|net| Pool::new(*net, 1)).collect();
        }
        let mut out: Vec<Vec<IpAddr>> =
            claims.iter().map(|c| c.now.load_balancer.clone().unwrap_or_default()).collect();
        // Two Services may share a given address (their ports tell them apart), never a chosen one.
        let mut used: Set<IpAddr> = out.iter().flatten().chain(others).copied().collect();
        let open = |c: &Claim<'_>| c.now.load_balancer.as_ref().is_some_and(Vec::is_empty);
        for (claim, ips) in claims.iter().zip(&mut out).filter(|(c, _)| open(c)) {
            let before = claim.before.map_or(&[][..], |(_, allocated)| &allocated.lb);
            let families = &claim.now.families;
            let fits = |ip: &&IpAddr| plan.lb_cidrs.contains(**ip) && families.contains(&Family::of(**ip));
            ips.extend(before.iter().filter(fits).filter(|ip| used.insert(**ip)));
        }
        for pool in &mut self.lb_pools {
            let wanted = family(pool.net());
            let mut full = Full::new("load balancer", pool.net().to_string(), "--lb-cidr");
            for (claim, ips) in claims.iter().zip(&mut out).filter(|(c, _)| open(c)) {
                let has = || ips.iter().any(|ip| Family::of(*ip) == wanted);
                if claim.now.families.contains(&wanted) && !has() {
                    ips.extend(full.unless_full(0, claim.now, || pool.take(&mut used)));
                }
            }
            full.say(findings);
        }
        say_shared(claims, &out, findings);
        out
    }
}

/// The ClusterIPs of every Service: as asked for, as before, else chosen.
fn cluster_ips(
    claims: &[Claim<'_>],
    plan: &AddressPlan,
    others: &[IpAddr],
    findings: &mut Findings,
) -> Vec<Addrs> {
    let mut owners: Map<IpAddr, &Parsed> = Map::default();
    let mut out = vec![Addrs::default(); claims.len()];
    let virtual_ones = |c: &Claim<'_>| c.now.shape == Shape::Virtual;
    for (claim, ips) in claims.iter().zip(&mut out).filter(|(c, _)| virtual_ones(c)) {
        let service = claim.now;
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
    let mut used: Set<IpAddr> = owners.into_keys().chain(others.iter().copied()).collect();
    for (claim, ips) in claims.iter().zip(&mut out).filter(|(c, _)| virtual_ones(c)) {
        let before = claim.before.map(|(_, allocated)| allocated.ips).unwrap_or_default();
        for ip in before.iter().filter(|ip| plan.service_cidrs.contains(*ip)) {
            let wanted = claim.now.families.contains(&Family::of(ip));
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
        let mut full = Full::new("Service", net.to_string(), "--service-cidr");
        for (claim, ips) in claims.iter().zip(&mut out).filter(|(c, _)| virtual_ones(c)) {
            let service = claim.now;
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
            let find = || high.take_at(wish, &mut used).or_else(|| low.take_at(wish, &mut used));
            full.unless_full(0, service, find).into_iter().for_each(|ip| ips.fill(ip));
        }
        full.say(findings);
    }
    out
}

/// Two Services ask for the same.
pub fn say_taken(what: &str, service: &Parsed, first: &Parsed, findings: &mut Findings) {
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

/// What there was to give out and is used up. Once nothing is left nobody looks again, and it is said once.
pub struct Full<'a> {
    what: &'static str,
    range: String,
    remedy: &'static str,
    /// By kind: whether there is nothing left.
    kinds: [bool; 3],
    /// The first that got nothing, and how many did.
    without: Option<(&'a Parsed, usize)>,
}

impl<'a> Full<'a> {
    pub fn new(what: &'static str, range: impl Into<String>, remedy: &'static str) -> Self {
        Self { what, range: range.into(), remedy, kinds: [false; 3], without: None }
    }

    /// What is found for a Service, as long as there was something for the one before.
    pub fn unless_full<T>(
        &mut self,
        kind: usize,
        service: &'a Parsed,
        find: impl FnOnce() -> Option<T>,
    ) -> Option<T> {
        let full = self.kinds.get_mut(kind)?;
        let found = if *full { None } else { find() };
        *full = found.is_none();
        if found.is_none() {
            self.without = Some(self.without.map_or((service, 1), |(first, count)| (first, count + 1)));
        }
        found
    }

    /// Says it.
    pub fn say(self, findings: &mut Findings) {
        let Some((first, count)) = self.without else { return };
        let others = match count - 1 {
            0 => "gets none".to_owned(),
            1 => "and one other get none".to_owned(),
            others => format!("and {others} others get none"),
        };
        let Self { what, range, remedy, .. } = self;
        let (namespace, name) = (&first.namespace, &first.name);
        let message = format!("the {what} range {range} is used up: Service {namespace}/{name} {others}");
        findings.error(first.origin.at.clone(), message).help(format!("make room with {remedy}"));
    }
}

/// Two Services on the same outside address and port: only one can answer there.
fn say_shared(claims: &[Claim<'_>], lb: &[Vec<IpAddr>], findings: &mut Findings) {
    let mut owners: Map<(IpAddr, Protocol, u16), &Parsed> = Map::default();
    for (claim, lb) in claims.iter().zip(lb) {
        let service = claim.now;
        for ip in lb.iter().chain(&service.external_ips) {
            for port in &service.ports {
                let first = *owners.entry((*ip, port.protocol, port.port)).or_insert(service);
                if !std::ptr::eq(first, service) {
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

/// A Service that has, as load balancer or external address, the ClusterIP of another one.
fn say_cluster_ips(claims: &[Claim<'_>], ips: &[Addrs], findings: &mut Findings) {
    if claims.iter().all(|c| c.now.outward().next().is_none()) {
        return;
    }
    let owners: Map<IpAddr, &Parsed> =
        claims.iter().zip(ips).flat_map(|(c, ips)| ips.iter().map(|ip| (ip, c.now))).collect();
    for service in claims.iter().map(|c| c.now) {
        for ip in service.outward() {
            let Some(owner) = owners.get(&ip) else { continue };
            let message = format!(
                "Service {}/{} has the address {ip}, which is the ClusterIP of Service {}/{}",
                service.namespace, service.name, owner.namespace, owner.name
            );
            findings
                .error(service.origin.at.clone(), message)
                .related(owner.origin.at.clone(), "the other one");
        }
    }
}

/// The ClusterIPs that objects give, for the plan.
pub fn given<'a>(services: impl Iterator<Item = &'a Parsed>) -> Vec<IpAddr> {
    services.filter(|s| s.shape == Shape::Virtual).flat_map(|s| s.given.iter()).collect()
}
