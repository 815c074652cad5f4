//! CN015: Cilium that keeps no flows.
use netloom_objects::Severity;

use crate::{Context, Findings, Group, Rule, words::title};

pub static RULE: Rule = Rule {
    code: "CN015",
    name: "flows-not-observed",
    group: Group::Reliability,
    severity: Severity::Info,
    finds: "The ConfigMap of Cilium's agents with `enable-hubble` off.",
    why: "Without Hubble nobody sees which connections there are and which a policy drops: when one fails, what is left is \
          a packet capture on the node.",
    wrong: "\
apiVersion: v1
kind: ConfigMap
metadata: {name: cilium-config, namespace: kube-system}
data:
  enable-hubble: \"false\"
",
    right: "\
apiVersion: v1
kind: ConfigMap
metadata: {name: cilium-config, namespace: kube-system}
data:
  enable-hubble: \"true\"
  hubble-metrics: drop tcp flow
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for object in cx.all_of("", "ConfigMap").into_iter().filter(|object| &*object.name == "cilium-config") {
        let path = "data.enable-hubble";
        if object.text(path).is_some_and(|value| value == "false") {
            out.add(object, path, format!("{} has Cilium keep no flows", title(object)))
                .help("write `\"true\"`, and name what to count in `hubble-metrics`");
        }
    }
}
