//! IS005: a TLS route that sends the connections for many server names to one host outside of them.
use netloom_objects::{Severity, istio::VirtualService};

use super::support::{covers, full_host, service_name};
use crate::{
    Context, Findings, Group, Rule,
    words::{list_of, namespace_of, title},
};

pub static RULE: Rule = Rule {
    code: "IS005",
    name: "server-names-to-one-host",
    group: Group::Correctness,
    severity: Severity::Warning,
    finds: "A TLS route for a pattern of server names (`*.example.com`) whose destination is one host outside of the \
            cluster that the pattern does not cover.",
    why: "A wildcard does not cover the bare domain, and a TLS route forwards to its destination whatever name the client \
          asked for: connections for `a.example.com` and `b.example.com` both end at `example.com`, whose certificate \
          fits neither (Istio's task Egress using Wildcard Hosts).",
    wrong: "\
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: maps, namespace: shop}
spec:
  hosts: ['*.maps.example']
  gateways: [egress/out]
  tls:
    - match:
        - port: 443
          sniHosts: ['*.maps.example']
      route:
        - destination: {host: maps.example, port: {number: 443}}
",
    right: "\
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: maps, namespace: shop}
spec:
  hosts: [tiles.maps.example]
  gateways: [egress/out]
  tls:
    - match:
        - port: 443
          sniHosts: [tiles.maps.example]
      route:
        - destination: {host: tiles.maps.example, port: {number: 443}}
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for (object, service) in cx.all::<VirtualService>() {
        for (r, route) in service.spec.tls.iter().enumerate() {
            let names = || route.match_.iter().flat_map(|one| &one.sni_hosts);
            if !names().any(|name| name.starts_with("*.")) {
                continue;
            }
            for (d, to) in route.route.iter().enumerate() {
                let host = full_host(cx, &to.destination.host, namespace_of(object));
                let is_inside = service_name(cx, &host).is_some() || host.is_empty() || host.starts_with('*');
                if is_inside || names().any(|name| covers(name, &host)) {
                    continue;
                }
                let shown: Vec<String> = names().map(|name| format!("`{name}`")).collect();
                let message = format!(
                    "{} sends the connections for {} all to {host}, which is none of them",
                    title(object),
                    list_of(&shown)
                );
                let path = format!("spec.tls[{r}].route[{d}].destination.host");
                let finding = out.add(object, &path, message);
                finding.help("route each name to a destination of its own, or let the egress gateway forward by server name");
                if names().any(|name| name.strip_prefix("*.") == Some(&host)) {
                    finding.severity(Severity::Error);
                }
                if let Some(m) = route.match_.iter().position(|one| !one.sni_hosts.is_empty()) {
                    finding.related(
                        object,
                        &format!("spec.tls[{r}].match[{m}].sniHosts"),
                        "the names that are matched",
                    );
                }
            }
        }
    }
}
