//! The names that one Service gives: its own, those of its ports and those of its endpoints.
use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, OnceLock},
};

use netloom_cluster::{Endpoint, Family, Service, ServiceKind};

use crate::{
    names::dashed,
    record::{Record, RecordData, RecordType},
    zone::TTL,
};

/// What a Service says to a question at or below its name.
pub(crate) enum Found {
    /// Records and their additionals; empty means that the name has none of this type.
    Records(Vec<Record>, Vec<Record>),
    /// The name is an alias of this one.
    Alias(Arc<str>),
    /// There is no such name.
    Nothing,
}

/// For each label the endpoints (by index) that have it, with the address that it stands for.
type Labels = HashMap<Box<str>, Vec<(u32, IpAddr)>>;

/// A Service with its names.
#[derive(Debug)]
pub(crate) struct Served {
    /// The Service.
    pub(crate) service: Arc<Service>,
    /// `name.namespace.svc.zone`.
    pub(crate) name: Arc<str>,
    /// The names of pods by endpoint, where endpoints go by them.
    pods: Vec<(u32, Arc<str>)>,
    /// Endpoints by label, built by the first question that needs it.
    labels: OnceLock<Labels>,
}

impl Served {
    /// The names of a Service in a zone.
    pub(crate) fn new(service: &Arc<Service>, zone: &str, pods: Vec<(u32, Arc<str>)>) -> Self {
        let mut name = format!("{}.{}.svc.{zone}", service.name, service.namespace);
        name.make_ascii_lowercase();
        let name = name.strip_suffix('.').unwrap_or(&name).into();
        Self { service: service.clone(), name, pods, labels: OnceLock::new() }
    }

    /// Answers a question at `head` below the Service's name; `""` is the name itself.
    pub(crate) fn lookup(&self, head: &str, rtype: RecordType) -> Found {
        let headless = match &self.service.kind {
            ServiceKind::ExternalName(target) => return alias(head, target),
            ServiceKind::Virtual(_) => false,
            ServiceKind::Headless => true,
        };
        // CoreDNS answers so too: there is nothing that the name could stand for.
        if headless && self.published().next().is_none() {
            return Found::Nothing;
        }
        let mut labels = head.split('.');
        match (labels.next(), labels.next(), labels.next()) {
            (Some(""), None, None) => self.at_own_name(rtype),
            (Some(protocol), None, None) if protocol.starts_with('_') => self.at_protocol(protocol),
            (Some(label), None, None) => self.at_endpoint(label, rtype),
            (Some(port), Some(protocol), None) => self.at_port(port, protocol, rtype),
            _ => Found::Nothing,
        }
    }

    /// The name that an endpoint's address has here, for PTR.
    pub(crate) fn endpoint_name(&self, ip: IpAddr) -> Option<Arc<str>> {
        let mut endpoints = self.published();
        let (i, endpoint) = endpoints.find(|(_, e)| e.ips.contains(ip))?;
        Some(self.name_of(i, endpoint, ip))
    }

    /// The endpoints that have names: those that take connections.
    pub(crate) fn published(&self) -> impl Iterator<Item = (usize, &Endpoint)> {
        let endpoints = self.service.endpoints.iter().enumerate();
        endpoints.filter(|(_, e)| is_published(&self.service, e))
    }

    fn at_own_name(&self, rtype: RecordType) -> Found {
        match rtype {
            RecordType::A | RecordType::Aaaa => {
                Found::Records(addresses(&self.name, self.own_ips(), rtype), vec![])
            }
            // Beyond the specification, and as CoreDNS does: every port, unnamed ones too.
            RecordType::Srv => self.srv(&self.name, 0..self.service.ports.len()),
            _ => Found::Records(vec![], vec![]),
        }
    }

    fn own_ips(&self) -> Vec<IpAddr> {
        match self.service.kind {
            ServiceKind::Virtual(ips) => ips.iter().collect(),
            ServiceKind::Headless => self.published().flat_map(|(_, e)| e.ips.iter()).collect(),
            ServiceKind::ExternalName(_) => vec![],
        }
    }

    /// `_tcp.service…` has no records of its own, but names below it.
    fn at_protocol(&self, protocol: &str) -> Found {
        let known = |name: &str| protocol[1..].eq_ignore_ascii_case(name);
        if self.service.ports.iter().any(|p| p.name.is_some() && known(p.protocol.name())) {
            Found::Records(vec![], vec![])
        } else {
            Found::Nothing
        }
    }

    fn at_port(&self, port: &str, protocol: &str, rtype: RecordType) -> Found {
        let (Some(port), Some(protocol)) = (port.strip_prefix('_'), protocol.strip_prefix('_')) else {
            return Found::Nothing;
        };
        let index = self.service.ports.iter().position(|p| {
            p.name.as_deref().is_some_and(|name| name.eq_ignore_ascii_case(port))
                && p.protocol.name().eq_ignore_ascii_case(protocol)
        });
        match (index, rtype) {
            (None, _) => Found::Nothing,
            (Some(index), RecordType::Srv) => {
                let owner = format!("_{port}._{protocol}.{}", self.name).into();
                self.srv(&owner, index..index + 1)
            }
            (Some(_), _) => Found::Records(vec![], vec![]),
        }
    }

    fn srv(&self, owner: &Arc<str>, ports: std::ops::Range<usize>) -> Found {
        let mut targets: Vec<(u16, Arc<str>)> = vec![];
        let mut hosts: Vec<Record> = vec![];
        if let ServiceKind::Virtual(ips) = self.service.kind {
            targets.extend(self.service.ports[ports].iter().map(|p| (p.port, self.name.clone())));
            hosts.extend(ips.iter().map(|ip| record(&self.name, RecordData::address(ip))));
        } else {
            for (i, endpoint) in self.published() {
                let numbers: Vec<u16> = ports.clone().filter_map(|i| *endpoint.ports.get(i)?).collect();
                for ip in endpoint.ips.iter().filter(|_| !numbers.is_empty()) {
                    let host = self.name_of(i, endpoint, ip);
                    targets.extend(numbers.iter().map(|port| (*port, host.clone())));
                    hosts.push(record(&host, RecordData::address(ip)));
                }
            }
            targets.sort_unstable();
            targets.dedup();
            hosts.sort_unstable();
            hosts.dedup();
        }
        // The share that CoreDNS gives: a hundred parted evenly, and never nothing.
        let weight = u16::try_from(100 / targets.len().max(1)).unwrap_or(1).max(1);
        let srv = |(port, target)| record(owner, RecordData::Srv { priority: 0, weight, port, target });
        Found::Records(targets.into_iter().map(srv).collect(), hosts)
    }

    fn at_endpoint(&self, label: &str, rtype: RecordType) -> Found {
        let labels = self.labels.get_or_init(|| self.index());
        let Some(ips) = labels.get(label) else { return Found::Nothing };
        let owner: Arc<str> = format!("{label}.{}", self.name).into();
        match rtype {
            RecordType::A | RecordType::Aaaa => {
                Found::Records(addresses(&owner, ips.iter().map(|(_, ip)| *ip), rtype), vec![])
            }
            RecordType::Srv => {
                let ports = ips.iter().filter_map(|(i, _)| self.service.endpoints.get(*i as usize));
                let mut ports: Vec<u16> = ports.flat_map(|e| e.ports.iter().flatten().copied()).collect();
                ports.sort_unstable();
                ports.dedup();
                let weight = u16::try_from(100 / ports.len().max(1)).unwrap_or(1).max(1);
                let srv = |port| {
                    record(&owner, RecordData::Srv { priority: 0, weight, port, target: owner.clone() })
                };
                let hosts = ips.iter().map(|(_, ip)| record(&owner, RecordData::address(*ip)));
                Found::Records(ports.into_iter().map(srv).collect(), hosts.collect())
            }
            _ => Found::Records(vec![], vec![]),
        }
    }

    fn index(&self) -> Labels {
        let mut labels = Labels::new();
        for (i, endpoint) in self.service.endpoints.iter().enumerate() {
            if !is_published(&self.service, endpoint) {
                continue;
            }
            for ip in endpoint.ips.iter() {
                labels.entry(self.label(i, endpoint, ip).into()).or_default().push((i as u32, ip));
            }
        }
        labels
    }

    fn name_of(&self, i: usize, endpoint: &Endpoint, ip: IpAddr) -> Arc<str> {
        format!("{}.{}", self.label(i, endpoint, ip), self.name).into()
    }

    fn label(&self, i: usize, endpoint: &Endpoint, ip: IpAddr) -> String {
        let pod = || self.pods.iter().find(|(at, _)| *at as usize == i).map(|(_, name)| name);
        let name = endpoint.hostname.as_ref().or_else(pod);
        name.map_or_else(|| dashed(ip), |name| name.to_ascii_lowercase())
    }
}

/// The endpoints of a Service that have names.
pub(crate) fn published(service: &Service) -> impl Iterator<Item = &Endpoint> {
    service.endpoints.iter().filter(|e| is_published(service, e))
}

fn is_published(service: &Service, endpoint: &Endpoint) -> bool {
    endpoint.ready || service.publish_not_ready
}

/// Whether two states of one Service give the same names with the same answers.
pub(crate) fn same_names(a: &Service, b: &Service) -> bool {
    let same_endpoint = |a: &Endpoint, b: &Endpoint| {
        (a.ips, a.ready, &a.hostname, &a.ports) == (b.ips, b.ready, &b.hostname, &b.ports)
    };
    a.kind == b.kind
        && a.publish_not_ready == b.publish_not_ready
        && a.ports == b.ports
        && a.origin == b.origin
        && (Arc::ptr_eq(&a.endpoints, &b.endpoints)
            || a.endpoints.len() == b.endpoints.len()
                && a.endpoints.iter().zip(b.endpoints.iter()).all(|(a, b)| same_endpoint(a, b)))
}

fn alias(head: &str, target: &str) -> Found {
    let name = crate::names::normal(target);
    // An address is no name: CoreDNS has no record for such a Service either.
    if !head.is_empty() || name.is_empty() || name.parse::<IpAddr>().is_ok() {
        return Found::Nothing;
    }
    Found::Alias(name.into())
}

/// The records of those addresses that are of the type's family, without repetition.
pub(crate) fn addresses(
    owner: &Arc<str>,
    ips: impl IntoIterator<Item = IpAddr>,
    rtype: RecordType,
) -> Vec<Record> {
    let family = if rtype == RecordType::A { Family::V4 } else { Family::V6 };
    let mut records: Vec<Record> = ips
        .into_iter()
        .filter(|ip| Family::of(*ip) == family)
        .map(|ip| record(owner, RecordData::address(ip)))
        .collect();
    records.sort_unstable();
    records.dedup();
    records
}

/// A record with the zone's time to live.
pub(crate) fn record(owner: &Arc<str>, data: RecordData) -> Record {
    Record { name: owner.clone(), ttl: TTL, data }
}
