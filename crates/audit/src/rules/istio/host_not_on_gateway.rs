//! IS042: a VirtualService's host that its Gateway does not serve.
use netloom_objects::{
    Severity,
    istio::{Gateway, VirtualService},
};

use super::support::{covers, full_host, gateway_names, is_for_mesh};
use crate::{
    Context, Findings, Group, Rule,
    words::{list_of, namespace_of, title},
};

pub static RULE: Rule = Rule {
    code: "IS042",
    name: "host-not-on-gateway",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "A host of a VirtualService that no server of a Gateway which it names admits, by the host or by the namespace in \
            front of it.",
    why: "The gateway takes of a VirtualService only the hosts that one of its servers has; for others it answers 404, or \
          resets the TLS handshake (Istio's reference of Server, `hosts`; istioctl analyze, IST0132).",
    wrong: "\
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: shop, namespace: shop}
spec:
  hosts: [www.shop.example]
  gateways: [edge/public]
  http:
    - route: [{destination: {host: web}}]
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: public, namespace: edge}
spec:
  selector: {istio: ingressgateway}
  servers:
    - port: {number: 443, name: https, protocol: HTTPS}
      hosts: [shop.example]
      tls: {mode: SIMPLE, credentialName: shop-tls}
",
    right: "\
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: shop, namespace: shop}
spec:
  hosts: [www.shop.example]
  gateways: [edge/public]
  http:
    - route: [{destination: {host: web}}]
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: public, namespace: edge}
spec:
  selector: {istio: ingressgateway}
  servers:
    - port: {number: 443, name: https, protocol: HTTPS}
      hosts: [shop/*.shop.example]
      tls: {mode: SIMPLE, credentialName: shop-tls}
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for (object, service) in cx.all::<VirtualService>() {
        let gateways: Vec<_> = gateway_names(object, &service.spec)
            .map(|(path, namespace, name)| (path, cx.find::<Gateway>(Some(namespace), name)))
            .collect();
        // A host may be for a gateway that is not in the set, or for the mesh.
        if gateways.is_empty() || gateways.iter().any(|(_, gateway)| gateway.is_none()) {
            continue;
        }
        let admitted = |host: &str| {
            let known = gateways.iter().filter_map(|(_, gateway)| gateway.as_ref());
            known.flat_map(|(object, gateway)| gateway.spec.servers.iter().map(move |s| (object, s))).any(
                |(at, server)| {
                    server
                        .hosts
                        .iter()
                        .any(|pattern| admits(pattern, host, namespace_of(object), namespace_of(at)))
                },
            )
        };
        let hosts: Vec<(usize, String)> = service
            .spec
            .hosts
            .iter()
            .enumerate()
            .map(|(index, host)| (index, full_host(cx, host, namespace_of(object))))
            .collect();
        let any = hosts.iter().any(|(_, host)| admitted(host));
        for (index, host) in hosts.iter().filter(|(_, host)| !admitted(host)) {
            if any && is_for_mesh(&service.spec) {
                continue;
            }
            let Some((_, Some((gateway, content)))) = gateways.first() else { continue };
            let known: Vec<String> =
                content.spec.servers.iter().flat_map(|s| s.hosts.iter().cloned()).collect();
            let message = format!("{} routes {host}, which {} does not serve", title(object), title(gateway));
            let finding = out.add(object, &format!("spec.hosts[{index}]"), message);
            finding.related(gateway, "spec.servers", format!("it serves {}", list_of(&known)));
            finding.help("add the host to a server of the Gateway, or correct it");
        }
    }
}

/// Whether a Gateway's `namespace/host` admits a host of a VirtualService. Either may be the wider one.
fn admits(pattern: &str, host: &str, of_route: &str, of_gateway: &str) -> bool {
    let (namespace, pattern) = pattern.split_once('/').unwrap_or(("*", pattern));
    let namespace_fits = match namespace {
        "*" => true,
        "." => of_route == of_gateway,
        name => name == of_route,
    };
    namespace_fits && (covers(pattern, host) || covers(host, pattern))
}
