//! SV027: a Service without a selector, to which nobody gives endpoints.
use std::collections::HashSet;

use k8s_openapi::api::{core::v1::Endpoints, discovery::v1::EndpointSlice};
use netloom_objects::Severity;

use crate::{Context, Findings, Group, Rule, rules::services::support::services, words::namespace_of};

pub static RULE: Rule = Rule {
    code: "SV027",
    name: "no-endpoints",
    group: Group::Correctness,
    severity: Severity::Warning,
    finds: "A Service without a selector for which the set has no EndpointSlice and no Endpoints, where the \
            namespace is known to be complete.",
    why: "Without a selector Kubernetes finds no pods for it: the endpoints have to be given. Until then \
          connections to it are refused. Controllers that write the endpoints themselves are a reason to leave \
          this namespace open.",
    wrong: "\
apiVersion: v1
kind: Service
metadata:
  name: ledger
spec:
  ports:
    - {name: tcp-ledger, port: 7000}
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
    closed: true,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let slices = cx.all::<EndpointSlice>().filter_map(|(object, _)| {
        Some((namespace_of(object), object.labels().get("kubernetes.io/service-name")?.as_str()))
    });
    let endpoints = cx.all::<Endpoints>().map(|(object, _)| (namespace_of(object), &*object.name));
    let given: HashSet<(&str, &str)> = slices.chain(endpoints).collect();
    for service in services(cx) {
        let key = (service.namespace, &*service.object.name);
        let is_its_own = service.is_external_name() || key == ("default", "kubernetes");
        if is_its_own || service.selector().is_some() || given.contains(&key) {
            continue;
        }
        if !cx.is_closed("EndpointSlice", Some(service.namespace)) || service.spec.ports.is_none() {
            continue;
        }
        let message = format!("{} has no selector, and no EndpointSlice gives it endpoints", service.title());
        out.add(service.object, "spec", message).help(format!(
            "give it a `selector`, or an EndpointSlice with the label `kubernetes.io/service-name: {}`",
            service.object.name
        ));
    }
}
