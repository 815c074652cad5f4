//! IS055: an application that runs as the proxy's user.
use netloom_objects::Severity;

use super::support::{Mesh, mesh_of_workload};
use crate::{Context, Findings, Group, Rule};

pub static RULE: Rule = Rule {
    code: "IS055",
    name: "reserved-proxy-user",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "A container other than the proxy that runs as user or group 1337 in a pod with a sidecar.",
    why: "Traffic of user and group 1337 is the proxy's own and goes around it: the application is not in the mesh, has no \
          identity, and no policy sees its requests (Istio's Application Requirements; istioctl analyze, IST0144).",
    wrong: "\
apiVersion: v1
kind: Namespace
metadata:
  name: shop
  labels: {istio-injection: enabled}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: cart, namespace: shop}
spec:
  selector: {matchLabels: {app: cart}}
  template:
    metadata: {labels: {app: cart}}
    spec:
      securityContext: {runAsUser: 1337}
      containers: [{name: cart, image: cart:1}]
",
    right: "\
apiVersion: v1
kind: Namespace
metadata:
  name: shop
  labels: {istio-injection: enabled}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: cart, namespace: shop}
spec:
  selector: {matchLabels: {app: cart}}
  template:
    metadata: {labels: {app: cart}}
    spec:
      securityContext: {runAsUser: 10001}
      containers: [{name: cart, image: cart:1}]
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for workload in cx.workloads() {
        if mesh_of_workload(cx, workload) != Some(Mesh::Sidecar) {
            continue;
        }
        let pod = workload.spec.security_context.as_ref().and_then(|context| context.run_as_user);
        for (path, container) in workload.containers().filter(|(_, c)| c.name != "istio-proxy") {
            let own = container.security_context.as_ref().and_then(|context| context.run_as_user);
            let path = match (own, pod) {
                (Some(1337), _) => format!("{path}.securityContext.runAsUser"),
                (None, Some(1337)) => workload.path("spec.securityContext.runAsUser"),
                _ => continue,
            };
            let object = workload.object;
            let message = format!(
                "container {} of {} {}/{} runs as user 1337: its traffic goes around the proxy",
                container.name,
                object.kind,
                workload.namespace(),
                object.name
            );
            out.add(object, &path, message).help("use any other user");
        }
    }
}
