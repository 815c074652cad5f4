//! OB003: a ServiceMonitor selects no Service.
use netloom_objects::Severity;

use super::support::monitors;
use crate::{Context, Findings, Group, Rule, words::title};

pub static RULE: Rule = Rule {
    code: "OB003",
    name: "monitor-selects-nothing",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "A ServiceMonitor that selects no Service, while one of the set has the labels in another namespace, \
            or selects pods by these labels but does not carry them itself. In the closed world also any other \
            that selects nothing.",
    why: "The selector is for the labels of Services (`metadata.labels`), not for those of their pods, and \
            without `namespaceSelector` only in the namespace of the monitor itself (prometheus-operator: API \
            reference of ServiceMonitorSpec).",
    wrong: "\
apiVersion: v1
kind: Service
metadata:
  name: api
  namespace: shop
spec:
  selector: {app: api}
  ports:
    - {name: http, port: 80, targetPort: 8080}
    - {name: metrics, port: 9090}
---
apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
metadata: {name: api, namespace: shop}
spec:
  selector:
    matchLabels: {app: api}
  endpoints:
    - port: metrics
      interval: 30s
",
    right: "\
apiVersion: v1
kind: Service
metadata:
  name: api
  namespace: shop
  labels: {app: api}
spec:
  selector: {app: api}
  ports:
    - {name: http, port: 80, targetPort: 8080}
    - {name: metrics, port: 9090}
---
apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
metadata: {name: api, namespace: shop}
spec:
  selector:
    matchLabels: {app: api}
  endpoints:
    - port: metrics
      interval: 30s
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for monitor in monitors(cx) {
        if !monitor.services().is_empty() || monitor.selector.requirements.is_empty() {
            continue;
        }
        let who = title(monitor.object);
        if let Some(service) = monitor.service_by_pods() {
            let message = format!(
                "{who} selects no Service: {} selects pods with these labels, but has no such labels itself",
                service.title()
            );
            let place = if service.object.is_written("metadata.labels") {
                "metadata.labels"
            } else {
                "metadata.name"
            };
            out.add(monitor.object, "spec.selector", message)
                .help("put the labels under `metadata.labels` of the Service")
                .related(service.object, place, "labels are missing here");
            continue;
        }
        if monitor.is_local()
            && let Some(service) = monitor.service_anywhere()
        {
            let message = format!(
                "{who} looks in namespace {} only, and {} is in another one",
                monitor.namespace,
                service.title()
            );
            out.add(monitor.object, "spec.selector", message)
                .severity(Severity::Warning)
                .help(format!("add `namespaceSelector: {{matchNames: [{}]}}`", service.namespace))
                .related(service.object, "metadata.name", "has the labels");
            continue;
        }
        if monitor.is_closed(cx) {
            out.add(monitor.object, "spec.selector", format!("{who} selects no Service"))
                .help("compare it with `metadata.labels` of the Service that it is for");
        }
    }
}
