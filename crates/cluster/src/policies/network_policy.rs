//! NetworkPolicy of networking.k8s.io/v1.
use std::sync::Arc;

use ipnet::IpNet;
use k8s_openapi::{
    api::networking::v1::{IPBlock, NetworkPolicy, NetworkPolicyPeer, NetworkPolicyPort},
    apimachinery::pkg::util::intstr::IntOrString,
};
use netloom_objects::Object;

use super::{
    at,
    selector::{nothing, selector},
};
use crate::{
    findings::{Findings, title},
    model::{
        Action, NamespaceMatch, Peer, PeerRef, PodPeer, Policy, PortMatch, PortRef, Protocol, Rule, Selector,
        Tier,
    },
};

/// Which directions a policy is about. Without `policyTypes`: ingress always, egress where it has egress rules.
fn directions(policy: &NetworkPolicy) -> (bool, bool) {
    let spec = policy.spec.as_ref();
    let types = spec.and_then(|s| s.policy_types.as_deref()).unwrap_or_default();
    let egress_rules = spec.and_then(|s| s.egress.as_deref()).is_some_and(|rules| !rules.is_empty());
    match types {
        [] => (true, egress_rules),
        types => (types.iter().any(|t| t == "Ingress"), types.iter().any(|t| t == "Egress")),
    }
}

/// Converts one policy.
pub fn convert(object: &Object, policy: &NetworkPolicy, findings: &mut Findings) -> Policy {
    let namespace = object.reference.namespace.clone().unwrap_or_else(|| Arc::from("default"));
    let reader = Reader { object, namespace };
    let spec = policy.spec.as_ref();
    let pods = spec.and_then(|s| s.pod_selector.as_ref()).map_or_else(|| Ok(Selector::default()), selector);
    let (ingress, egress) = directions(policy);
    let ingress_rules = spec.and_then(|s| s.ingress.as_deref()).unwrap_or_default();
    let egress_rules = spec.and_then(|s| s.egress.as_deref()).unwrap_or_default();
    for (name, listed, rules) in
        [("ingress", ingress, ingress_rules.len()), ("egress", egress, egress_rules.len())]
    {
        if !listed && rules > 0 {
            let kind = if name == "ingress" { "Ingress" } else { "Egress" };
            findings
                .warning(
                    object.locate(&format!("spec.{name}")),
                    format!(
                        "{} has {name} rules, but its policyTypes leave {kind} out: they do nothing",
                        title(object)
                    ),
                )
                .help(format!("add {kind} to spec.policyTypes, or remove the rules"));
        }
    }
    Policy {
        tier: Tier::NetworkPolicy,
        subject: PodPeer {
            namespaces: NamespaceMatch::Named(reader.namespace.clone()),
            pods: pods.unwrap_or_else(|_| nothing()),
        },
        ingress: ingress.then(|| {
            let rule = |(i, r): (usize, &k8s_openapi::api::networking::v1::NetworkPolicyIngressRule)| {
                reader.rule(&format!("spec.ingress[{i}]"), "from", r.from.as_deref(), r.ports.as_deref())
            };
            ingress_rules.iter().enumerate().map(rule).collect()
        }),
        egress: egress.then(|| {
            let rule = |(i, r): (usize, &k8s_openapi::api::networking::v1::NetworkPolicyEgressRule)| {
                reader.rule(&format!("spec.egress[{i}]"), "to", r.to.as_deref(), r.ports.as_deref())
            };
            egress_rules.iter().enumerate().map(rule).collect()
        }),
        origin: object.reference.clone(),
    }
}

struct Reader<'a> {
    object: &'a Object,
    namespace: Arc<str>,
}

impl Reader<'_> {
    /// One rule; an empty list of peers or ports says the same as none: everything.
    fn rule(
        &self,
        path: &str,
        side: &str,
        peers: Option<&[NetworkPolicyPeer]>,
        ports: Option<&[NetworkPolicyPort]>,
    ) -> Rule {
        let peers = peers.filter(|p| !p.is_empty()).map(|peers| {
            let peer = |(i, peer)| PeerRef {
                peer: self.peer(peer),
                origin: at(self.object, &format!("{path}.{side}[{i}]")),
            };
            peers.iter().enumerate().map(peer).collect()
        });
        let ports = ports.filter(|p| !p.is_empty()).map(|ports| {
            let port = |(i, from)| {
                Some(PortRef { port: port(from)?, origin: at(self.object, &format!("{path}.ports[{i}]")) })
            };
            // An unreadable port drops out, never the list: it grants nothing, rather than everything.
            ports.iter().enumerate().filter_map(port).collect()
        });
        Rule { action: Action::Accept, name: None, peers, ports, origin: at(self.object, path) }
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
