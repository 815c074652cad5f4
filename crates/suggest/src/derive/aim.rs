//! Where a host and a port lead, as a pod's resolver and the Services have it.
use std::{collections::HashMap, net::IpAddr, sync::Arc};

use netloom_cluster::{Pod, PodId, Protocol, Service, ServiceId};
use netloom_naming::{Hosts, Outcome, ResolvConf, resolv_conf, resolve};
use netloom_objects::Typed;
use netloom_reach::PortSet;

use super::ends;
use crate::{
    dns::blocks,
    ground::Ground,
    need::{End, Needs, listening, port},
    scan::Mention,
};

/// Where a mention leads.
#[derive(Debug, PartialEq)]
pub(super) enum Aim {
    /// To these ends, on these ports.
    Ends(Vec<(End, PortSet)>),
    /// To a Service that does not have the port.
    NoPort(Arc<Service>),
    /// Out of the cluster, to a name that only the world's DNS knows.
    World(String),
    /// To the pod itself, or to nobody.
    Nowhere,
}

/// Resolves mentions.
pub(super) struct Aims<'g, 'a> {
    ground: &'g Ground<'a>,
    services: HashMap<IpAddr, ServiceId>,
    /// Addresses of hosts outside that a ServiceEntry tells.
    entries: HashMap<&'g str, Vec<IpAddr>>,
}

impl<'g, 'a> Aims<'g, 'a> {
    pub fn new(ground: &'g Ground<'a>) -> Self {
        let mut services = HashMap::new();
        for service in ground.world.snapshot.services.iter() {
            let own = service.cluster_ips();
            let ips =
                own.iter().chain(service.lb_ips.iter().copied()).chain(service.external_ips.iter().copied());
            ips.for_each(|ip| _ = services.insert(ip, service.id));
        }
        let mut entries: HashMap<&str, Vec<IpAddr>> = HashMap::new();
        for object in ground.objects.objects() {
            let Typed::ServiceEntry(entry) = &object.typed else { continue };
            let addresses = entry.spec.endpoints.iter().filter_map(|e| e.address.as_deref());
            let addresses = addresses.chain(entry.spec.addresses.iter().map(String::as_str));
            let ips: Vec<IpAddr> = addresses.filter_map(|ip| ip.parse().ok()).collect();
            for host in &entry.spec.hosts {
                entries.entry(host).or_default().extend(&ips);
            }
        }
        Self { ground, services, entries }
    }

    /// Where a mention leads that a pod has.
    pub fn aim(&self, pod: PodId, mention: &Mention, out: &mut Needs) -> Aim {
        let world = &self.ground.world;
        let pod = self.ground.snapshot.pod(pod);
        // The pod with its addresses.
        let Some(pod) = world.snapshot.find_pod(&pod.namespace, &pod.name) else { return Aim::Nowhere };
        let conf = resolv_conf(&world.snapshot, pod, &ResolvConf::default());
        let hosts = Hosts::of(&world.snapshot, pod);
        match resolve(&world.dns, &conf, &hosts, &mention.host, None, None).outcome {
            Outcome::Literal(ip) => self.addresses(&[ip], mention, None, out),
            Outcome::File(ips) => self.addresses(&ips, mention, None, out),
            Outcome::Addresses { addresses, source, .. } => {
                let named = source.filter(|source| &*source.kind == "Service").and_then(|source| {
                    world.snapshot.find_service(source.namespace.as_deref()?, &source.name)
                });
                self.addresses(&addresses, mention, named, out)
            }
            Outcome::Alias { target, .. } => self.outside(&target, mention),
            Outcome::Outside(_) => self.outside(&mention.host, mention),
            Outcome::Failed { .. } => Aim::Nowhere,
            Outcome::NoAddress { source, .. } | Outcome::NotFound { source } => {
                let named = source.filter(|source| &*source.kind == "Service").and_then(|source| {
                    world.snapshot.find_service(source.namespace.as_deref()?, &source.name)
                });
                // Its pods may only be unready.
                named.map_or(Aim::Nowhere, |service| self.service(service, mention, out))
            }
        }
    }

    fn outside(&self, host: &str, mention: &Mention) -> Aim {
        let host = host.trim_end_matches('.');
        match (self.entries.get(host), mention.port) {
            (Some(ips), Some(number)) if !ips.is_empty() => {
                let ports = port(mention.protocol.unwrap_or(Protocol::Tcp), number);
                Aim::Ends(vec![(End::Blocks(blocks(ips.iter().copied())), ports)])
            }
            _ if host.contains('.') => Aim::World(host.to_owned()),
            _ => Aim::Nowhere,
        }
    }

    /// `named` is the Service whose name led to the addresses: what is dialled is a Service's address, or a pod's own.
    fn addresses(
        &self,
        ips: &[IpAddr],
        mention: &Mention,
        named: Option<&Arc<Service>>,
        out: &mut Needs,
    ) -> Aim {
        let world = &self.ground.world;
        if let Some(service) = ips.iter().find_map(|ip| self.services.get(ip)) {
            return self.service(world.snapshot.service(*service), mention, out);
        }
        let mut found: Vec<(End, PortSet)> = Vec::new();
        let mut beyond: Vec<IpAddr> = Vec::new();
        for ip in ips.iter().filter(|ip| !ip.is_loopback() && !ip.is_unspecified() && !ip.is_multicast()) {
            let Some(pod) = world.policies.pod_at(*ip) else {
                beyond.push(*ip);
                continue;
            };
            let pod = world.snapshot.pod(pod);
            for (end, ports) in self.pod(pod, mention, named, out) {
                merge(&mut found, end, &ports);
            }
        }
        if let (Some(number), false) = (mention.port, beyond.is_empty()) {
            let ports = port(mention.protocol.unwrap_or(Protocol::Tcp), number);
            merge(&mut found, End::Blocks(blocks(beyond.into_iter())), &ports);
        }
        if found.is_empty() { Aim::Nowhere } else { Aim::Ends(found) }
    }

    /// A pod that is dialled by its own address: its own ports.
    fn pod(
        &self,
        pod: &Arc<Pod>,
        mention: &Mention,
        named: Option<&Arc<Service>>,
        out: &mut Needs,
    ) -> Vec<(End, PortSet)> {
        let Some(known) = self.ground.snapshot.find_pod(&pod.namespace, &pod.name) else { return Vec::new() };
        let ends = ends(self.ground, [known.id], out);
        let of_service = |service: &Arc<Service>| {
            let of_pod = service.endpoints.iter().filter(|e| e.pod == Some(pod.id));
            let ports = of_pod.flat_map(|e| service.ports.iter().zip(&e.ports));
            let ports = ports.filter_map(|(asked, number)| Some(port(asked.protocol, (*number)?)));
            ports.fold(PortSet::none(), |all, one| all.or(&one))
        };
        let ports = |end: &End| match (mention.port, named, end) {
            (Some(number), ..) => self.protocols(pod, mention, number),
            (None, Some(service), _) => of_service(service),
            (None, None, End::Unit(unit)) => listening(&self.ground.snapshot, &self.ground.units, *unit),
            (None, None, _) => PortSet::none(),
        };
        ends.into_iter().map(|end| (end.clone(), ports(&end))).collect()
    }

    /// A number on a pod by the protocols that answer there; TCP where nothing says.
    fn protocols(&self, pod: &Pod, mention: &Mention, number: u16) -> PortSet {
        if let Some(protocol) = mention.protocol {
            return port(protocol, number);
        }
        let heard = pod.listening.iter().filter(|(_, heard)| *heard == number);
        let all = heard.fold(PortSet::none(), |all, (protocol, number)| all.or(&port(*protocol, *number)));
        if all.is_none() { port(Protocol::Tcp, number) } else { all }
    }

    /// A Service: the pods behind the port, with their own ports; behind all of its ports where none is said.
    fn service(&self, service: &Arc<Service>, mention: &Mention, out: &mut Needs) -> Aim {
        let Some(known) = self.ground.snapshot.find_service(&service.namespace, &service.name) else {
            return Aim::Nowhere;
        };
        let headless = matches!(service.kind, netloom_cluster::ServiceKind::Headless);
        let wanted = |asked: &netloom_cluster::ServicePort| {
            mention.protocol.is_none_or(|protocol| protocol == asked.protocol)
                && mention.port.is_none_or(|number| number == asked.port || headless)
        };
        let mut found = Vec::new();
        let mut has = false;
        for (nth, asked) in known.ports.iter().enumerate().filter(|(_, asked)| wanted(asked)) {
            has = true;
            for endpoint in known.endpoints.iter() {
                // Whoever asks a headless Service dials the pods' own port.
                let number = match (headless, mention.port) {
                    (true, Some(number)) => Some(number),
                    _ => endpoint.ports.get(nth).copied().flatten(),
                };
                let Some(number) = number else { continue };
                let targets = match endpoint.pod {
                    Some(pod) => ends(self.ground, [pod], out),
                    None => vec![End::Blocks(blocks(endpoint.ips.iter()))],
                };
                targets.into_iter().for_each(|end| merge(&mut found, end, &port(asked.protocol, number)));
            }
        }
        if !has { Aim::NoPort(known.clone()) } else { Aim::Ends(found) }
    }
}

fn merge(found: &mut Vec<(End, PortSet)>, end: End, ports: &PortSet) {
    match found.iter_mut().find(|(known, _)| *known == end) {
        Some((_, known)) => *known = known.or(ports),
        None => found.push((end, ports.clone())),
    }
}
