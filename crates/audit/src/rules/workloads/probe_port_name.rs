//! WL002: a probe asks a port by a name that its container does not have.
use k8s_openapi::{api::core::v1::Container, apimachinery::pkg::util::intstr::IntOrString};
use netloom_objects::Severity;

use crate::{
    Context, Findings, Fix, Group, Rule,
    words::{list_of, title},
};

pub static RULE: Rule = Rule {
    code: "WL002",
    name: "probe-port-name",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "A probe or a lifecycle hook whose port is a name that the same container does not declare as a TCP \
            port.",
    why: "The kubelet looks the name up in the container that the probe is of, and nowhere else. If it is not \
          there the probe fails: the pod never becomes ready, or is restarted for ever.",
    wrong: "\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: orders
spec:
  selector: {matchLabels: {app: orders}}
  template:
    metadata: {labels: {app: orders}}
    spec:
      containers:
        - name: orders
          image: registry.example/orders:3.1
          ports:
            - {name: http, containerPort: 8080}
          readinessProbe:
            httpGet:
              path: /ready
              port: web
",
    right: "\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: orders
spec:
  selector: {matchLabels: {app: orders}}
  template:
    metadata: {labels: {app: orders}}
    spec:
      containers:
        - name: orders
          image: registry.example/orders:3.1
          ports:
            - {name: http, containerPort: 8080}
          readinessProbe:
            httpGet:
              path: /ready
              port: http
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for workload in cx.workloads() {
        for (path, container) in workload.containers() {
            let has = |name: &str| {
                container.ports.iter().flatten().any(|port| {
                    port.name.as_deref() == Some(name) && port.protocol.as_deref().is_none_or(|p| p == "TCP")
                })
            };
            for (field, port) in asked(container) {
                let IntOrString::String(name) = port else { continue };
                // A name that is a number in quotes is what validation speaks of.
                if name.is_empty() || has(name) || name.parse::<u16>().is_ok() {
                    continue;
                }
                let known: Vec<String> = container
                    .ports
                    .iter()
                    .flatten()
                    .filter_map(|port| Some(format!("`{}`", port.name.as_deref()?)))
                    .collect();
                let what = field.split('.').next().unwrap_or(field);
                let message = format!(
                    "{}: the {what} of container {} asks port `{name}`, which the container does not have",
                    title(workload.object),
                    container.name
                );
                let at = format!("{path}.{field}.port");
                let finding = out.add(workload.object, &at, message);
                finding.help(match known.as_slice() {
                    [] => format!("declare it in `ports`, or write the number in place of `{name}`"),
                    known => format!("the container has {}", list_of(known)),
                });
                if let Some([only]) = container.ports.as_deref()
                    && only.protocol.as_deref().is_none_or(|p| p == "TCP")
                {
                    let name = only.name.clone().filter(|name| !name.is_empty());
                    let port = name.unwrap_or_else(|| only.container_port.to_string());
                    let fix = Fix::safe(format!("write {port}, the container's only port"));
                    finding.fix(fix.set(workload.object, &at, &port));
                }
            }
        }
    }
}

/// The ports that probes and hooks of a container ask, each with the path of what asks.
fn asked(container: &Container) -> Vec<(&'static str, &IntOrString)> {
    let mut out = Vec::new();
    let probes = [
        ("readinessProbe.httpGet", "readinessProbe.tcpSocket", &container.readiness_probe),
        ("livenessProbe.httpGet", "livenessProbe.tcpSocket", &container.liveness_probe),
        ("startupProbe.httpGet", "startupProbe.tcpSocket", &container.startup_probe),
    ];
    for (http, tcp, probe) in probes {
        let Some(probe) = probe else { continue };
        out.extend(probe.http_get.iter().map(|action| (http, &action.port)));
        out.extend(probe.tcp_socket.iter().map(|action| (tcp, &action.port)));
    }
    if let Some(lifecycle) = &container.lifecycle {
        let hooks = [
            ("lifecycle.postStart.httpGet", &lifecycle.post_start),
            ("lifecycle.preStop.httpGet", &lifecycle.pre_stop),
        ];
        for (field, hook) in hooks {
            out.extend(
                hook.iter().filter_map(|hook| hook.http_get.as_ref()).map(|action| (field, &action.port)),
            );
        }
    }
    out
}
