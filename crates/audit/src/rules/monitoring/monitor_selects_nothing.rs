//! OB003: a ServiceMonitor selects no Service.
use netloom_objects::Severity;

use super::support::monitors;
use crate::{Context, Findings, Group, Rule, standing::services, words::title};

pub static RULE: Rule = Rule {
    code: "OB003",
    name: "monitor-selects-nothing",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "A ServiceMonitor that selects no Service, while one of the set has the labels in another namespace, \
            or selects pods by these labels but does not carry them itself, or (a warning) has the name that the monitor asks for \
            and other labels. In the closed world also any other (information where the set has Services in the \
            namespace and may not be complete) \
            that selects nothing, unless it is for a Service of every cluster (the API server's, that of the DNS) or \
            for one that prometheus-operator makes.",
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
    let all_standing = services(cx);
    for monitor in monitors(cx) {
        let mut standing = all_standing.iter().filter(|service| monitor.looks_in(service.namespace));
        if !monitor.services().is_empty()
            || monitor.selector.requirements.is_empty()
            || standing.any(|service| service.is_selected(&monitor.selector))
        {
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
        if let Some(service) = monitor.service_by_name() {
            let message = format!(
                "{who} selects no Service of the set: {} has its name, but not these labels",
                service.title()
            );
            let place = if service.object.is_written("metadata.labels") {
                "metadata.labels"
            } else {
                "metadata.name"
            };
            let finding = out.add(monitor.object, "spec.selector", message);
            finding
                .help("put the labels under `metadata.labels` of the Service, or select those that it has")
                .related(service.object, place, "this Service");
            if !monitor.is_closed(cx) {
                finding.severity(Severity::Warning);
            }
            continue;
        }
        let closed = monitor.is_closed(cx);
        if closed || monitor.has_ground() {
            let message = if closed {
                format!("{who} selects no Service")
            } else {
                format!("{who} selects none of the set's Services")
            };
            let finding = out.add(monitor.object, "spec.selector", message);
            finding.help("compare it with `metadata.labels` of the Service that it is for");
            if !closed {
                finding.severity(Severity::Info);
            }
        }
    }
}
