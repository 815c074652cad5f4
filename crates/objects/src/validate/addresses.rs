//! IP addresses and CIDRs, and Nodes, which are made of them.
use std::{
    fmt::Display,
    net::{IpAddr, Ipv4Addr},
};

use ipnet::IpNet;
use k8s_openapi::api::core::v1::{Node, Taint};

use super::{
    Check,
    scheduling::EFFECTS,
    syntax::{label_value, qualified_name},
};
use crate::tree::shorten;

/// An address, and what is loose about how it is written. Older versions of Go, and so of Kubernetes, read addresses that
/// others read in another way or not at all; the API server refuses them since 1.36.
struct Loose {
    ip: IpAddr,
    why: Option<String>,
}

impl Loose {
    fn parse(text: &str) -> Option<Self> {
        match text.parse() {
            Ok(IpAddr::V6(ip)) => {
                let why = ip.to_ipv4_mapped().map(|v4| format!("is {v4} in the clothes of IPv6"));
                Some(Self { ip: ip.into(), why })
            }
            Ok(ip) => Some(Self { ip, why: None }),
            Err(_) => {
                let ip = with_zeros(text)?;
                Some(Self {
                    ip,
                    why: Some(format!("has leading zeros; some programs read {ip}, others octal numbers")),
                })
            }
        }
    }
}

/// An IPv4 address whose numbers may begin with zeros.
fn with_zeros(text: &str) -> Option<IpAddr> {
    let mut octets = [0; 4];
    let mut parts = text.split('.');
    for octet in &mut octets {
        let part = parts.next()?;
        let digits = part.trim_start_matches('0');
        let fine = !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()) && digits.len() <= 3;
        *octet = if digits.is_empty() { 0 } else { digits.parse().ok()? };
        if !fine {
            return None;
        }
    }
    parts.next().is_none().then(|| Ipv4Addr::from(octets).into())
}

/// Whether a text is an address, however loosely written.
pub(super) fn is_address(text: &str) -> bool {
    Loose::parse(text).is_some()
}

/// An IP address.
pub(super) fn ip(check: &mut Check<'_, '_, '_>, path: impl Display, text: &str) -> Option<IpAddr> {
    if check.is_unknown(&path, text) {
        return None;
    }
    let Some(Loose { ip, why }) = Loose::parse(text) else {
        let help = if text.contains('/') { "an address has no `/`" } else { "such as 10.0.0.1 or fd00::1" };
        check.error_help(path, format!("\"{}\" is no IP address", shorten(text)), help);
        return None;
    };
    let ip = ip.to_canonical();
    if let Some(why) = why {
        check.loose(path, format!("{text} {why}"), format!("write {ip}"));
    }
    Some(ip)
}

/// A CIDR.
pub(super) fn cidr(check: &mut Check<'_, '_, '_>, path: impl Display, text: &str) -> Option<IpNet> {
    if check.is_unknown(&path, text) {
        return None;
    }
    let parts = text.split_once('/');
    let parsed = parts.and_then(|(ip, prefix)| Some((Loose::parse(ip)?, prefix_of(prefix)?)));
    let net = parsed.and_then(|(loose, prefix)| Some((IpNet::new(loose.ip, prefix).ok()?, loose.why)));
    let Some((net, why)) = net else {
        let message = format!("\"{}\" is no CIDR", shorten(text));
        let help = match text.trim().parse::<IpAddr>() {
            Ok(IpAddr::V4(ip)) => format!("a single address is written {ip}/32"),
            Ok(IpAddr::V6(ip)) => format!("a single address is written {ip}/128"),
            Err(_) if text.trim() != text => "take the blanks around it away".into(),
            Err(_) => "such as 10.0.0.0/8 or fd00::/64".into(),
        };
        check.error_help(path, message, help);
        return None;
    };
    if let Some(why) = why {
        check.loose(path, format!("{text} {why}"), format!("write {}", net.trunc()));
    } else if net.trunc() != net {
        let message = format!("{text} has bits set behind its prefix; it means {}", net.trunc());
        let help =
            format!("write {}, or {}/{} for the one address", net.trunc(), net.addr(), net.max_prefix_len());
        check.loose(path, message, help);
    }
    Some(net.trunc())
}

/// The number of a prefix, as Go reads it.
fn prefix_of(text: &str) -> Option<u8> {
    text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

/// Addresses that would lead traffic back to the node itself, or nowhere: the API server takes none of them as an endpoint
/// or an external IP.
pub(super) fn reachable(check: &mut Check<'_, '_, '_>, path: impl Display, ip: IpAddr) {
    let special = match ip {
        _ if ip.is_unspecified() => "is unspecified",
        _ if ip.is_loopback() => "is loopback",
        IpAddr::V4(ip) if ip.is_link_local() => "is link-local",
        IpAddr::V6(ip) if ip.is_unicast_link_local() => "is link-local",
        IpAddr::V4(ip) if ip.octets()[..3] == [224, 0, 0] => "is link-local multicast",
        IpAddr::V6(ip) if ip.segments()[0] & 0xFF0F == 0xFF02 => "is link-local multicast",
        _ => return,
    };
    check.error(path, format!("{ip} {special}: nothing outside of a node can be reached by it"));
}

fn taints(check: &mut Check<'_, '_, '_>, taints: &[Taint]) {
    for (i, taint) in taints.iter().enumerate() {
        let path = format!("spec.taints[{i}]");
        if check.required(format_args!("{path}.key"), &taint.key) {
            check.formed(format_args!("{path}.key"), "key", Some(&taint.key), qualified_name);
        }
        check.formed(format_args!("{path}.value"), "value", taint.value.as_deref(), label_value);
        if check.required(format_args!("{path}.effect"), &taint.effect) {
            check.one_of(format_args!("{path}.effect"), Some(&taint.effect), &EFFECTS);
        }
        let same = |other: &&Taint| (&other.key, &other.effect) == (&taint.key, &taint.effect);
        if taints[..i].iter().any(|other| same(&other)) {
            check.error(&path, format!("the taint {} {} is there twice", taint.key, taint.effect));
        }
    }
}

pub(super) fn node(check: &mut Check<'_, '_, '_>, node: &Node) {
    if let Some(spec) = &node.spec {
        if let Some(text) = spec.pod_cidr.as_deref().filter(|text| !text.is_empty()) {
            cidr(check, "spec.podCIDR", text);
        }
        // The first one is `podCIDR` again, which the API server takes in its place.
        let ranges = spec.pod_cidrs.iter().flatten().enumerate();
        for (i, text) in ranges.filter(|(i, _)| *i > 0 || spec.pod_cidr.is_none()) {
            cidr(check, format_args!("spec.podCIDRs[{i}]"), text);
        }
        let ranges = spec.pod_cidrs.as_deref().unwrap_or_default();
        if ranges.len() > 2 || (ranges.len() == 2 && ranges[0] == ranges[1]) {
            check.error("spec.podCIDRs", "a Node has at most one range of each family");
        }
        taints(check, spec.taints.as_deref().unwrap_or_default());
    }
    let addresses = node.status.iter().filter_map(|s| s.addresses.as_ref()).flatten();
    for (i, address) in addresses.enumerate() {
        if matches!(address.type_.as_str(), "InternalIP" | "ExternalIP") {
            ip(check, format_args!("status.addresses[{i}].address"), &address.address);
        }
    }
}
