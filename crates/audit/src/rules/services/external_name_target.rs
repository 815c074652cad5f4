//! SV019: a CNAME to what is no name of the DNS.
use std::net::IpAddr;

use netloom_objects::Severity;

use crate::{Context, Findings, Group, Rule, rules::services::support::services};

pub static RULE: Rule = Rule {
    code: "SV019",
    name: "external-name-target",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "An `externalName` that is an IP address, a name without a dot, the node itself (`localhost`), or a \
            cloud's metadata service.",
    why: "The value becomes the target of a CNAME record, taken as a full name. Digits and dots are then labels, \
          not an address, and no server answers for them; one word alone is a top-level domain. `localhost` and \
          metadata names lead whoever may not reach them by themselves there through a proxy that follows the \
          Service.",
    wrong: "\
apiVersion: v1
kind: Service
metadata:
  name: ledger
spec:
  type: ExternalName
  externalName: 198.51.100.40
",
    right: "\
apiVersion: v1
kind: Service
metadata:
  name: ledger
spec:
  ports:
    - {name: tcp-ledger, port: 5432}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata:
  name: ledger-1
  labels: {kubernetes.io/service-name: ledger}
addressType: IPv4
ports:
  - {name: tcp-ledger, port: 5432}
endpoints:
  - addresses: [198.51.100.40]
",
    closed: false,
    check,
};

const METADATA: [&str; 3] = ["metadata.google.internal", "metadata.goog", "instance-data.ec2.internal"];

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for service in services(cx).filter(|service| service.is_external_name()) {
        let Some(written) = service.spec.external_name.as_deref().filter(|name| !name.is_empty()) else {
            continue;
        };
        let name = written.trim_end_matches('.').to_ascii_lowercase();
        let (fault, help) = if name.parse::<IpAddr>().is_ok() {
            (
                "which is an address: as the target of a CNAME it is a name of digits that does not exist",
                "make it a Service without a selector, and an EndpointSlice with the address",
            )
        } else if name == "localhost" || name.ends_with(".localhost") {
            (
                "which is whoever asks: clients and proxies are led to themselves",
                "name the host that is meant",
            )
        } else if METADATA.contains(&name.as_str()) {
            (
                "the cloud's metadata service: a proxy that follows it gives away the node's credentials",
                "take the Service away",
            )
        } else if !name.contains('.') && !written.ends_with('.') {
            (
                "a name without a dot: as the target of a CNAME it is looked up as it stands, without any search domain",
                "write the full name; a Service of this cluster is NAME.NAMESPACE.svc.cluster.local",
            )
        } else {
            continue;
        };
        let message = format!("{} leads to {written}, {fault}", service.title());
        out.add(service.object, "spec.externalName", message).help(help);
    }
}
