//! Addresses of Services in what containers are told: their environment, arguments, and ConfigMaps taken as environment.
use k8s_openapi::api::core::v1::ConfigMap;
use netloom_objects::Object;

use super::support::all_containers;
use crate::{Context, Workload, words::entry};

/// An address that may be a Service's.
pub(in crate::rules) struct Address<'a> {
    pub namespace: &'a str,
    pub name: &'a str,
    /// The port behind the name, or the one that the scheme stands for.
    pub port: Option<i32>,
    /// The part of the text that is the address.
    pub text: &'a str,
    /// What holds the text, and where in it.
    pub object: &'a Object,
    pub path: String,
}

/// The addresses in what the containers of a workload are told.
pub(in crate::rules) fn addresses<'a>(cx: &Context<'a>, workload: &Workload<'a>) -> Vec<Address<'a>> {
    let zone = &*cx.snapshot().zone;
    let mut found = Vec::new();
    let mut read = |text: &'a str, object: &'a Object, path: &dyn Fn() -> String| {
        for word in text.split([' ', ',', ';', '=', '"', '\'', '|']) {
            if let Some((namespace, name, port, text)) = parse(word, workload.namespace(), zone) {
                found.push(Address { namespace, name, port, text, object, path: path() });
            }
        }
    };
    for (path, container) in all_containers(workload) {
        for (index, variable) in container.env.iter().flatten().enumerate() {
            if let Some(value) = variable.value.as_ref().filter(|_| names_who_is_dialled(&variable.name)) {
                read(value, workload.object, &|| format!("{path}.env[{index}].value"));
            }
        }
        for (field, list) in [("command", &container.command), ("args", &container.args)] {
            for (index, word) in list.iter().flatten().enumerate() {
                // `redis:1000` may be an owner or an image there.
                if word.contains("://") || word.contains(".svc") {
                    read(word, workload.object, &|| format!("{path}.{field}[{index}]"));
                }
            }
        }
        for from in container.env_from.iter().flatten() {
            let Some(name) = from.config_map_ref.as_ref().map(|map| map.name.as_str()) else { continue };
            let Some((object, map)) = cx.find::<ConfigMap>(Some(workload.namespace()), name) else {
                continue;
            };
            for (key, value) in map.data.iter().flatten().filter(|(key, _)| names_who_is_dialled(key)) {
                read(value, object, &|| entry("data", key));
            }
        }
    }
    found
}

/// Whether a variable may hold whom a program dials: not those that a proxy is passed by for, owners, or images.
fn names_who_is_dialled(variable: &str) -> bool {
    let name = variable.to_ascii_uppercase().replace(['-', '.'], "_");
    let of = |end: &str| name == end || name.ends_with(&format!("_{end}"));
    name != "NO_PROXY"
        && !name.ends_with("NONPROXYHOSTS")
        && !["CHOWN", "OWNER", "USER", "USER_ID", "USER_IDS", "IMAGE", "IMAGES"].into_iter().any(of)
}

/// The lowest number behind a bare name that is taken for a port.
const LOWEST: u16 = 53;

type Parsed<'t> = (&'t str, &'t str, Option<i32>, &'t str);

/// `http://orders:8080/v1`, `orders.shop:8080`, `orders.shop.svc.cluster.local:8080`: namespace, name, port, text.
/// A word without a scheme counts only with a port, or in the long form of the cluster.
fn parse<'t>(word: &'t str, namespace: &'t str, zone: &str) -> Option<Parsed<'t>> {
    let (scheme, rest) = word.split_once("://").map_or((None, word), |(scheme, rest)| (Some(scheme), rest));
    let rest = rest.split(['/', '?', '#']).next()?;
    let rest = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
    let (host, port) = match rest.split_once(':') {
        Some((host, port)) => (host, Some(port.parse::<u16>().ok().filter(|port| *port != 0)?)),
        None => (rest, None),
    };
    let host = host.trim_end_matches('.');
    let short = host.strip_suffix(zone).and_then(|host| host.strip_suffix('.')).unwrap_or(host);
    let in_svc = short.strip_suffix(".svc");
    // `postgres:16` is an image rather than an address.
    let is_port = |port: u16| port >= LOWEST;
    if scheme.is_none() && in_svc.is_none() && !port.is_some_and(is_port) {
        return None;
    }
    let mut labels = in_svc.unwrap_or(short).split('.');
    let (name, other, more) = (labels.next()?, labels.next(), labels.next());
    let is_label = |label: &str| {
        !label.is_empty() && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
    };
    if more.is_some() || !is_label(name) || !other.is_none_or(is_label) {
        return None;
    }
    let port = port.map(i32::from).or(match scheme {
        Some("http" | "ws") => Some(80),
        Some("https" | "wss") => Some(443),
        Some("postgres" | "postgresql") => Some(5432),
        Some("mysql") => Some(3306),
        Some("redis") => Some(6379),
        Some("amqp") => Some(5672),
        Some("mongodb") => Some(27017),
        _ => None,
    });
    Some((other.unwrap_or(namespace), name, port, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_that_nobody_dials() {
        for (name, expected) in [
            ("NO_PROXY", false),
            ("no_proxy", false),
            ("CHOWN", false),
            ("RUN_USER", false),
            ("SIDECAR_IMAGE", false),
            ("REDIS", true),
            ("PROXY", true),
            ("http_proxy", true),
        ] {
            assert_eq!(names_who_is_dialled(name), expected, "{name}");
        }
    }

    #[test]
    fn addresses_are_read() {
        let table = [
            ("http://orders:8080/v1", Some(("shop", "orders", Some(8080), "orders:8080"))),
            ("http://orders", Some(("shop", "orders", Some(80), "orders"))),
            ("orders.other:9000", Some(("other", "orders", Some(9000), "orders.other:9000"))),
            ("postgres://u:p@db/x", Some(("shop", "db", Some(5432), "db"))),
            (
                "orders.other.svc.cluster.local",
                Some(("other", "orders", None, "orders.other.svc.cluster.local")),
            ),
            ("orders", None),
            ("image:latest", None),
            ("postgres:16", None),
            ("10.0.0.1:80", None),
            ("https://api.payments.example/v2", None),
            ("localhost:99999", None),
            ("://:80", None),
            ("", None),
        ];
        for (word, expected) in table {
            assert_eq!(parse(word, "shop", "cluster.local"), expected, "{word}");
        }
    }
}
