//! The Service hop: what was dialled, which endpoint it leads to, or why to none.
use std::{net::SocketAddr, sync::Arc};

use netloom_cluster::{Service, ServicePort, TargetPort};
use netloom_objects::{ObjectRef, Typed};
use netloom_routing::FrontendKind;

use crate::{
    Drop, Hop, Rejection, Stage, Step,
    choose::{ports_of, show},
    error::list,
    explain::Context,
    paths::{Taken, find_port, port_line, who},
    similar::similar,
};

/// An endpoint is chosen.
pub(crate) fn chosen(context: &Context<'_>, taken: &Taken<'_>, step: &Step) -> Hop {
    let Step::Service { node, service, origin, kind, backend, of } = step else {
        return Hop::ok(Stage::Service, "", None);
    };
    let world = context.world;
    let at = match kind {
        FrontendKind::ClusterIp => "ClusterIP",
        FrontendKind::NodePort => "NodePort",
        FrontendKind::LoadBalancer => "load balancer",
        FrontendKind::ExternalIp => "external IP",
        FrontendKind::HostPort => {
            let node = &world.snapshot.node(*node).name;
            let (pod, dial) = (endpoint(context, backend.ip()), taken.dial);
            let why = format!("hostPort {} of {node} ({dial}) leads to {pod} ({backend})", dial.port());
            return Hop::ok(Stage::Service, why, Some(host_port_line(context, taken, origin, *backend)));
        }
    };
    let by = match kind {
        FrontendKind::ClusterIp => String::new(),
        _ => format!(" by way of {}", world.snapshot.node(*node).name),
    };
    let many = if *of > 1 { format!(", one of {of} endpoints") } else { String::new() };
    let why = format!(
        "Service {service}, {at} {}, leads{by} to {} ({backend}){many}",
        taken.dial,
        endpoint(context, backend.ip())
    );
    Hop::ok(Stage::Service, why, Some(origin.clone()))
}

/// An endpoint by its own name.
fn endpoint(context: &Context<'_>, ip: std::net::IpAddr) -> String {
    match context.world.policies.pod_at(ip) {
        Some(pod) => context.world.snapshot.pod(pod).name.to_string(),
        None => who(context.world, ip),
    }
}

/// Where the pod of a `hostPort` declares it.
fn host_port_line(
    context: &Context<'_>,
    taken: &Taken<'_>,
    origin: &Arc<ObjectRef>,
    backend: SocketAddr,
) -> Arc<ObjectRef> {
    match context.world.policies.pod_at(backend.ip()) {
        Some(pod) => port_line(context, context.world.snapshot.pod(pod), (taken.protocol, backend.port())),
        None => origin.clone(),
    }
}

/// A headless Service was asked for: there is nothing to choose.
pub(crate) fn headless(context: &Context<'_>, service: &Service, dial: SocketAddr) -> Hop {
    let why = format!(
        "Service {} is headless: its name stands for its pods' own addresses, here {} ({}); the port stays {}",
        service.qualified_name(),
        endpoint(context, dial.ip()),
        dial.ip(),
        dial.port()
    );
    Hop::ok(Stage::Service, why, Some(context.lines.field(&service.origin, &["spec.clusterIP"])))
}

/// A node answers that there is nothing.
pub(crate) fn rejected(context: &Context<'_>, taken: &Taken<'_>, rejection: &Rejection) -> Hop {
    match rejection {
        Rejection::NoEndpoints(origin) => match find_port(context.world, None, origin) {
            Some((service, port)) => no_endpoints(context, service, port),
            None => Hop::denied(Stage::Service, "the Service has no endpoints", Some(origin.clone())),
        },
        Rejection::NoSuchPort(name) => {
            let service = name
                .split_once('/')
                .and_then(|(namespace, name)| context.world.snapshot.find_service(namespace, name));
            let port = show((taken.protocol, taken.dial.port()));
            let Some(service) = service else {
                return Hop::denied(Stage::Service, format!("Service {name} has no port {port}"), None);
            };
            let known = ports_of(service);
            let why = format!(
                "Service {name} has no port {port}, only {}: the connection is refused",
                list(&known, "and")
            );
            let object = context.lines.field(&service.origin, &["spec.ports"]);
            Hop::denied(Stage::Service, why, Some(object)).with_advice(other_port(service, taken))
        }
    }
}

fn other_port(service: &Service, taken: &Taken<'_>) -> String {
    let number = taken.dial.port();
    let aims =
        service.ports.iter().find(|p| p.target == TargetPort::Number(number) && p.protocol == taken.protocol);
    match (aims, service.ports.as_slice()) {
        (Some(port), _) => {
            format!("dial port {}: {number} is the targetPort, the pods' own", port.port)
        }
        (None, [one]) if one.protocol == taken.protocol => {
            format!("dial port {}, or add {number} to `spec.ports`", one.port)
        }
        _ => format!("dial one of its ports, or add {} to `spec.ports`", show((taken.protocol, number))),
    }
}

fn no_endpoints(context: &Context<'_>, service: &Arc<Service>, port: &ServicePort) -> Hop {
    let name = service.qualified_name();
    let hop = |why: String, object: Arc<ObjectRef>, fix: String| {
        Hop::denied(Stage::Service, why, Some(object)).with_fix(fix)
    };
    let index = service.ports.iter().position(|p| p == port);
    let count = service.endpoints.len();
    if count == 0 && !service.has_selector {
        return hop(
            format!("Service {name} has no selector, and no EndpointSlice lists endpoints for it"),
            service.origin.clone(),
            "give it a selector, or an EndpointSlice with the label kubernetes.io/service-name".to_owned(),
        );
    }
    if count == 0 {
        return selects_nothing(context, service);
    }
    let with_port =
        service.endpoints.iter().filter(|e| index.is_some_and(|i| matches!(e.ports.get(i), Some(Some(_)))));
    if with_port.count() == 0 {
        let TargetPort::Name(target) = &port.target else {
            return hop(
                format!(
                    "Service {name}: none of its {count} endpoints has port {}",
                    show((port.protocol, port.port))
                ),
                port.origin.clone(),
                "list the port, under the same name, in the EndpointSlice".to_owned(),
            );
        };
        let pods = service.endpoints.iter().filter_map(|e| e.pod).map(|p| context.world.snapshot.pod(p));
        let mut known: Vec<String> = pods
            .flat_map(|p| p.containers.iter().flat_map(|c| &c.ports))
            .map(|p| match &p.name {
                Some(name) => format!("{name} ({})", show((p.protocol, p.port))),
                None => show((p.protocol, p.port)),
            })
            .collect();
        known.sort();
        known.dedup();
        let have = if known.is_empty() { "no ports".to_owned() } else { list(&known, "and") };
        return hop(
            format!(
                "Service {name}: none of its {count} pods has a {} port named {target}; they declare {have}",
                port.protocol
            ),
            context.lines.field_of_item(&port.origin, "spec.ports", "targetPort"),
            "write as `targetPort` a port that they have, or name the container's port so".to_owned(),
        );
    }
    let ready = service.endpoints.iter().filter(|e| e.ready).count();
    if ready == 0 {
        let object = service.endpoints.iter().find_map(|e| e.pod);
        let object =
            object.map_or_else(|| service.origin.clone(), |p| context.world.snapshot.pod(p).origin.clone());
        return hop(
            format!("Service {name}: none of its {count} endpoints is ready"),
            object,
            "see why its pods are not ready, or set `publishNotReadyAddresses: true`".to_owned(),
        );
    }
    hop(
        format!("Service {name} has no endpoint of this IP family"),
        context.lines.field(&service.origin, &["spec.ipFamilies", "spec.ipFamilyPolicy"]),
        "let `ipFamilies` name the families that its pods have".to_owned(),
    )
}

fn selects_nothing(context: &Context<'_>, service: &Arc<Service>) -> Hop {
    let name = service.qualified_name();
    let object = context.lines.field(&service.origin, &["spec.selector"]);
    let selector = context.lines.object(&service.origin).and_then(|o| match &o.typed {
        Typed::Service(s) => s.spec.as_ref()?.selector.as_ref(),
        _ => None,
    });
    let Some(selector) = selector else {
        let why =
            format!("Service {name} selects no pod, so that it has no endpoints: the connection is refused");
        let fix = "compare its selector with the labels of the pods in its namespace";
        return Hop::denied(Stage::Service, why, Some(object)).with_fix(fix);
    };
    let labels: Vec<String> = selector.iter().map(|(k, v)| format!("{k}={v}")).collect();
    let why = format!(
        "Service {name} selects {}, which no pod of its namespace has: no endpoints, the connection is refused",
        labels.join(", ")
    );
    let hop = Hop::denied(Stage::Service, why, Some(object));
    let pods = || context.world.snapshot.pods.iter().filter(|p| p.namespace == service.namespace);
    for (key, value) in selector {
        let known: Vec<&str> = pods().filter_map(|p| p.labels.get(key)).map(String::as_str).collect();
        if known.contains(&value.as_str()) {
            continue;
        }
        let near = similar(value, known.iter().copied());
        let fix = match near.as_slice() {
            [] if known.is_empty() => {
                format!("no pod there has a label {key}: select by a label that the pods have")
            }
            [] => {
                let mut known: Vec<String> = known.iter().map(|v| (*v).to_owned()).collect();
                known.sort();
                known.dedup();
                known.truncate(5);
                format!("the pods there have {key}: {}", list(&known, "or"))
            }
            near => format!("did you mean `{key}: {}`?", list(near, "or")),
        };
        return hop.with_fix(fix);
    }
    hop.with_fix("no pod has all of these labels together: leave out the one that is too many")
}

/// A node drops the connection.
pub(crate) fn dropped(context: &Context<'_>, taken: &Taken<'_>, drop: &Drop) -> Hop {
    match drop {
        Drop::NoLocalEndpoint(node, origin) => {
            let node = &context.world.snapshot.node(*node).name;
            let Some((service, _)) = find_port(context.world, None, origin) else {
                return Hop::denied(Stage::Service, "no local endpoint", Some(origin.clone()));
            };
            let internal = service.cluster_ips().contains(taken.dial.ip());
            let field = if internal { "internalTrafficPolicy" } else { "externalTrafficPolicy" };
            let why = format!(
                "Service {} has `{field}: Local`, and node {node} has no ready endpoint of it: the packet is dropped",
                service.qualified_name()
            );
            let object = context.lines.field(&service.origin, &[&format!("spec.{field}")]);
            let fix = if internal {
                "set `internalTrafficPolicy: Cluster`, or run a pod of it on every node that asks (DaemonSet)"
            } else {
                "send to a node that has one, set `externalTrafficPolicy: Cluster`, or run a pod of it on that node"
            };
            Hop::denied(Stage::Service, why, Some(object)).with_fix(fix)
        }
        Drop::SourceRefused(origin) => {
            let Some((service, _)) = find_port(context.world, None, origin) else {
                return Hop::denied(
                    Stage::Service,
                    "the load balancer refuses the client",
                    Some(origin.clone()),
                );
            };
            let from = client(context, taken);
            let ranges: Vec<String> = service.source_ranges.iter().map(ToString::to_string).collect();
            let why = format!(
                "Service {} takes clients of {} only (loadBalancerSourceRanges), and {from} is none",
                service.qualified_name(),
                list(&ranges, "and")
            );
            let object = context.lines.field(&service.origin, &["spec.loadBalancerSourceRanges"]);
            let bits = if from.contains(':') { 128 } else { 32 };
            Hop::denied(Stage::Service, why, Some(object))
                .with_fix(format!("if it should pass, add \"{from}/{bits}\" to `loadBalancerSourceRanges`"))
        }
        Drop::ReplyPassesBy(endpoint, origin) => {
            let from = client(context, taken);
            let why = format!(
                "the endpoint {endpoint} is not on the node that translates, which keeps the client's address: \
                 {endpoint} answers {from} itself, and not as {}",
                taken.dial.ip()
            );
            let service = find_port(context.world, None, origin).map(|(service, _)| service.origin.clone());
            let object = service.map_or_else(
                || origin.clone(),
                |service| context.lines.field(&service, &["spec.externalTrafficPolicy"]),
            );
            Hop::denied(Stage::Service, why, Some(object)).with_fix(
                "set `externalTrafficPolicy: Cluster`, so that the endpoint answers the node".to_owned(),
            )
        }
    }
}

fn client(context: &Context<'_>, taken: &Taken<'_>) -> String {
    let snapshot = &context.world.snapshot;
    let family = netloom_cluster::Family::of(taken.dial.ip());
    let ip = match taken.origin {
        crate::Origin::Pod(pod) => snapshot.pod(pod).ips.of(family),
        crate::Origin::Node(node) => snapshot.node(node).ips.of(family),
        crate::Origin::Outside(ip) => Some(ip),
    };
    ip.map_or_else(|| "the client".to_owned(), |ip| ip.to_string())
}
