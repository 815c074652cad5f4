//! Sorts the objects by what they matter for, and notices what changed since the last time.
use std::{
    collections::{BTreeSet, HashSet},
    sync::Arc,
};

use netloom_objects::{Object, ObjectRef, Typed};

/// Objects by what they are needed for, each kind in input order.
#[derive(Clone, Debug, Default)]
pub struct Input {
    /// Namespace.
    pub namespaces: Vec<Arc<Object>>,
    /// Node.
    pub nodes: Vec<Arc<Object>>,
    /// Pods and everything that makes pods.
    pub workloads: Vec<Arc<Object>>,
    /// Service.
    pub services: Vec<Arc<Object>>,
    /// EndpointSlice and Endpoints.
    pub endpoints: Vec<Arc<Object>>,
    /// The four kinds of policy.
    pub policies: Vec<Arc<Object>>,
    /// The namespaces that the objects are in or declare.
    pub namespace_names: BTreeSet<Arc<str>>,
}

impl Input {
    /// Sorts objects.
    pub fn sort<'a>(objects: impl Iterator<Item = &'a Arc<Object>>) -> Self {
        let mut input = Self::default();
        let mut names: HashSet<&'a str> = HashSet::new();
        for object in objects {
            if let Some(namespace) = &object.reference.namespace
                && names.insert(namespace)
            {
                input.namespace_names.insert(namespace.clone());
            }
            input.file(object);
        }
        input
    }

    /// Adds an object to those sorted.
    pub fn add(&mut self, object: &Arc<Object>) {
        self.namespace_names.extend(object.reference.namespace.clone());
        self.file(object);
    }

    fn file(&mut self, object: &Arc<Object>) {
        let list = match &object.typed {
            Typed::Namespace(_) => {
                self.namespace_names.insert(object.name.clone());
                &mut self.namespaces
            }
            Typed::Node(_) => &mut self.nodes,
            Typed::Pod(_)
            | Typed::Deployment(_)
            | Typed::ReplicaSet(_)
            | Typed::StatefulSet(_)
            | Typed::DaemonSet(_)
            | Typed::Job(_)
            | Typed::CronJob(_)
            | Typed::ReplicationController(_) => &mut self.workloads,
            Typed::Service(_) => &mut self.services,
            Typed::EndpointSlice(_) | Typed::Endpoints(_) => &mut self.endpoints,
            Typed::NetworkPolicy(_)
            | Typed::ClusterNetworkPolicy(_)
            | Typed::AdminNetworkPolicy(_)
            | Typed::BaselineAdminNetworkPolicy(_) => &mut self.policies,
            Typed::ConfigMap(_) | Typed::Secret(_) | Typed::ServiceAccount(_) | Typed::Other(_) => return,
        };
        list.push(object.clone());
    }
}

/// Tells objects apart, for as long as both are held.
pub fn identity(object: &Arc<Object>) -> usize {
    Arc::as_ptr(object) as usize
}

/// Whether two lists hold the very same objects in the same order.
pub fn same<T>(a: &[Arc<T>], b: &[Arc<T>]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| Arc::ptr_eq(a, b))
}

/// Where an object is; objects are always in a namespace here, except cluster-scoped ones.
pub fn namespace_of(object: &Object) -> Arc<str> {
    object.reference.namespace.clone().unwrap_or_else(|| Arc::from("default"))
}

/// The object at the line of a field; objects that netloom added have no lines.
pub fn refer(object: &Object, path: &str) -> Arc<ObjectRef> {
    match object.reference.at.line {
        0 => object.reference.clone(),
        _ => object.refer(path),
    }
}
