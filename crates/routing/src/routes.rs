//! All Services as one node sees them, and the lookup that the node's kernel makes for a new connection.
use std::{
    cmp::Ordering,
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
    /// To a ClusterIP, but on a port that the Service does not have: rejected.
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
    /// By `namespace/name`, and the `hostPort`s of this node's pods by theirs. A Service that did not change keeps its
    /// `Arc` from one compilation to the next.
    pub services: Arc<BTreeMap<Arc<str>, Arc<ServiceRoutes>>>,
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

    /// Whether a connection that was opened to `dialled` may go on to `answering`: to the address itself where no Service
    /// has it, else to an endpoint that still serves, even where new connections would go to others.
    #[must_use]
    pub fn may_lead(
        &self,
        snapshot: &Snapshot,
        dialled: (IpAddr, u16),
        protocol: Protocol,
        answering: (IpAddr, u16),
    ) -> bool {
        let Some(frontend) = self.frontend(dialled.0, protocol, dialled.1) else {
            return dialled == answering && !self.index().addresses.contains_key(&dialled.0);
        };
        let view = &frontend.view;
        let backends = frontend.inside.iter().chain([view]).flat_map(|view| &view.backends);
        let mut backends = backends;
        if backends.any(|backend| (backend.ip, backend.port) == answering) {
            return true;
        }
        let service = view.service.split_once('/').and_then(|(ns, name)| snapshot.find_service(ns, name));
        let Some(service) = service else { return false };
        let nth = service.ports.iter().position(|p| (p.protocol, p.port) == (view.protocol, view.port));
        let aims = |e: &netloom_cluster::Endpoint| {
            e.ips.contains(answering.0)
                && nth.and_then(|nth| e.ports.get(nth).copied().flatten()) == Some(answering.1)
        };
        service.endpoints.iter().any(|e| (e.ready || e.serving) && aims(e))
    }

    fn frontend(&self, ip: IpAddr, protocol: Protocol, port: u16) -> Option<&Frontend> {
        let (name, i) = self.index().frontends.get(&(ip, protocol, port))?;
        Some(&self.services[name].frontends[*i])
    }

    fn index(&self) -> &Index {
        self.index.get_or_init(|| {
            let mut index = Index::default();
            for (name, routes) in self.services.iter() {
                for (i, frontend) in routes.frontends.iter().enumerate() {
                    // Two Services that claim one address and port: the first by name has it, here and in the kernel.
                    let claim = index.frontends.entry((frontend.ip, frontend.protocol, frontend.port));
                    claim.or_insert_with(|| (name.clone(), i));
                    if frontend.kind.refuses_other_ports() {
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
    /// Addresses whose other ports are refused.
    addresses: HashMap<IpAddr, Arc<str>>,
}

/// Compiles the Services of Snapshots, keeping what did not change.
#[derive(Debug, Default)]
pub struct RouteCompiler {
    cache: HashMap<Arc<str>, Cached>,
    host_ports: HostPorts,
    last: Option<Last>,
}

/// The `hostPort`s of all pods, and what they were made of.
#[derive(Debug, Default)]
struct HostPorts {
    pods: Arc<Vec<Arc<Pod>>>,
    nodes: Arc<Vec<Node>>,
    routes: HashMap<Arc<str>, (NodeId, Arc<ServiceRoutes>)>,
}

impl HostPorts {
    /// Puts those of a Snapshot into the routes of their nodes; nothing is copied where they stay as they are.
    fn put(&mut self, snapshot: &Snapshot, routes: &mut [NodeRoutes]) {
        let mut set = |node: NodeId, name: &Arc<str>, made: Option<Arc<ServiceRoutes>>| {
            if let Some(of_node) = routes.iter_mut().find(|of_node| of_node.node == node) {
                of_node.set(name, made.filter(|made| !made.frontends.is_empty()));
            }
        };
        for (name, node) in self.update(snapshot) {
            set(node, &name, None);
        }
        for (name, (node, made)) in &self.routes {
            set(*node, name, Some(made.clone()));
        }
    }

    /// Takes the next Snapshot; returns the names that are no longer on their node.
    fn update(&mut self, snapshot: &Snapshot) -> Vec<(Arc<str>, NodeId)> {
        if Arc::ptr_eq(&self.pods, &snapshot.pods) && Arc::ptr_eq(&self.nodes, &snapshot.nodes) {
            return Vec::new();
        }
        (self.pods, self.nodes) = (snapshot.pods.clone(), snapshot.nodes.clone());
        let before = std::mem::take(&mut self.routes);
        for pod in snapshot.pods.iter().filter(|p| !p.host_ports.is_empty()) {
            let made = host_ports(pod, snapshot.node(pod.node));
            let known = before.get(&key(pod)).map(|(_, known)| known).filter(|known| ***known == made);
            let made = known.cloned().unwrap_or_else(|| Arc::new(made));
            self.routes.insert(made.name.clone(), (pod.node, made));
        }
        let stays =
            |name: &Arc<str>, node: NodeId| self.routes.get(name).is_some_and(|(now, _)| *now == node);
        before.into_iter().map(|(name, (node, _))| (name, node)).filter(|(n, on)| !stays(n, *on)).collect()
    }
}

#[derive(Debug)]
struct Cached {
    service: Arc<Service>,
    /// By node name; a Service that looks the same from everywhere has one entry, under no name.
    routes: HashMap<Option<Arc<str>>, (Node, Arc<ServiceRoutes>)>,
}

/// What was compiled last.
#[derive(Debug)]
struct Last {
    services: Arc<Vec<Arc<Service>>>,
    nodes: Arc<Vec<Node>>,
    routes: Vec<NodeRoutes>,
}

impl RouteCompiler {
    /// The Services of a Snapshot as each of these nodes sees them.
    pub fn compile(&mut self, snapshot: &Snapshot, nodes: &[NodeId]) -> Vec<NodeRoutes> {
        let on_same = |last: &Last| {
            let compiled = last.routes.iter().map(|r| r.node);
            Arc::ptr_eq(&last.nodes, &snapshot.nodes) && compiled.eq(nodes.iter().copied())
        };
        let mut routes = match self.last.take().filter(on_same) {
            Some(last) => self.change(last, snapshot, nodes),
            None => self.all(snapshot, nodes),
        };
        self.host_ports.put(snapshot, &mut routes);
        self.last = Some(Last {
            services: snapshot.services.clone(),
            nodes: snapshot.nodes.clone(),
            routes: routes.clone(),
        });
        routes
    }

    fn all(&mut self, snapshot: &Snapshot, nodes: &[NodeId]) -> Vec<NodeRoutes> {
        let mut maps = vec![BTreeMap::new(); nodes.len()];
        let mut before = std::mem::take(&mut self.cache);
        for service in snapshot.services.iter() {
            let key: Arc<str> = Arc::from(service.qualified_name());
            let (cached, made) = compile_one(&key, before.remove(&key), service, snapshot, nodes);
            self.cache.insert(key.clone(), cached);
            for (map, made) in maps.iter_mut().zip(made).filter(|(_, made)| !made.frontends.is_empty()) {
                map.insert(key.clone(), made);
            }
        }
        let of_node = |(&node, map)| NodeRoutes { node, services: Arc::new(map), index: OnceLock::new() };
        nodes.iter().zip(maps).map(of_node).collect()
    }

    fn change(&mut self, last: Last, snapshot: &Snapshot, nodes: &[NodeId]) -> Vec<NodeRoutes> {
        let Last { services, mut routes, .. } = last;
        let (gone, come) = difference(&services, &snapshot.services);
        for service in gone {
            let key = service.qualified_name();
            self.cache.remove(&*key);
            routes.iter_mut().for_each(|of_node| of_node.set(&key, None));
        }
        for service in come {
            let key: Arc<str> = Arc::from(service.qualified_name());
            let (cached, made) = compile_one(&key, self.cache.remove(&key), service, snapshot, nodes);
            self.cache.insert(key.clone(), cached);
            for (of_node, made) in routes.iter_mut().zip(made) {
                of_node.set(&key, Some(made).filter(|made| !made.frontends.is_empty()));
            }
        }
        routes
    }
}

impl NodeRoutes {
    /// Changes one Service; nothing is copied where it stays as it is.
    fn set(&mut self, key: &str, routes: Option<Arc<ServiceRoutes>>) {
        let same = match (self.services.get(key), &routes) {
            (Some(before), Some(now)) => Arc::ptr_eq(before, now),
            (before, now) => before.is_none() && now.is_none(),
        };
        if same {
            return;
        }
        self.index = OnceLock::new();
        let services = Arc::make_mut(&mut self.services);
        match routes {
            Some(routes) => services.insert(routes.name.clone(), routes),
            None => services.remove(key),
        };
    }
}

/// A Service as each of the nodes sees it, and what to remember of it.
fn compile_one(
    key: &Arc<str>,
    cached: Option<Cached>,
    service: &Arc<Service>,
    snapshot: &Snapshot,
    nodes: &[NodeId],
) -> (Cached, Vec<Arc<ServiceRoutes>>) {
    let mut cached = cached.unwrap_or_else(|| Cached { service: service.clone(), routes: HashMap::new() });
    let same = Arc::ptr_eq(&cached.service, service);
    cached.service = service.clone();
    let everywhere = same_everywhere(service);
    let mut fresh: HashMap<Option<Arc<str>>, (Node, Arc<ServiceRoutes>)> = HashMap::new();
    let mut of_nodes = Vec::with_capacity(nodes.len());
    for node in nodes.iter().map(|id| snapshot.node(*id)) {
        let place = (!everywhere).then(|| node.name.clone());
        let (_, made) = fresh.entry(place).or_insert_with_key(|place| {
            let known = cached.routes.get(place).filter(|(seen, _)| everywhere || seen == node);
            let made = match known {
                Some((_, known)) if same => known.clone(),
                _ => {
                    let made = ServiceRoutes { name: key.clone(), frontends: frontends(service, node) };
                    let equal = cached.routes.get(place).filter(|(_, before)| **before == made);
                    equal.map_or_else(|| Arc::new(made), |(_, before)| before.clone())
                }
            };
            (node.clone(), made)
        });
        of_nodes.push(made.clone());
    }
    cached.routes = fresh;
    (cached, of_nodes)
}

/// The Services that are only in the first of two lists, and those of the second that are not the very same in the
/// first. Both are sorted by namespace and name.
fn difference<'a>(
    old: &'a [Arc<Service>],
    new: &'a [Arc<Service>],
) -> (Vec<&'a Arc<Service>>, Vec<&'a Arc<Service>>) {
    let (mut gone, mut come) = (Vec::new(), Vec::new());
    let (mut old, mut new) = (old.iter().peekable(), new.iter().peekable());
    while let (Some(a), Some(b)) = (old.peek(), new.peek()) {
        if Arc::ptr_eq(a, b) {
            old.next();
            new.next();
            continue;
        }
        match (&a.namespace, &a.name).cmp(&(&b.namespace, &b.name)) {
            Ordering::Less => gone.extend(old.next()),
            Ordering::Greater => come.extend(new.next()),
            Ordering::Equal => {
                old.next();
                come.extend(new.next());
            }
        }
    }
    gone.extend(old);
    come.extend(new);
    (gone, come)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails where it cannot go on")]
    use netloom_cluster::{Builder, Options};
    use netloom_objects::{ObjectSet, Source, parse_source};

    use super::*;

    fn manifests(services: &[(&str, u16)], nodes: usize) -> String {
        let mut text = String::new();
        for node in 0..nodes {
            text += &format!("---\napiVersion: v1\nkind: Node\nmetadata: {{name: n{node}}}\n");
        }
        for (name, port) in services {
            let (name, policy) = name.split_once('/').map_or((*name, "Cluster"), |(n, p)| (n, p));
            text += &format!(
                "---\napiVersion: v1\nkind: Service\nmetadata: {{name: {name}}}\nspec:\n  \
                 internalTrafficPolicy: {policy}\n  ports: [{{port: {port}}}]\n"
            );
        }
        text
    }

    /// One compiler from state to state has to say what a new one says, and copy nothing that stays.
    #[test]
    fn a_change_ends_where_a_fresh_start_does() {
        let states: [(&[(&str, u16)], usize); 8] = [
            (&[("a", 80), ("b", 80), ("c/Local", 80)], 3),
            (&[("a", 80), ("b", 81), ("c/Local", 80)], 3),
            (&[("b", 81), ("c/Local", 80), ("d", 80)], 3),
            (&[("b", 81), ("c", 80), ("d/Local", 80)], 3),
            (&[("b", 81), ("c", 80), ("d/Local", 80)], 2),
            (&[("a", 1), ("d", 80)], 2),
            (&[], 2),
            (&[("a", 80)], 3),
        ];
        let mut builder = Builder::new(Options::default());
        let mut compiler = RouteCompiler::default();
        let mut before: Vec<NodeRoutes> = Vec::new();
        let mut earlier: &[(&str, u16)] = &[];
        for (services, nodes) in states {
            let source = Source::new("all.yaml", &manifests(services, nodes));
            let set = ObjectSet::assemble(vec![Arc::new(parse_source(&source))]);
            let snapshot = builder.build(&set).snapshot;
            let nodes: Vec<NodeId> = snapshot.nodes.iter().map(|n| n.id).collect();
            let routes = compiler.compile(&snapshot, &nodes);
            let fresh = RouteCompiler::default().compile(&snapshot, &nodes);
            for (changed, fresh) in routes.iter().zip(&fresh) {
                assert_eq!(changed.services, fresh.services, "{services:?}");
            }
            let again = compiler.compile(&snapshot, &nodes);
            assert!(routes.iter().zip(&again).all(|(a, b)| Arc::ptr_eq(&a.services, &b.services)));
            // A Service that goes from one view a node to one for all cannot stay the same everywhere.
            let stays = |name: &str| {
                let short = name.strip_prefix("default/").unwrap_or(name);
                let written = |of: &[(&str, u16)]| {
                    of.iter().map(|(name, _)| (*name).to_owned()).find(|n| n.split('/').next() == Some(short))
                };
                written(earlier) == written(services)
            };
            for (before, now) in before.iter().zip(&routes) {
                for (name, kept) in before.services.iter().filter(|(name, _)| stays(name)) {
                    let same = now.services.get(name).filter(|now| now == &kept);
                    assert!(same.is_none_or(|now| Arc::ptr_eq(now, kept)), "{name} was copied");
                }
            }
            earlier = services;
            before = routes;
        }
    }
}
