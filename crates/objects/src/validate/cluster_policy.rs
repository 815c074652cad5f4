//! ClusterNetworkPolicy, AdminNetworkPolicy and BaselineAdminNetworkPolicy.
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;

use super::{Check, addresses, ports, selector};
use crate::{
    policy_api::{
        EgressPeer, IngressPeer, NamespacedPod, Subject,
        v1alpha1::{self, AdminNetworkPolicy, BaselineAdminNetworkPolicy},
        v1alpha2::{self, ClusterNetworkPolicy, ProtocolMatch},
    },
    tree::shorten,
};

/// What differs between the kinds.
struct Rules {
    actions: &'static [&'static str],
    most: usize,
    /// The action that lets traffic through.
    allow: &'static str,
}

const CLUSTER: Rules = Rules { actions: &["Accept", "Deny", "Pass"], most: 25, allow: "Accept" };
const ADMIN: Rules = Rules { actions: &["Allow", "Deny", "Pass"], most: 100, allow: "Allow" };
const BASELINE: Rules = Rules { actions: &["Allow", "Deny"], most: 100, allow: "Allow" };

pub(super) fn cluster(check: &mut Check<'_, '_, '_>, policy: &ClusterNetworkPolicy) {
    let spec = &policy.spec;
    required(check, "spec.tier", &spec.tier, &["Admin", "Baseline"]);
    priority(check, spec.priority);
    subject(check, &spec.subject);
    count(check, "spec.ingress", spec.ingress.as_ref().map_or(0, Vec::len), &CLUSTER);
    count(check, "spec.egress", spec.egress.as_ref().map_or(0, Vec::len), &CLUSTER);
    for (i, rule) in spec.ingress.iter().flatten().enumerate() {
        let path = format!("spec.ingress[{i}]");
        head(check, &path, rule.name.as_deref(), &rule.action, &CLUSTER);
        sources(check, &path, &rule.from, &CLUSTER);
        protocols(check, &path, rule.protocols.as_deref(), false);
    }
    for (i, rule) in spec.egress.iter().flatten().enumerate() {
        let path = format!("spec.egress[{i}]");
        head(check, &path, rule.name.as_deref(), &rule.action, &CLUSTER);
        destinations(check, &path, &rule.to, &rule.action, &CLUSTER);
        protocols(check, &path, rule.protocols.as_deref(), has_no_pods(&rule.to));
    }
}

pub(super) fn admin(check: &mut Check<'_, '_, '_>, policy: &AdminNetworkPolicy) {
    priority(check, policy.spec.priority);
    subject(check, &policy.spec.subject);
    older(check, policy.spec.ingress.as_deref(), policy.spec.egress.as_deref(), &ADMIN);
}

pub(super) fn baseline(check: &mut Check<'_, '_, '_>, policy: &BaselineAdminNetworkPolicy) {
    if &*check.object.name != "default" {
        let message = "a cluster has one BaselineAdminNetworkPolicy, and its name is `default`";
        check.error("metadata.name", message);
    }
    subject(check, &policy.spec.subject);
    older(check, policy.spec.ingress.as_deref(), policy.spec.egress.as_deref(), &BASELINE);
}

fn older(
    check: &mut Check<'_, '_, '_>,
    ingress: Option<&[v1alpha1::IngressRule]>,
    egress: Option<&[v1alpha1::EgressRule]>,
    rules: &Rules,
) {
    count(check, "spec.ingress", ingress.map_or(0, <[_]>::len), rules);
    count(check, "spec.egress", egress.map_or(0, <[_]>::len), rules);
    for (i, rule) in ingress.into_iter().flatten().enumerate() {
        let path = format!("spec.ingress[{i}]");
        head(check, &path, rule.name.as_deref(), &rule.action, rules);
        sources(check, &path, &rule.from, rules);
        older_ports(check, &path, rule.ports.as_deref(), false);
    }
    for (i, rule) in egress.into_iter().flatten().enumerate() {
        let path = format!("spec.egress[{i}]");
        head(check, &path, rule.name.as_deref(), &rule.action, rules);
        destinations(check, &path, &rule.to, &rule.action, rules);
        older_ports(check, &path, rule.ports.as_deref(), has_no_pods(&rule.to));
    }
}

fn required(check: &mut Check<'_, '_, '_>, path: &str, value: &str, allowed: &[&str]) {
    if value.is_empty() {
        let field = path.rsplit('.').next().unwrap_or(path);
        check.error(path, format!("`{field}` is missing: one of {}", allowed.join(", ")));
    } else {
        check.one_of(path, Some(value), allowed);
    }
}

fn priority(check: &mut Check<'_, '_, '_>, priority: i32) {
    if priority == 0 && !check.is_written("spec.priority") {
        check.error("spec.priority", "`priority` is missing: 0 (first) to 1000 (last)");
    } else if !(0..=1000).contains(&priority) {
        check.error("spec.priority", format!("the priority {priority} is not in 0 (first) to 1000 (last)"));
    }
}

fn count(check: &mut Check<'_, '_, '_>, path: &str, count: usize, rules: &Rules) {
    if count > rules.most {
        let message = format!(
            "a {} has at most {} rules a direction, and here are {count}",
            check.object.kind, rules.most
        );
        check.error(path, message);
    }
}

fn head(check: &mut Check<'_, '_, '_>, path: &str, name: Option<&str>, action: &str, rules: &Rules) {
    required(check, &format!("{path}.action"), action, rules.actions);
    if name.is_some_and(|n| n.chars().count() > 100) {
        check.error(format_args!("{path}.name"), "the name of a rule has at most 100 characters");
    }
}

fn subject(check: &mut Check<'_, '_, '_>, subject: &Subject) {
    pods_of(check, "spec.subject", subject.namespaces.as_ref(), subject.pods.as_ref());
    exactly_one(
        check,
        "spec.subject",
        &[("namespaces", subject.namespaces.is_some()), ("pods", subject.pods.is_some())],
    );
}

fn sources(check: &mut Check<'_, '_, '_>, path: &str, peers: &[IngressPeer], rules: &Rules) {
    let path = format!("{path}.from");
    peer_count(check, &path, peers.len(), rules);
    for (i, peer) in peers.iter().enumerate() {
        let path = format!("{path}[{i}]");
        pods_of(check, &path, peer.namespaces.as_ref(), peer.pods.as_ref());
        exactly_one(
            check,
            &path,
            &[("namespaces", peer.namespaces.is_some()), ("pods", peer.pods.is_some())],
        );
    }
}

fn destinations(
    check: &mut Check<'_, '_, '_>,
    path: &str,
    peers: &[EgressPeer],
    action: &str,
    rules: &Rules,
) {
    let path = format!("{path}.to");
    peer_count(check, &path, peers.len(), rules);
    for (i, peer) in peers.iter().enumerate() {
        let path = format!("{path}[{i}]");
        pods_of(check, &path, peer.namespaces.as_ref(), peer.pods.as_ref());
        if let Some(nodes) = &peer.nodes {
            selector::check(check, &format!("{path}.nodes"), nodes);
        }
        for (j, network) in peer.networks.iter().flatten().enumerate() {
            addresses::cidr(check, format_args!("{path}.networks[{j}]"), network);
        }
        for (j, domain) in peer.domain_names.iter().flatten().enumerate() {
            domain_name(check, &format!("{path}.domainNames[{j}]"), domain);
        }
        if peer.domain_names.is_some() && action != rules.allow && rules.actions.contains(&action) {
            check.error(
                format_args!("{path}.domainNames"),
                format!("domain names work only with `action: {}`", rules.allow),
            );
        }
        let set = [
            ("namespaces", peer.namespaces.is_some()),
            ("pods", peer.pods.is_some()),
            ("nodes", peer.nodes.is_some()),
            ("networks", peer.networks.is_some()),
            ("domainNames", peer.domain_names.is_some()),
        ];
        exactly_one(check, &path, &set);
    }
}

fn peer_count(check: &mut Check<'_, '_, '_>, path: &str, count: usize, rules: &Rules) {
    if count == 0 {
        check.error(path, "a rule needs at least one peer");
    } else if count > rules.most {
        check.error(path, format!("a rule has at most {} peers, and here are {count}", rules.most));
    }
}

fn pods_of(
    check: &mut Check<'_, '_, '_>,
    path: &str,
    namespaces: Option<&LabelSelector>,
    pods: Option<&NamespacedPod>,
) {
    if let Some(namespaces) = namespaces {
        selector::check(check, &format!("{path}.namespaces"), namespaces);
    }
    if let Some(pods) = pods {
        selector::check(check, &format!("{path}.pods.namespaceSelector"), &pods.namespace_selector);
        selector::check(check, &format!("{path}.pods.podSelector"), &pods.pod_selector);
    }
}

fn exactly_one(check: &mut Check<'_, '_, '_>, path: &str, fields: &[(&str, bool)]) {
    let names: Vec<&str> = fields.iter().map(|(name, _)| *name).collect();
    let set: Vec<&str> = fields.iter().filter(|(_, set)| *set).map(|(name, _)| *name).collect();
    match set.as_slice() {
        [_] => {}
        [] => {
            // Written, and null or of a wrong type.
            let null = names.iter().find(|n| check.is_written(format_args!("{path}.{n}")));
            match null {
                Some(field) => check.error_help(
                    format_args!("{path}.{field}"),
                    "nothing stands behind this colon",
                    "to select everything write `{}` behind it",
                ),
                None => check.error(path, format!("exactly one of {} is needed here", names.join(", "))),
            }
        }
        [first, second, ..] => {
            let message =
                format!("exactly one of {} may be set, not {}", names.join(", "), set.join(" and "));
            check.clash(format_args!("{path}.{second}"), message, format_args!("{path}.{first}"), "and here");
        }
    }
}

fn domain_name(check: &mut Check<'_, '_, '_>, path: &str, text: &str) {
    let name = text.strip_prefix("*.").unwrap_or(text);
    let name = name.strip_suffix('.').unwrap_or(name);
    let part_ok = |part: &str| {
        !part.is_empty()
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
            && part.starts_with(|c: char| c.is_ascii_alphanumeric())
            && part.ends_with(|c: char| c.is_ascii_alphanumeric())
    };
    if !name.contains('.') || !name.split('.').all(part_ok) {
        let message = format!("\"{}\" is no domain name", shorten(text));
        check.error_help(path, message, "such as example.com, or *.example.com for all names below");
    }
}

fn has_no_pods(peers: &[EgressPeer]) -> bool {
    peers.iter().any(|p| p.networks.is_some() || p.nodes.is_some() || p.domain_names.is_some())
}

fn protocols(check: &mut Check<'_, '_, '_>, path: &str, list: Option<&[ProtocolMatch]>, no_pods: bool) {
    for (i, entry) in list.into_iter().flatten().enumerate() {
        let path = format!("{path}.protocols[{i}]");
        let named = entry.destination_named_port.as_deref();
        for (field, transport) in [("tcp", &entry.tcp), ("udp", &entry.udp), ("sctp", &entry.sctp)] {
            let Some(transport) = transport else { continue };
            match &transport.destination_port {
                Some(port) => port_or_range(check, &format!("{path}.{field}.destinationPort"), port),
                None => check.error(format_args!("{path}.{field}"), "`destinationPort` is missing"),
            }
        }
        if let Some(name) = named {
            named_port(check, &format!("{path}.destinationNamedPort"), name, no_pods);
        }
        let set = [
            ("tcp", entry.tcp.is_some()),
            ("udp", entry.udp.is_some()),
            ("sctp", entry.sctp.is_some()),
            ("destinationNamedPort", named.is_some()),
        ];
        exactly_one(check, &path, &set);
    }
}

fn named_port(check: &mut Check<'_, '_, '_>, path: &str, name: &str, no_pods: bool) {
    ports::name(check, path, name);
    if no_pods {
        check.error(path, "a named port is a container's, and networks, nodes and domain names have none");
    }
}

fn port_or_range(check: &mut Check<'_, '_, '_>, path: &str, port: &v1alpha2::Port) {
    if let Some(number) = port.number {
        ports::number(check, format_args!("{path}.number"), number);
    }
    if let Some(range) = &port.range {
        port_range(check, &format!("{path}.range"), range.start, range.end);
    }
    exactly_one(check, path, &[("number", port.number.is_some()), ("range", port.range.is_some())]);
}

fn port_range(check: &mut Check<'_, '_, '_>, path: &str, start: i32, end: i32) {
    ports::number(check, format_args!("{path}.start"), start);
    ports::number(check, format_args!("{path}.end"), end);
    if start >= end {
        check.error(format_args!("{path}.end"), format!("the range must end after its start {start}"));
    }
}

fn older_ports(check: &mut Check<'_, '_, '_>, path: &str, list: Option<&[v1alpha1::Port]>, no_pods: bool) {
    for (i, port) in list.into_iter().flatten().enumerate() {
        let path = format!("{path}.ports[{i}]");
        if let Some(one) = &port.port_number {
            ports::protocol(check, format_args!("{path}.portNumber.protocol"), one.protocol.as_deref());
            ports::number(check, format_args!("{path}.portNumber.port"), one.port);
        }
        if let Some(range) = &port.port_range {
            ports::protocol(check, format_args!("{path}.portRange.protocol"), range.protocol.as_deref());
            port_range(check, &format!("{path}.portRange"), range.start, range.end);
        }
        if let Some(name) = &port.named_port {
            named_port(check, &format!("{path}.namedPort"), name, no_pods);
        }
        let set = [
            ("portNumber", port.port_number.is_some()),
            ("portRange", port.port_range.is_some()),
            ("namedPort", port.named_port.is_some()),
        ];
        exactly_one(check, &path, &set);
    }
}
