//! Units that are the same to a comparison: of the same classes on both sides, and selected by the same policies among
//! those that changed.
use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use netloom_objects::ObjectRef;
use netloom_policy::Direction;
use netloom_reach::{ClassId, Reach};

use crate::{
    objects::ObjectChange,
    units::{Member, Unit, UnitId, is_alike},
};

/// Changed policies, by their place among the changed objects.
pub(crate) type Policies = Arc<BTreeSet<usize>>;

/// What units of one kind have in common.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Common {
    pub before: Option<ClassId>,
    pub after: Option<ClassId>,
    /// Whether something about them changed that policies go by, so that everyone may see them differently.
    pub touched: bool,
    /// The changed policies about each direction that select them on either side.
    pub ingress: Policies,
    pub egress: Policies,
}

impl Common {
    /// Whether what is open from such a unit may have changed, whoever the other is.
    pub fn may_send_otherwise(&self) -> bool {
        self.touched || !self.egress.is_empty()
    }

    /// Whether what is open to such a unit may have changed, whoever the other is.
    pub fn may_receive_otherwise(&self) -> bool {
        self.touched || !self.ingress.is_empty()
    }

    /// What tells groups of changes apart beside who is in them: whether units came or went, and which policies
    /// changed about them.
    pub fn of_group(&self, direction: Direction) -> (bool, bool, Policies) {
        let policies = match direction {
            Direction::Ingress => &self.ingress,
            Direction::Egress => &self.egress,
        };
        (self.before.is_some(), self.after.is_some(), policies.clone())
    }
}

/// Units with something in common.
pub(crate) struct Kind {
    pub common: Common,
    pub units: Vec<UnitId>,
}

/// The kinds of all units, in the order of their first ones.
pub(crate) fn kinds(before: &Reach, after: &Reach, units: &[Unit], changes: &[ObjectChange]) -> Vec<Kind> {
    let changed = [Changed::of(before, changes, |c| &c.before), Changed::of(after, changes, |c| &c.after)];
    let mut kinds: Vec<Kind> = Vec::new();
    let mut places: HashMap<Common, usize> = HashMap::new();
    for (nth, unit) in units.iter().enumerate() {
        let touched = match (&unit.before, &unit.after) {
            (Some(old), Some(new)) => !is_alike(before, old, after, new),
            _ => true,
        };
        let sides = [(&changed[0], before, &unit.before), (&changed[1], after, &unit.after)];
        let about = |direction| -> Policies {
            let of_side = sides.iter().filter_map(|(changed, reach, member)| {
                Some(changed.selecting(reach, member.as_ref()?, direction))
            });
            Arc::new(of_side.flatten().collect())
        };
        let common = Common {
            before: unit.before.as_ref().map(|member| member.class),
            after: unit.after.as_ref().map(|member| member.class),
            touched,
            ingress: about(Direction::Ingress),
            egress: about(Direction::Egress),
        };
        let place = *places.entry(common.clone()).or_insert_with(|| {
            kinds.push(Kind { common, units: Vec::new() });
            kinds.len() - 1
        });
        kinds[place].units.push(UnitId(nth as u32));
    }
    kinds
}

/// The policies of one side that are not the same on the other.
struct Changed(HashMap<*const ObjectRef, usize>);

impl Changed {
    fn of(
        reach: &Reach,
        changes: &[ObjectChange],
        side: impl Fn(&ObjectChange) -> &Option<Arc<ObjectRef>>,
    ) -> Self {
        let changed: HashMap<&ObjectRef, usize> = changes
            .iter()
            .enumerate()
            .filter_map(|(nth, change)| Some((&**side(change).as_ref()?, nth)))
            .collect();
        let policies = reach.snapshot().policies.iter();
        Self(policies.filter_map(|p| Some((Arc::as_ptr(&p.origin), *changed.get(&*p.origin)?))).collect())
    }

    fn selecting(&self, reach: &Reach, member: &Member, direction: Direction) -> Vec<usize> {
        let Some(pod) = member.pod.filter(|_| !self.0.is_empty()) else { return Vec::new() };
        let policies = reach.policies().selecting(pod, direction);
        policies.filter_map(|policy| self.0.get(&Arc::as_ptr(policy)).copied()).collect()
    }
}
