//! What a person writes as the destination of a request: a URL, `service:port`, `namespace/workload:port`, an address.
use std::net::{IpAddr, Ipv6Addr};

use netloom_cluster::Protocol;

use crate::ExplainError;

/// Who is asked, as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Host {
    /// `outside`: a server outside of the cluster.
    Outside,
    /// `node/NAME`.
    Node(String),
    /// An address.
    Address(IpAddr),
    /// `namespace/name`.
    Qualified(String, String),
    /// A name; inside a URL always one that is looked up in the DNS.
    Name(String),
}

/// A port by number or by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PortSpec {
    /// A number.
    Number(u16),
    /// The name of a Service's or a container's port.
    Name(String),
}

/// A destination.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination {
    /// Who.
    pub host: Host,
    /// On which port; the scheme's own where a URL names none.
    pub port: Option<PortSpec>,
    /// By which protocol, where it is said.
    pub protocol: Option<Protocol>,
    /// Whether it is a URL.
    pub url: bool,
}

impl Destination {
    /// Reads a destination.
    ///
    /// # Errors
    /// When it is none: empty, a port that is no port, an unknown scheme.
    pub fn parse(text: &str) -> Result<Self, ExplainError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(ExplainError::Empty);
        }
        match text.split_once("://") {
            Some((scheme, rest)) => url(text, scheme, rest),
            None => plain(text),
        }
    }
}

fn url(text: &str, scheme: &str, rest: &str) -> Result<Destination, ExplainError> {
    let (protocol, default) = match scheme.to_ascii_lowercase().as_str() {
        "http" | "ws" | "grpc" => (Protocol::Tcp, Some(80)),
        "https" | "wss" | "grpcs" => (Protocol::Tcp, Some(443)),
        "tcp" => (Protocol::Tcp, None),
        "udp" => (Protocol::Udp, None),
        "sctp" => (Protocol::Sctp, None),
        _ => return Err(ExplainError::UnknownScheme { scheme: scheme.to_owned() }),
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let authority = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let (host, port) = host_and_port(text, authority)?;
    let host = match address(host) {
        Some(ip) => Host::Address(ip),
        None if is_dns_name(host) => Host::Name(host.to_owned()),
        None => return Err(bad(text)),
    };
    let port = port.map(port_spec).transpose()?.or(default.map(PortSpec::Number));
    Ok(Destination { host, port, protocol: Some(protocol), url: true })
}

fn plain(text: &str) -> Result<Destination, ExplainError> {
    let (rest, protocol) = match text.rsplit_once('/') {
        Some((left, right)) if left.contains([':', '/']) && Protocol::parse(right).is_some() => {
            (left, Protocol::parse(right))
        }
        _ => (text, None),
    };
    let made = |host, port| Ok(Destination { host, port, protocol, url: false });
    if let Some(ip) = address(rest) {
        return made(Host::Address(ip), None);
    }
    if let Some(node) = rest.strip_prefix("node/") {
        let (name, port) = host_and_port(text, node)?;
        return made(Host::Node(name.to_owned()), port.map(port_spec).transpose()?);
    }
    match rest.split_once('/') {
        Some((namespace, name)) if !namespace.contains(':') => {
            let (name, port) = host_and_port(text, name)?;
            if !is_dns_name(namespace) || !is_dns_name(name) {
                return Err(bad(text));
            }
            made(Host::Qualified(namespace.to_owned(), name.to_owned()), port.map(port_spec).transpose()?)
        }
        // A URL without its scheme.
        Some(_) => Ok(Destination { url: true, ..url(text, "http", rest)? }),
        None => {
            let (name, port) = host_and_port(text, rest)?;
            let host = match (name, address(name)) {
                ("outside", _) => Host::Outside,
                (_, Some(ip)) => Host::Address(ip),
                (name, None) if is_dns_name(name) => Host::Name(name.to_owned()),
                _ => return Err(bad(text)),
            };
            made(host, port.map(port_spec).transpose()?)
        }
    }
}

/// Parts `host:port`; an IPv6 address with a port stands in brackets.
fn host_and_port<'t>(text: &str, part: &'t str) -> Result<(&'t str, Option<&'t str>), ExplainError> {
    let (host, port) = match part.find(']') {
        Some(end) if part.starts_with('[') => match part[end + 1..].strip_prefix(':') {
            Some(port) => (&part[..=end], Some(port)),
            None if end + 1 == part.len() => (part, None),
            None => return Err(bad(text)),
        },
        _ => match part.split_once(':') {
            Some((_, port)) if port.contains(':') => (part, None),
            Some((host, port)) => (host, Some(port)),
            None => (part, None),
        },
    };
    if host.is_empty() { Err(bad(text)) } else { Ok((host, port)) }
}

fn address(text: &str) -> Option<IpAddr> {
    match text.strip_prefix('[').and_then(|t| t.strip_suffix(']')) {
        Some(inner) => inner.parse::<Ipv6Addr>().ok().map(IpAddr::V6),
        None => text.parse().ok(),
    }
}

fn port_spec(text: &str) -> Result<PortSpec, ExplainError> {
    let bad = || ExplainError::BadPort { text: text.to_owned() };
    if text.bytes().all(|b| b.is_ascii_digit()) {
        return match text.parse::<u16>() {
            Ok(number) if number > 0 => Ok(PortSpec::Number(number)),
            _ => Err(bad()),
        };
    }
    // A Service port's name is a DNS label; a container port's is shorter still.
    let fits = text.len() <= 63 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    if fits { Ok(PortSpec::Name(text.to_owned())) } else { Err(bad()) }
}

fn is_dns_name(text: &str) -> bool {
    let of_name = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_');
    !text.is_empty() && text.len() <= 253 && text.bytes().all(of_name) && !text.starts_with('.')
}

fn bad(text: &str) -> ExplainError {
    ExplainError::BadDestination { text: text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(text: &str) -> String {
        match Destination::parse(text) {
            Ok(d) => {
                let port = match d.port {
                    None => "-".to_owned(),
                    Some(PortSpec::Number(n)) => n.to_string(),
                    Some(PortSpec::Name(n)) => format!("'{n}'"),
                };
                let protocol = d.protocol.map_or("-", Protocol::name);
                format!("{:?} {port} {protocol}{}", d.host, if d.url { " url" } else { "" })
            }
            Err(error) => format!("{error:?}").split([' ', '{']).next().unwrap_or_default().to_owned(),
        }
    }

    #[test]
    fn destinations_are_read_as_people_write_them() {
        let table = [
            ("http://backend:8080/x", "Name(\"backend\") 8080 TCP url"),
            ("http://backend/x?y=1", "Name(\"backend\") 80 TCP url"),
            ("https://user:pw@api.example.com", "Name(\"api.example.com\") 443 TCP url"),
            ("HTTPS://[fd00::1]:8443/", "Address(fd00::1) 8443 TCP url"),
            ("http://10.0.0.1?q", "Address(10.0.0.1) 80 TCP url"),
            ("udp://kube-dns.kube-system:53", "Name(\"kube-dns.kube-system\") 53 UDP url"),
            ("tcp://db", "Name(\"db\") - TCP url"),
            ("grpc://backend:grpc", "Name(\"backend\") 'grpc' TCP url"),
            ("backend:8080/x", "Name(\"backend\") 8080 TCP url"),
            ("backend", "Name(\"backend\") - -"),
            ("backend:http", "Name(\"backend\") 'http' -"),
            ("backend.production:80", "Name(\"backend.production\") 80 -"),
            ("kube-dns.kube-system:53/udp", "Name(\"kube-dns.kube-system\") 53 UDP"),
            ("kube-dns.kube-system:53/UDP", "Name(\"kube-dns.kube-system\") 53 UDP"),
            ("production/backend", "Qualified(\"production\", \"backend\") - -"),
            ("production/backend:8080", "Qualified(\"production\", \"backend\") 8080 -"),
            ("production/backend:8080/tcp", "Qualified(\"production\", \"backend\") 8080 TCP"),
            ("production/backend/tcp", "Qualified(\"production\", \"backend\") - TCP"),
            ("production/udp", "Qualified(\"production\", \"udp\") - -"),
            ("node/node-1:30080", "Node(\"node-1\") 30080 -"),
            ("10.244.0.3:80", "Address(10.244.0.3) 80 -"),
            ("10.244.0.3", "Address(10.244.0.3) - -"),
            ("fd00::1", "Address(fd00::1) - -"),
            ("[fd00::1]:53/udp", "Address(fd00::1) 53 UDP"),
            ("outside:443", "Outside 443 -"),
            (" backend:80 ", "Name(\"backend\") 80 -"),
            ("", "Empty"),
            ("  ", "Empty"),
            ("ftp://x", "UnknownScheme"),
            ("backend:0", "BadPort"),
            ("backend:70000", "BadPort"),
            ("backend:a_b", "BadPort"),
            ("backend:", "BadPort"),
            ("http://", "BadDestination"),
            (":80", "BadDestination"),
            ("a b:80", "BadDestination"),
            ("[fd00::1", "BadDestination"),
            ("[fd00::1]x", "BadDestination"),
            ("a:b:c", "BadDestination"),
            ("/x", "BadDestination"),
            ("a//b", "BadDestination"),
        ];
        for (text, expected) in table {
            assert_eq!(show(text), expected, "{text}");
        }
    }

    #[test]
    fn no_text_is_too_odd() {
        for text in [
            "]",
            "[",
            "[]",
            "[]:",
            "://",
            "a://",
            "/",
            "//",
            ":",
            "é:80",
            "node/",
            "node/:1",
            "🦀",
            "a/b/c/d",
            "@",
            "http://@:",
        ] {
            _ = Destination::parse(text);
        }
    }
}
