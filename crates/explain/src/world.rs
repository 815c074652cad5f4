//! Everything that is compiled from one Snapshot, kept together so that all faces read the same.
use std::sync::Arc;

use netloom_cluster::{NodeId, Snapshot};
use netloom_naming::{Servers, Zone};
use netloom_policy::{Compiler, PolicySet};
use netloom_routing::{NodeRoutes, RouteCompiler};

/// A Snapshot with its policies, routes and names. A copy costs a few pointers.
#[derive(Clone, Debug)]
pub struct World {
    /// The Snapshot.
    pub snapshot: Snapshot,
    /// Its policies.
    pub policies: Arc<PolicySet>,
    /// Its Services as each node sees them, by node index.
    pub routes: Arc<Vec<NodeRoutes>>,
    /// Its DNS zone.
    pub zone: Arc<Zone>,
    /// Its DNS servers.
    pub dns: Servers,
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
    last: Option<World>,
}

impl Worlds {
    /// Compiles the next Snapshot.
    pub fn compile(&mut self, snapshot: Snapshot) -> World {
        let policies = self.policies.compile(&snapshot);
        let same_parts = self.last.as_ref().filter(|last| {
            Arc::ptr_eq(&last.snapshot.services, &snapshot.services)
                && Arc::ptr_eq(&last.snapshot.nodes, &snapshot.nodes)
                && Arc::ptr_eq(&last.snapshot.pods, &snapshot.pods)
                && Arc::ptr_eq(&last.snapshot.namespaces, &snapshot.namespaces)
        });
        let (zone, routes) = match same_parts {
            Some(last) => (last.zone.clone(), last.routes.clone()),
            None => {
                let zone = match &self.last {
                    Some(last) => last.zone.update(&snapshot),
                    None => Zone::compile(&snapshot),
                };
                let nodes: Vec<NodeId> = snapshot.nodes.iter().map(|n| n.id).collect();
                (Arc::new(zone), Arc::new(self.routes.compile(&snapshot, &nodes)))
            }
        };
        let same_dns = self.last.as_ref().filter(|last| {
            Arc::ptr_eq(&last.zone, &zone)
                && Arc::ptr_eq(&last.snapshot.dns_servers, &snapshot.dns_servers)
                && last.snapshot.dns_service == snapshot.dns_service
        });
        let dns = match same_dns {
            Some(last) => last.dns.clone(),
            None => Servers::compile(&snapshot, &zone, self.last.as_ref().map(|last| &last.dns)),
        };
        let world = World { snapshot, policies, routes, zone, dns };
        self.last = Some(world.clone());
        world
    }
}
