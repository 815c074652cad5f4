//! IS006: a host with its namespace, but not in full.
use std::collections::HashSet;

use k8s_openapi::api::core::v1::Service;
use netloom_objects::{
    Severity,
    istio::{DestinationRule, VirtualService},
};

use super::support::{Registry, destinations};
use crate::{
    Context, Findings, Fix, Group, Rule,
    words::{namespace_of, title},
};

pub static RULE: Rule = Rule {
    code: "IS006",
    name: "half-qualified-host",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "A host written as `name.namespace` or `name.namespace.svc` where the set has that Service.",
    why: "Istio completes only names without a dot; every other name is taken as it is. `cart.shop` is not the host \
          `cart.shop.svc.cluster.local`: the destination does not exist, and the rule holds for nothing (Istio's \
          reference of Destination, `host`).",
    wrong: "\
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: cart, namespace: shop}
spec:
  host: cart.shop
  trafficPolicy:
    connectionPool: {tcp: {maxConnections: 100}}
---
apiVersion: v1
kind: Service
metadata: {name: cart, namespace: shop}
spec:
  selector: {app: cart}
  ports: [{name: http, port: 80}]
",
    right: "\
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: cart, namespace: shop}
spec:
  host: cart.shop.svc.cluster.local
  trafficPolicy:
    connectionPool: {tcp: {maxConnections: 100}}
---
apiVersion: v1
kind: Service
metadata: {name: cart, namespace: shop}
spec:
  selector: {app: cart}
  ports: [{name: http, port: 80}]
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let registry = Registry::new(cx);
    let services: HashSet<String> =
        cx.all::<Service>().map(|(object, _)| format!("{}.{}", object.name, namespace_of(object))).collect();
    let mut hosts = Vec::new();
    for (object, service) in cx.all::<VirtualService>() {
        // Clients behind a gateway may use any name.
        let names = service.spec.hosts.iter().enumerate().filter(|_| service.spec.gateways.is_empty());
        hosts.extend(names.map(|(index, host)| (object, format!("spec.hosts[{index}]"), &**host)));
        let to = destinations(&service.spec).into_iter();
        hosts.extend(to.map(|(path, to)| (object, format!("{path}.host"), &*to.host)));
    }
    for (object, rule) in cx.all::<DestinationRule>() {
        hosts.push((object, "spec.host".to_owned(), &rule.spec.host));
    }
    for (object, path, host) in hosts {
        let stem = host.strip_suffix(".svc").unwrap_or(host);
        if !services.contains(stem) || registry.knows(host) {
            continue;
        }
        let full = format!("{stem}.svc.{}", cx.settings.cluster.zone);
        let message =
            format!("{}: `{host}` is not completed to {full}, and nothing has that name", title(object));
        let finding = out.add(object, &path, message);
        finding.fix(Fix::proposed(format!("write `{full}`")).set(object, &path, &full));
        if let Some((service, _)) = registry.service(&full) {
            finding.related(service, "metadata.name", "the Service that is meant");
        }
    }
}
