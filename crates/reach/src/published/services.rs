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
        let forwarded = pod.host_ports.iter().map(|port| (port.port, port.protocol, port.target));
        // On its node's network every port that it declares is one of the node.
        let declared = pod.containers.iter().flat_map(|container| &container.ports);
        let own = declared.filter(|_| pod.host_network).map(|port| (port.port, port.protocol, port.port));
        let mut ports: Vec<_> = forwarded.chain(own).collect();
        ports.dedup();
        found.extend(ports.into_iter().map(|(port, protocol, target)| Published {
            entry: Entry::HostPort,
            address: format!(":{port}/{protocol}"),
            by: pod.origin.clone(),
            targets: vec![(pod.id, protocol, target)],
            only_from: Vec::new(),
            masquerades: false,
            routed: None,
        }));
    }
}
