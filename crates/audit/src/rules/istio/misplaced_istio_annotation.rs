//! IS081: an annotation or a label of Istio where Istio does not read it.
use netloom_objects::{Object, Severity};

use super::annotations::{On, Written, written};
use crate::{Context, Findings, Group, Rule, Workload, words::title};

pub static RULE: Rule = Rule {
    code: "IS081",
    name: "misplaced-istio-annotation",
    group: Group::Correctness,
    severity: Severity::Warning,
    finds: "An annotation or a label of Istio on an object of a kind for which it has no meaning; most often one for \
            pods in the metadata of their Deployment, while the template does not have it.",
    why: "Istio reads annotations of pods from the pods: what stands in `metadata` of a Deployment stays there \
            (istioctl analyze, IST0107).",
    wrong: "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop, annotations: {sidecar.istio.io/inject: \"false\"}}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata:
      labels: {app: web}

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
      annotations: {sidecar.istio.io/inject: \"false\"}
    spec: {containers: [{name: web, image: web:1}]}
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for one in written(cx) {
        let Some(known) = one.known().filter(|known| !is_read(known.on, &one)) else { continue };
        // Charts write the same in both places.
        let of_template = Workload::of(one.object).is_some_and(|workload| {
            let entries = if one.is_label { workload.labels() } else { workload.annotations() };
            !one.of_pods && entries.contains_key(one.key)
        });
        if of_template {
            continue;
        }
        let place = match known.on {
            On::Pod => "pods",
            On::Namespace => "Namespaces",
            On::NamespaceOrPod => "Namespaces and pods",
            On::Service => "Services",
            On::Target => "Services, Namespaces and pods",
            On::Gateway => "Gateways",
            On::Any => continue,
        };
        let here = if one.of_pods { "pods" } else { &*one.object.kind };
        let message = format!(
            "{}: Istio reads the {} `{}` of {place}, and this is one of {}",
            title(one.object),
            one.what(),
            one.key,
            if here == "pods" { "a pod".to_owned() } else { format!("a {here}") }
        );
        let finding = out.add(one.object, &one.path, message);
        match Workload::of(one.object) {
            Some(workload)
                if !one.of_pods && matches!(known.on, On::Pod | On::NamespaceOrPod | On::Target) =>
            {
                let list = if one.is_label { "metadata.labels" } else { "metadata.annotations" };
                finding.help(format!("move it to `{}`", workload.path(list)));
            }
            _ => {
                finding.help(format!("move it to where it is read: {place}"));
            }
        }
    }
}

/// Whether Istio reads a key where it is written.
fn is_read(on: On, one: &Written<'_>) -> bool {
    let is = |kind: &str| !one.of_pods && *one.object.kind == *kind;
    match on {
        On::Any => true,
        On::Pod => one.of_pods || makes_pods(one.object),
        On::Namespace => is("Namespace"),
        On::NamespaceOrPod => one.of_pods || is("Namespace") || makes_pods(one.object),
        On::Service => is("Service") || is("ServiceEntry"),
        On::Target => {
            one.of_pods
                || ["Service", "Namespace", "ServiceEntry", "WorkloadEntry"].iter().any(|kind| is(kind))
                || makes_pods(one.object)
        }
        On::Gateway => is("Gateway") || is("GatewayClass") || is("ConfigMap"),
    }
}

/// Whether an object's own metadata may become that of pods: those of kinds that are not known here.
fn makes_pods(object: &Object) -> bool {
    const OTHERS: [&str; 8] = [
        "Service",
        "Namespace",
        "ServiceAccount",
        "ConfigMap",
        "Secret",
        "Ingress",
        "NetworkPolicy",
        "HorizontalPodAutoscaler",
    ];
    Workload::of(object).is_none() && !OTHERS.contains(&&*object.kind)
}
