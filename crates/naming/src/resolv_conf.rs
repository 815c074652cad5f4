//! `resolv.conf`: reading the host's, printing a pod's.
use std::{
    fmt,
    net::{IpAddr, Ipv6Addr},
};

/// A resolver configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ResolvConf {
    /// Whom to ask, in this order.
    pub nameservers: Vec<IpAddr>,
    /// What to append to short names, in this order.
    pub searches: Vec<String>,
    /// Options with their values.
    pub options: Vec<(String, Option<String>)>,
    /// What was left out or looks wrong, in words for the user.
    pub warnings: Vec<String>,
}

impl ResolvConf {
    /// Reads a `resolv.conf`. What cannot be used becomes a warning, as a resolver would skip it.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let mut conf = Self::default();
        for (number, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with(['#', ';']) {
                continue;
            }
            let mut words = line.split_ascii_whitespace();
            match words.next() {
                Some("nameserver") => conf.add_nameserver(words.next().unwrap_or_default(), number + 1),
                // The last of `search` and `domain` wins (resolv.conf(5)).
                Some("search") => conf.searches = words.map(without_final_dot).collect(),
                Some("domain") => conf.searches = words.take(1).map(without_final_dot).collect(),
                Some("options") => {
                    for option in words {
                        conf.set_option(option);
                    }
                }
                other => conf.warnings.push(format!(
                    "line {} of the resolver configuration is skipped: `{}` is not acted on",
                    number + 1,
                    other.unwrap_or_default()
                )),
            }
        }
        conf
    }

    /// The value of an option that is a number.
    #[must_use]
    pub fn option_number(&self, name: &str) -> Option<usize> {
        self.options.iter().rev().find(|(n, _)| n == name)?.1.as_deref()?.parse().ok()
    }

    /// How many dots make a name be tried as it is first: `ndots`, 1 where unset, 15 at most as in glibc.
    #[must_use]
    pub fn ndots(&self) -> usize {
        self.option_number("ndots").unwrap_or(1).min(15)
    }

    fn add_nameserver(&mut self, text: &str, line: usize) {
        let (address, scope) = text.split_once('%').map_or((text, None), |(a, s)| (a, Some(s)));
        match address.parse::<IpAddr>() {
            // An interface's name means nothing in another network namespace.
            Ok(ip) if scope.is_some() || is_link_local(ip) => self.warnings.push(format!(
                "line {line} of the resolver configuration is skipped: {text} is only reachable on one link"
            )),
            Ok(ip) => self.nameservers.push(ip),
            Err(_) => self.warnings.push(format!(
                "line {line} of the resolver configuration is skipped: `{text}` is not an address"
            )),
        }
    }

    fn set_option(&mut self, text: &str) {
        let (name, value) = text.split_once(':').map_or((text, None), |(n, v)| (n, Some(v.to_owned())));
        self.options.retain(|(n, _)| n != name);
        self.options.push((name.to_owned(), value));
    }
}

fn is_link_local(ip: IpAddr) -> bool {
    matches!(ip, IpAddr::V6(ip) if Ipv6Addr::is_unicast_link_local(&ip))
}

/// `.` alone is the root, and stays.
pub(crate) fn without_final_dot(name: &str) -> String {
    match name.strip_suffix('.') {
        Some("") | None => name.to_owned(),
        Some(rest) => rest.to_owned(),
    }
}

impl fmt::Display for ResolvConf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.searches.is_empty() {
            writeln!(f, "search {}", self.searches.join(" "))?;
        }
        for ip in &self.nameservers {
            writeln!(f, "nameserver {ip}")?;
        }
        if self.options.is_empty() {
            return Ok(());
        }
        f.write_str("options")?;
        for (name, value) in &self.options {
            match value {
                Some(value) => write!(f, " {name}:{value}")?,
                None => write!(f, " {name}")?,
            }
        }
        writeln!(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_resolvers_read() {
        let conf = ResolvConf::parse(
            "# comment\n; another\nnameserver 192.0.2.53\nnameserver fe80::1%eth0\nnameserver nonsense\nnameserver\n\
             domain old.example\nsearch corp.example. example .\noptions ndots:2 rotate\noptions ndots:3\nsortlist 10.0.0.0/8\n",
        );
        assert_eq!(conf.nameservers, ["192.0.2.53".parse::<IpAddr>().unwrap()]);
        assert_eq!(conf.searches, ["corp.example", "example", "."]);
        assert_eq!(conf.options, [("rotate".into(), None), ("ndots".into(), Some("3".into()))]);
        assert_eq!(conf.ndots(), 3);
        assert_eq!(conf.warnings.len(), 4, "{:?}", conf.warnings);
        assert!(conf.warnings[0].contains("line 4"), "{}", conf.warnings[0]);
    }

    #[test]
    fn prints_what_it_reads() {
        let text =
            "search a.example b.example\nnameserver 192.0.2.1\nnameserver fd00::a\noptions ndots:5 edns0\n";
        assert_eq!(ResolvConf::parse(text).to_string(), text);
        assert_eq!(ResolvConf::default().to_string(), "");
    }

    #[test]
    fn ndots_has_bounds() {
        for (text, expected) in
            [("", 1), ("options ndots:0", 0), ("options ndots:99", 15), ("options ndots:x", 1)]
        {
            assert_eq!(ResolvConf::parse(text).ndots(), expected, "{text}");
        }
    }
}
