//! Node ports and health check node ports of all Services together.
use super::{
    allocate::{Claim, Full, say_taken},
    parse::Parsed,
};
use crate::{
    fast::{Map, Set},
    findings::Findings,
    model::Protocol,
    workloads::names::hash,
};

/// `--service-node-port-range` of the API server.
const RANGE: std::ops::RangeInclusive<u16> = 30_000..=32_767;
/// How many of them the API server leaves to those who ask (KEP-3668).
const LEFT_TO_ASKERS: u16 = 86;

type Used = Set<(Protocol, u16)>;

/// For each Service the node port of each of its ports, and its health check node port.
pub fn node_ports(claims: &[Claim<'_>], findings: &mut Findings) -> Vec<(Vec<Option<u16>>, Option<u16>)> {
    let mut owners: Map<(Protocol, u16), &Parsed> = Map::default();
    let mut out: Vec<(Vec<Option<u16>>, Option<u16>)> = Vec::with_capacity(claims.len());
    for claim in claims {
        let service = claim.now;
        let mut ask = |protocol: Protocol, number: u16| {
            if let Some(first) = owners.get(&(protocol, number)) {
                say_taken(&format!("node port {number}/{protocol}"), service, first, findings);
                return None;
            }
            owners.insert((protocol, number), service);
            Some(number)
        };
        let ports = service.ports.iter().map(|p| ask(p.protocol, p.node_port?)).collect();
        let health = service.health.flatten().and_then(|n| ask(Protocol::Tcp, n));
        out.push((ports, health));
    }
    let mut used: Used = owners.into_keys().collect();
    for (claim, (ports, health)) in claims.iter().zip(&mut out) {
        keep(claim, ports, health, &mut used);
    }
    let mut full = Full::new("node port", "30000-32767", "fewer Services of type NodePort");
    for (claim, (ports, health)) in claims.iter().zip(&mut out) {
        choose(claim.now, ports, health, &mut used, &mut full);
    }
    full.say(findings);
    out
}

/// What it had, where it is still to have one and asks for none.
fn keep(claim: &Claim<'_>, ports: &mut [Option<u16>], health: &mut Option<u16>, used: &mut Used) {
    let Some((before, allocated)) = claim.before else { return };
    if claim.now.node_ports {
        for (port, slot) in claim.now.ports.iter().zip(ports).filter(|(_, slot)| slot.is_none()) {
            let at = before.ports.iter().position(|p| (p.protocol, p.port) == (port.protocol, port.port));
            let had = at.and_then(|at| allocated.node_ports.get(at).copied().flatten());
            *slot = had.filter(|number| used.insert((port.protocol, *number)));
        }
    }
    if claim.now.health.is_some() && health.is_none() {
        *health = allocated.health.filter(|number| used.insert((Protocol::Tcp, *number)));
    }
}

/// New ones, where there is none yet.
fn choose<'a>(
    service: &'a Parsed,
    ports: &mut [Option<u16>],
    health: &mut Option<u16>,
    used: &mut Used,
    full: &mut Full<'a>,
) {
    let mut free = |protocol: Protocol, what: &str| {
        let find = || free_port(protocol, hash(&[&service.namespace, &service.name, what]), used);
        full.unless_full(kind_of(protocol), service, find)
    };
    if service.node_ports {
        for (port, slot) in service.ports.iter().zip(ports).filter(|(_, slot)| slot.is_none()) {
            *slot = free(port.protocol, &format!("{}/{}", port.port, port.protocol));
        }
    }
    if service.health.is_some() && health.is_none() {
        *health = free(Protocol::Tcp, "healthCheckNodePort");
    }
}

/// Each protocol has ports of its own.
const fn kind_of(protocol: Protocol) -> usize {
    match protocol {
        Protocol::Tcp => 0,
        Protocol::Udp => 1,
        Protocol::Sctp | Protocol::Other(_) => 2,
    }
}

/// The node port that a number stands for, or the next free one; the low ones last.
fn free_port(protocol: Protocol, wish: u64, used: &mut Used) -> Option<u16> {
    let first = RANGE.start() + LEFT_TO_ASKERS;
    let count = RANGE.end() - first + 1;
    let start = (wish % u64::from(count)) as u16;
    let high = (0..count).map(|i| first + (start + i) % count);
    high.chain(*RANGE.start()..first).find(|number| used.insert((protocol, *number)))
}
