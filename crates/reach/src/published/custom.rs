//! Routes of ingress controllers that have kinds of their own: Traefik's, Contour's, NGINX's, OpenShift's.
use netloom_cluster::{Protocol, ServicePort, TargetPort};
use netloom_objects::Object;

use super::{Ask, Dialect, Entry, PathAsk, Published, Routed, Set, namespace_of};
use crate::controllers::Carrier;

/// A Service that a route of such a kind leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomBackend {
    /// Where the route names it.
    pub path: String,
    /// Where the port is written; the backend itself where none is.
    pub port_path: String,
    /// The hosts that it is for; every host where there is none.
    pub hosts: Vec<String>,
    /// What the paths begin with that it is for.
    pub prefix: Option<String>,
    /// What else is asked of a request.
    pub more: Vec<String>,
    /// The place of its rule in the object.
    pub rule: usize,
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
    /// What a client asks for: `shop.example/cart`.
    #[must_use]
    pub fn address(&self) -> String {
        let hosts = if self.hosts.is_empty() { "*".to_owned() } else { self.hosts.join(" ") };
        format!("{hosts}{}", self.prefix.as_deref().unwrap_or_default())
    }

    fn routed(&self) -> Routed {
        let path = self.prefix.clone().map_or(PathAsk::Any, PathAsk::Start);
        Routed {
            dialect: Dialect::Ingress,
            hosts: self.hosts.clone(),
            asks: vec![Ask { path, more: self.more.clone() }],
            rule: self.rule,
            fallback: false,
            service: (self.namespace.clone(), self.service.clone()),
            port: self.port.clone(),
        }
    }

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
            address: backend.address(),
            only_from: Vec::new(),
            masquerades: false,
            routed: Some(backend.routed()),
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

/// What a rule is for.
#[derive(Clone, Default)]
struct Asked {
    hosts: Vec<String>,
    prefix: Option<String>,
    more: Vec<String>,
    rule: usize,
}

impl Reader<'_> {
    /// Takes a backend at a path, if its Service is named there; `port` is where its port is written.
    fn add(&mut self, path: String, name: &str, port: Option<String>, asked: &Asked, protocol: Protocol) {
        let text = |field: &str| self.object.text(&format!("{path}.{field}"));
        let Some(service) = text(name) else { return };
        // Other kinds than Services are Traefik's own, which lead on.
        if text("kind").is_some_and(|kind| kind != "Service") || text("weight") == Some("0") {
            return;
        }
        let backend = CustomBackend {
            namespace: text("namespace").unwrap_or_else(|| namespace_of(self.object)).to_owned(),
            service: service.to_owned(),
            port_path: port.clone().unwrap_or_else(|| path.clone()),
            port: port.and_then(|at| self.object.text(&at)).map(str::to_owned),
            hosts: asked.hosts.clone(),
            prefix: asked.prefix.clone(),
            more: asked.more.clone(),
            rule: asked.rule,
            of_pods: false,
            protocol,
            path: path.clone(),
        };
        self.found.push(backend);
    }

    /// The host at a path, unless it is every one.
    fn host(&self, path: &str) -> Vec<String> {
        self.object.text(path).filter(|host| *host != "*").map(str::to_owned).into_iter().collect()
    }

    fn traefik(mut self) -> Vec<CustomBackend> {
        let protocol = if self.object.kind.ends_with("UDP") { Protocol::Udp } else { Protocol::Tcp };
        for rule in 0..self.object.count("spec.routes") {
            let at = format!("spec.routes[{rule}]");
            let matched = self.object.text(&format!("{at}.match")).unwrap_or_default();
            let asked = Asked { rule, ..asked_by(matched) };
            for nth in 0..self.object.count(&format!("{at}.services")) {
                let path = format!("{at}.services[{nth}]");
                self.add(path.clone(), "name", Some(format!("{path}.port")), &asked, protocol);
            }
        }
        self.found
    }

    fn contour(mut self) -> Vec<CustomBackend> {
        let hosts = self.host("spec.virtualhost.fqdn");
        let routes = (0..self.object.count("spec.routes")).map(|route| format!("spec.routes[{route}]"));
        for (rule, at) in routes.chain(["spec.tcpproxy".to_owned()]).enumerate() {
            let prefix = self.object.text(&format!("{at}.conditions[0].prefix")).map(str::to_owned);
            let asked = Asked { hosts: hosts.clone(), prefix, rule, ..Asked::default() };
            for nth in 0..self.object.count(&format!("{at}.services")) {
                let path = format!("{at}.services[{nth}]");
                self.add(path.clone(), "name", Some(format!("{path}.port")), &asked, Protocol::Tcp);
            }
        }
        self.found
    }

    fn nginx(mut self) -> Vec<CustomBackend> {
        let asked = Asked { hosts: self.host("spec.host"), ..Asked::default() };
        let protocol = match self.object.text("spec.listener.protocol") {
            Some("UDP") => Protocol::Udp,
            _ => Protocol::Tcp,
        };
        let upstreams: Vec<String> =
            (0..self.object.count("spec.upstreams")).map(|nth| format!("spec.upstreams[{nth}]")).collect();
        let routes =
            if &*self.object.kind == "VirtualServerRoute" { "spec.subroutes" } else { "spec.routes" };
        let count = self.object.count(routes);
        for rule in 0..count {
            let route = format!("{routes}[{rule}]");
            let (prefix, more) = nginx_path(self.object.text(&format!("{route}.path")));
            let asked = Asked { prefix, more, rule, ..asked.clone() };
            let passed = self.passed(&route);
            let named = |path: &&String| {
                self.object.text(&format!("{path}.name")).is_some_and(|name| passed.contains(&name))
            };
            let leads: Vec<&String> = upstreams.iter().filter(named).collect();
            for path in leads {
                self.add(path.clone(), "service", Some(format!("{path}.port")), &asked, protocol);
            }
        }
        if count == 0 {
            for path in upstreams {
                self.add(path.clone(), "service", Some(format!("{path}.port")), &asked, protocol);
            }
        }
        self.found
    }

    /// The upstreams that a route of NGINX passes requests to: by itself, split, or by conditions.
    fn passed(&self, route: &str) -> Vec<&str> {
        let items = |at: &str, list: &str| -> Vec<String> {
            let list = format!("{at}.{list}");
            (0..self.object.count(&list)).map(|nth| format!("{list}[{nth}]")).collect()
        };
        let mut places = vec![route.to_owned()];
        places.extend(items(route, "matches"));
        let splits: Vec<String> = places.iter().flat_map(|place| items(place, "splits")).collect();
        places.extend(splits);
        let named = ["action.pass", "action.proxy.upstream"];
        let names = places.iter().flat_map(|place| named.map(|field| format!("{place}.{field}")));
        names.filter_map(|path| self.object.text(&path)).collect()
    }

    fn openshift(mut self) -> Vec<CustomBackend> {
        let prefix = self.object.text("spec.path").map(str::to_owned);
        let asked = Asked { hosts: self.host("spec.host"), prefix, ..Asked::default() };
        let port = "spec.port.targetPort";
        let port = self.object.is_written(port).then(|| port.to_owned());
        let others = 0..self.object.count("spec.alternateBackends");
        let others = others.map(|nth| format!("spec.alternateBackends[{nth}]"));
        for path in std::iter::once("spec.to".to_owned()).chain(others) {
            self.add(path, "name", port.clone(), &asked, Protocol::Tcp);
        }
        self.found.iter_mut().for_each(|backend| backend.of_pods = true);
        self.found
    }
}

/// The prefix that a path of NGINX stands for, and what else it asks for: `= /x` is that path alone, `~` a pattern.
fn nginx_path(path: Option<&str>) -> (Option<String>, Vec<String>) {
    match path {
        None => (None, Vec::new()),
        Some(path) if path.starts_with('/') => (Some(path.to_owned()), Vec::new()),
        Some(path) => {
            let exact = path.strip_prefix('=').map(|exact| exact.trim().to_owned());
            (exact, vec![format!("path {path}")])
        }
    }
}

/// What a rule of Traefik asks for: ``Host(`a.example`) && PathPrefix(`/x`)``.
fn asked_by(rule: &str) -> Asked {
    let mut asked = Asked::default();
    let mut other = false;
    for (at, _) in rule.match_indices('(') {
        // Letters and digits of ASCII, so that as many characters are as many bytes.
        let start = at - rule[..at].chars().rev().take_while(char::is_ascii_alphanumeric).count();
        let within = rule[at + 1..].split(')').next().unwrap_or_default();
        let values = within.split(',').map(|value| value.trim().trim_matches(['`', '\'', '"']));
        let mut values = values.filter(|value| !value.is_empty() && *value != "*").map(str::to_owned);
        match &rule[start..at] {
            "" => {}
            "Host" | "HostSNI" => asked.hosts.extend(values),
            "PathPrefix" if asked.prefix.is_none() => asked.prefix = values.next(),
            _ => other = true,
        }
    }
    if other {
        asked.more.push(rule.to_owned());
    }
    asked
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
            ("HostSNI(`*`)", ""),
            ("PathPrefix(`/`)", ""),
            ("Host(`a.example`) || Host(\"b.example\")", "a.example b.example"),
            ("Host(", ""),
        ] {
            assert_eq!(asked_by(rule).hosts.join(" "), hosts, "{rule}");
        }
    }

    #[test]
    fn every_kind_names_its_services() {
        for (text, expected) in [
            (
                "{apiVersion: traefik.io/v1alpha1, kind: IngressRoute, metadata: {name: r, namespace: 'n'}, spec: {routes: [\
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
                "{apiVersion: projectcontour.io/v1, kind: HTTPProxy, metadata: {name: r, namespace: 'n'}, spec: {virtualhost: \
                 {fqdn: a}, routes: [{conditions: [{prefix: /x}], services: [{name: web, port: 80}]}], tcpproxy: \
                 {services: [{name: db, port: 5432}]}}}",
                vec![
                    "spec.routes[0].services[0] a/x n/web 80 TCP",
                    "spec.tcpproxy.services[0] a n/db 5432 TCP",
                ],
            ),
            (
                "{apiVersion: k8s.nginx.org/v1, kind: VirtualServer, metadata: {name: r, namespace: 'n'}, spec: {host: a, \
                 upstreams: [{name: u, service: web, port: 80}]}}",
                vec!["spec.upstreams[0] a n/web 80 TCP"],
            ),
            (
                "{apiVersion: k8s.nginx.org/v1, kind: VirtualServer, metadata: {name: r, namespace: 'n'}, spec: {host: a, \
                 upstreams: [{name: u, service: web, port: 80}, {name: v, service: new, port: 81}, {name: w, service: none, port: 1}], \
                 routes: [{path: /, splits: [{weight: 9, action: {pass: u}}, {weight: 1, action: {pass: v}}]}, \
                 {path: /r, route: n/more}, {path: '= /x', matches: [{action: {proxy: {upstream: v}}}], action: {pass: u}}]}}",
                vec![
                    "spec.upstreams[0] a/ n/web 80 TCP",
                    "spec.upstreams[1] a/ n/new 81 TCP",
                    "spec.upstreams[0] a/x n/web 80 TCP",
                    "spec.upstreams[1] a/x n/new 81 TCP",
                ],
            ),
            (
                "{apiVersion: k8s.nginx.org/v1, kind: VirtualServerRoute, metadata: {name: r, namespace: 'n'}, spec: {host: a, \
                 upstreams: [{name: u, service: web, port: 80}], subroutes: [{path: /r, action: {pass: u}}]}}",
                vec!["spec.upstreams[0] a/r n/web 80 TCP"],
            ),
            (
                "{apiVersion: k8s.nginx.org/v1, kind: TransportServer, metadata: {name: r, namespace: 'n'}, spec: {listener: \
                 {name: d, protocol: UDP}, upstreams: [{name: u, service: dns, port: 53}]}}",
                vec!["spec.upstreams[0] * n/dns 53 UDP"],
            ),
            (
                "{apiVersion: route.openshift.io/v1, kind: Route, metadata: {name: r, namespace: 'n'}, spec: {host: a, to: \
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
                format!("{} {} {}/{} {port} {}", b.path, b.address(), b.namespace, b.service, b.protocol)
            };
            assert_eq!(custom_backends(&object).iter().map(show).collect::<Vec<_>>(), expected, "{text}");
        }
    }
}
