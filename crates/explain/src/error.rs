//! What can be wrong with a question.
use std::fmt::Write as _;

/// Why a request cannot be explained: its source or its destination names nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "the message of each variant says what it is")]
pub enum ExplainError {
    #[error(
        "FROM and TO must not be empty: name a workload, a pod, a Service, an address, `node/NAME` or `outside`"
    )]
    Empty,
    #[error("`{text}` is no port: a number from 1 to 65535, or a port's name")]
    BadPort { text: String },
    #[error(
        "`{text}` is no destination: write a URL, `service:port`, `service.namespace:port`, `namespace/workload:port`, `pod:port`, `address:port` or `[IPv6 address]:port`, if need be with `/udp` behind the port"
    )]
    BadDestination { text: String },
    #[error("the scheme `{scheme}` is not known: use http, https, ws, wss, grpc, grpcs, tcp, udp or sctp")]
    UnknownScheme { scheme: String },
    #[error("{}", not_found(what, name, namespace.as_deref(), near))]
    NotFound { what: &'static str, name: String, namespace: Option<String>, near: Vec<String> },
    #[error("no namespace `{name}`{}", did_you_mean(near))]
    NoNamespace { name: String, near: Vec<String> },
    #[error("`{name}` is in several namespaces: write {}", list(candidates, "or"))]
    Ambiguous { name: String, candidates: Vec<String> },
    #[error("{to} needs a port{}", one_of(known))]
    NoPort { to: String, known: Vec<String> },
    #[error("{to} has no port named `{port}`{}", one_of(known))]
    NoPortName { to: String, port: String, known: Vec<String> },
    #[error("{who} has no address: {hint}")]
    NoAddress { who: String, hint: &'static str },
    #[error("{who} and {to} share no IP family: one has only IPv4 addresses, the other only IPv6 ones")]
    NoFamily { who: String, to: String },
    #[error("the source must not name a port: `{text}`")]
    SourceWithPort { text: String },
}

fn not_found(what: &str, name: &str, namespace: Option<&str>, near: &[String]) -> String {
    let mut text = format!("no {what} `{name}`");
    if let Some(namespace) = namespace {
        // Writing to a String cannot fail.
        _ = write!(text, " in namespace {namespace}");
    }
    text + &did_you_mean(near)
}

fn did_you_mean(near: &[String]) -> String {
    if near.is_empty() { String::new() } else { format!("; did you mean {}?", list(near, "or")) }
}

fn one_of(known: &[String]) -> String {
    if known.is_empty() { String::new() } else { format!("; it has {}", list(known, "and")) }
}

/// `a`, `a or b`, `a, b or c`.
pub(crate) fn list(items: &[String], last: &str) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., end] => format!("{} {last} {end}", first.join(", ")),
    }
}
