//! What the rules about Istio share: hosts as the mesh resolves them, destinations, durations, who is in the mesh.
use std::collections::{BTreeMap, HashMap, HashSet};

use k8s_openapi::api::core::v1::{Namespace, Service, ServicePort};
use netloom_objects::{
    Object,
    istio::{
        ClientTLSSettings, ConnectionPoolSettings, Destination, DestinationRuleSpec, Gateway,
        OutlierDetection, ServiceEntry, TrafficPolicy, VirtualServiceSpec,
    },
};
use netloom_reach::mesh;

pub(super) use crate::mesh::{DATAPLANE, INJECT, INJECTION, REVISION, mesh_of};
pub(in crate::rules) use crate::mesh::{Mesh, ROOT, mesh_of_workload};
use crate::{Context, Workload, standing, words::namespace_of};

/// The label that sends traffic through a waypoint.
pub(super) const WAYPOINT: &str = "istio.io/use-waypoint";

/// `app=web,tier=front`.
pub(super) fn shown(labels: &BTreeMap<String, String>) -> String {
    let pairs: Vec<String> = labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
    pairs.join(",")
}

/// The path of a label: the dots of its key are not steps.
pub(super) fn label_path(key: &str) -> String {
    format!("metadata.labels.{}", key.replace('.', "\\."))
}

/// A host as Istio resolves it.
pub(in crate::rules) fn full_host(cx: &Context<'_>, host: &str, namespace: &str) -> String {
    mesh::full_host(host, namespace, &cx.settings.cluster.zone)
}

/// The name and namespace of the Service that a full host names.
pub(in crate::rules) fn service_name<'h>(cx: &Context<'_>, full: &'h str) -> Option<(&'h str, &'h str)> {
    mesh::service_of(full, &cx.settings.cluster.zone)
}

/// Whether a host, which may be a pattern itself, lies within a pattern (`*`, `*.example.com`, or a name).
pub(super) fn covers(pattern: &str, host: &str) -> bool {
    match pattern.strip_prefix('*') {
        Some(suffix) => {
            let rest = host.strip_prefix('*').unwrap_or(host);
            rest.ends_with(suffix)
                && (host.starts_with('*') || rest.len() > suffix.len() || suffix.is_empty())
        }
        None => pattern == host,
    }
}

/// What the mesh knows by name: Services and the hosts of ServiceEntries.
pub(super) struct Registry<'a> {
    services: HashMap<String, (&'a Object, &'a Service)>,
    /// Those that no manifest says.
    standing: HashSet<String>,
    entries: HashMap<String, Vec<(&'a Object, &'a ServiceEntry)>>,
}

impl<'a> Registry<'a> {
    pub(super) fn new(cx: &Context<'a>) -> Self {
        let services = cx
            .all::<Service>()
            .map(|(object, service)| (full_host(cx, &object.name, namespace_of(object)), (object, service)))
            .collect();
        let mut entries: HashMap<_, Vec<_>> = HashMap::new();
        for (object, entry) in cx.all::<ServiceEntry>() {
            for host in &entry.spec.hosts {
                entries.entry(full_host(cx, host, namespace_of(object))).or_default().push((object, entry));
            }
        }
        let standing = standing::services(cx).into_iter();
        let standing = standing.map(|service| full_host(cx, service.name, service.namespace)).collect();
        Self { services, standing, entries }
    }

    /// The Service of a full host.
    pub(super) fn service(&self, full: &str) -> Option<(&'a Object, &'a Service)> {
        self.services.get(full).copied()
    }

    /// The ServiceEntries that define a full host, by its name or by a pattern over it.
    pub(super) fn entries(&self, full: &str) -> Vec<(&'a Object, &'a ServiceEntry)> {
        let mut found = self.entries.get(full).cloned().unwrap_or_default();
        let bare = full.strip_prefix("*.").unwrap_or(full);
        let parents = bare.match_indices('.').map(|(dot, _)| format!("*{}", &bare[dot..]));
        for pattern in parents.filter(|pattern| pattern != full) {
            found.extend(self.entries.get(&pattern).into_iter().flatten().copied());
        }
        found
    }

    /// Whether the mesh knows a full host.
    pub(super) fn knows(&self, full: &str) -> bool {
        self.services.contains_key(full) || self.standing.contains(full) || !self.entries(full).is_empty()
    }
}

/// Where a VirtualService sends something, with the path of the destination.
pub(in crate::rules) fn destinations(spec: &VirtualServiceSpec) -> Vec<(String, &Destination)> {
    let mut found = Vec::new();
    for (r, route) in spec.http.iter().enumerate() {
        for (d, to) in route.route.iter().enumerate() {
            found.push((format!("spec.http[{r}].route[{d}].destination"), &to.destination));
        }
        found.extend(route.mirror.iter().map(|mirror| (format!("spec.http[{r}].mirror"), mirror)));
        for (m, mirror) in route.mirrors.iter().enumerate() {
            found.push((format!("spec.http[{r}].mirrors[{m}].destination"), &mirror.destination));
        }
    }
    let tls = spec.tls.iter().map(|route| &route.route).enumerate().map(|(r, to)| ("tls", r, to));
    let tcp = spec.tcp.iter().map(|route| &route.route).enumerate().map(|(r, to)| ("tcp", r, to));
    for (list, r, routes) in tls.chain(tcp) {
        for (d, to) in routes.iter().enumerate() {
            found.push((format!("spec.{list}[{r}].route[{d}].destination"), &to.destination));
        }
    }
    found.retain(|(_, destination)| !destination.host.is_empty());
    found
}

/// What a DestinationRule says for a host, a subset or a port.
pub(super) struct Part<'a> {
    /// `spec.trafficPolicy`.
    pub(super) path: String,
    pub(super) connection_pool: Option<&'a ConnectionPoolSettings>,
    pub(super) outlier_detection: Option<&'a OutlierDetection>,
    pub(super) tls: Option<&'a ClientTLSSettings>,
}

/// All traffic policies of a DestinationRule.
pub(super) fn parts(spec: &DestinationRuleSpec) -> Vec<Part<'_>> {
    let whole = spec.traffic_policy.iter().map(|policy| ("spec.trafficPolicy".to_owned(), policy));
    let subsets = spec.subsets.iter().enumerate().filter_map(|(index, subset)| {
        Some((format!("spec.subsets[{index}].trafficPolicy"), subset.traffic_policy.as_ref()?))
    });
    whole.chain(subsets).flat_map(|(path, policy)| of_policy(path, policy)).collect()
}

fn of_policy(path: String, policy: &TrafficPolicy) -> Vec<Part<'_>> {
    let ports = policy.port_level_settings.iter().enumerate().map(|(index, port)| Part {
        path: format!("{path}.portLevelSettings[{index}]"),
        connection_pool: port.connection_pool.as_ref(),
        outlier_detection: port.outlier_detection.as_ref(),
        tls: port.tls.as_ref(),
    });
    let mut found: Vec<Part<'_>> = ports.collect();
    found.insert(
        0,
        Part {
            path,
            connection_pool: policy.connection_pool.as_ref(),
            outlier_detection: policy.outlier_detection.as_ref(),
            tls: policy.tls.as_ref(),
        },
    );
    found
}

/// A duration (`10s`, `1m30s`, `1.5s`, `250ms`) in microseconds.
pub(super) fn microseconds(text: &str) -> Option<u64> {
    let mut rest = text.trim();
    let mut sum = 0.0_f64;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let number: f64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let (unit, factor) =
            [("ms", 1e3), ("us", 1.0), ("µs", 1.0), ("ns", 1e-3), ("h", 3.6e9), ("m", 6e7), ("s", 1e6)]
                .into_iter()
                .find(|(unit, _)| rest.starts_with(unit))?;
        sum += number * factor;
        rest = &rest[unit.len()..];
    }
    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it is neither negative nor anywhere near the bounds"
    )]
    (sum < 1e18).then_some(sum as u64)
}

/// A duration as one writes it.
pub(super) fn duration(micros: u64) -> String {
    let seconds = micros / 1_000_000;
    let millis = micros % 1_000_000 / 1_000;
    match (seconds, millis) {
        (0, millis) => format!("{millis}ms"),
        (seconds, 0) => format!("{seconds}s"),
        (seconds, millis) => format!("{seconds}.{}s", format!("{millis:03}").trim_end_matches('0')),
    }
}

/// Who sees an object: `None` is everyone.
pub(super) fn audience<'a>(object: &'a Object, export_to: &'a [String]) -> Option<Vec<&'a str>> {
    if export_to.is_empty() || export_to.iter().any(|to| to == "*") {
        return None;
    }
    Some(export_to.iter().map(|to| if to == "." { namespace_of(object) } else { to }).collect())
}

/// Whether anyone sees both.
pub(super) fn overlap(a: &Option<Vec<&str>>, b: &Option<Vec<&str>>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => a.iter().any(|namespace| b.contains(namespace)),
        _ => true,
    }
}

/// The Namespaces of the set that are in the mesh, with how and by which label.
pub(super) fn mesh_namespaces<'a>(
    cx: &Context<'a>,
) -> impl Iterator<Item = (&'a Object, Mesh, &'static str)> + use<'a> {
    cx.all::<Namespace>().filter_map(|(object, _)| {
        let (mesh, label) = mesh_of(object.labels())?;
        Some((object, mesh, label))
    })
}

/// The Gateways that a VirtualService names, without `mesh`, each with the path of the name and its namespace and name.
pub(in crate::rules) fn gateway_names<'v>(
    object: &'v Object,
    spec: &'v VirtualServiceSpec,
) -> impl Iterator<Item = (String, &'v str, &'v str)> {
    spec.gateways.iter().enumerate().filter(|(_, name)| *name != mesh::MESH).map(move |(index, name)| {
        let (namespace, name) = mesh::gateway(name, namespace_of(object));
        (format!("spec.gateways[{index}]"), namespace, name)
    })
}

/// Whether a VirtualService holds for the proxies of the mesh, and not only for gateways.
pub(super) fn is_for_mesh(spec: &VirtualServiceSpec) -> bool {
    spec.gateways.is_empty() || spec.gateways.iter().any(|name| name == "mesh")
}

/// Whether a Gateway is carried out by the gateway that Istio is installed with.
pub(in crate::rules) fn is_default_gateway(gateway: &Gateway) -> bool {
    gateway.spec.selector.get("istio").is_some_and(|name| name == "ingressgateway")
}

/// The workloads that carry out a Gateway: its selector looks into every namespace.
pub(in crate::rules) fn gateway_workloads<'c, 'a>(
    cx: &'c Context<'a>,
    gateway: &Gateway,
) -> Vec<&'c Workload<'a>> {
    let selector = &gateway.spec.selector;
    if selector.is_empty() {
        return Vec::new();
    }
    cx.workloads()
        .iter()
        .filter(|workload| selector.iter().all(|(key, value)| workload.labels().get(key) == Some(value)))
        .collect()
}

/// The protocol that Istio takes a Service port for, in lower case; `None` where it looks at the bytes.
pub(super) fn protocol_of(port: &ServicePort) -> Option<String> {
    const KNOWN: [&str; 14] = [
        "grpc-web",
        "grpc",
        "http2",
        "http3",
        "https",
        "http",
        "mongo",
        "mysql",
        "redis",
        "tcp",
        "tls",
        "udp",
        "hbone",
        "doubletls",
    ];
    if port.protocol.as_deref() == Some("UDP") {
        return Some("udp".to_owned());
    }
    let from_app = port.app_protocol.as_deref().map(str::to_ascii_lowercase).and_then(|app| {
        let app = app.strip_prefix("kubernetes.io/").unwrap_or(&app);
        match app {
            "h2c" => Some("http2".to_owned()),
            "ws" | "wss" => Some("http".to_owned()),
            _ => KNOWN.contains(&app).then(|| app.to_owned()),
        }
    });
    from_app.or_else(|| {
        let name = port.name.as_deref()?.to_ascii_lowercase();
        let is = |protocol: &str| {
            name.strip_prefix(protocol).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
        };
        KNOWN.into_iter().find(|protocol| is(protocol)).map(str::to_owned)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_and_written() {
        let table = [
            ("10s", Some(10_000_000), "10s"),
            ("1m30s", Some(90_000_000), "90s"),
            ("1.5s", Some(1_500_000), "1.5s"),
            ("250ms", Some(250_000), "250ms"),
            ("1h", Some(3_600_000_000), "3600s"),
            ("0s", Some(0), "0ms"),
            ("ten", None, ""),
            ("10", None, ""),
            ("", None, ""),
        ];
        for (text, micros, written) in table {
            assert_eq!(microseconds(text), micros, "{text}");
            assert!(micros.is_none_or(|micros| duration(micros) == written), "{text}");
        }
    }

    #[test]
    fn patterns_cover_what_lies_below_them() {
        let table = [
            ("*", "a.example", true),
            ("*.a.example", "b.a.example", true),
            ("*.a.example", "a.example", false),
            ("*.a.example", "*.b.a.example", true),
            ("*.a.example", "*.a.example", true),
            ("*.b.a.example", "*.a.example", false),
            ("a.example", "*.a.example", false),
            ("a.example", "a.example", true),
        ];
        for (pattern, host, covered) in table {
            assert_eq!(covers(pattern, host), covered, "{pattern} {host}");
        }
    }
}
