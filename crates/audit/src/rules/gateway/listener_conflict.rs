//! GW001: two listeners of a Gateway that cannot be told apart.
use netloom_objects::{
    Severity,
    gateway_api::{Gateway, Listener},
};
use std::collections::HashMap;

use crate::{Context, Findings, Group, Rule, words::title};

pub static RULE: Rule = Rule {
    code: "GW001",
    name: "listener-conflict",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "Two listeners of one Gateway with the same name, or with the same port, protocol and hostname; and a TCP \
           listener on the port of an HTTP, HTTPS or TLS one.",
    why: "The API server refuses the Gateway (the CRD's rules on `spec.listeners`), or the controller marks every \
           one of the listeners `Conflicted` and serves none of them (Gateway API, \"Distinct Listeners\").",
    wrong: "\
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata:
  name: edge
  namespace: edge
spec:
  gatewayClassName: acme
  listeners:
    - name: https
      protocol: HTTPS
      port: 443
      hostname: shop.example.org
      tls:
        certificateRefs: [{name: shop-tls}]
    - name: api
      protocol: HTTPS
      port: 443
      hostname: shop.example.org
      tls:
        certificateRefs: [{name: api-tls}]
",
    right: "\
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata:
  name: edge
  namespace: edge
spec:
  gatewayClassName: acme
  listeners:
    - name: https
      protocol: HTTPS
      port: 443
      hostname: shop.example.org
      tls:
        certificateRefs: [{name: shop-tls}]
    - name: api
      protocol: HTTPS
      port: 443
      hostname: api.example.org
      tls:
        certificateRefs: [{name: api-tls}]
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for (object, gateway) in cx.all::<Gateway>() {
        let listeners = &gateway.spec.listeners;
        let mut names: HashMap<&str, usize> = HashMap::new();
        let mut ends: HashMap<(i32, String, String), usize> = HashMap::new();
        for (i, listener) in listeners.iter().enumerate() {
            let what = title(object);
            if let Some(first) = names.get(listener.name.as_str()).filter(|_| !listener.name.is_empty()) {
                let message = format!("{what} has two listeners named `{}`", listener.name);
                out.add(object, &format!("spec.listeners[{i}].name"), message)
                    .help("routes choose a listener by its name (`sectionName`): give each its own")
                    .related(object, &format!("spec.listeners[{first}].name"), "the first of them");
            }
            names.entry(&listener.name).or_insert(i);
            let protocol = listener.protocol.to_ascii_uppercase();
            let hostname = listener.hostname.as_deref().unwrap_or("").to_ascii_lowercase();
            let key = (listener.port, protocol, hostname);
            if let Some(&first) = ends.get(&key) {
                let host =
                    if key.2.is_empty() { "without a hostname".to_owned() } else { format!("for {}", key.2) };
                let message = format!(
                    "{what}: listeners `{}` and `{}` are both {} on port {} {host}, so that neither is served",
                    listeners[first].name, listener.name, key.1, key.0
                );
                out.add(object, &format!("spec.listeners[{i}]"), message)
                    .help("give one of them another hostname or port, or make them one")
                    .related(object, &format!("spec.listeners[{first}]"), "the other listener");
            }
            ends.entry(key).or_insert(i);
        }
        for (i, tcp) in listeners.iter().enumerate().filter(|(_, l)| l.protocol.eq_ignore_ascii_case("TCP")) {
            let shares = |l: &Listener| {
                l.port == tcp.port
                    && ["HTTP", "HTTPS", "TLS"].iter().any(|p| l.protocol.eq_ignore_ascii_case(p))
            };
            if let Some(other) = listeners.iter().position(shares) {
                let message = format!(
                    "{}: listener `{}` takes every connection to port {}, so that `{}` ({}) gets none",
                    title(object),
                    tcp.name,
                    tcp.port,
                    listeners[other].name,
                    listeners[other].protocol
                );
                out.add(object, &format!("spec.listeners[{i}].port"), message)
                    .help("give one of them a port of its own; the controller accepts neither as they are")
                    .related(object, &format!("spec.listeners[{other}].port"), "the same port");
            }
        }
    }
}
