//! Prometheus and the Alertmanagers that it tells, and Alertmanagers among themselves.
use netloom_cluster::{Protocol, Service};
use netloom_objects::Object;
use netloom_reach::PortSet;

use super::{Owners, ends};
use crate::{
    ground::Ground,
    need::{End, Need, Needs, Reason, port},
};

/// Where Alertmanagers gossip, over TCP and UDP (`--cluster.listen-address`).
const GOSSIP: u16 = 9094;

pub(super) fn add(ground: &Ground<'_>, owners: &Owners<'_>, out: &mut Needs) {
    for object in ground.objects.objects().filter(|o| o.api_version.starts_with("monitoring.coreos.com/")) {
        match &*object.kind {
            "Prometheus" => told(ground, owners, object, out),
            "Alertmanager" => among_themselves(ground, owners, object, out),
            _ => {}
        }
    }
}

/// `spec.alerting.alertmanagers` names Services.
fn told(ground: &Ground<'_>, owners: &Owners<'_>, object: &Object, out: &mut Needs) {
    let from = owners.ends(ground, object, out);
    for nth in 0..object.count("spec.alerting.alertmanagers") {
        let path = format!("spec.alerting.alertmanagers[{nth}]");
        let text = |field: &str| object.text(&format!("{path}.{field}"));
        let Some(name) = text("name") else { continue };
        let namespace = text("namespace").or(object.reference.namespace.as_deref()).unwrap_or("default");
        let at = object.locate(&path);
        let Some(service) = ground.snapshot.find_service(namespace, name) else {
            let why = format!(
                "Prometheus {} tells Service {namespace}/{name} of alerts, which is not in the set; declare the need",
                object.name
            );
            out.doubt(why, Some(at));
            continue;
        };
        let reason = Reason::derived(format!("Prometheus {} tells it of alerts", object.name), at);
        for (to, ports) in behind(ground, service, text("port"), out) {
            for from in &from {
                let (from, to, ports) = (from.clone(), to.clone(), ports.clone());
                out.add(Need { from, to, ports, reason: reason.clone() });
            }
        }
    }
}

/// The pods behind a port of a Service, by its name or number, with the ports that they have for it.
fn behind(
    ground: &Ground<'_>,
    service: &Service,
    wanted: Option<&str>,
    out: &mut Needs,
) -> Vec<(End, PortSet)> {
    let means = |name: Option<&str>, number: u16| {
        wanted.is_none_or(|wanted| name == Some(wanted) || wanted == number.to_string())
    };
    let mut found = Vec::new();
    for endpoint in service.endpoints.iter() {
        let pairs = service.ports.iter().zip(&endpoint.ports);
        let asked = pairs.filter(|(asked, _)| means(asked.name.as_deref(), asked.port));
        let ports = asked.filter_map(|(asked, number)| Some(port(asked.protocol, (*number)?)));
        let ports = ports.fold(PortSet::none(), |all, one| all.or(&one));
        found.extend(ends(ground, endpoint.pod, out).into_iter().map(|end| (end, ports.clone())));
    }
    found
}

fn among_themselves(ground: &Ground<'_>, owners: &Owners<'_>, object: &Object, out: &mut Needs) {
    let pods = owners.pods(object);
    let Some(unit) = pods.first().and_then(|pod| ground.units.of_pod(*pod)).filter(|_| pods.len() > 1) else {
        return;
    };
    let ports = port(Protocol::Tcp, GOSSIP).or(&port(Protocol::Udp, GOSSIP));
    let text = format!("the pods of Alertmanager {} agree on what was sent", object.name);
    let reason = Reason::derived(text, object.locate("spec.replicas"));
    let end = End::Unit(unit);
    out.add(Need { from: end.clone(), to: end, ports, reason });
}
