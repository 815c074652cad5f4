//! IS040: two Gateways that claim one host and port of the same pods.
use std::{collections::HashMap, iter, ptr};

use netloom_objects::{Object, Severity, istio::Gateway};

use super::support::{gateway_workloads, shown};
use crate::{
    Context, Findings, Group, Rule,
    words::{namespace_of, title},
};

pub static RULE: Rule = Rule {
    code: "IS040",
    name: "conflicting-gateways",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "Two servers of Gateways on the same pods that have the same port and host: with one selector, or with two that select \
            the same pods of the set.",
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
    // By what carries a server out: a selector, and each workload that it selects.
    let mut taken: HashMap<(String, String), (&Object, String)> = HashMap::new();
    for (object, gateway) in cx.all::<Gateway>() {
        let selector = shown(&gateway.spec.selector);
        let pods = gateway_workloads(cx, gateway).into_iter().map(|workload| title(workload.object));
        let carriers: Vec<String> = iter::once(format!("pods with {selector}")).chain(pods).collect();
        for (s, server) in gateway.spec.servers.iter().enumerate() {
            let bind = server.bind.as_deref().unwrap_or("*");
            for (h, host) in server.hosts.iter().enumerate() {
                // Hosts for different namespaces do not meet; plaintext TCP has none.
                let full = match host.split_once('/') {
                    Some(("*", host)) => host.to_owned(),
                    Some((".", host)) => format!("{}/{host}", namespace_of(object)),
                    _ => host.clone(),
                };
                let claim = format!("{bind} {} {full}", server.port.number);
                let path = format!("spec.servers[{s}].hosts[{h}]");
                let mut others = carriers
                    .iter()
                    .filter_map(|carrier| Some((carrier, taken.get(&(claim.clone(), carrier.clone()))?)));
                let found = others.next().map(|(carrier, other)| (carrier, other.clone()));
                for carrier in &carriers {
                    let key = (claim.clone(), carrier.clone());
                    taken.entry(key).or_insert_with(|| (object, path.clone()));
                }
                let Some((carrier, (other, other_path))) = found else { continue };
                let message = if ptr::eq(other, object) {
                    format!("{} has {host} on port {} twice", title(object), server.port.number)
                } else {
                    format!(
                        "{} and {} both claim {host} on port {} of the {}",
                        title(other),
                        title(object),
                        server.port.number,
                        if carrier.starts_with("pods ") {
                            carrier.clone()
                        } else {
                            format!("pods of {carrier}")
                        }
                    )
                };
                let finding = out.add(object, &path, message);
                finding.related(other, &other_path, "claimed here already");
                finding.help("keep the host in one Gateway");
            }
        }
    }
}
