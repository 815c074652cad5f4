//! Endpoints of Services: from pods, from EndpointSlices, from Endpoints objects.
use std::{
    collections::{BTreeMap, HashMap},
    net::IpAddr,
    sync::Arc,
};

use k8s_openapi::api::{
    core::v1::{EndpointAddress, EndpointSubset, ObjectReference},
    discovery::v1::{Endpoint as SliceEndpoint, EndpointSlice},
};
use netloom_objects::{Object, Typed};

use super::{index::PodIndex, parse::Parsed};
use crate::{
    model::{Addrs, Endpoint, Family, NodeId, Pod, Protocol, TargetPort},
    topology::Topology,
    workloads::template::port,
};

/// What endpoints are made of.
pub struct Ground<'a> {
    pub topology: &'a Topology,
    pub index: &'a PodIndex,
    pub nodes: &'a HashMap<Arc<str>, NodeId>,
}

/// The pods that a Service selects, as its endpoints; with each whether it is being deleted.
pub fn of_pods(service: &Parsed, pods: &[(Arc<Pod>, bool)], ground: &Ground<'_>) -> Vec<Endpoint> {
    sorted(pods.iter().filter_map(|(pod, terminating)| of_pod(service, pod, *terminating, ground)).collect())
}

fn of_pod(service: &Parsed, pod: &Pod, terminating: bool, ground: &Ground<'_>) -> Option<Endpoint> {
    let mut ips = Addrs::default();
    pod.ips.iter().filter(|ip| service.families.contains(&Family::of(*ip))).for_each(|ip| ips.fill(ip));
    let target = |p: &crate::model::ServicePort| match &p.target {
        TargetPort::Number(number) => Some(*number),
        TargetPort::Name(name) => pod.named_port(name, p.protocol),
    };
    // A pod is found by name under the Service that its subdomain names (endpoints controller, podutil).
    let named = pod.subdomain.as_ref().is_some_and(|s| *s == service.name);
    // A pod whose address is not known is an endpoint all the same; one that has only the other family's is none.
    (!ips.is_empty() || pod.ips.is_empty()).then(|| Endpoint {
        ips,
        ports: service.ports.iter().map(target).collect(),
        pod: Some(pod.id),
        node: Some(pod.node),
        ready: service.publish_not_ready || (pod.ready && !terminating),
        serving: pod.ready,
        terminating,
        hostname: pod.hostname.clone().filter(|_| named),
        zone: ground.topology.nodes[pod.node.0 as usize].zone().map(Arc::from),
        hint_zones: Vec::new(),
        hint_nodes: Vec::new(),
    })
}

/// The endpoints that objects list: EndpointSlices, or Endpoints where there are no slices.
pub fn of_objects(service: &Parsed, objects: &[Arc<Object>], ground: &Ground<'_>) -> Vec<Endpoint> {
    let mut listed = Listed { service, ground, endpoints: BTreeMap::new() };
    let slices = objects.iter().filter_map(|o| match &o.typed {
        Typed::EndpointSlice(slice) => Some(slice),
        _ => None,
    });
    let mut any = false;
    for slice in slices {
        any = true;
        listed.slice(slice);
    }
    if !any {
        for object in objects {
            let Typed::Endpoints(endpoints) = &object.typed else { continue };
            endpoints.subsets.iter().flatten().for_each(|subset| listed.subset(subset));
        }
    }
    sorted(listed.endpoints.into_values().collect())
}

/// Several lines of slices make one endpoint: both families of a pod, ports of different slices.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Identity {
    Pod(u32),
    Target(Option<String>, Option<String>),
    /// An address with its ports: the same address may stand there twice, for two ports of the same name.
    Address(IpAddr, usize),
}

struct Listed<'a> {
    service: &'a Parsed,
    ground: &'a Ground<'a>,
    endpoints: BTreeMap<Identity, Endpoint>,
}

impl Listed<'_> {
    fn slice(&mut self, slice: &EndpointSlice) {
        let ports = slice.ports.iter().flatten();
        let ports: Vec<_> =
            ports.filter_map(|p| named(p.name.as_deref(), p.protocol.as_deref(), p.port)).collect();
        for endpoint in slice.endpoints.iter().flatten() {
            // The addresses of one endpoint are interchangeable: consumers take the first (API documentation).
            let Some(ip) = endpoint.addresses.first().and_then(|a| a.parse::<IpAddr>().ok()) else {
                continue;
            };
            let made = self.of_slice(endpoint, ip, self.ports(&ports));
            self.add(ip, endpoint.target_ref.as_ref(), made);
        }
    }

    fn of_slice(&self, from: &SliceEndpoint, ip: IpAddr, ports: Vec<Option<u16>>) -> Endpoint {
        let conditions = from.conditions.clone().unwrap_or_default();
        // A condition that is not said counts as true (ready), as ready (serving), as false (terminating).
        let ready = conditions.ready.unwrap_or(true);
        let zones = from.hints.iter().flat_map(|h| h.for_zones.iter().flatten());
        let nodes = from.hints.iter().flat_map(|h| h.for_nodes.iter().flatten());
        let mut endpoint = self.bare(ip, from.target_ref.as_ref(), from.node_name.as_deref(), ports);
        endpoint.ready = ready;
        endpoint.serving = conditions.serving.unwrap_or(ready);
        endpoint.terminating = conditions.terminating.unwrap_or(false);
        endpoint.hostname = from.hostname.as_deref().map(Arc::from);
        endpoint.zone = from.zone.as_deref().map(Arc::from).or(endpoint.zone);
        endpoint.hint_zones = zones.map(|z| Arc::from(z.name.as_str())).collect();
        endpoint.hint_nodes = nodes.map(|n| Arc::from(n.name.as_str())).collect();
        endpoint
    }

    fn subset(&mut self, subset: &EndpointSubset) {
        let ports = subset.ports.iter().flatten();
        let ports: Vec<_> =
            ports.filter_map(|p| named(p.name.as_deref(), p.protocol.as_deref(), Some(p.port))).collect();
        let ready = subset.addresses.iter().flatten().map(|a| (a, true));
        let unready = subset.not_ready_addresses.iter().flatten().map(|a| (a, false));
        for (address, ready) in ready.chain(unready) {
            let Ok(ip) = address.ip.parse::<IpAddr>() else { continue };
            let made = self.of_address(address, ip, ready, self.ports(&ports));
            self.add(ip, address.target_ref.as_ref(), made);
        }
    }

    fn of_address(
        &self,
        from: &EndpointAddress,
        ip: IpAddr,
        ready: bool,
        ports: Vec<Option<u16>>,
    ) -> Endpoint {
        let mut endpoint = self.bare(ip, from.target_ref.as_ref(), from.node_name.as_deref(), ports);
        endpoint.ready = ready || self.service.publish_not_ready;
        endpoint.serving = ready;
        endpoint.hostname = from.hostname.as_deref().filter(|h| !h.is_empty()).map(Arc::from);
        endpoint
    }

    fn bare(
        &self,
        ip: IpAddr,
        target: Option<&ObjectReference>,
        node: Option<&str>,
        ports: Vec<Option<u16>>,
    ) -> Endpoint {
        let pod = self.pod(ip, target);
        let node = node.and_then(|name| self.ground.nodes.get(name).copied()).or_else(|| pod.map(|p| p.node));
        let mut ips = Addrs::default();
        ips.fill(ip);
        Endpoint {
            ips,
            ports,
            pod: pod.map(|p| p.id),
            node,
            ready: true,
            serving: true,
            terminating: false,
            hostname: None,
            zone: node.and_then(|n| self.ground.topology.nodes[n.0 as usize].zone()).map(Arc::from),
            hint_zones: Vec::new(),
            hint_nodes: Vec::new(),
        }
    }

    /// The pod behind an address: the one that the reference names, if the address is its own.
    fn pod(&self, ip: IpAddr, target: Option<&ObjectReference>) -> Option<&Arc<Pod>> {
        let target = target.filter(|t| t.kind.as_deref() == Some("Pod"));
        let named = target.and_then(|t| {
            let namespace = t.namespace.as_deref().unwrap_or(&self.service.namespace);
            let pods = &self.ground.topology.pods;
            let wanted = (namespace, t.name.as_deref()?);
            let at = pods.binary_search_by(|p| (&*p.namespace, &*p.name).cmp(&wanted)).ok()?;
            Some(&pods[at])
        });
        named.filter(|p| p.ips.contains(ip)).or_else(|| self.ground.index.of_address(ip))
    }

    /// For each port of the Service the number that the list has under its name and protocol.
    fn ports(&self, listed: &[(Option<&str>, Protocol, u16)]) -> Vec<Option<u16>> {
        let find = |p: &crate::model::ServicePort| {
            let same = |l: &&(Option<&str>, Protocol, u16)| l.0 == p.name.as_deref() && l.1 == p.protocol;
            listed.iter().find(same).map(|l| l.2)
        };
        self.service.ports.iter().map(find).collect()
    }

    fn add(&mut self, ip: IpAddr, target: Option<&ObjectReference>, made: Endpoint) {
        let speaks = self.service.families.contains(&Family::of(ip));
        if !speaks {
            return;
        }
        let mut at = match (made.pod, target) {
            (Some(pod), _) => Identity::Pod(pod.0),
            (None, Some(target)) if target.name.is_some() => {
                Identity::Target(target.namespace.clone(), target.name.clone())
            }
            _ => Identity::Address(ip, 0),
        };
        while let Some(there) = self.endpoints.get_mut(&at) {
            if merge(there, &made) {
                return;
            }
            at = match at {
                Identity::Address(ip, n) => Identity::Address(ip, n + 1),
                _ => Identity::Address(ip, 0),
            };
        }
        self.endpoints.insert(at, made);
    }
}

/// Takes what the other adds, unless the two contradict each other.
fn merge(into: &mut Endpoint, from: &Endpoint) -> bool {
    let fits = |a: Option<u16>, b: Option<u16>| a.is_none() || b.is_none() || a == b;
    let ports = into.ports.iter().zip(&from.ports).all(|(a, b)| fits(*a, *b));
    let addresses = from.ips.iter().all(|ip| into.ips.of(Family::of(ip)).is_none_or(|own| own == ip));
    if !ports || !addresses {
        return false;
    }
    from.ips.iter().for_each(|ip| into.ips.fill(ip));
    for (own, other) in into.ports.iter_mut().zip(&from.ports) {
        *own = own.or(*other);
    }
    into.hostname = into.hostname.take().or_else(|| from.hostname.clone());
    true
}

fn named<'a>(
    name: Option<&'a str>,
    protocol: Option<&str>,
    number: Option<i32>,
) -> Option<(Option<&'a str>, Protocol, u16)> {
    let protocol = protocol.map_or(Some(Protocol::Tcp), Protocol::parse)?;
    Some((name.filter(|n| !n.is_empty()), protocol, port(number?)?))
}

fn sorted(mut endpoints: Vec<Endpoint>) -> Vec<Endpoint> {
    endpoints.sort_by(|a, b| (a.ips, &a.ports).cmp(&(b.ips, &b.ports)));
    endpoints
}
