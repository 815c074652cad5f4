//! DN016: a name too long for what is made of it.
use k8s_openapi::api::apps::v1::StatefulSet;
use netloom_objects::Severity;

use crate::{Context, Findings, Group, Rule};

pub static RULE: Rule = Rule {
    code: "DN016",
    name: "stateful-set-name",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "A StatefulSet whose name has more than 52 characters.",
    why: "Its pods carry the label `controller-revision-hash`, which is the name, a dash and ten characters, and a \
          label has at most 63: with a longer name no pod can be made (kubernetes/kubernetes#64023). Pod names are \
          host names too, with the same limit.",
    wrong: "\
apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: acme-storefront-production-europe-west-ledger-primary
spec:
  serviceName: ledger
  selector: {matchLabels: {app: ledger}}
  template:
    metadata: {labels: {app: ledger}}
    spec: {containers: [{name: ledger, image: \"registry.example/ledger:4.0\"}]}
",
    right: "\
apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: ledger-primary
spec:
  serviceName: ledger
  selector: {matchLabels: {app: ledger}}
  template:
    metadata: {labels: {app: ledger}}
    spec: {containers: [{name: ledger, image: \"registry.example/ledger:4.0\"}]}
",
    closed: false,
    check,
};

const LONGEST: usize = 52;

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for (object, _) in cx.all::<StatefulSet>() {
        let length = object.name.len();
        if length > LONGEST {
            let message = format!(
                "StatefulSet {}: the name has {length} characters, and with more than {LONGEST} no pod can be made",
                object.name
            );
            out.add(object, "metadata.name", message).help("shorten it");
        }
    }
}
