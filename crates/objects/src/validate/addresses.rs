//! IP addresses and CIDRs, and Nodes, which are made of them.
use std::{fmt::Display, net::IpAddr};

use ipnet::IpNet;
use k8s_openapi::api::core::v1::Node;

use super::Check;
use crate::tree::shorten;

/// An IP address.
pub(super) fn ip(check: &mut Check<'_, '_, '_>, path: impl Display, text: &str) -> Option<IpAddr> {
    let parsed = text.parse().ok();
    if parsed.is_none() {
        let help = if text.contains('/') { "an address has no `/`" } else { "such as 10.0.0.1 or fd00::1" };
        check.error_help(path, format!("\"{}\" is no IP address", shorten(text)), help);
    }
    parsed
}

/// A CIDR.
pub(super) fn cidr(check: &mut Check<'_, '_, '_>, path: impl Display, text: &str) -> Option<IpNet> {
    let Ok(net) = text.trim().parse::<IpNet>() else {
        let message = format!("\"{}\" is no CIDR", shorten(text));
        let help = match text.parse::<IpAddr>() {
            Ok(IpAddr::V4(ip)) => format!("a single address is written {ip}/32"),
            Ok(IpAddr::V6(ip)) => format!("a single address is written {ip}/128"),
            Err(_) => "such as 10.0.0.0/8 or fd00::/64".into(),
        };
        check.error_help(path, message, help);
        return None;
    };
    if text.trim() != text {
        check.error(path, format!("\"{}\" has blanks around the CIDR", shorten(text)));
    } else if net.trunc() != net {
        let message = format!("{text} has bits set behind its prefix; it means {}", net.trunc());
        check.warning(
            path,
            message,
            format!("write {}, or {}/{} for the one address", net.trunc(), net.addr(), net.max_prefix_len()),
        );
    }
    Some(net.trunc())
}

pub(super) fn node(check: &mut Check<'_, '_, '_>, node: &Node) {
    if let Some(spec) = &node.spec {
        if let Some(text) = &spec.pod_cidr {
            cidr(check, "spec.podCIDR", text);
        }
        for (i, text) in spec.pod_cidrs.iter().flatten().enumerate() {
            cidr(check, format_args!("spec.podCIDRs[{i}]"), text);
        }
    }
    let addresses = node.status.iter().filter_map(|s| s.addresses.as_ref()).flatten();
    for (i, address) in addresses.enumerate() {
        if matches!(address.type_.as_str(), "InternalIP" | "ExternalIP") {
            ip(check, format_args!("status.addresses[{i}].address"), &address.address);
        }
    }
}
