//! A Service object by itself: everything that needs neither pods nor other Services.
use std::{net::IpAddr, str::FromStr, sync::Arc, time::Duration};

use ipnet::IpNet;
use k8s_openapi::{
    api::core::v1::{Service as ApiService, ServiceSpec},
    apimachinery::pkg::util::intstr::IntOrString,
};
use netloom_objects::{Location, Object, ObjectRef, Typed};

use crate::{
    addresses::special::special_address,
    dns,
    findings::{Findings, title},
    input::{namespace_of, refer},
    model::{
        Addrs, Distribution, Family, Labels, Operator, Protocol, Requirement, Selector, ServicePort,
        TargetPort, TrafficPolicy,
    },
    options::Options,
    workloads::template::{port, scraped},
};

/// What `ClientIP` affinity lasts where no timeout is given: three hours.
const AFFINITY: Duration = Duration::from_secs(10_800);

/// What kind of addresses it has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Its own.
    Virtual,
    /// Its endpoints'.
    Headless,
    /// A name outside.
    ExternalName(Arc<str>),
}

/// A Service as its object says.
#[derive(Clone, Debug, PartialEq)]
pub struct Parsed {
    pub name: Arc<str>,
    pub namespace: Arc<str>,
    pub labels: Labels,
    pub shape: Shape,
    /// The families that it has addresses and endpoints of.
    pub families: Vec<Family>,
    /// ClusterIPs as given.
    pub given: Addrs,
    /// Its ports, with the node ports that are given.
    pub ports: Vec<ServicePort>,
    /// Whether ports without a node port get one.
    pub node_ports: bool,
    /// Which pods; none where it has no selector.
    pub selector: Option<Selector>,
    pub affinity: Option<Duration>,
    pub internal_policy: TrafficPolicy,
    pub external_policy: TrafficPolicy,
    pub distribution: Distribution,
    /// Whether it is a LoadBalancer, and the addresses given.
    pub load_balancer: Option<Vec<IpAddr>>,
    pub external_ips: Vec<IpAddr>,
    pub source_ranges: Vec<IpNet>,
    /// Whether it has a health check node port, and the one given.
    pub health: Option<Option<u16>>,
    pub publish_not_ready: bool,
    /// The port that its annotations ask to have scraped.
    pub scraped: Option<u16>,
    /// Whether its labels say that it is the cluster's DNS.
    pub labelled_dns: bool,
    pub origin: Arc<ObjectRef>,
}

impl Parsed {
    /// The addresses that it has, or asks for, beside its ClusterIPs.
    pub fn outward(&self) -> impl Iterator<Item = IpAddr> {
        self.load_balancer.iter().flatten().chain(&self.external_ips).copied()
    }

    /// Namespace and name, to sort by.
    pub fn names(&self) -> (&str, &str) {
        (&self.namespace, &self.name)
    }

    /// Namespace and name, to keep.
    pub fn key(&self) -> (Arc<str>, Arc<str>) {
        (self.namespace.clone(), self.name.clone())
    }
}

/// Reads a Service.
pub fn parse(object: &Object, options: &Options, findings: &mut Findings) -> Parsed {
    let none = ApiService::default();
    let service = match &object.typed {
        Typed::Service(service) => service,
        _ => &none,
    };
    let empty = ServiceSpec::default();
    let spec = service.spec.as_ref().unwrap_or(&empty);
    let kind = spec.type_.as_deref().unwrap_or("ClusterIP");
    let shape = shape(spec, kind);
    let selector = spec.selector.as_ref().filter(|s| !s.is_empty()).filter(|_| kind != "ExternalName");
    let mut reader = Reader { object, spec, options, findings };
    let given = reader.given();
    let families = reader.families(given, selector.is_some(), &shape);
    let external_policy = policy(spec.external_traffic_policy.as_deref());
    let load_balancer = (kind == "LoadBalancer")
        .then(|| reader.possible("load balancer address", load_balancer(service, spec)));
    let local = load_balancer.is_some() && external_policy == TrafficPolicy::Local;
    let health = spec.health_check_node_port.and_then(port);
    let opens = match kind {
        "NodePort" => true,
        "LoadBalancer" => spec.allocate_load_balancer_node_ports.unwrap_or(true),
        _ => false,
    };
    Parsed {
        name: object.name.clone(),
        namespace: namespace_of(object),
        labels: Arc::new(object.labels().clone()),
        families,
        given,
        ports: reader.ports(matches!(kind, "NodePort" | "LoadBalancer")),
        node_ports: opens,
        selector: selector.map(|labels| Selector {
            requirements: labels
                .iter()
                .map(|(key, value)| Requirement {
                    key: key.clone(),
                    operator: Operator::In(vec![value.clone()]),
                })
                .collect(),
        }),
        affinity: (spec.session_affinity.as_deref() == Some("ClientIP")).then(|| affinity(spec)),
        internal_policy: policy(spec.internal_traffic_policy.as_deref()),
        external_policy,
        distribution: match spec.traffic_distribution.as_deref() {
            Some("PreferClose" | "PreferSameZone") => Distribution::SameZone,
            Some("PreferSameNode") => Distribution::SameNode,
            _ => Distribution::Any,
        },
        load_balancer,
        external_ips: reader.possible("externalIP", list(spec.external_ips.iter().flatten())),
        source_ranges: list::<IpNet>(spec.load_balancer_source_ranges.iter().flatten())
            .iter()
            .map(IpNet::trunc)
            .collect(),
        health: local.then_some(health),
        publish_not_ready: spec.publish_not_ready_addresses.unwrap_or(false),
        scraped: scraped(object.annotations()),
        labelled_dns: dns::labelled(object),
        origin: object.reference.clone(),
        shape,
    }
}

fn shape(spec: &ServiceSpec, kind: &str) -> Shape {
    if kind == "ExternalName" {
        return Shape::ExternalName(Arc::from(
            spec.external_name.as_deref().unwrap_or_default().trim_end_matches('.'),
        ));
    }
    let first = spec.cluster_ips.as_deref().and_then(|ips| ips.first()).or(spec.cluster_ip.as_ref());
    match first.map(String::as_str) {
        Some("None") if kind == "ClusterIP" => Shape::Headless,
        _ => Shape::Virtual,
    }
}

fn policy(text: Option<&str>) -> TrafficPolicy {
    match text {
        Some("Local") => TrafficPolicy::Local,
        _ => TrafficPolicy::Cluster,
    }
}

fn affinity(spec: &ServiceSpec) -> Duration {
    let config = spec.session_affinity_config.as_ref().and_then(|c| c.client_ip.as_ref());
    let seconds =
        config.and_then(|c| c.timeout_seconds).and_then(|s| u64::try_from(s).ok()).filter(|&s| s > 0);
    seconds.map_or(AFFINITY, Duration::from_secs)
}

/// The values of a list of texts. What cannot be read is reported where the object is read.
fn list<T: FromStr>(texts: impl IntoIterator<Item = impl AsRef<str>>) -> Vec<T> {
    texts.into_iter().filter_map(|text| text.as_ref().trim().parse().ok()).collect()
}

/// The addresses that a load balancer has, else those that are asked for.
fn load_balancer(service: &ApiService, spec: &ServiceSpec) -> Vec<IpAddr> {
    let status = service.status.as_ref().and_then(|s| s.load_balancer.as_ref());
    let ingress = status.into_iter().flat_map(|l| l.ingress.iter().flatten());
    let has: Vec<IpAddr> = list(ingress.filter_map(|i| i.ip.as_ref()));
    match has.is_empty() {
        true => list(&spec.load_balancer_ip),
        false => has,
    }
}

struct Reader<'a> {
    object: &'a Object,
    spec: &'a ServiceSpec,
    options: &'a Options,
    findings: &'a mut Findings,
}

impl Reader<'_> {
    /// Leaves out addresses that nothing can have.
    fn possible(&mut self, what: &str, mut ips: Vec<IpAddr>) -> Vec<IpAddr> {
        ips.retain(|ip| match special_address(*ip) {
            None => true,
            Some(why) => {
                let message = format!("{}: {what} {ip} is {why}: it is left out", title(self.object));
                self.findings.error(self.place_of(*ip), message);
                false
            }
        });
        ips
    }

    /// Where an address outward stands.
    fn place_of(&self, ip: IpAddr) -> Location {
        let in_list = |list: &str, field: &str| {
            (0..self.object.count(list)).map(|nth| format!("{list}[{nth}]{field}")).collect::<Vec<_>>()
        };
        let lists = [in_list("spec.externalIPs", ""), in_list("status.loadBalancer.ingress", ".ip")];
        let is_it =
            |path: &String| self.object.text(path).and_then(|text| text.trim().parse().ok()) == Some(ip);
        let found = lists.concat().into_iter().find(is_it);
        self.object.locate(found.as_deref().unwrap_or("spec.loadBalancerIP"))
    }

    /// The ClusterIPs that the object gives, of families that the cluster speaks.
    fn given(&mut self) -> Addrs {
        let spec = self.spec;
        let single = spec.cluster_ip.as_slice();
        let (texts, path) = match spec.cluster_ips.as_deref() {
            Some(many) if !many.is_empty() => (many, "spec.clusterIPs"),
            _ => (single, "spec.clusterIP"),
        };
        let mut given = Addrs::default();
        for text in texts.iter().filter(|t| !t.is_empty() && *t != "None") {
            let Ok(ip) = text.parse::<IpAddr>() else { continue };
            if self.options.families.has(Family::of(ip)) {
                given.fill(ip);
                continue;
            }
            let message = format!(
                "{}: clusterIP {ip} is of a family that the cluster does not speak: another is chosen",
                title(self.object)
            );
            self.findings.warning(self.object.locate(path), message);
        }
        given
    }

    /// The families of the Service, as the API server defaults them.
    fn families(&mut self, given: Addrs, selects: bool, shape: &Shape) -> Vec<Family> {
        let cluster: Vec<Family> = self.options.families.iter().collect();
        let mut families: Vec<Family> = Vec::new();
        for text in self.spec.ip_families.iter().flatten() {
            match text.as_str() {
                "IPv4" => families.push(Family::V4),
                "IPv6" => families.push(Family::V6),
                _ => {}
            }
        }
        families.extend(given.iter().map(Family::of));
        let asked = families.clone();
        families.retain(|f| cluster.contains(f));
        let mut seen = Vec::new();
        families.retain(|f| {
            !seen.contains(f) && {
                seen.push(*f);
                true
            }
        });
        let default = match (shape, selects) {
            _ if families.len() > 1 => "RequireDualStack",
            (Shape::Headless, false) if asked.is_empty() => "PreferDualStack",
            _ => "SingleStack",
        };
        let wanted = self.spec.ip_family_policy.as_deref().unwrap_or(default);
        if families.is_empty() {
            if let Some(family) = asked.first() {
                let message =
                    format!("{} asks for {family:?}, which the cluster does not speak", title(self.object));
                self.findings
                    .error(self.object.locate("spec.ipFamilies"), message)
                    .help("choose --ip-family dual, or change ipFamilies");
            }
            families.extend(cluster.first());
        }
        match wanted {
            "RequireDualStack" | "PreferDualStack" => {
                if wanted == "RequireDualStack" && cluster.len() < 2 {
                    let message =
                        format!("{} requires two families, and the cluster speaks one", title(self.object));
                    self.findings
                        .error(self.object.locate("spec.ipFamilyPolicy"), message)
                        .help("choose --ip-family dual, or PreferDualStack");
                }
                families.extend(cluster.iter().filter(|f| !seen.contains(f)));
                let mut seen = Vec::new();
                families.retain(|f| {
                    !seen.contains(f) && {
                        seen.push(*f);
                        true
                    }
                });
            }
            _ => families.truncate(1),
        }
        families
    }

    fn ports(&self, node_ports: bool) -> Vec<ServicePort> {
        let mut out = Vec::new();
        for (i, from) in self.spec.ports.iter().flatten().enumerate() {
            let protocol = from.protocol.as_deref().map_or(Some(Protocol::Tcp), Protocol::parse);
            // What is no port or protocol is reported where the object is read.
            let (Some(number), Some(protocol)) = (port(from.port), protocol) else { continue };
            let target = match &from.target_port {
                None | Some(IntOrString::Int(0)) => TargetPort::Number(number),
                Some(IntOrString::Int(target)) => match port(*target) {
                    Some(target) => TargetPort::Number(target),
                    None => continue,
                },
                Some(IntOrString::String(name)) if name.is_empty() => TargetPort::Number(number),
                Some(IntOrString::String(name)) => TargetPort::Name(Arc::from(name.as_str())),
            };
            out.push(ServicePort {
                name: from.name.as_deref().filter(|n| !n.is_empty()).map(Arc::from),
                protocol,
                port: number,
                target,
                node_port: from.node_port.and_then(port).filter(|_| node_ports),
                app_protocol: from.app_protocol.as_deref().map(Arc::from),
                origin: refer(self.object, &format!("spec.ports[{i}]")),
            });
        }
        out
    }
}
