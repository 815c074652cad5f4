//! What rules about Gateway API share: routes of every kind as one, the listeners that they name, names of hosts.
use std::collections::HashMap;

use k8s_openapi::api::core::v1::Namespace;
use netloom_cluster::{Operator, selector};
use netloom_objects::{
    Object,
    gateway_api::{
        GRPCRoute, GRPCRouteFilter, Gateway, HTTPRoute, HTTPRouteFilter, Listener, ParentReference,
        ReferenceGrant, TCPRoute, TLSRoute, UDPRoute,
    },
};

use crate::{
    Context,
    words::{namespace_of, title},
};

/// The group of Gateway API's kinds.
pub(in crate::rules) const GROUP: &str = "gateway.networking.k8s.io";

/// A route of any kind.
pub(super) struct Route<'a> {
    pub object: &'a Object,
    pub kind: &'static str,
    pub parents: &'a [ParentReference],
    /// None where the kind has no hostnames.
    pub hostnames: Option<&'a [String]>,
    pub backends: Vec<Backend<'a>>,
}

/// What a rule of a route leads to.
pub(super) struct Backend<'a> {
    /// The path of the reference.
    pub path: String,
    group: Option<&'a str>,
    kind: Option<&'a str>,
    pub name: &'a str,
    pub namespace: Option<&'a str>,
    pub port: Option<i32>,
}

impl<'a> Backend<'a> {
    /// The API group of what it names; empty for the core group.
    pub fn group(&self) -> &'a str {
        self.group.unwrap_or("")
    }

    /// The kind of what it names.
    pub fn kind(&self) -> &'a str {
        self.kind.unwrap_or("Service")
    }

    pub fn is_service(&self) -> bool {
        self.group().is_empty() && self.kind() == "Service"
    }
}

impl<'a> Route<'a> {
    pub fn namespace(&self) -> &'a str {
        namespace_of(self.object)
    }

    /// `HTTPRoute shop/web`.
    pub fn title(&self) -> String {
        title(self.object)
    }

    /// The namespace that a backend is in.
    pub fn backend_namespace(&self, backend: &Backend<'a>) -> &'a str {
        backend.namespace.unwrap_or_else(|| self.namespace())
    }

    /// The Gateways of the set that it names, each with the reference to it and its index.
    pub fn gateways<'c>(&'c self, cx: &'c Context<'a>) -> impl Iterator<Item = Attachment<'a>> + 'c {
        let parents = self.parents.iter().enumerate().filter(|(_, parent)| is_gateway(parent));
        parents.filter_map(|(index, parent)| {
            let namespace = parent.namespace.as_deref().unwrap_or_else(|| self.namespace());
            let (object, gateway) = cx.find::<Gateway>(Some(namespace), &parent.name)?;
            Some(Attachment { index, parent, object, gateway })
        })
    }
}

/// Whether a route's parent is a Gateway, not a Service or a kind of an implementation.
pub(super) fn is_gateway(parent: &ParentReference) -> bool {
    parent.group.as_deref().is_none_or(|group| group == GROUP)
        && parent.kind.as_deref().is_none_or(|kind| kind == "Gateway")
}

/// A route's reference to a Gateway of the set.
pub(super) struct Attachment<'a> {
    /// The index in `parentRefs`.
    pub index: usize,
    pub parent: &'a ParentReference,
    pub object: &'a Object,
    pub gateway: &'a Gateway,
}

impl<'a> Attachment<'a> {
    /// The listeners that the reference means, each with its index.
    pub fn listeners(&self) -> impl Iterator<Item = (usize, &'a Listener)> + use<'a> {
        let parent = self.parent;
        self.gateway.spec.listeners.iter().enumerate().filter(move |(_, listener)| {
            parent.section_name.as_deref().is_none_or(|name| name == listener.name)
                && parent.port.is_none_or(|port| port == listener.port)
        })
    }

    /// The listeners among these that may carry routes of a kind.
    pub fn carriers(&self, kind: &str) -> impl Iterator<Item = (usize, &'a Listener)> + use<'a, '_> {
        let kind = kind.to_owned();
        self.listeners().filter(move |(_, listener)| carries(listener, &kind))
    }

    /// `spec.parentRefs[0]`.
    pub fn path(&self) -> String {
        format!("spec.parentRefs[{}]", self.index)
    }
}

/// Whether a listener's protocol can carry routes of a kind. Protocols of implementations carry what they like.
pub(super) fn carries(listener: &Listener, kind: &str) -> bool {
    let passes = listener.tls.as_ref().is_some_and(|tls| tls.mode.as_deref() == Some("Passthrough"));
    match listener.protocol.to_ascii_uppercase().as_str() {
        "HTTP" | "HTTPS" => matches!(kind, "HTTPRoute" | "GRPCRoute"),
        "TLS" if passes => kind == "TLSRoute",
        "TLS" => matches!(kind, "TLSRoute" | "TCPRoute"),
        "TCP" => kind == "TCPRoute",
        "UDP" => kind == "UDPRoute",
        _ => true,
    }
}

macro_rules! backend {
    ($path:expr, $to:expr) => {
        Backend {
            path: $path,
            group: $to.group.as_deref(),
            kind: $to.kind.as_deref(),
            name: &$to.name,
            namespace: $to.namespace.as_deref(),
            port: $to.port,
        }
    };
}

macro_rules! layer4 {
    ($cx:expr, $routes:expr, $type:ty, $kind:literal, $hostnames:expr) => {
        for (object, route) in $cx.all::<$type>() {
            let mut backends = Vec::new();
            for (i, rule) in route.spec.rules.iter().enumerate() {
                for (j, to) in rule.backend_refs.iter().enumerate() {
                    backends.push(backend!(format!("spec.rules[{i}].backendRefs[{j}]"), to));
                }
            }
            let hostnames: fn(&$type) -> Option<&[String]> = $hostnames;
            let hostnames = hostnames(route);
            $routes.push(Route {
                object,
                kind: $kind,
                parents: &route.spec.parent_refs,
                hostnames,
                backends,
            });
        }
    };
}

/// All routes of the set, with backends and the targets of mirrors.
pub(super) fn routes<'a>(cx: &Context<'a>) -> Vec<Route<'a>> {
    let mut routes = Vec::new();
    for (object, http) in cx.all::<HTTPRoute>() {
        let mut backends = Vec::new();
        for (i, rule) in http.spec.rules.iter().enumerate() {
            for (j, to) in rule.backend_refs.iter().enumerate() {
                backends.push(backend!(format!("spec.rules[{i}].backendRefs[{j}]"), to));
            }
        }
        for (path, filter) in http_filters(http) {
            if let Some(mirror) = &filter.request_mirror {
                backends.push(backend!(format!("{path}.requestMirror.backendRef"), mirror.backend_ref));
            }
        }
        let (parents, hostnames) = (&*http.spec.parent_refs, Some(&*http.spec.hostnames));
        routes.push(Route { object, kind: "HTTPRoute", parents, hostnames, backends });
    }
    for (object, grpc) in cx.all::<GRPCRoute>() {
        let mut backends = Vec::new();
        for (i, rule) in grpc.spec.rules.iter().enumerate() {
            for (j, to) in rule.backend_refs.iter().enumerate() {
                backends.push(backend!(format!("spec.rules[{i}].backendRefs[{j}]"), to));
            }
        }
        for (path, filter) in grpc_filters(grpc) {
            if let Some(mirror) = &filter.request_mirror {
                backends.push(backend!(format!("{path}.requestMirror.backendRef"), mirror.backend_ref));
            }
        }
        let (parents, hostnames) = (&*grpc.spec.parent_refs, Some(&*grpc.spec.hostnames));
        routes.push(Route { object, kind: "GRPCRoute", parents, hostnames, backends });
    }
    layer4!(cx, routes, TLSRoute, "TLSRoute", |route| Some(&*route.spec.hostnames));
    layer4!(cx, routes, TCPRoute, "TCPRoute", |_| None);
    layer4!(cx, routes, UDPRoute, "UDPRoute", |_| None);
    routes
}

/// The lists of filters of an HTTPRoute, each with its path: those of rules and those of backends.
pub(super) fn http_filter_lists(route: &HTTPRoute) -> Vec<(String, &[HTTPRouteFilter])> {
    let mut lists = Vec::new();
    for (i, rule) in route.spec.rules.iter().enumerate() {
        lists.push((format!("spec.rules[{i}].filters"), &*rule.filters));
        for (j, to) in rule.backend_refs.iter().enumerate() {
            lists.push((format!("spec.rules[{i}].backendRefs[{j}].filters"), &*to.filters));
        }
    }
    lists
}

/// The lists of filters of a GRPCRoute, each with its path.
pub(super) fn grpc_filter_lists(route: &GRPCRoute) -> Vec<(String, &[GRPCRouteFilter])> {
    let mut lists = Vec::new();
    for (i, rule) in route.spec.rules.iter().enumerate() {
        lists.push((format!("spec.rules[{i}].filters"), &*rule.filters));
        for (j, to) in rule.backend_refs.iter().enumerate() {
            lists.push((format!("spec.rules[{i}].backendRefs[{j}].filters"), &*to.filters));
        }
    }
    lists
}

/// All filters of an HTTPRoute, each with its path.
pub(super) fn http_filters(route: &HTTPRoute) -> impl Iterator<Item = (String, &HTTPRouteFilter)> {
    http_filter_lists(route).into_iter().flat_map(|(path, filters)| {
        filters.iter().enumerate().map(move |(index, filter)| (format!("{path}[{index}]"), filter))
    })
}

/// All filters of a GRPCRoute, each with its path.
pub(super) fn grpc_filters(route: &GRPCRoute) -> impl Iterator<Item = (String, &GRPCRouteFilter)> {
    grpc_filter_lists(route).into_iter().flat_map(|(path, filters)| {
        filters.iter().enumerate().map(move |(index, filter)| (format!("{path}[{index}]"), filter))
    })
}

/// Whether two hostnames have a host in common; each may begin with `*.`, which stands for one label or more.
pub(super) fn intersect(a: &str, b: &str) -> bool {
    let (a, b) = (a.to_ascii_lowercase(), b.to_ascii_lowercase());
    match (a.strip_prefix('*'), b.strip_prefix('*')) {
        (None, None) => a == b,
        (Some(suffix), None) => b.ends_with(suffix) && b.len() > suffix.len(),
        (None, Some(suffix)) => a.ends_with(suffix) && a.len() > suffix.len(),
        (Some(one), Some(other)) => one.ends_with(other) || other.ends_with(one),
    }
}

/// Whether a listener, by its hostname, takes requests for a route with these hostnames.
pub(super) fn meets(listener: &Listener, hostnames: &[String]) -> bool {
    match listener.hostname.as_deref().filter(|hostname| !hostname.is_empty()) {
        Some(own) => hostnames.is_empty() || hostnames.iter().any(|hostname| intersect(own, hostname)),
        None => true,
    }
}

/// Whether routes of a namespace may attach to a listener of a Gateway in another or the same one. None where that
/// hangs on labels that are not in the set.
pub(super) fn admits(
    cx: &Context<'_>,
    gateway: &Object,
    listener: &Listener,
    namespace: &str,
) -> Option<bool> {
    let namespaces = listener.allowed_routes.as_ref().and_then(|allowed| allowed.namespaces.as_ref());
    match namespaces.and_then(|namespaces| namespaces.from.as_deref()).unwrap_or("Same") {
        "All" => Some(true),
        "Same" => Some(namespace_of(gateway) == namespace),
        "Selector" => {
            let written = namespaces.and_then(|namespaces| namespaces.selector.as_ref())?;
            let wanted = selector(written).ok()?;
            let labels = cx.namespace_labels(namespace)?;
            let by_name = |key: &str| key == "kubernetes.io/metadata.name";
            let is_known = cx.find::<Namespace>(None, namespace).is_some()
                || wanted.requirements.iter().all(|r| by_name(&r.key))
                || wanted.requirements.iter().any(|r| match &r.operator {
                    Operator::In(values) => by_name(&r.key) && !values.iter().any(|v| v == namespace),
                    _ => false,
                });
            is_known.then(|| wanted.matches(labels))
        }
        _ => None,
    }
}

/// The kinds that a listener allows by name; all that its protocol carries where it names none.
pub(super) fn allows_kind(listener: &Listener, kind: &str) -> bool {
    let kinds = listener.allowed_routes.as_ref().map_or(&[][..], |allowed| &*allowed.kinds);
    kinds.is_empty()
        || kinds.iter().any(|k| k.kind == kind && k.group.as_deref().is_none_or(|group| group == GROUP))
}

/// The ReferenceGrants of the set, by the namespace that they open.
pub(super) struct Grants<'a>(HashMap<&'a str, Vec<(&'a Object, &'a ReferenceGrant)>>);

/// A reference from one namespace into another.
pub(super) struct Crossing<'a> {
    pub from_group: &'a str,
    pub from_kind: &'a str,
    pub from_namespace: &'a str,
    pub to_group: &'a str,
    pub to_kind: &'a str,
    pub to_namespace: &'a str,
    pub to_name: &'a str,
}

impl Crossing<'_> {
    /// Whether a grant in the namespace of its target lets it through.
    pub fn is_granted_by(&self, grant: &ReferenceGrant) -> bool {
        let from = grant.spec.from.iter().any(|from| {
            from.group == self.from_group
                && from.kind == self.from_kind
                && from.namespace == self.from_namespace
        });
        from && grant.spec.to.iter().any(|to| {
            to.group == self.to_group
                && to.kind == self.to_kind
                && to.name.as_deref().is_none_or(|name| name.is_empty() || name == self.to_name)
        })
    }
}

impl<'a> Grants<'a> {
    pub fn of(cx: &Context<'a>) -> Self {
        let mut grants: HashMap<_, Vec<_>> = HashMap::new();
        for (object, grant) in cx.all::<ReferenceGrant>() {
            grants.entry(namespace_of(object)).or_default().push((object, grant));
        }
        Self(grants)
    }

    /// The grants of a namespace.
    pub fn in_namespace(&self, namespace: &str) -> &[(&'a Object, &'a ReferenceGrant)] {
        self.0.get(namespace).map_or(&[], Vec::as_slice)
    }

    pub fn allow(&self, crossing: &Crossing<'_>) -> bool {
        self.in_namespace(crossing.to_namespace).iter().any(|(_, grant)| crossing.is_granted_by(grant))
    }
}

/// All references of the set that lead from one namespace into another, each with its object and path.
pub(super) fn crossings<'a>(cx: &Context<'a>) -> Vec<(&'a Object, String, Crossing<'a>)> {
    let mut found = Vec::new();
    for route in routes(cx) {
        for backend in &route.backends {
            let to_namespace = route.backend_namespace(backend);
            if to_namespace == route.namespace() {
                continue;
            }
            let crossing = Crossing {
                from_group: GROUP,
                from_kind: route.kind,
                from_namespace: route.namespace(),
                to_group: backend.group(),
                to_kind: backend.kind(),
                to_namespace,
                to_name: backend.name,
            };
            found.push((route.object, backend.path.clone(), crossing));
        }
    }
    for (object, gateway) in cx.all::<Gateway>() {
        for (i, listener) in gateway.spec.listeners.iter().enumerate() {
            let refs = listener.tls.iter().flat_map(|tls| &tls.certificate_refs).enumerate();
            for (j, certificate) in refs {
                let own = namespace_of(object);
                let Some(to_namespace) = certificate.namespace.as_deref().filter(|n| *n != own) else {
                    continue;
                };
                let crossing = Crossing {
                    from_group: GROUP,
                    from_kind: "Gateway",
                    from_namespace: own,
                    to_group: certificate.group.as_deref().unwrap_or(""),
                    to_kind: certificate.kind.as_deref().unwrap_or("Secret"),
                    to_namespace,
                    to_name: &certificate.name,
                };
                found.push((object, format!("spec.listeners[{i}].tls.certificateRefs[{j}]"), crossing));
            }
        }
    }
    found
}

/// The milliseconds of a duration as Gateway API writes it (GEP-2257): `10s`, `1m30s`, `500ms`. None for any other.
pub(super) fn milliseconds(text: &str) -> Option<u64> {
    let (mut rest, mut total, mut parts) = (text, 0_u64, 0);
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit())?;
        let unit = &rest[digits..];
        let unit = &unit[..unit.find(|c: char| c.is_ascii_digit()).unwrap_or(unit.len())];
        let factor = match unit {
            "h" => 3_600_000,
            "m" => 60_000,
            "s" => 1_000,
            "ms" => 1,
            _ => return None,
        };
        parts += 1;
        if !(1..=5).contains(&digits) || parts > 4 {
            return None;
        }
        total += rest[..digits].parse::<u64>().ok()? * factor;
        rest = &rest[digits + unit.len()..];
    }
    (parts > 0).then_some(total)
}
