//! The policies and their rules as written, and the groups of pods that no selector can tell apart.
use std::{net::IpAddr, sync::Arc};

use k8s_openapi::api::networking::v1::{
    NetworkPolicy, NetworkPolicyPeer, NetworkPolicyPort, NetworkPolicySpec,
};
use netloom_cluster::{Labels, NamespaceId, Pod, PodId, Policy, Protocol, Rule, Tier};
use netloom_objects::Object;
use netloom_policy::Direction;

use crate::Context;

/// Pods that no selector can tell apart.
#[derive(Debug)]
pub struct Group {
    pub namespace: Arc<str>,
    pub namespace_id: NamespaceId,
    pub labels: Labels,
    /// One of them, in the evaluator.
    pub pod: Option<PodId>,
    /// Their workload in [`Context::workloads`]; none for the cluster DNS that is taken as given.
    pub workload: Option<usize>,
    /// Whether only a policy speaks of them: the set has no workload with such labels.
    pub stand_in: bool,
    pub host_network: bool,
    /// That pod's address.
    pub ip: Option<IpAddr>,
    /// Name, protocol and number of the ports that containers declare.
    pub ports: Vec<(Option<Arc<str>>, Protocol, u16)>,
}

impl Group {
    /// Whether it declares ports, and this one is not among them.
    pub fn lacks(&self, protocol: Protocol, port: u16) -> bool {
        !self.ports.is_empty() && !self.ports.iter().any(|p| p.1 == protocol && p.2 == port)
    }
}

/// One NetworkPolicy.
#[derive(Debug)]
pub struct View<'a> {
    pub object: &'a Object,
    pub policy: &'a Arc<Policy>,
    pub namespace: &'a str,
    pub spec: &'a NetworkPolicySpec,
    /// Indices of the groups that it selects.
    pub subjects: Vec<usize>,
}

/// One rule of a NetworkPolicy, as it is written.
#[derive(Clone, Copy, Debug)]
pub struct RuleView<'v> {
    pub direction: Direction,
    pub index: usize,
    pub peers: Option<&'v [NetworkPolicyPeer]>,
    pub ports: Option<&'v [NetworkPolicyPort]>,
    pub rule: &'v Rule,
}

impl RuleView<'_> {
    /// `spec.ingress[0]`.
    pub fn path(&self) -> String {
        format!("spec.{}[{}]", self.direction.name(), self.index)
    }

    /// `spec.ingress[0].from`.
    pub fn peers_path(&self) -> String {
        format!("{}.{}", self.path(), self.peers_field())
    }

    /// `from` or `to`.
    pub const fn peers_field(&self) -> &'static str {
        match self.direction {
            Direction::Ingress => "from",
            Direction::Egress => "to",
        }
    }
}

impl<'a> View<'a> {
    /// The rules of the directions that the policy is about.
    pub fn rules(&self) -> Vec<RuleView<'_>> {
        let mut out = Vec::new();
        let written = self.spec.ingress.as_deref().unwrap_or_default().iter();
        for (index, (from, rule)) in written.zip(self.policy.ingress.iter().flatten()).enumerate() {
            let (peers, ports) = (from.from.as_deref(), from.ports.as_deref());
            out.push(RuleView { direction: Direction::Ingress, index, peers, ports, rule });
        }
        let written = self.spec.egress.as_deref().unwrap_or_default().iter();
        for (index, (to, rule)) in written.zip(self.policy.egress.iter().flatten()).enumerate() {
            let (peers, ports) = (to.to.as_deref(), to.ports.as_deref());
            out.push(RuleView { direction: Direction::Egress, index, peers, ports, rule });
        }
        out
    }

    /// Its rules of one direction; none where it does not speak of it.
    pub fn side(&self, direction: Direction) -> Option<&'a [Rule]> {
        match direction {
            Direction::Ingress => self.policy.ingress.as_deref(),
            Direction::Egress => self.policy.egress.as_deref(),
        }
    }

    /// Whether it is about every pod of its namespace.
    pub fn is_for_all(&self) -> bool {
        self.policy.subject.pods.requirements.is_empty()
    }

    /// `NetworkPolicy shop/web`.
    pub fn title(&self) -> String {
        format!("NetworkPolicy {}/{}", self.namespace, self.object.name)
    }
}

pub(super) fn views<'a>(cx: &Context<'a>) -> Vec<View<'a>> {
    let policies = cx.snapshot().policies.iter().filter(|policy| policy.tier == Tier::NetworkPolicy);
    let view = |policy: &'a Arc<Policy>| {
        let namespace = policy.origin.namespace.as_deref().unwrap_or("default");
        let (object, content) = cx.find::<NetworkPolicy>(Some(namespace), &policy.origin.name)?;
        Some(View { object, policy, namespace, spec: content.spec.as_ref()?, subjects: Vec::new() })
    };
    policies.filter_map(view).collect()
}

pub(super) fn group_of(pod: &Pod) -> Group {
    let ports = pod.containers.iter().flat_map(|c| &c.ports);
    Group {
        namespace: pod.namespace.clone(),
        namespace_id: pod.namespace_id,
        labels: pod.labels.clone(),
        pod: Some(pod.id),
        workload: None,
        stand_in: false,
        host_network: pod.host_network,
        ip: pod.ips.iter().next(),
        ports: ports.map(|p| (p.name.clone(), p.protocol, p.port)).collect(),
    }
}
