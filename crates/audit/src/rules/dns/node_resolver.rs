//! DN004: a pod is told names of Services, and asks a resolver that does not know them.
use netloom_objects::Severity;

use crate::{
    Context, Findings, Group, Rule,
    rules::{services::support::find_service, workloads::addresses::addresses},
    words::title,
};

pub static RULE: Rule = Rule {
    code: "DN004",
    name: "node-resolver",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "A pod with `dnsPolicy: Default`, or with `hostNetwork` and `ClusterFirst`, whose environment, \
            arguments or ConfigMaps name a Service of the set.",
    why: "Such a pod uses the node's resolver. On `hostNetwork` the policy ClusterFirst, the default, means just \
          that, silently; the field's other value `ClusterFirstWithHostNet` exists for this. Names of Services \
          then do not resolve.",
    wrong: "\
apiVersion: apps/v1
kind: DaemonSet
metadata:
  name: shipper
spec:
  selector: {matchLabels: {app: shipper}}
  template:
    metadata: {labels: {app: shipper}}
    spec:
      hostNetwork: true
      containers:
        - name: shipper
          image: registry.example/shipper:2.0
          env:
            - {name: LOGS_URL, value: \"http://logs.monitoring:3100\"}
---
apiVersion: v1
kind: Service
metadata:
  name: logs
  namespace: monitoring
spec:
  selector: {app: logs}
  ports:
    - {name: http, port: 3100}
",
    right: "\
apiVersion: apps/v1
kind: DaemonSet
metadata:
  name: shipper
spec:
  selector: {matchLabels: {app: shipper}}
  template:
    metadata: {labels: {app: shipper}}
    spec:
      hostNetwork: true
      dnsPolicy: ClusterFirstWithHostNet
      containers:
        - name: shipper
          image: registry.example/shipper:2.0
          env:
            - {name: LOGS_URL, value: \"http://logs.monitoring:3100\"}
---
apiVersion: v1
kind: Service
metadata:
  name: logs
  namespace: monitoring
spec:
  selector: {app: logs}
  ports:
    - {name: http, port: 3100}
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for workload in cx.workloads() {
        let policy = workload.spec.dns_policy.as_deref().unwrap_or("ClusterFirst");
        let by_host = policy == "ClusterFirst" && workload.host_network();
        if !by_host && policy != "Default" {
            continue;
        }
        let known = addresses(cx, workload)
            .into_iter()
            .find_map(|address| Some((find_service(cx, address.namespace, address.name)?, address)));
        let Some((service, address)) = known else { continue };
        let (field, why) = match by_host {
            true => ("spec.hostNetwork", "on the node's network ClusterFirst is the node's resolver"),
            false => ("spec.dnsPolicy", "`dnsPolicy: Default` is the node's resolver"),
        };
        let message = format!(
            "{} is told {}, and cannot resolve {}: {why}",
            title(workload.object),
            address.text,
            service.title()
        );
        out.add(workload.object, &workload.path(field), message)
            .help(match by_host {
                true => "set `dnsPolicy: ClusterFirstWithHostNet`",
                false => "leave `dnsPolicy` out: ClusterFirst is the default",
            })
            .related(address.object, &address.path, "names it");
    }
}
