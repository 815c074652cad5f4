//! CN014: a CNI plugin that nobody keeps any more.
use netloom_objects::Severity;

use crate::{Context, Findings, Group, Rule, words::title};

pub static RULE: Rule = Rule {
    code: "CN014",
    name: "retired-plugin",
    group: Group::Security,
    severity: Severity::Warning,
    finds: "Weave Net, whose company and project ended in 2024, or Romana.",
    why: "What is found in it from now on nobody repairs, and it follows no new version of Kubernetes. A CNI plugin runs \
          privileged on every node and sees all traffic.",
    wrong: "\
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: weave-net, namespace: kube-system}
spec:
  selector: {matchLabels: {name: weave-net}}
  template:
    metadata: {labels: {name: weave-net}}
    spec:
      hostNetwork: true
      containers: [{name: weave, image: \"weaveworks/weave-kube:2.8.1\"}]
",
    right: "\
apiVersion: operator.tigera.io/v1
kind: Installation
metadata: {name: default}
spec:
  calicoNetwork:
    ipPools:
      - cidr: 10.244.0.0/16
        encapsulation: VXLANCrossSubnet
        natOutgoing: Enabled
        nodeSelector: all()
",
    closed: false,
    check,
};

/// A part of the image's name, and what it is of.
const RETIRED: [(&str, &str); 3] = [
    ("weaveworks/weave-kube", "Weave Net"),
    ("rajchaudhuri/weave-kube", "Weave Net"),
    ("romana/agent", "Romana"),
];

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for workload in cx.workloads() {
        for (path, container) in workload.containers() {
            let Some(image) = container.image.as_deref() else { continue };
            let Some((_, plugin)) = RETIRED.iter().find(|(part, _)| image.contains(part)) else { continue };
            let message = format!("{} runs {plugin}, a project that has ended", title(workload.object));
            out.add(workload.object, &format!("{path}.image"), message)
                .help("move to a CNI plugin that is kept: Cilium, Calico, Antrea");
        }
    }
}
