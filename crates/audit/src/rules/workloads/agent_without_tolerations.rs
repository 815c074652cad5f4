//! WL016: a node agent that does not run on every node.
use k8s_openapi::api::apps::v1::DaemonSet;
use netloom_objects::Severity;

use crate::{
    Context, Findings, Group, Rule, Workload, rules::workloads::support::all_containers, words::title,
};

pub static RULE: Rule = Rule {
    code: "WL016",
    name: "agent-without-tolerations",
    group: Group::Correctness,
    severity: Severity::Info,
    finds: "A DaemonSet that works on the node itself (its network, its processes, privileged) in kube-system and \
            tolerates no taint, without choosing nodes either.",
    why: "A DaemonSet without tolerations leaves out every node with a taint: control planes, GPU nodes, nodes \
          kept for somebody. What the agent sets up is missing exactly there.",
    wrong: "\
apiVersion: apps/v1
kind: DaemonSet
metadata:
  name: node-routes
  namespace: kube-system
spec:
  selector: {matchLabels: {app: node-routes}}
  template:
    metadata: {labels: {app: node-routes}}
    spec:
      hostNetwork: true
      containers:
        - name: routes
          image: registry.example/node-routes:1.3
",
    right: "\
apiVersion: apps/v1
kind: DaemonSet
metadata:
  name: node-routes
  namespace: kube-system
spec:
  selector: {matchLabels: {app: node-routes}}
  template:
    metadata: {labels: {app: node-routes}}
    spec:
      hostNetwork: true
      tolerations:
        - operator: Exists
      containers:
        - name: routes
          image: registry.example/node-routes:1.3
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for (object, _) in cx.all::<DaemonSet>() {
        let Some(workload) = Workload::of(object) else { continue };
        let spec = workload.spec;
        let chooses = spec.node_selector.as_ref().is_some_and(|labels| !labels.is_empty())
            || spec.affinity.as_ref().is_some_and(|affinity| affinity.node_affinity.is_some());
        let tolerates = spec.tolerations.as_ref().is_some_and(|list| !list.is_empty());
        if workload.namespace() != "kube-system" || chooses || tolerates {
            continue;
        }
        let privileged = all_containers(&workload).into_iter().find_map(|(path, container)| {
            let context = container.security_context.as_ref()?;
            (context.privileged == Some(true)).then(|| format!("{path}.securityContext.privileged"))
        });
        let place = if spec.host_network == Some(true) {
            workload.path("spec.hostNetwork")
        } else if spec.host_pid == Some(true) {
            workload.path("spec.hostPID")
        } else if let Some(place) = privileged {
            place
        } else {
            continue;
        };
        let message = format!(
            "{} works on the nodes themselves and tolerates no taint: nodes with one are left out, control planes among them",
            title(object)
        );
        out.add(object, &place, message).help(
            "add `tolerations: [{operator: Exists}]`, or a `nodeSelector` that says which nodes are meant",
        );
    }
}
