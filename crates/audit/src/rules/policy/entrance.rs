//! Whether a client that comes from another part of the cluster, a controller or a gateway, is let to the pods of a Service.
use std::collections::HashMap;

use netloom_cluster::{PodId, PortMatch, Protocol, Rule, Service};
use netloom_policy::{Direction, Reason};

use super::support::{Group, Index, opens};
use crate::Context;

/// Who comes in.
pub(super) struct Client<'c> {
    /// Its pods, where the set has them: then the evaluator decides.
    pub pods: &'c [&'c Group],
    /// Else whether a rule may admit it.
    pub may_be: &'c dyn Fn(&Rule) -> bool,
}

/// The groups by the Snapshot's pods.
pub(super) fn groups_of_pods(index: &Index<'_>) -> HashMap<PodId, usize> {
    index.groups.iter().enumerate().filter_map(|(number, group)| Some((group.pod?, number))).collect()
}

/// The group behind a Service's port and the port there, if none of its pods lets the client in.
pub(super) fn shut(
    cx: &Context<'_>,
    service: &Service,
    number: usize,
    group_of: &HashMap<PodId, usize>,
    client: &Client<'_>,
) -> Option<(usize, u16)> {
    let index = cx.policy_index();
    let evaluator = index.evaluator(cx);
    let protocol = service.ports.get(number)?.protocol;
    let mut first = None;
    for endpoint in service.endpoints.iter().take(MOST) {
        let (pod, target) = (endpoint.pod?, endpoint.ports.get(number).copied().flatten()?);
        let Some(group) = group_of.get(&pod).copied() else { continue };
        if client.pods.is_empty() {
            evaluator.selecting(pod, Direction::Ingress).find(|origin| &*origin.kind == "NetworkPolicy")?;
            let mut rules = index.views_on(group).flat_map(|view| view.policy.ingress.iter().flatten());
            if rules.any(|rule| opens_or_names(rule, protocol, target) && (client.may_be)(rule)) {
                return None;
            }
        } else {
            for one in client.pods {
                // The node's address, for a client on the host's network.
                let side = evaluator.ingress(pod, one.ip?, protocol, target);
                if !matches!(side.reason, Reason::Isolated(_)) {
                    return None;
                }
            }
        }
        first.get_or_insert((group, target));
    }
    first
}

/// Enough to tell that nothing gets in.
const MOST: usize = 8;

fn opens_or_names(rule: &Rule, protocol: Protocol, port: u16) -> bool {
    opens(rule, protocol, port) || rule.ports.iter().flatten().any(|p| matches!(p.port, PortMatch::Named(..)))
}
