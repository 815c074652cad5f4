//! SV029: endpoints given by hand to a Service that selects pods.
use k8s_openapi::api::{
    core::v1::{EndpointAddress, Endpoints},
    discovery::v1::EndpointSlice,
};
use netloom_objects::{Object, Severity};

use crate::{
    Context, Findings, Group, Rule,
    rules::services::support::find_service,
    words::{namespace_of, title},
};

pub static RULE: Rule = Rule {
    code: "SV029",
    name: "overwritten-endpoints",
    group: Group::Correctness,
    severity: Severity::Warning,
    finds: "Endpoints, or an EndpointSlice that no controller manages, for a Service that has a selector.",
    why: "The endpoints controller writes the Endpoints of a Service with a selector, and overwrites what a \
          manifest says. A slice by hand stays beside those of the controller, and traffic is spread over both.",
    wrong: "\
apiVersion: v1
kind: Service
metadata:
  name: ledger
spec:
  selector: {app: ledger}
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

/// What the controllers say of themselves in the slices and Endpoints that they write, as a dump of a cluster has them.
const MANAGED_BY: &str = "endpointslice.kubernetes.io/managed-by";
const TRIGGER: &str = "endpoints.kubernetes.io/last-change-trigger-time";

/// Whether an object was read from a cluster. Endpoints there beside a Service that selects pods are the controller's own,
/// which in clusters before 1.33 do not say so.
pub(super) fn is_exported(object: &Object) -> bool {
    let metadata = object.metadata();
    metadata.uid.is_some() || metadata.resource_version.is_some()
}

/// Whether every address is said to be a pod's, as the controller writes it and people do not.
fn are_pods(endpoints: &Endpoints) -> bool {
    let subsets = endpoints.subsets.iter().flatten();
    let mut addresses =
        subsets.flat_map(|subset| subset.addresses.iter().chain(&subset.not_ready_addresses).flatten());
    let is_pod = |address: &EndpointAddress| {
        address.target_ref.as_ref().is_some_and(|target| target.kind.as_deref() == Some("Pod"))
    };
    let mut any = false;
    addresses.all(|address| {
        any = true;
        is_pod(address)
    }) && any
}

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let slices = cx.all::<EndpointSlice>().filter_map(|(object, _)| {
        let name = object.labels().get("kubernetes.io/service-name")?;
        let managed = object.labels().get(MANAGED_BY).is_some_and(|by| by.ends_with(".k8s.io"));
        (!managed && object.metadata().owner_references.is_none()).then_some((object, name.as_str()))
    });
    let endpoints = cx.all::<Endpoints>().filter(|(_, endpoints)| !are_pods(endpoints));
    let endpoints = endpoints.map(|(object, _)| (object, &*object.name)).filter(|(object, _)| {
        let managed = object.labels().get("endpoints.kubernetes.io/managed-by").is_some();
        !managed && !object.annotations().contains_key(TRIGGER) && !is_exported(object)
    });
    for (object, name) in slices.chain(endpoints) {
        let Some(service) = find_service(cx, namespace_of(object), name) else { continue };
        if service.selector().is_none() {
            continue;
        }
        let fate = match &*object.kind {
            "Endpoints" => "the endpoints controller overwrites it",
            _ => "its endpoints are mixed with the pods that the controller finds",
        };
        let message = format!("{} is for {}, which selects pods: {fate}", title(object), service.title());
        out.add(object, "metadata.name", message)
            .help("take the selector out of the Service, or this object away")
            .related(service.object, "spec.selector", "selects pods");
    }
}
