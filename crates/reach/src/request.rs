//! A request from outside for a host that the set publishes: the Ingress or route that takes it, the controller that
//! carries it out, and the pods.
use std::{
    collections::BTreeSet,
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use netloom_cluster::{PodId, Protocol};
use netloom_explain::{
    Destination, ExplainError, Explanation, Hop, Host, Options, Origin, PortSpec, Stage, World, explain,
    explain_leg, is_foreign, listens,
};
use netloom_objects::{Object, ObjectRef, ObjectSet, Typed};
use netloom_policy::{Direction, Reason};

use crate::{
    controllers::Carrier,
    published::{Dialect, Entry, Published, Routed, namespace_of},
    reach::{Party, Reach, Scope},
    report::sides::in_words,
};

/// Explains a request of somebody outside for a host of the set's Ingresses and routes. None where the set has no such
/// host to offer, or somebody else asks: then it is a connection as any other.
///
/// # Errors
/// When the destination cannot be read.
pub fn explain_published(
    world: &World,
    objects: &ObjectSet,
    from: &str,
    to: &str,
    options: &Options<'_>,
) -> Result<Option<Explanation>, ExplainError> {
    let Some(client) = client(world, from) else { return Ok(None) };
    let destination = Destination::parse(to)?;
    let Host::Name(host) = &destination.host else { return Ok(None) };
    let host = host.trim_end_matches('.');
    if destination.protocol.is_some_and(|protocol| protocol != Protocol::Tcp) || !is_foreign(world, host) {
        return Ok(None);
    }
    if let Some(told) = by_annotation(world, objects, from, to, host, &destination, options) {
        return told.map(Some);
    }
    let reach = Reach::of(objects, &world.snapshot, Scope::default());
    let asked = Asked {
        world,
        objects,
        options,
        reach: &reach,
        client,
        from,
        host,
        path: path_of(to),
        port: match &destination.port {
            Some(PortSpec::Number(number)) => Some(*number),
            _ => None,
        },
    };
    Ok(asked.hops().map(|hops| Explanation::of(from.trim(), to.trim(), hops, options.objects)))
}

/// Who asks from outside: `outside`, or an address that nobody in the cluster has.
fn client(world: &World, from: &str) -> Option<Vec<Origin>> {
    let snapshot = &world.snapshot;
    let from = from.trim();
    if from == "outside" {
        let families = snapshot.families();
        return Some(
            families.filter_map(|family| snapshot.plan.outside.of(family)).map(Origin::Outside).collect(),
        );
    }
    let ip: IpAddr = from.trim_start_matches('[').trim_end_matches(']').parse().ok()?;
    let is_known =
        world.policies.pod_at(ip).is_some() || snapshot.nodes.iter().any(|node| node.ips.contains(ip));
    (!is_known).then(|| vec![Origin::Outside(ip)])
}

/// The path of a URL.
fn path_of(to: &str) -> &str {
    let rest = to.trim().split_once("://").map_or(to.trim(), |(_, rest)| rest);
    let path = rest.find('/').map_or("/", |at| &rest[at..]);
    path.split(['?', '#']).next().filter(|path| !path.is_empty()).unwrap_or("/")
}

/// A Service that publishes itself under a name of its own.
const NAMES: [&str; 2] = ["external-dns.alpha.kubernetes.io/hostname", "external-dns.kubernetes.io/hostname"];

fn by_annotation(
    world: &World,
    objects: &ObjectSet,
    from: &str,
    to: &str,
    host: &str,
    destination: &Destination,
    options: &Options<'_>,
) -> Option<Result<Explanation, ExplainError>> {
    let named = |object: &Object| {
        let names = NAMES.iter().filter_map(|name| object.annotations().get(*name));
        names.flat_map(|names| names.split(',')).any(|name| name.trim().eq_ignore_ascii_case(host))
    };
    let service =
        objects.objects().find(|object| matches!(object.typed, Typed::Service(_)) && named(object))?;
    let known = world.snapshot.find_service(namespace_of(service), &service.name)?;
    let port = match &destination.port {
        Some(PortSpec::Number(number)) => format!(":{number}"),
        Some(PortSpec::Name(name)) => format!(":{name}"),
        None => String::new(),
    };
    let told = explain(world, from, &format!("{}{port}", known.qualified_name()), options);
    Some(told.map(|told| {
        let why = format!("Service {} has itself published as {host}", known.qualified_name());
        let mut hops = vec![Hop::ok(Stage::Route, why, Some(service.reference.clone()))];
        hops.extend(told.hops);
        Explanation::of(from.trim(), to.trim(), hops, options.objects)
    }))
}

struct Asked<'a> {
    world: &'a World,
    objects: &'a ObjectSet,
    options: &'a Options<'a>,
    reach: &'a Reach,
    client: Vec<Origin>,
    from: &'a str,
    host: &'a str,
    path: &'a str,
    port: Option<u16>,
}

/// A way with the requests that lead to it, and its carrier.
type Candidate<'a> = (&'a Published, &'a Routed, &'a Carrier);

impl Asked<'_> {
    /// The hops of the request; none where no Ingress and no route of the set is for any host.
    fn hops(&self) -> Option<Vec<Hop>> {
        let all: Vec<Candidate<'_>> = self
            .reach
            .published()
            .iter()
            .filter_map(|published| match (&published.entry, &published.routed) {
                (Entry::Controller(carrier), Some(routed)) => Some((published, routed, carrier)),
                _ => None,
            })
            .collect();
        if all.is_empty() {
            return None;
        }
        // A controller goes by the host first, and then by the paths of that host.
        let rules = || all.iter().filter(|(_, routed, _)| !routed.fallback);
        let best_host = rules().filter_map(|(_, routed, _)| routed.host_rank(self.host)).max();
        let of_host = all.iter().filter(|(_, routed, _)| {
            routed.fallback || (best_host.is_some() && routed.host_rank(self.host) == best_host)
        });
        let ranked: Vec<_> =
            of_host.clone().filter_map(|c| Some((c.1.rank(self.host, self.path)?, *c))).collect();
        let Some(best) = ranked.iter().map(|(rank, _)| *rank).max() else {
            let here: Vec<Candidate<'_>> = of_host.copied().collect();
            return Some(vec![if best_host.is_none() { self.no_host(&all) } else { self.no_path(&here) }]);
        };
        // Of rules that are alike the first one: all its backends share the requests.
        let first = ranked.iter().find(|(rank, _)| *rank == best)?.1;
        let is_same = |candidate: &Candidate<'_>| {
            let (a, b) = (&candidate.0.by, &first.0.by);
            (&a.kind, &a.namespace, &a.name, candidate.1.rule)
                == (&b.kind, &b.namespace, &b.name, first.1.rule)
        };
        let mut told: Option<Vec<Hop>> = None;
        for candidate in ranked.iter().map(|(_, candidate)| candidate).filter(|c| is_same(c)) {
            let hops = self.way(candidate);
            // Of several backends and gateways the first that fails.
            let fails = |hops: &Vec<Hop>| hops.iter().any(|hop| !hop.is_ok());
            if told.as_ref().is_none_or(|known| !fails(known) && fails(&hops)) {
                told = Some(hops);
            }
        }
        told
    }

    fn no_host(&self, all: &[Candidate<'_>]) -> Hop {
        let hosts: BTreeSet<&str> =
            all.iter().flat_map(|(_, routed, _)| routed.hosts.iter().map(String::as_str)).collect();
        let why = format!(
            "no Ingress or route of the set is for {}; they are for {}",
            self.host,
            shortened(hosts.into_iter().map(str::to_owned).collect())
        );
        Hop::denied(Stage::Route, why, None)
            .with_advice("ask for one of these hosts, or add a rule for this one")
    }

    fn no_path(&self, of_host: &[Candidate<'_>]) -> Hop {
        let asks = of_host.iter().flat_map(|(_, routed, _)| &routed.asks);
        let paths: BTreeSet<String> = asks
            .map(|ask| match ask.more.as_slice() {
                [] => ask.path.shown(),
                more => format!("{} with {}", ask.path.shown(), more.join(" and ")),
            })
            .collect();
        let why = format!(
            "no rule for {} takes {}; there are rules for {}",
            self.host,
            self.path,
            shortened(paths.into_iter().collect())
        );
        let at = of_host.first().map(|(published, ..)| published.by.clone());
        Hop::denied(Stage::Route, why, at).with_fix("add a rule for this path, or ask for another one")
    }

    /// The way to one backend.
    fn way(&self, (published, routed, carrier): &Candidate<'_>) -> Vec<Hop> {
        let mut hops = Vec::new();
        if let Some(shut) = self.listener(carrier) {
            return vec![shut];
        }
        let parties = self.reach.carried_by(carrier);
        let pods: Vec<PodId> = parties
            .iter()
            .filter_map(|party| match party {
                Party::Pod(pod) => Some(*pod),
                _ => None,
            })
            .collect();
        hops.extend(self.to_controller(carrier, &pods));
        if hops.iter().any(|hop| !hop.is_ok()) {
            return hops;
        }
        let service = format!("{}/{}", routed.service.0, routed.service.1);
        let named = match &routed.port {
            Some(port) => format!("{service}:{port}"),
            None => service.clone(),
        };
        let by = &published.by;
        let asked = format!("{}{}", self.host, self.path);
        let title =
            by.namespace.as_ref().map_or_else(|| by.name.to_string(), |ns| format!("{ns}/{}", by.name));
        let why = format!("{} {title} leads {asked} to Service {named}", by.kind);
        hops.push(Hop::ok(Stage::Route, why, Some(by.clone())));
        if published.targets.is_empty() {
            hops.push(self.no_target(routed, by));
            return hops;
        }
        match pods.is_empty() {
            false => hops.extend(self.hops_of_pods(&pods, published)),
            true => hops.extend(self.hops_of_stand_ins(parties, published)),
        }
        hops
    }

    /// Why nothing is behind a backend.
    fn no_target(&self, routed: &Routed, by: &Arc<ObjectRef>) -> Hop {
        let (namespace, name) = &routed.service;
        let service = self.world.snapshot.find_service(namespace, name);
        let Some(service) = service else {
            let why = format!("there is no Service {name} in namespace {namespace}");
            return Hop::denied(Stage::Service, why, Some(by.clone()))
                .with_fix("name a Service that is there, or add this one");
        };
        let is_wanted = |port: &netloom_cluster::ServicePort| {
            routed.port.as_ref().is_none_or(|wanted| {
                *wanted == port.port.to_string() || Some(wanted.as_str()) == port.name.as_deref()
            })
        };
        if !service.ports.iter().any(is_wanted) {
            let known: Vec<String> = service.ports.iter().map(|port| port.port.to_string()).collect();
            let wanted = routed.port.as_deref().unwrap_or_default();
            let why = format!(
                "Service {} has no port {wanted}; it has {}",
                service.qualified_name(),
                known.join(", ")
            );
            let fix = format!("name one of its ports: {}", known.join(", "));
            return Hop::denied(Stage::Service, why, Some(by.clone())).with_fix(fix);
        }
        let why = format!("Service {} has no pods that could answer", service.qualified_name());
        Hop::denied(Stage::Service, why, Some(service.origin.clone()))
            .with_fix("select pods by labels that they have")
    }

    /// Whether the Gateway, where the set has it, has a listener for the request; the hop that says no.
    fn listener(&self, carrier: &Carrier) -> Option<Hop> {
        let (namespace, name) = carrier.gateway.as_ref()?;
        let is_meant = |object: &&Arc<Object>| *object.name == **name && namespace_of(object) == namespace;
        for object in self.objects.objects().filter(is_meant) {
            let (hosts, ports, path): (Vec<&str>, Vec<u16>, _) = match &object.typed {
                Typed::Gateway(gateway) => {
                    let listeners = &gateway.spec.listeners;
                    (
                        listeners.iter().map(|l| l.hostname.as_deref().unwrap_or("*")).collect(),
                        listeners.iter().filter_map(|l| u16::try_from(l.port).ok()).collect(),
                        "spec.listeners",
                    )
                }
                Typed::IstioGateway(gateway) => {
                    let hosts = gateway.spec.servers.iter().flat_map(|server| &server.hosts);
                    let hosts =
                        hosts.map(|host| host.rsplit_once('/').map_or(host.as_str(), |(_, host)| host));
                    // Its numbers are those of the pods, which a Service may publish on others.
                    (hosts.collect(), Vec::new(), "spec.servers")
                }
                _ => continue,
            };
            let dialect = if path == "spec.servers" { Dialect::Istio } else { Dialect::Gateway };
            let at = object.refer(path);
            if !hosts.iter().any(|pattern| dialect.covers(pattern, self.host)) {
                let why = format!(
                    "Gateway {namespace}/{name} has no listener for {}; it has some for {}",
                    self.host,
                    shortened(hosts.iter().map(|host| (*host).to_owned()).collect())
                );
                return Some(
                    Hop::denied(Stage::Route, why, Some(at)).with_fix("add a listener for this host"),
                );
            }
            let port = self.port.filter(|port| !ports.is_empty() && !ports.contains(port));
            if let Some(port) = port {
                let known: Vec<String> = ports.iter().map(u16::to_string).collect();
                let why = format!(
                    "Gateway {namespace}/{name} does not listen on {port}; it listens on {}",
                    known.join(", ")
                );
                return Some(
                    Hop::denied(Stage::Route, why, Some(at))
                        .with_fix("ask on one of these, or add a listener"),
                );
            }
        }
        None
    }

    /// How the client gets to the controller, as far as the set tells.
    fn to_controller(&self, carrier: &Carrier, pods: &[PodId]) -> Vec<Hop> {
        let who = carrier_in_words(carrier);
        if pods.is_empty() {
            let why = format!("{who} is not in the set; how clients get to it is taken as given");
            return vec![Hop::ok(Stage::Note, why, None)];
        }
        let leads = |published: &&Published| {
            !matches!(published.entry, Entry::Controller(_))
                && published
                    .targets
                    .iter()
                    .any(|(pod, protocol, _)| *protocol == Protocol::Tcp && pods.contains(pod))
        };
        let entries: Vec<&Published> = self.reach.published().iter().filter(leads).collect();
        let wanted = self.port.map(|port| format!(":{port}/TCP"));
        let entry = entries.iter().find(|entry| Some(&entry.address) == wanted.as_ref());
        let Some(entry) = entry.or_else(|| entries.first()) else {
            let why =
                format!("no Service of the set publishes {who}; how clients get to it is taken as given");
            return vec![Hop::ok(Stage::Note, why, None)];
        };
        if entry.entry == Entry::HostPort {
            let number = entry.address.trim_start_matches(':').split('/').next();
            let number: Option<u16> = number.and_then(|number| number.parse().ok());
            let snapshot = &self.world.snapshot;
            let nodes = entry.targets.iter().map(|(pod, ..)| snapshot.node(snapshot.pod(*pod).node));
            let dials: Vec<SocketAddr> = nodes
                .flat_map(|node| node.ips.iter().collect::<Vec<_>>())
                .filter_map(|ip| Some(SocketAddr::new(ip, number?)))
                .collect();
            return explain_leg(self.world, &self.client, &dials, Protocol::Tcp, self.options)
                .unwrap_or_default();
        }
        let (Some(namespace), name) = (&entry.by.namespace, &entry.by.name) else { return Vec::new() };
        let service = self.world.snapshot.find_service(namespace, name);
        let port = service.and_then(|service| service.ports.iter().find(|port| port.origin == entry.by));
        let Some(port) = port else { return Vec::new() };
        let to = format!("{namespace}/{name}:{}", port.port);
        match explain(self.world, self.from, &to, self.options) {
            Ok(told) => told.hops,
            Err(error) => vec![Hop::denied(Stage::Service, error.to_string(), Some(entry.by.clone()))],
        }
    }

    /// From the controller's pods to those behind the backend, which it dials by their own addresses.
    fn hops_of_pods(&self, pods: &[PodId], published: &Published) -> Vec<Hop> {
        let snapshot = &self.world.snapshot;
        let origins: Vec<Origin> = pods.iter().map(|pod| Origin::Pod(*pod)).collect();
        let mut by_protocol: Vec<(Protocol, Vec<SocketAddr>)> = Vec::new();
        for (pod, protocol, port) in &published.targets {
            let dials = snapshot.pod(*pod).ips.iter().map(|ip| SocketAddr::new(ip, *port));
            match by_protocol.iter_mut().find(|(known, _)| known == protocol) {
                Some((_, known)) => known.extend(dials),
                None => by_protocol.push((*protocol, dials.collect())),
            }
        }
        let legs = by_protocol.iter();
        let leg = |(protocol, dials): &(Protocol, Vec<SocketAddr>)| {
            explain_leg(self.world, &origins, dials, *protocol, self.options)
        };
        let hops: Vec<Hop> = legs.filter_map(leg).flatten().collect();
        match hops.is_empty() {
            true => {
                let why = "the controller and the pods behind it share no IP family";
                vec![Hop::denied(Stage::Answer, why, Some(published.by.clone()))]
            }
            false => hops,
        }
    }

    /// From a controller that the set does not have, as the usual ones are: what policies say of it.
    fn hops_of_stand_ins(&self, parties: &[Party], published: &Published) -> Vec<Hop> {
        let mut shut: Option<Vec<Hop>> = None;
        let mut open = Vec::new();
        for (pod, protocol, port) in &published.targets {
            // Of several that may carry it out one has to be let in.
            let told = parties.iter().map(|party| self.policy(*party, *pod, *protocol, *port));
            let told: Vec<Hop> = told.collect();
            let Some(hop) = told.iter().find(|hop| hop.is_ok()).or_else(|| told.first()).cloned() else {
                continue;
            };
            let target = self.world.snapshot.pod(*pod);
            let hears = listens(self.world, netloom_explain::Target::Pod(*pod), *protocol, *port);
            let answer = match hears {
                true => Hop::ok(Stage::Answer, format!("{} answers on {port}/{protocol}", target.name), None),
                false => Hop::denied(
                    Stage::Answer,
                    format!("nothing listens on {port}/{protocol} of {}", target.name),
                    Some(target.origin.clone()),
                ),
            };
            let is_open = hop.is_ok() && hears;
            let hops = if hop.is_ok() { vec![hop, answer] } else { vec![hop] };
            if is_open {
                open = hops;
            } else {
                shut.get_or_insert(hops);
            }
        }
        shut.unwrap_or(open)
    }

    /// What policies of a pod make of a controller.
    fn policy(&self, party: Party, pod: PodId, protocol: Protocol, port: u16) -> Hop {
        let asked = crate::PortSet::of(protocol, port, port);
        let whys = self.reach.why(party, Party::Pod(pod));
        let why = whys.iter().find(|why| !why.ports.and(&asked).is_none());
        let target = &self.world.snapshot.pod(pod).name;
        let Some(why) = why else {
            return Hop::ok(Stage::Ingress, format!("no policy is about {target}"), None);
        };
        let (direction, side) = match why.egress.allowed {
            true => (Direction::Ingress, &why.ingress),
            false => (Direction::Egress, &why.egress),
        };
        let stage = if direction == Direction::Ingress { Stage::Ingress } else { Stage::Egress };
        let words = in_words(direction, side);
        let object = match &side.reason {
            Reason::Rule { rule, .. } => Some(rule.clone()),
            Reason::Isolated(policies) => policies.first().cloned(),
            _ => None,
        };
        match why.allowed() {
            true => Hop::ok(stage, format!("{target}: {words}"), object),
            false => {
                let why = format!("policies do not let the ingress controller in to {target}: {words}");
                Hop::denied(stage, why, object).with_fix(
                    "add a rule that admits the ingress controller's namespace and pods on this port",
                )
            }
        }
    }
}

/// A few of a list.
fn shortened(list: Vec<String>) -> String {
    const MOST: usize = 6;
    match list.len().checked_sub(MOST) {
        None | Some(0) => list.join(", "),
        Some(more) => format!("{} and {more} more", list[..MOST].join(", ")),
    }
}

fn carrier_in_words(carrier: &Carrier) -> String {
    match (&carrier.gateway, &carrier.class) {
        (Some((namespace, name)), _) => format!("what carries Gateway {namespace}/{name} out"),
        (None, Some(class)) => format!("the ingress controller of class {class}"),
        (None, None) => "the ingress controller".to_owned(),
    }
}
