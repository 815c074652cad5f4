//! WL019: two containers of a pod want one port.
use std::collections::HashMap;

use netloom_objects::Severity;

use crate::{Context, Findings, Group, Rule, words::title};

pub static RULE: Rule = Rule {
    code: "WL019",
    name: "shared-pod-port",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "Two containers of one pod that declare the same port and protocol, or ports of the same name \
            (warning).",
    why: "The containers of a pod share one network: the second to bind the port fails with \"address already in \
          use\". Of two ports with one name a Service or policy finds only the first.",
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
        - name: admin
          image: registry.example/orders-admin:3.1
          ports:
            - {name: admin, containerPort: 8080}
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
        - name: admin
          image: registry.example/orders-admin:3.1
          ports:
            - {name: admin, containerPort: 8081}
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for workload in cx.workloads() {
        let mut numbers = HashMap::new();
        let mut names = HashMap::new();
        for (path, container) in workload.containers() {
            for (index, port) in container.ports.iter().flatten().enumerate() {
                let protocol = port.protocol.as_deref().unwrap_or("TCP");
                let place = format!("{path}.ports[{index}]");
                let number = (port.container_port, protocol);
                let mine = (container.name.as_str(), place.clone());
                // Within one container validation speaks of it.
                let taken =
                    numbers.insert(number, mine.clone()).filter(|(other, _)| *other != container.name);
                let name = port.name.as_deref().filter(|name| !name.is_empty());
                let named = name.and_then(|name| names.insert((name, protocol), mine));
                let named = named.filter(|(other, _)| *other != container.name);
                if let Some((other, first)) = taken {
                    let message = format!(
                        "{}: containers {other} and {} both want port {}/{protocol} of the pod",
                        title(workload.object),
                        container.name,
                        port.container_port
                    );
                    out.add(workload.object, &format!("{place}.containerPort"), message)
                        .help("let one of them listen on another port")
                        .related(workload.object, &format!("{first}.containerPort"), "first here");
                } else if let (Some((other, first)), Some(name)) = (named, name) {
                    let message = format!(
                        "{}: containers {other} and {} both have a port named `{name}`, and only the first is found by it",
                        title(workload.object),
                        container.name
                    );
                    out.add(workload.object, &format!("{place}.name"), message)
                        .help("give one of them another name")
                        .related(workload.object, &format!("{first}.name"), "first here")
                        .severity(Severity::Warning);
                }
            }
        }
    }
}
