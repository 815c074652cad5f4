//! IS058: a sidecar for a pod that cannot have one.
use netloom_objects::Severity;

use super::support::INJECT;
use crate::{Context, Findings, Group, Rule};

pub static RULE: Rule = Rule {
    code: "IS058",
    name: "sidecar-on-host-network",
    group: Group::Correctness,
    severity: Severity::Warning,
    finds: "A pod in the node's network namespace that asks for a sidecar with `sidecar.istio.io/inject: \"true\"`.",
    why: "The injector skips pods with `hostNetwork: true`: the rules that redirect traffic to the sidecar would redirect \
          the node's. The pod is not in the mesh and has no identity (Istio's Common Problems with Sidecar Injection).",
    wrong: "\
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: agent, namespace: shop}
spec:
  selector: {matchLabels: {app: agent}}
  template:
    metadata: {labels: {app: agent, sidecar.istio.io/inject: 'true'}}
    spec:
      hostNetwork: true
      containers: [{name: agent, image: agent:1}]
",
    right: "\
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: agent, namespace: shop}
spec:
  selector: {matchLabels: {app: agent}}
  template:
    metadata: {labels: {app: agent, sidecar.istio.io/inject: 'true'}}
    spec:
      containers: [{name: agent, image: agent:1}]
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for workload in cx.workloads().iter().filter(|workload| workload.host_network()) {
        let field =
            [("metadata.labels", workload.labels()), ("metadata.annotations", workload.annotations())]
                .into_iter()
                .find(|(_, map)| map.get(INJECT).is_some_and(|value| value == "true"));
        let Some((field, _)) = field else { continue };
        let object = workload.object;
        let message = format!(
            "{} {}/{} asks for a sidecar, but lives in the node's network and gets none",
            object.kind,
            workload.namespace(),
            object.name
        );
        let path = workload.path(&format!("{field}.{}", INJECT.replace('.', "\\.")));
        let finding = out.add(object, &path, message);
        finding.related(object, &workload.path("spec.hostNetwork"), "the node's network");
        finding.help("remove the label, or `hostNetwork`");
    }
}
