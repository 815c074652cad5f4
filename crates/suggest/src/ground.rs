//! What a suggestion is made from: the set of manifests as it is today.
use std::collections::BTreeSet;

use ipnet::IpNet;
use netloom_cluster::{Options, PodId, Snapshot};
use netloom_explain::World;
use netloom_objects::ObjectSet;
use netloom_reach::{AskError, Party, Reach, Scope, Who};

use crate::{
    company::{Company, company},
    need::{Block, End, Reason},
    units::{UnitId, Units},
};

/// The set of manifests, compiled.
pub struct Ground<'a> {
    /// The objects as they were read.
    pub objects: &'a ObjectSet,
    /// How the cluster is laid out.
    pub options: &'a Options,
    /// The Snapshot that policies are judged in.
    pub snapshot: Snapshot,
    /// The same set with an address for everything, as names lead to addresses only.
    pub world: World,
    /// What is allowed today.
    pub today: Reach,
    /// The pods as policies see them.
    pub units: Units,
    /// What belongs to the picture beyond the set.
    pub scope: Scope,
    /// Where the API server answers, as policies see it; empty where nobody said.
    pub api_server: Vec<(IpNet, u16)>,
    pub(crate) company: Company,
}

/// Namespaces of the system: they get policies only where they are asked for by name.
fn is_system(namespace: &str) -> bool {
    matches!(namespace, "tigera-operator" | "calico-system" | "calico-apiserver" | "cilium-secrets")
        || namespace.starts_with("kube-")
        || namespace.starts_with("openshift-")
}

/// Which units get policies.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chosen {
    /// The units.
    pub units: BTreeSet<UnitId>,
    /// Namespaces of the system that were left out.
    pub left_out: Vec<String>,
}

/// Why nobody is chosen.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChooseError {
    /// A namespace is not there.
    #[error("namespace `{0}` has no pods; the set has pods in {1}")]
    Namespace(String, String),
    /// A name means nobody.
    #[error(transparent)]
    Name(#[from] AskError),
    /// What is meant gets no policy.
    #[error(
        "`{0}` is no workload that a policy can be about: name a workload, or a Service, and not one on the host's network"
    )]
    NoSubject(String),
    /// The set has no workloads.
    #[error(
        "no workload gets a policy: the set has none outside of the system's namespaces; name one by -n or --for"
    )]
    Nobody,
}

impl<'a> Ground<'a> {
    /// Compiles a set; `world` has an address for everything.
    #[must_use]
    pub fn new(
        objects: &'a ObjectSet,
        options: &'a Options,
        snapshot: &Snapshot,
        world: World,
        scope: Scope,
    ) -> Self {
        let today = Reach::of(objects, snapshot, scope.clone());
        let units = Units::of(objects, snapshot);
        let company = company(objects, snapshot, &units);
        let api_server = Vec::new();
        Self { objects, options, snapshot: snapshot.clone(), world, today, units, scope, api_server, company }
    }

    /// Why pods that the set does not have may live in a namespace of its pods; empty where none can.
    #[must_use]
    pub fn others_in(&self, namespace: &str) -> &[Reason] {
        self.company.get(namespace).map_or(&[], Vec::as_slice)
    }

    /// The units of these namespaces and workloads; of all but the system's namespaces where none is named.
    ///
    /// # Errors
    /// When a name means nobody.
    pub fn choose(&self, namespaces: &[String], workloads: &[String]) -> Result<Chosen, ChooseError> {
        let mut chosen = Chosen::default();
        let mut left_out = BTreeSet::new();
        if namespaces.is_empty() && workloads.is_empty() {
            for unit in self.units.all().iter().filter(|unit| !unit.is_builtin()) {
                match is_system(&unit.namespace) {
                    true => _ = left_out.insert(unit.namespace.to_string()),
                    false => _ = chosen.units.insert(unit.id),
                }
            }
        }
        for namespace in namespaces {
            let before = chosen.units.len();
            chosen.units.extend(self.units.in_namespace(namespace).iter().map(|unit| unit.id));
            if chosen.units.len() == before {
                let known: BTreeSet<&str> = self.units.all().iter().map(|unit| &*unit.namespace).collect();
                let known = known.into_iter().collect::<Vec<_>>().join(", ");
                return Err(ChooseError::Namespace(namespace.clone(), known));
            }
        }
        for workload in workloads {
            let before = chosen.units.len();
            let who = Who::find(&self.today, workload, None)?;
            let pods = who.ends(&self.today).into_iter().flat_map(|(party, _)| self.pods(party));
            chosen.units.extend(pods.filter_map(|pod| self.units.of_pod(pod)));
            if chosen.units.len() == before {
                return Err(ChooseError::NoSubject(workload.clone()));
            }
        }
        if chosen.units.is_empty() {
            return Err(ChooseError::Nobody);
        }
        chosen.left_out = left_out.into_iter().collect();
        Ok(chosen)
    }

    /// The pods that a party is.
    #[must_use]
    pub fn pods(&self, party: Party) -> Vec<PodId> {
        match party {
            Party::Endpoint(id) => self.today.endpoint(id).pods.clone(),
            Party::Pod(pod) => vec![pod],
            Party::Node(_) | Party::Address(_) | Party::StandIn(_) => Vec::new(),
        }
    }

    /// Whether all pods that can be in a namespace are of chosen units.
    #[must_use]
    pub fn is_whole(&self, chosen: &BTreeSet<UnitId>, namespace: &str) -> bool {
        self.others_in(namespace).is_empty()
            && self.units.in_namespace(namespace).iter().all(|unit| chosen.contains(&unit.id))
    }

    /// Everyone outside, in every family that the cluster speaks.
    #[must_use]
    pub fn everyone(&self) -> Vec<Block> {
        let families = self.options.families.iter();
        let all = families.map(|family| match family {
            netloom_cluster::Family::V4 => IpNet::V4(ipnet::Ipv4Net::default()),
            netloom_cluster::Family::V6 => IpNet::V6(ipnet::Ipv6Net::default()),
        });
        all.map(Block::from).collect()
    }

    /// The ends that some pods are for policies: their units, and the addresses of the nodes of those on the host's
    /// network. None where such an address is not known.
    #[must_use]
    pub fn ends(&self, pods: impl IntoIterator<Item = PodId>) -> Vec<Option<End>> {
        let mut ends: Vec<Option<End>> = Vec::new();
        for pod in pods {
            let end = match self.units.of_pod(pod) {
                Some(unit) => Some(End::Unit(unit)),
                None => self.node_of(pod),
            };
            if !ends.contains(&end) {
                ends.push(end);
            }
        }
        ends
    }

    /// The addresses of the node of a pod on the host's network.
    fn node_of(&self, pod: PodId) -> Option<End> {
        let given: Vec<Block> = self.options.node_cidrs.iter().map(Block::from).collect();
        if !given.is_empty() {
            return Some(End::Blocks(given));
        }
        let node = self.snapshot.nodes.get(self.snapshot.pod(pod).node.0 as usize)?;
        // The addresses of made nodes are made up.
        let known: Vec<Block> = node
            .ips
            .iter()
            .filter(|_| node.origin.is_some())
            .map(|ip| Block::from(IpNet::from(ip)))
            .collect();
        (!known.is_empty()).then_some(End::Blocks(known))
    }
}
