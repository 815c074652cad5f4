//! AdminNetworkPolicy and BaselineAdminNetworkPolicy of policy.networking.k8s.io/v1alpha1.
use std::sync::Arc;

use netloom_objects::{
    Object,
    policy_api::v1alpha1::{AdminNetworkPolicy, BaselineAdminNetworkPolicy, EgressRule, IngressRule, Port},
};

use super::peers::{self, Head, Ports, Rules};
use crate::{
    findings::Findings,
    model::{Policy, PortMatch, Protocol, Rule, Tier},
};

/// Converts an AdminNetworkPolicy.
pub fn convert(object: &Object, policy: &AdminNetworkPolicy, findings: &mut Findings) -> Policy {
    let spec = &policy.spec;
    let rules = rules(object, spec.ingress.as_deref(), spec.egress.as_deref());
    peers::policy(object, Tier::Admin(spec.priority), &spec.subject, rules, findings)
}

/// Converts the BaselineAdminNetworkPolicy.
pub fn convert_baseline(
    object: &Object,
    policy: &BaselineAdminNetworkPolicy,
    findings: &mut Findings,
) -> Policy {
    let spec = &policy.spec;
    let rules = rules(object, spec.ingress.as_deref(), spec.egress.as_deref());
    peers::policy(object, Tier::Baseline(0), &spec.subject, rules, findings)
}

fn rules(object: &Object, from: Option<&[IngressRule]>, to: Option<&[EgressRule]>) -> Rules {
    Rules { ingress: from.map(|rules| ingress(object, rules)), egress: to.map(|rules| egress(object, rules)) }
}

fn ingress(object: &Object, rules: &[IngressRule]) -> Vec<Rule> {
    let rule = |(i, rule): (usize, &IngressRule)| {
        let path = format!("spec.ingress[{i}]");
        let head = Head { object, path, name: rule.name.as_deref(), action: &rule.action };
        head.rule("from", head.sources(&rule.from), ("ports", ports(&head.path, rule.ports.as_deref())))
    };
    rules.iter().enumerate().filter_map(rule).collect()
}

fn egress(object: &Object, rules: &[EgressRule]) -> Vec<Rule> {
    let rule = |(i, rule): (usize, &EgressRule)| {
        let path = format!("spec.egress[{i}]");
        let head = Head { object, path, name: rule.name.as_deref(), action: &rule.action };
        head.rule("to", head.destinations(&rule.to), ("ports", ports(&head.path, rule.ports.as_deref())))
    };
    rules.iter().enumerate().filter_map(rule).collect()
}

fn ports(path: &str, ports: Option<&[Port]>) -> Option<Ports> {
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
