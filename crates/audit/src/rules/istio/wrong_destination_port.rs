//! IS012: a destination's port that its Service does not have, or that has to be named.
use k8s_openapi::{api::core::v1::Service, apimachinery::pkg::util::intstr::IntOrString};
use netloom_objects::{
    Object, Severity,
    istio::{Gateway, VirtualService},
};

use super::support::{Registry, destinations, full_host, gateway_names, is_for_mesh};
use crate::{
    Context, Findings, Fix, Group, Rule,
    words::{list_of, namespace_of, title},
};

pub static RULE: Rule = Rule {
    code: "IS012",
    name: "wrong-destination-port",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "A destination with a port that its Service or ServiceEntry in the set does not have; or without a port \
            where the Service has several and none of those that clients ask for: the gateway's, or the routed host's.",
    why: "`port.number` is a port of the Service, not of the pods. The proxy has no cluster for any other and answers 503 \
          (Istio's reference of Destination, `port`; istioctl analyze, IST0112).",
    wrong: "\
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: cart, namespace: shop}
spec:
  hosts: [cart]
  http:
    - route:
        - destination:
            host: cart
            port: {number: 8080}
---
apiVersion: v1
kind: Service
metadata: {name: cart, namespace: shop}
spec:
  selector: {app: cart}
  ports: [{name: http, port: 80, targetPort: 8080}]
",
    right: "\
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: cart, namespace: shop}
spec:
  hosts: [cart]
  http:
    - route:
        - destination:
            host: cart
            port: {number: 80}
---
apiVersion: v1
kind: Service
metadata: {name: cart, namespace: shop}
spec:
  selector: {app: cart}
  ports: [{name: http, port: 80, targetPort: 8080}]
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let registry = Registry::new(cx);
    for (object, service) in cx.all::<VirtualService>() {
        for (path, destination) in destinations(&service.spec) {
            let full = full_host(cx, &destination.host, namespace_of(object));
            let number = destination.port.as_ref().map(|port| port.number).filter(|number| *number > 0);
            match (registry.service(&full), number) {
                (Some(target), Some(number)) => of_service(object, &path, number, target, out),
                (Some(target), None) => unnamed(cx, &registry, object, service, &path, target, out),
                (None, Some(number)) => of_entries(&registry, object, &path, &full, number, out),
                (None, None) => {}
            }
        }
    }
}

/// The ports of a Service; an ExternalName's have no effect.
fn numbers(service: &Service) -> Vec<u32> {
    if service.spec.as_ref().and_then(|spec| spec.type_.as_deref()) == Some("ExternalName") {
        return Vec::new();
    }
    let ports = service.spec.iter().flat_map(|spec| spec.ports.iter().flatten());
    ports.filter_map(|port| u32::try_from(port.port).ok()).collect()
}

fn of_service(
    object: &Object,
    path: &str,
    number: u32,
    (target, service): (&Object, &Service),
    out: &mut Findings<'_>,
) {
    let known = numbers(service);
    if known.is_empty() || known.contains(&number) {
        return;
    }
    let shown: Vec<String> = known.iter().map(u32::to_string).collect();
    let message = format!(
        "{} sends to port {number} of {}, which has {}",
        title(object),
        title(target),
        list_of(&shown)
    );
    let finding = out.add(object, &format!("{path}.port.number"), message);
    finding.related(target, "spec.ports", "the ports of the Service");
    let mut ports = service.spec.iter().flat_map(|spec| spec.ports.iter().flatten());
    let behind = ports.find(|port| {
        matches!(&port.target_port, Some(IntOrString::Int(target)) if u32::try_from(*target) == Ok(number))
    });
    match behind {
        Some(port) => {
            let title = format!("write {}: {number} is the port of the pods", port.port);
            let path = format!("{path}.port.number");
            finding.fix(Fix::safe(title).set(object, &path, &port.port.to_string()));
        }
        None => {
            finding.help("write a port of the Service, not of its pods");
        }
    }
}

fn of_entries(
    registry: &Registry<'_>,
    object: &Object,
    path: &str,
    full: &str,
    number: u32,
    out: &mut Findings<'_>,
) {
    let entries = registry.entries(full);
    let has = |number| {
        entries
            .iter()
            .any(|(_, e)| e.spec.ports.is_empty() || e.spec.ports.iter().any(|p| p.number == number))
    };
    let Some((entry, content)) = entries.first().filter(|_| !has(number)) else { return };
    let shown: Vec<String> = content.spec.ports.iter().map(|port| port.number.to_string()).collect();
    let message = format!(
        "{} sends to port {number} of {full}, which {} has only with {}",
        title(object),
        title(entry),
        list_of(&shown)
    );
    let finding = out.add(object, &format!("{path}.port.number"), message);
    finding
        .related(entry, "spec.ports", "the ports of the host")
        .help("add the port to the ServiceEntry, or name one that it has");
}

/// A gateway sends to the Service's port of its own number, unless the Service has only one or the route names one.
fn unnamed(
    cx: &Context<'_>,
    registry: &Registry<'_>,
    object: &Object,
    virtual_service: &VirtualService,
    path: &str,
    (target, service): (&Object, &Service),
    out: &mut Findings<'_>,
) {
    let known = numbers(service);
    if known.len() < 2 || !path.starts_with("spec.http") {
        return;
    }
    if is_for_mesh(&virtual_service.spec) {
        return unnamed_in_mesh(cx, registry, object, virtual_service, path, target, &known, out);
    }
    for (_, namespace, name) in gateway_names(object, &virtual_service.spec) {
        let Some((gateway, content)) = cx.find::<Gateway>(Some(namespace), name) else { continue };
        let servers = &content.spec.servers;
        if servers.is_empty() || servers.iter().any(|server| known.contains(&server.port.number)) {
            continue;
        }
        let shown: Vec<String> = known.iter().map(u32::to_string).collect();
        let message = format!(
            "{} does not say which port of {} is meant, which has {}",
            title(object),
            title(target),
            list_of(&shown)
        );
        let finding = out.add(object, path, message);
        finding.related(gateway, "spec.servers", "the gateway would use a port of its own number");
        finding.related(target, "spec.ports", "the ports of the Service");
        finding.help("add `port: {number: …}` to the destination");
        return;
    }
}

/// A proxy of the mesh sends to the port that the client asked for, which is one of the routed host's.
#[allow(clippy::too_many_arguments, reason = "all of it is in the message")]
fn unnamed_in_mesh(
    cx: &Context<'_>,
    registry: &Registry<'_>,
    object: &Object,
    virtual_service: &VirtualService,
    path: &str,
    target: &Object,
    known: &[u32],
    out: &mut Findings<'_>,
) {
    let hosts = virtual_service.spec.hosts.iter().map(|host| full_host(cx, host, namespace_of(object)));
    let asked: Option<Vec<Vec<u32>>> =
        hosts.map(|host| registry.service(&host).map(|(_, service)| numbers(service))).collect();
    // Where the clients' ports are not known, one of them may be the destination's.
    let Some(asked) = asked.map(|asked| asked.concat()).filter(|asked| !asked.is_empty()) else { return };
    if asked.iter().any(|port| known.contains(port)) {
        return;
    }
    let words = |ports: &[u32]| list_of(&ports.iter().map(u32::to_string).collect::<Vec<_>>());
    let message = format!(
        "{} does not say which port of {} is meant, which has {}, and not {} that clients ask for",
        title(object),
        title(target),
        words(known),
        words(&asked)
    );
    out.add(object, path, message)
        .related(target, "spec.ports", "the ports of the Service")
        .help("add `port: {number: …}` to the destination");
}
