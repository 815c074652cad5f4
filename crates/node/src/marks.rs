//! Packet marks of Services: which view a connection belongs to, and how its backend is picked.
use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use netloom_cluster::{Family, Protocol};

use crate::firewall::PlanError;

/// The bits of a mark that name the class, by which `cls` picks a chain.
pub(crate) const CLASS_MASK: u32 = 0x3ff;
/// The view has a twin for clients inside the cluster.
pub(crate) const HAS_INSIDE: u32 = 0x800;
/// No backend anywhere: reject.
pub(crate) const CLASS_REJECT: u32 = 1;
/// No backend that this node may use: drop.
pub(crate) const CLASS_DROP: u32 = 2;
const FIRST_CLASS: u32 = 3;
const VIEW_SHIFT: u32 = 12;
const VIEWS: u32 = 1 << (32 - VIEW_SHIFT);

/// How a backend is picked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Class {
    /// Evenly among so many slots.
    Random(u32),
    /// The client's last slot, else evenly among so many.
    Affinity(u32, Duration),
}

impl Class {
    pub fn chain(self) -> String {
        match self {
            Self::Random(slots) => format!("lb{slots}"),
            Self::Affinity(slots, timeout) => format!("af{slots}_{}", timeout.as_secs()),
        }
    }

    /// How many slots a client may be remembered by.
    const fn slots_of_affinity(self) -> u32 {
        match self {
            Self::Random(_) => 0,
            Self::Affinity(slots, _) => slots,
        }
    }
}

/// Which variant of a Service port's view.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Variant {
    Internal,
    External,
    Inside,
}

/// What a view number stands for.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ViewKey {
    pub service: Arc<str>,
    pub port: u16,
    pub protocol: Protocol,
    pub family: Family,
    pub variant: Variant,
}

/// Numbers of views and classes; a view keeps its number while its Service lives.
#[derive(Debug, Default)]
pub(crate) struct Marks {
    views: HashMap<ViewKey, u32>,
    free: Vec<u32>,
    next: u32,
    /// With how many views use each.
    classes: HashMap<Class, (u32, u32)>,
    next_class: u32,
    /// Given back, with how many slots clients may be remembered by.
    free_classes: VecDeque<(u32, u32)>,
}

impl Marks {
    /// The mark of a view with a class, given by number.
    pub fn mark(&mut self, view: ViewKey, class: u32, has_inside: bool) -> Result<u32, PlanError> {
        let number = match self.views.get(&view) {
            Some(number) => *number,
            None => {
                let number = match self.free.pop() {
                    Some(number) => number,
                    None if self.next < VIEWS => {
                        self.next += 1;
                        self.next - 1
                    }
                    None => return Err(PlanError::TooManyViews(VIEWS)),
                };
                self.views.insert(view, number);
                number
            }
        };
        Ok((number << VIEW_SHIFT) | class | if has_inside { HAS_INSIDE } else { 0 })
    }

    /// Gives a view's number back.
    pub fn release(&mut self, view: &ViewKey) {
        if let Some(number) = self.views.remove(view) {
            self.free.push(number);
        }
    }

    /// The number of a class that one view more uses, and whether it is new, so that its chain has to be made.
    pub fn class(&mut self, class: Class) -> Result<(u32, bool), PlanError> {
        if let Some((number, uses)) = self.classes.get_mut(&class) {
            *uses += 1;
            return Ok((*number, false));
        }
        let number = self.free_class(class).ok_or(PlanError::TooManyClasses(CLASS_MASK - FIRST_CLASS + 1))?;
        self.classes.insert(class, (number, 1));
        Ok((number, true))
    }

    /// One view fewer uses a class; its number, where it was the last one.
    pub fn release_class(&mut self, class: Class) -> Option<u32> {
        let (number, uses) = self.classes.get_mut(&class)?;
        *uses = uses.saturating_sub(1);
        if *uses > 0 {
            return None;
        }
        let number = *number;
        self.classes.remove(&class);
        self.free_classes.push_back((number, class.slots_of_affinity()));
        Some(number)
    }

    /// A number that no class has: one that was never given out, else the one that was given back first. What clients
    /// are remembered by has the number in its key, so one that stood for more slots would lead them to slots that are
    /// not there: such a number comes last.
    fn free_class(&mut self, class: Class) -> Option<u32> {
        if self.next_class <= CLASS_MASK - FIRST_CLASS {
            self.next_class += 1;
            return Some(FIRST_CLASS + self.next_class - 1);
        }
        let slots = class.slots_of_affinity();
        let fits = |(_, before): &(u32, u32)| slots == 0 || *before <= slots;
        let at = self.free_classes.iter().position(fits).unwrap_or_default();
        self.free_classes.remove(at).map(|(number, _)| number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_given_back() {
        let mut marks = Marks::default();
        for round in 0..5_000 {
            let class = Class::Affinity(251, Duration::from_secs(round));
            let (number, fresh) = marks.class(class).unwrap();
            assert!(fresh && (FIRST_CLASS..=CLASS_MASK).contains(&number));
            assert_eq!(marks.class(class).unwrap(), (number, false));
            assert_eq!(marks.release_class(class), None, "one more uses it");
            assert_eq!(marks.release_class(class), Some(number));
        }
    }

    #[test]
    fn a_number_that_clients_are_remembered_by_is_not_taken_over_by_fewer_slots() {
        let mut marks = Marks::default();
        let wide = marks.class(Class::Affinity(4093, Duration::from_secs(1))).unwrap().0;
        let count = CLASS_MASK - FIRST_CLASS;
        let others: Vec<u32> = (1..=count).map(|n| marks.class(Class::Random(n)).unwrap().0).collect();
        assert!(marks.class(Class::Random(9_999)).is_err(), "all are in use");
        marks.release_class(Class::Affinity(4093, Duration::from_secs(1)));
        marks.release_class(Class::Random(7));
        let narrow = marks.class(Class::Affinity(251, Duration::from_secs(9))).unwrap().0;
        assert_eq!(narrow, others[6]);
        assert_eq!(marks.class(Class::Random(9_999)).unwrap().0, wide);
    }
}
