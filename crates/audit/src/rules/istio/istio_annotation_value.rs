//! IS082: an annotation or a label of Istio with a value that it does not read.
use netloom_objects::Severity;

use super::annotations::{fault, written};
use crate::{Context, Findings, Group, Rule, words::title};

pub static RULE: Rule = Rule {
    code: "IS082",
    name: "istio-annotation-value",
    group: Group::Correctness,
    severity: Severity::Warning,
    finds: "A value of an annotation or a label of Istio that has not the form which Istio reads: a switch that is \
            neither true nor false, ports or ranges that are none, a word that is none of those that there are. It \
            is an error where the injection refuses pods for it.",
    why: "The injection checks what steers the redirection (`traffic.sidecar.istio.io/…`, \
            `status.sidecar.istio.io/port`) and refuses the pod: a Deployment then has no pods. Other values are \
            taken as if they were not there (istioctl analyze, IST0125).",
    wrong: "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata:
      labels: {app: web}
      annotations: {traffic.sidecar.istio.io/excludeInboundPorts: \"9090-9099\"}
    spec: {containers: [{name: web, image: web:1}]}
",
    right: "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata:
      labels: {app: web}
      annotations: {traffic.sidecar.istio.io/excludeInboundPorts: \"9090,9091\"}
    spec: {containers: [{name: web, image: web:1}]}
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for one in written(cx) {
        let Some(known) = one.known() else { continue };
        let Some(wanted) = fault(known.form, one.value) else { continue };
        let message = format!("{}: `{}: {}` must be {wanted}", title(one.object), one.key, one.value);
        let finding = out.add(one.object, &one.path, message);
        if known.refuses && one.of_pods {
            finding.severity(Severity::Error).help("the injection refuses the pods until it is");
        }
    }
}
