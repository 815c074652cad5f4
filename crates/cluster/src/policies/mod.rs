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
    input::identity,
    model::{Policy, PortMatch, Protocol, Tier},
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

/// A converted policy with the object that it came from.
struct Entry {
    object: Arc<Object>,
    policy: Arc<Policy>,
    findings: Findings,
}

/// Converts policies, and keeps what it converted while the object stays.
#[derive(Default)]
pub struct Policies {
    /// By the object's identity, which stays its own while the entry holds the object.
    entries: HashMap<usize, Entry>,
    policies: Arc<Vec<Arc<Policy>>>,
    findings: Findings,
    order: Vec<usize>,
}

impl Policies {
    /// The policies of these objects, in the order of judgement, and what there is to say about them.
    pub fn update(&mut self, objects: &[Arc<Object>]) -> (Arc<Vec<Arc<Policy>>>, &Findings) {
        let order: Vec<usize> = objects.iter().map(identity).collect();
        if order == self.order {
            return (self.policies.clone(), &self.findings);
        }
        let mut before = std::mem::take(&mut self.entries);
        let by_name: HashMap<_, _> = match order.iter().all(|id| before.contains_key(id)) {
            true => HashMap::new(),
            false => before.values().map(|e| (key(&e.object), e.policy.clone())).collect(),
        };
        let mut policies = Vec::with_capacity(objects.len());
        self.findings.0.clear();
        for object in objects {
            let id = identity(object);
            let entry = match before.remove(&id) {
                Some(entry) => entry,
                None => match Entry::new(object, &by_name) {
                    Some(entry) => entry,
                    None => continue,
                },
            };
            policies.push(entry.policy.clone());
            self.findings.0.extend(entry.findings.0.iter().cloned());
            self.entries.insert(id, entry);
        }
        policies.sort_by(|a, b| rank(a).cmp(&rank(b)));
        say_ties(&policies, &mut self.findings);
        self.order = order;
        self.policies = Arc::new(policies);
        (self.policies.clone(), &self.findings)
    }
}

/// What an object is called, whatever its content.
type Key = (Arc<str>, Option<Arc<str>>, Arc<str>);

impl Entry {
    /// Converts an object; none where it is no policy.
    fn new(object: &Arc<Object>, by_name: &HashMap<Key, Arc<Policy>>) -> Option<Self> {
        let mut findings = Findings::default();
        let policy = Arc::new(convert(object, &mut findings)?);
        // The same policy read anew, because another of its file changed: keep the pointer that others compare.
        let policy = by_name.get(&key(object)).filter(|old| **old == policy).cloned().unwrap_or(policy);
        Some(Self { object: object.clone(), policy, findings })
    }
}

fn key(object: &Object) -> Key {
    (object.kind.clone(), object.reference.namespace.clone(), object.name.clone())
}

/// Tier and priority, then the names, so that the order is the same however the files are called.
fn rank(policy: &Policy) -> (Tier, &str, Option<&str>, &str) {
    let origin = &policy.origin;
    (policy.tier, &origin.kind, origin.namespace.as_deref(), &origin.name)
}

/// The API leaves the order of policies with the same priority open: say which one netloom takes.
fn say_ties(policies: &[Arc<Policy>], findings: &mut Findings) {
    for pair in policies.windows(2) {
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
        Typed::AdminNetworkPolicy(policy) => admin::convert(object, policy),
        Typed::BaselineAdminNetworkPolicy(policy) => admin::convert_baseline(object, policy),
        Typed::ClusterNetworkPolicy(policy) => cluster_wide::convert(object, policy),
        _ => return None,
    })
}
