//! SV028: endpoints given by hand, whose port has another name than the Service's.
use k8s_openapi::api::{core::v1::Endpoints, discovery::v1::EndpointSlice};
use netloom_objects::{Object, Severity};

use crate::{
    Context, Findings, Fix, Group, Rule,
    rules::services::support::find_service,
    words::{list_of, namespace_of, title},
};

pub static RULE: Rule = Rule {
    code: "SV028",
    name: "slice-port-name",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "An EndpointSlice or Endpoints for a Service of the set, with no port of the name that a port of the \
            Service has.",
    why: "kube-proxy joins the two by the port's name, never by its number; a Service's port without a name \
          matches only a port without one. A port that matches none has no endpoints.",
    wrong: "\
apiVersion: v1
kind: Service
metadata:
  name: ledger
spec:
  ports:
    - {name: tcp-ledger, port: 7000}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata:
  name: ledger-1
  labels: {kubernetes.io/service-name: ledger}
addressType: IPv4
ports:
  - {name: ledger, port: 7000}
endpoints:
  - addresses: [198.51.100.40]
",
    right: "\
apiVersion: v1
kind: Service
metadata:
  name: ledger
spec:
  ports:
    - {name: tcp-ledger, port: 7000}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata:
  name: ledger-1
  labels: {kubernetes.io/service-name: ledger}
addressType: IPv4
ports:
  - {name: tcp-ledger, port: 7000}
endpoints:
  - addresses: [198.51.100.40]
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for (object, slice) in cx.all::<EndpointSlice>() {
        let Some(name) = object.labels().get("kubernetes.io/service-name") else { continue };
        let names = slice.ports.iter().flatten().map(|port| port.name.as_deref().unwrap_or_default());
        compare(cx, object, name, &names.collect::<Vec<_>>(), "ports", out);
    }
    for (object, endpoints) in cx.all::<Endpoints>() {
        for (index, subset) in endpoints.subsets.iter().flatten().enumerate() {
            let names = subset.ports.iter().flatten().map(|port| port.name.as_deref().unwrap_or_default());
            let path = format!("subsets[{index}].ports");
            compare(cx, object, &object.name, &names.collect::<Vec<_>>(), &path, out);
        }
    }
}

fn compare(
    cx: &Context<'_>,
    object: &Object,
    service: &str,
    names: &[&str],
    path: &str,
    out: &mut Findings<'_>,
) {
    let Some(service) = find_service(cx, namespace_of(object), service) else { return };
    // The endpoints of pods are the controller's, and a slice may be for some of the ports only.
    if service.selector().is_some() || service.is_external_name() || names.is_empty() {
        return;
    }
    let wanted: Vec<&str> =
        service.ports().map(|(_, port)| port.name.as_deref().unwrap_or_default()).collect();
    if wanted.is_empty() || names.iter().any(|name| wanted.contains(name)) {
        return;
    }
    let quoted = |names: &[&str]| {
        let words: Vec<String> = names
            .iter()
            .map(|name| if name.is_empty() { "without a name".to_owned() } else { format!("`{name}`") })
            .collect();
        list_of(&words)
    };
    let message = format!(
        "{} gives {} no endpoints: its ports are {}, and the Service's are {}",
        title(object),
        service.title(),
        quoted(names),
        quoted(&wanted)
    );
    let at = format!("{path}[0].name");
    let finding = out.add(object, &at, message);
    finding.help("give both the same name").related(
        service.object,
        "spec.ports[0].name",
        "the Service's port",
    );
    if let ([wanted], [name]) = (&*wanted, names) {
        let fix = Fix::safe("give it the name of the Service's port");
        finding.fix(match (wanted.is_empty(), name.is_empty()) {
            (false, false) => fix.set_text(object, &at, wanted),
            (false, true) => fix.insert_first(object, &format!("{path}[0]"), "name", wanted),
            _ => fix.remove(object, &at),
        });
    }
}
