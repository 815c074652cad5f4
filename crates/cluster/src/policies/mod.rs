//! Policies of the four kinds in their one neutral form, each rule, peer and port with its line.
mod admin;
mod cluster_wide;
mod network_policy;
mod peers;
pub mod selector;

use std::{collections::HashMap, sync::Arc};

use netloom_objects::{Object, ObjectRef, Typed};

use crate::{
    findings::Findings,
    input::keep_list,
    model::{Policy, PortMatch, Protocol, Tier},
    tracked::Tracked,
};

/// The line of a field of a policy.
fn at(object: &Object, path: &str) -> Arc<ObjectRef> {
    object.refer(path)
}

/// A range of ports; none where its ends are no ports or the wrong way round.
fn range(protocol: Protocol, first: i32, last: i32) -> Option<PortMatch> {
    let port = |number: i32| u16::try_from(number).ok().filter(|&p| p > 0);
    let (first, last) = (port(first)?, port(last)?);
    (first <= last).then_some(PortMatch::Range(protocol, first, last))
}

/// A converted policy.
struct Entry {
    policy: Option<Arc<Policy>>,
    findings: Findings,
}

/// Converts policies, and keeps what it converted while the object stays.
#[derive(Default)]
pub struct Policies {
    tracked: Tracked<Entry>,
    /// In the order of judgement.
    policies: Arc<Vec<Arc<Policy>>>,
    findings: Findings,
}

/// With more changes than this the list is sorted anew, rather than each put in its place.
const FEW: usize = 64;

impl Policies {
    /// The policies of these objects, in the order of judgement, and what there is to say about them.
    pub fn update(&mut self, objects: &[Arc<Object>]) -> (Arc<Vec<Arc<Policy>>>, &Findings) {
        let Some(delta) = self.tracked.update(objects, Entry::new) else {
            return (self.policies.clone(), &self.findings);
        };
        let entries = &mut self.tracked.entries;
        let mut gone: HashMap<Key, Arc<Policy>> = HashMap::new();
        for (object, entry) in delta.removed {
            gone.extend(entry.policy.map(|policy| (key(&object), policy)));
        }
        let mut come = Vec::with_capacity(delta.made.len());
        for at in delta.made {
            let Some(policy) = &mut entries[at].policy else { continue };
            // The same policy read anew, because another of its file changed: keep the pointer that others compare.
            match gone.remove(&key(&objects[at])) {
                Some(old) if old == *policy => *policy = old,
                Some(old) => {
                    gone.insert(key(&objects[at]), old);
                    come.push(policy.clone());
                }
                None => come.push(policy.clone()),
            }
        }
        let policies = match gone.len() + come.len() <= FEW {
            true => {
                let mut policies = (*self.policies).clone();
                gone.into_values().for_each(|old| _ = find(&policies, &old).map(|at| policies.remove(at)));
                come.into_iter().for_each(|new| {
                    let at = find(&policies, &new).unwrap_or_else(|at| at);
                    policies.insert(at, new);
                });
                policies
            }
            false => {
                let mut policies: Vec<_> = entries.iter().filter_map(|e| e.policy.clone()).collect();
                policies.sort_by(|a, b| rank(a).cmp(&rank(b)));
                policies
            }
        };
        self.findings.0.clear();
        entries.iter().for_each(|e| self.findings.0.extend(e.findings.0.iter().cloned()));
        say_ties(&policies, &mut self.findings);
        self.policies = keep_list(Some(&self.policies), policies);
        (self.policies.clone(), &self.findings)
    }
}

/// Where a policy is in the order of judgement, or would be.
fn find(policies: &[Arc<Policy>], wanted: &Policy) -> Result<usize, usize> {
    policies.binary_search_by(|p| rank(p).cmp(&rank(wanted)))
}

/// What an object is called, whatever its content.
type Key = (Arc<str>, Option<Arc<str>>, Arc<str>);

fn key(object: &Object) -> Key {
    (object.kind.clone(), object.reference.namespace.clone(), object.name.clone())
}

impl Entry {
    fn new(object: &Arc<Object>) -> Self {
        let mut findings = Findings::default();
        let policy = convert(object, &mut findings).map(Arc::new);
        Self { policy, findings }
    }
}

/// Tier and priority, then the names, so that the order is the same however the files are called.
fn rank(policy: &Policy) -> (Tier, &str, Option<&str>, &str) {
    let origin = &policy.origin;
    (policy.tier, &origin.kind, origin.namespace.as_deref(), &origin.name)
}

/// The API leaves the order of policies with the same priority open: say which one netloom takes.
fn say_ties(policies: &[Arc<Policy>], findings: &mut Findings) {
    // NetworkPolicies, most of all policies, are all alike and stand in the middle: look at both ends only.
    let admin = policies.partition_point(|p| p.tier < Tier::NetworkPolicy);
    let baseline = policies.partition_point(|p| p.tier <= Tier::NetworkPolicy);
    for pair in policies[..admin].windows(2).chain(policies[baseline..].windows(2)) {
        let [first, second] = pair else { continue };
        let priority = match second.tier {
            Tier::Admin(priority) | Tier::Baseline(priority) if first.tier == second.tier => priority,
            _ => continue,
        };
        findings
            .info(
                second.origin.at.clone(),
                format!(
                    "{} {} and {} {} have the same tier and priority {priority}: judged in the order of their names, {} first; elsewhere the order is undefined",
                    first.origin.kind, first.origin.name, second.origin.kind, second.origin.name, first.origin.name
                ),
            )
            .related(first.origin.at.clone(), "the other one")
            .help("give each its own priority");
    }
}

fn convert(object: &Object, findings: &mut Findings) -> Option<Policy> {
    Some(match &object.typed {
        Typed::NetworkPolicy(policy) => network_policy::convert(object, policy, findings),
        Typed::AdminNetworkPolicy(policy) => admin::convert(object, policy, findings),
        Typed::BaselineAdminNetworkPolicy(policy) => admin::convert_baseline(object, policy, findings),
        Typed::ClusterNetworkPolicy(policy) => cluster_wide::convert(object, policy, findings),
        _ => return None,
    })
}
