//! Endpoints and EndpointSlices.
use std::collections::HashMap;

use k8s_openapi::api::{
    core::v1::{EndpointAddress, Endpoints},
    discovery::v1::EndpointSlice,
};

use super::{
    Check, addresses, ports,
    syntax::{Verdict, label_name, label_value, qualified_name, subdomain_name},
};
use crate::tree::shorten;

pub(super) fn endpoints(check: &mut Check<'_, '_, '_>, object: &Endpoints) {
    for (i, subset) in object.subsets.iter().flatten().enumerate() {
        let path = format!("subsets[{i}]");
        let lists = [("addresses", &subset.addresses), ("notReadyAddresses", &subset.not_ready_addresses)];
        for (field, list) in lists {
            for (j, one) in list.iter().flatten().enumerate() {
                address(check, &format!("{path}.{field}[{j}]"), one);
            }
        }
        if lists.iter().all(|(_, list)| list.as_ref().is_none_or(Vec::is_empty)) && !check.holds_fault(&path)
        {
            check.error(&path, "this subset has neither `addresses` nor `notReadyAddresses`");
        }
        let list = subset.ports.as_deref().unwrap_or_default();
        for (j, port) in list.iter().enumerate() {
            let path = format!("{path}.ports[{j}]");
            ports::number(check, format_args!("{path}.port"), port.port);
            ports::protocol(check, format_args!("{path}.protocol"), port.protocol.as_deref());
            check.formed(format_args!("{path}.name"), "port name", port.name.as_deref(), label_name);
            written(check, &format!("{path}.appProtocol"), port.app_protocol.as_deref(), qualified_name);
            if list.len() > 1 && port.name.as_deref().unwrap_or_default().is_empty() {
                check.error(format_args!("{path}.name"), "with more than one port each needs a `name`");
            }
        }
    }
}

fn address(check: &mut Check<'_, '_, '_>, path: &str, address: &EndpointAddress) {
    if let Some(ip) = addresses::ip(check, format_args!("{path}.ip"), &address.ip) {
        addresses::reachable(check, format_args!("{path}.ip"), ip);
    }
    hostname(check, path, address.hostname.as_deref());
    written(check, &format!("{path}.nodeName"), address.node_name.as_deref(), subdomain_name);
}

/// A text that is not empty where it is written.
pub(super) fn written(
    check: &mut Check<'_, '_, '_>,
    path: &str,
    text: Option<&str>,
    rule: fn(&str) -> Verdict,
) {
    if let Some(text) = text
        && let Some(fault) = rule(text)
    {
        let field = path.rsplit('.').next().unwrap_or_default();
        check.error(path, format!("the {field} \"{}\" {fault}", shorten(text)));
    }
}

fn hostname(check: &mut Check<'_, '_, '_>, path: &str, hostname: Option<&str>) {
    let Some(name) = hostname.filter(|n| !n.is_empty()) else { return };
    if let Some(fault) = label_name(name) {
        check.error(format_args!("{path}.hostname"), format!("the hostname \"{}\" {fault}", shorten(name)));
    }
}

pub(super) fn slice(check: &mut Check<'_, '_, '_>, slice: &EndpointSlice) {
    if slice.address_type.is_empty() {
        check.error("addressType", "`addressType` is missing: one of IPv4, IPv6, FQDN");
    }
    check.one_of(
        "addressType",
        Some(&slice.address_type).filter(|t| !t.is_empty()).map(String::as_str),
        &["IPv4", "IPv6", "FQDN"],
    );
    for (i, endpoint) in slice.endpoints.iter().flatten().enumerate() {
        let path = format!("endpoints[{i}]");
        if endpoint.addresses.is_empty() {
            check.error(format_args!("{path}.addresses"), "this endpoint has no addresses");
        }
        for (j, text) in endpoint.addresses.iter().enumerate() {
            slice_address(check, &format!("{path}.addresses[{j}]"), &slice.address_type, text);
        }
        written(check, &format!("{path}.hostname"), endpoint.hostname.as_deref(), label_name);
        written(check, &format!("{path}.nodeName"), endpoint.node_name.as_deref(), subdomain_name);
        let zones = endpoint.hints.iter().filter_map(|hints| hints.for_zones.as_ref()).flatten();
        let mut seen = Vec::new();
        for (j, zone) in zones.enumerate() {
            let path = format!("{path}.hints.forZones[{j}].name");
            check.formed(&path, "zone", Some(&zone.name), label_value);
            if seen.contains(&&zone.name) {
                check.error(&path, format!("the zone {} is there twice", shorten(&zone.name)));
            }
            seen.push(&zone.name);
        }
    }
    let mut names = HashMap::new();
    for (i, port) in slice.ports.iter().flatten().enumerate() {
        let path = format!("ports[{i}]");
        // The API server takes any number here, and nothing can be reached at some.
        if let Some(number) = port.port.filter(|number| !(1..=65535).contains(number)) {
            let message = format!("{number} is no port; ports are 1 to 65535");
            check.warning(format_args!("{path}.port"), message, "nothing can be reached there");
        }
        check.formed(format_args!("{path}.name"), "port name", port.name.as_deref(), label_name);
        written(check, &format!("{path}.appProtocol"), port.app_protocol.as_deref(), qualified_name);
        ports::protocol(check, format_args!("{path}.protocol"), port.protocol.as_deref());
        let name = port.name.as_deref().unwrap_or_default();
        if let Some(first) = names.insert(name, i) {
            let message = format!("the port name \"{}\" is there twice", shorten(name));
            check.clash(
                format_args!("{path}.name"),
                message,
                format_args!("ports[{first}].name"),
                "first here",
            );
        }
    }
}

fn slice_address(check: &mut Check<'_, '_, '_>, path: &str, address_type: &str, text: &str) {
    match address_type {
        "IPv4" | "IPv6" => {
            let Some(ip) = addresses::ip(check, path, text) else { return };
            if ip.is_ipv4() != (address_type == "IPv4") {
                check.clash(
                    path,
                    format!("{ip} is not of the family {address_type}"),
                    "addressType",
                    "all addresses are of this family",
                );
                return;
            }
            addresses::reachable(check, path, ip);
        }
        "FQDN" => {
            if let Some(fault) = subdomain_name(text) {
                check.error(path, format!("the name \"{}\" {fault}", shorten(text)));
            }
        }
        // Reported as an address type that does not exist.
        _ => {}
    }
}
