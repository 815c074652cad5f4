//! What one source dials for a destination: the names it looks up, and the addresses and port that come of them.
use std::net::{IpAddr, SocketAddr};

use netloom_cluster::{Family, PodId, Protocol, Service, ServiceId, ServiceKind};
use netloom_naming::Outcome as Found;

use crate::{
    Destination, ExplainError, Hop, Host, Origin,
    choose::{ServiceChoice, plain_port, pod_ports, service_port},
    explain::Context,
    lookup::Aim,
    names::{cluster_conf, dns_hop, elsewhere, look_up, may_be_outside, name_hop, service_of},
};

/// The connections that a source tries, all of which should work.
#[derive(Debug)]
pub(crate) struct Plan {
    /// The name hops.
    pub hops: Vec<Hop>,
    /// Empty where no address comes of the name.
    pub dials: Vec<SocketAddr>,
    pub protocol: Protocol,
    /// The Service that was asked for, and its port.
    pub service: Option<(ServiceId, Option<usize>)>,
    /// The name outside of the cluster that the address dialled stands for.
    pub beyond: Option<String>,
}

impl Plan {
    pub fn to(dials: Vec<SocketAddr>, protocol: Protocol) -> Self {
        Self { hops: Vec::new(), dials, protocol, service: None, beyond: None }
    }
}

/// The plan of one source in one family; none where the destination does not speak it.
pub(crate) fn plan(
    context: &Context<'_>,
    origin: Origin,
    aim: &Aim,
    to: &Destination,
    family: Family,
) -> Result<Option<Plan>, ExplainError> {
    let snapshot = &context.world.snapshot;
    let default = context.options.protocol;
    match aim {
        Aim::Name(name) => match origin {
            Origin::Pod(pod) => by_name(context, pod, name, to, family),
            Origin::Node(_) | Origin::Outside(_) => without_dns(context, origin, name, to, family),
        },
        Aim::Service(id) => {
            let service = snapshot.service(*id);
            match origin {
                Origin::Pod(pod) => {
                    let own = &snapshot.pod(pod).namespace;
                    let name = if *own == service.namespace {
                        service.name.to_string()
                    } else {
                        format!("{}.{}", service.name, service.namespace)
                    };
                    by_name(context, pod, &name, to, family)
                }
                Origin::Node(_) | Origin::Outside(_) => directly(context, origin, service, to, family),
            }
        }
        Aim::Pods(label, ids) => {
            let pods: Vec<_> = ids.iter().map(|id| snapshot.pod(*id).clone()).collect();
            let (protocol, ports) = pod_ports(label, &pods, to, default)?;
            let dial = |(pod, port): (&std::sync::Arc<netloom_cluster::Pod>, Option<u16>)| {
                Some(SocketAddr::new(pod.ips.of(family)?, port?))
            };
            Ok(some(pods.iter().zip(ports).filter_map(dial).collect(), protocol))
        }
        Aim::Node(id) => {
            let node = snapshot.node(*id);
            let (protocol, port) = plain_port(&format!("node/{}", node.name), to, default)?;
            let dials = node.ips.of(family).map(|ip| SocketAddr::new(ip, port));
            Ok(some(dials.into_iter().collect(), protocol))
        }
        Aim::Outside => {
            let (protocol, port) = plain_port("outside", to, default)?;
            let dials = snapshot.plan.outside.of(family).map(|ip| SocketAddr::new(ip, port));
            Ok(some(dials.into_iter().collect(), protocol))
        }
        Aim::Address(ip) if Family::of(*ip) != family => Ok(None),
        Aim::Address(ip) => address(context, *ip, to).map(Some),
    }
}

fn some(dials: Vec<SocketAddr>, protocol: Protocol) -> Option<Plan> {
    (!dials.is_empty()).then(|| Plan::to(dials, protocol))
}

fn address(context: &Context<'_>, ip: IpAddr, to: &Destination) -> Result<Plan, ExplainError> {
    let snapshot = &context.world.snapshot;
    let default = context.options.protocol;
    let has = |s: &&std::sync::Arc<Service>| {
        s.cluster_ips().contains(ip) || s.lb_ips.contains(&ip) || s.external_ips.contains(&ip)
    };
    if let Some(service) = snapshot.services.iter().find(has) {
        let choice = service_port(service, to, default)?;
        let mut plan = Plan::to(vec![SocketAddr::new(ip, choice.port)], choice.protocol);
        plan.service = Some((service.id, choice.index));
        return Ok(plan);
    }
    if let Some(pod) = context.world.policies.pod_at(ip) {
        let pods = [snapshot.pod(pod).clone()];
        let (protocol, ports) = pod_ports(&pods[0].qualified_name(), &pods, to, default)?;
        let dials = ports.into_iter().flatten().map(|port| SocketAddr::new(ip, port)).collect();
        return Ok(Plan::to(dials, protocol));
    }
    let (protocol, port) = plain_port(&ip.to_string(), to, default)?;
    Ok(Plan::to(vec![SocketAddr::new(ip, port)], protocol))
}

/// A pod asks its DNS for the name.
fn by_name(
    context: &Context<'_>,
    pod: PodId,
    name: &str,
    to: &Destination,
    family: Family,
) -> Result<Option<Plan>, ExplainError> {
    let world = context.world;
    let default = context.options.protocol;
    let lookup = look_up(context, pod, name, Some(family));
    let asks = lookup.asks();
    let mut hops: Vec<Hop> = dns_hop(context, pod, &lookup.conf).into_iter().filter(|_| asks).collect();
    if let Some(hop) = elsewhere(context, pod, name, &lookup).filter(|_| asks) {
        hops.push(hop);
        return Ok(Some(Plan { hops, ..nothing(to, default) }));
    }
    let mut plan = match &lookup.resolution.outcome {
        Found::Addresses { addresses, source, .. } => match service_of(world, source.as_ref()) {
            Some(service) => of_service(service, addresses, to, default)?,
            None if source.is_none() => addresses_of(context, addresses, to, default)?,
            None => {
                let (protocol, port) = plain_port(name, to, default)?;
                Plan::to(addresses.iter().map(|ip| SocketAddr::new(*ip, port)).collect(), protocol)
            }
        },
        Found::Outside(_) if !may_be_outside(context, name) => nothing(to, default),
        Found::Alias { .. } | Found::Outside(_) => {
            let (protocol, port) = plain_port(name, to, default)?;
            let Some(ip) = world.snapshot.plan.outside.of(family) else { return Ok(None) };
            let beyond = match &lookup.resolution.outcome {
                Found::Alias { target, .. } => target.to_string(),
                _ => name.to_owned(),
            };
            Plan { beyond: Some(beyond), ..Plan::to(vec![SocketAddr::new(ip, port)], protocol) }
        }
        Found::Literal(ip) => address(context, *ip, to)?,
        Found::File(addresses) => addresses_of(context, addresses, to, default)?,
        Found::NoAddress { .. } | Found::NotFound { .. } | Found::Failed { .. } => {
            // A name of the other family only is none of this family's business.
            if !look_up(context, pod, name, None).resolution.addresses().is_empty() {
                return Ok(None);
            }
            nothing(to, default)
        }
    };
    hops.push(name_hop(context, name, &lookup));
    plan.hops = hops;
    Ok(Some(plan))
}

/// Addresses that a file names, whosever they are.
fn addresses_of(
    context: &Context<'_>,
    addresses: &[IpAddr],
    to: &Destination,
    default: Option<Protocol>,
) -> Result<Plan, ExplainError> {
    let mut plan = nothing(to, default);
    for ip in addresses {
        let one = address(context, *ip, to)?;
        plan = Plan { dials: plan.dials.into_iter().chain(one.dials).collect(), ..one };
    }
    Ok(plan)
}

fn nothing(to: &Destination, default: Option<Protocol>) -> Plan {
    Plan::to(Vec::new(), to.protocol.or(default).unwrap_or(Protocol::Tcp))
}

/// Addresses that a Service's name stands for.
fn of_service(
    service: &Service,
    addresses: &[IpAddr],
    to: &Destination,
    default: Option<Protocol>,
) -> Result<Plan, ExplainError> {
    let choice = service_port(service, to, default)?;
    let headless = service.kind == ServiceKind::Headless;
    let by_number = matches!(to.port, Some(crate::PortSpec::Number(_)));
    let port_at = |ip: IpAddr| {
        // A client that asks a headless Service for a named port (SRV) is told the endpoint's own.
        let own = choice.index.filter(|_| headless && !by_number).and_then(|i| {
            let endpoint = service.endpoints.iter().find(|e| e.ips.contains(ip))?;
            *endpoint.ports.get(i)?
        });
        own.unwrap_or(choice.port)
    };
    let dials = addresses.iter().map(|ip| SocketAddr::new(*ip, port_at(*ip))).collect();
    Ok(Plan { service: Some((service.id, choice.index)), ..Plan::to(dials, choice.protocol) })
}

/// Nodes and the outside do not ask the cluster's DNS: the name only says which Service is meant.
fn without_dns(
    context: &Context<'_>,
    origin: Origin,
    name: &str,
    to: &Destination,
    family: Family,
) -> Result<Option<Plan>, ExplainError> {
    let world = context.world;
    let conf = cluster_conf(&world.snapshot.zone, "default");
    let found =
        netloom_naming::resolve(&world.dns, &conf, &netloom_naming::Hosts::default(), name, None, None);
    match &found.outcome {
        Found::Addresses { source, addresses, .. } => match service_of(world, source.as_ref()) {
            Some(service) => directly(context, origin, service, to, family),
            None => {
                let (protocol, port) = plain_port(name, to, context.options.protocol)?;
                let here = addresses.iter().filter(|ip| Family::of(**ip) == family);
                Ok(some(here.map(|ip| SocketAddr::new(*ip, port)).collect(), protocol))
            }
        },
        Found::Alias { .. } | Found::Outside(_) if may_be_outside(context, name) => {
            let outside = Destination { host: Host::Outside, ..to.clone() };
            let plan = plan(context, origin, &Aim::Outside, &outside, family)?;
            Ok(plan.map(|p| Plan { beyond: Some(name.to_owned()), ..p }))
        }
        _ => {
            let short = name.split('.').next().unwrap_or(name);
            let services = &world.snapshot.services;
            let same = services.iter().filter(|s| *s.name == *short);
            let same: Vec<String> = same.map(|s| format!("{}.{}", s.name, s.namespace)).collect();
            let near = if same.is_empty() {
                crate::similar::similar(short, services.iter().map(|s| &*s.name))
            } else {
                same
            };
            Err(ExplainError::NotFound { what: "Service", name: name.to_owned(), namespace: None, near })
        }
    }
}

/// A node or the outside dials a Service by its addresses.
fn directly(
    context: &Context<'_>,
    origin: Origin,
    service: &Service,
    to: &Destination,
    family: Family,
) -> Result<Option<Plan>, ExplainError> {
    if let ServiceKind::ExternalName(_) = service.kind {
        return plan(context, origin, &Aim::Outside, to, family);
    }
    let choice = service_port(service, to, context.options.protocol)?;
    let endpoints = || {
        let ready = service.endpoints.iter().filter(|e| e.ready);
        let dial = |e: &netloom_cluster::Endpoint| {
            let own = choice.index.and_then(|i| e.ports.get(i).copied().flatten());
            Some(SocketAddr::new(e.ips.of(family)?, own.unwrap_or(choice.port)))
        };
        ready.filter_map(dial).collect::<Vec<_>>()
    };
    let dials = match (origin, &service.kind) {
        (_, ServiceKind::Headless) => endpoints(),
        (Origin::Outside(_), _) => outside_dials(context, service, &choice, family),
        _ => {
            service.cluster_ips().of(family).map(|ip| SocketAddr::new(ip, choice.port)).into_iter().collect()
        }
    };
    if service.kind == ServiceKind::Headless && !service.endpoints.iter().any(|e| e.ready) {
        let who = format!("Service {}", service.qualified_name());
        let hint = "it is headless, and none of its endpoints is ready";
        return Err(ExplainError::NoAddress { who, hint });
    }
    Ok(some(dials, choice.protocol).map(|p| Plan { service: Some((service.id, choice.index)), ..p }))
}

/// How an outside client reaches a Service: its load balancer, its external addresses, a node's port, and where there
/// is nothing of the kind its ClusterIP, which leads nowhere out there.
fn outside_dials(
    context: &Context<'_>,
    service: &Service,
    choice: &ServiceChoice,
    family: Family,
) -> Vec<SocketAddr> {
    let public = service.lb_ips.iter().chain(&service.external_ips).copied();
    if let Some(ip) = public.into_iter().find(|ip| Family::of(*ip) == family) {
        return vec![SocketAddr::new(ip, choice.port)];
    }
    let wanted = |(i, p): (usize, &netloom_cluster::ServicePort)| {
        let meant = choice.index == Some(i) || p.node_port == Some(choice.port);
        p.node_port.filter(|_| meant && p.protocol == choice.protocol)
    };
    let node_port = service.ports.iter().enumerate().find_map(wanted);
    let cluster_ip = service.cluster_ips().of(family);
    let node_ip = context.world.snapshot.nodes.iter().find_map(|n| n.ips.of(family));
    match (node_port, node_ip.filter(|_| cluster_ip.is_some())) {
        (Some(port), Some(ip)) => vec![SocketAddr::new(ip, port)],
        _ => cluster_ip.map(|ip| SocketAddr::new(ip, choice.port)).into_iter().collect(),
    }
}
