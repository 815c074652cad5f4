//! Ingresses.
use k8s_openapi::api::networking::v1::{HTTPIngressPath, Ingress, IngressBackend};
use netloom_objects::Object;

use super::{Ask, Dialect, Entry, PathAsk, Published, Routed, Set, namespace_of};
use crate::controllers::Carrier;

/// What of a request leads to one backend.
struct Asks<'i> {
    host: Option<&'i str>,
    path: PathAsk,
    rule: usize,
    fallback: bool,
}

/// A path as the controllers take it: what is `ImplementationSpecific` is a prefix to most of them.
fn path_ask(object: &Object, path: &HTTPIngressPath) -> PathAsk {
    let text = path.path.clone().filter(|path| !path.is_empty()).unwrap_or_else(|| "/".to_owned());
    let is_on = |name: &str| object.annotations().get(name).is_some_and(|value| value == "true");
    match path.path_type.as_str() {
        "Exact" => PathAsk::Exact(text),
        _ if is_on("nginx.ingress.kubernetes.io/use-regex") => PathAsk::Pattern(text),
        _ => PathAsk::Elements(text),
    }
}

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
    let mut add = |at: &str, address: String, backend: &IngressBackend, asks: Asks<'_>| {
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
            routed: Some(Routed {
                dialect: Dialect::Ingress,
                hosts: asks.host.filter(|host| *host != "*").map(str::to_owned).into_iter().collect(),
                asks: vec![Ask { path: asks.path, more: Vec::new() }],
                rule: asks.rule,
                fallback: asks.fallback,
                service: (namespace_of(object).to_owned(), service.name.clone()),
                port: wanted.and_then(|wanted| {
                    wanted.number.map(|number| number.to_string()).or_else(|| wanted.name.clone())
                }),
            }),
        });
    };
    if let Some(backend) = &spec.default_backend {
        let asks = Asks { host: None, path: PathAsk::Any, rule: 0, fallback: true };
        add("spec.defaultBackend", "*".to_owned(), backend, asks);
    }
    for (i, rule) in spec.rules.iter().flatten().enumerate() {
        let host = rule.host.as_deref().filter(|h| !h.is_empty()).unwrap_or("*");
        for (j, path) in rule.http.iter().flat_map(|http| &http.paths).enumerate() {
            let at = format!("spec.rules[{i}].http.paths[{j}].backend");
            let asks = Asks {
                host: Some(host),
                path: path_ask(object, path),
                rule: i * 10_000 + j + 1,
                fallback: false,
            };
            add(&at, format!("{host}{}", path.path.as_deref().unwrap_or("/")), &path.backend, asks);
        }
    }
}
