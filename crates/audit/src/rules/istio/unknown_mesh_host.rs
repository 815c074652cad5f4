//! IS004: a VirtualService of the mesh for a host outside of the cluster that no ServiceEntry makes known.
use netloom_objects::{Severity, istio::VirtualService};

use super::support::{Registry, full_host, is_for_mesh, service_name};
use crate::{
    Context, Findings, Group, Rule,
    words::{namespace_of, title},
};

pub static RULE: Rule = Rule {
    code: "IS004",
    name: "unknown-mesh-host",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "A VirtualService for the proxies of the mesh whose host is neither a Service nor the host of a ServiceEntry.",
    why: "The proxies have no listener for a host and port that the registry does not know: TLS and TCP routes are never \
          asked, and with `outboundTrafficPolicy: REGISTRY_ONLY` the connection is refused (Istio's task Accessing \
          External Services).",
    wrong: "\
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: rates, namespace: shop}
spec:
  hosts: [rates.bank.example]
  tls:
    - match:
        - port: 443
          sniHosts: [rates.bank.example]
      route:
        - destination: {host: egress, port: {number: 443}}
---
apiVersion: v1
kind: Service
metadata: {name: egress, namespace: shop}
spec:
  selector: {app: egress}
  ports: [{name: tls, port: 443}]
",
    right: "\
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: rates, namespace: shop}
spec:
  hosts: [rates.bank.example]
  tls:
    - match:
        - port: 443
          sniHosts: [rates.bank.example]
      route:
        - destination: {host: egress, port: {number: 443}}
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: rates, namespace: shop}
spec:
  hosts: [rates.bank.example]
  ports: [{number: 443, name: tls, protocol: TLS}]
  resolution: DNS
---
apiVersion: v1
kind: Service
metadata: {name: egress, namespace: shop}
spec:
  selector: {app: egress}
  ports: [{name: tls, port: 443}]
",
    closed: true,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let registry = Registry::new(cx);
    for (object, service) in cx.all::<VirtualService>() {
        // One that gateways serve as well may name hosts that only exist there.
        let mixed =
            !service.spec.gateways.is_empty() && service.spec.tls.is_empty() && service.spec.tcp.is_empty();
        if !is_for_mesh(&service.spec) || mixed {
            continue;
        }
        for (index, host) in service.spec.hosts.iter().enumerate() {
            let full = full_host(cx, host, namespace_of(object));
            let named = service_name(cx, &full);
            let complete = match named {
                Some((_, namespace)) => cx.is_closed("Service", Some(namespace)),
                None => cx.is_closed("ServiceEntry", None),
            };
            if !complete
                || registry.knows(&full)
                || host == "*"
                || (full.starts_with('*') && within(cx, &full))
            {
                continue;
            }
            let message = match named {
                Some((name, namespace)) => {
                    format!("{} routes {full}, but there is no Service {namespace}/{name}", title(object))
                }
                None => format!(
                    "{} routes {full} for the proxies of the mesh, but no ServiceEntry makes that host known to them",
                    title(object)
                ),
            };
            let help = match named {
                Some(_) => "name a Service that exists".to_owned(),
                None => format!("add a ServiceEntry with `hosts: [\"{full}\"]` and the port"),
            };
            out.add(object, &format!("spec.hosts[{index}]"), message).help(help);
        }
    }
}

/// Whether a pattern is about Services, each of which is known or not by itself.
fn within(cx: &Context<'_>, pattern: &str) -> bool {
    pattern.ends_with(&format!(".svc.{}", cx.settings.cluster.zone)) || pattern == "*.local"
}
