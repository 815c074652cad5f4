//! Policies as YAML for people: the reasons stand beside the rules.
use std::fmt::Write as _;

use netloom_cluster::{Operator, Protocol, Selector};
use netloom_explain::yaml_scalar as scalar;
use netloom_reach::{Home, StandIn};

use crate::{
    need::{Block, End, Reason},
    policies::{Peer, PortLine, Rule, Rules},
    units::{Unit, Units},
};

/// More reasons than these for one peer say nothing new.
const MOST_REASONS: usize = 3;

/// What a policy is about.
pub(crate) struct Head<'a> {
    /// Lines of comment before it.
    pub comments: Vec<String>,
    pub name: &'a str,
    pub namespace: &'a str,
    pub selector: &'a Selector,
    /// `[Ingress, Egress]`.
    pub types: &'static str,
}

impl Head<'_> {
    pub fn write(&self) -> String {
        let mut text = String::new();
        for comment in &self.comments {
            _ = writeln!(text, "# {}", one_line(comment));
        }
        _ = write!(
            text,
            "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata:\n  name: {}\n  namespace: {}\nspec:\n",
            scalar(self.name),
            scalar(self.namespace)
        );
        text.push_str(&field("  podSelector", self.selector));
        _ = writeln!(text, "  policyTypes: {}", self.types);
        text
    }
}

/// The rules of a unit's policy.
pub(crate) fn rules(unit: &Unit, rules: &Rules, units: &Units) -> String {
    let mut text = String::new();
    for (direction, side, rules) in [("ingress", "from", &rules.ingress), ("egress", "to", &rules.egress)] {
        if rules.is_empty() {
            continue;
        }
        _ = writeln!(text, "  {direction}:");
        rules.iter().for_each(|r| text.push_str(&rule(r, side, unit, units)));
    }
    text
}

fn rule(rule: &Rule, side: &str, unit: &Unit, units: &Units) -> String {
    let mut text = format!("    - {side}:\n");
    for peer in &rule.peers {
        let unlabelled = peer.end.unit().map(|unit| units.get(unit)).filter(|unit| unit.is_unlabelled());
        if let Some(unit) = unlabelled {
            let title = one_line(&unit.title());
            _ = writeln!(
                text,
                "        # {title} has no labels of its own: every pod there that has none is meant too."
            );
        }
        for line in reasons(peer) {
            _ = writeln!(text, "        # {line}");
        }
        text.push_str(&self::peer(&peer.end, &unit.namespace, units));
    }
    let Some(ports) = &rule.ports else { return text };
    text.push_str("      ports:\n");
    for port in ports {
        _ = writeln!(text, "        - {}", port_line(port));
    }
    text
}

fn reasons(peer: &Peer) -> Vec<String> {
    let mut lines: Vec<String> =
        peer.reasons.iter().take(MOST_REASONS).map(Reason::to_string).map(|line| one_line(&line)).collect();
    let more = peer.reasons.len().saturating_sub(MOST_REASONS);
    if more > 0 {
        lines.push(format!("and {more} more that say the same"));
    }
    lines
}

/// Nothing that stands in a comment may end it.
pub(crate) fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// One peer as items of `from` or `to`, seen from a namespace.
pub(crate) fn peer(end: &End, namespace: &str, units: &Units) -> String {
    match end {
        End::Unit(id) => {
            let unit = units.get(*id);
            pods(&unit.namespace, &unit.selector, namespace)
        }
        End::Elsewhere(pods) => elsewhere(pods),
        End::Blocks(blocks) => blocks.iter().map(block).collect(),
    }
}

fn pods(of: &str, selector: &Selector, namespace: &str) -> String {
    if of == namespace {
        return field("        - podSelector", selector);
    }
    format!("{}{}", namespace_named(of), field("          podSelector", selector))
}

fn namespace_named(name: &str) -> String {
    format!(
        "        - namespaceSelector:\n            matchLabels: {{kubernetes.io/metadata.name: {}}}\n",
        scalar(name)
    )
}

fn elsewhere(stand_in: &StandIn) -> String {
    let home = match &stand_in.home {
        Home::Known(name) | Home::Named(name) => namespace_named(name),
        Home::Labelled(labels) => field("        - namespaceSelector", &of_labels(labels)),
    };
    match stand_in.labels.is_empty() {
        true => home,
        false => format!("{home}{}", field("          podSelector", &of_labels(&stand_in.labels))),
    }
}

fn of_labels(labels: &std::collections::BTreeMap<String, String>) -> Selector {
    let requirement = |(key, value): (&String, &String)| netloom_cluster::Requirement {
        key: key.clone(),
        operator: Operator::In(vec![value.clone()]),
    };
    Selector { requirements: labels.iter().map(requirement).collect() }
}

fn block(block: &Block) -> String {
    let mut text = format!("        - ipBlock:\n            cidr: {}\n", net(block.cidr));
    if !block.except.is_empty() {
        let except: Vec<String> = block.except.iter().map(|e| net(*e)).collect();
        _ = writeln!(text, "            except: [{}]", except.join(", "));
    }
    text
}

/// A colon may be read as a mapping's.
pub(crate) fn net(net: ipnet::IpNet) -> String {
    match net {
        ipnet::IpNet::V4(net) => net.to_string(),
        ipnet::IpNet::V6(net) => format!("\"{net}\""),
    }
}

/// A selector as the value of a field; `key` is written with its indentation.
fn field(key: &str, selector: &Selector) -> String {
    if selector.requirements.is_empty() {
        return format!("{key}: {{}}\n");
    }
    let dashes = key.len() - key.trim_start_matches([' ', '-']).len();
    let indent = " ".repeat(dashes + 2);
    let mut text = format!("{key}:\n");
    let (labels, expressions) = parts(selector);
    if !labels.is_empty() {
        _ = writeln!(text, "{indent}matchLabels: {{{}}}", labels.join(", "));
    }
    if !expressions.is_empty() {
        _ = writeln!(text, "{indent}matchExpressions:");
        expressions.iter().for_each(|e| _ = writeln!(text, "{indent}  - {e}"));
    }
    text
}

/// `matchLabels` and `matchExpressions` of a selector.
fn parts(selector: &Selector) -> (Vec<String>, Vec<String>) {
    let mut labels = Vec::new();
    let mut expressions = Vec::new();
    for requirement in &selector.requirements {
        let key = scalar(&requirement.key);
        let list = |values: &[String]| values.iter().map(|v| scalar(v)).collect::<Vec<_>>().join(", ");
        match &requirement.operator {
            Operator::In(values) if values.len() == 1 => {
                labels.push(format!("{key}: {}", scalar(&values[0])))
            }
            Operator::In(values) => {
                expressions.push(format!("{{key: {key}, operator: In, values: [{}]}}", list(values)))
            }
            Operator::NotIn(values) => {
                expressions.push(format!("{{key: {key}, operator: NotIn, values: [{}]}}", list(values)))
            }
            Operator::Exists => expressions.push(format!("{{key: {key}, operator: Exists}}")),
            Operator::DoesNotExist => expressions.push(format!("{{key: {key}, operator: DoesNotExist}}")),
        }
    }
    (labels, expressions)
}

pub(crate) fn port_line(port: &PortLine) -> String {
    match port {
        PortLine::All(protocol) => format!("{{protocol: {protocol}}}"),
        PortLine::Range(protocol, low, high) if low == high => {
            format!("{{protocol: {protocol}, port: {low}}}")
        }
        PortLine::Range(protocol, low, high) => {
            format!("{{protocol: {protocol}, port: {low}, endPort: {high}}}")
        }
        PortLine::Named(protocol, name, number) => {
            let port = format!("{{protocol: {protocol}, port: {}}}", scalar(name));
            // The name says it where it is the usual one.
            if usual(name, *protocol) == Some(*number) { port } else { format!("{port} # {number}") }
        }
    }
}

fn usual(name: &str, protocol: Protocol) -> Option<u16> {
    match (name, protocol) {
        ("http", Protocol::Tcp) => Some(80),
        ("https", Protocol::Tcp) => Some(443),
        ("dns" | "dns-tcp", _) => Some(53),
        _ => None,
    }
}

/// One peer as items of a list between brackets, seen from a namespace.
pub(crate) fn flow_peer(end: &End, namespace: &str, units: &Units) -> Vec<String> {
    let named = |name: &str| {
        format!("namespaceSelector: {{matchLabels: {{kubernetes.io/metadata.name: {}}}}}", scalar(name))
    };
    match end {
        End::Unit(id) => {
            let unit = units.get(*id);
            let pods = format!("podSelector: {}", flow_selector(&unit.selector));
            match *unit.namespace == *namespace {
                true => vec![format!("{{{pods}}}")],
                false => vec![format!("{{{}, {pods}}}", named(&unit.namespace))],
            }
        }
        End::Elsewhere(stand_in) => {
            let home = match &stand_in.home {
                Home::Known(name) | Home::Named(name) => named(name),
                Home::Labelled(labels) => {
                    format!("namespaceSelector: {}", flow_selector(&of_labels(labels)))
                }
            };
            vec![format!("{{{home}, podSelector: {}}}", flow_selector(&of_labels(&stand_in.labels)))]
        }
        End::Blocks(blocks) => blocks
            .iter()
            .map(|block| {
                let except: Vec<String> = block.except.iter().map(|e| net(*e)).collect();
                let except = if except.is_empty() {
                    String::new()
                } else {
                    format!(", except: [{}]", except.join(", "))
                };
                format!("{{ipBlock: {{cidr: {}{except}}}}}", net(block.cidr))
            })
            .collect(),
    }
}

fn flow_selector(selector: &Selector) -> String {
    let (labels, expressions) = parts(selector);
    let mut fields = Vec::new();
    if !labels.is_empty() {
        fields.push(format!("matchLabels: {{{}}}", labels.join(", ")));
    }
    if !expressions.is_empty() {
        fields.push(format!("matchExpressions: [{}]", expressions.join(", ")));
    }
    format!("{{{}}}", fields.join(", "))
}
