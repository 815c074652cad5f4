//! Who owns whom: a workload whose pods are in the input themselves is not expanded a second time.
use std::sync::Arc;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::OwnerReference;
use netloom_objects::{Object, Typed};

use super::live::terminated;
use crate::{
    fast::{Map, Set},
    input::namespace_of,
    model::Workload,
};

/// Kind, namespace and name of an object.
type Key = (Arc<str>, Arc<str>, Arc<str>);

/// Kind and name of an owner, which is in the same namespace.
type Owner = (Arc<str>, Arc<str>);

/// The workloads of the input and what they own.
#[derive(Debug, Default)]
pub struct Owners {
    /// Every workload of the input, with its controller as far as it names one.
    controllers: Map<Key, Option<Owner>>,
    /// Workloads that are not expanded: the pods or workloads that they make are in the input.
    covered: Set<Key>,
}

impl Owners {
    /// Looks through all workloads and pods.
    pub fn new(objects: &[Arc<Object>]) -> Self {
        let mut owners = Self::default();
        for object in objects.iter().filter(|o| !matches!(o.typed, Typed::Pod(_))) {
            owners.controllers.insert(key(object), controller(object));
        }
        for object in objects {
            let Typed::Pod(pod) = &object.typed else { continue };
            let ended = terminated(pod);
            let namespace = namespace_of(object);
            let mut at = controller(object);
            // A chain is Pod, ReplicaSet, Deployment at its longest; owners in a circle end here too.
            for _ in 0..4 {
                let Some((kind, name)) = at else { break };
                let owner = (kind, namespace.clone(), name);
                at = owners.above(&owner);
                // A CronJob whose last run has ended runs again; a Job that has ended does not.
                if !(ended && &*owner.0 == "CronJob") {
                    owners.covered.insert(owner);
                }
            }
        }
        owners
    }

    /// Whether the object's pods come from elsewhere: its own pods, or the workload that owns it.
    pub fn covers(&self, object: &Object) -> bool {
        let key = key(object);
        let above = self
            .above(&key)
            .is_some_and(|(kind, name)| self.controllers.contains_key(&(kind, namespace_of(object), name)));
        above || self.covered.contains(&key)
    }

    /// The workload at the top of an object's chain of owners, itself if nothing owns it.
    pub fn workload(&self, object: &Object) -> Workload {
        let namespace = namespace_of(object);
        let mut at = Workload { kind: object.kind.clone(), name: object.name.clone() };
        let mut next = controller(object);
        for _ in 0..4 {
            let Some((kind, name)) = next else { break };
            // Pods of a node's own (static pods) are owned by the Node: no workload.
            if &*kind == "Node" {
                break;
            }
            next = self.above(&(kind.clone(), namespace.clone(), name.clone()));
            at = Workload { kind, name };
        }
        at
    }

    /// The owner of a workload; a ReplicaSet or Job that is not in the input tells by its name.
    fn above(&self, (kind, namespace, name): &Key) -> Option<Owner> {
        if let Some(controller) = self.controllers.get(&(kind.clone(), namespace.clone(), name.clone())) {
            return controller.clone();
        }
        let above = match &**kind {
            "ReplicaSet" => "Deployment",
            "Job" => "CronJob",
            _ => return None,
        };
        let (base, _) = name.rsplit_once('-')?;
        let owner = (Arc::from(above), namespace.clone(), Arc::from(base));
        self.controllers.contains_key(&owner).then_some((owner.0, owner.2))
    }
}

fn key(object: &Object) -> Key {
    (object.kind.clone(), namespace_of(object), object.name.clone())
}

/// The owner that controls an object.
pub fn controller(object: &Object) -> Option<Owner> {
    let owners = object.metadata().owner_references.as_deref().unwrap_or_default();
    // Without a kind or a name, which the API server refuses, a reference says nothing.
    let mut known = owners.iter().filter(|owner| !owner.kind.is_empty() && !owner.name.is_empty());
    let owner: &OwnerReference =
        known.clone().find(|o| o.controller == Some(true)).or_else(|| known.next())?;
    Some((Arc::from(owner.kind.as_str()), Arc::from(owner.name.as_str())))
}
