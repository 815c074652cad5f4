//! Pods of one StatefulSet that find each other by its headless Service.
use netloom_cluster::ServiceKind;
use netloom_objects::Typed;
use netloom_reach::PortSet;

use super::Owners;
use crate::{
    ground::Ground,
    need::{End, Need, Needs, Reason, port},
};

pub(super) fn add(ground: &Ground<'_>, owners: &Owners<'_>, out: &mut Needs) {
    for object in ground.objects.objects() {
        let Typed::StatefulSet(set) = &object.typed else { continue };
        let pods = owners.pods(object);
        let name = set.spec.as_ref().and_then(|spec| spec.service_name.as_deref());
        let namespace = object.reference.namespace.as_deref().unwrap_or("default");
        let service = name.and_then(|name| ground.snapshot.find_service(namespace, name));
        let Some(service) = service.filter(|s| s.kind == ServiceKind::Headless && pods.len() > 1) else {
            continue;
        };
        let behind = service.endpoints.iter().filter(|e| e.pod.is_some_and(|pod| pods.contains(&pod)));
        let ports = behind.flat_map(|e| service.ports.iter().zip(&e.ports));
        let ports = ports.filter_map(|(asked, number)| Some(port(asked.protocol, (*number)?)));
        let ports = ports.fold(PortSet::none(), |all, one| all.or(&one));
        let text = format!(
            "the pods of StatefulSet {} find each other by the headless Service {}",
            object.name, service.name
        );
        let reason = Reason::derived(text, object.locate("spec.serviceName"));
        if let Some(unit) = pods.first().and_then(|pod| ground.units.of_pod(*pod)) {
            let end = End::Unit(unit);
            out.add(Need { from: end.clone(), to: end, ports: ports.clone(), reason: reason.clone() });
        }
    }
}
