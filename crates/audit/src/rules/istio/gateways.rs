//! The Gateways that VirtualServices are bound to, of Istio and of the Gateway API, and which hosts they take of whom.
use netloom_objects::{
    Object, gateway_api,
    istio::{Gateway, VirtualServiceSpec},
};

use super::support::{covers, gateway_names};
use crate::{Context, words::namespace_of};

/// A Gateway.
pub(super) struct Bound<'a> {
    pub(super) object: &'a Object,
    /// Where its hosts are written.
    pub(super) path: &'static str,
    /// `HOST` or `NAMESPACE/HOST`, as Istio writes them.
    pub(super) hosts: Vec<String>,
}

impl Bound<'_> {
    /// Whether it takes a host of a VirtualService of some namespace.
    pub(super) fn admits(&self, host: &str, of_route: &str) -> bool {
        self.hosts.iter().any(|pattern| admits(pattern, host, of_route, namespace_of(self.object)))
    }
}

/// The Gateway of a namespace and name: Istio's own, else that of the Gateway API.
pub(super) fn find<'a>(cx: &Context<'a>, namespace: &str, name: &str) -> Option<Bound<'a>> {
    if let Some((object, gateway)) = cx.find::<Gateway>(Some(namespace), name) {
        let hosts = gateway.spec.servers.iter().flat_map(|server| server.hosts.iter().cloned()).collect();
        return Some(Bound { object, path: "spec.servers", hosts });
    }
    let (object, gateway) = cx.find::<gateway_api::Gateway>(Some(namespace), name)?;
    let hosts = gateway.spec.listeners.iter().map(|listener| {
        let host = listener.hostname.as_deref().filter(|host| !host.is_empty()).unwrap_or("*");
        let from =
            listener.allowed_routes.as_ref().and_then(|routes| routes.namespaces.as_ref()?.from.as_deref());
        // Which namespaces a selector takes is not asked here.
        let of = if matches!(from, None | Some("Same")) { "." } else { "*" };
        format!("{of}/{host}")
    });
    Some(Bound { object, path: "spec.listeners", hosts: hosts.collect() })
}

/// The Gateways that a VirtualService names, each with the path of its name; none for one that is not in the set.
pub(super) fn of<'a>(
    cx: &Context<'a>,
    object: &Object,
    spec: &VirtualServiceSpec,
) -> Vec<(String, Option<Bound<'a>>)> {
    gateway_names(object, spec).map(|(path, namespace, name)| (path, find(cx, namespace, name))).collect()
}

/// Whether a Gateway's `namespace/host` admits a host of a VirtualService. Either may be the wider one.
fn admits(pattern: &str, host: &str, of_route: &str, of_gateway: &str) -> bool {
    let (namespace, pattern) = pattern.split_once('/').unwrap_or(("*", pattern));
    let namespace_fits = match namespace {
        "*" => true,
        "." => of_route == of_gateway,
        name => name == of_route,
    };
    namespace_fits && (covers(pattern, host) || covers(host, pattern))
}
