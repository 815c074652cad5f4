//! The labels that controllers put on the pods that they make, beside those of the template.
use netloom_objects::Object;

use super::names::hash;

/// Labels to add.
pub type Added = Vec<(&'static str, String)>;

/// A Deployment's, by way of its ReplicaSet.
pub fn of_deployment(hash: &str) -> Added {
    vec![("pod-template-hash", hash.to_owned())]
}

/// Those of what keeps revisions: DaemonSets and StatefulSets.
pub fn of_revision(hash: &str) -> Added {
    vec![("controller-revision-hash", hash.to_owned())]
}

/// One pod's of a StatefulSet. Its revision is called after the StatefulSet.
pub fn of_stateful_set(pod: &str, ordinal: u64, hash: &str) -> Added {
    let set = pod.rsplit_once('-').map_or(pod, |(set, _)| set);
    vec![
        ("statefulset.kubernetes.io/pod-name", pod.to_owned()),
        ("apps.kubernetes.io/pod-index", ordinal.to_string()),
        ("controller-revision-hash", format!("{set}-{hash}")),
    ]
}

/// A Job's, under their names of today and of before.
pub fn of_job(object: &Object, job: &str) -> Added {
    let own = object.metadata().uid.clone().filter(|_| &*object.kind == "Job");
    let uid = own.unwrap_or_else(|| made_uid(job));
    vec![
        ("batch.kubernetes.io/job-name", job.to_owned()),
        ("job-name", job.to_owned()),
        ("batch.kubernetes.io/controller-uid", uid.clone()),
        ("controller-uid", uid),
    ]
}

/// One pod's of an indexed Job.
pub fn of_index(index: u32) -> Added {
    vec![("batch.kubernetes.io/job-completion-index", index.to_string())]
}

/// An identity like the API server's, the same in every run.
pub fn made_uid(name: &str) -> String {
    let (a, b) = (hash(&["uid", name]), hash(&[name, "uid"]));
    format!(
        "{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}",
        a >> 32,
        (a >> 16) & 0xffff,
        a & 0xfff,
        (b >> 48) & 0xfff,
        b & 0xffff_ffff_ffff
    )
}
