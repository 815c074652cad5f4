//! Kinds of ends: those about which the same rules decide. A class alone does not tell the rule, because different
//! rules may have the same effect.
use std::{collections::HashMap, sync::Arc};

use netloom_cluster::PodId;
use netloom_policy::Direction;

use crate::{
    classes::ClassId,
    reach::{Party, Reach},
};

/// Class, identities, and the policies about each direction.
type Kind = (ClassId, Vec<u32>, [Vec<usize>; 2]);

/// Numbers kinds as they are met.
#[derive(Debug, Default)]
pub struct Kinds {
    numbers: HashMap<Kind, usize>,
}

impl Kinds {
    /// The kind of one end; `pod` is the one of it that policies select.
    pub fn of(&mut self, reach: &Reach, party: Party, pod: Option<PodId>) -> usize {
        let selecting = |direction| -> Vec<usize> {
            let policies = pod.map(|pod| reach.policies().selecting(pod, direction)).into_iter().flatten();
            policies.map(|policy| Arc::as_ptr(policy) as usize).collect()
        };
        let policies = [selecting(Direction::Ingress), selecting(Direction::Egress)];
        let kind = (reach.class_of(party), reach.identities(party), policies);
        let fresh = self.numbers.len();
        *self.numbers.entry(kind).or_insert(fresh)
    }
}
