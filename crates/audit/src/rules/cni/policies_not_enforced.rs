//! CN013: network policies that nothing enforces.
use k8s_openapi::api::networking::v1::NetworkPolicy;
use netloom_objects::Severity;

use super::plugin::{Plugin, plugins};
use crate::{Context, Findings, Group, Rule, words::title};

pub static RULE: Rule = Rule {
    code: "CN013",
    name: "policies-not-enforced",
    group: Group::Security,
    severity: Severity::Error,
    finds: "NetworkPolicies in a set whose CNI plugin is flannel without a policy engine beside it, or Cilium with \
            `enable-policy: never`.",
    why: "The API server takes policies whether or not anything acts on them. Flannel connects pods and knows no policies \
          (flannel's README); Cilium with `never` ignores them. Every connection that they deny goes through.",
    wrong: "\
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: kube-flannel-ds, namespace: kube-flannel}
spec:
  selector: {matchLabels: {app: flannel}}
  template:
    metadata: {labels: {app: flannel}}
    spec:
      hostNetwork: true
      containers: [{name: kube-flannel, image: \"ghcr.io/flannel-io/flannel:v0.27.4\"}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: default-deny, namespace: shop}
spec:
  podSelector: {}
  policyTypes: [Ingress]
",
    right: "\
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: kube-flannel-ds, namespace: kube-flannel}
spec:
  selector: {matchLabels: {app: flannel}}
  template:
    metadata: {labels: {app: flannel}}
    spec:
      hostNetwork: true
      containers: [{name: kube-flannel, image: \"ghcr.io/flannel-io/flannel:v0.27.4\"}]
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: kube-network-policies, namespace: kube-system}
spec:
  selector: {matchLabels: {app: kube-network-policies}}
  template:
    metadata: {labels: {app: kube-network-policies}}
    spec:
      hostNetwork: true
      containers: [{name: engine, image: \"registry.k8s.io/networking/kube-network-policies:v1.0.0\"}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: default-deny, namespace: shop}
spec:
  podSelector: {}
  policyTypes: [Ingress]
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let Some((policy, _)) = cx.all::<NetworkPolicy>().next() else { return };
    let key = r"data.enable-policy";
    let never = cx.all_of("", "ConfigMap").into_iter().find(|object| {
        &*object.name == "cilium-config" && object.text(key).is_some_and(|value| value == "never")
    });
    if let Some(config) = never {
        let message = format!("{} has Cilium enforce no policy, and the set has policies", title(config));
        out.add(config, key, message).help("write `default`").related(policy, "metadata.name", "one of them");
        return;
    }
    let plugins = plugins(cx);
    let flannel = plugins
        .iter()
        .find_map(|(plugin, workload)| (*plugin == Plugin::Flannel).then_some(workload.as_ref()?));
    let Some(flannel) = flannel.filter(|_| plugins.iter().all(|(plugin, _)| *plugin == Plugin::Flannel))
    else {
        return;
    };
    let message =
        format!("{} connects the pods, and flannel enforces no network policy", title(flannel.object));
    out.add(flannel.object, "metadata.name", message)
        .help("add a policy engine, kube-network-policies or Calico's, or use a CNI plugin that has one")
        .related(policy, "metadata.name", "one of the policies");
}
