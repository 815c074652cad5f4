//! A pod's `/etc/hosts`, as the kubelet makes it, and what a resolver finds there before it asks the DNS.
use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use netloom_cluster::{Pod, Snapshot};

use crate::names::normal;

/// A hosts file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hosts {
    /// The pod's own names.
    own: Vec<(IpAddr, Vec<String>)>,
    /// `hostAliases`.
    aliases: Vec<(IpAddr, Vec<String>)>,
}

impl Hosts {
    /// A pod's; one on the host's network gets its node's name.
    #[must_use]
    pub fn of(snapshot: &Snapshot, pod: &Pod) -> Self {
        let names = if pod.host_network {
            vec![snapshot.node(pod.node).name.to_string()]
        } else {
            let hostname = short_hostname(pod);
            let full = pod.subdomain.as_ref().map(|subdomain| {
                format!("{hostname}.{subdomain}.{}.svc.{}", pod.namespace, normal(&snapshot.zone))
            });
            full.into_iter().chain([hostname.to_owned()]).collect()
        };
        Self {
            own: pod.ips.iter().map(|ip| (ip, names.clone())).collect(),
            aliases: pod.host_aliases.iter().map(|a| (a.ip, a.names.clone())).collect(),
        }
    }

    /// The addresses of a name, in the order of the file. Upper and lower case are alike (hosts(5)).
    #[must_use]
    pub fn lookup(&self, name: &str) -> Vec<IpAddr> {
        let loopback = [
            (IpAddr::V4(Ipv4Addr::LOCALHOST), &["localhost"][..]),
            (IpAddr::V6(Ipv6Addr::LOCALHOST), &["localhost", "ip6-localhost", "ip6-loopback"]),
        ];
        let has = |names: &[&str]| names.iter().any(|n| n.eq_ignore_ascii_case(name));
        let of_loopback = loopback.into_iter().filter(|(_, names)| has(names)).map(|(ip, _)| ip);
        let written = self.own.iter().chain(&self.aliases);
        let of_written = written
            .filter(|(_, names)| names.iter().any(|n| n.eq_ignore_ascii_case(name)))
            .map(|(ip, _)| *ip);
        let mut found: Vec<IpAddr> = Vec::new();
        for ip in of_loopback.chain(of_written) {
            if !found.contains(&ip) {
                found.push(ip);
            }
        }
        found
    }
}

impl fmt::Display for Hosts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "# Kubernetes-managed hosts file.\n\
             127.0.0.1\tlocalhost\n\
             ::1\tlocalhost ip6-localhost ip6-loopback\n\
             fe00::0\tip6-localnet\n\
             fe00::0\tip6-mcastprefix\n\
             fe00::1\tip6-allnodes\n\
             fe00::2\tip6-allrouters\n",
        )?;
        for (ip, names) in &self.own {
            writeln!(f, "{ip}\t{}", names.join("\t"))?;
        }
        if !self.aliases.is_empty() {
            f.write_str("\n# Entries added by HostAliases.\n")?;
        }
        for (ip, names) in &self.aliases {
            writeln!(f, "{ip}\t{}", names.join("\t"))?;
        }
        Ok(())
    }
}

/// A pod's host name: what it asks for, else its own name, cut to the 63 characters that Linux takes.
fn short_hostname(pod: &Pod) -> &str {
    let name = pod.hostname.as_deref().unwrap_or(&pod.name);
    let end = name.char_indices().nth(63).map_or(name.len(), |(i, _)| i);
    name[..end].trim_end_matches(['-', '.'])
}
