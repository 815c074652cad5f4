//! GW026: a route to a port that the Service does not have.
use k8s_openapi::{
    api::core::v1::{Service, ServicePort},
    apimachinery::pkg::util::intstr::IntOrString,
};
use netloom_objects::Severity;

use super::support::routes;
use crate::{
    Context, Findings, Fix, Group, Rule,
    words::{list_of, title},
};

pub static RULE: Rule = Rule {
    code: "GW026",
    name: "route-backend-port",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "A route to a port that its Service, which is in the set, does not have; most often the port of the pods.",
    why: "`port` of a `backendRef` is the port of the Service, not its `targetPort`: requests are answered with \
           500.",
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
    - backendRefs: [{name: web, port: 8080}]
---
apiVersion: v1
kind: Service
metadata:
  name: web
  namespace: shop
spec:
  selector: {app: web}
  ports:
    - {port: 80, targetPort: 8080}
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
---
apiVersion: v1
kind: Service
metadata:
  name: web
  namespace: shop
spec:
  selector: {app: web}
  ports:
    - {port: 80, targetPort: 8080}
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for route in routes(cx) {
        let protocol = if route.kind == "UDPRoute" { "UDP" } else { "TCP" };
        for backend in route.backends.iter().filter(|backend| backend.is_service()) {
            let Some(wanted) = backend.port else { continue };
            let namespace = route.backend_namespace(backend);
            let Some((object, service)) = cx.find::<Service>(Some(namespace), backend.name) else { continue };
            let Some(spec) = &service.spec else { continue };
            let ports = spec.ports.as_deref().unwrap_or_default();
            let own = |port: &ServicePort| port.protocol.as_deref().unwrap_or("TCP") == protocol;
            if ports.iter().any(|port| port.port == wanted && own(port)) || object.holds_fault("spec.ports") {
                continue;
            }
            let targeted =
                ports.iter().position(|port| own(port) && port.target_port == Some(IntOrString::Int(wanted)));
            let message = format!("{}: {} has no port {wanted}/{protocol}", route.title(), title(object));
            let finding = out.add(route.object, &format!("{}.port", backend.path), message);
            match targeted {
                Some(at) => {
                    let own = ports[at].port.to_string();
                    let path = format!("{}.port", backend.path);
                    finding
                        .help(format!("{wanted} is the port of the pods"))
                        .related(object, &format!("spec.ports[{at}].port"), "the port of the Service")
                        .fix(Fix::safe(format!("write {own}, the Service's port")).set(
                            route.object,
                            &path,
                            &own,
                        ));
                }
                None => {
                    let known: Vec<String> = ports.iter().map(|port| port.port.to_string()).collect();
                    finding.help(format!("its ports are {}", list_of(&known))).related(
                        object,
                        "spec.ports",
                        "the ports of the Service",
                    );
                }
            }
        }
    }
}
