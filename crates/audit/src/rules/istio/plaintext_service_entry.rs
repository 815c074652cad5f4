//! IS046: plaintext to a port on which the host speaks TLS.
use std::collections::HashSet;

use netloom_objects::{
    Severity,
    istio::{DestinationRule, ServiceEntry},
};

use super::support::{covers, full_host, parts};
use crate::{
    Context, Findings, Group, Rule,
    words::{namespace_of, title},
};

pub static RULE: Rule = Rule {
    code: "IS046",
    name: "plaintext-service-entry",
    group: Group::Correctness,
    severity: Severity::Warning,
    finds: "A ServiceEntry for an external host with port 443 as `HTTP`, and no DestinationRule that makes it TLS; or with \
            port 80 as `HTTPS`.",
    why: "The protocol says what the application sends. When it sends TLS itself, the proxy must not read it as HTTP; when \
          it sends HTTP, a DestinationRule has to turn it into TLS (Istio's task Egress TLS Origination).",
    wrong: "\
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: rates, namespace: shop}
spec:
  hosts: [rates.bank.example]
  resolution: DNS
  ports: [{number: 443, name: http, protocol: HTTP}]
",
    right: "\
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: rates, namespace: shop}
spec:
  hosts: [rates.bank.example]
  resolution: DNS
  ports: [{number: 443, name: tls, protocol: TLS}]
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let originates: HashSet<String> = cx
        .all::<DestinationRule>()
        .filter(|(_, rule)| parts(&rule.spec).iter().any(|part| part.tls.is_some()))
        .map(|(object, rule)| full_host(cx, &rule.spec.host, namespace_of(object)))
        .collect();
    let is_upgraded = |host: &String| {
        originates.contains(host) || originates.iter().filter(|o| o.starts_with('*')).any(|o| covers(o, host))
    };
    for (object, entry) in cx.all::<ServiceEntry>() {
        if entry.spec.location.as_deref() == Some("MESH_INTERNAL") || entry.spec.hosts.iter().any(is_upgraded)
        {
            continue;
        }
        for (index, port) in entry.spec.ports.iter().enumerate() {
            let protocol = port.protocol.to_ascii_uppercase();
            // A port of another number at the endpoints may be the TLS one.
            let moved = port.target_port.is_some_and(|target| target != port.number);
            let (what, help) = match (port.number, &*protocol) {
                (443, "HTTP" | "HTTP2" | "GRPC") if !moved => (
                    "reads port 443 as plaintext HTTP",
                    "write `protocol: TLS` if the application speaks TLS; else add a DestinationRule with `tls: {mode: SIMPLE}`",
                ),
                (80, "HTTPS" | "TLS") if !moved => (
                    "reads port 80 as TLS",
                    "write `protocol: HTTP`, or the port on which the host speaks TLS",
                ),
                _ => continue,
            };
            out.add(object, &format!("spec.ports[{index}].protocol"), format!("{} {what}", title(object)))
                .help(help);
        }
    }
}
