//! IS051: a Service port of the mesh that does not say its protocol.
use k8s_openapi::api::core::v1::Service;
use netloom_objects::Severity;

use super::support::{mesh_of, protocol_of};
use crate::{
    Context, Findings, Group, Rule,
    words::{namespace_of, title},
};

pub static RULE: Rule = Rule {
    code: "IS051",
    name: "port-without-protocol",
    group: Group::Style,
    severity: Severity::Info,
    finds: "A Service port in a namespace of the mesh whose name does not begin with a protocol (`http-…`, `grpc`, `tcp-…`) \
            and that has no `appProtocol`.",
    why: "The proxy then looks at the first bytes of each connection. It knows HTTP by them; protocols in which the server \
          speaks first wait for that in vain, and gRPC, Redis or MySQL get no metrics of their own (Istio's Protocol \
          Selection; istioctl analyze, IST0118).",
    wrong: "\
apiVersion: v1
kind: Namespace
metadata:
  name: shop
  labels: {istio-injection: enabled}
---
apiVersion: v1
kind: Service
metadata: {name: cart, namespace: shop}
spec:
  selector: {app: cart}
  ports: [{name: api, port: 80}]
",
    right: "\
apiVersion: v1
kind: Namespace
metadata:
  name: shop
  labels: {istio-injection: enabled}
---
apiVersion: v1
kind: Service
metadata: {name: cart, namespace: shop}
spec:
  selector: {app: cart}
  ports: [{name: http-api, port: 80}]
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for (object, service) in cx.all::<Service>() {
        let in_mesh = cx.namespace_labels(namespace_of(object)).and_then(mesh_of).is_some();
        let Some(spec) = service.spec.as_ref().filter(|_| in_mesh) else { continue };
        if spec.type_.as_deref() == Some("ExternalName") {
            continue;
        }
        for (index, port) in spec.ports.iter().flatten().enumerate() {
            let is_tcp = matches!(port.protocol.as_deref(), None | Some("TCP"));
            // An appProtocol that Istio does not know was chosen nevertheless.
            if !is_tcp || port.app_protocol.is_some() || protocol_of(port).is_some() {
                continue;
            }
            let (field, what) = match &port.name {
                Some(name) => (".name", format!("port `{name}`")),
                None => ("", format!("port {}", port.port)),
            };
            let message = format!("{}: {what} does not say which protocol it speaks", title(object));
            let finding = out.add(object, &format!("spec.ports[{index}]{field}"), message);
            finding
                .help("add `appProtocol`, or begin the name with the protocol: `http-…`, `grpc-…`, `tcp-…`");
        }
    }
}
