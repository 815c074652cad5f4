//! All Services as one node sees them, and the lookup that the node's kernel makes for a new connection.
use std::{
    collections::{BTreeMap, HashMap},
    net::IpAddr,
    sync::{Arc, OnceLock},
};

use netloom_cluster::{Node, NodeId, Pod, Protocol, Service, Snapshot};

use crate::{
    Empty, Frontend, View,
    frontends::{frontends, same_everywhere},
    host_ports::{host_ports, key},
};

/// The frontends of one Service on one node.
#[derive(Clone, Debug, PartialEq)]
pub struct ServiceRoutes {
    /// `namespace/name`.
    pub name: Arc<str>,
    /// Its frontends.
    pub frontends: Vec<Frontend>,
}

/// Where a new connection goes.
#[derive(Clone, Debug)]
pub enum Route<'a> {
    /// Not to a Service: on to the address itself.
    Plain,
    /// To one of the view's backends.
    Backends {
        /// The frontend that was dialled.
        frontend: &'a Frontend,
        /// The view that applies to this client.
        view: &'a Arc<View>,
    },
    /// The view that applies has no backend.
    Empty {
        /// The frontend that was dialled.
        frontend: &'a Frontend,
        /// What the client sees.
        answer: Empty,
    },
    /// To an address of a Service, but on a port that the Service does not have: rejected.
    NoSuchPort {
        /// `namespace/name` of the Service.
        service: &'a Arc<str>,
    },
    /// `loadBalancerSourceRanges` leave the client out.
    SourceRefused {
        /// The frontend that was dialled.
        frontend: &'a Frontend,
    },
}

/// All Services as one node sees them.
#[derive(Clone, Debug)]
pub struct NodeRoutes {
    /// The node.
    pub node: NodeId,
    /// By `namespace/name`, and the `hostPort`s of this node's pods by theirs. A Service that did not change keeps its `Arc` from one compilation to the next.
    pub services: BTreeMap<Arc<str>, Arc<ServiceRoutes>>,
    index: OnceLock<Index>,
}

impl NodeRoutes {
    /// Where this node sends a new connection that it sees first: from one of its pods, from itself, or from outside.
    /// `inside` says that the client is a pod of the cluster or this node.
    #[must_use]
    pub fn lookup(
        &self,
        client: IpAddr,
        inside: bool,
        ip: IpAddr,
        protocol: Protocol,
        port: u16,
    ) -> Route<'_> {
        let Some(frontend) = self.frontend(ip, protocol, port) else {
            return self
                .index()
                .addresses
                .get(&ip)
                .map_or(Route::Plain, |service| Route::NoSuchPort { service });
        };
        if let Some(ranges) = &frontend.source_ranges
            && !ranges.iter().any(|net| net.contains(&client))
        {
            return Route::SourceRefused { frontend };
        }
        let view = match &frontend.inside {
            Some(unbound) if inside => unbound,
            _ => &frontend.view,
        };
        if view.backends.is_empty() {
            Route::Empty { frontend, answer: view.empty }
        } else {
            Route::Backends { frontend, view }
        }
    }

    fn frontend(&self, ip: IpAddr, protocol: Protocol, port: u16) -> Option<&Frontend> {
        let (name, i) = self.index().frontends.get(&(ip, protocol, port))?;
        Some(&self.services[name].frontends[*i])
    }

    fn index(&self) -> &Index {
        self.index.get_or_init(|| {
            let mut index = Index::default();
            for (name, routes) in &self.services {
                for (i, frontend) in routes.frontends.iter().enumerate() {
                    // Two Services that claim one address and port: the first by name has it, here and in the kernel.
                    let claim = index.frontends.entry((frontend.ip, frontend.protocol, frontend.port));
                    claim.or_insert_with(|| (name.clone(), i));
                    if frontend.kind.is_virtual() {
                        index.addresses.entry(frontend.ip).or_insert_with(|| name.clone());
                    }
                }
            }
            index
        })
    }
}

/// What a lookup needs, made when it is first asked for.
#[derive(Clone, Debug, Default)]
struct Index {
    frontends: HashMap<(IpAddr, Protocol, u16), (Arc<str>, usize)>,
    /// Addresses that are only a Service's.
    addresses: HashMap<IpAddr, Arc<str>>,
}

/// Compiles the Services of Snapshots, keeping what did not change.
#[derive(Debug, Default)]
pub struct RouteCompiler {
    cache: HashMap<Arc<str>, Cached>,
    host_ports: HostPorts,
}

/// The `hostPort`s of all pods, and what they were made of.
#[derive(Debug, Default)]
struct HostPorts {
    pods: Arc<Vec<Arc<Pod>>>,
    nodes: Arc<Vec<Node>>,
    routes: HashMap<Arc<str>, (NodeId, Arc<ServiceRoutes>)>,
}

impl HostPorts {
    fn update(&mut self, snapshot: &Snapshot) {
        if Arc::ptr_eq(&self.pods, &snapshot.pods) && Arc::ptr_eq(&self.nodes, &snapshot.nodes) {
            return;
        }
        (self.pods, self.nodes) = (snapshot.pods.clone(), snapshot.nodes.clone());
        let mut before = std::mem::take(&mut self.routes);
        for pod in snapshot.pods.iter().filter(|p| !p.host_ports.is_empty()) {
            let made = host_ports(pod, snapshot.node(pod.node));
            let known = before.remove(&key(pod)).map(|(_, known)| known).filter(|known| **known == made);
            let made = known.unwrap_or_else(|| Arc::new(made));
            self.routes.insert(made.name.clone(), (pod.node, made));
        }
    }
}

#[derive(Debug)]
struct Cached {
    service: Arc<Service>,
    /// By node name; a Service that looks the same from everywhere has one entry, under no name.
    routes: HashMap<Option<Arc<str>>, (Node, Arc<ServiceRoutes>)>,
}

impl RouteCompiler {
    /// The Services of a Snapshot as each of these nodes sees them.
    pub fn compile(&mut self, snapshot: &Snapshot, nodes: &[NodeId]) -> Vec<NodeRoutes> {
        let mut all: Vec<NodeRoutes> = nodes
            .iter()
            .map(|&node| NodeRoutes { node, services: BTreeMap::new(), index: OnceLock::new() })
            .collect();
        let mut cache = HashMap::with_capacity(snapshot.services.len());
        for service in snapshot.services.iter() {
            let key: Arc<str> = Arc::from(service.qualified_name());
            let mut cached = match self.cache.remove(&key) {
                Some(cached) => cached,
                None => Cached { service: service.clone(), routes: HashMap::new() },
            };
            let same = Arc::ptr_eq(&cached.service, service);
            cached.service = service.clone();
            let everywhere = same_everywhere(service);
            if !same {
                cached.routes.retain(|node, _| node.is_none() == everywhere);
            }
            let mut fresh: HashMap<Option<Arc<str>>, Arc<ServiceRoutes>> = HashMap::new();
            for routes in &mut all {
                let node = snapshot.node(routes.node);
                let place = (!everywhere).then(|| node.name.clone());
                let made = fresh.entry(place).or_insert_with_key(|place| {
                    let known = cached.routes.get(place).filter(|(seen, _)| everywhere || seen == node);
                    match known {
                        Some((_, known)) if same => known.clone(),
                        known => {
                            let made =
                                ServiceRoutes { name: key.clone(), frontends: frontends(service, node) };
                            match known {
                                Some((_, known)) if **known == made => known.clone(),
                                _ => Arc::new(made),
                            }
                        }
                    }
                });
                if !made.frontends.is_empty() {
                    routes.services.insert(key.clone(), made.clone());
                }
            }
            cached.routes = fresh
                .into_iter()
                .map(|(place, made)| {
                    let node = nodes
                        .iter()
                        .map(|n| snapshot.node(*n))
                        .find(|n| place.as_ref().is_none_or(|p| *p == n.name));
                    (place, (node.unwrap_or(&snapshot.nodes[0]).clone(), made))
                })
                .collect();
            cache.insert(key, cached);
        }
        self.cache = cache;
        self.host_ports.update(snapshot);
        for (name, (node, made)) in &self.host_ports.routes {
            let here = all.iter_mut().find(|routes| routes.node == *node);
            if let Some(routes) = here.filter(|_| !made.frontends.is_empty()) {
                routes.services.insert(name.clone(), made.clone());
            }
        }
        all
    }
}
