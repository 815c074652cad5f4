//! GW009: a reference to a Service without a port.
use k8s_openapi::api::core::v1::Service;
use netloom_objects::Severity;

use super::support::routes;
use crate::{Context, Findings, Fix, Group, Rule, words::list_of};

pub static RULE: Rule = Rule {
    code: "GW009",
    name: "backend-without-port",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "A `backendRef` to a Service without `port`, of a rule or of a mirror.",
    why: "The API server refuses the route: a Service has many ports, and none is the default (\"Must have port \
           for Service reference\").",
    wrong: "\
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata:
  name: web
  namespace: shop
spec:
  parentRefs: [{name: edge, namespace: edge}]
  hostnames: [shop.example.org]
  rules:
    - backendRefs: [{name: web}]
",
    right: "\
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata:
  name: web
  namespace: shop
spec:
  parentRefs: [{name: edge, namespace: edge}]
  hostnames: [shop.example.org]
  rules:
    - backendRefs: [{name: web, port: 80}]
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for route in routes(cx) {
        for backend in route.backends.iter().filter(|backend| backend.is_service() && backend.port.is_none())
        {
            let message = format!("{}: the reference to Service {} has no port", route.title(), backend.name);
            let finding = out.add(route.object, &backend.path, message);
            let namespace = route.backend_namespace(backend);
            let service = cx.find::<Service>(Some(namespace), backend.name);
            let ports: Vec<String> = service
                .and_then(|(_, service)| service.spec.as_ref())
                .and_then(|spec| spec.ports.as_ref())
                .map(|ports| ports.iter().map(|port| port.port.to_string()).collect())
                .unwrap_or_default();
            match ports.as_slice() {
                [] => finding.help("add `port`, a number under `spec.ports` of the Service"),
                [port] => {
                    let fix = Fix::safe(format!("add `port: {port}`, the only one of the Service"));
                    finding.fix(fix.insert_last(route.object, &backend.path, "port", port))
                }
                ports => finding.help(format!("add `port`; the Service has {}", list_of(ports))),
            };
        }
    }
}
