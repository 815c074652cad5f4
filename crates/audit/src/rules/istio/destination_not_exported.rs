//! IS068: a destination that the clients do not see.
use k8s_openapi::api::core::v1::Service;
use netloom_objects::{
    Object, Severity,
    istio::{Gateway, VirtualService},
};

use super::support::{
    Registry, audience, destinations, full_host, gateway_names, gateway_workloads, is_for_mesh, overlap,
};
use crate::{
    Context, Findings, Group, Rule,
    words::{entry, list_of, namespace_of, title},
};

pub static RULE: Rule = Rule {
    code: "IS068",
    name: "destination-not-exported",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "A destination of a VirtualService whose Service (`networking.istio.io/exportTo`) or ServiceEntries \
            (`exportTo`) are not exported to the namespaces whose proxies carry the route out: that of the \
            VirtualService, or those of the gateway's pods.",
    why: "A proxy knows the hosts only that are exported to its namespace. To any other it has no cluster, and \
            answers 503 (Istio's reference of ServiceEntry, `exportTo`).",
    wrong: "\
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: shop, namespace: shop}
spec:
  hosts: [shop]
  http:
    - timeout: 5s
      route: [{destination: {host: api.example.com}}]
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: api, namespace: other}
spec:
  hosts: [api.example.com]
  exportTo: [\".\"]
  ports: [{number: 443, name: tls, protocol: TLS}]
  resolution: DNS
  location: MESH_EXTERNAL
",
    right: "\
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: shop, namespace: shop}
spec:
  hosts: [shop]
  http:
    - timeout: 5s
      route: [{destination: {host: api.example.com}}]
---
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: api, namespace: other}
spec:
  hosts: [api.example.com]
  exportTo: [\".\", shop]
  ports: [{number: 443, name: tls, protocol: TLS}]
  resolution: DNS
  location: MESH_EXTERNAL
",
    closed: false,
    check,
};

const EXPORT: &str = "networking.istio.io/exportTo";

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let registry = Registry::new(cx);
    for (object, service) in cx.all::<VirtualService>() {
        let clients = clients(cx, object, service);
        if clients.is_empty() {
            continue;
        }
        for (path, destination) in destinations(&service.spec) {
            let full = full_host(cx, &destination.host, namespace_of(object));
            let exports = exports(&registry, &full);
            let Some((hidden, field, seen_by)) = exports.first() else { continue };
            let wanted = Some(clients.clone());
            if exports.iter().any(|(_, _, audience)| overlap(audience, &wanted)) {
                continue;
            }
            let seen = seen_by.clone().unwrap_or_default();
            let message = format!(
                "{} sends to {full}, which is exported to {} only, and not to {}",
                title(object),
                if seen == ["~"] { "nobody".to_owned() } else { list_of(&seen) },
                list_of(&clients)
            );
            out.add(object, &format!("{path}.host"), message)
                .related(hidden, field, "exported here")
                .help(format!("export it to {} too", list_of(&clients)));
        }
    }
}

/// The namespaces whose proxies carry a VirtualService out; empty where they are not known.
fn clients<'a>(cx: &Context<'a>, object: &'a Object, service: &'a VirtualService) -> Vec<&'a str> {
    let seen = audience(object, &service.spec.export_to);
    if is_for_mesh(&service.spec) {
        return seen.unwrap_or_else(|| vec![namespace_of(object)]);
    }
    let mut found: Vec<&'a str> = Vec::new();
    for (_, namespace, name) in gateway_names(object, &service.spec) {
        let Some((_, gateway)) = cx.find::<Gateway>(Some(namespace), name) else { return Vec::new() };
        let pods = gateway_workloads(cx, gateway);
        if pods.is_empty() {
            return Vec::new();
        }
        found.extend(pods.iter().map(|workload| workload.namespace()));
    }
    found.sort_unstable();
    found.dedup();
    found
}

type Export<'a> = (&'a Object, String, Option<Vec<&'a str>>);

/// Where a host is defined, with the field that says to whom it is exported, and who that is.
fn exports<'a>(registry: &Registry<'a>, full: &str) -> Vec<Export<'a>> {
    let of_service = |(object, _): (&'a Object, &'a Service)| {
        let written = object.annotations().get(EXPORT)?;
        let names = written.split(',').map(str::trim);
        let everyone = names.clone().any(|name| name == "*" || name.is_empty());
        let named = names.map(|name| if name == "." { namespace_of(object) } else { name }).collect();
        Some((object, entry("metadata.annotations", EXPORT), (!everyone).then_some(named)))
    };
    let found = registry.service(full);
    if found.is_some_and(|(object, _)| !object.annotations().contains_key(EXPORT)) {
        return Vec::new();
    }
    let entries = registry.entries(full).into_iter();
    let entries = entries
        .map(|(object, entry)| (object, "spec.exportTo".to_owned(), audience(object, &entry.spec.export_to)));
    found.and_then(of_service).into_iter().chain(entries).collect()
}
