//! The tables with the place of every pod that they are about: what each node's kernel is given.
use std::{net::IpAddr, sync::Arc};

use netloom_cluster::{NodeId, Pod, Protocol};

use crate::{Direction, PolicySet, Subjects, Tables, meet};

/// The subjects of an address, and the node that its pod is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// The address of a pod that is not on the host's network.
    pub ip: IpAddr,
    /// The pod's node.
    pub node: NodeId,
    /// The pod's subjects.
    pub subjects: Subjects,
}

/// Tables, and where their subjects are.
#[derive(Clone, Debug, Default)]
pub struct Placed {
    /// The tables.
    pub tables: Arc<Tables>,
    /// Every pod's addresses, sorted.
    pub places: Arc<Vec<Place>>,
    /// What the places were made from.
    made_from: (Arc<Vec<Arc<Pod>>>, Arc<Vec<Subjects>>),
}

impl Placed {
    /// The policies of one Snapshot; places that are the same as before are not made anew.
    #[must_use]
    pub fn of(policies: &PolicySet, before: Option<&Self>) -> Self {
        let tables = policies.tables().clone();
        let made_from = (policies.pods.clone(), tables.subjects.clone());
        let same = |b: &&Self| {
            Arc::ptr_eq(&b.made_from.0, &made_from.0) && Arc::ptr_eq(&b.made_from.1, &made_from.1)
        };
        let places = match before.filter(same) {
            Some(before) => before.places.clone(),
            None => Arc::new(places(&made_from.0, &made_from.1)),
        };
        Self { tables, places, made_from }
    }

    /// The verdict on a pod's address, by the lookups that the kernel makes.
    #[must_use]
    pub fn judge(
        &self,
        pod: IpAddr,
        direction: Direction,
        peer: IpAddr,
        protocol: Protocol,
        port: u16,
    ) -> bool {
        let Ok(at) = self.places.binary_search_by_key(&pod, |place| place.ip) else { return true };
        let subjects = self.places[at].subjects;
        let subject = match direction {
            Direction::Ingress => subjects.ingress,
            Direction::Egress => subjects.egress,
        };
        subject.is_none_or(|subject| self.tables.judge_subject(subject, peer, protocol, port))
    }

    /// What holds while the nodes go one after the other from these policies to the next ones: it lets through only
    /// what both do. Pods that come are judged by the next policies alone, pods that go by these.
    #[must_use]
    pub fn towards(&self, next: &Self) -> Self {
        if Arc::ptr_eq(&self.tables, &next.tables) && Arc::ptr_eq(&self.places, &next.places) {
            return next.clone();
        }
        let (tables, places) = meet::meet(self, next);
        Self { tables: Arc::new(tables), places: Arc::new(places), made_from: Default::default() }
    }
}

/// Of pods that share an address (on the host's network) none is a subject.
fn places(pods: &[Arc<Pod>], subjects: &[Subjects]) -> Vec<Place> {
    let of_pod = |(pod, subjects): (&Arc<Pod>, &Subjects)| {
        let (node, subjects) = (pod.node, *subjects);
        pod.ips.iter().map(move |ip| Place { ip, node, subjects }).collect::<Vec<_>>()
    };
    let there = pods.iter().zip(subjects).filter(|(pod, _)| !pod.host_network);
    let mut places: Vec<Place> = there.flat_map(of_pod).collect();
    places.sort_by_key(|place| place.ip);
    places.dedup_by_key(|place| place.ip);
    places
}
