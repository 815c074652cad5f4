//! IS059: a DestinationRule for a name that is only an alias.
use netloom_objects::{Severity, istio::DestinationRule};

use super::support::{Registry, full_host};
use crate::{
    Context, Findings, Group, Rule, Version,
    words::{namespace_of, title},
};

pub static RULE: Rule = Rule {
    code: "IS059",
    name: "destination-rule-for-external-name",
    group: Group::Correctness,
    severity: Severity::Warning,
    finds: "A DestinationRule whose host is an ExternalName Service.",
    why: "Since Istio 1.21 an ExternalName is an alias: what it points to has to be known by its own name, and a \
          DestinationRule for the alias has no effect (Istio 1.21's upgrade notes, ExternalName support changes).",
    wrong: "\
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: ledger, namespace: shop}
spec:
  host: ledger
  trafficPolicy:
    connectionPool: {tcp: {maxConnections: 20}}
---
apiVersion: v1
kind: Service
metadata: {name: ledger, namespace: shop}
spec:
  type: ExternalName
  externalName: ledger.bank.example
",
    right: "\
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: ledger, namespace: shop}
spec:
  host: ledger.bank.example
  trafficPolicy:
    connectionPool: {tcp: {maxConnections: 20}}
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: ledger, namespace: shop}
spec:
  hosts: [ledger.bank.example]
  resolution: DNS
  ports: [{number: 443, name: tls, protocol: TLS}]
---
apiVersion: v1
kind: Service
metadata: {name: ledger, namespace: shop}
spec:
  type: ExternalName
  externalName: ledger.bank.example
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    if cx.istio_version() < Version::new(1, 21) {
        return;
    }
    let registry = Registry::new(cx);
    for (object, rule) in cx.all::<DestinationRule>() {
        let host = full_host(cx, &rule.spec.host, namespace_of(object));
        let Some((service, content)) = registry.service(&host) else { continue };
        let Some(spec) = content.spec.as_ref().filter(|spec| spec.type_.as_deref() == Some("ExternalName"))
        else {
            continue;
        };
        let target = spec.external_name.as_deref().unwrap_or_default();
        let message = format!("{} has no effect: {host} is only an alias of {target}", title(object));
        let finding = out.add(object, "spec.host", message);
        finding.related(service, "spec.externalName", "the alias");
        finding.help(format!("write the rule for {target}, and make that host known with a ServiceEntry"));
    }
}
