//! Istio: VirtualServices that are bound to Gateways.
use std::collections::BTreeMap;

use netloom_objects::{
    Object,
    istio::{Destination, HTTPMatchRequest, HTTPRoute, StringMatch, VirtualService},
};

use super::{Ask, Dialect, Entry, PathAsk, Published, Routed, Set, namespace_of};
use crate::{
    controllers::Carrier,
    mesh::{self, MESH, full_host, service_of},
};

/// The pods of a gateway that is not in the set: those of Istio's own installation.
const USUAL: (&str, &str) = ("istio", "ingressgateway");

/// A route, with the gateways that its matches name.
struct Route<'a> {
    object: &'a Object,
    /// A list for each match; empty where it says nothing.
    matched: Vec<&'a [String]>,
    /// What leads to it; its place among the routes.
    asks: Vec<Ask>,
    rule: usize,
    to: Vec<(String, &'a Destination)>,
}

pub(super) fn add(set: &Set<'_>, object: &Object, service: &VirtualService, found: &mut Vec<Published>) {
    let routes = routes(set, object, service);
    for gateway in service.spec.gateways.iter().filter(|name| *name != MESH) {
        let carrier = carrier(set, object, gateway);
        for route in routes.iter().filter(|route| route.is_on(gateway)) {
            for (path, destination) in &route.to {
                let host = full_host(&destination.host, namespace_of(route.object), &set.snapshot.zone);
                let Some((name, namespace)) = service_of(&host, &set.snapshot.zone) else { continue };
                let number = destination.port.as_ref().map(|port| port.number);
                found.push(Published {
                    entry: Entry::Controller(carrier.clone()),
                    address: service.spec.hosts.join(" "),
                    by: route.object.refer(path),
                    targets: set
                        .behind(namespace, name, |port| number.is_none_or(|n| n == u32::from(port.port))),
                    only_from: Vec::new(),
                    masquerades: false,
                    routed: Some(Routed {
                        dialect: Dialect::Istio,
                        hosts: service.spec.hosts.clone(),
                        asks: route.asks.clone(),
                        rule: route.rule,
                        fallback: false,
                        service: (namespace.to_owned(), name.to_owned()),
                        port: number.map(|number| number.to_string()),
                    }),
                });
            }
        }
    }
}

impl Route<'_> {
    fn is_on(&self, gateway: &String) -> bool {
        let takes = |named: &&[String]| named.is_empty() || named.contains(gateway);
        self.matched.is_empty() || self.matched.iter().any(takes)
    }
}

/// The gateway's pods: `name` of the VirtualService's namespace, or `namespace/name`.
fn carrier(set: &Set<'_>, object: &Object, gateway: &str) -> Carrier {
    let (namespace, name) = mesh::gateway(gateway, namespace_of(object));
    let selector = set.istio_gateways.get(&(namespace, name)).map(|labels| (*labels).clone());
    let usual = || BTreeMap::from([(USUAL.0.to_owned(), USUAL.1.to_owned())]);
    Carrier {
        class: None,
        controller: None,
        gateway: Some((namespace.to_owned(), name.to_owned())),
        selector: Some(selector.filter(|labels| !labels.is_empty()).unwrap_or_else(usual)),
    }
}

fn routes<'a>(set: &Set<'a>, object: &'a Object, service: &'a VirtualService) -> Vec<Route<'a>> {
    let spec = &service.spec;
    let mut routes = Vec::new();
    for (nth, http) in spec.http.iter().enumerate() {
        let route = of_http(object, nth, http);
        // A delegate has the routes, and none that delegate again.
        let delegate = http.delegate.as_ref().and_then(|delegate| {
            let namespace = delegate.namespace.as_deref().unwrap_or_else(|| namespace_of(object));
            set.virtual_services.get(&(namespace, delegate.name.as_deref()?)).copied()
        });
        if let Some((other, delegate)) = delegate {
            let inner = delegate.spec.http.iter().enumerate().map(|(nth, http)| of_http(other, nth, http));
            // What both ask for: the delegate's is the narrower one.
            let asks = |inner: &Route<'_>| match is_any(&inner.asks) {
                true => route.asks.clone(),
                false => inner.asks.clone(),
            };
            routes.extend(inner.map(|inner| Route {
                matched: route.matched.clone(),
                asks: asks(&inner),
                rule: nth * 1_000 + inner.rule,
                ..inner
            }));
        }
        routes.push(Route { rule: nth * 1_000, ..route });
    }
    let any = || vec![Ask { path: PathAsk::Any, more: Vec::new() }];
    for (nth, tls) in spec.tls.iter().enumerate() {
        routes.push(Route {
            object,
            matched: tls.match_.iter().map(|m| &*m.gateways).collect(),
            asks: any(),
            rule: TLS + nth,
            to: used(&format!("spec.tls[{nth}]"), tls.route.iter().map(|r| (r.weight, &r.destination))),
        });
    }
    for (nth, tcp) in spec.tcp.iter().enumerate() {
        routes.push(Route {
            object,
            matched: tcp.match_.iter().map(|m| &*m.gateways).collect(),
            asks: any(),
            rule: TCP + nth,
            to: used(&format!("spec.tcp[{nth}]"), tcp.route.iter().map(|r| (r.weight, &r.destination))),
        });
    }
    routes
}

fn of_http<'a>(object: &'a Object, nth: usize, http: &'a HTTPRoute) -> Route<'a> {
    Route {
        object,
        matched: http.match_.iter().map(|m| &*m.gateways).collect(),
        asks: asks(http),
        rule: nth,
        to: used(&format!("spec.http[{nth}]"), http.route.iter().map(|r| (r.weight, &r.destination))),
    }
}

/// Routes of TLS and TCP stand behind those of HTTP.
const TLS: usize = 1_000_000_000;
const TCP: usize = 2_000_000_000;

fn is_any(asks: &[Ask]) -> bool {
    asks.iter().any(|ask| ask.path == PathAsk::Any && ask.more.is_empty())
}

/// What leads to a route.
fn asks(http: &HTTPRoute) -> Vec<Ask> {
    let ask = |wanted: &HTTPMatchRequest| {
        let text = |text: &StringMatch| match (&text.exact, &text.prefix, &text.regex) {
            (Some(exact), ..) => PathAsk::Exact(exact.clone()),
            (_, Some(prefix), _) => PathAsk::Start(prefix.clone()),
            (.., Some(regex)) => PathAsk::Pattern(regex.clone()),
            _ => PathAsk::Any,
        };
        let path = wanted.uri.as_ref().map_or(PathAsk::Any, text);
        let method = wanted.method.as_ref().and_then(|m| m.exact.as_ref()).filter(|m| *m != "GET");
        let mut more: Vec<String> = method.map(|method| format!("method {method}")).into_iter().collect();
        more.extend(wanted.headers.keys().map(|name| format!("header {name}")));
        more.extend(wanted.query_params.keys().map(|name| format!("query parameter {name}")));
        more.extend(wanted.authority.iter().map(|_| "authority".to_owned()));
        Ask { path, more }
    };
    match http.match_.is_empty() {
        true => vec![Ask { path: PathAsk::Any, more: Vec::new() }],
        false => http.match_.iter().map(ask).collect(),
    }
}

/// Destinations that get traffic, with their paths below a route.
fn used<'a>(
    route: &str,
    shares: impl Iterator<Item = (Option<i32>, &'a Destination)>,
) -> Vec<(String, &'a Destination)> {
    let used = shares.enumerate().filter(|(_, (weight, _))| *weight != Some(0));
    used.map(|(nth, (_, to))| (format!("{route}.route[{nth}].destination"), to)).collect()
}
