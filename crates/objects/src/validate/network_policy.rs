//! NetworkPolicy.
use std::fmt::Display;

use ipnet::IpNet;
use k8s_openapi::{
    api::networking::v1::{IPBlock, NetworkPolicy, NetworkPolicyPeer, NetworkPolicyPort},
    apimachinery::pkg::util::intstr::IntOrString,
};

use super::{Check, addresses, ports, selector};

pub(super) fn check(check: &mut Check<'_, '_, '_>, policy: &NetworkPolicy) {
    let Some(spec) = &policy.spec else {
        let message = "`spec` is missing: this policy selects every pod of its namespace and lets nothing in";
        check.warning("spec", message, "say which pods it is for: `podSelector`");
        return;
    };
    if let Some(pods) = &spec.pod_selector {
        selector::check(check, "spec.podSelector", pods);
    }
    let types = spec.policy_types.as_deref().unwrap_or_default();
    for (i, policy_type) in types.iter().enumerate() {
        check.one_of(format_args!("spec.policyTypes[{i}]"), Some(policy_type), &["Ingress", "Egress"]);
        if types[..i].contains(policy_type) {
            check.error(format_args!("spec.policyTypes[{i}]"), format!("{policy_type} is listed twice"));
        }
    }
    for (i, rule) in spec.ingress.iter().flatten().enumerate() {
        peers(check, &format!("spec.ingress[{i}].from"), rule.from.as_deref());
        port_list(check, &format!("spec.ingress[{i}].ports"), rule.ports.as_deref());
    }
    for (i, rule) in spec.egress.iter().flatten().enumerate() {
        peers(check, &format!("spec.egress[{i}].to"), rule.to.as_deref());
        port_list(check, &format!("spec.egress[{i}].ports"), rule.ports.as_deref());
    }
}

fn peers(check: &mut Check<'_, '_, '_>, path: &str, peers: Option<&[NetworkPolicyPeer]>) {
    for (i, peer) in peers.into_iter().flatten().enumerate() {
        let path = format!("{path}[{i}]");
        if let Some(pods) = &peer.pod_selector {
            selector::check(check, &format!("{path}.podSelector"), pods);
        }
        if let Some(namespaces) = &peer.namespace_selector {
            selector::check(check, &format!("{path}.namespaceSelector"), namespaces);
        }
        let selects = peer.pod_selector.is_some() || peer.namespace_selector.is_some();
        match &peer.ip_block {
            Some(block) => {
                if selects {
                    let message = "a peer has either `ipBlock` or selectors, not both";
                    check.error_help(
                        format_args!("{path}.ipBlock"),
                        message,
                        "make two peers of them: `- ` before each",
                    );
                }
                ip_block(check, &format!("{path}.ipBlock"), block);
            }
            None if !selects => empty_peer(check, &path),
            None => {}
        }
    }
}

/// `podSelector:` with nothing behind it is null, which is not the empty selector.
fn empty_peer(check: &mut Check<'_, '_, '_>, path: &str) {
    let fields = ["podSelector", "namespaceSelector", "ipBlock"].map(|field| format!("{path}.{field}"));
    match fields.iter().find(|field| check.is_written(field)) {
        Some(field) if field.ends_with("Selector") => check.error_help(
            field,
            "nothing stands behind this colon, so the peer says nothing",
            "to select everything write `{}` behind it",
        ),
        Some(field) => check.error(field, "nothing stands behind this colon, so the peer says nothing"),
        None => check.error(path, "this peer needs `podSelector`, `namespaceSelector` or `ipBlock`"),
    }
}

fn ip_block(check: &mut Check<'_, '_, '_>, path: &str, block: &IPBlock) {
    if block.cidr.is_empty() {
        check.error(format_args!("{path}.cidr"), "`cidr` is missing");
        return;
    }
    let whole = addresses::cidr(check, format_args!("{path}.cidr"), &block.cidr);
    for (i, text) in block.except.iter().flatten().enumerate() {
        let path = format!("{path}.except[{i}]");
        let Some(part) = addresses::cidr(check, &path, text) else { continue };
        if let Some(whole) = whole {
            inside(check, &path, part, whole);
        }
    }
}

fn inside(check: &mut Check<'_, '_, '_>, path: &str, part: IpNet, whole: IpNet) {
    if part == whole {
        check.error(path, format!("the exception {part} is the whole of {whole}: nothing would be left"));
    } else if !whole.contains(&part) {
        check.error(path, format!("the exception {part} is not inside of {whole}"));
    }
}

fn port_list(check: &mut Check<'_, '_, '_>, path: &str, list: Option<&[NetworkPolicyPort]>) {
    for (i, port) in list.into_iter().flatten().enumerate() {
        let path = format!("{path}[{i}]");
        ports::protocol(check, format_args!("{path}.protocol"), port.protocol.as_deref());
        if let Some(port) = &port.port {
            ports::number_or_name(check, format_args!("{path}.port"), port);
        }
        if let Some(end) = port.end_port {
            let port = port.port.as_ref();
            if port.is_some() || !check.holds_fault(format_args!("{path}.port")) {
                end_port(check, format_args!("{path}.endPort"), port, end);
            }
        }
    }
}

fn end_port(check: &mut Check<'_, '_, '_>, path: impl Display, start: Option<&IntOrString>, end: i32) {
    match start {
        None => check.error(path, "`endPort` needs a `port` to begin with"),
        Some(IntOrString::String(_)) => check.error(path, "`endPort` needs a number as `port`, not a name"),
        Some(IntOrString::Int(start)) if end < *start => {
            check.error(path, format!("the range ends at {end}, before it begins at {start}"));
        }
        Some(IntOrString::Int(_)) => ports::number(check, path, end),
    }
}
