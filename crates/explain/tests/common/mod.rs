//! Worlds made of YAML, for tests.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
#![allow(dead_code, reason = "each test file uses its own part")]
use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use netloom_cluster::{Builder, Families, NodeId, Options as ClusterOptions, PodId};
use netloom_explain::{Explanation, Options, World, explain};
use netloom_objects::{ObjectSet, Source, parse_source};

/// Objects and what was compiled of them.
pub struct Fixture {
    pub objects: ObjectSet,
    pub world: World,
}

impl Fixture {
    /// A cluster of these manifests, of IPv4 only.
    pub fn new(files: &[(&str, &str)]) -> Self {
        Self::with(files, &ClusterOptions { families: Families::V4, ..ClusterOptions::default() })
    }

    pub fn with(files: &[(&str, &str)], options: &ClusterOptions) -> Self {
        let fixture = Self::keep_going(files, options);
        assert!(!fixture.objects.has_errors(), "{}", fixture.objects.render(false));
        fixture
    }

    /// What `--keep-going` makes of manifests with faults.
    pub fn keep_going(files: &[(&str, &str)], options: &ClusterOptions) -> Self {
        let parse = |(name, text): &(&str, &str)| Arc::new(parse_source(&Source::new(name, text)));
        let objects = ObjectSet::assemble(files.iter().map(parse).collect());
        let built = Builder::new(options.clone()).build(&objects);
        Self { objects, world: World::compile(built.snapshot) }
    }

    pub fn options(&self) -> Options<'_> {
        Options { objects: Some(&self.objects), ..Options::default() }
    }

    pub fn explain(&self, from: &str, to: &str) -> Explanation {
        explain(&self.world, from, to, &self.options()).unwrap_or_else(|e| panic!("{from} {to}: {e}"))
    }

    pub fn error(&self, from: &str, to: &str) -> String {
        match explain(&self.world, from, to, &self.options()) {
            Ok(told) => panic!("{from} {to} should be refused:\n{}", told.render(false)),
            Err(error) => error.to_string(),
        }
    }

    /// The hop that fails first: its stage, `file:line` and words.
    pub fn failing(&self, from: &str, to: &str) -> (&'static str, String, String) {
        let told = self.explain(from, to);
        let hop = told.hops.iter().find(|h| !h.is_ok());
        let hop = hop.unwrap_or_else(|| panic!("{from} {to} should be denied:\n{}", told.render(false)));
        (hop.stage.name(), hop.object.as_ref().map(|o| o.at.to_string()).unwrap_or_default(), hop.why.clone())
    }

    /// The pods of a workload, in order.
    pub fn pods(&self, workload: &str) -> Vec<PodId> {
        let pods: Vec<PodId> =
            self.world.snapshot.pods.iter().filter(|p| *p.workload.name == *workload).map(|p| p.id).collect();
        assert!(!pods.is_empty(), "no pods of {workload}");
        pods
    }

    pub fn pod_ip(&self, pod: PodId) -> IpAddr {
        self.world.snapshot.pod(pod).ips.iter().next().unwrap()
    }

    pub fn node_of(&self, pod: PodId) -> NodeId {
        self.world.snapshot.pod(pod).node
    }

    pub fn node_ip(&self, node: NodeId) -> IpAddr {
        self.world.snapshot.node(node).ips.iter().next().unwrap()
    }

    pub fn cluster_ip(&self, namespace: &str, service: &str) -> IpAddr {
        self.world.snapshot.find_service(namespace, service).unwrap().cluster_ips().iter().next().unwrap()
    }
}

/// An address and port.
pub fn at(ip: IpAddr, port: u16) -> SocketAddr {
    SocketAddr::new(ip, port)
}
