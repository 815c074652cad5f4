//! Sorts the objects by what they matter for, and notices what changed since the last time.
use std::{collections::BTreeMap, sync::Arc};

use netloom_objects::{Location, Object, ObjectRef, Typed};

use crate::operators;

/// What an object is needed for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Class {
    Namespace,
    Node,
    Workload,
    Service,
    Endpoints,
    Policy,
    Monitor,
    /// Read, and no part of the network by itself.
    Silent,
    /// A kind that says nothing to netloom.
    Other,
}

const CLASSES: usize = 9;

/// Objects of one class in input order.
#[derive(Clone, Debug, Default)]
pub struct List {
    /// The objects.
    pub objects: Vec<Arc<Object>>,
    /// Changes whenever the list does.
    pub version: u64,
}

/// Objects by what they are needed for.
#[derive(Debug, Default)]
pub struct Input {
    all: Vec<Arc<Object>>,
    classes: Vec<Class>,
    lists: [List; CLASSES],
    /// How many objects are in each namespace or declare it.
    names: BTreeMap<Arc<str>, usize>,
    names_version: u64,
    other: BTreeMap<(Arc<str>, Arc<str>), usize>,
}

impl Input {
    /// Takes the objects as they are now. Only those that changed are looked at.
    pub fn update(&mut self, now: &[&Arc<Object>]) {
        let prefix = self.all.iter().zip(now).take_while(|(a, b)| Arc::ptr_eq(a, b)).count();
        let backwards = self.all[prefix..].iter().rev().zip(now[prefix..].iter().rev());
        let suffix = backwards.take_while(|(a, b)| Arc::ptr_eq(a, b)).count();
        let (old, new) = (prefix..self.all.len() - suffix, &now[prefix..now.len() - suffix]);
        if old.is_empty() && new.is_empty() {
            return;
        }
        let mut at = [0; CLASSES];
        self.classes[..prefix].iter().for_each(|c| at[*c as usize] += 1);
        let mut gone = [0; CLASSES];
        self.classes[old.clone()].iter().for_each(|c| gone[*c as usize] += 1);
        let mut come: [Vec<Arc<Object>>; CLASSES] = Default::default();
        let classes: Vec<Class> = new.iter().map(|o| class(o)).collect();
        for (object, class) in new.iter().zip(&classes) {
            come[*class as usize].push((*object).clone());
        }
        for (class, come) in come.into_iter().enumerate() {
            if gone[class] > 0 || !come.is_empty() {
                let list = &mut self.lists[class];
                list.objects.splice(at[class]..at[class] + gone[class], come);
                list.version += 1;
            }
        }
        let removed: Vec<_> = self.all.splice(old.clone(), new.iter().map(|o| (*o).clone())).collect();
        let removed_classes: Vec<_> = self.classes.splice(old, classes.iter().copied()).collect();
        new.iter().zip(classes).for_each(|(object, class)| self.count(object, class, true));
        removed.iter().zip(removed_classes).for_each(|(object, class)| self.count(object, class, false));
    }

    fn count(&mut self, object: &Object, class: Class, come: bool) {
        let declared = (class == Class::Namespace).then_some(&object.name);
        for name in object.reference.namespace.iter().chain(declared) {
            if tally(&mut self.names, name.clone(), come) {
                self.names_version += 1;
            }
        }
        if class == Class::Other {
            tally(&mut self.other, (object.api_version.clone(), object.kind.clone()), come);
        }
    }

    /// Namespace.
    pub fn namespaces(&self) -> &List {
        self.list(Class::Namespace)
    }

    /// Node.
    pub fn nodes(&self) -> &List {
        self.list(Class::Node)
    }

    /// Pods and everything that makes pods.
    pub fn workloads(&self) -> &List {
        self.list(Class::Workload)
    }

    /// Service.
    pub fn services(&self) -> &List {
        self.list(Class::Service)
    }

    /// EndpointSlice and Endpoints.
    pub fn endpoints(&self) -> &List {
        self.list(Class::Endpoints)
    }

    /// The four kinds of policy.
    pub fn policies(&self) -> &List {
        self.list(Class::Policy)
    }

    /// ServiceMonitor and PodMonitor.
    pub fn monitors(&self) -> &List {
        self.list(Class::Monitor)
    }

    /// ConfigMaps.
    pub fn config_maps(&self) -> Vec<&Arc<Object>> {
        let silent = &self.list(Class::Silent).objects;
        silent.iter().filter(|object| matches!(object.typed, Typed::ConfigMap(_))).collect()
    }

    /// Changes whenever a ConfigMap does.
    pub fn silent_version(&self) -> u64 {
        self.list(Class::Silent).version
    }

    fn list(&self, class: Class) -> &List {
        &self.lists[class as usize]
    }

    /// The namespaces that objects are in or declare, sorted; the number changes whenever they do.
    pub fn namespace_names(&self) -> (impl Iterator<Item = &Arc<str>>, u64) {
        (self.names.keys(), self.names_version)
    }

    /// How many objects are of kinds that say nothing to netloom.
    pub fn ignored(&self) -> &BTreeMap<(Arc<str>, Arc<str>), usize> {
        &self.other
    }
}

/// Counts up or down; whether the key came or went.
fn tally<K: Ord>(counts: &mut BTreeMap<K, usize>, key: K, come: bool) -> bool {
    match counts.entry(key) {
        std::collections::btree_map::Entry::Vacant(vacant) => {
            if come {
                vacant.insert(1);
            }
            come
        }
        std::collections::btree_map::Entry::Occupied(mut count) => {
            match come {
                true => *count.get_mut() += 1,
                false => *count.get_mut() -= 1,
            }
            let last = *count.get() == 0;
            if last {
                count.remove();
            }
            last
        }
    }
}

fn class(object: &Object) -> Class {
    match &object.typed {
        Typed::Namespace(_) => Class::Namespace,
        Typed::Node(_) => Class::Node,
        Typed::Pod(_)
        | Typed::Deployment(_)
        | Typed::ReplicaSet(_)
        | Typed::StatefulSet(_)
        | Typed::DaemonSet(_)
        | Typed::Job(_)
        | Typed::CronJob(_)
        | Typed::ReplicationController(_) => Class::Workload,
        // What operators make of it is known better than by the template in it.
        Typed::Runner(_) if operators::makes_pods(object.group(), &object.kind) => Class::Other,
        Typed::Runner(_) => Class::Workload,
        Typed::Service(_) => Class::Service,
        Typed::EndpointSlice(_) | Typed::Endpoints(_) => Class::Endpoints,
        Typed::NetworkPolicy(_)
        | Typed::ClusterNetworkPolicy(_)
        | Typed::AdminNetworkPolicy(_)
        | Typed::BaselineAdminNetworkPolicy(_) => Class::Policy,
        Typed::ServiceMonitor(_) | Typed::PodMonitor(_) => Class::Monitor,
        Typed::ConfigMap(_) | Typed::Secret(_) | Typed::ServiceAccount(_) => Class::Silent,
        _ => Class::Other,
    }
}

/// Whether two lists hold the very same values in the same order.
pub fn same<T>(a: &[Arc<T>], b: &[Arc<T>]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| Arc::ptr_eq(a, b))
}

/// Where an object is; objects are always in a namespace here, except cluster-scoped ones.
pub fn namespace_of(object: &Object) -> Arc<str> {
    object.reference.namespace.clone().unwrap_or_else(|| Arc::from("default"))
}

/// The object at the line of a field; objects that netloom added or that operators make have no lines of their own.
pub fn refer(object: &Object, path: &str) -> Arc<ObjectRef> {
    match object.source().name == Location::builtin().file {
        true => object.reference.clone(),
        false => object.refer(path),
    }
}

/// The old value where the new one is the same, so that whoever compares pointers sees no change.
pub fn keep<T: PartialEq>(before: Option<&Arc<T>>, now: T) -> Arc<T> {
    match before {
        Some(before) if **before == now => before.clone(),
        _ => Arc::new(now),
    }
}

/// The old list where the new one holds the very same values.
pub fn keep_list<T>(before: Option<&Arc<Vec<Arc<T>>>>, now: Vec<Arc<T>>) -> Arc<Vec<Arc<T>>> {
    match before {
        Some(before) if same(before, &now) => before.clone(),
        _ => Arc::new(now),
    }
}
