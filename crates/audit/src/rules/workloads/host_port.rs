//! WL018: a scheduled pod takes a port of the node.
use netloom_objects::{Severity, Typed};

use crate::{Context, Findings, Group, Rule, words::title};

pub static RULE: Rule = Rule {
    code: "WL018",
    name: "host-port",
    group: Group::Reliability,
    severity: Severity::Warning,
    finds: "`hostPort` on the pods of anything but a DaemonSet, without `hostNetwork`.",
    why: "Only one pod with a port fits on a node: replicas beyond the nodes stay Pending, and so does the new pod \
          of an update while the old one holds the port. Which node answers changes with each move, and the port \
          is open on every address that the node has. A Service gives a port that stays.",
    wrong: "\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: intake
spec:
  replicas: 2
  selector: {matchLabels: {app: intake}}
  template:
    metadata: {labels: {app: intake}}
    spec:
      containers:
        - name: intake
          image: registry.example/intake:2.2
          ports:
            - containerPort: 8080
              hostPort: 8080
",
    right: "\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: intake
spec:
  replicas: 2
  selector: {matchLabels: {app: intake}}
  template:
    metadata: {labels: {app: intake}}
    spec:
      containers:
        - name: intake
          image: registry.example/intake:2.2
          ports:
            - containerPort: 8080
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for workload in cx.workloads() {
        // A DaemonSet has one pod a node, and a static pod says itself which node it is for.
        let is_bound = |name: &String| !name.is_empty();
        let scheduled = !matches!(workload.object.typed, Typed::DaemonSet(_))
            && !workload.spec.node_name.as_ref().is_some_and(is_bound);
        // On the node's network the field only repeats the port, so that the scheduler knows of it.
        if !scheduled || workload.host_network() {
            continue;
        }
        for (path, container) in workload.containers() {
            for (index, port) in container.ports.iter().flatten().enumerate() {
                let Some(number) = port.host_port.filter(|number| *number != 0) else { continue };
                // Bound to the node itself, for an agent beside it.
                if port.host_ip.as_deref().is_some_and(|ip| ip.starts_with("127.") || ip == "::1") {
                    continue;
                }
                let message = format!(
                    "{}: container {} takes port {number} of its node, so that only one pod of it fits on each",
                    title(workload.object),
                    container.name
                );
                out.add(workload.object, &format!("{path}.ports[{index}].hostPort"), message)
                    .help("leave `hostPort` out, and put a Service of type NodePort or LoadBalancer before the pods");
            }
        }
    }
}
