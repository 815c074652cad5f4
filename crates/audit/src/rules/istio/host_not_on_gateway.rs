//! IS042: a VirtualService's host that its Gateway does not serve.
use netloom_objects::{Severity, istio::VirtualService};

use super::{
    gateways,
    support::{full_host, is_for_mesh},
};
use crate::{
    Context, Findings, Group, Rule,
    words::{list_of, namespace_of, title},
};

pub static RULE: Rule = Rule {
    code: "IS042",
    name: "host-not-on-gateway",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "A host of a VirtualService that no server of the Gateways which it names admits, by the host or by the namespace \
            in front of it; and a Gateway that admits none of its hosts. Gateways of the Gateway API count too, with the \
            hostnames of their listeners.",
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
        let own = namespace_of(object);
        let gateways = gateways::of(cx, object, &service.spec);
        let hosts: Vec<String> = service.spec.hosts.iter().map(|host| full_host(cx, host, own)).collect();
        let known = || gateways.iter().filter_map(|(path, gateway)| Some((path, gateway.as_ref()?)));
        let any = hosts.iter().any(|host| known().any(|(_, gateway)| gateway.admits(host, own)));
        // Where some Gateway takes some host, each has to take one: else the VirtualService has no effect on it.
        let idle = known().filter(|(_, gateway)| any && !hosts.iter().any(|host| gateway.admits(host, own)));
        for (path, gateway) in idle {
            let message = format!(
                "{} is bound to {}, which serves none of its hosts",
                title(object),
                title(gateway.object)
            );
            let finding = out.add(object, path, message);
            finding.severity(Severity::Warning);
            finding.related(gateway.object, gateway.path, format!("it serves {}", list_of(&gateway.hosts)));
            finding.help("add the host to a server of the Gateway, or leave the Gateway out");
        }
        // A host may be for a gateway that is not in the set, or for the mesh.
        if gateways.is_empty() || gateways.iter().any(|(_, gateway)| gateway.is_none()) {
            continue;
        }
        for (index, host) in hosts.iter().enumerate() {
            let admitted = known().any(|(_, gateway)| gateway.admits(host, own));
            if admitted || any && is_for_mesh(&service.spec) {
                continue;
            }
            let Some((_, gateway)) = known().next() else { continue };
            let message =
                format!("{} routes {host}, which {} does not serve", title(object), title(gateway.object));
            let finding = out.add(object, &format!("spec.hosts[{index}]"), message);
            finding.related(gateway.object, gateway.path, format!("it serves {}", list_of(&gateway.hosts)));
            finding.help("add the host to a server of the Gateway, or correct it");
        }
    }
}
