//! Routes of ingress controllers that have kinds of their own: Traefik's, Contour's, NGINX's, OpenShift's.
use netloom_cluster::{Protocol, ServicePort, TargetPort};
use netloom_objects::Object;

use super::{Entry, Published, Set, namespace_of};
use crate::controllers::Carrier;

/// A Service that a route of such a kind leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomBackend {
    /// Where the route names it.
    pub path: String,
    /// Where the port is written; the backend itself where none is.
    pub port_path: String,
    /// What a client asks for.
    pub address: String,
    /// The Service's namespace.
    pub namespace: String,
    /// The Service.
    pub service: String,
    /// Its port, by number or name; none for all of them.
    pub port: Option<String>,
    /// Whether the port may also be that of the pods, as OpenShift reads it.
    pub of_pods: bool,
    /// The protocol.
    pub protocol: Protocol,
}

impl CustomBackend {
    /// Whether a port of the Service is meant.
    #[must_use]
    pub fn means(&self, port: &ServicePort) -> bool {
        let Some(wanted) = self.port.as_deref() else { return port.protocol == self.protocol };
        let is_target = || match &port.target {
            TargetPort::Number(number) => number.to_string() == wanted,
            TargetPort::Name(name) => **name == *wanted,
        };
        port.protocol == self.protocol
            && (port.port.to_string() == wanted
                || port.name.as_deref() == Some(wanted)
                || (self.of_pods && is_target()))
    }
}

/// How the controllers of these kinds are known, by API group.
const CONTROLLERS: [(&str, &str, &str); 5] = [
    ("k8s.nginx.org", "nginx.org/ingress-controller", "nginx"),
    ("projectcontour.io", "projectcontour.io/", "contour"),
    ("route.openshift.io", "openshift.io/ingress-to-route", "openshift"),
    ("traefik.containo.us", "traefik.io/ingress-controller", "traefik"),
    ("traefik.io", "traefik.io/ingress-controller", "traefik"),
];

pub(super) fn add(set: &Set<'_>, object: &Object, found: &mut Vec<Published>) {
    let group = object.group();
    let Some((_, controller, class)) = CONTROLLERS.iter().find(|(of, ..)| *of == group) else { return };
    let own = ["spec.ingressClassName", "spec.className"].into_iter().find_map(|path| object.text(path));
    let carrier = Carrier {
        class: Some(own.unwrap_or(class).to_owned()),
        controller: Some((*controller).to_owned()),
        gateway: None,
        selector: None,
    };
    for backend in custom_backends(object) {
        found.push(Published {
            entry: Entry::Controller(carrier.clone()),
            targets: set.behind(&backend.namespace, &backend.service, |port| backend.means(port)),
            by: object.refer(&backend.path),
            address: backend.address,
            only_from: Vec::new(),
            masquerades: false,
        });
    }
}

/// The Services that an object of such a kind leads to; none for every other kind.
#[must_use]
pub fn custom_backends(object: &Object) -> Vec<CustomBackend> {
    if object.typed.is_known() {
        return Vec::new();
    }
    let reader = Reader { object, found: Vec::new() };
    match (object.group(), &*object.kind) {
        ("traefik.io" | "traefik.containo.us", "IngressRoute" | "IngressRouteTCP" | "IngressRouteUDP") => {
            reader.traefik()
        }
        ("projectcontour.io", "HTTPProxy") => reader.contour(),
        ("k8s.nginx.org", "VirtualServer" | "VirtualServerRoute" | "TransportServer") => reader.nginx(),
        ("route.openshift.io", "Route") => reader.openshift(),
        _ => Vec::new(),
    }
}

struct Reader<'o> {
    object: &'o Object,
    found: Vec<CustomBackend>,
}

impl Reader<'_> {
    /// Takes a backend at a path, if its Service is named there.
    fn add(&mut self, path: String, name: &str, port: Option<String>, address: &str, protocol: Protocol) {
        let text = |field: &str| self.object.text(&format!("{path}.{field}"));
        let Some(service) = text(name) else { return };
        // Other kinds than Services are Traefik's own, which lead on.
        if text("kind").is_some_and(|kind| kind != "Service") || text("weight") == Some("0") {
            return;
        }
        let namespace = text("namespace").unwrap_or_else(|| namespace_of(self.object)).to_owned();
        let service = service.to_owned();
        let port_path = port.clone().unwrap_or_else(|| path.clone());
        let port = port.and_then(|at| self.object.text(&at)).map(str::to_owned);
        let address = address.to_owned();
        let of_pods = false;
        self.found.push(CustomBackend {
            path,
            port_path,
            address,
            namespace,
            service,
            port,
            of_pods,
            protocol,
        });
    }

    fn traefik(mut self) -> Vec<CustomBackend> {
        let protocol = if self.object.kind.ends_with("UDP") { Protocol::Udp } else { Protocol::Tcp };
        for route in 0..self.object.count("spec.routes") {
            let at = format!("spec.routes[{route}]");
            let address = hosts_of_rule(self.object.text(&format!("{at}.match")).unwrap_or_default());
            for nth in 0..self.object.count(&format!("{at}.services")) {
                let path = format!("{at}.services[{nth}]");
                self.add(path.clone(), "name", Some(format!("{path}.port")), &address, protocol);
            }
        }
        self.found
    }

    fn contour(mut self) -> Vec<CustomBackend> {
        let host = self.object.text("spec.virtualhost.fqdn").unwrap_or("*").to_owned();
        let routes = (0..self.object.count("spec.routes")).map(|route| format!("spec.routes[{route}]"));
        for at in routes.chain(["spec.tcpproxy".to_owned()]) {
            let prefix = self.object.text(&format!("{at}.conditions[0].prefix")).unwrap_or_default();
            let address = format!("{host}{prefix}");
            for nth in 0..self.object.count(&format!("{at}.services")) {
                let path = format!("{at}.services[{nth}]");
                self.add(path.clone(), "name", Some(format!("{path}.port")), &address, Protocol::Tcp);
            }
        }
        self.found
    }

    fn nginx(mut self) -> Vec<CustomBackend> {
        let host = self.object.text("spec.host").unwrap_or("*").to_owned();
        let protocol = match self.object.text("spec.listener.protocol") {
            Some("UDP") => Protocol::Udp,
            _ => Protocol::Tcp,
        };
        for nth in 0..self.object.count("spec.upstreams") {
            let path = format!("spec.upstreams[{nth}]");
            self.add(path.clone(), "service", Some(format!("{path}.port")), &host, protocol);
        }
        self.found
    }

    fn openshift(mut self) -> Vec<CustomBackend> {
        let host = self.object.text("spec.host").unwrap_or("*").to_owned();
        let address = format!("{host}{}", self.object.text("spec.path").unwrap_or_default());
        let port = "spec.port.targetPort";
        let port = self.object.is_written(port).then(|| port.to_owned());
        let others = (0..self.object.count("spec.alternateBackends"))
            .map(|nth| format!("spec.alternateBackends[{nth}]"));
        for path in std::iter::once("spec.to".to_owned()).chain(others) {
            self.add(path, "name", port.clone(), &address, Protocol::Tcp);
        }
        self.found.iter_mut().for_each(|backend| backend.of_pods = true);
        self.found
    }
}

/// The hosts that a rule of Traefik asks for, as far as it names some: ``Host(`a.example`) && PathPrefix(`/x`)``.
fn hosts_of_rule(rule: &str) -> String {
    let mut hosts = Vec::new();
    for function in ["Host(", "HostSNI("] {
        for (at, _) in rule.match_indices(function) {
            let within = &rule[at + function.len()..];
            let within = within.split(')').next().unwrap_or_default();
            let named = within.split(',').map(|host| host.trim().trim_matches(['`', '\'', '"']));
            hosts.extend(named.filter(|host| !host.is_empty()).map(str::to_owned));
        }
    }
    if hosts.is_empty() { "*".to_owned() } else { hosts.join(" ") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use netloom_objects::{Source, parse_source};

    #[test]
    fn rules_of_traefik_name_hosts() {
        for (rule, hosts) in [
            ("Host(`a.example`)", "a.example"),
            ("Host(`a.example`, `b.example`) && PathPrefix(`/x`)", "a.example b.example"),
            ("HostSNI(`*`)", "*"),
            ("PathPrefix(`/`)", "*"),
            ("Host(`a.example`) || Host(\"b.example\")", "a.example b.example"),
            ("Host(", "*"),
        ] {
            assert_eq!(hosts_of_rule(rule), hosts, "{rule}");
        }
    }

    #[test]
    fn every_kind_names_its_services() {
        for (text, expected) in [
            (
                "{apiVersion: traefik.io/v1alpha1, kind: IngressRoute, metadata: {name: r, namespace: n}, spec: {routes: [\
                 {match: 'Host(`a`)', services: [{name: web, port: 80}, {name: api, namespace: o, port: http}]},\
                 {services: [{name: t, kind: TraefikService}]}]}}",
                vec![
                    "spec.routes[0].services[0] a n/web 80 TCP",
                    "spec.routes[0].services[1] a o/api http TCP",
                ],
            ),
            (
                "{apiVersion: traefik.containo.us/v1alpha1, kind: IngressRouteUDP, metadata: {name: r}, spec: {routes: [\
                 {services: [{name: dns, port: 53}]}]}}",
                vec!["spec.routes[0].services[0] * default/dns 53 UDP"],
            ),
            (
                "{apiVersion: projectcontour.io/v1, kind: HTTPProxy, metadata: {name: r, namespace: n}, spec: {virtualhost: \
                 {fqdn: a}, routes: [{conditions: [{prefix: /x}], services: [{name: web, port: 80}]}], tcpproxy: \
                 {services: [{name: db, port: 5432}]}}}",
                vec![
                    "spec.routes[0].services[0] a/x n/web 80 TCP",
                    "spec.tcpproxy.services[0] a n/db 5432 TCP",
                ],
            ),
            (
                "{apiVersion: k8s.nginx.org/v1, kind: VirtualServer, metadata: {name: r, namespace: n}, spec: {host: a, \
                 upstreams: [{name: u, service: web, port: 80}]}}",
                vec!["spec.upstreams[0] a n/web 80 TCP"],
            ),
            (
                "{apiVersion: k8s.nginx.org/v1, kind: TransportServer, metadata: {name: r, namespace: n}, spec: {listener: \
                 {name: d, protocol: UDP}, upstreams: [{name: u, service: dns, port: 53}]}}",
                vec!["spec.upstreams[0] * n/dns 53 UDP"],
            ),
            (
                "{apiVersion: route.openshift.io/v1, kind: Route, metadata: {name: r, namespace: n}, spec: {host: a, to: \
                 {kind: Service, name: web}, alternateBackends: [{kind: Service, name: new, weight: 10}, {name: off, \
                 weight: 0}], port: {targetPort: http}}}",
                vec!["spec.to a n/web http TCP", "spec.alternateBackends[0] a n/new http TCP"],
            ),
            (
                "{apiVersion: example.com/v1, kind: Route, metadata: {name: r}, spec: {to: {name: web}}}",
                vec![],
            ),
        ] {
            let object = parse_source(&Source::new("a.yaml", text)).objects.remove(0);
            let show = |b: &CustomBackend| {
                let port = b.port.as_deref().unwrap_or("any");
                format!("{} {} {}/{} {port} {}", b.path, b.address, b.namespace, b.service, b.protocol)
            };
            assert_eq!(custom_backends(&object).iter().map(show).collect::<Vec<_>>(), expected, "{text}");
        }
    }
}
