//! Small clusters from text.
use netloom_cluster::{Addressing, Options, Snapshot, build};
use netloom_objects::{ObjectSet, Source, parse_sources};
use netloom_reach::{Exposure, Party, PortSet, Reach, Scope};

/// A set of manifests with what is made of it.
pub struct Set {
    pub snapshot: Snapshot,
    pub reach: Reach,
}

/// Reads manifests that must be sound; addresses are known where a status gives them.
pub fn set(yaml: &str) -> Set {
    set_with(yaml, &Options { addressing: Addressing::Known, ..Options::default() }, Scope::default())
}

pub fn set_with(yaml: &str, options: &Options, scope: Scope) -> Set {
    let (objects, snapshot) = read(yaml, options);
    let reach = Reach::of(&objects, &snapshot, scope);
    Set { snapshot, reach }
}

/// As [`set`], with the stand-ins that exposure is asked about.
pub fn exposed(yaml: &str) -> (Reach, Exposure) {
    let options = Options { addressing: Addressing::Known, ..Options::default() };
    let (objects, snapshot) = read(yaml, &options);
    let mut scope = Scope::default();
    let exposure = Exposure::prepare(&snapshot, &mut scope);
    (Reach::of(&objects, &snapshot, scope), exposure)
}

fn read(yaml: &str, options: &Options) -> (ObjectSet, Snapshot) {
    let objects = ObjectSet::assemble(parse_sources(&[Source::new("set.yaml", yaml)]));
    assert!(!objects.has_errors(), "{}", objects.render(false));
    let snapshot = build(&objects, options).snapshot;
    (objects, snapshot)
}

impl Set {
    /// The whole table, a line a connection.
    pub fn table(&self) -> String {
        written(|out| netloom_reach::report::text(&self.reach, out))
    }

    /// What is open between two ends by their names.
    pub fn open(&self, from: &str, to: &str) -> String {
        self.ports(from, to).to_string()
    }

    pub fn ports(&self, from: &str, to: &str) -> PortSet {
        (*self.reach.allowed(self.party(from), self.party(to))).clone()
    }

    /// `a` is pod or workload `a` of namespace `default`; `b/a` likewise; an address is itself; `node/n` a node.
    pub fn party(&self, name: &str) -> Party {
        if let Ok(ip) = name.parse() {
            return Party::Address(ip);
        }
        if let Some(node) = name.strip_prefix("node/") {
            return Party::Node(self.snapshot.nodes.iter().find(|n| *n.name == *node).expect("a node").id);
        }
        let (namespace, name) = name.split_once('/').unwrap_or(("default", name));
        let is_meant = |e: &netloom_reach::Endpoint| e.name.starts_with(&format!("{namespace}/{name}["));
        let endpoint = self.reach.endpoints().iter().find(|e| is_meant(e));
        let endpoint = endpoint.unwrap_or_else(|| panic!("no endpoint {namespace}/{name}"));
        Party::Endpoint(self.reach.find(&endpoint.name).unwrap())
    }
}

/// What a report writes.
pub fn written(report: impl FnOnce(&mut Vec<u8>) -> std::io::Result<()>) -> String {
    let mut out = Vec::new();
    report(&mut out).unwrap();
    String::from_utf8(out).unwrap()
}

/// A pod with labels (`app: a`) and more of its spec; its container declares http 8080 and dns 53/UDP.
pub fn pod(name: &str, labels: &str) -> String {
    pod_with(name, labels, "")
}

pub fn pod_with(name: &str, labels: &str, spec: &str) -> String {
    let (namespace, name) = name.split_once('/').unwrap_or(("default", name));
    format!(
        "---\n{{apiVersion: v1, kind: Pod, metadata: {{name: {name}, namespace: {namespace}, labels: {{{labels}}}}}, \
         spec: {{{spec} containers: [{{name: c, image: i, ports: [{{name: http, containerPort: 8080}}, \
         {{name: dns, containerPort: 53, protocol: UDP}}]}}]}}}}\n"
    )
}

/// A NetworkPolicy of namespace `default`, or of another as `other/name`.
pub fn policy(name: &str, spec: &str) -> String {
    let (namespace, name) = name.split_once('/').unwrap_or(("default", name));
    format!(
        "---\n{{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {{name: {name}, namespace: {namespace}}}, \
         spec: {{{spec}}}}}\n"
    )
}

pub fn namespace(name: &str, labels: &str) -> String {
    format!("---\n{{apiVersion: v1, kind: Namespace, metadata: {{name: {name}, labels: {{{labels}}}}}}}\n")
}

/// Everything is open.
pub const ALL: &str = "All Connections";
/// Nothing is.
pub const NONE: &str = "No Connections";

/// A pod that selectors find by `app`.
pub fn app(name: &str) -> String {
    pod(name, &format!("app: {name}"))
}

/// A policy of pod `b` with one rule of ingress.
pub fn admitting(name: &str, rule: &str) -> String {
    let subject = "podSelector: {matchLabels: {app: b}}, policyTypes: [Ingress]";
    policy(name, &format!("{subject}, ingress: [{rule}]"))
}
