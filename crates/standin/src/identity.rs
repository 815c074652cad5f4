//! Who a stand-in says it is.
use std::net::IpAddr;

use serde::Serialize;

/// A transport that stand-ins answer on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Transport {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
}

/// A port that a container declares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedPort {
    /// Its transport.
    pub transport: Transport,
    /// Its number.
    pub port: u16,
    /// The container that declares it.
    pub container: String,
    /// Its name, where it has one.
    pub name: Option<String>,
}

/// What a stand-in tells of itself. One is shared by all the ports of a pod.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// The pod; for an answerer that is no pod, its name (`outside`, a node).
    pub pod: String,
    /// The pod's namespace; empty for an answerer that is no pod.
    pub namespace: String,
    /// The node that the pod runs on; may be empty.
    pub node: String,
    /// `kind/name` of what made the pod.
    pub workload: Option<String>,
    /// The service account that it runs as.
    pub service_account: Option<String>,
    /// Its addresses.
    pub ips: Vec<IpAddr>,
    /// Which container declares which port; may be empty.
    pub ports: Vec<NamedPort>,
}

impl Identity {
    /// `namespace/pod`, or the name alone where there is no namespace: what probes report as the answerer.
    #[must_use]
    pub fn label(&self) -> String {
        if self.namespace.is_empty() { self.pod.clone() } else { format!("{}/{}", self.namespace, self.pod) }
    }

    /// The declaration of a port, where there is one.
    #[must_use]
    pub fn port(&self, transport: Transport, port: u16) -> Option<&NamedPort> {
        self.ports.iter().find(|p| p.transport == transport && p.port == port)
    }
}
