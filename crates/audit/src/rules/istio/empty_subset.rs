//! IS018: a subset that holds no pod of its host.
use std::{collections::BTreeMap, sync::Arc};

use netloom_cluster::Pod;
use netloom_objects::{Severity, istio::DestinationRule};

use super::support::{Registry, full_host, shown};
use crate::{
    Context, Findings, Group, Rule,
    words::{namespace_of, title},
};

pub static RULE: Rule = Rule {
    code: "IS018",
    name: "empty-subset",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "A subset whose labels no pod of the host's Service has. Labels that Istio takes from a pod's node (its zone, \
            region, name) and from the mesh (network, cluster) are left out.",
    why: "A subset is those pods of the Service that have its labels as well. Without any, requests to it are answered \
          503 with the flag UH (Istio's reference of Subset, `labels`).",
    wrong: "\
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: cart, namespace: shop}
spec:
  host: cart
  subsets:
    - name: v2
      labels: {version: v2}
---
apiVersion: v1
kind: Service
metadata: {name: cart, namespace: shop}
spec:
  selector: {app: cart}
  ports: [{name: http, port: 80}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: cart-v2, namespace: shop}
spec:
  selector: {matchLabels: {app: cart, release: v2}}
  template:
    metadata: {labels: {app: cart, release: v2}}
    spec: {containers: [{name: cart, image: cart:2}]}
",
    right: "\
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: cart, namespace: shop}
spec:
  host: cart
  subsets:
    - name: v2
      labels: {release: v2}
---
apiVersion: v1
kind: Service
metadata: {name: cart, namespace: shop}
spec:
  selector: {app: cart}
  ports: [{name: http, port: 80}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: cart-v2, namespace: shop}
spec:
  selector: {matchLabels: {app: cart, release: v2}}
  template:
    metadata: {labels: {app: cart, release: v2}}
    spec: {containers: [{name: cart, image: cart:2}]}
",
    closed: true,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let registry = Registry::new(cx);
    for (object, rule) in cx.all::<DestinationRule>() {
        let host = full_host(cx, &rule.spec.host, namespace_of(object));
        let Some((service, content)) = registry.service(&host) else { continue };
        let namespace = namespace_of(service);
        let selector =
            content.spec.as_ref().and_then(|spec| spec.selector.as_ref()).filter(|s| !s.is_empty());
        let Some(selector) = selector.filter(|_| cx.is_closed("Pod", Some(namespace))) else { continue };
        // ServiceEntries may add workloads of their own to a Service.
        if !registry.entries(&host).is_empty() {
            continue;
        }
        for (index, subset) in rule.spec.subsets.iter().enumerate().filter(|(_, s)| !s.labels.is_empty()) {
            let has = |own: &BTreeMap<String, String>| {
                let mut of_pods = subset.labels.iter().filter(|(key, _)| !is_of_the_node(key));
                of_pods.all(|(key, value)| own.get(key) == Some(value))
            };
            let is_behind = |pod: &Arc<Pod>| selector.iter().all(|(k, v)| pod.labels.get(k) == Some(v));
            if cx.workloads_with(namespace, selector).any(|workload| has(workload.labels()))
                || cx.pods_in(namespace).iter().any(|pod| is_behind(pod) && has(&pod.labels))
            {
                continue;
            }
            let message = format!(
                "subset `{}` of {} is empty: no pod of {} has {}",
                subset.name,
                title(object),
                title(service),
                shown(&subset.labels)
            );
            let finding = out.add(object, &format!("spec.subsets[{index}].labels"), message);
            for workload in cx.workloads_with(namespace, selector).take(3) {
                finding.related(
                    workload.object,
                    &workload.path("metadata.labels"),
                    "the labels of a pod of the Service",
                );
            }
            finding.help("write labels that the pods have");
        }
    }
}

/// Whether Istio gives a label to the endpoints of pods by itself: from their node, or from the mesh.
fn is_of_the_node(key: &str) -> bool {
    key.starts_with("topology.kubernetes.io/")
        || key.starts_with("topology.istio.io/")
        || key.starts_with("failure-domain.beta.kubernetes.io/")
        || key == "kubernetes.io/hostname"
}
