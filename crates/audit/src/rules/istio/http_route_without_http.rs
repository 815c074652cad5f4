//! IS047: HTTP routes for a host that speaks only TLS or TCP.
use netloom_objects::{Severity, istio::VirtualService};

use super::support::{Registry, full_host, protocol_of};
use crate::{
    Context, Findings, Group, Rule,
    words::{namespace_of, title},
};

pub static RULE: Rule = Rule {
    code: "IS047",
    name: "http-route-without-http",
    group: Group::Correctness,
    severity: Severity::Warning,
    finds: "A VirtualService of the mesh with `http` routes for a host of whose ports, in the set, all are declared as TLS, \
            HTTPS or TCP.",
    why: "The proxy cannot read what the application has encrypted, and reads nothing on a TCP port: routes, timeouts, \
          retries and faults under `http` are never applied (Istio's reference of VirtualService, `http`).",
    wrong: "\
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: rates, namespace: shop}
spec:
  hosts: [rates.bank.example]
  http:
    - route: [{destination: {host: rates.bank.example}}]
      timeout: 3s
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: rates, namespace: shop}
spec:
  hosts: [rates.bank.example]
  resolution: DNS
  ports: [{number: 443, name: tls, protocol: TLS}]
",
    right: "\
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: rates, namespace: shop}
spec:
  hosts: [rates.bank.example]
  http:
    - route: [{destination: {host: rates.bank.example}}]
      timeout: 3s
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: rates, namespace: shop}
spec:
  hosts: [rates.bank.example]
  resolution: DNS
  ports: [{number: 80, name: http, protocol: HTTP, targetPort: 443}]
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: rates, namespace: shop}
spec:
  host: rates.bank.example
  trafficPolicy:
    tls: {mode: SIMPLE}
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let registry = Registry::new(cx);
    for (object, service) in cx.all::<VirtualService>() {
        // What comes through a gateway has been decrypted there.
        if service.spec.http.is_empty() || !service.spec.gateways.iter().all(|gateway| gateway == "mesh") {
            continue;
        }
        for host in &service.spec.hosts {
            let full = full_host(cx, host, namespace_of(object));
            let mut protocols: Vec<Option<String>> = Vec::new();
            let mut declared = None;
            if let Some((of, content)) = registry.service(&full) {
                let ports = content.spec.iter().flat_map(|spec| spec.ports.iter().flatten());
                protocols.extend(ports.map(protocol_of));
                declared = Some(of);
            }
            for (of, entry) in registry.entries(&full) {
                protocols
                    .extend(entry.spec.ports.iter().map(|port| Some(port.protocol.to_ascii_lowercase())));
                declared = declared.or(Some(of));
            }
            let is_blind = |p: &Option<String>| {
                matches!(p.as_deref(), Some("tls" | "https" | "tcp" | "mysql" | "redis" | "mongo" | "udp"))
            };
            let Some(declared) = declared.filter(|_| !protocols.is_empty() && protocols.iter().all(is_blind))
            else {
                continue;
            };
            let message = format!(
                "the HTTP routes of {} are never used: {} declares no HTTP port for {full}",
                title(object),
                title(declared)
            );
            let finding = out.add(object, "spec.http", message);
            finding.related(declared, "spec.ports", "the ports and their protocols");
            finding.help("declare the port as HTTP if it is; for what is encrypted, use `tls` routes, or let the proxy originate TLS");
            break;
        }
    }
}
