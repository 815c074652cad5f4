//! The Kubernetes API server: it calls webhooks, and pods whose service accounts have rights ask it.
use std::collections::BTreeMap;

use netloom_cluster::Protocol;
use netloom_objects::{Location, Object, ObjectRef, Typed};
use netloom_reach::PortSet;

use super::{Owners, ends, workloads};
use crate::{
    dns::blocks,
    ground::Ground,
    need::{End, Need, Needs, Reason, port},
};

pub(super) fn add(ground: &Ground<'_>, owners: &Owners<'_>, out: &mut Needs) {
    let server = server(ground, out);
    for object in ground.objects.objects() {
        for (path, service) in services(object) {
            called(ground, object, &path, &service, &server, out);
        }
    }
    askers(ground, owners, &server, out);
}

/// The API server's addresses and ports, as the Service `kubernetes` has them.
fn server(ground: &Ground<'_>, out: &mut Needs) -> Vec<(End, PortSet)> {
    let Some(service) = ground.snapshot.find_service("default", "kubernetes") else { return Vec::new() };
    let mut found = Vec::new();
    for endpoint in service.endpoints.iter() {
        let numbers = service.ports.iter().zip(&endpoint.ports);
        let numbers = numbers.filter_map(|(asked, number)| Some(port(asked.protocol, (*number)?)));
        let ports = numbers.fold(PortSet::none(), |all, one| all.or(&one));
        let targets = match endpoint.pod {
            Some(pod) => ends(ground, [pod], out),
            None => vec![End::Blocks(blocks(endpoint.ips.iter()))],
        };
        found.extend(targets.into_iter().map(|end| (end, ports.clone())));
    }
    found
}

/// A Service that the API server calls.
struct Called {
    namespace: String,
    name: String,
    port: u16,
}

/// The Services that an object has the API server call.
fn services(object: &Object) -> Vec<(String, Called)> {
    let at = |path: String| {
        let namespace = object.text(&format!("{path}.namespace"))?.to_owned();
        let name = object.text(&format!("{path}.name"))?.to_owned();
        let port = object.value(&format!("{path}.port")).and_then(|port| port.as_u64());
        let port = port.map_or(Some(443), |port| u16::try_from(port).ok())?;
        Some((path, Called { namespace, name, port }))
    };
    match &*object.kind {
        "ValidatingWebhookConfiguration" | "MutatingWebhookConfiguration" => {
            let all = 0..object.count("webhooks");
            all.filter_map(|nth| at(format!("webhooks[{nth}].clientConfig.service"))).collect()
        }
        "CustomResourceDefinition" => {
            at("spec.conversion.webhook.clientConfig.service".to_owned()).into_iter().collect()
        }
        "APIService" => at("spec.service".to_owned()).into_iter().collect(),
        _ => Vec::new(),
    }
}

fn called(
    ground: &Ground<'_>,
    object: &Object,
    path: &str,
    called: &Called,
    server: &[(End, PortSet)],
    out: &mut Needs,
) {
    let Some(service) = ground.snapshot.find_service(&called.namespace, &called.name) else { return };
    let Some(nth) = service.ports.iter().position(|p| p.port == called.port && p.protocol == Protocol::Tcp)
    else {
        return;
    };
    let callers: Vec<End> = match server {
        // Its address is anyone's guess.
        [] => vec![End::Blocks(ground.everyone())],
        known => known.iter().map(|(end, _)| end.clone()).collect(),
    };
    let text = format!("the API server calls it: {} {}", object.kind, object.name);
    let reason = Reason::derived(text, object.locate(path));
    for endpoint in service.endpoints.iter() {
        let number = endpoint.ports.get(nth).copied().flatten();
        let (Some(number), Some(pod)) = (number, endpoint.pod) else { continue };
        for to in ends(ground, [pod], out).into_iter().filter(|to| to.unit().is_some()) {
            for from in &callers {
                let (from, to) = (from.clone(), to.clone());
                out.add(Need { from, to, ports: port(Protocol::Tcp, number), reason: reason.clone() });
            }
        }
    }
}

/// Pods whose service accounts are given rights ask the API server.
fn askers(ground: &Ground<'_>, owners: &Owners<'_>, server: &[(End, PortSet)], out: &mut Needs) {
    let bound = bound(ground);
    let mut unknown: BTreeMap<String, (Vec<String>, Location)> = BTreeMap::new();
    for workload in workloads(ground) {
        let account = workload.account().0;
        let key = (workload.namespace().to_owned(), account.to_owned());
        let Some(binding) = bound.get(&key) else { continue };
        if !mounts_token(ground, &workload) {
            continue;
        }
        let text = format!(
            "its service account {account} has rights at the API server: {} {}",
            binding.kind, binding.name
        );
        for from in owners.ends(ground, workload.object, out).into_iter().filter(|end| end.unit().is_some()) {
            for (to, ports) in server {
                let reason = Reason::derived(text.clone(), binding.at.clone());
                out.add(Need { from: from.clone(), to: to.clone(), ports: ports.clone(), reason });
            }
            if server.is_empty() {
                let named =
                    unknown.entry(binding.to_string()).or_insert_with(|| (Vec::new(), binding.at.clone()));
                named.0.push(from.title(&ground.units));
            }
        }
    }
    for (names, at) in unknown.into_values() {
        let text = format!(
            "{} may ask the API server, whose address these manifests do not tell; declare `{} -> ADDRESS:6443`",
            names.join(", "),
            names.first().map_or("", String::as_str)
        );
        out.doubt(text, Some(at));
    }
}

/// The service accounts that bindings give rights to, each with the first that does.
fn bound(ground: &Ground<'_>) -> BTreeMap<(String, String), ObjectRef> {
    let mut bound = BTreeMap::new();
    for object in ground.objects.objects() {
        if !matches!(&*object.kind, "RoleBinding" | "ClusterRoleBinding") {
            continue;
        }
        for nth in 0..object.count("subjects") {
            let field = |name: &str| object.text(&format!("subjects[{nth}].{name}"));
            if field("kind") != Some("ServiceAccount") {
                continue;
            }
            let namespace = field("namespace").or(object.reference.namespace.as_deref());
            if let (Some(namespace), Some(name)) = (namespace, field("name")) {
                let key = (namespace.to_owned(), name.to_owned());
                bound.entry(key).or_insert_with(|| (*object.refer(&format!("subjects[{nth}]"))).clone());
            }
        }
    }
    bound
}

/// Whether a workload's pods get a token: the pod says, else its account.
fn mounts_token(ground: &Ground<'_>, workload: &netloom_audit::Workload<'_>) -> bool {
    if let Some(own) = workload.spec.automount_service_account_token {
        return own;
    }
    let account = workload.account().0;
    let said = ground.objects.objects().find_map(|object| match &object.typed {
        Typed::ServiceAccount(found)
            if &*object.name == account
                && object.reference.namespace.as_deref() == Some(workload.namespace()) =>
        {
            found.automount_service_account_token
        }
        _ => None,
    });
    said.unwrap_or(true)
}
