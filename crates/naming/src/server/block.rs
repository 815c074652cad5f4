//! A server block: its zone, and its plugins in CoreDNS' order.
use std::sync::Arc;

use netloom_objects::ObjectRef;

use super::{
    acl::Acl, autopath::Autopath, cache::Cache, file::ZoneFiles, forward::Forward, hosts::HostsTable,
    kubernetes::Kubernetes, log::Log, rewrite::Rule, template::Template,
};

/// A server block for one of its zones.
#[derive(Clone, Debug)]
pub struct Block {
    /// The zone without its final dot; empty for the root.
    pub zone: Arc<str>,
    /// The port; any where there is no Corefile.
    pub port: Option<u16>,
    /// What it logs (`log`); the first that is for a name is taken.
    pub(super) logs: Arc<[Log]>,
    /// Whether it logs errors (`errors`).
    pub errors: bool,
    /// Whether it is counted (`prometheus`).
    pub measured: bool,
    /// The names of its plugins, for `coredns_plugin_enabled`.
    pub plugins: Arc<[&'static str]>,
    pub(super) chain: Arc<[Plugin]>,
}

/// A plugin and its line; none in the server that netloom adds.
#[derive(Debug)]
pub(super) struct Plugin {
    pub name: &'static str,
    pub at: Option<Arc<ObjectRef>>,
    pub kind: Kind,
}

/// What a plugin does.
#[derive(Debug)]
pub(super) enum Kind {
    /// `any`: a small answer to questions for everything.
    Any,
    /// `loadbalance`.
    Shuffle,
    Rewrite(Vec<Rule>),
    Autopath(Autopath),
    Acl(Vec<Acl>),
    Cache(Arc<Cache>),
    /// `minimal`: no sections that a client does not need.
    Minimal,
    Template(Vec<Template>),
    Hosts(Box<HostsTable>),
    Kubernetes(Box<Kubernetes>),
    File(Box<ZoneFiles>),
    Forward(Arc<Forward>),
    /// `whoami`: the client's address.
    Whoami,
}

impl Block {
    /// A block for every name on every port.
    pub(super) fn any(chain: Vec<Plugin>) -> Self {
        Self {
            zone: "".into(),
            port: None,
            logs: Arc::new([]),
            errors: true,
            measured: true,
            plugins: chain.iter().map(|plugin| plugin.name).collect(),
            chain: chain.into(),
        }
    }

    /// How questions for a name are logged, where they are.
    #[must_use]
    pub fn log_of(&self, name: &str) -> Option<&Log> {
        self.logs.iter().find(|log| log.is_for(name))
    }

    /// Whether an `acl` lets questions in.
    #[must_use]
    pub fn has_acl(&self) -> bool {
        self.chain.iter().any(|plugin| matches!(plugin.kind, Kind::Acl(_)))
    }

    /// The files of its `hosts`, each with how many names and addresses are known by it.
    pub fn hosts_entries(&self) -> impl Iterator<Item = (&str, usize)> {
        self.chain.iter().filter_map(|plugin| match &plugin.kind {
            Kind::Hosts(hosts) => Some((&*hosts.path, hosts.entries())),
            _ => None,
        })
    }

    /// Its forwarding plugins.
    pub fn forwards(&self) -> impl Iterator<Item = &Arc<Forward>> {
        self.chain.iter().filter_map(|plugin| match &plugin.kind {
            Kind::Forward(forward) => Some(forward),
            _ => None,
        })
    }

    /// Its cache.
    #[must_use]
    pub fn cache(&self) -> Option<&Arc<Cache>> {
        self.chain.iter().find_map(|plugin| match &plugin.kind {
            Kind::Cache(cache) => Some(cache),
            _ => None,
        })
    }
}
