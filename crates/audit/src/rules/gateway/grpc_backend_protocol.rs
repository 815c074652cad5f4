//! GW040: a GRPCRoute to a port that is declared for another protocol.
use k8s_openapi::api::core::v1::Service;
use netloom_objects::{Severity, gateway_api::GRPCRoute};

use crate::{
    Context, Findings, Group, Rule,
    words::{namespace_of, title},
};

pub static RULE: Rule = Rule {
    code: "GW040",
    name: "grpc-backend-protocol",
    group: Group::Correctness,
    severity: Severity::Warning,
    finds: "A GRPCRoute to a port of a Service whose `appProtocol` is not one that carries gRPC.",
    why: "gRPC needs HTTP/2. The Gateway takes from `appProtocol` how to speak to the backend (GEP-1911): \
           `kubernetes.io/h2c` is HTTP/2 without TLS, and for `http` it may speak HTTP/1.1, which fails every call.",
    wrong: "\
apiVersion: gateway.networking.k8s.io/v1
kind: GRPCRoute
metadata:
  name: orders
  namespace: shop
spec:
  parentRefs: [{name: edge, namespace: edge}]
  hostnames: [shop.example.org]
  rules:
    - backendRefs: [{name: orders, port: 9000}]
---
apiVersion: v1
kind: Service
metadata:
  name: orders
  namespace: shop
spec:
  selector: {app: orders}
  ports:
    - {name: grpc, port: 9000, appProtocol: http}
",
    right: "\
apiVersion: gateway.networking.k8s.io/v1
kind: GRPCRoute
metadata:
  name: orders
  namespace: shop
spec:
  parentRefs: [{name: edge, namespace: edge}]
  hostnames: [shop.example.org]
  rules:
    - backendRefs: [{name: orders, port: 9000}]
---
apiVersion: v1
kind: Service
metadata:
  name: orders
  namespace: shop
spec:
  selector: {app: orders}
  ports:
    - {name: grpc, port: 9000, appProtocol: kubernetes.io/h2c}
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for (object, route) in cx.all::<GRPCRoute>() {
        for (i, rule) in route.spec.rules.iter().enumerate() {
            for (j, to) in rule.backend_refs.iter().enumerate() {
                let is_service = to.kind.as_deref().is_none_or(|kind| kind == "Service");
                let namespace = to.namespace.as_deref().unwrap_or_else(|| namespace_of(object));
                let service = cx.find::<Service>(Some(namespace), &to.name).filter(|_| is_service);
                let Some((service, content)) = service else { continue };
                let ports = content.spec.iter().flat_map(|spec| spec.ports.iter().flatten()).enumerate();
                for (k, port) in ports.filter(|(_, port)| Some(port.port) == to.port) {
                    let Some(protocol) = port.app_protocol.as_deref().filter(|p| OTHER.contains(p)) else {
                        continue;
                    };
                    let message = format!(
                        "{} leads to port {} of {}, whose `appProtocol: {protocol}` is not HTTP/2",
                        title(object),
                        port.port,
                        title(service)
                    );
                    out.add(object, &format!("spec.rules[{i}].backendRefs[{j}].port"), message)
                        .help("write `appProtocol: kubernetes.io/h2c` at the port of the Service")
                        .related(service, &format!("spec.ports[{k}].appProtocol"), "its protocol");
                }
            }
        }
    }
}

/// Protocols that are said of a port and do not carry gRPC.
const OTHER: [&str; 8] =
    ["http", "tcp", "tls", "udp", "kubernetes.io/ws", "kubernetes.io/wss", "mysql", "redis"];
