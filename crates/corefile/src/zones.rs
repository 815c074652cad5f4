//! What a server block's key names: zones and a port.
use ipnet::IpNet;

/// Zone and port of a key: `.:53`, `tls://example.com`, `example.com.`.
#[must_use]
pub fn zone_of(key: &str) -> (String, String) {
    let (scheme, rest) = key.split_once("://").unwrap_or(("dns", key));
    let port = match scheme {
        "tls" | "quic" => "853",
        "https" | "https3" | "grpc" => "443",
        _ => "53",
    };
    // Addresses of IPv6 hold colons, and stand in brackets where a port follows.
    let (zone, port) = match rest.rsplit_once(':') {
        Some((zone, port)) if !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()) => (zone, port),
        _ => (rest, port),
    };
    let zone = zone.trim_end_matches('.').to_ascii_lowercase();
    (if zone.is_empty() { ".".to_owned() } else { zone }, port.to_owned())
}

/// The zones of a key or of a plugin's argument, in lower case without the final dot, and `""` for the root. A network
/// stands for the reverse zones that cover it.
#[must_use]
pub fn zones_of(key: &str) -> Vec<String> {
    let (zone, _) = zone_of(key);
    match zone.parse::<IpNet>() {
        Ok(net) => reverse_zones(net),
        Err(_) => vec![if zone == "." { String::new() } else { zone }],
    }
}

/// The zones whose names are those of a network's addresses: one for each of its parts that ends between two labels.
fn reverse_zones(net: IpNet) -> Vec<String> {
    let step = if net.addr().is_ipv4() { 8 } else { 4 };
    let length = net.prefix_len().div_ceil(step) * step;
    let parts = net.trunc().subnets(length).map(Iterator::collect::<Vec<_>>).unwrap_or_default();
    parts.into_iter().map(|part| reverse_zone(part, step)).collect()
}

fn reverse_zone(net: IpNet, step: u8) -> String {
    let labels = usize::from(net.prefix_len() / step);
    let (mut text, mut digits): (_, Vec<String>) = match net {
        IpNet::V4(net) => ("in-addr.arpa", net.addr().octets().iter().map(ToString::to_string).collect()),
        IpNet::V6(net) => {
            let nibbles = net.addr().octets().into_iter().flat_map(|byte| [byte >> 4, byte & 15]);
            ("ip6.arpa", nibbles.map(|nibble| format!("{nibble:x}")).collect())
        }
    };
    digits.truncate(labels);
    digits.reverse();
    digits.push(std::mem::take(&mut text).to_owned());
    digits.join(".")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_have_a_zone_and_a_port() {
        for (key, zone, port) in [
            (".:53", ".", "53"),
            (".", ".", "53"),
            ("Example.COM.:1053", "example.com", "1053"),
            ("tls://example.com", "example.com", "853"),
            ("10.0.0.0/8", "10.0.0.0/8", "53"),
        ] {
            assert_eq!(zone_of(key), (zone.to_owned(), port.to_owned()), "{key}");
        }
    }

    #[test]
    fn networks_are_reverse_zones() {
        for (key, zones) in [
            ("10.0.0.0/8", vec!["10.in-addr.arpa"]),
            ("10.96.0.0/15", vec!["96.10.in-addr.arpa", "97.10.in-addr.arpa"]),
            ("2001:db8::/32", vec!["8.b.d.0.1.0.0.2.ip6.arpa"]),
            ("Example.COM.", vec!["example.com"]),
            (".", vec![""]),
            ("0.0.0.0/0", vec!["in-addr.arpa"]),
        ] {
            assert_eq!(zones_of(key), zones, "{key}");
        }
    }
}
