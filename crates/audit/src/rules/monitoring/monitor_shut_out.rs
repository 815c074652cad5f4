//! OB004: policies shut Prometheus out of what a monitor has it scrape.
use std::collections::{HashMap, HashSet};

use netloom_objects::{Object, Severity};

use crate::{
    Context, Findings, Group, Rule, Workload,
    rules::policy::scrape_blocked::{is_blocked, is_prometheus},
    scrapes::by_monitors,
    words::title,
};

pub static RULE: Rule = Rule {
    code: "OB004",
    name: "monitor-shut-out",
    group: Group::Reliability,
    severity: Severity::Warning,
    finds: "A ServiceMonitor or PodMonitor of whose pods the policies admit no Prometheus of the set, on the \
            port that it names.",
    why: "The target is down in Prometheus, and its alerts go silent or fire for a service that is well. Asked \
            of the compiled policies, with the pods of Prometheus as the client.",
    wrong: "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: api, namespace: shop}
spec:
  selector: {matchLabels: {app: api}}
  template:
    metadata: {labels: {app: api}}
    spec:
      containers:
        - name: api
          image: registry.example/api:1.0
          ports:
            - {name: http, containerPort: 8080}
            - {name: metrics, containerPort: 9090}
---
apiVersion: monitoring.coreos.com/v1
kind: PodMonitor
metadata: {name: api, namespace: shop}
spec:
  selector:
    matchLabels: {app: api}
  podMetricsEndpoints:
    - port: metrics
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: prometheus, namespace: monitoring}
spec:
  serviceName: prometheus
  selector: {matchLabels: {app: prometheus}}
  template:
    metadata: {labels: {app: prometheus}}
    spec: {containers: [{name: prometheus, image: quay.io/prometheus/prometheus:v3.7.3}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: api, namespace: shop}
spec:
  podSelector: {matchLabels: {app: api}}
  policyTypes: [Ingress]
  ingress:
    - ports: [{port: 8080}]
",
    right: "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: api, namespace: shop}
spec:
  selector: {matchLabels: {app: api}}
  template:
    metadata: {labels: {app: api}}
    spec:
      containers:
        - name: api
          image: registry.example/api:1.0
          ports:
            - {name: http, containerPort: 8080}
            - {name: metrics, containerPort: 9090}
---
apiVersion: monitoring.coreos.com/v1
kind: PodMonitor
metadata: {name: api, namespace: shop}
spec:
  selector:
    matchLabels: {app: api}
  podMetricsEndpoints:
    - port: metrics
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: prometheus, namespace: monitoring}
spec:
  serviceName: prometheus
  selector: {matchLabels: {app: prometheus}}
  template:
    metadata: {labels: {app: prometheus}}
    spec: {containers: [{name: prometheus, image: quay.io/prometheus/prometheus:v3.7.3}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: api, namespace: shop}
spec:
  podSelector: {matchLabels: {app: api}}
  policyTypes: [Ingress]
  ingress:
    - ports: [{port: 8080}]
    - from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: monitoring}}}]
      ports: [{port: metrics}]
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let index = cx.policy_index();
    if index.policies.is_empty() {
        return;
    }
    let scrapers: Vec<_> = index.groups.iter().filter(|group| is_prometheus(cx, group)).collect();
    let Some(first) = scrapers.first() else { return };
    let mut groups: HashMap<_, usize> = HashMap::new();
    for (number, group) in index.groups.iter().enumerate() {
        if let Some(workload) = group.workload {
            groups.entry(cx.workloads()[workload].key()).or_insert(number);
        }
    }
    let mut judge = |object: &Object, path: String, workload: &Workload<'_>, port: u16| -> bool {
        let Some(number) = groups.get(&workload.key()) else { return false };
        if !is_blocked(cx, *number, port, &scrapers) {
            return false;
        }
        let message = format!(
            "{}: the policies of {} do not admit {}/{} on {port}",
            title(object),
            title(workload.object),
            first.namespace,
            first.labels.get("app").map_or("prometheus", String::as_str)
        );
        let finding = out.add(object, &path, message);
        finding.help(format!(
            "admit pods of namespace {} (`kubernetes.io/metadata.name: {}`) on {port}",
            first.namespace, first.namespace
        ));
        let mut views = index.views_on(*number).filter(|view| view.policy.ingress.is_some());
        if let Some(view) = views.find(|view| !view.is_for_all()) {
            finding.related(view.object, "spec.ingress", "this policy isolates it");
        }
        true
    };
    let mut said = HashSet::new();
    for scrape in by_monitors(cx) {
        let endpoint = (std::ptr::from_ref(scrape.object), scrape.path.clone());
        if !said.contains(&endpoint) && judge(scrape.object, scrape.path, &scrape.workload, scrape.port) {
            said.insert(endpoint);
        }
    }
}
