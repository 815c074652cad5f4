//! Services that have addresses or ports outside of the cluster, and ports of pods on their nodes.
use netloom_cluster::{Snapshot, TrafficPolicy};
use netloom_objects::{Location, Object};

use super::{Entry, Published, Set, namespace_of, targets};

pub(super) fn add(set: &Set<'_>, object: &Object, found: &mut Vec<Published>) {
    let Some(service) = set.snapshot.find_service(namespace_of(object), &object.name) else { return };
    for (nth, port) in service.ports.iter().enumerate() {
        let own = format!(":{}/{}", port.port, port.protocol);
        let (entry, address) = match port.node_port {
            _ if !service.lb_ips.is_empty() => (Entry::LoadBalancer, own),
            _ if !service.external_ips.is_empty() => (Entry::ExternalIp, own),
            Some(number) if object.is_written(&format!("spec.ports[{nth}].nodePort")) => {
                (Entry::NodePort, format!(":{number}/{}", port.protocol))
            }
            // Which one, the cluster will choose.
            Some(_) => (Entry::NodePort, format!("any/{}", port.protocol)),
            None => continue,
        };
        let only_from = match entry {
            Entry::LoadBalancer => service.source_ranges.clone(),
            _ => Vec::new(),
        };
        found.push(Published {
            entry,
            address,
            by: port.origin.clone(),
            targets: targets(service, nth, port.protocol).collect(),
            only_from,
            masquerades: service.external_policy == TrafficPolicy::Cluster,
            routed: None,
        });
    }
}

pub(super) fn host_ports(snapshot: &Snapshot, found: &mut Vec<Published>) {
    for pod in snapshot.pods.iter().filter(|p| p.origin.at != Location::builtin()) {
        found.extend(pod.host_ports.iter().map(|port| Published {
            entry: Entry::HostPort,
            address: format!(":{}/{}", port.port, port.protocol),
            by: pod.origin.clone(),
            targets: vec![(pod.id, port.protocol, port.target)],
            only_from: Vec::new(),
            masquerades: false,
            routed: None,
        }));
    }
}
