//! OB005: a Service publishes metrics that nobody reads.
use std::collections::{BTreeMap, HashMap};

use netloom_objects::{Object, Severity};
use netloom_policy::Direction;

use super::support::{is_metrics_port, monitors, pod_monitors};
use crate::{
    Context, Findings, Group, Rule,
    rules::services::support::{find_service, services},
};

pub static RULE: Rule = Rule {
    code: "OB005",
    name: "metrics-not-scraped",
    group: Group::Reliability,
    severity: Severity::Warning,
    finds: "A Service with a port for metrics that no ServiceMonitor or PodMonitor of the set selects and no \
            annotation has scraped, in a namespace in which a ServiceMonitor of the set selects other Services.",
    why: "Its dashboards are empty and its alerts never fire. With the operator, Prometheus scrapes what a \
            monitor selects and nothing else; and where a policy isolates the pods, it has to admit Prometheus \
            on that port too.",
    wrong: "\
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
---
apiVersion: v1
kind: Service
metadata:
  name: web
  namespace: shop
  labels: {app: web}
spec:
  selector: {app: web}
  ports:
    - {name: http, port: 80, targetPort: 8080}
    - {name: metrics, port: 9090}
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
    matchExpressions: [{key: app, operator: In, values: [api, web]}]
  endpoints:
    - port: metrics
      interval: 30s
---
apiVersion: v1
kind: Service
metadata:
  name: web
  namespace: shop
  labels: {app: web}
spec:
  selector: {app: web}
  ports:
    - {name: http, port: 80, targetPort: 8080}
    - {name: metrics, port: 9090}
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let mut watched: HashMap<&str, (&Object, Vec<&str>)> = HashMap::new();
    for monitor in monitors(cx) {
        for service in monitor.services() {
            let names = &mut watched.entry(service.namespace).or_insert((monitor.object, Vec::new())).1;
            names.push(&service.object.name);
        }
    }
    for (_, names) in watched.values_mut() {
        names.sort_unstable();
    }
    if watched.is_empty() {
        return;
    }
    let pods: Vec<_> = pod_monitors(cx).collect();
    for service in services(cx) {
        let Some((monitor, names)) = watched.get(service.namespace) else { continue };
        let asks =
            |annotations: &BTreeMap<String, String>| annotations.keys().any(|key| key.contains("/scrape"));
        if names.binary_search(&&*service.object.name).is_ok()
            || service.is_external_name()
            || asks(service.object.annotations())
        {
            continue;
        }
        let Some((path, port)) = service.ports().find(|(_, port)| is_metrics_port(port)) else { continue };
        let workloads = service.workloads(cx);
        let read = workloads.iter().any(|workload| {
            asks(workload.annotations()) || pods.iter().any(|monitor| monitor.selects(workload))
        });
        // Another Service for the same pods may be the one that is scraped.
        let twin = workloads.first().is_some_and(|workload| {
            names.iter().any(|name| {
                find_service(cx, service.namespace, name)
                    .and_then(|other| other.selector())
                    .is_some_and(|labels| labels.iter().all(|(k, v)| workload.labels().get(k) == Some(v)))
            })
        });
        if read || twin {
            continue;
        }
        let mut pods_of = workloads.iter().filter_map(|workload| cx.pods_of(workload).first());
        let policies =
            pods_of.any(|pod| cx.policies().selecting(pod.id, Direction::Ingress).next().is_some());
        let mut help = "add a ServiceMonitor for it".to_owned();
        if policies {
            help.push_str(", and let its policy admit Prometheus on this port");
        }
        let message = format!(
            "{}: nothing scrapes port `{}`, {}",
            service.title(),
            port.name.as_deref().unwrap_or_default(),
            port.port
        );
        out.add(service.object, &format!("{path}.port"), message).help(help).related(
            monitor,
            "spec.selector",
            "selects other Services of the namespace",
        );
    }
}
