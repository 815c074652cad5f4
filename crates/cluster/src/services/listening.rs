//! The ports on which pods answer because others aim at them: Services, scrapes and monitors.
use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
};

use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use netloom_objects::{Object, Typed, prometheus::NamespaceSelector};

use super::{Parsed, Services};
use crate::{
    input::{keep, keep_list, namespace_of},
    model::{Pod, Protocol, Selector, TargetPort},
    nodes::ports::Listeners,
    policies::selector::selector,
    topology::Topology,
    workloads::template::port,
};

/// What a monitor has scraped by number, where no name of a port says it.
struct Monitor {
    /// In which namespaces; none for all.
    namespaces: Option<Vec<String>>,
    /// Of Services or of pods.
    of_services: bool,
    selector: Selector,
    ports: Vec<u16>,
}

impl Monitor {
    fn of(object: &Object) -> Option<Self> {
        let number = |target: &Option<IntOrString>| match target {
            Some(IntOrString::Int(number)) => port(*number),
            _ => None,
        };
        let (of_services, wanted, within, ports): (_, _, _, Vec<u16>) = match &object.typed {
            Typed::ServiceMonitor(monitor) => {
                let spec = &monitor.spec;
                let ports = spec.endpoints.iter().filter_map(|e| number(&e.target_port)).collect();
                (true, &spec.selector, &spec.namespace_selector, ports)
            }
            Typed::PodMonitor(monitor) => {
                let spec = &monitor.spec;
                let ports = spec.pod_metrics_endpoints.iter();
                let ports =
                    ports.filter_map(|e| e.port_number.and_then(port).or_else(|| number(&e.target_port)));
                (false, &spec.selector, &spec.namespace_selector, ports.collect())
            }
            _ => return None,
        };
        let namespaces = namespaces(object, within);
        (!ports.is_empty()).then_some(Self {
            namespaces,
            of_services,
            selector: selector(wanted).ok()?,
            ports,
        })
    }

    fn looks_into(&self, namespace: &str) -> bool {
        self.namespaces.as_ref().is_none_or(|names| names.iter().any(|name| name == namespace))
    }
}

fn namespaces(object: &Object, within: &NamespaceSelector) -> Option<Vec<String>> {
    match within.any {
        Some(true) => None,
        _ if within.match_names.is_empty() => Some(vec![namespace_of(object).to_string()]),
        _ => Some(within.match_names.clone()),
    }
}

impl Services {
    /// The pods with the ports that others aim at.
    pub(super) fn listening(&self, topology: &Topology, monitors: &[Arc<Object>]) -> Arc<Vec<Arc<Pod>>> {
        let monitors: Vec<Monitor> = monitors.iter().filter_map(|object| Monitor::of(object)).collect();
        let mut added: BTreeMap<u32, Vec<(Protocol, u16)>> = BTreeMap::new();
        let mut add = |pod: &Pod, ports: &[(Protocol, u16)]| {
            for port in ports.iter().filter(|port| pod.listening.binary_search(port).is_err()) {
                added.entry(pod.id.0).or_default().push(*port);
            }
        };
        // Services with the same pods and ports add nothing to one another.
        let mut aimed = HashSet::new();
        for entry in &self.entries {
            let Some(selected) = entry.built.as_ref().map(|built| &built.selected) else { continue };
            let ports = aims(&entry.parsed, &monitors);
            if aimed.insert((Arc::as_ptr(selected), ports.clone())) {
                selected.iter().for_each(|(pod, _)| add(pod, &ports));
            }
        }
        for monitor in monitors.iter().filter(|monitor| !monitor.of_services) {
            let ports: Vec<_> = monitor.ports.iter().map(|port| (Protocol::Tcp, *port)).collect();
            let scraped = topology
                .pods
                .iter()
                .filter(|pod| monitor.looks_into(&pod.namespace) && monitor.selector.matches(&pod.labels));
            scraped.for_each(|pod| add(pod, &ports));
        }
        let before = self.last.as_ref().map(|l| &l.pods);
        let mut pods: Vec<Arc<Pod>> = (*topology.pods).clone();
        let mut listeners = Listeners::default();
        if added.keys().any(|id| pods[*id as usize].host_network) {
            for pod in pods.iter().filter(|pod| pod.host_network) {
                listeners.take(&mut Pod::clone(pod));
            }
        }
        for (id, mut ports) in added {
            ports.sort_unstable();
            ports.dedup();
            let base = &mut pods[id as usize];
            let mut pod = Pod::clone(base);
            pod.listening.extend(&ports);
            pod.listening.sort_unstable();
            if topology.extras[id as usize].declares {
                pod.aimed = ports;
            }
            if pod.host_network {
                // A Service's aim does not say that the pod listens there: what another one has is that one's.
                listeners.take(&mut pod);
                let listening = &pod.listening;
                pod.aimed.retain(|port| listening.binary_search(port).is_ok());
            }
            *base = keep(before.and_then(|pods| pods.get(id as usize)), pod);
        }
        keep_list(before, pods)
    }
}

/// The numbers at which a Service and those who scrape it aim.
fn aims(service: &Parsed, monitors: &[Monitor]) -> Vec<(Protocol, u16)> {
    let targets = service.ports.iter().filter_map(|p| match p.target {
        TargetPort::Number(number) => Some((p.protocol, number)),
        TargetPort::Name(_) => None,
    });
    let scrapes = monitors.iter().filter(|monitor| {
        monitor.of_services
            && monitor.looks_into(&service.namespace)
            && monitor.selector.matches(&service.labels)
    });
    let scraped = scrapes.flat_map(|monitor| monitor.ports.iter().copied()).chain(service.scraped);
    targets.chain(scraped.map(|port| (Protocol::Tcp, port))).collect()
}
