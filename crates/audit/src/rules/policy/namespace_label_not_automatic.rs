//! NP005: a namespace label that nobody put there.
use std::collections::HashSet;

use k8s_openapi::api::core::v1::Namespace;
use netloom_cluster::{NamespaceMatch, Operator, Peer, PeerRef};
use netloom_objects::Severity;

use super::support::{View, requirement_path};
use crate::{Context, Findings, Fix, Group, Rule};

pub static RULE: Rule = Rule {
    code: "NP005",
    name: "namespace-label-not-automatic",
    group: Group::Correctness,
    severity: Severity::Warning,
    finds: "A `namespaceSelector` that asks for a label which no namespace of the set has, where the Namespace \
          object is in the set without it, the set is complete, or the key is `name`, the label that people \
          take for automatic.",
    why: "The API server puts one label on every namespace: `kubernetes.io/metadata.name` (KEP-2161, since \
          1.22). `name: monitoring` is there only if somebody wrote it; without it the rule matches no \
          namespace, and the traffic is dropped.",
    wrong: "\
apiVersion: v1
kind: Namespace
metadata: {name: frontend}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: api, namespace: shop}
spec:
  podSelector: {matchLabels: {app: api}}
  policyTypes: [Ingress]
  ingress:
    - from:
        - namespaceSelector:
            matchLabels:
              name: frontend
      ports:
        - port: 8080
",
    right: "\
apiVersion: v1
kind: Namespace
metadata: {name: frontend}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: api, namespace: shop}
spec:
  podSelector: {matchLabels: {app: api}}
  policyTypes: [Ingress]
  ingress:
    - from:
        - namespaceSelector:
            matchLabels:
              kubernetes.io/metadata.name: frontend
      ports:
        - port: 8080
",
    closed: false,
    check,
};

const AUTOMATIC: &str = "kubernetes.io/metadata.name";

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let index = cx.policy_index();
    if index.policies.is_empty() {
        return;
    }
    let namespaces = &cx.snapshot().namespaces;
    let carried: HashSet<(&str, &str)> =
        namespaces.iter().flat_map(|n| n.labels.iter().map(|(k, v)| (k.as_str(), v.as_str()))).collect();
    for view in &index.policies {
        for rule in view.rules() {
            for (number, peer) in rule.peers.unwrap_or_default().iter().enumerate() {
                let Some(written) = &peer.namespace_selector else { continue };
                let Some(PeerRef { peer: Peer::Pods(pods), .. }) =
                    rule.rule.peers.as_ref().and_then(|peers| peers.get(number))
                else {
                    continue;
                };
                let NamespaceMatch::Labels(selector) = &pods.namespaces else { continue };
                let base = format!("{}[{number}].namespaceSelector", rule.peers_path());
                for requirement in &selector.requirements {
                    let Operator::In(values) = &requirement.operator else { continue };
                    let key = requirement.key.as_str();
                    if key != AUTOMATIC && !values.iter().any(|value| carried.contains(&(key, value))) {
                        let path = requirement_path(&base, written, key);
                        judge(cx, view, key, values, &path, out);
                    }
                }
            }
        }
    }
}

fn judge(
    cx: &Context<'_>,
    view: &View<'_>,
    key: &str,
    values: &[String],
    path: &str,
    out: &mut Findings<'_>,
) {
    // Other keys may have a namespace's name as their value by chance.
    let names = matches!(key, "name" | "namespace" | "ns") || key.ends_with("/name");
    let named = values.iter().filter(|_| names).find_map(|value| cx.find::<Namespace>(None, value));
    let closed = cx.is_closed("Namespace", None);
    if named.is_none() && !closed && key != "name" {
        return;
    }
    let label = format!("{key}={}", values.join("|"));
    let message = match &named {
        Some((namespace, _)) => format!(
            "{} asks for namespaces labelled {label}, and Namespace {} has no such label",
            view.title(),
            namespace.name
        ),
        None if closed => {
            format!("{} asks for namespaces labelled {label}, and no namespace is", view.title())
        }
        None => format!(
            "{} asks for namespaces labelled {label}: Kubernetes does not put that label on any",
            view.title()
        ),
    };
    let finding = out.add(view.object, path, message);
    if named.is_none() && !closed {
        finding.severity(Severity::Info);
    }
    if let Some((namespace, _)) = named {
        finding.related(namespace, "metadata", "these are its labels");
        // A list of several may mean others that have the label.
        if let [value] = values
            && *value == *namespace.name
            && path.contains(".matchLabels.")
        {
            let title = format!("write `{AUTOMATIC}: {value}`");
            finding.fix(Fix::safe(title).rename(view.object, path, AUTOMATIC));
        }
    }
    match (key, named) {
        ("name", _) | (_, Some(_)) => finding.help(format!(
            "select `{AUTOMATIC}: {}`, which every namespace has, or label the namespace",
            values.first().map_or("", String::as_str)
        )),
        _ => finding.help("label the namespaces that are meant, or select others"),
    };
}
