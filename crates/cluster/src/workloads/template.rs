//! A pod's specification, as far as the network sees it.
use std::{collections::BTreeMap, net::IpAddr, sync::Arc};

use k8s_openapi::{
    api::core::v1::{Container as ApiContainer, PodSpec, Probe},
    apimachinery::pkg::util::intstr::IntOrString,
};

use crate::{
    model::{Container, ContainerPort, DnsConfig, DnsPolicy, HostAlias, HostPort, Labels, Protocol},
    nodes::{fit::Wants, terms::Term},
};

/// The annotation with the command to start instead of a stand-in.
pub const RUN: &str = "netloom.dev/run";
/// The annotation that makes a pod unready: `"false"`.
pub const READY: &str = "netloom.dev/ready";

/// What the pods of one workload have in common.
#[derive(Clone, Debug, PartialEq)]
pub struct Template {
    /// The template's labels.
    pub labels: Labels,
    /// What is asked of the node.
    pub wants: Wants,
    /// What is asked of the pods near it.
    pub neighbours: Vec<Term>,
    /// What is asked and not acted on.
    pub unheeded: Vec<&'static str>,
    /// `spec.hostNetwork`.
    pub host_network: bool,
    /// `spec.serviceAccountName`.
    pub service_account: Arc<str>,
    /// `spec.hostname`.
    pub hostname: Option<Arc<str>>,
    /// `spec.subdomain`.
    pub subdomain: Option<Arc<str>>,
    /// Containers, then the init containers that keep running.
    pub containers: Arc<Vec<Container>>,
    /// Whether any container declares a port.
    pub declares: bool,
    /// The declared ports, and what probes and the annotation for scrapes aim at. Sorted.
    pub listening: Vec<(Protocol, u16)>,
    /// The ports that it takes on its node: of a hostNetwork pod all, else the `hostPort`s.
    pub host_ports: Vec<HostPort>,
    /// Those of them that lead to the pod from its node's addresses.
    pub forwarded: Arc<Vec<HostPort>>,
    /// Whether the annotation leaves it ready.
    pub ready: bool,
    /// `spec.dnsPolicy`.
    pub dns_policy: DnsPolicy,
    /// `spec.dnsConfig`.
    pub dns_config: Arc<DnsConfig>,
    /// `spec.hostAliases`.
    pub host_aliases: Arc<Vec<HostAlias>>,
    /// The command of the annotation.
    pub run: Option<Arc<str>>,
}

/// A label or annotation map that may be absent.
type Map = Option<BTreeMap<String, String>>;

impl Template {
    /// Reads a pod's specification with its labels and annotations.
    pub fn new(labels: &Map, annotations: &Map, spec: &PodSpec) -> Self {
        let annotation = |key: &str| annotations.as_ref().and_then(|a| a.get(key)).map(String::as_str);
        let sidecars = spec.init_containers.iter().flatten();
        let sidecars = sidecars.filter(|c| c.restart_policy.as_deref() == Some("Always"));
        // Sidecars last: that is the order in which the endpoints controller looks for a port's name.
        let running: Vec<&ApiContainer> = spec.containers.iter().chain(sidecars).collect();
        let containers: Vec<Container> = running.iter().map(|c| container(c)).collect();
        let declares = containers.iter().any(|c| !c.ports.is_empty());
        let host_network = spec.host_network.unwrap_or(false);
        let declared = containers.iter().flat_map(|c| &c.ports).map(|p| (p.protocol, p.port));
        let asked = running.iter().flat_map(|c| probed(c)).chain(annotations.as_ref().and_then(scraped));
        let mut listening: Vec<_> = declared.chain(asked.map(|port| (Protocol::Tcp, port))).collect();
        listening.sort_unstable();
        listening.dedup();
        let host_ports = host_ports(&running, host_network);
        let (neighbours, unheeded) = Term::all_of(spec);
        let text = |field: &Option<String>| field.as_deref().filter(|t| !t.is_empty()).map(Arc::from);
        let account = text(&spec.service_account_name).or_else(|| text(&spec.service_account));
        Self {
            labels: Arc::new(labels.clone().unwrap_or_default()),
            wants: Wants::of(spec),
            neighbours,
            unheeded,
            host_network,
            service_account: account.unwrap_or_else(|| Arc::from("default")),
            hostname: text(&spec.hostname),
            subdomain: text(&spec.subdomain),
            forwarded: Arc::new(if host_network { Vec::new() } else { host_ports.clone() }),
            host_ports,
            containers: Arc::new(containers),
            declares,
            listening,
            ready: annotation(READY) != Some("false"),
            dns_policy: match spec.dns_policy.as_deref() {
                Some("Default") => DnsPolicy::Default,
                Some("None") => DnsPolicy::None,
                Some("ClusterFirstWithHostNet") => DnsPolicy::ClusterFirstWithHostNet,
                _ => DnsPolicy::ClusterFirst,
            },
            dns_config: Arc::new(dns_config(spec)),
            host_aliases: Arc::new(host_aliases(spec)),
            run: annotation(RUN).filter(|c| !c.trim().is_empty()).map(Arc::from),
        }
    }
}

/// A number that can be a port.
pub fn port(number: i32) -> Option<u16> {
    u16::try_from(number).ok().filter(|&p| p > 0)
}

fn container(from: &ApiContainer) -> Container {
    let declared = |p: &k8s_openapi::api::core::v1::ContainerPort| {
        Some(ContainerPort {
            name: p.name.as_deref().filter(|n| !n.is_empty()).map(Arc::from),
            port: port(p.container_port)?,
            protocol: p.protocol.as_deref().map_or(Some(Protocol::Tcp), Protocol::parse)?,
        })
    };
    Container {
        name: Arc::from(from.name.as_str()),
        image: from.image.as_deref().map(Arc::from),
        ports: from.ports.iter().flatten().filter_map(declared).collect(),
    }
}

/// The port that annotations ask to have scraped.
pub fn scraped(annotations: &BTreeMap<String, String>) -> Option<u16> {
    let is_wanted = annotations.get("prometheus.io/scrape").is_some_and(|value| value == "true");
    port(annotations.get("prometheus.io/port").filter(|_| is_wanted)?.parse().ok()?)
}

/// The numeric ports that the kubelet's probes of a container connect to.
fn probed(container: &ApiContainer) -> Vec<u16> {
    let probes = [&container.liveness_probe, &container.readiness_probe, &container.startup_probe];
    let target = |probe: &Probe| {
        let http = probe.http_get.as_ref().map(|a| &a.port);
        let tcp = probe.tcp_socket.as_ref().map(|a| &a.port);
        match (http.or(tcp), &probe.grpc) {
            (Some(IntOrString::Int(number)), _) => port(*number),
            (Some(IntOrString::String(_)), _) => None,
            (None, Some(grpc)) => port(grpc.port),
            (None, None) => None,
        }
    };
    probes.into_iter().flatten().filter_map(target).collect()
}

fn host_ports(containers: &[&ApiContainer], host_network: bool) -> Vec<HostPort> {
    let taken = |p: &k8s_openapi::api::core::v1::ContainerPort| {
        let number = if host_network { Some(p.container_port) } else { p.host_port.filter(|&p| p != 0) };
        Some(HostPort {
            ip: p.host_ip.as_deref().and_then(|ip| ip.parse().ok()),
            port: port(number?)?,
            protocol: p.protocol.as_deref().map_or(Some(Protocol::Tcp), Protocol::parse)?,
            target: port(p.container_port)?,
        })
    };
    let mut ports: Vec<HostPort> =
        containers.iter().flat_map(|c| c.ports.iter().flatten()).filter_map(taken).collect();
    ports.sort_unstable_by_key(|p| (p.protocol, p.port, p.ip, p.target));
    ports.dedup();
    ports
}

fn host_aliases(spec: &PodSpec) -> Vec<HostAlias> {
    let aliases = spec.host_aliases.iter().flatten();
    let read = |from: &k8s_openapi::api::core::v1::HostAlias| {
        Some(HostAlias { ip: from.ip.parse().ok()?, names: from.hostnames.clone().unwrap_or_default() })
    };
    aliases.filter_map(read).collect()
}

fn dns_config(spec: &PodSpec) -> DnsConfig {
    let Some(config) = &spec.dns_config else { return DnsConfig::default() };
    let nameservers = config.nameservers.iter().flatten();
    let option =
        |o: &k8s_openapi::api::core::v1::PodDNSConfigOption| Some((o.name.clone()?, o.value.clone()));
    DnsConfig {
        nameservers: nameservers.filter_map(|ip| ip.parse::<IpAddr>().ok()).collect(),
        searches: config.searches.clone().unwrap_or_default(),
        options: config.options.iter().flatten().filter_map(option).collect(),
    }
}
