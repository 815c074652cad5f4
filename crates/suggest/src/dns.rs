//! Whom the pods ask for names.
use std::{collections::BTreeMap, net::IpAddr};

use ipnet::IpNet;
use netloom_cluster::{DnsPolicy, Pod, Protocol};
use netloom_objects::Location;
use netloom_reach::{Home, PortSet, StandIn};

use crate::{
    ground::Ground,
    need::{Block, End, Learnt, Need, Needs, Reason, port},
    units::{Unit, UnitId},
};

const DNS: u16 = 53;

/// The cluster's DNS as policies see it: its pods, with their own ports.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dns {
    /// Each with the ports that answer.
    pub servers: Vec<(End, PortSet)>,
    /// The Service, where the set has one.
    pub at: Option<Location>,
}

impl Dns {
    /// Finds the cluster's DNS.
    #[must_use]
    pub fn of(ground: &Ground<'_>) -> Self {
        let service = ground.snapshot.dns_service.map(|id| ground.snapshot.service(id).clone());
        let mut servers: BTreeMap<End, PortSet> = BTreeMap::new();
        for (nth, asked) in service.iter().flat_map(|s| s.ports.iter().enumerate()) {
            let wanted = asked.port == DNS && asked.protocol != Protocol::Sctp;
            for endpoint in service.iter().flat_map(|s| s.endpoints.iter()).filter(|_| wanted) {
                let number = endpoint.ports.get(nth).copied().flatten().unwrap_or(DNS);
                let end = match endpoint.pod {
                    Some(pod) => ground.ends([pod]).pop().flatten(),
                    None => Some(End::Blocks(blocks(endpoint.ips.iter()))),
                };
                let Some(end) = end else { continue };
                let ports = servers.entry(end).or_default();
                *ports = ports.or(&port(asked.protocol, number));
            }
        }
        if servers.is_empty() {
            let labels = BTreeMap::from([("k8s-app".to_owned(), "kube-dns".to_owned())]);
            let usual = StandIn { home: Home::Named("kube-system".into()), labels };
            servers.insert(End::Elsewhere(usual), both(DNS));
        }
        let at = service.map(|s| s.origin.at.clone()).filter(|at| at.line > 0);
        Self { servers: servers.into_iter().collect(), at }
    }

    /// The needs of a unit, whatever it asks.
    pub(crate) fn needs(&self, ground: &Ground<'_>, unit: &Unit, out: &mut Needs) {
        let Some(pod) = unit.pods.first().map(|pod| ground.snapshot.pod(*pod)) else { return };
        if asks_the_cluster(pod) {
            for (server, ports) in &self.servers {
                out.add(Need {
                    from: End::Unit(unit.id),
                    to: server.clone(),
                    ports: ports.clone(),
                    reason: self.reason(),
                });
            }
            return;
        }
        let own = &pod.dns_config.nameservers;
        if own.is_empty() {
            let text = format!(
                "{} asks the resolvers of its node (dnsPolicy: Default), whose addresses no manifest tells; declare `{} -> ADDRESS:53/UDP`",
                unit.title(),
                unit.title()
            );
            out.doubt(text, Some(unit.origin.at.clone()));
            return;
        }
        out.add(Need {
            from: End::Unit(unit.id),
            to: End::Blocks(blocks(own.iter().copied())),
            ports: both(DNS),
            reason: Reason::derived("its dnsConfig names these nameservers", unit.origin.at.clone()),
        });
    }

    pub(crate) fn reason(&self) -> Reason {
        Reason { learnt: Learnt::Derived, text: "the cluster's DNS".to_owned(), at: self.at.clone() }
    }

    /// Whether a unit is the cluster's DNS.
    #[must_use]
    pub fn is(&self, unit: UnitId) -> bool {
        self.servers.iter().any(|(end, _)| *end == End::Unit(unit))
    }

    /// What the servers themselves need: everyone asks them.
    pub(crate) fn served(&self, ground: &Ground<'_>, unit: &Unit, out: &mut Needs) {
        for (_, ports) in self.servers.iter().filter(|(end, _)| *end == End::Unit(unit.id)) {
            let reason = Reason::derived("everyone asks the cluster's DNS", unit.origin.at.clone());
            let anyone = End::Blocks(ground.everyone());
            out.add(Need {
                from: anyone,
                to: End::Unit(unit.id),
                ports: ports.clone(),
                reason: reason.clone(),
            });
            let pods = StandIn { home: Home::Labelled(BTreeMap::new()), labels: BTreeMap::new() };
            let to = End::Unit(unit.id);
            out.add(Need { from: End::Elsewhere(pods), to, ports: ports.clone(), reason });
        }
        let text = format!(
            "{} asks servers outside for names that are not the cluster's; declare `{} -> ADDRESS:53/UDP`",
            unit.title(),
            unit.title()
        );
        out.doubt(text, Some(unit.origin.at.clone()));
    }
}

/// Whether a pod asks the cluster's DNS.
pub(crate) fn asks_the_cluster(pod: &Pod) -> bool {
    matches!(pod.dns_policy, DnsPolicy::ClusterFirst | DnsPolicy::ClusterFirstWithHostNet)
}

fn both(number: u16) -> PortSet {
    port(Protocol::Udp, number).or(&port(Protocol::Tcp, number))
}

pub(crate) fn blocks(ips: impl Iterator<Item = IpAddr>) -> Vec<Block> {
    let mut blocks: Vec<Block> = ips.map(|ip| Block::from(IpNet::from(ip))).collect();
    blocks.sort();
    blocks.dedup();
    blocks
}
