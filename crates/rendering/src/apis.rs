//! Kubernetes' own APIs: which kinds a release serves.
//!
//! A chart asks for them by `.Capabilities.APIVersions.Has`. What helm answers without a cluster is only the versions
//! that it was built with, and no kinds.
use std::{fs, path::Path};

use netloom_objects::{Object, parse_sources, read_sources};

/// A version of a group, the releases that serve it, and its kinds.
struct Api {
    version: &'static str,
    /// The first minor release that serves it; 0 for before all that matter.
    since: u16,
    /// The first minor release that does not.
    removed: u16,
    kinds: &'static [&'static str],
}

const fn api(version: &'static str, since: u16, kinds: &'static [&'static str]) -> Api {
    Api { version, since, removed: u16::MAX, kinds }
}

const fn former(version: &'static str, since: u16, removed: u16, kinds: &'static [&'static str]) -> Api {
    Api { version, since, removed, kinds }
}

/// What an API server serves unless it is told otherwise: beta versions of before 1.24, and none that is alpha.
static APIS: &[Api] = &[
    api(
        "v1",
        0,
        &[
            "Binding",
            "ComponentStatus",
            "ConfigMap",
            "Endpoints",
            "Event",
            "LimitRange",
            "Namespace",
            "Node",
            "PersistentVolume",
            "PersistentVolumeClaim",
            "Pod",
            "PodTemplate",
            "ReplicationController",
            "ResourceQuota",
            "Secret",
            "Service",
            "ServiceAccount",
        ],
    ),
    api(
        "admissionregistration.k8s.io/v1",
        16,
        &["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"],
    ),
    api(
        "admissionregistration.k8s.io/v1",
        30,
        &["ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"],
    ),
    api(
        "admissionregistration.k8s.io/v1",
        36,
        &["MutatingAdmissionPolicy", "MutatingAdmissionPolicyBinding"],
    ),
    former(
        "admissionregistration.k8s.io/v1beta1",
        9,
        22,
        &["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"],
    ),
    api("apiextensions.k8s.io/v1", 16, &["CustomResourceDefinition"]),
    former("apiextensions.k8s.io/v1beta1", 7, 22, &["CustomResourceDefinition"]),
    api("apiregistration.k8s.io/v1", 10, &["APIService"]),
    former("apiregistration.k8s.io/v1beta1", 7, 22, &["APIService"]),
    api("apps/v1", 9, &["ControllerRevision", "DaemonSet", "Deployment", "ReplicaSet", "StatefulSet"]),
    former("apps/v1beta1", 5, 16, &["ControllerRevision", "Deployment", "StatefulSet"]),
    former(
        "apps/v1beta2",
        8,
        16,
        &["ControllerRevision", "DaemonSet", "Deployment", "ReplicaSet", "StatefulSet"],
    ),
    api("authentication.k8s.io/v1", 6, &["TokenReview"]),
    api("authentication.k8s.io/v1", 28, &["SelfSubjectReview"]),
    former("authentication.k8s.io/v1beta1", 4, 22, &["TokenReview"]),
    api(
        "authorization.k8s.io/v1",
        6,
        &[
            "LocalSubjectAccessReview",
            "SelfSubjectAccessReview",
            "SelfSubjectRulesReview",
            "SubjectAccessReview",
        ],
    ),
    former(
        "authorization.k8s.io/v1beta1",
        2,
        22,
        &[
            "LocalSubjectAccessReview",
            "SelfSubjectAccessReview",
            "SelfSubjectRulesReview",
            "SubjectAccessReview",
        ],
    ),
    api("autoscaling/v1", 2, &["HorizontalPodAutoscaler", "Scale"]),
    api("autoscaling/v2", 23, &["HorizontalPodAutoscaler"]),
    former("autoscaling/v2beta1", 8, 25, &["HorizontalPodAutoscaler"]),
    former("autoscaling/v2beta2", 12, 26, &["HorizontalPodAutoscaler"]),
    api("batch/v1", 2, &["Job"]),
    api("batch/v1", 21, &["CronJob"]),
    former("batch/v1beta1", 8, 25, &["CronJob"]),
    api("certificates.k8s.io/v1", 19, &["CertificateSigningRequest"]),
    former("certificates.k8s.io/v1beta1", 6, 22, &["CertificateSigningRequest"]),
    api("coordination.k8s.io/v1", 14, &["Lease"]),
    former("coordination.k8s.io/v1beta1", 12, 22, &["Lease"]),
    api("discovery.k8s.io/v1", 21, &["EndpointSlice"]),
    former("discovery.k8s.io/v1beta1", 17, 25, &["EndpointSlice"]),
    api("events.k8s.io/v1", 19, &["Event"]),
    former("events.k8s.io/v1beta1", 8, 25, &["Event"]),
    former(
        "extensions/v1beta1",
        0,
        16,
        &["DaemonSet", "Deployment", "NetworkPolicy", "PodSecurityPolicy", "ReplicaSet"],
    ),
    former("extensions/v1beta1", 0, 22, &["Ingress"]),
    api("flowcontrol.apiserver.k8s.io/v1", 29, &["FlowSchema", "PriorityLevelConfiguration"]),
    former("flowcontrol.apiserver.k8s.io/v1beta1", 20, 26, &["FlowSchema", "PriorityLevelConfiguration"]),
    former("flowcontrol.apiserver.k8s.io/v1beta2", 23, 29, &["FlowSchema", "PriorityLevelConfiguration"]),
    former("flowcontrol.apiserver.k8s.io/v1beta3", 26, 32, &["FlowSchema", "PriorityLevelConfiguration"]),
    api("networking.k8s.io/v1", 7, &["NetworkPolicy"]),
    api("networking.k8s.io/v1", 19, &["Ingress", "IngressClass"]),
    api("networking.k8s.io/v1", 33, &["IPAddress", "ServiceCIDR"]),
    former("networking.k8s.io/v1beta1", 14, 22, &["Ingress"]),
    former("networking.k8s.io/v1beta1", 18, 22, &["IngressClass"]),
    api("node.k8s.io/v1", 20, &["RuntimeClass"]),
    former("node.k8s.io/v1beta1", 14, 25, &["RuntimeClass"]),
    api("policy/v1", 21, &["PodDisruptionBudget"]),
    api("policy/v1", 22, &["Eviction"]),
    former("policy/v1beta1", 5, 25, &["PodDisruptionBudget"]),
    former("policy/v1beta1", 10, 25, &["PodSecurityPolicy"]),
    api("rbac.authorization.k8s.io/v1", 8, &["ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"]),
    former(
        "rbac.authorization.k8s.io/v1beta1",
        6,
        22,
        &["ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"],
    ),
    api(
        "resource.k8s.io/v1",
        34,
        &["DeviceClass", "ResourceClaim", "ResourceClaimTemplate", "ResourceSlice"],
    ),
    api("scheduling.k8s.io/v1", 14, &["PriorityClass"]),
    former("scheduling.k8s.io/v1beta1", 11, 22, &["PriorityClass"]),
    api("storage.k8s.io/v1", 6, &["StorageClass"]),
    api("storage.k8s.io/v1", 13, &["VolumeAttachment"]),
    api("storage.k8s.io/v1", 17, &["CSINode"]),
    api("storage.k8s.io/v1", 18, &["CSIDriver"]),
    api("storage.k8s.io/v1", 24, &["CSIStorageCapacity"]),
    api("storage.k8s.io/v1", 34, &["VolumeAttributesClass"]),
    former("storage.k8s.io/v1beta1", 6, 22, &["StorageClass"]),
    former("storage.k8s.io/v1beta1", 10, 22, &["VolumeAttachment"]),
    former("storage.k8s.io/v1beta1", 14, 22, &["CSIDriver", "CSINode"]),
    former("storage.k8s.io/v1beta1", 21, 27, &["CSIStorageCapacity"]),
];

/// All that a release serves: each `group/version`, and each `group/version/Kind`.
pub fn served((major, minor): (u16, u16)) -> Vec<String> {
    let minor = if major > 1 { u16::MAX - 1 } else { minor };
    let mut all: Vec<String> = APIS
        .iter()
        .filter(|api| api.since <= minor && minor < api.removed)
        .flat_map(|api| {
            let kinds = api.kinds.iter().map(|kind| format!("{}/{kind}", api.version));
            std::iter::once(api.version.to_owned()).chain(kinds)
        })
        .collect();
    all.sort_unstable();
    all.dedup();
    all
}

/// What the definitions in a chart's folder `crds` add, and those of the charts in it.
pub fn of_chart(chart: &Path) -> Vec<String> {
    let mut all = Vec::new();
    add_definitions(chart, 0, &mut all);
    all.sort_unstable();
    all.dedup();
    all
}

/// Charts within charts beyond this depth are none that anybody wrote.
const DEEPEST: usize = 8;

fn add_definitions(chart: &Path, depth: usize, all: &mut Vec<String>) {
    let crds = chart.join("crds");
    if crds.is_dir()
        && let Ok(sources) = read_sources(&[crds])
    {
        let objects = parse_sources(&sources).into_iter().flat_map(|parsed| parsed.objects.clone());
        all.extend(objects.flat_map(|object| defined(&object)));
    }
    let Ok(entries) = fs::read_dir(chart.join("charts")) else { return };
    for inner in entries.flatten().map(|entry| entry.path()).filter(|path| path.is_dir()) {
        if depth < DEEPEST {
            add_definitions(&inner, depth + 1, all);
        }
    }
}

/// What a CustomResourceDefinition adds to the APIs of a cluster: each `group/version` and `group/version/Kind`.
#[must_use]
pub fn defined(object: &Object) -> Vec<String> {
    if &*object.kind != "CustomResourceDefinition" {
        return Vec::new();
    }
    let (Some(group), Some(kind)) = (object.text("spec.group"), object.text("spec.names.kind")) else {
        return Vec::new();
    };
    let listed = (0..object.count("spec.versions")).filter_map(|nth| {
        let served = object.value(&format!("spec.versions[{nth}].served"));
        let name = object.text(&format!("spec.versions[{nth}].name"))?;
        (served != Some(serde_json::Value::Bool(false))).then_some(name)
    });
    let versions = listed.chain(object.text("spec.version"));
    versions.flat_map(|version| [format!("{group}/{version}"), format!("{group}/{version}/{kind}")]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_serves_what_it_has_and_what_it_still_has() {
        for (api, first, last) in [
            ("policy/v1/PodDisruptionBudget", 21, 99),
            ("policy/v1beta1/PodDisruptionBudget", 5, 24),
            ("policy/v1beta1", 5, 24),
            ("extensions/v1beta1/Ingress", 0, 21),
            ("extensions/v1beta1/Deployment", 0, 15),
            ("extensions/v1beta1", 0, 21),
            ("networking.k8s.io/v1/Ingress", 19, 99),
            ("networking.k8s.io/v1", 7, 99),
            ("autoscaling/v2beta2/HorizontalPodAutoscaler", 12, 25),
            ("batch/v1/CronJob", 21, 99),
        ] {
            // What is still served at 99 was never taken away.
            let end = if last == 99 { u16::MAX } else { last };
            for minor in [4, u16::saturating_sub(first, 1), first, last, last + 1] {
                let has = served((1, minor)).iter().any(|served| served == api);
                assert_eq!(has, (first..=end).contains(&minor), "{api} in 1.{minor}");
            }
        }
        assert_eq!(served((2, 0)), served((1, 99)));
        assert!(served((1, 0)).iter().any(|served| served == "v1/Pod"));
    }
}
