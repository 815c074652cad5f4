//! AdminNetworkPolicy and BaselineAdminNetworkPolicy of policy.networking.k8s.io/v1alpha1.
use std::sync::Arc;

use netloom_objects::{
    Object,
    policy_api::v1alpha1::{AdminNetworkPolicy, BaselineAdminNetworkPolicy, EgressRule, IngressRule, Port},
};

use super::peers::{Head, subject};
use crate::model::{Policy, PortMatch, Protocol, Rule, Tier};

/// Converts an AdminNetworkPolicy.
pub fn convert(object: &Object, policy: &AdminNetworkPolicy) -> Policy {
    let spec = &policy.spec;
    Policy {
        tier: Tier::Admin(spec.priority),
        subject: subject(&spec.subject),
        ingress: spec.ingress.as_deref().map(|rules| ingress(object, rules)),
        egress: spec.egress.as_deref().map(|rules| egress(object, rules)),
        origin: object.reference.clone(),
    }
}

/// Converts the BaselineAdminNetworkPolicy.
pub fn convert_baseline(object: &Object, policy: &BaselineAdminNetworkPolicy) -> Policy {
    let spec = &policy.spec;
    Policy {
        tier: Tier::Baseline(0),
        subject: subject(&spec.subject),
        ingress: spec.ingress.as_deref().map(|rules| ingress(object, rules)),
        egress: spec.egress.as_deref().map(|rules| egress(object, rules)),
        origin: object.reference.clone(),
    }
}

fn ingress(object: &Object, rules: &[IngressRule]) -> Vec<Rule> {
    let rule = |(i, rule): (usize, &IngressRule)| {
        let path = format!("spec.ingress[{i}]");
        let head = Head { object, path, name: rule.name.as_deref(), action: &rule.action };
        head.rule(head.sources(&rule.from), ports(&head.path, rule.ports.as_deref()))
    };
    rules.iter().enumerate().map(rule).collect()
}

fn egress(object: &Object, rules: &[EgressRule]) -> Vec<Rule> {
    let rule = |(i, rule): (usize, &EgressRule)| {
        let path = format!("spec.egress[{i}]");
        let head = Head { object, path, name: rule.name.as_deref(), action: &rule.action };
        head.rule(head.destinations(&rule.to), ports(&head.path, rule.ports.as_deref()))
    };
    rules.iter().enumerate().map(rule).collect()
}

fn ports(path: &str, ports: Option<&[Port]>) -> Option<Vec<(Option<PortMatch>, String)>> {
    let one = |(i, from)| (port(from), format!("{path}.ports[{i}]"));
    Some(ports?.iter().enumerate().map(one).collect())
}

fn port(from: &Port) -> Option<PortMatch> {
    let protocol = |name: &Option<String>| name.as_deref().map_or(Some(Protocol::Tcp), Protocol::parse);
    match (&from.port_number, &from.named_port, &from.port_range) {
        (Some(one), None, None) => super::range(protocol(&one.protocol)?, one.port, one.port),
        (None, Some(name), None) => Some(PortMatch::Named(None, Arc::from(name.as_str()))),
        (None, None, Some(range)) => super::range(protocol(&range.protocol)?, range.start, range.end),
        _ => None,
    }
}
