//! The cluster's DNS server as its Corefile makes it: which block answers a question, and what its plugins make of it.
//!
//! Everything here is pure. What only another server can say is asked for by [`Need`] and given back in [`Known`]; then
//! the question is answered again from its beginning, so that there is no state between the two.
mod acl;
mod admin;
mod ask;
mod autopath;
mod block;
mod cache;
mod file;
mod forward;
mod hosts;
mod kubernetes;
mod log;
mod read;
mod rewrite;
mod rewrite_read;
mod template;
mod template_text;
mod walk;

use std::{net::IpAddr, sync::Arc};

use netloom_cluster::{DnsServer, Snapshot};
use netloom_objects::ObjectRef;

pub use admin::{Admin, Listen};
pub use ask::{Ask, Known, Need};
pub use block::Block;
pub use cache::{Cache, Share};
pub use forward::{Forward, Policy, Target};
pub use log::Log;

use crate::zone::Zone;
use block::{Kind, Plugin};

/// What is said of a line of a Corefile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// The line.
    pub at: Arc<ObjectRef>,
    /// What netloom makes of it, or does not.
    pub text: String,
}

/// A DNS server. A copy is cheap.
#[derive(Clone, Debug)]
pub struct Dns {
    pub(crate) zone: Arc<Zone>,
    /// The zones of a `kubernetes` that go by other names.
    others: Vec<Arc<Zone>>,
    /// Its server blocks, the longest zone first.
    blocks: Arc<[Block]>,
    /// What it was made of; none for the DNS that netloom adds.
    made_of: Option<Arc<DnsServer>>,
    admin: Admin,
    notes: Arc<[Note]>,
    /// Whether two clients may get two answers to one question.
    by_client: bool,
    /// The names of other zones, and whether endpoints go by pods' names in them.
    wanted: Arc<[(String, bool)]>,
    /// The addresses of the cluster's DNS Service.
    service: Vec<IpAddr>,
}

impl Dns {
    /// The server that netloom runs where a set has no Corefile: the cluster's zone, and everything else from the
    /// machine's upstream servers.
    #[must_use]
    pub fn plain(zone: Arc<Zone>) -> Self {
        let plugin = |name, kind| Plugin { name, at: None, kind };
        let chain = vec![
            plugin("loadbalance", Kind::Shuffle),
            plugin("kubernetes", Kind::Kubernetes(Box::new(kubernetes::Kubernetes::whole()))),
            plugin("forward", Kind::Forward(Arc::new(Forward::machine()))),
        ];
        Self {
            zone,
            others: Vec::new(),
            blocks: Arc::new([Block::any(chain)]),
            made_of: None,
            admin: Admin::usual(),
            notes: Arc::new([]),
            by_client: false,
            wanted: Arc::new([]),
            service: Vec::new(),
        }
    }

    /// The cluster's DNS server of a Snapshot with its zone.
    #[must_use]
    pub fn of_cluster(snapshot: &Snapshot, zone: &Arc<Zone>, before: Option<&Self>) -> Self {
        match &snapshot.dns_servers.cluster {
            Some(server) if server.corefile.is_some() => Self::of(server, snapshot, zone, before),
            _ => Self { service: service_ips(snapshot), ..Self::plain(zone.clone()) },
        }
    }

    /// A server of a node (NodeLocal DNSCache): what its Corefile says, else everything from the cluster's server.
    #[must_use]
    pub fn of_node(
        server: &Arc<DnsServer>,
        snapshot: &Snapshot,
        zone: &Arc<Zone>,
        before: Option<&Self>,
    ) -> Self {
        if server.corefile.is_some() {
            return Self::of(server, snapshot, zone, before);
        }
        let forward = Kind::Forward(Arc::new(Forward::cluster(&server.origin)));
        let chain = vec![Plugin { name: "forward", at: Some(server.origin.clone()), kind: forward }];
        Self {
            made_of: Some(server.clone()),
            blocks: Arc::new([Block::any(chain)]),
            service: service_ips(snapshot),
            ..Self::plain(zone.clone())
        }
    }

    fn of(server: &Arc<DnsServer>, snapshot: &Snapshot, zone: &Arc<Zone>, before: Option<&Self>) -> Self {
        let same = before.filter(|b| b.made_of.as_ref().is_some_and(|made| made == server));
        let mut next = match same {
            Some(before) => before.clone(),
            None => Self { made_of: Some(server.clone()), ..read::read(server, zone) },
        };
        let others = next.wanted.iter().filter(|(name, by_pod)| *by_pod || *name != zone.name());
        let others = others.map(|(name, by_pod)| {
            let before = next.others.iter().find(|z| z.name() == name && z.goes_by_pod_names() == *by_pod);
            Arc::new(before.map_or_else(|| Zone::named(snapshot, name, *by_pod), |zone| zone.moved(snapshot)))
        });
        next.others = others.collect();
        next.zone = zone.clone();
        next.service = service_ips(snapshot);
        next
    }

    /// The cluster's zone.
    #[must_use]
    pub fn zone(&self) -> &Arc<Zone> {
        &self.zone
    }

    /// Its server blocks.
    #[must_use]
    pub fn blocks(&self) -> &[Block] {
        &self.blocks
    }

    /// The ports that its Corefile names; none where it has none, and answers on whatever port it is asked.
    #[must_use]
    pub fn ports(&self) -> Vec<u16> {
        let mut ports: Vec<u16> = self.blocks.iter().filter_map(|block| block.port).collect();
        ports.sort_unstable();
        ports.dedup();
        ports
    }

    /// Where it tells of itself.
    #[must_use]
    pub const fn admin(&self) -> &Admin {
        &self.admin
    }

    /// What in its Corefile netloom does not do, or does in another way.
    #[must_use]
    pub fn notes(&self) -> &[Note] {
        &self.notes
    }

    /// Whether two clients may get two answers to one question.
    #[must_use]
    pub const fn depends_on_client(&self) -> bool {
        self.by_client
    }

    /// Whether it has a Corefile.
    #[must_use]
    pub const fn has_corefile(&self) -> bool {
        self.made_of.is_some()
    }

    /// The addresses of the cluster's DNS Service.
    #[must_use]
    pub fn service(&self) -> &[IpAddr] {
        &self.service
    }
}

fn service_ips(snapshot: &Snapshot) -> Vec<IpAddr> {
    snapshot.dns_service.map(|id| snapshot.service(id).cluster_ips().iter().collect()).unwrap_or_default()
}
