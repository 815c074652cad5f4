//! Who is meant: a workload, a pod, a Service, a namespace, a node, addresses, the outside, everyone.
use std::{
    collections::{BTreeSet, HashSet},
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use ipnet::IpNet;
use netloom_cluster::{PodId, Service, ServiceId};
use netloom_explain::Named;

use super::AskError;
use crate::{
    endpoints::{EndpointId, EndpointKind},
    names::INGRESS_CONTROLLER,
    outside::AddressRange,
    reach::{Party, Reach},
};

/// Someone who is asked about.
#[derive(Clone, Debug)]
pub struct Who {
    label: String,
    meant: Meant,
}

#[derive(Clone, Debug)]
enum Meant {
    /// Everyone in the cluster and outside.
    Anyone,
    Parties(Vec<Party>),
    /// A Service, whose ports are its own, and the pods of the workload of its name; where there is none, the Service's.
    Service {
        id: ServiceId,
        parties: Vec<Party>,
        has_workload: bool,
    },
    Ranges(Vec<AddressRange>),
}

impl Who {
    /// Finds who is meant by `*`, `namespace/*`, `outside`, `internet`, a network, an address, `{ingress-controller}`,
    /// `namespace/name[Kind]`, `node/NAME`, or the name of a workload, pod or Service, with or without its namespace.
    ///
    /// # Errors
    /// When it means nobody.
    pub fn find(reach: &Reach, text: &str, namespace: Option<&str>) -> Result<Self, AskError> {
        let text = text.trim();
        let made = |meant| Ok(Self { label: text.to_owned(), meant });
        match text {
            "*" => return made(Meant::Parties(everyone(reach, |_| true))),
            "outside" => return made(Meant::Ranges(reach.outside().iter().map(|o| o.range).collect())),
            "internet" => return made(Meant::Ranges(internet(reach))),
            INGRESS_CONTROLLER => {
                let nobody = || AskError::Nobody {
                    pattern: text.to_owned(),
                    hint: "no Ingress and no route leads to a Service of the set".to_owned(),
                };
                let parties = reach.controllers();
                return if parties.is_empty() { Err(nobody()) } else { made(Meant::Parties(parties)) };
            }
            _ => {}
        }
        if let Ok(net) = text.parse::<IpNet>() {
            let range = AddressRange { low: net.network(), high: net.broadcast() };
            return made(Meant::Ranges(reach.pieces(range)));
        }
        if let Some(namespace) = text.strip_suffix("/*") {
            return made(Meant::Parties(of_namespace(reach, namespace, text)?));
        }
        if let Some(endpoint) = reach.find(text) {
            return made(Meant::Parties(vec![Party::Endpoint(endpoint)]));
        }
        match Named::find(reach.snapshot(), text, namespace)? {
            Named::Outside => made(Meant::Ranges(reach.outside().iter().map(|o| o.range).collect())),
            Named::Address(ip) => match reach.known(ip) {
                Some(party) => made(Meant::Parties(vec![party])),
                None => made(Meant::Ranges(vec![AddressRange { low: ip, high: ip }])),
            },
            Named::Node(node) => made(Meant::Parties(vec![Party::Node(node)])),
            Named::Here { namespace, name, pods, service } => {
                let label = format!("{namespace}/{name}");
                let behind = |id: ServiceId| {
                    reach.snapshot().service(id).endpoints.iter().filter_map(|e| e.pod).collect::<Vec<_>>()
                };
                let has_workload = !pods.is_empty();
                let pods = match service {
                    Some(service) if !has_workload => behind(service),
                    _ => pods,
                };
                let parties = parties(reach, &pods);
                if parties.is_empty() {
                    let hint = "it is a Service, and the set has none of its pods".to_owned();
                    return Err(AskError::Nobody { pattern: text.to_owned(), hint });
                }
                let meant = match service {
                    Some(id) => Meant::Service { id, parties, has_workload },
                    None => Meant::Parties(parties),
                };
                Ok(Self { label, meant })
            }
        }
    }

    /// Everyone in the cluster and outside.
    pub(super) fn anyone() -> Self {
        Self { label: "anyone".to_owned(), meant: Meant::Anyone }
    }

    /// As it is written.
    #[must_use]
    pub fn label(&self) -> &str {
        &self.label
    }

    /// The Service of this name, where there is one, and whether a workload has the name too.
    pub(super) fn service<'r>(&self, reach: &'r Reach) -> Option<(&'r Service, bool)> {
        match &self.meant {
            Meant::Service { id, has_workload, .. } => Some((reach.snapshot().service(*id), *has_workload)),
            _ => None,
        }
    }

    /// The ends that are meant, with their addresses where they are outside.
    #[must_use]
    pub fn ends(&self, reach: &Reach) -> Vec<(Party, Option<AddressRange>)> {
        let outside = |ranges: &[AddressRange]| {
            let end = |range: &AddressRange| (Party::Address(range.low), Some(*range));
            ranges.iter().map(end).collect::<Vec<_>>()
        };
        match &self.meant {
            Meant::Parties(parties) | Meant::Service { parties, .. } => {
                parties.iter().map(|party| (*party, None)).collect()
            }
            Meant::Ranges(ranges) => outside(ranges),
            Meant::Anyone => {
                let inside = everyone(reach, |_| true).into_iter().map(|party| (party, None));
                let ranges: Vec<AddressRange> = reach.outside().iter().map(|o| o.range).collect();
                inside.chain(outside(&ranges)).collect()
            }
        }
    }
}

/// All endpoints of the set.
fn everyone(reach: &Reach, wanted: impl Fn(&crate::Endpoint) -> bool) -> Vec<Party> {
    let all = reach.endpoints().iter().enumerate();
    let own = all.filter(|(_, e)| !e.builtin && !matches!(e.kind, EndpointKind::Node(_)) && wanted(e));
    own.map(|(nth, _)| Party::Endpoint(EndpointId(nth as u32))).collect()
}

fn of_namespace(reach: &Reach, namespace: &str, pattern: &str) -> Result<Vec<Party>, AskError> {
    let parties = everyone(reach, |e| e.namespace.as_deref() == Some(namespace));
    if !parties.is_empty() {
        return Ok(parties);
    }
    let hint = match reach.snapshot().find_namespace(namespace) {
        Some(_) => "the namespace has no pods",
        None => "there is no such namespace",
    };
    Err(AskError::Nobody { pattern: pattern.to_owned(), hint: hint.to_owned() })
}

/// These pods, as endpoints where they are all of one.
fn parties(reach: &Reach, pods: &[PodId]) -> Vec<Party> {
    let asked: BTreeSet<PodId> = pods.iter().copied().collect();
    let mut parties = Vec::new();
    let mut known = HashSet::new();
    for pod in pods {
        let whole =
            reach.endpoint_of(*pod).filter(|e| reach.endpoint(*e).pods.iter().all(|p| asked.contains(p)));
        let party = whole.map_or(Party::Pod(*pod), Party::Endpoint);
        if known.insert(party) {
            parties.push(party);
        }
    }
    parties
}

/// IPv4 networks that no packet of the internet comes from or goes to (RFC 6890 and multicast). Those for documentation
/// are not among them: manifests use them for addresses of the internet.
const SPECIAL: [(Ipv4Addr, u8); 11] = [
    (Ipv4Addr::new(0, 0, 0, 0), 8),
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    (Ipv4Addr::new(224, 0, 0, 0), 4),
    (Ipv4Addr::new(240, 0, 0, 0), 4),
];

/// The IPv4 networks that are not of the internet.
#[must_use]
pub fn internet_exceptions() -> Vec<IpNet> {
    SPECIAL.iter().map(|(ip, bits)| IpNet::V4(ipnet::Ipv4Net::new_assert(*ip, *bits))).collect()
}

/// The part of the outside that is the internet.
pub(crate) fn internet(reach: &Reach) -> Vec<AddressRange> {
    let special: Vec<AddressRange> = internet_exceptions()
        .into_iter()
        .map(|net| AddressRange { low: net.network(), high: net.broadcast() })
        .collect();
    // Global unicast addresses (RFC 4291).
    let global = AddressRange {
        low: IpAddr::V6(Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0)),
        high: IpAddr::V6(Ipv6Addr::from_bits((0x4000_u128 << 112) - 1)),
    };
    let of_range = |range: AddressRange| match range.low {
        IpAddr::V4(_) => range.minus(&special),
        IpAddr::V6(_) => range.and(&global).into_iter().collect(),
    };
    reach.outside().iter().flat_map(|outside| of_range(outside.range)).collect()
}
