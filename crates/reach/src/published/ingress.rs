//! Ingresses.
use k8s_openapi::api::networking::v1::{Ingress, IngressBackend};
use netloom_objects::Object;

use super::{Entry, Published, Set, namespace_of};
use crate::controllers::Carrier;

pub(super) fn add(set: &Set<'_>, object: &Object, ingress: &Ingress, found: &mut Vec<Published>) {
    let Some(spec) = &ingress.spec else { return };
    let old = object.annotations().get("kubernetes.io/ingress.class").map(String::as_str);
    let class = spec.ingress_class_name.as_deref().or(old).filter(|c| !c.is_empty()).or(set.default_class);
    let carrier = Carrier {
        class: class.map(str::to_owned),
        controller: class.and_then(|c| set.ingress_classes.get(c)).map(|c| (*c).to_owned()),
        gateway: None,
        selector: None,
    };
    let mut add = |at: &str, address: String, backend: &IngressBackend| {
        let Some(service) = &backend.service else { return };
        let wanted = service.port.as_ref();
        let targets = set.behind(namespace_of(object), &service.name, |port| {
            wanted.is_some_and(|wanted| {
                wanted.number == Some(i32::from(port.port))
                    || (wanted.name.is_some() && wanted.name.as_deref() == port.name.as_deref())
            })
        });
        found.push(Published {
            entry: Entry::Controller(carrier.clone()),
            address,
            by: object.refer(at),
            targets,
            only_from: Vec::new(),
            masquerades: false,
        });
    };
    if let Some(backend) = &spec.default_backend {
        add("spec.defaultBackend", "*".to_owned(), backend);
    }
    for (i, rule) in spec.rules.iter().flatten().enumerate() {
        let host = rule.host.as_deref().filter(|h| !h.is_empty()).unwrap_or("*");
        for (j, path) in rule.http.iter().flat_map(|http| &http.paths).enumerate() {
            let at = format!("spec.rules[{i}].http.paths[{j}].backend");
            add(&at, format!("{host}{}", path.path.as_deref().unwrap_or("/")), &path.backend);
        }
    }
}
