//! The DNS servers of a cluster, as far as a Snapshot knows them: the files that they read.
use std::{collections::BTreeMap, net::IpAddr, sync::Arc};

use netloom_corefile::File;
use netloom_objects::ObjectRef;

/// A DNS server, and the files that its pods mount.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DnsServer {
    /// The workload that it is, or the ConfigMap where the workload is not among the objects.
    pub origin: Arc<ObjectRef>,
    /// The addresses that it takes on each node (NodeLocal DNSCache); none for the cluster's own.
    pub node_local: Vec<IpAddr>,
    /// The path of its Corefile, where it is among the files.
    pub corefile: Option<String>,
    /// Its files by their paths.
    pub files: BTreeMap<String, File>,
}

/// All DNS servers of a cluster.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DnsServers {
    /// The one that the cluster's DNS Service leads to; none where its configuration is not among the objects.
    pub cluster: Option<Arc<DnsServer>>,
    /// Those on the nodes.
    pub node_local: Vec<Arc<DnsServer>>,
}
