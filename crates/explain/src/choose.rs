//! Which port is meant: by number, by name, or the only one that there is.
use std::sync::Arc;

use netloom_cluster::{Pod, Protocol, Service, ServicePort};

use crate::{Destination, ExplainError, PortSpec};

/// A port of a Service as it is dialled.
pub(crate) struct ServiceChoice {
    /// The Service's port; none where it has none of that number.
    pub index: Option<usize>,
    pub port: u16,
    pub protocol: Protocol,
}

/// The port of a Service that a destination means.
pub(crate) fn service_port(
    service: &Service,
    to: &Destination,
    default: Option<Protocol>,
) -> Result<ServiceChoice, ExplainError> {
    let protocol = to.protocol.or(default);
    let fits = |p: &&(usize, &ServicePort)| protocol.is_none_or(|wanted| wanted == p.1.protocol);
    let all: Vec<(usize, &ServicePort)> = service.ports.iter().enumerate().collect();
    let who = || format!("Service {}", service.qualified_name());
    let chosen = match &to.port {
        Some(PortSpec::Number(number)) => {
            let same: Vec<_> = all.iter().filter(|p| p.1.port == *number).collect();
            let found = same.iter().copied().filter(fits).find(|p| p.1.protocol == Protocol::Tcp);
            let found = found.or_else(|| same.iter().copied().find(fits));
            if found.is_none() {
                let protocol = protocol.unwrap_or(Protocol::Tcp);
                return Ok(ServiceChoice { index: None, port: *number, protocol });
            }
            found
        }
        Some(PortSpec::Name(name)) => {
            let named = all.iter().filter(|p| p.1.name.as_deref() == Some(name)).find(fits);
            if named.is_none() {
                let known = ports_of(service);
                return Err(ExplainError::NoPortName { to: who(), port: name.clone(), known });
            }
            named
        }
        None => all.iter().find(fits),
    };
    match chosen {
        Some((index, port)) => {
            Ok(ServiceChoice { index: Some(*index), port: port.port, protocol: port.protocol })
        }
        None => Err(ExplainError::NoPort { to: who(), known: ports_of(service) }),
    }
}

/// The port of pods that a destination means, for each of them.
pub(crate) fn pod_ports(
    label: &str,
    pods: &[Arc<Pod>],
    to: &Destination,
    default: Option<Protocol>,
) -> Result<(Protocol, Vec<Option<u16>>), ExplainError> {
    let protocol = to.protocol.or(default);
    let all = || pods.iter().flat_map(|p| &p.listening);
    let stated = || pods.iter().flat_map(|p| p.stated());
    let fits = |p: &&(Protocol, u16)| protocol.is_none_or(|wanted| wanted == p.0);
    let known = || {
        let mut known: Vec<(Protocol, u16)> = all().copied().collect();
        known.sort_unstable();
        known.dedup();
        known.into_iter().map(show).collect::<Vec<_>>()
    };
    match &to.port {
        Some(PortSpec::Number(number)) => {
            let listens = |p: Protocol| all().any(|l| *l == (p, *number));
            let heard = Protocol::WITH_PORTS.into_iter().find(|p| listens(*p));
            Ok((protocol.or(heard).unwrap_or(Protocol::Tcp), vec![Some(*number); pods.len()]))
        }
        Some(PortSpec::Name(name)) => {
            let of = |p: Protocol| pods.iter().map(|pod| pod.named_port(name, p)).collect::<Vec<_>>();
            let mut wanted = Protocol::WITH_PORTS.into_iter().filter(|p| protocol.is_none_or(|w| w == *p));
            let found = wanted.find(|p| of(*p).iter().any(Option::is_some));
            let missing =
                || ExplainError::NoPortName { to: label.to_owned(), port: name.clone(), known: known() };
            found.map(|p| (p, of(p))).ok_or_else(missing)
        }
        None => match stated().find(fits).or_else(|| all().find(fits)) {
            Some((protocol, port)) => Ok((*protocol, vec![Some(*port); pods.len()])),
            None => Err(ExplainError::NoPort { to: label.to_owned(), known: known() }),
        },
    }
}

/// The port of an address that nothing more is known of.
pub(crate) fn plain_port(
    label: &str,
    to: &Destination,
    default: Option<Protocol>,
) -> Result<(Protocol, u16), ExplainError> {
    let protocol = to.protocol.or(default).unwrap_or(Protocol::Tcp);
    match &to.port {
        Some(PortSpec::Number(number)) => Ok((protocol, *number)),
        Some(PortSpec::Name(name)) => {
            Err(ExplainError::NoPortName { to: label.to_owned(), port: name.clone(), known: Vec::new() })
        }
        None => Err(ExplainError::NoPort { to: label.to_owned(), known: Vec::new() }),
    }
}

/// `8080/TCP`.
pub(crate) fn show((protocol, port): (Protocol, u16)) -> String {
    format!("{port}/{protocol}")
}

/// A Service's ports for people: `80/TCP (http)`.
pub(crate) fn ports_of(service: &Service) -> Vec<String> {
    let one = |p: &ServicePort| match &p.name {
        Some(name) => format!("{} ({name})", show((p.protocol, p.port))),
        None => show((p.protocol, p.port)),
    };
    service.ports.iter().map(one).collect()
}
