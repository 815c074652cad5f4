//! WL021: a pod refers to a ServiceAccount, ConfigMap or Secret that does not exist.
use std::{cell::LazyCell, collections::HashMap};

use netloom_objects::{Object, Severity};

use crate::{
    Context, Findings, Group, Rule, Workload,
    rules::workloads::support::{References, references},
    words::{namespace_of, title},
};

pub static RULE: Rule = Rule {
    code: "WL021",
    name: "missing-config",
    group: Group::Correctness,
    severity: Severity::Warning,
    finds: "A reference from a pod to a ServiceAccount, ConfigMap or Secret that is not in the set, where the \
            namespace is known to be complete. Optional references, and Secrets that something in the namespace \
            produces, are left alone.",
    why: "A pod without its ServiceAccount is refused; one without its ConfigMap or Secret waits in \
          CreateContainerConfigError or ContainerCreating.",
    wrong: "\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: orders
spec:
  selector: {matchLabels: {app: orders}}
  template:
    metadata: {labels: {app: orders}}
    spec:
      serviceAccountName: orders-sa
      containers:
        - name: orders
          image: registry.example/orders:3.1
          envFrom:
            - configMapRef: {name: orders-config}
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: orders
data: {LOG_LEVEL: info}
---
apiVersion: v1
kind: ServiceAccount
metadata:
  name: orders
",
    right: "\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: orders
spec:
  selector: {matchLabels: {app: orders}}
  template:
    metadata: {labels: {app: orders}}
    spec:
      serviceAccountName: orders
      containers:
        - name: orders
          image: registry.example/orders:3.1
          envFrom:
            - configMapRef: {name: orders}
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: orders
data: {LOG_LEVEL: info}
---
apiVersion: v1
kind: ServiceAccount
metadata:
  name: orders
",
    closed: true,
    check,
};

/// Kinds whose controllers write Secrets or ConfigMaps, often under names that only their fields tell.
const PRODUCERS: [(&str, &str); 9] = [
    ("cert-manager.io", "Certificate"),
    ("external-secrets.io", "ExternalSecret"),
    ("external-secrets.io", "ClusterExternalSecret"),
    ("bitnami.com", "SealedSecret"),
    ("secrets.hashicorp.com", "VaultStaticSecret"),
    ("secrets.hashicorp.com", "VaultDynamicSecret"),
    ("postgresql.cnpg.io", "Cluster"),
    ("trust.cert-manager.io", "Bundle"),
    ("secrets-store.csi.x-k8s.io", "SecretProviderClass"),
];

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let produced = PRODUCERS.iter().any(|(group, kind)| !cx.all_of(group, kind).is_empty());
    // What there is in each namespace, to tell what may have been meant.
    let known = LazyCell::new(|| {
        let mut known: HashMap<(&str, &str), Vec<&Object>> = HashMap::new();
        for kind in ["ServiceAccount", "ConfigMap", "Secret"] {
            for object in cx.all_of("", kind) {
                known.entry((kind, namespace_of(object))).or_default().push(object);
            }
        }
        known
    });
    for workload in cx.workloads() {
        for References { kind, name, path } in references(workload) {
            if kind == "Secret" && produced || is_given(kind, name) {
                continue;
            }
            let namespace = workload.namespace();
            if !cx.is_closed(kind, Some(namespace)) || cx.find_any("", kind, Some(namespace), name).is_some()
            {
                continue;
            }
            let others = known.get(&(kind, namespace)).map_or(&[][..], Vec::as_slice);
            report(others, workload, kind, name, &path, out);
        }
    }
}

/// What is in each namespace by itself.
fn is_given(kind: &str, name: &str) -> bool {
    matches!(
        (kind, name),
        ("ServiceAccount", "default")
            | ("ConfigMap", "kube-root-ca.crt" | "openshift-service-ca.crt" | "istio-ca-root-cert")
    )
}

fn report(
    others: &[&Object],
    workload: &Workload<'_>,
    kind: &str,
    name: &str,
    path: &str,
    out: &mut Findings<'_>,
) {
    let namespace = workload.namespace();
    let message =
        format!("{} refers to {kind} {namespace}/{name}, which does not exist", title(workload.object));
    let near = others
        .iter()
        .map(|other| (netloom_objects::edit_distance(&other.name, name), *other))
        .filter(|(distance, other)| {
            *distance <= 3 || name.contains(&*other.name) || other.name.contains(name)
        })
        .min_by_key(|(distance, _)| *distance);
    let finding = out.add(workload.object, path, message);
    match near {
        Some((_, near)) => finding.help(format!("did you mean {}?", near.name)).related(
            near,
            "metadata.name",
            "this one is there",
        ),
        None => {
            finding.help(format!("add the {kind}, or mark the reference as optional where it may be absent"))
        }
    };
}
