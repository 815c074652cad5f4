//! IS061: a route that waits for ever.
use k8s_openapi::api::core::v1::ServicePort;
use netloom_objects::{
    Severity,
    istio::{HTTPRoute, VirtualService},
};

use super::support::{Registry, full_host, protocol_of};
use crate::{
    Context, Findings, Group, Rule,
    words::{namespace_of, title},
};

pub static RULE: Rule = Rule {
    code: "IS061",
    name: "route-without-timeout",
    group: Group::Reliability,
    severity: Severity::Info,
    finds: "An HTTP route of a VirtualService that sends requests on and has no `timeout`. Silent for ports that speak gRPC, whose \
            calls bring their own deadline.",
    why: "Istio sets no limit by itself. A request to a pod that hangs holds its caller, and the caller's caller, until one of \
          them gives up; while it waits, its connection and its memory are taken.",
    wrong: "\
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: cart, namespace: shop}
spec:
  hosts: [cart]
  http:
    - route:
        - destination: {host: cart}
",
    right: "\
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: cart, namespace: shop}
spec:
  hosts: [cart]
  http:
    - timeout: 3s
      route:
        - destination: {host: cart}
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let registry = Registry::new(cx);
    for (object, service) in cx.all::<VirtualService>() {
        let bare = |(_, route): &(usize, &HTTPRoute)| {
            let streams = || {
                route.route.iter().any(|part| {
                    let full = full_host(cx, &part.destination.host, namespace_of(object));
                    let ports = registry
                        .service(&full)
                        .and_then(|(_, service)| service.spec.as_ref()?.ports.as_ref());
                    let number = part.destination.port.as_ref().map(|port| i64::from(port.number));
                    ports.into_iter().flatten().any(|port| {
                        number.is_none_or(|number| number == i64::from(port.port)) && is_grpc(port)
                    })
                })
            };
            !route.route.is_empty() && route.timeout.is_none() && !streams()
        };
        let bare: Vec<usize> = service.spec.http.iter().enumerate().filter(bare).map(|(r, _)| r).collect();
        let Some(first) = bare.first() else { continue };
        let which = match bare.len() {
            1 => "a route has no time limit".to_owned(),
            n => format!("{n} routes have no time limit"),
        };
        out.add(object, &format!("spec.http[{first}].route"), format!("{}: {which}", title(object)))
            .help("add `timeout: 15s`, or what fits; a stream that lasts gets a long one, `86400s`");
    }
}

fn is_grpc(port: &ServicePort) -> bool {
    protocol_of(port).is_some_and(|protocol| protocol.starts_with("grpc"))
}
