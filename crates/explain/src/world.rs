//! Everything that is compiled from one Snapshot, kept together so that all faces read the same.
use std::sync::Arc;

use netloom_cluster::{NodeId, Snapshot};
use netloom_naming::Zone;
use netloom_policy::{Compiler, PolicySet};
use netloom_routing::{NodeRoutes, RouteCompiler};

/// A Snapshot with its policies, routes and names.
#[derive(Clone, Debug)]
pub struct World {
    /// The Snapshot.
    pub snapshot: Snapshot,
    /// Its policies.
    pub policies: PolicySet,
    /// Its Services as each node sees them, by node index.
    pub routes: Vec<NodeRoutes>,
    /// Its DNS zone.
    pub zone: Arc<Zone>,
}

impl World {
    /// Compiles one Snapshot.
    #[must_use]
    pub fn compile(snapshot: Snapshot) -> Self {
        Worlds::default().compile(snapshot)
    }

    /// The Services as a node sees them.
    #[must_use]
    pub fn routes_of(&self, node: NodeId) -> &NodeRoutes {
        &self.routes[node.0 as usize]
    }
}

/// Compiles Snapshots one after the other, keeping what did not change.
#[derive(Debug, Default)]
pub struct Worlds {
    policies: Compiler,
    routes: RouteCompiler,
    last: Option<(Snapshot, Arc<Zone>, Vec<NodeRoutes>)>,
}

impl Worlds {
    /// Compiles the next Snapshot.
    pub fn compile(&mut self, snapshot: Snapshot) -> World {
        let policies = self.policies.compile(&snapshot);
        let same_parts = self.last.as_ref().filter(|(last, ..)| {
            Arc::ptr_eq(&last.services, &snapshot.services)
                && Arc::ptr_eq(&last.nodes, &snapshot.nodes)
                && Arc::ptr_eq(&last.pods, &snapshot.pods)
        });
        let (zone, routes) = match same_parts {
            Some((_, zone, routes)) => (zone.clone(), routes.clone()),
            None => {
                let zone = match &self.last {
                    Some((_, zone, _)) => zone.update(&snapshot),
                    None => Zone::compile(&snapshot),
                };
                let nodes: Vec<NodeId> = snapshot.nodes.iter().map(|n| n.id).collect();
                (Arc::new(zone), self.routes.compile(&snapshot, &nodes))
            }
        };
        self.last = Some((snapshot.clone(), zone.clone(), routes.clone()));
        World { snapshot, policies, routes, zone }
    }
}
