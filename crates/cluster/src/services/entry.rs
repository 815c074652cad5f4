//! One Service, built anew only if something that it is made of changed.
use std::sync::Arc;

use netloom_objects::Object;

use super::{
    aims::say_aims,
    allocate::{Allocated, Claim},
    endpoints::{self, Ground},
    index::Changed,
    parse::{Parsed, Shape},
    shared::{Selection, Shared},
};
use crate::{
    findings::Findings,
    input::{keep, same},
    model::{Endpoint, Pod, Service, ServiceId, ServiceKind, ServicePort},
};

/// One Service with all that went into it.
pub struct Entry {
    /// Tells the object.
    pub object: usize,
    /// Its index in the Snapshot when it was built last.
    pub id: ServiceId,
    /// Whether something other than pods and nodes changed since it was built.
    pub dirty: bool,
    pub parsed: Arc<Parsed>,
    pub allocated: Allocated,
    /// The lists of its endpoints.
    pub lists: Vec<Arc<Object>>,
    /// As it was when it was built last.
    pub built: Option<Built>,
}

pub struct Built {
    pub parsed: Arc<Parsed>,
    pub allocated: Allocated,
    /// The selected pods, and whether each is being deleted.
    pub selected: Selection,
    /// The pods that listed endpoints were looked up in; none where nothing was.
    pub looked_up_in: Option<Arc<Vec<Arc<Pod>>>>,
    pub lists: Vec<Arc<Object>>,
    pub service: Arc<Service>,
    pub findings: Findings,
}

impl Entry {
    /// What it asks for, and what it had.
    pub fn claim(&self) -> Claim<'_> {
        Claim { now: &self.parsed, before: self.built.as_ref().map(|b| (&*b.parsed, &b.allocated)) }
    }

    /// Builds the Service, unless it is built as it is to be.
    pub fn build(
        &mut self,
        id: ServiceId,
        (ground, shared): (&Ground<'_>, &mut Shared),
        changed: &Changed,
        same_nodes: bool,
    ) {
        let topology = ground.topology;
        let parsed = &self.parsed;
        let same_ground = same_nodes
            && match (&parsed.selector, &self.built) {
                (_, None) => false,
                (_, Some(built)) if built.looked_up_in.is_some() => {
                    built.looked_up_in.as_ref().is_some_and(|pods| Arc::ptr_eq(pods, &topology.pods))
                }
                (None, Some(_)) => true,
                (Some(selector), Some(_)) => !changed.touch(&parsed.namespace, selector),
            };
        if same_ground && !self.dirty {
            self.renumber(id);
            return;
        }
        let selected = shared.selection(parsed, ground);
        if let Some(built) = &mut self.built {
            let looks_up = built.looked_up_in.is_some();
            let as_it_was = (Arc::ptr_eq(&built.parsed, parsed) || built.parsed == *parsed)
                && built.allocated == self.allocated
                && same(&built.lists, &self.lists)
                && same_selection(&built.selected, &selected)
                && if looks_up { same_ground } else { same_nodes };
            if as_it_was {
                built.parsed = parsed.clone();
                self.dirty = false;
                self.renumber(id);
                return;
            }
        }
        let mut findings = Findings::default();
        let looks_up = selected.is_empty() && !self.lists.is_empty();
        let endpoints = match &parsed.shape {
            Shape::ExternalName(_) => Arc::default(),
            _ if looks_up => Arc::new(endpoints::of_objects(parsed, &self.lists, ground)),
            _ => shared.endpoints(parsed, ground),
        };
        say_aims(parsed, &selected, endpoints.is_empty(), &mut findings);
        let service = assemble(parsed, &self.allocated, endpoints, id);
        let service = keep(self.built.as_ref().map(|b| &b.service), service);
        self.built = Some(Built {
            parsed: parsed.clone(),
            allocated: self.allocated.clone(),
            selected,
            looked_up_in: looks_up.then(|| topology.pods.clone()),
            lists: self.lists.clone(),
            service,
            findings,
        });
        self.id = id;
        self.dirty = false;
    }

    /// The same Service, at another index perhaps.
    fn renumber(&mut self, id: ServiceId) {
        if let Some(built) = self.built.as_mut().filter(|_| self.id != id) {
            if built.service.id != id {
                built.service = Arc::new(Service { id, ..Service::clone(&built.service) });
            }
            self.id = id;
        }
    }
}

fn same_selection(a: &[(Arc<Pod>, bool)], b: &[(Arc<Pod>, bool)]) -> bool {
    std::ptr::eq(a, b)
        || a.len() == b.len() && a.iter().zip(b).all(|(a, b)| Arc::ptr_eq(&a.0, &b.0) && a.1 == b.1)
}

fn assemble(parsed: &Parsed, allocated: &Allocated, endpoints: Arc<Vec<Endpoint>>, id: ServiceId) -> Service {
    let port = |(port, node_port): (&ServicePort, &Option<u16>)| ServicePort {
        node_port: *node_port,
        ..port.clone()
    };
    Service {
        id,
        name: parsed.name.clone(),
        namespace: parsed.namespace.clone(),
        labels: parsed.labels.clone(),
        kind: match &parsed.shape {
            Shape::Virtual => ServiceKind::Virtual(allocated.ips),
            Shape::Headless => ServiceKind::Headless,
            Shape::ExternalName(name) => ServiceKind::ExternalName(name.clone()),
        },
        ports: parsed.ports.iter().zip(&allocated.node_ports).map(port).collect(),
        has_selector: parsed.selector.is_some(),
        endpoints,
        affinity: parsed.affinity,
        internal_policy: parsed.internal_policy,
        external_policy: parsed.external_policy,
        distribution: parsed.distribution,
        lb_ips: allocated.lb.clone(),
        external_ips: parsed.external_ips.clone(),
        source_ranges: parsed.source_ranges.clone(),
        health_check_node_port: allocated.health,
        publish_not_ready: parsed.publish_not_ready,
        origin: parsed.origin.clone(),
    }
}
