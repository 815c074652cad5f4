//! The Kubernetes API server: it calls webhooks, and pods whose service accounts have rights ask it.
use std::collections::BTreeMap;

use netloom_cluster::Protocol;
use netloom_objects::Object;
use netloom_reach::PortSet;

use super::{accounts::Accounts, ends};
use crate::{
    dns::blocks,
    ground::Ground,
    need::{Block, End, Lack, Need, Needs, Reason, port},
    units::UnitId,
};

pub(super) fn add(ground: &Ground<'_>, out: &mut Needs) {
    let server = server(ground, out);
    let mut serving = BTreeMap::new();
    for object in ground.objects.objects() {
        for (path, service) in services(object) {
            called(ground, object, &path, &service, &server, &mut serving, out);
        }
    }
    askers(ground, &serving, &server, out);
}

/// The API server's addresses and ports, as somebody said, else as the Service `kubernetes` has them.
fn server(ground: &Ground<'_>, out: &mut Needs) -> Vec<(End, PortSet)> {
    if !ground.api_server.is_empty() {
        let said = ground.api_server.iter();
        return said
            .map(|(cidr, number)| (End::Blocks(vec![Block::from(*cidr)]), port(Protocol::Tcp, *number)))
            .collect();
    }
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
    serving: &mut BTreeMap<UnitId, Reason>,
    out: &mut Needs,
) {
    let Some(service) = ground.snapshot.find_service(&called.namespace, &called.name) else { return };
    let Some(nth) = service.ports.iter().position(|p| p.port == called.port && p.protocol == Protocol::Tcp)
    else {
        return;
    };
    let callers: Vec<End> = match server {
        // Its address is anyone's guess; where pods find it need not be where it calls from.
        _ if !ground.api_server.is_empty() => vec![End::Blocks(ground.everyone())],
        [] => vec![End::Blocks(ground.everyone())],
        known => known.iter().map(|(end, _)| end.clone()).collect(),
    };
    let text = format!("the API server calls it: {} {}", object.kind, object.name);
    let reason = Reason::derived(text, object.locate(path));
    for endpoint in service.endpoints.iter() {
        let number = endpoint.ports.get(nth).copied().flatten();
        let (Some(number), Some(pod)) = (number, endpoint.pod) else { continue };
        for to in ends(ground, [pod], out).into_iter().filter(|to| to.unit().is_some()) {
            to.unit().into_iter().for_each(|unit| _ = serving.entry(unit).or_insert_with(|| reason.clone()));
            for from in &callers {
                let (from, to) = (from.clone(), to.clone());
                out.add(Need { from, to, ports: port(Protocol::Tcp, number), reason: reason.clone() });
            }
        }
    }
}

/// Pods ask the API server whose service accounts are given rights, and those that it calls itself: admission
/// controllers and the like watch it.
fn askers(
    ground: &Ground<'_>,
    serving: &BTreeMap<UnitId, Reason>,
    server: &[(End, PortSet)],
    out: &mut Needs,
) {
    let accounts = Accounts::of(ground);
    for unit in ground.units.all().iter().filter(|unit| !unit.is_builtin()) {
        let pods = unit.pods.iter().map(|pod| ground.snapshot.pod(*pod));
        let Some(pod) = pods.into_iter().find(|pod| accounts.gets_token(pod)) else { continue };
        let account = &pod.service_account;
        if let Some(maker) = accounts.maker(pod) {
            let who = unit.title();
            let text = format!(
                "{who} may make pods that are in no manifest ({} {}), and connect to them; declare `{who} -> \
                 NAMESPACE/POD:PORT`",
                maker.binding.kind, maker.binding.name
            );
            out.doubt(text, Some(maker.binding.at.clone()));
        }
        let bound = accounts.binding(pod).map(|binding| {
            let text = format!(
                "its service account {account} has rights at the API server: {} {}",
                binding.kind, binding.name
            );
            Reason::derived(text, binding.at.clone())
        });
        let Some(reason) = bound.or_else(|| serving.get(&unit.id).cloned()) else { continue };
        for (to, ports) in server {
            let (from, to) = (End::Unit(unit.id), to.clone());
            out.add(Need { from, to, ports: ports.clone(), reason: reason.clone() });
        }
        if server.is_empty() {
            out.lack(Lack {
                unit: unit.id,
                what: "the API server".to_owned(),
                how: "--api-server CIDR:PORT".to_owned(),
                because: reason,
            });
        }
    }
}
