//! The cluster DNS, added where the objects have none, so that a policy that forgets DNS fails as in a cluster.
use std::sync::Arc;

use netloom_objects::{Location, Object, Source, Typed, parse_source};

use crate::{input::Input, model::Snapshot};

const OBJECTS: &str = include_str!("dns.yaml");

/// The namespace and name that clients know the cluster DNS by.
pub const NAMESPACE: &str = "kube-system";
/// See [`NAMESPACE`].
pub const SERVICE: &str = "kube-dns";

/// The objects of the cluster DNS, which stand nowhere in the input.
pub fn objects() -> Vec<Arc<Object>> {
    // The last one is the Service for pods that do not name their ports.
    let by_number = ["dns-tcp}", "dns}"].iter().fold(OBJECTS.to_owned(), |text, name| {
        text.replace(&format!("targetPort: {name}"), "targetPort: 53}")
    });
    let service = by_number.rsplit("---").next().unwrap_or_default();
    let text = format!("{OBJECTS}---{}", service.replace("targetPort: metrics", "targetPort: 9153"));
    let source = Source { name: Location::builtin().file, text: Arc::from(text) };
    let unplaced = |object: Arc<Object>| {
        let mut object = (*object).clone();
        object.reference = Arc::new(object.reference.at(Location::builtin()));
        Arc::new(object)
    };
    parse_source(&source).objects.into_iter().map(unplaced).collect()
}

/// Whether an object is a DNS Service by its label.
pub fn labelled(object: &Object) -> bool {
    matches!(object.typed, Typed::Service(_))
        && object.labels().get("k8s-app").is_some_and(|app| app == SERVICE)
}

/// Which of the builtin objects the input lacks, if it lacks a DNS Service of its own.
pub fn missing(input: &Input, builtin: &[Arc<Object>]) -> Vec<Arc<Object>> {
    let own = |o: &&Arc<Object>| !builtin.iter().any(|b| Arc::ptr_eq(b, o));
    let mut services = input.services().objects.iter().filter(own);
    let named = |o: &Object| &*o.name == SERVICE && o.reference.namespace.as_deref() == Some(NAMESPACE);
    if services.any(|o| named(o) || labelled(o)) {
        return Vec::new();
    }
    let present = |wanted: &&Arc<Object>| {
        let list = match &*wanted.kind {
            "Namespace" => input.namespaces(),
            "Service" => input.services(),
            _ => input.workloads(),
        };
        let mut own = list.objects.iter().filter(own);
        own.any(|o| {
            o.name == wanted.name
                && o.kind == wanted.kind
                && o.reference.namespace == wanted.reference.namespace
        })
    };
    // Pods that are the DNS already need a Service in front of them, and no others beside them.
    let pods: Vec<&Arc<Object>> =
        input.workloads().objects.iter().filter(own).filter(|o| makes_dns(o)).collect();
    let by_name = pods.is_empty() || pods.iter().any(|o| names_its_ports(o));
    let services = builtin.iter().rposition(|o| &*o.kind == "Service");
    let is_needed = |(nth, object): &(usize, &Arc<Object>)| match &*object.kind {
        "Deployment" => pods.is_empty(),
        "Service" => (Some(*nth) == services) != by_name,
        _ => true,
    };
    let needed = builtin.iter().enumerate().filter(is_needed).map(|(_, object)| object);
    needed.filter(|object| !present(object)).cloned().collect()
}

/// Whether pods name their ports as the usual ones do.
fn names_its_ports(object: &Object) -> bool {
    let spec = if matches!(object.typed, Typed::Pod(_)) { "spec" } else { "spec.template.spec" };
    (0..object.count(&format!("{spec}.containers"))).any(|container| {
        let ports = format!("{spec}.containers[{container}].ports");
        (0..object.count(&ports)).any(|nth| object.text(&format!("{ports}[{nth}].name")) == Some("dns"))
    })
}

/// Whether an object's pods are the cluster's DNS, by their label.
fn makes_dns(object: &Object) -> bool {
    let label = match &object.typed {
        Typed::Pod(_) => object.labels().get("k8s-app").map(String::as_str),
        _ => object.text("spec.template.metadata.labels.k8s-app"),
    };
    object.reference.namespace.as_deref() == Some(NAMESPACE) && label == Some(SERVICE)
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
