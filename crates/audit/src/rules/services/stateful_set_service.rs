//! SV026: the Service that names a StatefulSet's pods is not there, or cannot name them.
use k8s_openapi::api::apps::v1::StatefulSet;
use netloom_objects::Severity;

use crate::{
    Context, Findings, Group, Rule, Workload,
    rules::services::support::find_service,
    words::{namespace_of, title},
};

pub static RULE: Rule = Rule {
    code: "SV026",
    name: "stateful-set-service",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "A StatefulSet whose `serviceName` is a Service that is not headless or does not select its pods; where \
            the Services of the namespace are known to be complete, also one that does not exist.",
    why: "The pods' own names, `web-0.SERVICE.NAMESPACE.svc`, come from the endpoints of this Service. Kubernetes \
          does not create it, and does not check it: without it each pod looks healthy and no pod finds another.",
    wrong: "\
apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: ledger
spec:
  serviceName: ledger
  selector: {matchLabels: {app: ledger}}
  template:
    metadata: {labels: {app: ledger}}
    spec: {containers: [{name: ledger, image: \"registry.example/ledger:4.0\"}]}
---
apiVersion: v1
kind: Service
metadata:
  name: ledger
spec:
  selector: {app: ledger}
  ports:
    - {name: tcp-ledger, port: 7000}
",
    right: "\
apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: ledger
spec:
  serviceName: ledger
  selector: {matchLabels: {app: ledger}}
  template:
    metadata: {labels: {app: ledger}}
    spec: {containers: [{name: ledger, image: \"registry.example/ledger:4.0\"}]}
---
apiVersion: v1
kind: Service
metadata:
  name: ledger
spec:
  clusterIP: None
  selector: {app: ledger}
  ports:
    - {name: tcp-ledger, port: 7000}
",
    closed: true,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for (object, set) in cx.all::<StatefulSet>() {
        let Some(name) = set.spec.as_ref().and_then(|s| s.service_name.as_deref()).filter(|n| !n.is_empty())
        else {
            continue;
        };
        let Some(workload) = Workload::of(object) else { continue };
        let namespace = namespace_of(object);
        let Some(service) = find_service(cx, namespace, name) else {
            if cx.is_closed("Service", Some(namespace)) {
                let message = format!(
                    "{}: there is no Service {namespace}/{name}, from which its pods would have their names",
                    title(object)
                );
                out.add(object, "spec.serviceName", message).help(format!(
                    "add a Service {name} with `clusterIP: None` and the selector of the pods"
                ));
            }
            continue;
        };
        let selects = service
            .selector()
            .is_some_and(|labels| cx.workloads_with(namespace, labels).any(|w| w.key() == workload.key()));
        let (fault, path, help) = if !service.is_headless() {
            (
                "is not headless: its name gives one address, and the pods have no names of their own",
                "spec.clusterIP",
                "set `clusterIP: None`; where clients need one address as well, add a second Service for it",
            )
        } else if !selects {
            (
                "does not select its pods, so that they have no names of their own",
                "spec.selector",
                "select by the labels of the template",
            )
        } else {
            continue;
        };
        // Somebody who never asks for a single pod by name loses nothing by a Service with an address.
        let severity = if selects { Severity::Warning } else { Severity::Error };
        out.add(object, "spec.serviceName", format!("{}: Service {name} {fault}", title(object)))
            .help(help)
            .severity(severity)
            .related(service.object, path, "this Service");
    }
}
