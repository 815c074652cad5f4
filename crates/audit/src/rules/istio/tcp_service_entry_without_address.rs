//! IS045: a TCP port of a ServiceEntry that takes everyone's traffic.
use netloom_objects::{Severity, istio::ServiceEntry};

use crate::{Context, Findings, Group, Rule, words::title};

pub static RULE: Rule = Rule {
    code: "IS045",
    name: "tcp-service-entry-without-address",
    group: Group::Correctness,
    severity: Severity::Warning,
    finds: "A ServiceEntry with a port of protocol TCP (or a database's) and no `addresses`.",
    why: "TCP carries no name by which to tell hosts apart, so that the proxy opens the port for every address: all \
          connections to that port, whoever they are meant for, go to this host (istioctl analyze, IST0134; Istio's \
          reference of ServiceEntry, `addresses`).",
    wrong: "\
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: ledger, namespace: shop}
spec:
  hosts: [ledger.bank.example]
  resolution: DNS
  ports: [{number: 5432, name: tcp-postgres, protocol: TCP}]
",
    right: "\
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: ledger, namespace: shop}
spec:
  hosts: [ledger.bank.example]
  addresses: [203.0.113.20]
  resolution: DNS
  ports: [{number: 5432, name: tcp-postgres, protocol: TCP}]
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for (object, entry) in cx.all::<ServiceEntry>() {
        // Entries for a Service's own name, or for pods, take their addresses from these.
        let spec = &entry.spec;
        let internal = spec.location.as_deref() == Some("MESH_INTERNAL") || spec.workload_selector.is_some();
        if internal || !spec.addresses.is_empty() {
            continue;
        }
        for (index, port) in spec.ports.iter().enumerate() {
            let protocol = port.protocol.to_ascii_uppercase();
            if !matches!(&*protocol, "TCP" | "MYSQL" | "MONGO" | "REDIS" | "") {
                continue;
            }
            let message = format!(
                "{}: without an address, port {} takes the connections to every host",
                title(object),
                port.number
            );
            let finding = out.add(object, &format!("spec.ports[{index}].protocol"), message);
            finding
                .help("add `addresses`; if the port speaks TLS from the first byte, write `protocol: TLS`");
        }
    }
}
