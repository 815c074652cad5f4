//! Packet marks of Services: which view a connection belongs to, and how its backend is picked.
use std::{collections::HashMap, sync::Arc, time::Duration};

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
    classes: HashMap<Class, u32>,
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

    /// The number of a class, and whether it is new, so that its chain has to be made.
    pub fn class(&mut self, class: Class) -> Result<(u32, bool), PlanError> {
        if let Some(number) = self.classes.get(&class) {
            return Ok((*number, false));
        }
        let number = FIRST_CLASS + self.classes.len() as u32;
        if number > CLASS_MASK {
            return Err(PlanError::TooManyClasses(CLASS_MASK - FIRST_CLASS + 1));
        }
        self.classes.insert(class, number);
        Ok((number, true))
    }
}
