//! IS008: a route that an earlier one leaves nothing to.
use std::collections::BTreeMap;

use netloom_objects::{
    Object, Severity,
    istio::{
        HTTPMatchRequest, HTTPRoute, L4MatchAttributes, StringMatch, TLSMatchAttributes, VirtualService,
    },
};

use super::support::covers;
use crate::{Context, Findings, Group, Rule, words::title};

pub static RULE: Rule = Rule {
    code: "IS008",
    name: "unreachable-route",
    group: Group::Correctness,
    severity: Severity::Warning,
    finds: "A route of a VirtualService, for requests or for connections (`tls`, `tcp`), all of whose matches earlier routes take \
            already; and (info) a single match of several.",
    why: "The first route that matches decides (Istio's reference of VirtualService, `http`); prefixes are prefixes of the \
          text, so that `/api` takes `/api/v2` and `/apis` as well (istioctl analyze, IST0130).",
    wrong: "\
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: shop, namespace: shop}
spec:
  hosts: [shop]
  http:
    - match: [{uri: {prefix: /api}}]
      route: [{destination: {host: api}}]
    - match: [{uri: {prefix: /api/v2}}]
      route: [{destination: {host: api-v2}}]
    - route: [{destination: {host: web}}]
",
    right: "\
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: shop, namespace: shop}
spec:
  hosts: [shop]
  http:
    - match: [{uri: {prefix: /api/v2}}]
      route: [{destination: {host: api-v2}}]
    - match: [{uri: {prefix: /api}}]
      route: [{destination: {host: api}}]
    - route: [{destination: {host: web}}]
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for (object, service) in cx.all::<VirtualService>() {
        let routes = &service.spec.http;
        for (later, route) in routes.iter().enumerate() {
            // A delegate takes only what its own routes take.
            let before = || routes[..later].iter().enumerate().filter(|(_, route)| route.delegate.is_none());
            let Some(taker) = taker(route, before) else { continue };
            let message = format!(
                "{} of {} is never used: {} takes all of its requests",
                name_of(route, later),
                title(object),
                name_of(&routes[taker], taker)
            );
            let finding = out.add(object, &format!("spec.http[{later}]"), message);
            finding.related(object, &format!("spec.http[{taker}]"), "this route comes first");
            finding.help("put the more specific route first");
        }
        ineffective(object, routes, out);
        let tls: Vec<&[TLSMatchAttributes]> = service.spec.tls.iter().map(|route| &*route.match_).collect();
        connections(object, "tls", &tls, includes_tls, out);
        let tcp: Vec<&[L4MatchAttributes]> = service.spec.tcp.iter().map(|route| &*route.match_).collect();
        connections(object, "tcp", &tcp, includes_tcp, out);
    }
}

/// Finds single matches of routes that are used for their other ones.
fn ineffective(object: &Object, routes: &[HTTPRoute], out: &mut Findings<'_>) {
    for (later, route) in routes.iter().enumerate().filter(|(_, route)| route.match_.len() > 1) {
        let before = || routes[..later].iter().enumerate().filter(|(_, route)| route.delegate.is_none());
        if taker(route, before).is_some() {
            continue;
        }
        for (index, one) in route.match_.iter().enumerate() {
            let takes = |earlier: &HTTPRoute| {
                earlier.match_.is_empty() || earlier.match_.iter().any(|wide| includes(wide, one))
            };
            let Some((taker, earlier)) = before().find(|(_, earlier)| takes(earlier)) else { continue };
            let message = format!(
                "match {} of {} of {} is never used: {} takes all of its requests",
                index + 1,
                name_of(route, later),
                title(object),
                name_of(earlier, taker)
            );
            out.add(object, &format!("spec.http[{later}].match[{index}]"), message)
                .severity(Severity::Info)
                .related(object, &format!("spec.http[{taker}]"), "this route comes first")
                .help("take it out, or put this route first");
        }
    }
}

/// Finds routes of connections whose matches earlier ones take.
fn connections<M>(
    object: &Object,
    list: &str,
    routes: &[&[M]],
    includes: fn(&M, &M) -> bool,
    out: &mut Findings<'_>,
) {
    for (later, matches) in routes.iter().enumerate() {
        let takes = |one: &M| {
            routes[..later]
                .iter()
                .position(|earlier| earlier.is_empty() || earlier.iter().any(|wide| includes(wide, one)))
        };
        let taker = match matches.is_empty() {
            true => routes[..later].iter().position(|earlier| earlier.is_empty()),
            false => matches.iter().map(takes).try_fold(0, |last, index| index.map(|index| index.max(last))),
        };
        let Some(taker) = taker.filter(|_| later > 0) else { continue };
        let message = format!(
            "{} route {} of {} is never used: route {} takes all of its connections",
            list.to_uppercase(),
            later + 1,
            title(object),
            taker + 1
        );
        out.add(object, &format!("spec.{list}[{later}]"), message)
            .related(object, &format!("spec.{list}[{taker}]"), "this route comes first")
            .help("put the more specific route first, or take one of them out");
    }
}

fn includes_tls(wide: &TLSMatchAttributes, narrow: &TLSMatchAttributes) -> bool {
    let names = narrow.sni_hosts.iter().all(|name| wide.sni_hosts.iter().any(|host| covers(host, name)));
    names
        && !narrow.sni_hosts.is_empty()
        && any_or(&wide.destination_subnets, &narrow.destination_subnets)
        && any_or(&wide.gateways, &narrow.gateways)
        && within(&wide.port, &narrow.port)
        && within(&wide.source_namespace, &narrow.source_namespace)
        && part_of(&wide.source_labels, &narrow.source_labels)
}

fn includes_tcp(wide: &L4MatchAttributes, narrow: &L4MatchAttributes) -> bool {
    any_or(&wide.destination_subnets, &narrow.destination_subnets)
        && any_or(&wide.gateways, &narrow.gateways)
        && within(&wide.port, &narrow.port)
        && within(&wide.source_subnet, &narrow.source_subnet)
        && within(&wide.source_namespace, &narrow.source_namespace)
        && part_of(&wide.source_labels, &narrow.source_labels)
}

/// Whether a list of choices has all of another one; an empty one is every choice.
fn any_or(wide: &[String], narrow: &[String]) -> bool {
    wide.is_empty() || !narrow.is_empty() && narrow.iter().all(|one| wide.contains(one))
}

/// The route that takes the last of a route's matches, if all of them are taken.
fn taker<'r, I: Iterator<Item = (usize, &'r HTTPRoute)>>(
    route: &HTTPRoute,
    before: impl Fn() -> I,
) -> Option<usize> {
    let everything = HTTPMatchRequest::default();
    let takes_all = |earlier: &HTTPRoute, request: &HTTPMatchRequest| {
        earlier.match_.is_empty() || earlier.match_.iter().any(|one| includes(one, request))
    };
    let who = |request: &HTTPMatchRequest| {
        before().find(|(_, one)| takes_all(one, request)).map(|(index, _)| index)
    };
    if route.match_.is_empty() {
        return who(&everything);
    }
    route.match_.iter().map(who).try_fold(0, |last, index| index.map(|index| index.max(last)))
}

/// Whether one match takes every request that another takes.
fn includes(wide: &HTTPMatchRequest, narrow: &HTTPMatchRequest) -> bool {
    let uri = match &wide.uri {
        None => true,
        Some(uri) if uri.prefix.as_deref() == Some("/") => true,
        Some(uri) => {
            let same_case = wide.ignore_uri_case == narrow.ignore_uri_case;
            same_case && narrow.uri.as_ref().is_some_and(|narrow| includes_path(uri, narrow))
        }
    };
    let gateways = wide.gateways.is_empty()
        || (!narrow.gateways.is_empty() && narrow.gateways.iter().all(|name| wide.gateways.contains(name)));
    uri && gateways
        && within(&wide.scheme, &narrow.scheme)
        && within(&wide.method, &narrow.method)
        && within(&wide.authority, &narrow.authority)
        && within(&wide.port, &narrow.port)
        && within(&wide.source_namespace, &narrow.source_namespace)
        && part_of(&wide.headers, &narrow.headers)
        && part_of(&wide.query_params, &narrow.query_params)
        && part_of(&wide.without_headers, &narrow.without_headers)
        && part_of(&wide.source_labels, &narrow.source_labels)
}

fn includes_path(wide: &StringMatch, narrow: &StringMatch) -> bool {
    match &wide.prefix {
        Some(prefix) => {
            let narrow = narrow.prefix.as_ref().or(narrow.exact.as_ref());
            narrow.is_some_and(|path| path.starts_with(prefix.as_str()))
        }
        None => wide == narrow,
    }
}

fn within<T: PartialEq>(wide: &Option<T>, narrow: &Option<T>) -> bool {
    wide.is_none() || wide == narrow
}

fn part_of<T: PartialEq>(wide: &BTreeMap<String, T>, narrow: &BTreeMap<String, T>) -> bool {
    wide.iter().all(|(key, value)| narrow.get(key) == Some(value))
}

fn name_of(route: &HTTPRoute, index: usize) -> String {
    match &route.name {
        Some(name) => format!("route `{name}`"),
        None => format!("HTTP route {}", index + 1),
    }
}
