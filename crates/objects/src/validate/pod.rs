//! Pods, and the pods of workloads.
use std::{
    collections::{BTreeMap, HashMap},
    fmt::{self, Display, Formatter},
};

use k8s_openapi::api::core::v1::{Container, Pod, PodDNSConfig, PodSpec, PodTemplateSpec, Probe};

use super::{
    Check, addresses, metadata, ports, scheduling, security,
    syntax::{label_name, subdomain_name},
    volumes,
};
use crate::tree::shorten;

pub(super) fn check_pod(check: &mut Check<'_, '_, '_>, pod: &Pod) {
    match &pod.spec {
        Some(spec) => pod_spec(check, "spec", spec),
        None => check.error("spec", "`spec` is missing: this Pod has no containers"),
    }
    let Some(status) = &pod.status else { return };
    if let Some(text) = status.pod_ip.as_deref().filter(|t| !t.is_empty()) {
        addresses::ip(check, "status.podIP", text);
    }
    for (i, entry) in status.pod_ips.iter().flatten().enumerate() {
        addresses::ip(check, format_args!("status.podIPs[{i}].ip"), &entry.ip);
    }
}

/// A template's labels and pod.
pub(super) fn template(check: &mut Check<'_, '_, '_>, path: &str, template: &PodTemplateSpec) {
    if let Some(labels) = template.metadata.as_ref().and_then(|m| m.labels.as_ref()) {
        metadata::labels(check, &format!("{path}.metadata.labels"), labels);
    }
    match &template.spec {
        Some(spec) => pod_spec(check, &format!("{path}.spec"), spec),
        None => check
            .error(format_args!("{path}.spec"), "`spec` is missing from this template: it has no containers"),
    }
}

/// The labels that pods of a template get.
pub(super) fn template_labels(template: &PodTemplateSpec) -> BTreeMap<String, String> {
    template.metadata.as_ref().and_then(|m| m.labels.clone()).unwrap_or_default()
}

fn pod_spec(check: &mut Check<'_, '_, '_>, path: &str, spec: &PodSpec) {
    if spec.containers.is_empty() {
        check.error(format_args!("{path}.containers"), "a pod needs at least one container");
    }
    let host_network = spec.host_network == Some(true);
    let mut volumes = volumes::volumes(check, path, spec);
    let object = check.object;
    volumes::add_claims(object, &mut volumes);
    let open = check.holds_fault(format_args!("{path}.volumes"));
    let mut names = HashMap::new();
    let lists = [("containers", Some(&spec.containers)), ("initContainers", spec.init_containers.as_ref())];
    for (list, containers) in lists {
        for (i, one) in containers.into_iter().flatten().enumerate() {
            let path = format!("{path}.{list}[{i}]");
            container(check, &path, one, host_network);
            volumes::mounts(check, &path, one, &volumes, open);
            if let Some(first) =
                names.insert(one.name.as_str(), format!("{path}.name")).filter(|_| !one.name.is_empty())
            {
                let message = format!("the container name \"{}\" is there twice", one.name);
                check.clash(format_args!("{path}.name"), message, first, "first here");
            }
        }
    }
    let policies = ["ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"];
    check.one_of(format_args!("{path}.dnsPolicy"), spec.dns_policy.as_deref(), &policies);
    check.one_of(
        format_args!("{path}.restartPolicy"),
        spec.restart_policy.as_deref(),
        &["Always", "OnFailure", "Never"],
    );
    dns(check, path, spec);
    scheduling::scheduling(check, path, spec);
    check.at_least(format_args!("{path}.activeDeadlineSeconds"), spec.active_deadline_seconds, 1);
    check.at_most(
        format_args!("{path}.activeDeadlineSeconds"),
        spec.active_deadline_seconds,
        i64::from(i32::MAX),
    );
    security::security(check, path, spec);
    check.formed(
        format_args!("{path}.serviceAccountName"),
        "name of a ServiceAccount",
        spec.service_account_name.as_deref(),
        subdomain_name,
    );
    check.formed(
        format_args!("{path}.nodeName"),
        "name of a Node",
        spec.node_name.as_deref(),
        subdomain_name,
    );
    check.formed(
        format_args!("{path}.priorityClassName"),
        "name of a PriorityClass",
        spec.priority_class_name.as_deref(),
        subdomain_name,
    );
    for (field, value) in [("hostname", &spec.hostname), ("subdomain", &spec.subdomain)] {
        check.formed(format_args!("{path}.{field}"), field, value.as_deref(), label_name);
    }
    for (i, alias) in spec.host_aliases.iter().flatten().enumerate() {
        addresses::ip(check, format_args!("{path}.hostAliases[{i}].ip"), &alias.ip);
        for (j, name) in alias.hostnames.iter().flatten().enumerate() {
            let path = format!("{path}.hostAliases[{i}].hostnames[{j}]");
            if let Some(fault) = subdomain_name(name) {
                check.error(path, format!("the host \"{}\" {fault}", shorten(name)));
            }
        }
    }
}

fn dns(check: &mut Check<'_, '_, '_>, path: &str, spec: &PodSpec) {
    let config = spec.dns_config.as_ref();
    let servers = config.and_then(|c| c.nameservers.as_deref()).unwrap_or_default();
    if spec.dns_policy.as_deref() == Some("None") && servers.is_empty() {
        let message = "`dnsPolicy: None` needs `dnsConfig` with at least one of `nameservers`";
        check.error(format_args!("{path}.dnsPolicy"), message);
    }
    if let Some(config) = config {
        dns_config(check, &format!("{path}.dnsConfig"), config);
    }
}

/// The limits of the resolver: three servers, 32 search domains in 2048 characters.
fn dns_config(check: &mut Check<'_, '_, '_>, path: &str, config: &PodDNSConfig) {
    for (i, server) in config.nameservers.iter().flatten().enumerate() {
        let path = format!("{path}.nameservers[{i}]");
        addresses::ip(check, &path, server);
        if i == 3 {
            check.error(path, "a pod has at most 3 nameservers");
        }
    }
    let searches = config.searches.as_deref().unwrap_or_default();
    if searches.len() > 32 {
        check.error(format_args!("{path}.searches[32]"), "a pod has at most 32 search domains");
    }
    if searches.iter().map(|s| s.len() + 1).sum::<usize>() > 2049 {
        check.error(
            format_args!("{path}.searches"),
            "the search domains have more than 2048 characters together",
        );
    }
    for (i, domain) in searches.iter().enumerate() {
        let fine = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_' | b'.');
        let whole = domain.strip_suffix('.').unwrap_or(domain);
        let ends = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric() || c == '_');
        let formed = domain == "."
            || ends(whole.chars().next())
                && ends(whole.chars().last())
                && whole.bytes().all(fine)
                && whole.len() <= 253;
        if !formed {
            check
                .error(format_args!("{path}.searches[{i}]"), format!("\"{}\" is no domain", shorten(domain)));
        }
    }
    for (i, option) in config.options.iter().flatten().enumerate() {
        if option.name.as_deref().unwrap_or_default().is_empty() {
            check.error(format_args!("{path}.options[{i}]"), "this option has no `name`");
        }
    }
}

fn container(check: &mut Check<'_, '_, '_>, path: &str, container: &Container, host_network: bool) {
    if container.name.is_empty() {
        check.error(format_args!("{path}.name"), "this container has no `name`");
    } else if let Some(fault) = label_name(&container.name) {
        let message = format!("the container name \"{}\" {fault}", shorten(&container.name));
        check.error(format_args!("{path}.name"), message);
    }
    container_ports(check, path, container, host_network);
    super::container::container(check, path, container);
    let probes = [
        ("livenessProbe", &container.liveness_probe),
        ("readinessProbe", &container.readiness_probe),
        ("startupProbe", &container.startup_probe),
    ];
    for (field, one) in probes {
        if let Some(one) = one {
            probe(check, &format!("{path}.{field}"), one);
        }
    }
}

/// The API server takes any text here; the kubelet does not.
fn host_ip(check: &mut Check<'_, '_, '_>, path: impl Display, ip: &str) {
    if !addresses::is_address(ip) && !crate::unknown::is_unknown(ip) {
        let message = format!("\"{}\" is no IP address: the port is opened nowhere", shorten(ip));
        check.warning(
            path,
            message,
            "such as 192.0.2.1, or take the line away for all addresses of the node",
        );
    }
}

/// The path of a field of a container's port, written out only where there is something to say.
#[derive(Clone, Copy)]
struct PortField<'p> {
    container: &'p str,
    i: usize,
    field: &'p str,
}

impl Display for PortField<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}.ports[{}].{}", self.container, self.i, self.field)
    }
}

fn container_ports(check: &mut Check<'_, '_, '_>, path: &str, container: &Container, host_network: bool) {
    let mut names = HashMap::new();
    let mut numbers = HashMap::new();
    for (i, port) in container.ports.iter().flatten().enumerate() {
        let path_of = |i, field| PortField { container: path, i, field };
        let number = path_of(i, "containerPort");
        ports::required_number(check, number, port.container_port, "this port has no `containerPort`");
        ports::protocol(check, path_of(i, "protocol"), port.protocol.as_deref());
        if let Some(name) = port.name.as_deref().filter(|n| !n.is_empty()) {
            ports::name(check, path_of(i, "name"), name);
            if let Some(first) = names.insert(name, i) {
                let message = format!("the port name \"{name}\" is there twice");
                check.clash(path_of(i, "name"), message, path_of(first, "name"), "first here");
            }
        }
        let protocol = port.protocol.as_deref().unwrap_or("TCP");
        if numbers.insert((port.container_port, protocol, port.host_port), i).is_some() {
            let message = format!("port {} {protocol} is there twice", port.container_port);
            check.warning(number, message, "take one of them away");
        }
        if let Some(ip) = port.host_ip.as_deref().filter(|ip| !ip.is_empty()) {
            host_ip(check, path_of(i, "hostIP"), ip);
        }
        if let Some(host_port) = port.host_port.filter(|p| *p != 0) {
            ports::number(check, path_of(i, "hostPort"), host_port);
            if host_network && host_port != port.container_port {
                check.error(
                    path_of(i, "hostPort"),
                    "with `hostNetwork` the `hostPort` must be the `containerPort`",
                );
            }
        }
    }
}

fn probe(check: &mut Check<'_, '_, '_>, path: &str, probe: &Probe) {
    let numbers = [
        ("initialDelaySeconds", probe.initial_delay_seconds),
        ("timeoutSeconds", probe.timeout_seconds),
        ("periodSeconds", probe.period_seconds),
        ("successThreshold", probe.success_threshold),
        ("failureThreshold", probe.failure_threshold),
    ];
    for (field, number) in numbers {
        check.at_least(format_args!("{path}.{field}"), number, 0);
    }
    if !path.ends_with(".readinessProbe") && probe.success_threshold.is_some_and(|n| n > 1) {
        let message = "`successThreshold` of a liveness or startup probe is 1";
        check.error(format_args!("{path}.successThreshold"), message);
    }
    let headers = probe.http_get.iter().filter_map(|http| http.http_headers.as_ref()).flatten();
    for (i, header) in headers.enumerate() {
        let field = format!("{path}.httpGet.httpHeaders[{i}].name");
        let fine = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
        if check.required(&field, &header.name) && !header.name.bytes().all(fine) {
            check.error(field, format!("\"{}\" is no name of a header", shorten(&header.name)));
        }
    }
    if let Some(exec) = &probe.exec
        && exec.command.as_ref().is_none_or(Vec::is_empty)
        && !check.holds_fault(format_args!("{path}.exec"))
    {
        check.error(format_args!("{path}.exec.command"), "`command` is missing");
    }
    if let Some(http) = &probe.http_get {
        ports::number_or_name(check, format_args!("{path}.httpGet.port"), &http.port);
        check.one_of(format_args!("{path}.httpGet.scheme"), http.scheme.as_deref(), &["HTTP", "HTTPS"]);
    }
    if let Some(tcp) = &probe.tcp_socket {
        ports::number_or_name(check, format_args!("{path}.tcpSocket.port"), &tcp.port);
    }
    if let Some(grpc) = &probe.grpc {
        ports::number(check, format_args!("{path}.grpc.port"), grpc.port);
    }
    let kinds =
        [probe.http_get.is_some(), probe.tcp_socket.is_some(), probe.grpc.is_some(), probe.exec.is_some()];
    match kinds.iter().filter(|k| **k).count() {
        0 => check.error(path, "this probe needs `httpGet`, `tcpSocket`, `grpc` or `exec`"),
        1 => {}
        _ => check.error(path, "a probe has only one of `httpGet`, `tcpSocket`, `grpc` and `exec`"),
    }
}
