//! IS007: two VirtualServices that claim one host.
use std::collections::HashMap;

use netloom_objects::{
    Object, Severity,
    istio::{HTTPMatchRequest, HTTPRoute, VirtualService},
};

use super::{
    gateways,
    support::{audience, full_host, gateway_names, is_for_mesh, overlap},
};
use crate::{
    Context, Findings, Group, Rule,
    words::{namespace_of, title},
};

pub static RULE: Rule = Rule {
    code: "IS007",
    name: "conflicting-virtual-services",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "Two VirtualServices for one host that the same proxies see; and two for one host that one gateway admits of both \
            and that match the same requests.",
    why: "For the proxies of the mesh only one of the two holds, and which one is not defined (istioctl analyze, IST0109). \
          Those of a gateway are put together, in an order that is not defined either: of two routes with the same match \
          the second is never taken.",
    wrong: "\
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: cart, namespace: shop}
spec:
  hosts: [cart]
  http:
    - route: [{destination: {host: cart}}]
      timeout: 5s
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: cart-retries, namespace: shop}
spec:
  hosts: [cart.shop.svc.cluster.local]
  http:
    - route: [{destination: {host: cart}}]
      retries: {attempts: 2}
",
    right: "\
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: cart, namespace: shop}
spec:
  hosts: [cart]
  http:
    - route: [{destination: {host: cart}}]
      timeout: 5s
      retries: {attempts: 2}
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    in_mesh(cx, out);
    on_gateways(cx, out);
}

type Claims<'a, K> = HashMap<K, Vec<(&'a Object, &'a VirtualService)>>;

fn in_mesh(cx: &Context<'_>, out: &mut Findings<'_>) {
    let mut claims: Claims<'_, String> = HashMap::new();
    for (object, service) in cx.all::<VirtualService>().filter(|(_, service)| is_for_mesh(&service.spec)) {
        for (index, host) in service.spec.hosts.iter().enumerate() {
            let full = full_host(cx, host, namespace_of(object));
            let before = claims.entry(full.clone()).or_default();
            let mine = audience(object, &service.spec.export_to);
            let other = before.iter().find(|(other, claim)| {
                let both_http = !claim.spec.http.is_empty() && !service.spec.http.is_empty();
                !std::ptr::eq(*other, object)
                    && (both_http || layer4(claim) && layer4(service))
                    && overlap(&audience(other, &claim.spec.export_to), &mine)
            });
            if let Some((other, _)) = other {
                let message = format!(
                    "{} and {} both route {full} for the proxies of the mesh: only one of them holds",
                    title(other),
                    title(object)
                );
                let finding = out.add(object, &format!("spec.hosts[{index}]"), message);
                finding.related(other, "spec.hosts", "the host is claimed here too");
                finding
                    .help("put the routes of the host into one VirtualService, the more specific ones first");
            }
            before.push((object, service));
        }
    }
}

fn layer4(service: &VirtualService) -> bool {
    !service.spec.tls.is_empty() || !service.spec.tcp.is_empty()
}

fn on_gateways(cx: &Context<'_>, out: &mut Findings<'_>) {
    let mut claims: Claims<'_, (&str, &str, String)> = HashMap::new();
    for (object, service) in cx.all::<VirtualService>() {
        for (_, namespace, gateway) in gateway_names(object, &service.spec) {
            let bound = gateways::find(cx, namespace, gateway);
            for host in &service.spec.hosts {
                let full = full_host(cx, host, namespace_of(object));
                // What the Gateway does not admit of this VirtualService is taken from nobody.
                if bound.as_ref().is_some_and(|bound| !bound.admits(&full, namespace_of(object))) {
                    continue;
                }
                claims.entry((namespace, gateway, full)).or_default().push((object, service));
            }
        }
    }
    for ((namespace, gateway, host), services) in claims.iter().filter(|(_, services)| services.len() > 1) {
        let mut taken: HashMap<String, (&Object, usize)> = HashMap::new();
        for (object, service) in services {
            for (index, route) in service.spec.http.iter().enumerate() {
                for key in keys_of(route, namespace, gateway) {
                    let (other, other_index) = *taken.entry(key).or_insert((object, index));
                    if std::ptr::eq(other, *object) {
                        continue;
                    }
                    let message = format!(
                        "{} and {} both take the same requests for {host} on Gateway {namespace}/{gateway}: one \
                         of the routes is never used",
                        title(other),
                        title(object)
                    );
                    let finding = out.add(object, &format!("spec.http[{index}]"), message);
                    finding.severity(Severity::Warning);
                    finding.related(
                        other,
                        &format!("spec.http[{other_index}]"),
                        "a route with the same match",
                    );
                    finding.help("keep one of them, or let their matches differ");
                }
            }
        }
    }
}

/// What a route takes on a gateway, as texts.
fn keys_of(route: &HTTPRoute, namespace: &str, gateway: &str) -> Vec<String> {
    if route.match_.is_empty() {
        return vec![key_of(&HTTPMatchRequest::default())];
    }
    let here = |one: &&HTTPMatchRequest| {
        let is_this = |name: &String| {
            name.rsplit('/').next() == Some(gateway) && (!name.contains('/') || name.starts_with(namespace))
        };
        one.gateways.is_empty() || one.gateways.iter().any(is_this)
    };
    route.match_.iter().filter(here).map(key_of).collect()
}

/// What a match asks for, as a text; an unset one and `prefix: /` are the same.
fn key_of(request: &HTTPMatchRequest) -> String {
    let mut request =
        HTTPMatchRequest { name: None, stat_prefix: None, gateways: Vec::new(), ..request.clone() };
    if request.uri.as_ref().is_some_and(|uri| uri.prefix.as_deref() == Some("/")) {
        request.uri = None;
    }
    format!("{request:?}")
}
