//! Finds in texts who is meant to be reached: URLs and `host:port`.
use netloom_cluster::Protocol;

/// Somebody that a text names.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Mention {
    /// A name or an address.
    pub host: String,
    /// On which port, where one is said or the scheme has one.
    pub port: Option<u16>,
    /// By which protocol, where the scheme says so.
    pub protocol: Option<Protocol>,
    /// The scheme of a URL.
    pub scheme: Option<String>,
    /// Whether the port is written, and not the scheme's.
    pub explicit: bool,
}

impl Mention {
    /// As it was written, but for credentials and paths.
    pub fn shown(&self) -> String {
        let scheme = self.scheme.as_ref().map_or_else(String::new, |scheme| format!("{scheme}://"));
        match self.port {
            Some(port) if self.explicit => format!("{scheme}{}:{port}", self.host),
            _ => format!("{scheme}{}", self.host),
        }
    }
}

/// The usual port of a scheme.
fn default_port(scheme: &str) -> Option<u16> {
    Some(match scheme {
        "http" | "ws" => 80,
        "https" | "wss" => 443,
        "grpc" => 80,
        "grpcs" => 443,
        "postgres" | "postgresql" => 5432,
        "mysql" | "mariadb" => 3306,
        "sqlserver" | "mssql" => 1433,
        "redis" | "rediss" => 6379,
        "mongodb" => 27017,
        "amqp" => 5672,
        "amqps" => 5671,
        "nats" => 4222,
        "kafka" => 9092,
        "mqtt" => 1883,
        "mqtts" => 8883,
        "ldap" => 389,
        "ldaps" => 636,
        "smtp" => 25,
        "smtps" => 465,
        "memcached" => 11211,
        "cassandra" => 9042,
        "clickhouse" => 9000,
        "zookeeper" => 2181,
        "ftp" => 21,
        _ => return None,
    })
}

/// Schemes that name no host to connect to.
const NO_HOST: [&str; 7] = ["file", "unix", "data", "classpath", "s3", "gs", "mongodb+srv"];

/// Everybody that a text names with a port or in a URL.
pub(crate) fn mentions(text: &str) -> Vec<Mention> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let before = &rest[..at];
        let scheme_start = scheme_start_at(rest, at);
        plain(&before[..scheme_start], &mut found);
        let after = &rest[at + 3..];
        let next = after.find("://").map_or(after.len(), |next| scheme_start_at(after, next));
        let end = after.find(|c: char| !is_of_authority(c)).unwrap_or(after.len()).min(next);
        url(&before[scheme_start..], &after[..end], &mut found);
        // What follows is path and query, up to a blank or the next URL.
        let path_end = after[end..].find(ENDS_OF_PATHS).map_or(after.len(), |e| end + e);
        rest = &after[path_end.min(next)..];
    }
    plain(rest, &mut found);
    found
}

const ENDS_OF_PATHS: [char; 8] = [' ', '\n', '\t', '"', '\'', ',', ';', '|'];

/// Where the scheme begins whose `://` stands at a byte.
fn scheme_start_at(text: &str, at: usize) -> usize {
    let before = &text[..at];
    before
        .rfind(|c: char| !is_of_scheme(c))
        .map_or(0, |i| i + before[i..].chars().next().map_or(1, char::len_utf8))
}

const fn is_of_scheme(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.')
}

const fn is_of_authority(c: char) -> bool {
    c.is_ascii_alphanumeric()
        || matches!(
            c,
            '.' | '-'
                | '_'
                | ':'
                | '@'
                | '['
                | ']'
                | ','
                | '%'
                | '!'
                | '$'
                | '&'
                | '*'
                | '+'
                | '~'
                | '='
                | '('
                | ')'
        )
}

fn url(scheme: &str, authority: &str, found: &mut Vec<Mention>) {
    let scheme = scheme.to_ascii_lowercase();
    if scheme.is_empty() || NO_HOST.contains(&scheme.as_str()) {
        return;
    }
    let hosts = authority.rsplit_once('@').map_or(authority, |(_, hosts)| hosts);
    // Go's data source names have the address in brackets: user@tcp(host:port).
    for part in hosts.split([',', '(', ')']) {
        let Some((host, port)) = host_and_port(part) else { continue };
        let protocol = match scheme.as_str() {
            "udp" => Some(Protocol::Udp),
            "sctp" => Some(Protocol::Sctp),
            "tcp" => Some(Protocol::Tcp),
            other => default_port(other).map(|_| Protocol::Tcp),
        };
        found.push(Mention {
            host: host.to_owned(),
            port: port.or_else(|| default_port(&scheme)),
            protocol,
            scheme: Some(scheme.clone()),
            explicit: port.is_some(),
        });
    }
}

/// `host:port` outside of URLs.
fn plain(text: &str, found: &mut Vec<Mention>) {
    let of_token =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '[' | ']' | '/');
    for token in text.split(|c: char| !of_token(c)) {
        // A path or an image is no address.
        if token.contains('/') {
            continue;
        }
        if let Some((host, Some(port))) = host_and_port(token.trim_end_matches([':', '.'])) {
            let host = host.to_owned();
            found.push(Mention { host, port: Some(port), protocol: None, scheme: None, explicit: true });
        }
    }
}

/// Parts `host:port`. None where the host is none.
fn host_and_port(text: &str) -> Option<(&str, Option<u16>)> {
    let (host, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((inner, rest)) => (inner, rest.strip_prefix(':')),
        None => match text.split_once(':') {
            Some((_, port)) if port.contains(':') => return None,
            Some((host, port)) => (host, Some(port)),
            None => (text, None),
        },
    };
    let port = match port {
        Some(port) => Some(port.parse::<u16>().ok().filter(|port| *port > 0)?),
        None => None,
    };
    is_host(host).then_some((host, port))
}

/// Whether a text may be a name or an address. A number alone is neither.
pub(crate) fn is_host(text: &str) -> bool {
    if text.parse::<std::net::IpAddr>().is_ok() {
        return true;
    }
    let of_name = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_');
    let label = |label: &str| {
        !label.is_empty() && label.len() <= 63 && !label.starts_with('-') && !label.ends_with('-')
    };
    let name = text.strip_suffix('.').unwrap_or(text);
    !name.is_empty()
        && name.len() <= 253
        && name.bytes().all(of_name)
        && name.split('.').all(label)
        && name.bytes().any(|b| b.is_ascii_alphabetic())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        let all = mentions(text);
        let one = |m: &Mention| {
            let port = m.port.map_or_else(|| "-".to_owned(), |p| p.to_string());
            format!("{}:{port}", m.host)
        };
        all.iter().map(one).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn hosts_are_found_as_people_write_them() {
        for (text, expected) in [
            ("http://backend:8080", "backend:8080"),
            ("http://backend/api?to=x:1", "backend:80"),
            ("https://api.example.com/v1", "api.example.com:443"),
            ("postgres://user:p%40ss@db.data:5433/shop?sslmode=off", "db.data:5433"),
            ("postgres://db/shop", "db:5432"),
            ("mongodb://a:27017,b:27018,c/db", "a:27017 b:27018 c:27017"),
            ("jdbc:postgresql://pg:5432/shop", "pg:5432"),
            ("user:pw@tcp(mysql.data:3306)/shop", "mysql.data:3306"),
            ("--upstream=redis:6379 --listen=:8080 --ready=0.0.0.0:9090", "redis:6379 0.0.0.0:9090"),
            ("kafka-0.kafka:9092,kafka-1.kafka:9092", "kafka-0.kafka:9092 kafka-1.kafka:9092"),
            ("proxy_pass http://backend:8080; # and http://other", "backend:8080 other:80"),
            ("http://a:1,http://b:2", "a:1 b:2"),
            ("http://a:1/x http://b:2/y", "a:1 b:2"),
            ("targets: ['api.shop:9090', \"web:9091\"]", "api.shop:9090 web:9091"),
            ("registry.example/shop/web:8080", ""),
            ("at 12:30 or a:b:c", ""),
            ("[fd00::1]:443 http://[fd00::2]:80/", "fd00::1:443 fd00::2:80"),
            ("udp://statsd:8125", "statsd:8125"),
            ("unix:///run/x.sock file:///etc/x:1", ""),
            ("mongodb+srv://cluster0.example", ""),
            ("ends with http://", ""),
            ("backend:0 backend:70000 backend:", ""),
            ("é://x:1 ✓http://ok:2", "ok:2"),
        ] {
            assert_eq!(shown(text), expected, "{text}");
        }
    }

    #[test]
    fn no_text_is_too_odd() {
        for text in [
            "://",
            "a://://b",
            ":",
            "$(",
            "${",
            "$",
            "é$é",
            "http://é:80",
            "[",
            "[]:1",
            "://a:1://",
            "\u{0}:1",
        ] {
            _ = mentions(text);
        }
    }
}
