//! One policy with its peers interned: what the evaluator walks and the tables are made from.
use std::sync::Arc;

use netloom_cluster::{Action, Policy, PortMatch, Rule, Tier};
use netloom_objects::ObjectRef;

use crate::{
    evaluate::Direction,
    matrix::{Matrix, Predicate, PredicateId},
};

/// A policy whose selectors are predicates.
#[derive(Clone, Debug)]
pub(crate) struct CompiledPolicy {
    pub policy: Arc<Policy>,
    pub tier: Tier,
    /// In the matrix of subjects.
    pub subject: PredicateId,
    pub ingress: Option<Vec<CompiledRule>>,
    pub egress: Option<Vec<CompiledRule>>,
}

/// A rule whose peers are predicates of the matrix of peers.
#[derive(Clone, Debug)]
pub(crate) struct CompiledRule {
    pub action: Action,
    pub peers: Peers,
    /// `None`: every port of every protocol.
    pub ports: Option<Vec<(PortMatch, Arc<ObjectRef>)>>,
    pub origin: Arc<ObjectRef>,
}

/// Who is on the other side.
#[derive(Clone, Debug)]
pub(crate) enum Peers {
    Anyone,
    These(Vec<(PredicateId, Arc<ObjectRef>)>),
}

impl CompiledPolicy {
    pub fn compile(policy: &Arc<Policy>, subjects: &mut Matrix, peers: &mut Matrix) -> Self {
        let mut rules = |rules: &Option<Vec<Rule>>| {
            rules.as_ref().map(|r| r.iter().map(|r| CompiledRule::compile(r, peers)).collect())
        };
        Self {
            tier: policy.tier,
            subject: subjects.intern(Predicate::Pods(policy.subject.clone())),
            ingress: rules(&policy.ingress),
            egress: rules(&policy.egress),
            policy: policy.clone(),
        }
    }

    /// Whether rules of ingress name ports by name.
    pub fn names_ports(&self) -> bool {
        let ports = self.ingress.iter().flatten().flat_map(|rule| rule.ports.iter().flatten());
        ports.into_iter().any(|(port, _)| matches!(port, PortMatch::Named(..)))
    }

    pub fn rules(&self, direction: Direction) -> Option<&[CompiledRule]> {
        match direction {
            Direction::Ingress => self.ingress.as_deref(),
            Direction::Egress => self.egress.as_deref(),
        }
    }
}

impl CompiledRule {
    fn compile(rule: &Rule, matrix: &mut Matrix) -> Self {
        let peers = match &rule.peers {
            None => Peers::Anyone,
            Some(peers) => {
                let known = peers
                    .iter()
                    .filter_map(|p| {
                        Predicate::of(&p.peer).map(|predicate| (matrix.intern(predicate), p.origin.clone()))
                    })
                    .collect::<Vec<_>>();
                // A peer that is not understood must not open anything: an Accept does not match it, a Deny or a
                // Pass is taken to mean everyone (ClusterNetworkPolicy v1alpha2, "fail closed").
                if known.len() < peers.len() && rule.action != Action::Accept {
                    Peers::Anyone
                } else {
                    Peers::These(known)
                }
            }
        };
        let unknown =
            matches!(&rule.peers, Some(peers) if peers.iter().any(|p| Predicate::of(&p.peer).is_none()));
        let action = if unknown && rule.action == Action::Pass { Action::Deny } else { rule.action };
        let ports = rule
            .ports
            .as_ref()
            .map(|ports| ports.iter().map(|p| (p.port.clone(), p.origin.clone())).collect());
        Self { action, peers, ports, origin: rule.origin.clone() }
    }
}
