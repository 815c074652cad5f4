//! What keeps a rule from matching, in words, and what to write instead.
use std::net::IpAddr;

use netloom_cluster::{Labels, Operator, PortMatch, PortRef, Protocol, Requirement, Selector};
use netloom_policy::Miss;

use crate::{choose::show, error::list, fix};

/// What the words are about.
pub(crate) trait Connection {
    fn peer(&self) -> String;
    fn peer_ip(&self) -> IpAddr;
    fn target(&self) -> (Protocol, u16);
    /// The peer as an item of a rule.
    fn item(&self) -> String;
    /// `to` or `from`.
    fn list_name(&self) -> &'static str;
}

/// The end of a sentence whose subject is the policy, and the remedy.
pub(crate) struct Told {
    pub why: String,
    pub fix: String,
}

/// Tells a near miss.
pub(crate) fn tell(connection: &impl Connection, miss: &Miss) -> Told {
    let peer = connection.peer();
    let add = |why: String| Told {
        why,
        fix: format!("if it should pass, add to `{}`:\n{}", connection.list_name(), connection.item()),
    };
    match miss {
        Miss::Port { open, named_peer, other_protocol } => {
            port(connection, open, *named_peer, *other_protocol)
        }
        Miss::Namespace { selector, selects_any: false, has, .. } => Told {
            why: format!(
                "is for namespaces with {}, which no namespace has; that of {peer} has {}",
                selector_text(selector),
                fix::shown(has)
            ),
            fix: in_place(selector, has, "namespaceSelector"),
        },
        Miss::Namespace { selector, has, .. } => add(format!(
            "is for namespaces with {}; that of {peer} has {}",
            selector_text(selector),
            fix::shown(has)
        )),
        Miss::OtherNamespace { only, peer: namespace, .. } => add(format!(
            "has a podSelector without namespaceSelector, which selects in its own namespace {only} only; {peer} is in {namespace}"
        )),
        Miss::Pods { selector, selects_any: false, has } => Told {
            why: format!(
                "is for pods with {}, which no pod there has; {peer} has {}",
                selector_text(selector),
                fix::shown(has)
            ),
            fix: in_place(selector, has, "podSelector"),
        },
        Miss::Pods { selector, has, .. } => {
            add(format!("is for pods with {}; {peer} has {}", selector_text(selector), fix::shown(has)))
        }
        Miss::Block { net, except: Some(except) } => Told {
            why: format!("is for {net}, but {} is in its exception {except}", connection.peer_ip()),
            fix: format!(
                "if it should pass, narrow the `except` {except}, or allow it in an item of its own"
            ),
        },
        Miss::Block { net, except: None } => {
            add(format!("is for {net}, which {} is not in", address(connection)))
        }
        Miss::NoPod { node } => {
            let kind = if *node { "a node's (hostNetwork pods have it too)" } else { "of no pod" };
            add(format!(
                "selects pods, and the address {} is {kind}: only an ipBlock matches it",
                connection.peer_ip()
            ))
        }
    }
}

fn address(connection: &impl Connection) -> String {
    let (ip, peer) = (connection.peer_ip().to_string(), connection.peer());
    if ip == peer { ip } else { format!("{ip} ({peer})") }
}

fn port(connection: &impl Connection, open: &[PortRef], named_peer: bool, other_protocol: bool) -> Told {
    let opened: Vec<String> = open.iter().map(|p| port_text(&p.port)).collect();
    let (protocol, port) = connection.target();
    let whom = if named_peer { format!(" {} it", connection.list_name()) } else { String::new() };
    let why = format!("opens only {}{whom}", list(&opened, "and"));
    let fix = if other_protocol {
        format!(
            "add beside it, for {protocol} is another protocol:\n- {{protocol: {protocol}, port: {port}}}"
        )
    } else {
        format!(
            "if {} should pass, add to `ports`:\n- {{protocol: {protocol}, port: {port}}}",
            show((protocol, port))
        )
    };
    Told { why, fix }
}

/// `8080/TCP`, `80-90/TCP`, `http/TCP`.
fn port_text(port: &PortMatch) -> String {
    match port {
        PortMatch::All(protocol) => format!("every {protocol} port"),
        PortMatch::Range(protocol, low, high) if low == high => show((*protocol, *low)),
        PortMatch::Range(protocol, low, high) => format!("{low}-{high}/{protocol}"),
        PortMatch::Named(Some(protocol), name) => format!("the port named {name}/{protocol}"),
        PortMatch::Named(None, name) => format!("the port named {name}"),
    }
}

/// A selector as labels.
pub(crate) fn selector_text(selector: &Selector) -> String {
    let texts: Vec<String> = selector.requirements.iter().map(requirement_text).collect();
    if texts.is_empty() { "any labels".to_owned() } else { texts.join(", ") }
}

fn requirement_text(requirement: &Requirement) -> String {
    let key = &requirement.key;
    match &requirement.operator {
        Operator::In(values) => match values.as_slice() {
            [one] => format!("{key}={one}"),
            many => format!("{key} in ({})", many.join(", ")),
        },
        Operator::NotIn(values) => format!("{key} not in ({})", values.join(", ")),
        Operator::Exists => format!("the label {key}"),
        Operator::DoesNotExist => format!("no label {key}"),
    }
}

/// What to write in place of the requirements that nothing meets: the peer's own value of the same key, or the label
/// that has the value that was meant, or one that surely names it.
fn in_place(selector: &Selector, has: &Labels, field: &str) -> String {
    let failing = selector.requirements.iter().find(|r| {
        let one = Selector { requirements: vec![(*r).clone()] };
        !one.matches(has)
    });
    let Some(requirement) = failing else { return format!("write a {field} that matches") };
    let wanted: &[String] = match &requirement.operator {
        Operator::In(values) => values,
        _ => &[],
    };
    let same_key = has.get_key_value(&requirement.key);
    let same_value = || has.iter().find(|(_, value)| wanted.contains(value));
    let surely = || has.get_key_value("kubernetes.io/metadata.name").or_else(|| fix::telling(has));
    match same_key.or_else(same_value).or_else(surely) {
        Some((key, value)) => format!("write `{key}: {}` in its {field}", fix::scalar(value)),
        None => format!("give the peer the labels that the {field} asks for"),
    }
}
