//! The cluster DNS, added where the objects have none, so that a policy that forgets DNS fails as in a cluster.
use std::sync::Arc;

use netloom_objects::{Location, Object, Source, parse_source};

use crate::{input::Input, model::Snapshot};

const OBJECTS: &str = include_str!("dns.yaml");

/// The namespace and name that clients know the cluster DNS by.
pub const NAMESPACE: &str = "kube-system";
/// See [`NAMESPACE`].
pub const SERVICE: &str = "kube-dns";

/// The objects of the cluster DNS, which stand nowhere in the input.
pub fn objects() -> Vec<Arc<Object>> {
    let source = Source { name: Location::builtin().file, text: Arc::from(OBJECTS) };
    let unplaced = |object: Arc<Object>| {
        let mut object = (*object).clone();
        object.reference = Arc::new(object.reference.at(Location::builtin()));
        Arc::new(object)
    };
    parse_source(&source).objects.into_iter().map(unplaced).collect()
}

/// The objects' own DNS Service: `kube-system/kube-dns`, else the first one labelled `k8s-app: kube-dns`.
pub fn service(input: &Input) -> Option<&Arc<Object>> {
    let named = |o: &&Arc<Object>| &*o.name == SERVICE && o.reference.namespace.as_deref() == Some(NAMESPACE);
    let labelled = |o: &&Arc<Object>| o.labels().get("k8s-app").is_some_and(|app| app == "kube-dns");
    input.services.iter().find(named).or_else(|| input.services.iter().find(labelled))
}

/// Which of the builtin objects the input lacks, if it lacks a DNS Service.
pub fn missing<'a>(input: &Input, builtin: &'a [Arc<Object>]) -> Vec<&'a Arc<Object>> {
    if service(input).is_some() {
        return Vec::new();
    }
    let present = |wanted: &Object| {
        let all = input.namespaces.iter().chain(&input.workloads).chain(&input.services);
        all.into_iter().any(|o| {
            o.kind == wanted.kind
                && o.name == wanted.name
                && o.reference.namespace == wanted.reference.namespace
        })
    };
    builtin.iter().filter(|o| !present(o)).collect()
}

/// What was added, in a sentence; none where nothing was.
pub fn note(added: &[Arc<Object>], snapshot: &Snapshot) -> Option<String> {
    let parts: Vec<String> = added.iter().filter_map(|object| part(object, snapshot)).collect();
    (!parts.is_empty()).then(|| format!("no cluster DNS among the objects: added {}", parts.join(" and ")))
}

fn part(object: &Object, snapshot: &Snapshot) -> Option<String> {
    let namespace = object.reference.namespace.as_deref()?;
    let name = format!("{} {namespace}/{}", object.kind, object.name);
    if &*object.kind == "Service" {
        let service = snapshot.find_service(namespace, &object.name)?;
        let ips: Vec<String> = service.cluster_ips().iter().map(|ip| ip.to_string()).collect();
        return Some(format!("{name} ({})", ips.join(", ")));
    }
    let pods = snapshot.pods.iter().filter(|p| &*p.namespace == namespace && p.workload.name == object.name);
    Some(format!("{name} ({} pods)", pods.count()))
}
