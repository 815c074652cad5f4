//! SV030: Endpoints, whose successor is EndpointSlice.
use k8s_openapi::api::core::v1::Endpoints;
use netloom_objects::Severity;

use crate::{Context, Findings, Group, Rule, Version, words::title};

pub static RULE: Rule = Rule {
    code: "SV030",
    name: "deprecated-endpoints",
    group: Group::Style,
    severity: Severity::Info,
    finds: "An Endpoints object that the manifests declare, for Kubernetes 1.33 and later.",
    why: "Endpoints is deprecated since Kubernetes 1.33 (KEP-4974): it has one family, at most 1,000 addresses, \
          and neither zones nor conditions. kube-proxy reads only EndpointSlices, into which a controller copies \
          what stands here.",
    wrong: "\
apiVersion: v1
kind: Endpoints
metadata:
  name: ledger
subsets:
  - addresses: [{ip: 198.51.100.40}]
    ports: [{name: tcp-ledger, port: 7000}]
",
    right: "\
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
    if cx.kube_version() < Version::new(1, 33) {
        return;
    }
    for (object, _) in cx.all::<Endpoints>() {
        // What the cluster wrote itself is in a dump of it, and nobody's to repair.
        let written = object.labels().contains_key("endpoints.kubernetes.io/managed-by")
            || object.annotations().contains_key("endpoints.kubernetes.io/last-change-trigger-time")
            || &*object.name == "kubernetes";
        if written {
            continue;
        }
        let message = format!("{}: Endpoints is deprecated since Kubernetes 1.33", title(object));
        out.add(object, "kind", message).help(format!(
            "write an EndpointSlice with the label `kubernetes.io/service-name: {}`",
            object.name
        ));
    }
}
