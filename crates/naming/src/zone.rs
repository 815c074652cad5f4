//! The cluster's DNS zone, compiled from a Snapshot (Kubernetes DNS specification 1.1.0, with CoreDNS's additions).
use std::{net::IpAddr, sync::Arc};

use netloom_cluster::{AddressPlan, Addrs, Namespace, Pod, Service, ServiceKind, Snapshot};

use crate::{
    names::{below, normal, split_last, undashed},
    record::{Answer, Ending, Record, RecordData, RecordType},
    reverse::{ReverseName, apex, is_ours, name_of},
    service::{Found, Served, addresses, record, same_names},
    shards::{List, Shards},
    view::{PodNames, View},
    zone_index::changes,
};

/// For how many seconds an answer may be kept. CoreDNS's default: endpoints come and go, and a client that keeps a
/// dead one for longer fails for longer, while five seconds already take the repeated questions away.
pub const TTL: u32 = 5;

/// The version of the Kubernetes DNS specification that the zone follows.
const SCHEMA: &str = "1.1.0";

/// The timers of CoreDNS' `kubernetes`; nobody transfers the zone.
const SOA_TIMERS: [u32; 3] = [7200, 1800, 86400];

/// The longest chain of aliases that is followed, as in CoreDNS; a longer one is taken to be a circle.
const MAX_ALIASES: usize = 8;

/// The zone. A copy is cheap, and [`Zone::update`] touches only what changed.
#[derive(Clone, Debug)]
pub struct Zone {
    pub(crate) name: Arc<str>,
    /// Whether endpoints without a host name are named by their pods instead of their addresses.
    pub(crate) by_pod_name: bool,
    serial: u32,
    plan: Arc<AddressPlan>,
    namespaces: Arc<Vec<Namespace>>,
    pub(crate) pods: Arc<Vec<Arc<Pod>>>,
    services: Arc<Vec<Arc<Service>>>,
    /// The addresses of the cluster's DNS Service, for `ns.dns.zone`.
    server: Addrs,
    /// Services by `name.namespace`.
    pub(crate) by_name: Shards<Box<str>, Arc<Served>>,
    /// Services by their own addresses and their endpoints'.
    pub(crate) by_ip: Shards<IpAddr, List<Arc<Served>>>,
    pub(crate) pods_by_ip: Shards<IpAddr, List<Arc<Pod>>>,
}

impl Zone {
    /// The zone of a Snapshot.
    #[must_use]
    pub fn compile(snapshot: &Snapshot) -> Self {
        Self::named(snapshot, &snapshot.zone, false)
    }

    /// The zone of a Snapshot under a name of its own.
    #[must_use]
    pub fn named(snapshot: &Snapshot, name: &str, by_pod_name: bool) -> Self {
        let empty = Self {
            name: normal(name).into(),
            by_pod_name,
            serial: 0,
            plan: snapshot.plan.clone(),
            namespaces: Arc::default(),
            pods: Arc::default(),
            services: Arc::default(),
            server: Addrs::default(),
            by_name: Shards::new(),
            by_ip: Shards::new(),
            pods_by_ip: Shards::new(),
        };
        empty.moved(snapshot)
    }

    /// The zone of the next Snapshot, made from this one; its serial is one higher.
    #[must_use]
    pub fn update(&self, snapshot: &Snapshot) -> Self {
        if *normal(&snapshot.zone) != *self.name {
            return Self { serial: self.serial.wrapping_add(1), ..Self::compile(snapshot) };
        }
        self.moved(snapshot)
    }

    /// The same zone, whatever the Snapshot's own is called, of the next Snapshot.
    #[must_use]
    pub fn moved(&self, snapshot: &Snapshot) -> Self {
        let mut next = self.clone();
        next.serial = self.serial.wrapping_add(1);
        next.plan = snapshot.plan.clone();
        next.namespaces = snapshot.namespaces.clone();
        next.server = snapshot.dns_service.map(|id| snapshot.service(id).cluster_ips()).unwrap_or_default();
        next.services = snapshot.services.clone();
        next.pods = snapshot.pods.clone();
        if !Arc::ptr_eq(&self.services, &next.services) {
            let key = |s: &Arc<Service>| (s.namespace.clone(), s.name.clone());
            let (gone, new) = changes(&self.services, &snapshot.services, key, same_names);
            next.change_services(&gone, &new);
        }
        if !Arc::ptr_eq(&self.pods, &next.pods) {
            let key = |p: &Arc<Pod>| (p.namespace.clone(), p.name.clone());
            let same = |a: &Pod, b: &Pod| a.ips == b.ips && a.origin == b.origin;
            let (gone, new) = changes(&self.pods, &snapshot.pods, key, same);
            next.change_pods(&gone, &new);
        }
        next
    }

    /// The zone's name, without a dot at its end.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether a name is the zone's to answer: in the cluster's zone, or a reverse name in the ranges of pods and
    /// Services.
    #[must_use]
    pub fn contains(&self, name: &str) -> bool {
        let name = normal(name);
        below(&name, &self.name).is_some()
            || ReverseName::parse(&name).is_some_and(|r| is_ours(&self.plan, r.net()))
    }

    /// The answer to a question. The name is absolute, in any case, with or without its final dot.
    #[must_use]
    pub fn lookup(&self, name: &str, rtype: RecordType) -> Answer {
        self.lookup_as(name, rtype, &View::default())
    }

    /// The answer to a question by a server that shows only a part of the zone.
    #[must_use]
    pub fn lookup_as(&self, name: &str, rtype: RecordType, view: &View) -> Answer {
        let mut answer = self.find(&normal(name), rtype, view);
        if rtype != RecordType::Cname {
            self.follow(&mut answer, rtype, view);
        }
        answer
    }

    /// The names of an address, for a reverse name that a server answers whatever the cluster's ranges are.
    #[must_use]
    pub fn names_of(&self, name: &str, rtype: RecordType, view: &View) -> Answer {
        let name = normal(name);
        match ReverseName::parse(&name) {
            Some(ReverseName::Address(ip)) => {
                let seen = |s: &&Arc<Served>| view.shows_service(&self.namespaces, &s.service);
                let served: Vec<Arc<Served>> = self
                    .by_ip
                    .get(&ip)
                    .map(|all| all.iter().filter(seen).cloned().collect())
                    .unwrap_or_default();
                match names_of_address(&name, ip, &served, rtype) {
                    Answer::NoData { source: None } => Answer::NxDomain { source: None },
                    answer => answer,
                }
            }
            _ => Answer::NxDomain { source: None },
        }
    }

    /// The pod that has an address.
    #[must_use]
    pub fn pod_at(&self, ip: IpAddr) -> Option<&Arc<Pod>> {
        self.pods_by_ip.get(&ip)?.first()
    }

    /// The SOA record that goes with a negative answer for a name.
    #[must_use]
    pub fn soa(&self, name: &str) -> Record {
        let name = normal(name);
        let reverse = || apex(&self.plan, ReverseName::parse(&name)?.net());
        let owner = match below(&name, &self.name) {
            Some(_) => self.name.clone(),
            None => reverse().map_or_else(|| self.name.clone(), |net| name_of(net).into()),
        };
        let minimum = TTL;
        let rname = self.under("hostmaster");
        let mname = self.under("ns.dns");
        record(&owner, RecordData::Soa { mname, rname, serial: self.serial, timers: SOA_TIMERS, minimum })
    }

    /// Whether endpoints go by the names of their pods.
    pub(crate) const fn goes_by_pod_names(&self) -> bool {
        self.by_pod_name
    }

    pub(crate) fn namespaces(&self) -> &[Namespace] {
        &self.namespaces
    }

    pub(crate) fn has_service(&self, name: &str, namespace: &str) -> bool {
        self.by_name.get(&*format!("{name}.{namespace}")).is_some()
    }

    pub(crate) fn is_headless(&self, name: &str, namespace: &str) -> bool {
        let served = self.by_name.get(&*format!("{name}.{namespace}"));
        served.is_some_and(|s| matches!(s.service.kind, ServiceKind::Headless))
    }

    fn under(&self, head: &str) -> Arc<str> {
        if self.name.is_empty() { head.into() } else { format!("{head}.{}", self.name).into() }
    }

    fn find(&self, name: &str, rtype: RecordType, view: &View) -> Answer {
        match below(name, &self.name) {
            Some(rest) => self.forward(name, rest, rtype, view),
            None => {
                ReverseName::parse(name).map_or(Answer::NotOurs, |parsed| self.reverse(name, parsed, rtype))
            }
        }
    }

    /// Follows the alias that an answer ends with through the zone.
    fn follow(&self, answer: &mut Answer, rtype: RecordType, view: &View) {
        let Answer::Records { records, additionals, ending, .. } = answer else { return };
        while let Some(Record { data: RecordData::Cname(target), .. }) = records.last() {
            let target = target.clone();
            if records.len() > MAX_ALIASES || records.iter().any(|r| r.name == target) {
                *ending = Ending::Loop;
                return;
            }
            match self.find(&target, rtype, view) {
                Answer::Records { records: more, additionals: hosts, .. } => {
                    *ending = Ending::Complete;
                    records.extend(more);
                    additionals.extend(hosts);
                }
                Answer::NoData { .. } => return *ending = Ending::NoData,
                Answer::NxDomain { .. } => return *ending = Ending::NxDomain,
                Answer::NotOurs | Answer::Failed { .. } => return *ending = Ending::Outside(target),
            }
        }
    }

    fn forward(&self, name: &str, rest: &str, rtype: RecordType, view: &View) -> Answer {
        // An empty label can only come from a person's text, never from a packet.
        if rest.starts_with('.') || rest.contains("..") {
            return Answer::NxDomain { source: None };
        }
        let (head, last) = split_last(rest);
        match (head, last) {
            ("", "") => self.at_apex(name, rtype),
            ("", "dns-version") => own(match rtype {
                RecordType::Txt => vec![record(&name.into(), RecordData::Txt(SCHEMA.into()))],
                _ => vec![],
            }),
            // Names that have none of their own, but names below them.
            ("", "svc" | "pod" | "dns") => own(vec![]),
            ("ns", "dns") => own(match rtype {
                RecordType::A | RecordType::Aaaa => addresses(&name.into(), self.server.iter(), rtype),
                _ => vec![],
            }),
            (head, "svc") => self.below_svc(name, head, rtype, view),
            (head, "pod") => self.below_pod(name, head, rtype, view),
            _ => Answer::NxDomain { source: None },
        }
    }

    fn at_apex(&self, name: &str, rtype: RecordType) -> Answer {
        let server = self.under("ns.dns");
        let records = match rtype {
            RecordType::Soa => vec![self.soa(name)],
            RecordType::Ns => vec![record(&name.into(), RecordData::Ns(server.clone()))],
            _ => return own(vec![]),
        };
        let additionals = self.server.iter().map(|ip| record(&server, RecordData::address(ip))).collect();
        Answer::Records { records, additionals, ending: Ending::Complete, source: None }
    }

    fn below_svc(&self, name: &str, head: &str, rtype: RecordType, view: &View) -> Answer {
        let (before, namespace) = split_last(head);
        if before.is_empty() {
            return self.at_namespace(namespace, view);
        }
        let start = before.rfind('.').map_or(0, |dot| dot + 1);
        let Some(served) = self.by_name.get(&head[start..]) else { return Answer::NxDomain { source: None } };
        if !view.shows_service(&self.namespaces, &served.service) {
            return Answer::NxDomain { source: None };
        }
        let source = Some(served.service.origin.clone());
        if view.hides(&served.service, before[..start].is_empty()) {
            return Answer::NxDomain { source };
        }
        match served.lookup(before[..start].trim_end_matches('.'), rtype) {
            Found::Nothing if self.has_no_names(served) => Answer::NxDomain { source },
            Found::Nothing => Answer::NxDomain { source: None },
            Found::Records(records, _) if records.is_empty() => Answer::NoData { source },
            Found::Records(records, additionals) => {
                Answer::Records { records, additionals, ending: Ending::Complete, source }
            }
            Found::Alias(target) => Answer::Records {
                records: vec![record(&name.into(), RecordData::Cname(target))],
                additionals: vec![],
                ending: Ending::Complete,
                source,
            },
        }
    }

    /// Whether a Service that exists has no name at all.
    fn has_no_names(&self, served: &Served) -> bool {
        matches!(served.lookup("", RecordType::A), Found::Nothing)
    }

    fn below_pod(&self, name: &str, head: &str, rtype: RecordType, view: &View) -> Answer {
        let (label, namespace) = split_last(head);
        if label.is_empty() {
            return self.at_namespace(namespace, view);
        }
        let here = self.namespaces.binary_search_by(|n| (*n.name).cmp(namespace));
        let shown = here.is_ok_and(|i| view.shows_namespace(&self.namespaces[i]));
        match view.pods {
            PodNames::Verified if shown => {}
            PodNames::Insecure if shown => {
                let Some(ip) = undashed(label) else { return Answer::NxDomain { source: None } };
                return own(match rtype {
                    RecordType::A | RecordType::Aaaa => addresses(&name.into(), [ip], rtype),
                    _ => vec![],
                });
            }
            _ => return Answer::NxDomain { source: None },
        }
        let pod = undashed(label).and_then(|ip| {
            let pods = self.pods_by_ip.get(&ip)?;
            Some((ip, pods.iter().find(|p| *p.namespace == *namespace)?))
        });
        let Some((ip, pod)) = pod else { return Answer::NxDomain { source: None } };
        let source = Some(pod.origin.clone());
        let records = match rtype {
            RecordType::A | RecordType::Aaaa => addresses(&name.into(), [ip], rtype),
            _ => vec![],
        };
        positive(records, source)
    }

    fn at_namespace(&self, namespace: &str, view: &View) -> Answer {
        match self.namespaces.binary_search_by(|n| (*n.name).cmp(namespace)) {
            Ok(index) if view.shows_namespace(&self.namespaces[index]) => {
                Answer::NoData { source: self.namespaces[index].origin.clone() }
            }
            _ => Answer::NxDomain { source: None },
        }
    }

    fn reverse(&self, name: &str, parsed: ReverseName, rtype: RecordType) -> Answer {
        if let ReverseName::Address(ip) = parsed
            && let Some(served) = self.by_ip.get(&ip)
        {
            return names_of_address(name, ip, served, rtype);
        }
        if !is_ours(&self.plan, parsed.net()) {
            return Answer::NotOurs;
        }
        match parsed {
            ReverseName::Network(net) if apex(&self.plan, net) == Some(net) => self.at_apex(name, rtype),
            ReverseName::Network(_) => own(vec![]),
            ReverseName::Address(_) | ReverseName::Never(_) => Answer::NxDomain { source: None },
        }
    }
}

fn own(records: Vec<Record>) -> Answer {
    positive(records, None)
}

fn positive(records: Vec<Record>, source: Option<Arc<netloom_objects::ObjectRef>>) -> Answer {
    if records.is_empty() {
        return Answer::NoData { source };
    }
    Answer::Records { records, additionals: vec![], ending: Ending::Complete, source }
}

/// A Service whose own address it is goes before those that have it among their endpoints, as in CoreDNS.
fn names_of_address(name: &str, ip: IpAddr, served: &[Arc<Served>], rtype: RecordType) -> Answer {
    let owners: Vec<_> = served.iter().filter(|s| s.service.cluster_ips().contains(ip)).collect();
    let mut names: Vec<_> = owners.iter().map(|s| (s.name.clone(), s.service.origin.clone())).collect();
    if names.is_empty() {
        let endpoint = |s: &Arc<Served>| Some((s.endpoint_name(ip)?, s.service.origin.clone()));
        names.extend(served.iter().filter_map(endpoint));
    }
    names.sort_unstable();
    let source = names.first().map(|(_, origin)| origin.clone());
    if rtype != RecordType::Ptr {
        return Answer::NoData { source };
    }
    let owner: Arc<str> = name.into();
    positive(names.into_iter().map(|(name, _)| record(&owner, RecordData::Ptr(name))).collect(), source)
}
