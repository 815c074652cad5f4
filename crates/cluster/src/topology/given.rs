//! Addresses that objects give: those that nothing can have, and those that nobody else may get.
use std::{net::IpAddr, sync::Arc};

use ipnet::IpNet;
use netloom_objects::{Location, Object, ObjectRef, Typed};

use crate::{
    addresses::{
        overlap, set,
        special::{special, special_address},
    },
    findings::Findings,
    model::{Addrs, Nets},
    nodes::NodeSpec,
};

/// Takes from nodes what no node can have: special addresses, and pod ranges that another node has.
pub fn refuse_impossible(specs: &mut [NodeSpec], findings: &mut Findings) {
    let at = |origin: &Option<Arc<ObjectRef>>| {
        origin.as_ref().map(|o| o.at.clone()).unwrap_or_else(Location::builtin)
    };
    let mut ranges: Vec<(IpNet, Arc<str>)> = Vec::new();
    for spec in specs {
        let (ips, nets) = (spec.ips, spec.pod_cidrs);
        (spec.ips, spec.pod_cidrs) = (Addrs::default(), Nets::default());
        for ip in ips.iter() {
            match special_address(ip) {
                Some(why) => {
                    let message =
                        format!("node {} has the address {ip}, which is {why}: it gets another", spec.name);
                    findings.error(at(&spec.origin), message);
                }
                None => spec.ips.fill(ip),
            }
        }
        for net in nets.iter() {
            let other = ranges.iter().find(|(other, _)| overlap(*other, net));
            let why = match (special(net), other) {
                (Some(why), _) => {
                    format!("node {} has the pod range {net}, whose addresses are {why}", spec.name)
                }
                (None, Some((other, first))) if *other == net => {
                    format!("nodes {first} and {} both have the pod range {net}", spec.name)
                }
                (None, Some((other, first))) => {
                    format!(
                        "node {} has the pod range {net}, which overlaps {other} of node {first}",
                        spec.name
                    )
                }
                (None, None) => {
                    ranges.push((net, spec.name.clone()));
                    set(&mut spec.pod_cidrs, net);
                    continue;
                }
            };
            findings.error(at(&spec.origin), format!("{why}: it gets another"));
        }
    }
}

/// The addresses that Services name.
pub struct Reserved {
    pub cluster_ips: Vec<IpAddr>,
    others: Vec<IpAddr>,
}

impl Reserved {
    /// Those of these objects.
    pub fn of(services: &[Arc<Object>]) -> Self {
        let mut reserved = Self { cluster_ips: Vec::new(), others: Vec::new() };
        for object in services {
            let Typed::Service(service) = &object.typed else { continue };
            let Some(spec) = &service.spec else { continue };
            let parsed = |texts: &mut dyn Iterator<Item = &String>| -> Vec<IpAddr> {
                texts.filter_map(|text| text.trim().parse().ok()).collect()
            };
            let own = spec.cluster_ips.iter().flatten();
            reserved.cluster_ips.extend(parsed(&mut own.chain(&spec.cluster_ip)));
            let balancer = service.status.as_ref().and_then(|s| s.load_balancer.as_ref());
            let given =
                balancer.into_iter().flat_map(|b| b.ingress.iter().flatten()).filter_map(|i| i.ip.as_ref());
            let external = spec.external_ips.iter().flatten().chain(&spec.load_balancer_ip);
            reserved.others.extend(parsed(&mut external.chain(given)));
        }
        reserved
    }

    /// All of them.
    pub fn all(&self) -> impl Iterator<Item = IpAddr> {
        self.cluster_ips.iter().chain(&self.others).copied()
    }
}
