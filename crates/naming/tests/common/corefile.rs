//! A cluster whose DNS reads a Corefile.
use std::{collections::BTreeMap, sync::Arc};

use netloom_cluster::{DnsServer, DnsServers, Snapshot};
use netloom_corefile::File;
use netloom_naming::{Servers, Zone};
use netloom_objects::{Location, ObjectRef, TextLine};

/// A file of a ConfigMap.
pub fn file(name: &str, text: &str) -> File {
    let at = |line| Location { file: format!("{name}.yaml").into(), line, column: 1 };
    let lines = text.lines().zip(1..);
    let lines =
        lines.map(|(text, line)| TextLine { text: text.to_owned(), at: at(line), start: 0 }).collect();
    let origin = ObjectRef {
        kind: "ConfigMap".into(),
        namespace: Some("kube-system".into()),
        name: "coredns".into(),
        at: at(1),
    };
    File { origin: Arc::new(origin), lines }
}

/// The cluster with these files at `/etc/coredns`, one of which is the Corefile.
pub fn with_files(mut snapshot: Snapshot, files: &[(&str, &str)]) -> Snapshot {
    let files: BTreeMap<String, File> =
        files.iter().map(|(name, text)| (format!("/etc/coredns/{name}"), file(name, text))).collect();
    let corefile = "/etc/coredns/Corefile".to_owned();
    let origin = files[&corefile].origin.clone();
    let server = DnsServer { origin, node_local: Vec::new(), corefile: Some(corefile), files };
    snapshot.dns_servers = Arc::new(DnsServers { cluster: Some(Arc::new(server)), node_local: Vec::new() });
    snapshot
}

/// Its DNS servers.
pub fn servers(snapshot: &Snapshot) -> Servers {
    Servers::compile(snapshot, &Arc::new(Zone::compile(snapshot)), None)
}
