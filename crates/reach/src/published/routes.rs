//! Routes of Gateway API.
use netloom_objects::{
    Object, Typed,
    gateway_api::{
        GRPCMethodMatch, GRPCRouteMatch, GRPCRouteRule, HTTPRouteMatch, HTTPRouteRule, NameValueMatch,
        ParentReference, ReferenceGrant,
    },
};

use super::{Ask, Dialect, Entry, PathAsk, Published, Routed, Set, namespace_of};
use crate::controllers::Carrier;

const GROUP: &str = "gateway.networking.k8s.io";

/// A reference to a backend, the same in every kind of route.
struct Backend<'a> {
    path: String,
    rule: usize,
    group: Option<&'a str>,
    kind: Option<&'a str>,
    namespace: Option<&'a str>,
    name: &'a str,
    port: Option<i32>,
}

macro_rules! backends {
    ($rules:expr) => {
        $rules
            .iter()
            .enumerate()
            .flat_map(|(i, rule)| rule.backend_refs.iter().enumerate().map(move |(j, to)| (i, j, to)))
            .filter(|(.., to)| to.weight != Some(0))
            .map(|(i, j, to)| Backend {
                path: format!("spec.rules[{i}].backendRefs[{j}]"),
                rule: i,
                group: to.group.as_deref(),
                kind: to.kind.as_deref(),
                namespace: to.namespace.as_deref(),
                name: &to.name,
                port: to.port,
            })
            .collect()
    };
}

pub(super) fn add(set: &Set<'_>, object: &Object, found: &mut Vec<Published>) {
    let (parents, hostnames, backends): (_, &[String], Vec<Backend<'_>>) = match &object.typed {
        Typed::HTTPRoute(r) => (&r.spec.parent_refs, &r.spec.hostnames, backends!(r.spec.rules)),
        Typed::GRPCRoute(r) => (&r.spec.parent_refs, &r.spec.hostnames, backends!(r.spec.rules)),
        Typed::TLSRoute(r) => (&r.spec.parent_refs, &r.spec.hostnames, backends!(r.spec.rules)),
        Typed::TCPRoute(r) => (&r.spec.parent_refs, &[], backends!(r.spec.rules)),
        Typed::UDPRoute(r) => (&r.spec.parent_refs, &[], backends!(r.spec.rules)),
        _ => return,
    };
    let address = match hostnames {
        [] => "*".to_owned(),
        names => names.join(" "),
    };
    for parent in parents.iter().filter(|parent| is_gateway(parent)) {
        let carrier = carrier(set, object, parent);
        for backend in backends.iter().filter(|backend| is_reachable(set, object, backend)) {
            let namespace = backend.namespace.unwrap_or_else(|| namespace_of(object));
            found.push(Published {
                entry: Entry::Controller(carrier.clone()),
                address: address.clone(),
                by: object.refer(&backend.path),
                targets: set.behind(namespace, backend.name, |p| backend.port == Some(i32::from(p.port))),
                only_from: Vec::new(),
                masquerades: false,
                routed: Some(Routed {
                    dialect: Dialect::Gateway,
                    hosts: hostnames.to_vec(),
                    asks: asks(object, backend.rule),
                    rule: backend.rule,
                    fallback: false,
                    service: (namespace.to_owned(), backend.name.to_owned()),
                    port: backend.port.map(|port| port.to_string()),
                }),
            });
        }
    }
}

/// What leads to the backends of a rule.
fn asks(route: &Object, rule: usize) -> Vec<Ask> {
    let asks: Vec<Ask> = match &route.typed {
        Typed::HTTPRoute(route) => route.spec.rules.get(rule).map(http).unwrap_or_default(),
        Typed::GRPCRoute(route) => route.spec.rules.get(rule).map(grpc).unwrap_or_default(),
        _ => Vec::new(),
    };
    match asks.is_empty() {
        true => vec![Ask { path: PathAsk::Any, more: Vec::new() }],
        false => asks,
    }
}

fn http(rule: &HTTPRouteRule) -> Vec<Ask> {
    let ask = |wanted: &HTTPRouteMatch| {
        let path = wanted.path.as_ref().map_or(PathAsk::Any, |path| {
            let value = path.value.clone().unwrap_or_else(|| "/".to_owned());
            match path.type_.as_deref() {
                Some("Exact") => PathAsk::Exact(value),
                Some("RegularExpression") => PathAsk::Pattern(value),
                _ => PathAsk::Elements(value),
            }
        });
        let method = wanted.method.iter().filter(|method| *method != "GET").map(|m| format!("method {m}"));
        let query = wanted.query_params.iter().map(|query| format!("query parameter {}", query.name));
        Ask { path, more: method.chain(headers(&wanted.headers)).chain(query).collect() }
    };
    rule.matches.iter().map(ask).collect()
}

fn grpc(rule: &GRPCRouteRule) -> Vec<Ask> {
    let ask = |wanted: &GRPCRouteMatch| {
        let method = wanted.method.as_ref();
        let named = |method: &GRPCMethodMatch| {
            let service = method.service.as_deref();
            match (method.type_.as_deref(), service, method.method.as_deref()) {
                (Some("RegularExpression"), Some(service), _) => PathAsk::Pattern(format!("/{service}")),
                (_, Some(service), Some(method)) => PathAsk::Exact(format!("/{service}/{method}")),
                (_, Some(service), None) => PathAsk::Elements(format!("/{service}")),
                (_, None, _) => PathAsk::Any,
            }
        };
        let path = method.map_or(PathAsk::Any, named);
        // A method of whatever service is not told by the beginning of a path.
        let alone = method.filter(|m| m.service.is_none()).and_then(|m| m.method.as_deref());
        let more = alone.map(|name| format!("method {name}")).into_iter().chain(headers(&wanted.headers));
        Ask { path, more: more.collect() }
    };
    rule.matches.iter().map(ask).collect()
}

fn headers(wanted: &[NameValueMatch]) -> impl Iterator<Item = String> {
    wanted.iter().map(|header| format!("header {}", header.name))
}

fn is_gateway(parent: &ParentReference) -> bool {
    parent.group.as_deref().is_none_or(|group| group == GROUP)
        && parent.kind.as_deref().is_none_or(|kind| kind == "Gateway")
}

fn carrier(set: &Set<'_>, route: &Object, parent: &ParentReference) -> Carrier {
    let namespace = parent.namespace.as_deref().unwrap_or_else(|| namespace_of(route));
    let class = set.gateways.get(&(namespace, &parent.name)).copied();
    Carrier {
        class: class.map(str::to_owned),
        controller: class.and_then(|c| set.gateway_classes.get(c)).map(|c| (*c).to_owned()),
        gateway: Some((namespace.to_owned(), parent.name.clone())),
        selector: None,
    }
}

/// Whether a backend is a Service that the route may name: one in another namespace has to be granted.
fn is_reachable(set: &Set<'_>, route: &Object, backend: &Backend<'_>) -> bool {
    let is_service =
        backend.group.is_none_or(str::is_empty) && backend.kind.is_none_or(|kind| kind == "Service");
    let own = namespace_of(route);
    let granted = |namespace: &str| {
        let of_namespace = set.grants.iter().filter(|(at, _)| *at == namespace);
        of_namespace.into_iter().any(|(_, grant)| grants(grant, &route.kind, own, backend.name))
    };
    is_service && backend.namespace.is_none_or(|namespace| namespace == own || granted(namespace))
}

fn grants(grant: &ReferenceGrant, kind: &str, namespace: &str, service: &str) -> bool {
    let from = |f: &netloom_objects::gateway_api::ReferenceGrantFrom| {
        f.group == GROUP && f.kind == kind && f.namespace == namespace
    };
    let to = |t: &netloom_objects::gateway_api::ReferenceGrantTo| {
        t.group.is_empty()
            && t.kind == "Service"
            && t.name.as_deref().is_none_or(|name| name.is_empty() || name == service)
    };
    grant.spec.from.iter().any(from) && grant.spec.to.iter().any(to)
}
