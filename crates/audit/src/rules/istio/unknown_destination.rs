//! IS003: a destination that the mesh does not know.
use std::collections::HashSet;

use netloom_objects::{Severity, istio::VirtualService};

use super::support::{Registry, destinations, full_host, service_name};
use crate::{
    Context, Findings, Group, Rule,
    words::{namespace_of, title},
};

pub static RULE: Rule = Rule {
    code: "IS003",
    name: "unknown-destination",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "A destination of a VirtualService that is neither a Service nor a host of a ServiceEntry. Where the \
            VirtualService itself shows which Service was meant, it speaks in the open world too.",
    why: "Requests are answered 503. A name without a dot is looked for in the namespace of the VirtualService, not in \
          that of the client or of the gateway (Istio's reference of Destination, `host`).",
    wrong: "\
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: cart, namespace: routes}
spec:
  hosts: [cart.shop.svc.cluster.local]
  http:
    - route:
        - destination: {host: cart}
---
apiVersion: v1
kind: Service
metadata: {name: cart, namespace: shop}
spec:
  selector: {app: cart}
  ports: [{name: http, port: 80}]
",
    right: "\
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: cart, namespace: routes}
spec:
  hosts: [cart.shop.svc.cluster.local]
  http:
    - route:
        - destination: {host: cart.shop.svc.cluster.local}
---
apiVersion: v1
kind: Service
metadata: {name: cart, namespace: shop}
spec:
  selector: {app: cart}
  ports: [{name: http, port: 80}]
",
    closed: true,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let registry = Registry::new(cx);
    for (object, service) in cx.all::<VirtualService>() {
        let namespace = namespace_of(object);
        let mut told = HashSet::new();
        for (path, destination) in destinations(&service.spec) {
            let full = full_host(cx, &destination.host, namespace);
            if registry.knows(&full) {
                continue;
            }
            let is_short = !destination.host.contains('.');
            let named = service_name(cx, &full);
            // The host that is routed has the Service's name, in another namespace, and exists there.
            let meant = service.spec.hosts.iter().map(|host| full_host(cx, host, namespace)).find(|host| {
                let same = service_name(cx, host).map(|(name, _)| name) == named.map(|(name, _)| name);
                is_short && same && *host != full && registry.service(host).is_some()
            });
            let complete = match named {
                Some((_, namespace)) => cx.is_closed("Service", Some(namespace)),
                None => cx.is_closed("ServiceEntry", None),
            };
            if (!complete && meant.is_none()) || !told.insert(full.clone()) {
                continue;
            }
            let message = match named {
                Some((name, namespace)) => {
                    format!("{} sends to {full}, but there is no Service {namespace}/{name}", title(object))
                }
                None => format!(
                    "{} sends to {full}, which is neither a Service nor the host of a ServiceEntry",
                    title(object)
                ),
            };
            let finding = out.add(object, &format!("{path}.host"), message);
            if let Some((service, _)) = meant.as_ref().and_then(|meant| registry.service(meant)) {
                finding.related(service, "metadata.name", "this Service has the name, in another namespace");
            }
            finding.help(match (&meant, named) {
                (Some(meant), _) => format!("write `host: {meant}`; a short name is a Service in {namespace}"),
                (None, Some(_)) if is_short => {
                    format!("a short name is a Service in the VirtualService's own namespace, {namespace}; write others in full")
                }
                (None, Some(_)) => "create the Service, or name one that exists".to_owned(),
                (None, None) => "make the host known with a ServiceEntry".to_owned(),
            });
        }
    }
}
