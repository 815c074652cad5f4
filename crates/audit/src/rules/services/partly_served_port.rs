//! SV004: only some of the workloads behind a Service have the port that it aims at.
use netloom_objects::Severity;

use crate::{
    Context, Findings, Group, Rule,
    rules::services::support::{declarations, declares_everywhere, protocol_of, services, target_number},
    words::{list_of, title},
};

pub static RULE: Rule = Rule {
    code: "SV004",
    name: "partly-served-port",
    group: Group::Correctness,
    severity: Severity::Warning,
    finds: "A Service that selects the pods of several workloads, where only some of them declare the number that \
            a port aims at, and the others declare other ports.",
    why: "A Service spreads connections over every ready pod that its selector matches. The share that goes to \
          pods without the port is refused: an error that comes and goes. Most often the selector has one label \
          too few.",
    wrong: "\
apiVersion: v1
kind: Service
metadata:
  name: shop-api
spec:
  selector: {app: shop}
  ports:
    - name: http
      port: 80
      targetPort: 8080
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: shop-api
spec:
  selector: {matchLabels: {app: shop, tier: api}}
  template:
    metadata: {labels: {app: shop, tier: api}}
    spec:
      containers:
        - name: api
          image: registry.example/shop-api:5.0
          ports: [{containerPort: 8080}]
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: shop-cache
spec:
  selector: {matchLabels: {app: shop, tier: cache}}
  template:
    metadata: {labels: {app: shop, tier: cache}}
    spec:
      containers:
        - name: cache
          image: registry.example/cache:7.2
          ports: [{containerPort: 6379}]
",
    right: "\
apiVersion: v1
kind: Service
metadata:
  name: shop-api
spec:
  selector: {app: shop, tier: api}
  ports:
    - name: http
      port: 80
      targetPort: 8080
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: shop-api
spec:
  selector: {matchLabels: {app: shop, tier: api}}
  template:
    metadata: {labels: {app: shop, tier: api}}
    spec:
      containers:
        - name: api
          image: registry.example/shop-api:5.0
          ports: [{containerPort: 8080}]
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: shop-cache
spec:
  selector: {matchLabels: {app: shop, tier: cache}}
  template:
    metadata: {labels: {app: shop, tier: cache}}
    spec:
      containers:
        - name: cache
          image: registry.example/cache:7.2
          ports: [{containerPort: 6379}]
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for service in services(cx).filter(|service| !service.is_headless()) {
        // Pods of Jobs have a rule of their own.
        let workloads: Vec<_> = service.workloads(cx).into_iter().filter(|w| !w.is_job()).collect();
        if workloads.len() < 2 {
            continue;
        }
        for (path, port) in service.ports() {
            let Some(number) = target_number(port) else { continue };
            let protocol = protocol_of(port);
            let has = |workload: &crate::Workload<'_>| {
                declarations(workload).any(|d| d.number == number && d.protocol == protocol)
            };
            let without: Vec<_> = workloads.iter().filter(|w| declares_everywhere(w) && !has(w)).collect();
            if without.is_empty() || !workloads.iter().any(|workload| has(workload)) {
                continue;
            }
            let names: Vec<String> = without.iter().take(3).map(|w| title(w.object)).collect();
            let others = without.len() - names.len();
            let more = if others > 0 { format!(" and {others} more") } else { String::new() };
            let message = format!(
                "{}: port {} goes to {number}/{protocol}, and the pods of {}{more}, which it selects too, do not have it",
                service.title(),
                port.port,
                list_of(&names)
            );
            let finding = out.add(service.object, "spec.selector", message);
            finding.help("select by one more label that only the pods with this port have");
            finding.related(service.object, &path, "this port");
            for workload in without.iter().take(3) {
                finding.related(workload.object, &workload.path("metadata.labels"), "these labels match");
            }
        }
    }
}
