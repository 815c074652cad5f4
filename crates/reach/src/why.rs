//! Why: the rule on each side that decides, for each stretch of ports.
use std::net::IpAddr;

use netloom_cluster::{Family, PodId, Protocol};
use netloom_policy::{Reason, Remote, Side};

use crate::{
    ports::{PROTOCOLS, PortSet},
    reach::{Party, Reach, is_known},
};

/// What decides about some ports.
#[derive(Clone, Debug, PartialEq)]
pub struct Why {
    /// The family that it is about; none where both are alike.
    pub family: Option<Family>,
    /// The ports.
    pub ports: PortSet,
    /// The source's side.
    pub egress: Side,
    /// The target's side.
    pub ingress: Side,
}

impl Why {
    /// Both sides must allow.
    #[must_use]
    pub const fn allowed(&self) -> bool {
        self.egress.allowed && self.ingress.allowed
    }
}

/// How policies of the other side see one end in a family.
#[derive(Clone, Copy)]
struct Face {
    family: Option<Family>,
    pod: Option<PodId>,
    remote: Remote,
}

impl Reach {
    /// What decides about the ports of a connection: ports about which the same rules decide are together, in the order
    /// of their first. Empty where the two share no IP family.
    #[must_use]
    pub fn why(&self, from: Party, to: Party) -> Vec<Why> {
        // A workload is asked about two of its pods, where it has two.
        let other = match (from == to, to) {
            (true, Party::Endpoint(id)) => self.endpoint(id).pods.get(1).map(|pod| Party::Pod(*pod)),
            _ => None,
        };
        let (from, to) = (self.faces(from), self.faces(other.unwrap_or(to)));
        let fits = |a: &Face, b: &Face| a.family.is_none() || b.family.is_none() || a.family == b.family;
        let pairs = from.iter().flat_map(|a| to.iter().filter(|b| fits(a, b)).map(move |b| (a, b)));
        let mut answers: Vec<Vec<Why>> = Vec::new();
        for (from, to) in pairs {
            let mut answer = self.stretches_of_ports(from, to);
            match answers.first() {
                Some(first) if alike(first, &answer) => continue,
                _ => answer.iter_mut().for_each(|why| why.family = from.family.or(to.family)),
            }
            answers.push(answer);
        }
        if let [only] = answers.as_mut_slice() {
            only.iter_mut().for_each(|why| why.family = None);
        }
        answers.into_iter().flatten().collect()
    }

    /// The ends of a party, one for each family; of a workload those of its first pod.
    fn faces(&self, party: Party) -> Vec<Face> {
        let (ips, pod, alone) = match party {
            Party::Endpoint(id) => {
                let endpoint = self.endpoint(id);
                return match (&endpoint.kind, endpoint.pods.first()) {
                    (crate::EndpointKind::Node(node), _) => self.faces(Party::Node(*node)),
                    (_, Some(pod)) => self.faces(Party::Pod(*pod)),
                    (_, None) => Vec::new(),
                };
            }
            Party::Pod(id) => {
                let pod = self.snapshot.pod(id);
                (pod.ips, Some(id), Remote::Pod(id))
            }
            Party::StandIn(nth) => {
                let id = self.stand_in(nth);
                return vec![Face { family: None, pod: Some(id), remote: Remote::Pod(id) }];
            }
            Party::Node(id) => (self.snapshot.node(id).ips, None, Remote::Node(id)),
            Party::Address(ip) => match self.known(ip) {
                Some(Party::Pod(pod)) => return vec![address(ip, Some(pod))],
                _ => return vec![address(ip, None)],
            },
        };
        if ips.is_empty() {
            return vec![Face { family: None, pod, remote: alone }];
        }
        ips.iter().map(|ip| address(ip, pod)).collect()
    }

    fn stretches_of_ports(&self, from: &Face, to: &Face) -> Vec<Why> {
        let mut found: Vec<Why> = Vec::new();
        let mut add = |protocol: Protocol, low: u16, high: u16| {
            let (egress, ingress) = self.judged(from, to, protocol, low);
            let ports = PortSet::of(protocol, low, high);
            match found.iter_mut().find(|why| why.egress == egress && why.ingress == ingress) {
                Some(why) => why.ports = why.ports.or(&ports),
                None => found.push(Why { family: None, ports, egress, ingress }),
            }
        };
        for protocol in PROTOCOLS {
            let mut next = 1;
            let tables = self.policies.tables();
            for &(_, low, high, _) in tables.port_classes.iter().filter(|(p, ..)| *p == protocol) {
                let low = low.max(1);
                if next < u32::from(low) {
                    add(protocol, next as u16, low - 1);
                }
                add(protocol, low, high);
                next = u32::from(high) + 1;
            }
            if next <= u32::from(u16::MAX) {
                add(protocol, next as u16, u16::MAX);
            }
        }
        add(Protocol::Other(0), 0, 0);
        found
    }

    fn judged(&self, from: &Face, to: &Face, protocol: Protocol, port: u16) -> (Side, Side) {
        let itself = from.pod.is_some() && from.pod == to.pod;
        let side = |reason| Side { allowed: true, reason };
        if itself {
            return (side(Reason::Itself), side(Reason::Itself));
        }
        let not_subject = || side(Reason::NotSubject);
        let egress =
            from.pod.map_or_else(not_subject, |pod| self.policies.egress(pod, to.remote, protocol, port));
        let ingress = to.pod.map_or_else(not_subject, |pod| {
            let node = self.snapshot.pods.get(pod.0 as usize).map(|pod| pod.node);
            // A node is let in by its own pods; on a made node a pod is by chance.
            match node.is_some_and(|node| is_known(&self.snapshot, node)) {
                true => self.policies.ingress(pod, from.remote, protocol, port),
                false => self.policies.ingress_by_rules(pod, from.remote, protocol, port),
            }
        });
        (egress, ingress)
    }
}

fn address(ip: IpAddr, pod: Option<PodId>) -> Face {
    Face { family: Some(Family::of(ip)), pod, remote: Remote::Address(ip) }
}

fn alike(first: &[Why], second: &[Why]) -> bool {
    let same = |(a, b): (&Why, &Why)| a.ports == b.ports && a.egress == b.egress && a.ingress == b.ingress;
    first.len() == second.len() && first.iter().zip(second).all(same)
}
