//! The forms of flow logs: our own, Hubble's, Calico's.
use std::{collections::BTreeMap, net::IpAddr};

use netloom_cluster::Protocol;
use serde_json::Value;

use super::FlowError;

/// One line of a log.
#[allow(clippy::large_enum_variant, reason = "one at a time is held, and most are flows")]
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Line {
    Flow(Flow),
    Reply,
    Denied,
    WithoutPorts,
}

/// A connection that was seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Flow {
    pub from: Side,
    pub to: Side,
    pub protocol: Protocol,
    /// The target's own port.
    pub port: u16,
    /// Whether it is told which side is the client.
    pub sure: bool,
}

/// One side of a flow, as far as the log knows it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Side {
    /// As a person writes it.
    pub text: Option<String>,
    pub namespace: Option<String>,
    /// A pod's name; the end may be a `*`.
    pub pod: Option<String>,
    /// Kind and name.
    pub workload: Option<(String, String)>,
    pub labels: BTreeMap<String, String>,
    pub ip: Option<IpAddr>,
    pub place: Place,
}

/// Where a side is, as far as the log says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) enum Place {
    #[default]
    Somewhere,
    /// The node of the pod.
    OwnNode,
    /// A node.
    Node,
    /// Not in the cluster.
    World,
}

/// The lines of a log with their numbers. JSON that is no flow is left out.
pub(super) fn lines(file: &str, text: &str) -> Result<Vec<(usize, Line)>, FlowError> {
    let text = text.trim_start_matches('\u{feff}');
    let fail = |line: usize, reason: String| FlowError { file: file.to_owned(), line, reason };
    if text.trim_start().starts_with('[') {
        let all: Vec<Value> = serde_json::from_str(text)
            .map_err(|error| fail(error.line(), format!("this is no JSON: {error}")))?;
        // A list has no lines to speak of.
        let each = all
            .iter()
            .enumerate()
            .map(|(nth, value)| Ok((nth + 1, line(value).map_err(|r| fail(nth + 1, r))?)));
        return each.collect();
    }
    let mut lines = Vec::new();
    let count = text.lines().count();
    for (nth, written) in text.lines().enumerate().filter(|(_, written)| !written.trim().is_empty()) {
        match serde_json::from_str::<Value>(written) {
            Ok(value) => lines.push((nth + 1, line(&value).map_err(|reason| fail(nth + 1, reason))?)),
            // A log that was being written ends in the middle of a line.
            Err(error) if error.is_eof() && nth + 1 == count && nth > 0 => {}
            Err(error) => return Err(fail(nth + 1, format!("this line is no JSON: {error}"))),
        }
    }
    Ok(lines)
}

const FORMS: &str = "write {\"from\": …, \"to\": …, \"protocol\": …, \"port\": …}, or give the output of `hubble observe -o json` or flow logs of Calico";

fn line(value: &Value) -> Result<Line, String> {
    // Elasticsearch wraps what it stores.
    let value = value.get("_source").unwrap_or(value);
    if let Some(flow) = value.get("flow") {
        return Ok(hubble(flow));
    }
    let has = |key: &str| value.get(key).is_some();
    if has("verdict") && (has("l4") || has("IP") || has("ip")) {
        return Ok(hubble(value));
    }
    if has("dest_port") && (has("source_name") || has("source_name_aggr")) {
        return Ok(calico(value));
    }
    if has("from") && has("to") {
        return own(value);
    }
    // What hubble says beside flows.
    if ["node_status", "lost_events", "agent_event", "debug_event"].iter().any(|key| has(key)) {
        return Ok(Line::WithoutPorts);
    }
    Err(format!("this is no flow in a form that is known; {FORMS}"))
}

fn text(value: &Value, key: &str) -> Option<String> {
    let text = value.get(key)?.as_str()?.trim();
    (!text.is_empty() && text != "-").then(|| text.to_owned())
}

fn number(value: &Value) -> Option<u16> {
    let number = value.as_u64().or_else(|| value.as_str()?.parse().ok())?;
    u16::try_from(number).ok().filter(|number| *number > 0)
}

fn own(value: &Value) -> Result<Line, String> {
    let side = |key: &str| {
        let text =
            text(value, key).ok_or_else(|| format!("`{key}` must be text, such as \"shop/frontend\""))?;
        Ok::<_, String>(Side { text: Some(text), ..Side::default() })
    };
    let protocol = match value.get("protocol") {
        None => Protocol::Tcp,
        Some(protocol) => match protocol.as_str().and_then(Protocol::parse) {
            Some(protocol) => protocol,
            None if protocol.is_string() => return Ok(Line::WithoutPorts),
            None => return Err("`protocol` must be TCP, UDP or SCTP".to_owned()),
        },
    };
    if value.get("reply").and_then(Value::as_bool) == Some(true) {
        return Ok(Line::Reply);
    }
    if text(value, "verdict").is_some_and(|verdict| is_denial(&verdict)) {
        return Ok(Line::Denied);
    }
    let port = value
        .get("port")
        .and_then(number)
        .ok_or("`port` must be the target's port, a number from 1 to 65535")?;
    Ok(Line::Flow(Flow { from: side("from")?, to: side("to")?, protocol, port, sure: true }))
}

fn is_denial(verdict: &str) -> bool {
    ["deny", "denied", "drop", "dropped", "blocked", "error"]
        .iter()
        .any(|word| verdict.eq_ignore_ascii_case(word))
}

/// A flow of Hubble's `flow.Flow`.
fn hubble(flow: &Value) -> Line {
    match flow.get("verdict").and_then(Value::as_str).unwrap_or_default() {
        // In audit mode what a policy would deny goes on its way.
        "FORWARDED" | "REDIRECTED" | "AUDIT" => {}
        "DROPPED" | "ERROR" => return Line::Denied,
        _ => return Line::WithoutPorts,
    }
    // Seen at a socket, before a Service's address is translated.
    if flow.get("Type").and_then(Value::as_str) == Some("SOCK") {
        return Line::WithoutPorts;
    }
    let of = |name: &str| flow.get("l4").and_then(|l4| l4.get(name));
    let by = [("TCP", Protocol::Tcp), ("UDP", Protocol::Udp), ("SCTP", Protocol::Sctp)];
    let Some((l4, protocol)) = by.into_iter().find_map(|(name, protocol)| Some((of(name)?, protocol))) else {
        return Line::WithoutPorts;
    };
    let flag =
        |name: &str| l4.get("flags").and_then(|flags| flags.get(name)).and_then(Value::as_bool) == Some(true);
    let said = flow.get("is_reply").and_then(Value::as_bool);
    let old = flow.get("reply").and_then(Value::as_bool).filter(|reply| *reply);
    let by_flags = flag("SYN").then(|| flag("ACK"));
    let reply = said.or(old).or(by_flags);
    if reply == Some(true) {
        return Line::Reply;
    }
    let Some(port) = l4.get("destination_port").and_then(number) else { return Line::WithoutPorts };
    let side = |side: &str| hubble_side(flow, side);
    Line::Flow(Flow { from: side("source"), to: side("destination"), protocol, port, sure: reply.is_some() })
}

fn hubble_side(flow: &Value, name: &str) -> Side {
    let ip = flow
        .get("IP")
        .or_else(|| flow.get("ip"))
        .and_then(|ip| text(ip, name))
        .and_then(|ip| ip.parse().ok());
    let Some(end) = flow.get(name) else { return Side { ip, ..Side::default() } };
    let labels: Vec<&str> =
        end.get("labels").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    let reserved = |name: &str| labels.iter().any(|label| label.strip_prefix("reserved:") == Some(name));
    let place = if reserved("host") && !reserved("remote-node") && !reserved("kube-apiserver") {
        Place::OwnNode
    } else if reserved("remote-node") || reserved("kube-apiserver") || reserved("ingress") {
        Place::Node
    } else if labels.iter().any(|label| label.starts_with("reserved:world") || label.starts_with("cidr:")) {
        Place::World
    } else {
        Place::Somewhere
    };
    let workload = end.get("workloads").and_then(|w| w.get(0));
    Side {
        text: None,
        namespace: text(end, "namespace"),
        pod: text(end, "pod_name"),
        workload: workload.and_then(|w| Some((text(w, "kind")?, text(w, "name")?))),
        labels: labels.iter().filter_map(|label| pod_label(label.strip_prefix("k8s:")?)).collect(),
        ip,
        place,
    }
}

/// A label of the pod; those that Cilium adds are none.
fn pod_label(label: &str) -> Option<(String, String)> {
    let (key, value) = label.split_once('=')?;
    let added = ["io.kubernetes.pod.", "io.cilium.k8s.", "io.kubernetes.sa."];
    (!added.iter().any(|prefix| key.starts_with(prefix))).then(|| (key.to_owned(), value.to_owned()))
}

/// A flow log of Calico: what is stored in Elasticsearch, and what Whisker shows.
fn calico(value: &Value) -> Line {
    match text(value, "action") {
        Some(action) if is_denial(&action) => return Line::Denied,
        Some(action) if action.eq_ignore_ascii_case("allow") => {}
        _ => return Line::WithoutPorts,
    }
    let protocol = text(value, "proto").or_else(|| text(value, "protocol"));
    let (Some(protocol), Some(port)) =
        (protocol.and_then(|p| Protocol::parse(&p)), value.get("dest_port").and_then(number))
    else {
        return Line::WithoutPorts;
    };
    let side = |side: &str| calico_side(value, side);
    Line::Flow(Flow { from: side("source"), to: side("dest"), protocol, port, sure: true })
}

fn calico_side(value: &Value, side: &str) -> Side {
    let of = |field: &str| text(value, &format!("{side}_{field}"));
    let name = of("name").or_else(|| of("name_aggr"));
    let kind = of("type");
    let nameless = ["pub", "pvt", "PUBLIC NETWORK", "PRIVATE NETWORK"];
    let is_net = matches!(kind.as_deref(), Some("net" | "ns"))
        || name.as_deref().is_some_and(|name| nameless.contains(&name));
    Side {
        text: None,
        namespace: of("namespace"),
        pod: name.filter(|_| !is_net && kind.as_deref() != Some("hep")),
        workload: None,
        labels: calico_labels(value.get(format!("{side}_labels"))),
        ip: of("ip").and_then(|ip| ip.parse().ok()),
        place: match kind.as_deref() {
            Some("hep") => Place::Node,
            _ if is_net => Place::World,
            _ => Place::Somewhere,
        },
    }
}

/// `{"labels": ["app=web"]}`, or `app=web | tier=front`.
fn calico_labels(value: Option<&Value>) -> BTreeMap<String, String> {
    let listed = value.and_then(|v| v.get("labels")).and_then(Value::as_array);
    let listed = listed.into_iter().flatten().filter_map(Value::as_str);
    let joined = value.and_then(Value::as_str).unwrap_or_default().split('|').map(str::trim);
    let pair = |label: &str| label.split_once('=').map(|(k, v)| (k.to_owned(), v.to_owned()));
    listed.chain(joined).filter_map(pair).filter(|(key, _)| !key.starts_with("projectcalico.org/")).collect()
}
