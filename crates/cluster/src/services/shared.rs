//! What Services that select the same pods have in common, made once: thousands of them may stand before the same pods.
use std::{collections::HashMap, sync::Arc};

use super::{
    endpoints::{self, Ground},
    parse::Parsed,
};
use crate::model::{Endpoint, Pod, Selector};

/// Pods that a selector picks, and whether each is being deleted.
pub type Selection = Arc<Vec<(Arc<Pod>, bool)>>;

/// What was made for the Services of one state of the objects.
#[derive(Default)]
pub struct Shared {
    /// By namespace and selector.
    selections: HashMap<(Arc<str>, Selector), (Selection, Vec<Lists>)>,
}

/// The endpoints of Services that are alike.
struct Lists {
    like: Arc<Parsed>,
    endpoints: Arc<Vec<Endpoint>>,
}

impl Shared {
    /// The pods that a Service selects.
    pub fn selection(&mut self, service: &Parsed, ground: &Ground<'_>) -> Selection {
        self.of(service, ground).map(|(selection, _)| selection.clone()).unwrap_or_default()
    }

    /// The pods that a Service selects, as its endpoints.
    pub fn endpoints(&mut self, service: &Arc<Parsed>, ground: &Ground<'_>) -> Arc<Vec<Endpoint>> {
        let Some((selection, lists)) = self.of(service, ground) else { return Arc::default() };
        let is_named = |(pod, _): &(Arc<Pod>, bool)| {
            pod.subdomain.as_ref().is_some_and(|subdomain| *subdomain == service.name)
        };
        if selection.iter().any(is_named) {
            return Arc::new(endpoints::of_pods(service, selection, ground));
        }
        if let Some(known) = lists.iter().find(|known| are_alike(&known.like, service)) {
            return known.endpoints.clone();
        }
        let endpoints = Arc::new(endpoints::of_pods(service, selection, ground));
        lists.push(Lists { like: service.clone(), endpoints: endpoints.clone() });
        endpoints
    }

    fn of(&mut self, service: &Parsed, ground: &Ground<'_>) -> Option<&mut (Selection, Vec<Lists>)> {
        let selector = service.selector.as_ref()?;
        let of_pods = || {
            let pod = |id: u32| {
                let terminating = ground.topology.extras[id as usize].terminating;
                (ground.topology.pods[id as usize].clone(), terminating)
            };
            let picked = ground.index.select(&service.namespace, selector);
            (Arc::new(picked.into_iter().map(pod).collect()), Vec::new())
        };
        Some(self.selections.entry((service.namespace.clone(), selector.clone())).or_insert_with(of_pods))
    }
}

/// Whether two Services have the same endpoints of the same pods, but for the names that pods have under their own Service.
fn are_alike(a: &Parsed, b: &Parsed) -> bool {
    a.families == b.families
        && a.publish_not_ready == b.publish_not_ready
        && a.ports.len() == b.ports.len()
        && a.ports.iter().zip(&b.ports).all(|(a, b)| a.target == b.target && a.protocol == b.protocol)
}
