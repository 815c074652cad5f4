//! From the steps of one way to hops in words.
use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use netloom_cluster::{NodeId, Pod, PodId, Protocol, Service, ServiceId, ServiceKind, ServicePort};
use netloom_objects::ObjectRef;
use netloom_policy::Direction;

use crate::{
    End, Hop, Origin, Path, Stage, Step, Target, World,
    choose::show,
    explain::Context,
    policy_words::{Asked, policy_hop},
    service_words,
};

/// One way of one connection.
pub(crate) struct Taken<'a> {
    pub origin: Origin,
    pub dial: SocketAddr,
    pub protocol: Protocol,
    pub path: &'a Path,
    /// The Service that was asked for.
    pub service: Option<(ServiceId, Option<usize>)>,
    /// The name outside of the cluster that the address stands for.
    pub beyond: Option<&'a str>,
    /// Whether it is a question to the DNS, whose fix is always the same.
    pub dns: bool,
}

impl Taken<'_> {
    /// The Service port that translated the destination.
    pub fn translated<'w>(&self, world: &'w World) -> Option<(&'w Arc<Service>, &'w ServicePort)> {
        self.path.steps.iter().find_map(|step| match step {
            Step::Service { service, origin, .. } => find_port(world, Some(service), origin),
            Step::Policy { .. } => None,
        })
    }
}

/// The Service and its port that a frontend is of.
pub(crate) fn find_port<'w>(
    world: &'w World,
    name: Option<&str>,
    origin: &Arc<ObjectRef>,
) -> Option<(&'w Arc<Service>, &'w ServicePort)> {
    let (namespace, name) = match name {
        Some(name) => name.split_once('/')?,
        None => (origin.namespace.as_deref()?, &*origin.name),
    };
    let service = world.snapshot.find_service(namespace, name)?;
    Some((service, service.ports.iter().find(|p| p.origin == *origin)?))
}

/// A pod by its workload, whose pods are most often alike; by its own name where that says more.
pub(crate) fn label(pod: &Pod) -> String {
    match &*pod.workload.kind {
        "Pod" | "StatefulSet" => pod.qualified_name(),
        _ => format!("{}/{}", pod.namespace, pod.workload.name),
    }
}

/// Who has an address, in words.
pub(crate) fn who(world: &World, ip: IpAddr) -> String {
    let snapshot = &world.snapshot;
    if let Some(pod) = world.policies.pod_at(ip) {
        return label(snapshot.pod(pod));
    }
    if let Some(node) = snapshot.nodes.iter().find(|n| n.ips.contains(ip)) {
        return format!("node/{}", node.name);
    }
    if snapshot.plan.outside.contains(ip) { "the outside".to_owned() } else { ip.to_string() }
}

/// The hop at which a way ends, where it ends without an answer.
pub(crate) fn failing_hop(context: &Context<'_>, taken: &Taken<'_>) -> Option<Hop> {
    hops(context, taken).into_iter().find(|h| !h.is_ok())
}

/// All hops of a way, in the order in which people think of them.
pub(crate) fn hops(context: &Context<'_>, taken: &Taken<'_>) -> Vec<Hop> {
    let world = context.world;
    let snapshot = &world.snapshot;
    let mut hops = Vec::new();
    if let Origin::Pod(pod) = taken.origin
        && snapshot.pod(pod).host_network
    {
        let name = label(snapshot.pod(pod));
        let node = &snapshot.node(snapshot.pod(pod).node).name;
        let why = format!("{name} is on the network of {node}: policies do not bind it");
        let paths = ["spec.template.spec.hostNetwork", "spec.hostNetwork"];
        hops.push(Hop::ok(Stage::Egress, why, Some(context.lines.field(&snapshot.pod(pod).origin, &paths))));
    }
    if let Some((id, _)) = taken.service
        && snapshot.service(id).kind == ServiceKind::Headless
    {
        hops.push(service_words::headless(context, snapshot.service(id), taken.dial));
    }
    for step in &taken.path.steps {
        hops.push(match step {
            Step::Service { .. } => service_words::chosen(context, taken, step),
            Step::Policy { pod, direction, peer, port, side } => {
                let asked = Asked { pod: *pod, direction: *direction, peer: *peer, port: *port };
                policy_hop(context, taken, &asked, side)
            }
        });
    }
    match &taken.path.end {
        End::Delivered { target, at, from, listening } => {
            hops.push(answer(context, taken, *target, *at, *from, *listening));
        }
        End::Denied => hops.extend(beyond(context, taken)),
        End::Rejected(rejection) => hops.push(service_words::rejected(context, taken, rejection)),
        End::Dropped(drop) => hops.push(service_words::dropped(context, taken, drop)),
        End::Unreachable(ip) => hops.push(unreachable(context, taken, *ip)),
    }
    hops.sort_by_key(|h| h.stage);
    hops
}

/// What would come after a denied egress: the other side, so that both can be repaired at once.
fn beyond(context: &Context<'_>, taken: &Taken<'_>) -> Vec<Hop> {
    let world = context.world;
    let Some(Step::Policy { pod, direction: Direction::Egress, peer, port, .. }) = taken.path.steps.last()
    else {
        return Vec::new();
    };
    let Some(target) = world.policies.pod_at(*peer) else { return Vec::new() };
    let family = netloom_cluster::Family::of(*peer);
    let Some(from) = world.snapshot.pod(*pod).ips.of(family) else { return Vec::new() };
    let side = world.policies.ingress(target, from, taken.protocol, *port);
    let asked = Asked { pod: target, direction: Direction::Ingress, peer: from, port: *port };
    vec![policy_hop(context, taken, &asked, &side)]
}

fn unreachable(context: &Context<'_>, taken: &Taken<'_>, ip: IpAddr) -> Hop {
    let plan = &context.world.snapshot.plan;
    let hop = |why: String| Hop::denied(Stage::Answer, why, None);
    if let Some((service, _)) = taken.service.map(|(id, i)| (context.world.snapshot.service(id), i))
        && service.cluster_ips().contains(ip)
    {
        let why = format!(
            "{ip} is the ClusterIP of Service {}: clients outside of the cluster cannot reach it",
            service.qualified_name()
        );
        let object = context.lines.field(&service.origin, &["spec.type", "spec"]);
        let fix = "make it `type: LoadBalancer` or `type: NodePort`, or put a gateway before it";
        return Hop::denied(Stage::Service, why, Some(object)).with_fix(fix);
    }
    if plan.service_cidrs.contains(ip) {
        return hop(format!("{ip} is of the Services' range, but no Service has it"));
    }
    if context.world.snapshot.is_of_pods(ip) {
        return hop(format!("{ip} is of the pods' range, but no pod has it"))
            .with_advice("name the pod or its Service instead: addresses change when pods do");
    }
    if plan.lb_cidrs.contains(ip) || plan.node_cidrs.contains(ip) {
        return hop(format!("{ip} is of the cluster's ranges, but nothing has it"));
    }
    hop(format!("nothing leads from here to {ip}"))
}

/// The ports that pods listen on, for people.
pub(crate) fn listening(pod: &Pod) -> String {
    let ports: Vec<String> = pod.stated().map(|p| show(*p)).collect();
    if ports.is_empty() { "it declares no ports".to_owned() } else { format!("it says {}", ports.join(", ")) }
}

/// Where a pod's port is declared; its ports, where that one is not.
pub(crate) fn port_line(context: &Context<'_>, pod: &Pod, wanted: (Protocol, u16)) -> Arc<ObjectRef> {
    let mut found: Option<(usize, usize)> = None;
    for (c, container) in pod.containers.iter().enumerate() {
        let port = container.ports.iter().position(|p| (p.protocol, p.port) == wanted);
        found = found.or(port.map(|p| (c, p)));
    }
    let within = |spec: &str| match found {
        Some((c, p)) => format!("{spec}.containers[{c}].ports[{p}]"),
        None => format!("{spec}.containers[0].ports"),
    };
    let specs = ["spec.template.spec", "spec", "spec.jobTemplate.spec.template.spec"];
    let mut paths: Vec<String> = specs.iter().map(|s| within(s)).collect();
    paths.extend(specs.iter().map(|spec| format!("{spec}.containers[0]")));
    paths.push("metadata.name".to_owned());
    let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
    context.lines.field(&pod.origin, &paths)
}

fn answer(
    context: &Context<'_>,
    taken: &Taken<'_>,
    target: Target,
    at: SocketAddr,
    from: IpAddr,
    listening: bool,
) -> Hop {
    let world = context.world;
    let port = show((taken.protocol, at.port()));
    let seen = sees(world, taken.origin, from);
    match target {
        Target::Outside(ip) => {
            let server = match taken.beyond {
                Some(name) => format!("{name} (its address is not known here, {ip} stands for it)"),
                None => ip.to_string(),
            };
            Hop::ok(Stage::Answer, format!("{server} is outside of the cluster and sees {seen}"), None)
        }
        Target::Node(node) if listening => {
            let name = &world.snapshot.node(node).name;
            Hop::ok(Stage::Answer, format!("node {name} answers on {port} and sees {seen}"), None)
        }
        Target::Node(node) => {
            let name = &world.snapshot.node(node).name;
            let why = format!("nothing listens on {port} of node {name}: the connection is refused");
            if let Some(pod) = on_loopback(world, node, at, taken.protocol) {
                let address =
                    world.snapshot.node(node).ips.iter().next().map_or_else(String::new, |ip| ip.to_string());
                let why = format!(
                    "{why}: hostPort {port} of {} leads to the pod from the node's own addresses; what a cluster's portmap does on the loopback is not modelled here",
                    pod.qualified_name()
                );
                return Hop::denied(Stage::Answer, why, Some(pod.origin.clone()))
                    .with_advice(format!("dial {address} instead"));
            }
            let fix = "use a NodePort that a Service has, or the port of a pod on the host's network";
            Hop::denied(Stage::Answer, why, None).with_advice(fix)
        }
        Target::Pod(pod) if listening && !is_aimed_at(world, pod, (taken.protocol, at.port())) => {
            let pod_ref = world.snapshot.pod(pod);
            let itself = taken.origin == Origin::Pod(pod) && taken.path.steps.is_empty();
            let why = if itself {
                format!(
                    "{} answers itself on {port}: no policy stands between a pod and itself",
                    pod_ref.name
                )
            } else {
                format!("{} answers on {port} and sees {seen}", pod_ref.name)
            };
            Hop::ok(Stage::Answer, why, Some(port_line(context, pod_ref, (taken.protocol, at.port()))))
        }
        Target::Pod(pod) => unsaid(context, taken, pod, &port),
    }
}

/// Whether it is others alone who say that a pod has a port.
fn is_aimed_at(world: &World, pod: PodId, port: (Protocol, u16)) -> bool {
    world.snapshot.pod(pod).aimed.contains(&port)
}

/// The pod whose `hostPort` was dialled on its node's loopback.
fn on_loopback(world: &World, node: NodeId, at: SocketAddr, protocol: Protocol) -> Option<&Arc<Pod>> {
    let dialled = |pod: &&Arc<Pod>| {
        pod.node == node && pod.host_ports.iter().any(|p| (p.protocol, p.port) == (protocol, at.port()))
    };
    world.snapshot.pods.iter().filter(|_| at.ip().is_loopback()).find(dialled)
}

/// The connection gets there, and whether something listens no manifest says: a container need not declare its ports.
fn unsaid(context: &Context<'_>, taken: &Taken<'_>, pod: PodId, port: &str) -> Hop {
    let world = context.world;
    let pod = world.snapshot.pod(pod);
    let why = format!(
        "the network allows it; no manifest says that {port} listens in {} ({})",
        pod.name,
        listening(pod)
    );
    let same_protocol = pod.stated().filter(|(p, _)| *p == taken.protocol);
    let known: Vec<u16> = same_protocol.map(|(_, port)| *port).collect();
    if let Some((_, translated)) = taken.translated(world) {
        let object = context.lines.field_of_item(&translated.origin, "spec.ports", "targetPort");
        let fix = match known.as_slice() {
            [one] => format!("if nothing does, write `targetPort: {one}`; else declare the port in the pod's containers"),
            _ => {
                "if nothing does, aim at a port that the pod has; else declare this one in the pod's containers"
                    .to_owned()
            }
        };
        return Hop::ok(Stage::Answer, why, Some(object)).with_fix(fix);
    }
    let object = port_line(context, pod, (taken.protocol, taken.dial.port()));
    let dialled = taken.dial.port();
    let headless = taken.service.map(|(id, _)| world.snapshot.service(id));
    let fix = match (headless.filter(|s| s.kind == ServiceKind::Headless), known.as_slice()) {
        (Some(service), [one]) => {
            format!(
                "if nothing does, dial port {one}: Service {} is headless, which does not translate ports",
                service.qualified_name()
            )
        }
        (None, [one]) => {
            format!("if nothing does, dial port {one}; else declare {dialled} in the pod's containers")
        }
        _ => format!(
            "if nothing does, dial a port that it has; else declare {dialled} in the pod's containers"
        ),
    };
    Hop::ok(Stage::Answer, why, Some(object)).with_advice(fix)
}

/// The client's address as the target sees it.
fn sees(world: &World, origin: Origin, from: IpAddr) -> String {
    let snapshot = &world.snapshot;
    let own = match origin {
        Origin::Pod(pod) => snapshot.pod(pod).ips.contains(from),
        Origin::Node(node) => snapshot.node(node).ips.contains(from),
        Origin::Outside(ip) => ip == from,
    };
    match own {
        true => format!("{from}, the client's own address"),
        false => format!("{from}, the address of {}", who(world, from)),
    }
}
