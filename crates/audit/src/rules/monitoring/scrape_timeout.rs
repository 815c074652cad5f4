//! OB006: a scrape may take longer than the time to the next one.
use netloom_objects::{Object, Severity};

use super::support::{monitors, pod_monitors, seconds};
use crate::{Context, Findings, Group, Rule, words::title};

pub static RULE: Rule = Rule {
    code: "OB006",
    name: "scrape-timeout",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "An endpoint whose `scrapeTimeout` is longer than its `interval`, and an `interval` or \
            `scrapeTimeout` that is no duration of Prometheus.",
    why: "The operator leaves such a monitor out of the configuration as a whole (\"scrapeTimeout greater than \
            scrapeInterval\"), with an event and a line in its log.",
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
      scrapeTimeout: 45s
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
      scrapeTimeout: 10s
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for monitor in monitors(cx) {
        for (at, endpoint) in monitor.spec.endpoints.iter().enumerate() {
            let path = format!("spec.endpoints[{at}]");
            judge(monitor.object, &path, &endpoint.interval, &endpoint.scrape_timeout, out);
        }
    }
    for monitor in pod_monitors(cx) {
        for (at, endpoint) in monitor.spec.pod_metrics_endpoints.iter().enumerate() {
            let path = format!("spec.podMetricsEndpoints[{at}]");
            judge(monitor.object, &path, &endpoint.interval, &endpoint.scrape_timeout, out);
        }
    }
}

fn judge(
    object: &Object,
    path: &str,
    interval: &Option<String>,
    timeout: &Option<String>,
    out: &mut Findings<'_>,
) {
    let mut read = |field: &str, text: &Option<String>| {
        let text = text.as_deref().filter(|text| !text.is_empty())?;
        let length = seconds(text);
        if length.is_none() {
            let message = format!("{}: `{text}` is no duration of Prometheus", title(object));
            out.add(object, &format!("{path}.{field}"), message)
                .help("write whole numbers with units, the longest first: `30s`, `1m30s`");
        }
        length
    };
    let (every, longest) = (read("interval", interval), read("scrapeTimeout", timeout));
    if let (Some(every), Some(longest)) = (every, longest)
        && longest > every
    {
        let message = format!(
            "{}: a scrape may take {}, but there is one every {}",
            title(object),
            timeout.as_deref().unwrap_or_default(),
            interval.as_deref().unwrap_or_default()
        );
        out.add(object, &format!("{path}.scrapeTimeout"), message)
            .help("make `scrapeTimeout` shorter than `interval`")
            .related(object, &format!("{path}.interval"), "the interval");
    }
}
