//! OB001: a ServiceMonitor names a port that no Service has.
use netloom_objects::Severity;

use super::support::monitors;
use crate::{
    Context, Findings, Fix, Group, Rule,
    words::{list_of, title},
};

pub static RULE: Rule = Rule {
    code: "OB001",
    name: "monitor-port-missing",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "An endpoint of a ServiceMonitor whose `port` is the name of no port of any Service of the set that \
            the monitor selects.",
    why: "Prometheus drops the targets whose port has another name, and says nothing: the monitor has no \
            target (prometheus-operator: API reference of Endpoint, `port`, \"name of the Service port\").",
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
        let services = monitor.services();
        let Some(first) = services.first() else { continue };
        for (index, endpoint) in monitor.spec.endpoints.iter().enumerate() {
            let Some(port) = endpoint.port.as_deref().filter(|port| !port.is_empty()) else { continue };
            let mut ports = services.iter().flat_map(|service| service.spec.ports.iter().flatten());
            if ports.any(|known| known.name.as_deref() == Some(port)) {
                continue;
            }
            let whose: Vec<String> = services.iter().take(3).map(|service| service.title()).collect();
            let names: Vec<&str> =
                first.spec.ports.iter().flatten().filter_map(|p| p.name.as_deref()).collect();
            let message =
                format!("{}: no port of {} is named `{port}`", title(monitor.object), list_of(&whose));
            let help = match names.is_empty() {
                true => format!("name a port of {} `{port}`", first.title()),
                false => format!(
                    "add a port `{port}` to {}, or scrape one that it has: {}",
                    first.title(),
                    list_of(&names)
                ),
            };
            let path = format!("spec.endpoints[{index}].port");
            let finding = out.add(monitor.object, &path, message);
            finding.help(help).related(first.object, "spec.ports", "the Service's ports");
            if let ([service], Some([only])) = (&*services, first.spec.ports.as_deref()) {
                match only.name.as_deref().filter(|name| !name.is_empty()) {
                    None => {
                        let fix = Fix::safe(format!("name the port of {} `{port}`", service.title()));
                        finding.fix(fix.insert_first(service.object, "spec.ports[0]", "name", port));
                    }
                    Some(name) => {
                        let fix = Fix::proposed(format!("scrape `{name}`, the only port"));
                        finding.fix(fix.set_text(monitor.object, &path, name));
                    }
                }
            }
        }
    }
}
