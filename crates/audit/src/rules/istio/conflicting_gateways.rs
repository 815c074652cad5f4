//! IS040: two Gateways that claim one host and port of the same pods.
use std::collections::HashMap;

use netloom_objects::{Object, Severity, istio::Gateway};

use super::support::shown;
use crate::{Context, Findings, Group, Rule, words::title};

pub static RULE: Rule = Rule {
    code: "IS040",
    name: "conflicting-gateways",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "Two servers of Gateways with the same selector that have the same port and host.",
    why: "Both are put onto the same listener of the same pods, and only one of them can hold: the older Gateway's, whose \
          VirtualServices and certificate are then used (istioctl analyze, IST0145).",
    wrong: "\
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: shop, namespace: edge}
spec:
  selector: {istio: ingressgateway}
  servers:
    - port: {number: 443, name: https, protocol: HTTPS}
      hosts: [shop.example]
      tls: {mode: SIMPLE, credentialName: shop-tls}
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: shop-next, namespace: edge}
spec:
  selector: {istio: ingressgateway}
  servers:
    - port: {number: 443, name: https, protocol: HTTPS}
      hosts: [shop.example]
      tls: {mode: SIMPLE, credentialName: shop-next-tls}
",
    right: "\
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: shop, namespace: edge}
spec:
  selector: {istio: ingressgateway}
  servers:
    - port: {number: 443, name: https, protocol: HTTPS}
      hosts: [shop.example]
      tls: {mode: SIMPLE, credentialName: shop-tls}
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: shop-next, namespace: edge}
spec:
  selector: {istio: ingressgateway}
  servers:
    - port: {number: 443, name: https, protocol: HTTPS}
      hosts: [next.shop.example]
      tls: {mode: SIMPLE, credentialName: shop-next-tls}
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let mut taken: HashMap<String, (&Object, String)> = HashMap::new();
    for (object, gateway) in cx.all::<Gateway>() {
        let selector = shown(&gateway.spec.selector);
        for (s, server) in gateway.spec.servers.iter().enumerate() {
            let bind = server.bind.as_deref().unwrap_or("*");
            for (h, host) in server.hosts.iter().enumerate() {
                // Hosts for different namespaces do not meet; plaintext TCP has none.
                let key = format!("{selector} {bind} {} {host}", server.port.number);
                let path = format!("spec.servers[{s}].hosts[{h}]");
                let Some((other, other_path)) = taken.get(&key) else {
                    taken.insert(key, (object, path));
                    continue;
                };
                let message = if std::ptr::eq(*other, object) {
                    format!("{} has {host} on port {} twice", title(object), server.port.number)
                } else {
                    format!(
                        "{} and {} both claim {host} on port {} of the pods with {selector}",
                        title(other),
                        title(object),
                        server.port.number
                    )
                };
                let finding = out.add(object, &path, message);
                finding.related(other, other_path, "claimed here already");
                finding.help("keep the host in one Gateway");
            }
        }
    }
}
