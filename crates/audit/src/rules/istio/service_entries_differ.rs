//! IS070: two ServiceEntries say different protocols for one host and port.
use std::collections::HashMap;

use netloom_objects::{Object, Severity, istio::ServiceEntry};

use super::support::{audience, overlap};
use crate::{Context, Findings, Group, Rule, words::title};

pub static RULE: Rule = Rule {
    code: "IS070",
    name: "service-entries-differ",
    group: Group::Correctness,
    severity: Severity::Warning,
    finds: "Two ServiceEntries that the same proxies see, with one host and port, and with protocols that are \
            handled in different ways.",
    why: "The proxies put both into one: the protocol of the one that was made first holds for everybody. Plain \
            HTTP that is taken for TLS, or the other way round, ends in resets that begin when somebody in another \
            namespace adds an entry.",
    wrong: "\
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: api, namespace: shop}
spec:
  hosts: [api.example.com]
  ports: [{number: 443, name: https, protocol: HTTPS}]
  resolution: DNS
  location: MESH_EXTERNAL
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: api-too, namespace: pay}
spec:
  hosts: [api.example.com]
  ports: [{number: 443, name: http, protocol: HTTP}]
  resolution: DNS
  location: MESH_EXTERNAL
",
    right: "\
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: api, namespace: shop}
spec:
  hosts: [api.example.com]
  ports: [{number: 443, name: https, protocol: HTTPS}]
  resolution: DNS
  location: MESH_EXTERNAL
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: api-too, namespace: pay}
spec:
  hosts: [api.example.com]
  ports: [{number: 443, name: tls, protocol: TLS}]
  resolution: DNS
  location: MESH_EXTERNAL
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    type Claim<'a> = (&'a Object, &'a ServiceEntry, usize, &'static str);
    let mut taken: HashMap<(&str, u32), Vec<Claim<'_>>> = HashMap::new();
    for (object, service_entry) in cx.all::<ServiceEntry>() {
        let seen = audience(object, &service_entry.spec.export_to);
        for (index, port) in service_entry.spec.ports.iter().enumerate() {
            let Some(handled) = handled(&port.protocol) else { continue };
            for host in &service_entry.spec.hosts {
                let claims = taken.entry((host, port.number)).or_default();
                let other = claims.iter().find(|(other, content, _, how)| {
                    *how != handled
                        && !std::ptr::eq(*other, object)
                        && overlap(&audience(other, &content.spec.export_to), &seen)
                });
                if let Some((other, content, at, _)) = other {
                    let message = format!(
                        "{} says {} for {host} on port {}, and {} says {}",
                        title(object),
                        port.protocol,
                        port.number,
                        title(other),
                        content.spec.ports[*at].protocol
                    );
                    out.add(object, &format!("spec.ports[{index}].protocol"), message)
                        .related(other, &format!("spec.ports[{at}].protocol"), "the other one")
                        .help("keep one ServiceEntry for the host, or export each to its own namespace (`exportTo: [\".\"]`)");
                }
                claims.push((object, service_entry, index, handled));
            }
        }
    }
}

/// How the proxies handle a protocol: those of one group are forwarded in one way.
fn handled(protocol: &str) -> Option<&'static str> {
    match protocol.to_ascii_uppercase().as_str() {
        "HTTP" | "HTTP2" | "GRPC" | "GRPC-WEB" | "HTTP_PROXY" => Some("HTTP"),
        "HTTPS" | "TLS" => Some("TLS"),
        "TCP" | "MONGO" | "MYSQL" | "REDIS" => Some("TCP"),
        "UDP" => Some("UDP"),
        _ => None,
    }
}
