//! Names: what is below a zone, and the labels that stand for addresses.
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A name in the form that the zone knows: lower case, no final dot.
pub(crate) fn normal(name: &str) -> String {
    name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase()
}

/// The part of a normal name that is below a zone, `""` for the zone itself.
pub(crate) fn below<'a>(name: &'a str, zone: &str) -> Option<&'a str> {
    if zone.is_empty() {
        return Some(name);
    }
    let rest = name.strip_suffix(zone)?;
    if rest.is_empty() { Some(rest) } else { rest.strip_suffix('.') }
}

/// The longest of some zones that a normal name is in.
pub(crate) fn longest<'z>(name: &str, zones: &'z [String]) -> Option<&'z str> {
    let fitting = zones.iter().filter(|zone| below(name, zone).is_some());
    fitting.max_by_key(|zone| zone.len()).map(String::as_str)
}

/// Whether a normal name is in one of some zones.
pub(crate) fn within(name: &str, zones: &[String]) -> bool {
    zones.iter().any(|zone| below(name, zone).is_some())
}

/// Parts a name at its last label: `a.b.c` into `a.b` and `c`.
pub(crate) fn split_last(name: &str) -> (&str, &str) {
    name.rsplit_once('.').unwrap_or(("", name))
}

/// The label of an address: dots and colons as dashes. An IPv6 address that begins or ends with `::` gets a zero
/// there, for a label neither begins nor ends with a dash (RFC 1123).
pub(crate) fn dashed(ip: IpAddr) -> String {
    match ip {
        IpAddr::V4(ip) => ip.to_string().replace('.', "-"),
        IpAddr::V6(ip) => {
            let dashes = plain_v6(ip).replace(':', "-");
            let head = if dashes.starts_with('-') { "0" } else { "" };
            let tail = if dashes.ends_with('-') { "0" } else { "" };
            format!("{head}{dashes}{tail}")
        }
    }
}

/// IPv6 text without the dotted form that embedded IPv4 addresses are printed in.
fn plain_v6(ip: Ipv6Addr) -> String {
    let text = ip.to_string();
    if !text.contains('.') {
        return text;
    }
    let groups: Vec<String> = ip.segments().iter().map(|s| format!("{s:x}")).collect();
    groups.join(":")
}

/// The address that a dashed label stands for: four decimal parts, or any form of an IPv6 address.
pub(crate) fn undashed(label: &str) -> Option<IpAddr> {
    if label.split('-').count() == 4 && !label.contains("--") {
        label.replace('-', ".").parse::<Ipv4Addr>().ok().map(IpAddr::V4)
    } else {
        label.replace('-', ":").parse::<Ipv6Addr>().ok().map(IpAddr::V6)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_of_addresses_and_back() {
        let table = [
            ("10.244.0.7", "10-244-0-7"),
            ("fd00::7", "fd00--7"),
            ("fd00:10:244::", "fd00-10-244--0"),
            ("::1", "0--1"),
            ("::ffff:10.0.0.1", "0-0-0-0-0-ffff-a00-1"),
        ];
        for (ip, label) in table {
            let ip: IpAddr = ip.parse().unwrap();
            assert_eq!(dashed(ip), label);
            assert_eq!(undashed(label), Some(ip), "{label}");
        }
        for bad in ["", "web", "10-244-0", "10-244-0-7-1", "10-244-0-256", "10.244.0.7", "a-b-c-d", "-"] {
            assert_eq!(undashed(bad), None, "{bad}");
        }
    }

    #[test]
    fn what_is_below_a_zone() {
        let table = [
            ("cluster.local", "cluster.local", Some("")),
            ("web.cluster.local", "cluster.local", Some("web")),
            ("a.b.cluster.local", "cluster.local", Some("a.b")),
            ("notcluster.local", "cluster.local", None),
            ("local", "cluster.local", None),
            ("example.com", "", Some("example.com")),
        ];
        for (name, zone, rest) in table {
            assert_eq!(below(name, zone), rest, "{name} below {zone}");
        }
    }
}
