//! NetworkPolicy of networking.k8s.io/v1.
use std::sync::Arc;

use ipnet::IpNet;
use k8s_openapi::{
    api::networking::v1::{
        IPBlock, NetworkPolicy, NetworkPolicyEgressRule, NetworkPolicyIngressRule, NetworkPolicyPeer,
        NetworkPolicyPort,
    },
    apimachinery::pkg::util::intstr::IntOrString,
};
use netloom_objects::Object;

use super::{at, selector::selector};
use crate::{
    findings::{Findings, title},
    model::{
        Action, NamespaceMatch, Peer, PeerRef, PodPeer, Policy, PortMatch, PortRef, Protocol, Rule, Selector,
        Tier,
    },
};

/// Which directions a policy is about. Without `policyTypes`: ingress always, egress where it has egress rules. Both,
/// where what the policy says of it cannot be read: a direction that it is about is closed but for its rules.
fn directions(object: &Object, policy: &NetworkPolicy) -> (bool, bool) {
    let spec = policy.spec.as_ref();
    let types = spec.and_then(|s| s.policy_types.as_deref()).unwrap_or_default();
    let listed = |name: &str| types.iter().any(|t| t == name);
    let doubtful =
        lost(object, policy, "spec.policyTypes") || types.iter().any(|t| t != "Ingress" && t != "Egress");
    let egress_rules = spec.and_then(|s| s.egress.as_deref()).is_some_and(|rules| !rules.is_empty());
    match types {
        _ if doubtful => (true, true),
        [] => (true, egress_rules || object.holds_fault("spec.egress")),
        _ => (listed("Ingress"), listed("Egress")),
    }
}

/// Whether a field of `spec` holds a fault, or is not there and may stand under another name.
fn lost(object: &Object, policy: &NetworkPolicy, field: &str) -> bool {
    let spec_lost = policy.spec.is_none() && (object.holds_fault("spec") || object.has_strange_key(""));
    object.holds_fault(field) || (!object.is_written(field) && (spec_lost || object.has_strange_key("spec")))
}

/// The pods that a policy selects; none where that cannot be read.
fn subject(object: &Object, policy: &NetworkPolicy) -> Option<Selector> {
    if lost(object, policy, "spec.podSelector") {
        return None;
    }
    match policy.spec.as_ref().and_then(|s| s.pod_selector.as_ref()) {
        Some(pods) => selector(pods).ok(),
        None => Some(Selector::default()),
    }
}

/// Converts one policy. What of it cannot be read allows nothing: a rule or peer without its faulty fields would be one
/// that never had them, which is open to everyone. A policy whose `podSelector` cannot be read may be about any pod of
/// its namespace, so it isolates all of them and allows none of them anything.
pub fn convert(object: &Object, policy: &NetworkPolicy, findings: &mut Findings) -> Policy {
    let namespace = object.reference.namespace.clone().unwrap_or_else(|| Arc::from("default"));
    let reader = Reader { object, namespace };
    let (ingress, egress) = directions(object, policy);
    let pods = subject(object, policy);
    // Rules for nobody in particular allow nothing.
    let spec = policy.spec.as_ref().filter(|_| pods.is_some());
    let ingress_rules = spec.and_then(|s| s.ingress.as_deref()).unwrap_or_default();
    let egress_rules = spec.and_then(|s| s.egress.as_deref()).unwrap_or_default();
    if pods.is_none() {
        say_any_pod(object, findings);
    }
    say_idle_rules(
        object,
        [ingress || ingress_rules.is_empty(), egress || egress_rules.is_empty()],
        findings,
    );
    Policy {
        tier: Tier::NetworkPolicy,
        subject: PodPeer {
            namespaces: NamespaceMatch::Named(reader.namespace.clone()),
            pods: pods.unwrap_or_default(),
        },
        ingress: ingress.then(|| {
            let rule = |(i, r): (usize, &NetworkPolicyIngressRule)| {
                reader.rule(&format!("spec.ingress[{i}]"), "from", r.from.as_deref(), r.ports.as_deref())
            };
            ingress_rules.iter().enumerate().filter_map(rule).collect()
        }),
        egress: egress.then(|| {
            let rule = |(i, r): (usize, &NetworkPolicyEgressRule)| {
                reader.rule(&format!("spec.egress[{i}]"), "to", r.to.as_deref(), r.ports.as_deref())
            };
            egress_rules.iter().enumerate().filter_map(rule).collect()
        }),
        origin: object.reference.clone(),
    }
}

fn say_any_pod(object: &Object, findings: &mut Findings) {
    let message = format!(
        "which pods {} selects cannot be read: it isolates all pods of its namespace and allows nothing",
        title(object)
    );
    findings.warning(object.locate("spec.podSelector"), message).help("repair its podSelector");
}

/// Says which rules do nothing because the policy is not about their direction; `fine` for ingress and egress.
fn say_idle_rules(object: &Object, fine: [bool; 2], findings: &mut Findings) {
    for ((name, kind), fine) in [("ingress", "Ingress"), ("egress", "Egress")].into_iter().zip(fine) {
        if fine {
            continue;
        }
        let message = format!(
            "{} has {name} rules, but its policyTypes leave {kind} out: they do nothing",
            title(object)
        );
        findings
            .warning(object.locate(&format!("spec.{name}")), message)
            .help(format!("add {kind} to spec.policyTypes, or remove the rules"));
    }
}

struct Reader<'a> {
    object: &'a Object,
    namespace: Arc<str>,
}

impl Reader<'_> {
    /// One rule; an empty list of peers or ports says the same as none: everything. None where a list that has, or may
    /// have had, items is gone: then the rule allows nothing.
    fn rule(
        &self,
        path: &str,
        side: &str,
        peers: Option<&[NetworkPolicyPeer]>,
        ports: Option<&[NetworkPolicyPort]>,
    ) -> Option<Rule> {
        let peers = peers.filter(|p| !p.is_empty());
        let ports = ports.filter(|p| !p.is_empty());
        let rule_faulty = self.object.holds_fault(path);
        let faulty = |path: &str| rule_faulty && self.object.holds_fault(path);
        let gone = |there: bool, name: &str| !there && faulty(&format!("{path}.{name}"));
        if self.object.has_strange_key(path) || gone(peers.is_some(), side) || gone(ports.is_some(), "ports")
        {
            return None;
        }
        let peers = peers.map(|peers| {
            let peer = |(i, peer)| {
                let path = format!("{path}.{side}[{i}]");
                let peer = if faulty(&path) { Peer::Unknown } else { self.peer(peer) };
                PeerRef { peer, origin: at(self.object, &path) }
            };
            peers.iter().enumerate().map(peer).collect()
        });
        let ports = ports.map(|ports| {
            let port = |(i, from)| {
                let path = format!("{path}.ports[{i}]");
                let port = port(from).filter(|_| !faulty(&path))?;
                Some(PortRef { port, origin: at(self.object, &path) })
            };
            // An unreadable port drops out, never the list: it grants nothing, rather than everything.
            ports.iter().enumerate().filter_map(port).collect()
        });
        Some(Rule { action: Action::Accept, name: None, peers, ports, origin: at(self.object, path) })
    }

    fn peer(&self, peer: &NetworkPolicyPeer) -> Peer {
        match (&peer.ip_block, &peer.namespace_selector, &peer.pod_selector) {
            (Some(ip_block), None, None) => block(ip_block).unwrap_or(Peer::Unknown),
            (None, None, None) | (Some(_), ..) => Peer::Unknown,
            (None, namespaces, pods) => {
                let namespaces = match namespaces {
                    Some(labels) => selector(labels).map(NamespaceMatch::Labels),
                    None => Ok(NamespaceMatch::Named(self.namespace.clone())),
                };
                let pods = pods.as_ref().map_or_else(|| Ok(Selector::default()), selector);
                match (namespaces, pods) {
                    (Ok(namespaces), Ok(pods)) => Peer::Pods(PodPeer { namespaces, pods }),
                    _ => Peer::Unknown,
                }
            }
        }
    }
}

/// A block with all its exceptions readable: an exception that were left out would open what it closes.
fn block(from: &IPBlock) -> Option<Peer> {
    let net = |text: &str| text.parse::<IpNet>().ok().map(|net| net.trunc());
    let except = from.except.iter().flatten().map(|e| net(e)).collect::<Option<Vec<_>>>()?;
    Some(Peer::Block(net(&from.cidr)?, except))
}

fn port(from: &NetworkPolicyPort) -> Option<PortMatch> {
    let protocol = from.protocol.as_deref().map_or(Some(Protocol::Tcp), Protocol::parse)?;
    match &from.port {
        None if from.end_port.is_some() => None,
        None => Some(PortMatch::All(protocol)),
        Some(IntOrString::String(_)) if from.end_port.is_some() => None,
        Some(IntOrString::String(name)) => Some(PortMatch::Named(Some(protocol), Arc::from(name.as_str()))),
        Some(IntOrString::Int(first)) => super::range(protocol, *first, from.end_port.unwrap_or(*first)),
    }
}
