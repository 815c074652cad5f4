//! ClusterNetworkPolicy of policy.networking.k8s.io/v1alpha2.
use std::sync::Arc;

use netloom_objects::{
    Object,
    policy_api::v1alpha2::{ClusterNetworkPolicy, EgressRule, IngressRule, ProtocolMatch, TransportMatch},
};

use super::peers::{self, Head, Ports, Rules};
use crate::{
    findings::Findings,
    model::{Policy, PortMatch, Protocol, Rule, Tier},
};

/// Converts a ClusterNetworkPolicy.
pub fn convert(object: &Object, policy: &ClusterNetworkPolicy, findings: &mut Findings) -> Policy {
    let spec = &policy.spec;
    let tier = match spec.tier.as_str() {
        "Baseline" => Tier::Baseline(spec.priority),
        _ => Tier::Admin(spec.priority),
    };
    let rules = Rules {
        ingress: spec.ingress.as_deref().map(|rules| ingress(object, rules)),
        egress: spec.egress.as_deref().map(|rules| egress(object, rules)),
    };
    peers::policy(object, tier, &spec.subject, rules, findings)
}

fn ingress(object: &Object, rules: &[IngressRule]) -> Vec<Rule> {
    let rule = |(i, rule): (usize, &IngressRule)| {
        let path = format!("spec.ingress[{i}]");
        let head = Head { object, path, name: rule.name.as_deref(), action: &rule.action };
        head.rule(
            "from",
            head.sources(&rule.from),
            ("protocols", protocols(&head.path, rule.protocols.as_deref())),
        )
    };
    rules.iter().enumerate().filter_map(rule).collect()
}

fn egress(object: &Object, rules: &[EgressRule]) -> Vec<Rule> {
    let rule = |(i, rule): (usize, &EgressRule)| {
        let path = format!("spec.egress[{i}]");
        let head = Head { object, path, name: rule.name.as_deref(), action: &rule.action };
        head.rule(
            "to",
            head.destinations(&rule.to),
            ("protocols", protocols(&head.path, rule.protocols.as_deref())),
        )
    };
    rules.iter().enumerate().filter_map(rule).collect()
}

fn protocols(path: &str, from: Option<&[ProtocolMatch]>) -> Option<Ports> {
    let one = |(i, from)| (port(from), format!("{path}.protocols[{i}]"));
    Some(from?.iter().enumerate().map(one).collect())
}

fn port(from: &ProtocolMatch) -> Option<PortMatch> {
    match (&from.tcp, &from.udp, &from.sctp, &from.destination_named_port) {
        (Some(tcp), None, None, None) => transport(Protocol::Tcp, tcp),
        (None, Some(udp), None, None) => transport(Protocol::Udp, udp),
        (None, None, Some(sctp), None) => transport(Protocol::Sctp, sctp),
        (None, None, None, Some(name)) => Some(PortMatch::Named(None, Arc::from(name.as_str()))),
        _ => None,
    }
}

fn transport(protocol: Protocol, from: &TransportMatch) -> Option<PortMatch> {
    let Some(port) = &from.destination_port else { return Some(PortMatch::All(protocol)) };
    match (port.number, &port.range) {
        (Some(number), None) => super::range(protocol, number, number),
        (None, Some(range)) => super::range(protocol, range.start, range.end),
        _ => None,
    }
}
