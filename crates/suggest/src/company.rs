//! Who else may live in a namespace: pods that no object of the set declares, and that a policy for all of the
//! namespace would shut off.
use std::{collections::BTreeMap, sync::Arc};

use netloom_cluster::{NamespaceMatch, Peer, Snapshot, Tier};
use netloom_objects::{Object, ObjectSet, Typed};
use netloom_reach::{Home, StandIn};

use crate::{
    makers,
    need::{Learnt, Reason},
    today::{is_own, stand_in},
    units::{Units, namespace_of},
};

/// What tells of others, by namespace. A namespace that is not in it has the pods of the set and no more.
pub(crate) type Company = BTreeMap<Arc<str>, Vec<Reason>>;

/// Finds the namespaces of the set's pods in which others may live.
pub(crate) fn company(objects: &ObjectSet, snapshot: &Snapshot, units: &Units) -> Company {
    let own: BTreeMap<&str, &Arc<str>> =
        units.all().iter().map(|unit| (&*unit.namespace, &unit.namespace)).collect();
    let mut company = Company::new();
    let mut tell = |namespace: &str, reason: Reason| {
        if let Some(namespace) = own.get(namespace) {
            company.entry(Arc::clone(namespace)).or_default().push(reason);
        }
    };
    for namespace in snapshot.namespaces.iter().filter(|namespace| namespace.origin.is_none()) {
        let text = "no object of the set declares this namespace".to_owned();
        tell(&namespace.name, Reason { learnt: Learnt::Derived, text, at: None });
    }
    for policy in snapshot.policies.iter().filter(|policy| policy.tier == Tier::NetworkPolicy) {
        let NamespaceMatch::Named(namespace) = &policy.subject.namespaces else { continue };
        let selects = |labels: &_| policy.subject.pods.matches(labels);
        if !has_pods(snapshot, namespace, &selects) {
            let text = format!("NetworkPolicy {} selects pods that are not in the set", policy.origin.name);
            tell(namespace, Reason::derived(text, policy.origin.at.clone()));
        }
    }
    for (namespace, reason) in named_by_policies(objects, snapshot) {
        tell(&namespace, reason);
    }
    for object in objects.objects() {
        let namespace = namespace_of(object);
        let reason = match &object.typed {
            Typed::Service(service) => {
                let selector = service.spec.as_ref().and_then(|spec| spec.selector.as_ref());
                let Some(selector) = selector.filter(|selector| !selector.is_empty()) else { continue };
                let selects = |labels: &BTreeMap<String, String>| {
                    selector.iter().all(|(key, value)| labels.get(key) == Some(value))
                };
                if has_pods(snapshot, namespace, &selects) {
                    continue;
                }
                format!("Service {} selects pods that are not in the set", object.name)
            }
            Typed::Gateway(_) => {
                format!("the controller of Gateway {} may run its proxies here", object.name)
            }
            Typed::Other(_) if may_have_pods(object) && !is_of_pods(snapshot, object) => {
                format!("an operator may run pods for {} {}", object.kind, object.name)
            }
            _ => continue,
        };
        tell(namespace, Reason::derived(reason, object.reference.at.clone()));
    }
    for maker in makers::all(objects) {
        let text = format!("{} may make pods here: {}", maker.account, maker.binding.kind);
        tell(&maker.namespace, Reason::derived(text, maker.binding.at.clone()));
    }
    company
}

/// Namespaces in which policies name pods, by their labels, that the set does not have.
fn named_by_policies(objects: &ObjectSet, snapshot: &Snapshot) -> Vec<(Arc<str>, Reason)> {
    let mut named = Vec::new();
    let policies = snapshot.policies.iter().filter(|policy| policy.tier == Tier::NetworkPolicy);
    for policy in policies.filter(|policy| !is_own(objects, policy)) {
        let rules = policy.ingress.iter().chain(&policy.egress).flatten();
        for peer in rules.flat_map(|rule| rule.peers.iter().flatten()) {
            let Peer::Pods(pods) = &peer.peer else { continue };
            let Some(StandIn { home: Home::Named(namespace), labels }) = stand_in(pods) else { continue };
            if labels.is_empty() || has_pods(snapshot, &namespace, &|own| pods.pods.matches(own)) {
                continue;
            }
            let text = format!("NetworkPolicy {} names pods that are not in the set", policy.origin.name);
            named.push((namespace, Reason::derived(text, peer.origin.at.clone())));
        }
    }
    named
}

fn has_pods(
    snapshot: &Snapshot,
    namespace: &str,
    selects: &dyn Fn(&BTreeMap<String, String>) -> bool,
) -> bool {
    snapshot.pods.iter().any(|pod| *pod.namespace == *namespace && selects(&pod.labels))
}

/// Whether the pods of an object of an operator's kind are in the set.
fn is_of_pods(snapshot: &Snapshot, object: &Object) -> bool {
    let is_own = |pod: &&Arc<netloom_cluster::Pod>| {
        *pod.namespace == *namespace_of(object)
            && pod.workload.kind == object.kind
            && pod.workload.name == object.name
    };
    snapshot.pods.iter().any(|pod| is_own(&pod))
}

/// Groups of kinds that configure something, and for which nobody runs pods where the object is.
const WITHOUT_PODS: &[&str] = &[
    "acme.cert-manager.io",
    "autoscaling.k8s.io",
    "bitnami.com",
    "cert-manager.io",
    "cilium.io",
    "configuration.konghq.com",
    "crd.projectcalico.org",
    "external-secrets.io",
    "externaldns.k8s.io",
    "extensions.istio.io",
    "gateway.envoyproxy.io",
    "gateway.networking.k8s.io",
    "getambassador.io",
    "image.toolkit.fluxcd.io",
    "k8s.nginx.org",
    "kyverno.io",
    "linkerd.io",
    "metallb.io",
    "monitoring.coreos.com",
    "networking.gke.io",
    "networking.istio.io",
    "notification.toolkit.fluxcd.io",
    "policy.linkerd.io",
    "policy.networking.k8s.io",
    "projectcalico.org",
    "projectcontour.io",
    "route.openshift.io",
    "secrets-store.csi.x-k8s.io",
    "security.istio.io",
    "snapshot.storage.k8s.io",
    "source.toolkit.fluxcd.io",
    "split.smi-spec.io",
    "telemetry.istio.io",
    "traefik.io",
];

/// Kinds of such groups for which an operator runs pods all the same, and kinds of others for which none does.
const WITH: &[&str] =
    &["Alertmanager", "Prometheus", "PrometheusAgent", "ThanosRuler", "GatewayProxy", "EnvoyProxy"];
const WITHOUT: &[&str] = &[
    "AppProject",
    "Application",
    "ApplicationSet",
    "Component",
    "Configuration",
    "GrafanaDashboard",
    "GrafanaDatasource",
    "ScaledObject",
];

/// Whether an operator may run pods for an object: it is of a group that is not Kubernetes' own.
fn may_have_pods(object: &Object) -> bool {
    let Some((group, _)) = object.api_version.split_once('/') else { return false };
    let own = !group.contains('.') || (group.ends_with(".k8s.io") && !group.ends_with(".x-k8s.io"));
    let plain = WITHOUT_PODS.contains(&group) || WITHOUT.contains(&&*object.kind);
    !own && (!plain || WITH.contains(&&*object.kind))
}
