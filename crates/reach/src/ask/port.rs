//! A port as it is written: `8080`, `53/UDP`, `8000-8010`, `http`.
use std::fmt;

use netloom_cluster::Protocol;

use super::AskError;

/// A port that is asked about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Port {
    /// TCP where none is said.
    pub protocol: Protocol,
    /// Which.
    pub number: PortNumber,
}

/// A port by number or by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PortNumber {
    /// From one number to another.
    Range(u16, u16),
    /// A Service's or a container's.
    Name(String),
}

impl Port {
    /// Whether a port of this number and name is meant.
    pub(super) fn is(&self, number: u16, name: Option<&str>) -> bool {
        match &self.number {
            PortNumber::Range(low, high) => low == high && *low == number,
            PortNumber::Name(wanted) => name == Some(wanted),
        }
    }
}

impl std::str::FromStr for Port {
    type Err = AskError;

    fn from_str(text: &str) -> Result<Self, AskError> {
        let bad = || AskError::Port { text: text.to_owned() };
        let (number, protocol) = match text.split_once('/') {
            None => (text, Protocol::Tcp),
            Some((number, protocol)) => (number, Protocol::parse(protocol).ok_or_else(bad)?),
        };
        let parse = |n: &str| n.parse::<u16>().ok().filter(|n| *n > 0).ok_or_else(bad);
        let digits = |n: &str| !n.is_empty() && n.bytes().all(|b| b.is_ascii_digit());
        let number = match number.split_once('-') {
            _ if digits(number) => {
                let number = parse(number)?;
                PortNumber::Range(number, number)
            }
            Some((low, high)) if digits(low) && digits(high) => {
                let (low, high) = (parse(low)?, parse(high)?);
                if low > high {
                    return Err(bad());
                }
                PortNumber::Range(low, high)
            }
            _ => {
                let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
                if number.is_empty() || number.len() > 63 || !number.bytes().all(fits) {
                    return Err(bad());
                }
                PortNumber::Name(number.to_owned())
            }
        };
        Ok(Self { protocol, number })
    }
}

impl fmt::Display for Port {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.number {
            PortNumber::Range(low, high) if low == high => write!(f, "{low}")?,
            PortNumber::Range(low, high) => write!(f, "{low}-{high}")?,
            PortNumber::Name(name) => f.write_str(name)?,
        }
        write!(f, "/{}", self.protocol)
    }
}

/// Parts `backend:8080/TCP`. An IPv6 address with a port stands in brackets.
pub(super) fn split(text: &str) -> Result<(&str, Option<Port>), AskError> {
    let text = text.trim();
    let is_address = text.parse::<std::net::IpAddr>().is_ok() || text.parse::<ipnet::IpNet>().is_ok();
    match text.rsplit_once(':') {
        Some((host, port)) if !is_address && !port.ends_with(']') => Ok((host, Some(port.parse()?))),
        _ => Ok((text, None)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_and_ports_are_told_apart() {
        let show = |text| match split(text) {
            Ok((host, Some(port))) => format!("{host} {port}"),
            Ok((host, None)) => host.to_owned(),
            Err(error) => error.to_string().split(": ").next().unwrap_or_default().to_owned(),
        };
        for (text, expected) in [
            ("backend", "backend"),
            ("backend:8080", "backend 8080/TCP"),
            ("shop/backend:http", "shop/backend http/TCP"),
            ("kube-dns:53/udp", "kube-dns 53/UDP"),
            ("a:8000-8010/SCTP", "a 8000-8010/SCTP"),
            ("10.0.0.0/8", "10.0.0.0/8"),
            ("10.0.0.0/8:443", "10.0.0.0/8 443/TCP"),
            ("fd00::1", "fd00::1"),
            ("fd00::/8", "fd00::/8"),
            ("[fd00::1]", "[fd00::1]"),
            ("[fd00::1]:53/UDP", "[fd00::1] 53/UDP"),
            ("*:443", "* 443/TCP"),
            ("a:0", "`0` is no port"),
            ("a:70000", "`70000` is no port"),
            ("a:9-8", "`9-8` is no port"),
            ("a:", "`` is no port"),
            ("a:80/ICMP", "`80/ICMP` is no port"),
            ("a:HTTP!", "`HTTP!` is no port"),
        ] {
            assert_eq!(show(text), expected, "{text}");
        }
    }
}
