//! OB007: a monitor uses a field that the operator has deprecated.
use netloom_objects::Severity;

use super::support::{monitors, pod_monitors};
use crate::{Context, Findings, Group, Rule, words::title};

pub static RULE: Rule = Rule {
    code: "OB007",
    name: "deprecated-endpoint-field",
    group: Group::Style,
    severity: Severity::Info,
    finds: "`bearerTokenFile` and `bearerTokenSecret` of an endpoint, and `targetPort` of a PodMonitor.",
    why: "`authorization` replaces both tokens; a file is read with the rights of Prometheus, which whoever \
            may write monitors then has too (`arbitraryFSAccessThroughSMs`). A PodMonitor has `port` and \
            `portNumber` (prometheus-operator: API reference).",
    wrong: "\
apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
metadata: {name: api, namespace: shop}
spec:
  selector:
    matchLabels: {app: api}
  endpoints:
    - port: metrics
      interval: 30s
      bearerTokenFile: /var/run/secrets/kubernetes.io/serviceaccount/token
",
    right: "\
apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
metadata: {name: api, namespace: shop}
spec:
  selector:
    matchLabels: {app: api}
  endpoints:
    - port: metrics
      interval: 30s
      authorization:
        credentials: {name: scraper, key: token}
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    const TOKEN: &str = "use `authorization.credentials` with a key of a Secret";
    for monitor in monitors(cx) {
        for (at, endpoint) in monitor.spec.endpoints.iter().enumerate() {
            let fields = [
                (
                    "bearerTokenFile",
                    endpoint.bearer_token_file.as_deref().is_some_and(|file| !file.is_empty()),
                ),
                (
                    "bearerTokenSecret",
                    endpoint.bearer_token_secret.as_ref().is_some_and(|s| !s.key.is_empty()),
                ),
            ];
            for (field, _) in fields.into_iter().filter(|(_, set)| *set) {
                let message = format!("{}: `{field}` is deprecated", title(monitor.object));
                out.add(monitor.object, &format!("spec.endpoints[{at}].{field}"), message).help(TOKEN);
            }
        }
    }
    for monitor in pod_monitors(cx) {
        for (at, endpoint) in monitor.spec.pod_metrics_endpoints.iter().enumerate() {
            let secret = endpoint.bearer_token_secret.as_ref().is_some_and(|s| !s.key.is_empty());
            let fields = [
                ("bearerTokenSecret", secret, TOKEN),
                ("targetPort", endpoint.target_port.is_some(), "use `port` with the name, or `portNumber`"),
            ];
            for (field, _, help) in fields.into_iter().filter(|(_, set, _)| *set) {
                let message = format!("{}: `{field}` is deprecated", title(monitor.object));
                out.add(monitor.object, &format!("spec.podMetricsEndpoints[{at}].{field}"), message)
                    .help(help);
            }
        }
    }
}
