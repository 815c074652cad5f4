//! All DNS servers of a cluster: the one behind its DNS Service, and those on the nodes.
use std::{net::IpAddr, sync::Arc};

use netloom_cluster::Snapshot;
use netloom_objects::ObjectRef;

use crate::{
    names::normal,
    record::{Answer, Ending, RecordData, RecordType},
    response::{Reply, Response, Step},
    server::{Ask, Dns, Forward, Known, Need, Target},
    types,
    zone::Zone,
};

/// A server on every node (NodeLocal DNSCache).
#[derive(Clone, Debug)]
pub struct NodeLocal {
    /// Its addresses, which are the same on every node.
    pub ips: Vec<IpAddr>,
    /// Its workload.
    pub origin: Arc<ObjectRef>,
    /// The server.
    pub dns: Arc<Dns>,
}

/// The DNS servers of a Snapshot. A copy is cheap.
#[derive(Clone, Debug)]
pub struct Servers {
    /// The one behind the cluster's DNS Service.
    pub cluster: Arc<Dns>,
    /// Those on the nodes.
    pub node_local: Arc<[NodeLocal]>,
}

/// What a server of the cluster says to a question, as far as that can be known here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Predicted {
    /// The answer.
    pub answer: Answer,
    /// The lines of Corefiles that had a part in it.
    pub steps: Vec<Step>,
    /// The `forward` that asks a server that is not known here.
    pub asks: Option<Arc<Forward>>,
}

/// Forwarded questions of one question; CoreDNS follows no longer chains.
const MAX_NEEDS: usize = 16;

impl Servers {
    /// The servers of a Snapshot.
    #[must_use]
    pub fn compile(snapshot: &Snapshot, zone: &Arc<Zone>, before: Option<&Self>) -> Self {
        let cluster = Dns::of_cluster(snapshot, zone, before.map(|b| &*b.cluster));
        let inside = |ip: &IpAddr| snapshot.plan.service_cidrs.contains(*ip);
        let node_local = snapshot.dns_servers.node_local.iter().map(|server| {
            let before = before.and_then(|b| b.node_local.iter().find(|n| n.origin == server.origin));
            NodeLocal {
                // The Service's own address, which it takes too, leads to the cluster's server here.
                ips: server.node_local.iter().filter(|ip| !inside(ip)).copied().collect(),
                origin: server.origin.clone(),
                dns: Arc::new(Dns::of_node(server, snapshot, zone, before.map(|b| &*b.dns))),
            }
        });
        Self { cluster: Arc::new(cluster), node_local: node_local.collect() }
    }

    /// The servers where nothing but the cluster's zone is known.
    #[must_use]
    pub fn plain(zone: &Arc<Zone>) -> Self {
        Self { cluster: Arc::new(Dns::plain(zone.clone())), node_local: Arc::new([]) }
    }

    /// The server of the nodes at an address.
    #[must_use]
    pub fn node_local_at(&self, ip: IpAddr) -> Option<&NodeLocal> {
        self.node_local.iter().find(|server| server.ips.contains(&ip))
    }

    /// What the server at an address says to a client; the cluster's where no other is known there.
    #[must_use]
    pub fn predict(
        &self,
        server: Option<IpAddr>,
        name: &str,
        rtype: RecordType,
        client: Option<IpAddr>,
    ) -> Predicted {
        let dns = server.and_then(|ip| self.node_local_at(ip)).map_or(&self.cluster, |found| &found.dns);
        let name = normal(name);
        let (reply, asks) = self.reply(dns, &Ask { name: &name, rtype, client, port: None });
        Predicted { steps: reply.steps().to_vec(), answer: answer(reply, rtype, asks.is_some()), asks }
    }

    /// A server's reply, and the `forward` that nobody can follow from here.
    fn reply(&self, dns: &Dns, ask: &Ask<'_>) -> (Reply, Option<Arc<Forward>>) {
        let mut known = Known::default();
        let mut asks = None;
        loop {
            match dns.resolve(ask, &known) {
                Ok(reply) => return (reply, asks),
                Err(need) if known.len() < MAX_NEEDS => {
                    let reply = if self.leads_to_cluster(dns, &need) {
                        let ask = Ask { name: &need.name, rtype: need.rtype, client: ask.client, port: None };
                        let (reply, beyond) = self.reply(&self.cluster, &ask);
                        asks = asks.or(beyond);
                        reply
                    } else {
                        asks = asks.or_else(|| Some(need.forward.clone()));
                        Reply::Failed(types::REFUSED, Vec::new())
                    };
                    known.add(need, reply);
                }
                Err(_) => return (Reply::Failed(types::SERVFAIL, Vec::new()), asks),
            }
        }
    }

    /// Whether a question is forwarded to the cluster's own server, by another one.
    fn leads_to_cluster(&self, from: &Dns, need: &Need) -> bool {
        let other = !std::ptr::eq(from, &*self.cluster);
        let leads = |target: &Target| match target {
            Target::Cluster => true,
            Target::Server(at) => self.cluster.service().contains(&at.ip()),
            Target::Machine => false,
        };
        other && !need.forward.targets.is_empty() && need.forward.targets.iter().all(leads)
    }
}

fn answer(reply: Reply, rtype: RecordType, unknown: bool) -> Answer {
    let response = match reply {
        Reply::Answer(response) => response,
        Reply::Failed(..) if unknown => return Answer::NotOurs,
        Reply::Failed(rcode, _) => return Answer::Failed { rcode },
        Reply::Dropped(_) => return Answer::Failed { rcode: types::SERVFAIL },
    };
    let Response { rcode, answers: records, additionals, source, .. } = response;
    let alias = match records.last().map(|record| &record.data) {
        Some(RecordData::Cname(target)) if rtype != RecordType::Cname => Some(target.clone()),
        _ => None,
    };
    let ending = match (rcode, alias) {
        (types::NXDOMAIN, None) if records.is_empty() => return Answer::NxDomain { source },
        (types::NOERROR, None) if records.is_empty() => return Answer::NoData { source },
        (types::REFUSED, _) if records.is_empty() && unknown => return Answer::NotOurs,
        (types::NXDOMAIN, _) => Ending::NxDomain,
        (types::NOERROR, Some(target)) if unknown => Ending::Outside(target),
        (types::NOERROR, Some(_)) => Ending::NoData,
        (types::NOERROR, None) => Ending::Complete,
        _ if records.is_empty() => return Answer::Failed { rcode },
        _ => Ending::Loop,
    };
    Answer::Records { records, additionals, ending, source }
}
