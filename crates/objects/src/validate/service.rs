//! Services.
use std::{collections::HashMap, net::IpAddr, ops::RangeInclusive};

use k8s_openapi::api::core::v1::{Service, ServicePort, ServiceSpec};

use super::{
    Check, addresses,
    endpoints::written,
    metadata, ports,
    syntax::{label_name, qualified_name, subdomain_name},
};
use crate::tree::shorten;

/// The API server's own range of node ports.
const NODE_PORTS: RangeInclusive<i32> = 30000..=32767;

pub(super) fn check(check: &mut Check<'_, '_, '_>, service: &Service) {
    let Some(spec) = &service.spec else {
        check.error("spec", "`spec` is missing: this Service has no ports");
        return;
    };
    enums(check, spec);
    let external_name = spec.type_.as_deref() == Some("ExternalName");
    let headless = spec.cluster_ip.as_deref() == Some("None");
    if external_name {
        external(check, spec);
    } else {
        cluster_ips(check, spec);
    }
    if let Some(labels) = &spec.selector {
        metadata::labels(check, "spec.selector", labels);
    }
    let list = spec.ports.as_deref().unwrap_or_default();
    if list.is_empty() && !external_name && !headless {
        check.error("spec.ports", "a Service needs at least one port");
    }
    port_list(check, list, spec);
    traffic(check, spec);
}

fn enums(check: &mut Check<'_, '_, '_>, spec: &ServiceSpec) {
    let policies = ["Cluster", "Local"];
    check.one_of(
        "spec.type",
        spec.type_.as_deref(),
        &["ClusterIP", "NodePort", "LoadBalancer", "ExternalName"],
    );
    check.one_of("spec.sessionAffinity", spec.session_affinity.as_deref(), &["None", "ClientIP"]);
    check.one_of("spec.externalTrafficPolicy", spec.external_traffic_policy.as_deref(), &policies);
    check.one_of("spec.internalTrafficPolicy", spec.internal_traffic_policy.as_deref(), &policies);
    let families = ["SingleStack", "PreferDualStack", "RequireDualStack"];
    check.one_of("spec.ipFamilyPolicy", spec.ip_family_policy.as_deref(), &families);
    for (i, family) in spec.ip_families.iter().flatten().enumerate() {
        check.one_of(format_args!("spec.ipFamilies[{i}]"), Some(family), &["IPv4", "IPv6"]);
        if spec.ip_families.iter().flatten().take(i).any(|other| other == family) {
            check.error(format_args!("spec.ipFamilies[{i}]"), format!("{family} is listed twice"));
        }
    }
    let distributions = ["PreferSameZone", "PreferSameNode", "PreferClose"];
    check.one_of("spec.trafficDistribution", spec.traffic_distribution.as_deref(), &distributions);
}

fn external(check: &mut Check<'_, '_, '_>, spec: &ServiceSpec) {
    match spec.external_name.as_deref().map(|name| name.strip_suffix('.').unwrap_or(name)) {
        None | Some("") => {
            let path = if check.is_written("spec.externalName") { "spec.externalName" } else { "spec.type" };
            check.error(path, "a Service of type ExternalName needs `externalName`");
        }
        Some(name) => {
            if let Some(fault) = subdomain_name(name) {
                check.error("spec.externalName", format!("the name \"{}\" {fault}", shorten(name)));
            }
        }
    }
    if spec.cluster_ip.as_deref().is_some_and(|ip| !ip.is_empty() && ip != "None") {
        check.error("spec.clusterIP", "a Service of type ExternalName has no cluster IP");
    }
}

fn cluster_ips(check: &mut Check<'_, '_, '_>, spec: &ServiceSpec) {
    if let Some(text) = spec.cluster_ip.as_deref().filter(|ip| !matches!(*ip, "" | "None")) {
        addresses::ip(check, "spec.clusterIP", text);
    }
    let list = spec.cluster_ips.as_deref().unwrap_or_default();
    for (i, text) in list.iter().enumerate().filter(|(_, ip)| *ip != "None") {
        addresses::ip(check, format_args!("spec.clusterIPs[{i}]"), text);
    }
    if let (Some(one), Some(first)) = (spec.cluster_ip.as_deref(), list.first())
        && one != first
    {
        check.clash(
            "spec.clusterIPs[0]",
            format!("the first of `clusterIPs` is not the `clusterIP` {one}"),
            "spec.clusterIP",
            "this one",
        );
    }
    if spec.cluster_ip.as_deref().is_none_or(str::is_empty)
        && !list.is_empty()
        && !check.holds_fault("spec.clusterIP")
    {
        check.error("spec.clusterIPs", "`clusterIPs` needs `clusterIP`, which is the first of them");
    }
    let families: Vec<bool> =
        list.iter().filter_map(|ip| ip.parse::<IpAddr>().ok()).map(|ip| ip.is_ipv4()).collect();
    if list.len() > 2 || matches!(families[..], [one, other] if one == other) {
        let path = format!("spec.clusterIPs[{}]", (list.len() - 1).min(2));
        check.error(path, "a Service has at most one cluster IP of each family");
    }
    let on_nodes = opens_node_ports(spec);
    if on_nodes && spec.cluster_ip.as_deref() == Some("None") {
        check.error("spec.clusterIP", "a NodePort or LoadBalancer Service cannot be headless");
    }
}

fn port_list(check: &mut Check<'_, '_, '_>, list: &[ServicePort], spec: &ServiceSpec) {
    let on_nodes = opens_node_ports(spec);
    let mut names = HashMap::new();
    let mut numbers = HashMap::new();
    let mut node_ports = HashMap::new();
    for (i, port) in list.iter().enumerate() {
        let path = format!("spec.ports[{i}]");
        let protocol = port.protocol.as_deref().unwrap_or("TCP");
        name(check, &path, port, list.len(), &mut names, i);
        ports::protocol(check, format_args!("{path}.protocol"), port.protocol.as_deref());
        number(check, &path, port);
        written(check, &format!("{path}.appProtocol"), port.app_protocol.as_deref(), qualified_name);
        if let Some(first) = numbers.insert((protocol, port.port), i) {
            let message = format!("port {} {protocol} is there twice", port.port);
            check.clash(
                format_args!("{path}.port"),
                message,
                format_args!("spec.ports[{first}].port"),
                "first here",
            );
        }
        if let Some(target) = &port.target_port {
            ports::number_or_name(check, format_args!("{path}.targetPort"), target);
        }
        let Some(node_port) = port.node_port.filter(|p| *p != 0) else { continue };
        ports::number(check, format_args!("{path}.nodePort"), node_port);
        if (1..=65535).contains(&node_port) && !NODE_PORTS.contains(&node_port) {
            let message =
                format!("the API server refuses node port {node_port}: its range is 30000 to 32767");
            let help = "take one of the range, or none to be given one; only a cluster whose API server runs with another \
                        `--service-node-port-range` takes this one";
            check.warning(format_args!("{path}.nodePort"), message, help);
        }
        if !on_nodes {
            let message = "`nodePort` needs `type: NodePort` or `type: LoadBalancer`";
            check.error(format_args!("{path}.nodePort"), message);
        }
        if let Some(first) = node_ports.insert((protocol, node_port), i) {
            let message = format!("node port {node_port} {protocol} is there twice");
            check.clash(
                format_args!("{path}.nodePort"),
                message,
                format_args!("spec.ports[{first}].nodePort"),
                "first here",
            );
        }
    }
}

/// NodePort and LoadBalancer; also a type that does not exist, which is one fault and not several.
fn opens_node_ports(spec: &ServiceSpec) -> bool {
    !matches!(spec.type_.as_deref(), None | Some("ClusterIP" | "ExternalName"))
}

fn number(check: &mut Check<'_, '_, '_>, path: &str, port: &ServicePort) {
    ports::required_number(check, format_args!("{path}.port"), port.port, "this port has no `port`");
}

fn name<'p>(
    check: &mut Check<'_, '_, '_>,
    path: &str,
    port: &'p ServicePort,
    count: usize,
    names: &mut HashMap<&'p str, usize>,
    index: usize,
) {
    let Some(name) = port.name.as_deref().filter(|n| !n.is_empty()) else {
        if count > 1 {
            let message = "a Service with more than one port needs a `name` for each";
            check.error_help(format_args!("{path}.name"), message, "such as `name: http`");
        }
        return;
    };
    if let Some(fault) = label_name(name) {
        check.error(format_args!("{path}.name"), format!("the port name \"{}\" {fault}", shorten(name)));
    }
    if let Some(first) = names.insert(name, index) {
        let message = format!("the port name \"{name}\" is there twice");
        check.clash(
            format_args!("{path}.name"),
            message,
            format_args!("spec.ports[{first}].name"),
            "first here",
        );
    }
}

/// What a load balancer alone has.
fn balancer(check: &mut Check<'_, '_, '_>, spec: &ServiceSpec) {
    written(check, "spec.loadBalancerClass", spec.load_balancer_class.as_deref(), qualified_name);
    if !matches!(spec.type_.as_deref(), None | Some("ClusterIP" | "NodePort" | "ExternalName")) {
        return;
    }
    let there = [
        ("loadBalancerClass", spec.load_balancer_class.is_some()),
        ("allocateLoadBalancerNodePorts", spec.allocate_load_balancer_node_ports.is_some()),
        (
            "loadBalancerSourceRanges",
            spec.load_balancer_source_ranges.as_ref().is_some_and(|list| !list.is_empty()),
        ),
    ];
    for (field, _) in there.into_iter().filter(|(_, there)| *there) {
        check.error(format_args!("spec.{field}"), format!("`{field}` needs `type: LoadBalancer`"));
    }
}

fn traffic(check: &mut Check<'_, '_, '_>, spec: &ServiceSpec) {
    let from_outside =
        opens_node_ports(spec) || spec.external_ips.as_ref().is_some_and(|ips| !ips.is_empty());
    if spec.external_traffic_policy.is_some() && !from_outside {
        let message = "`externalTrafficPolicy` needs a Service of type NodePort or LoadBalancer";
        check.error("spec.externalTrafficPolicy", message);
    }
    balancer(check, spec);
    for (i, text) in spec.load_balancer_source_ranges.iter().flatten().enumerate() {
        addresses::cidr(check, format_args!("spec.loadBalancerSourceRanges[{i}]"), text.trim());
    }
    for (i, text) in spec.external_ips.iter().flatten().enumerate() {
        if let Some(ip) = addresses::ip(check, format_args!("spec.externalIPs[{i}]"), text) {
            addresses::reachable(check, format_args!("spec.externalIPs[{i}]"), ip);
        }
    }
    if let Some(port) = spec.health_check_node_port.filter(|p| *p != 0) {
        ports::number(check, "spec.healthCheckNodePort", port);
        let local = spec.type_.as_deref() == Some("LoadBalancer")
            && spec.external_traffic_policy.as_deref() == Some("Local");
        if !local {
            let message =
                "`healthCheckNodePort` needs `type: LoadBalancer` and `externalTrafficPolicy: Local`";
            check.error("spec.healthCheckNodePort", message);
        }
    }
    let timeout = spec
        .session_affinity_config
        .as_ref()
        .and_then(|c| c.client_ip.as_ref())
        .and_then(|c| c.timeout_seconds);
    if let Some(seconds) = timeout {
        let path = "spec.sessionAffinityConfig.clientIP.timeoutSeconds";
        if !(1..=86400).contains(&seconds) {
            check.error(path, format!("{seconds} is no timeout; it is 1 to 86400 seconds"));
        } else if spec.session_affinity.as_deref() != Some("ClientIP") {
            check.warning(
                path,
                "this timeout needs `sessionAffinity: ClientIP`",
                "without it nothing is remembered",
            );
        }
    }
}
