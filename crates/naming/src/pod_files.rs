//! The resolver configuration that a kubelet writes for a pod: `resolv.conf` by dnsPolicy and dnsConfig.
use netloom_cluster::{DnsPolicy, Pod, Snapshot};

use crate::{
    names::normal,
    resolv_conf::{ResolvConf, without_final_dot},
};

/// What glibc takes, and what the kubelet cuts to.
const MAX_NAMESERVERS: usize = 3;
/// The kubelet's limit of search domains.
const MAX_SEARCHES: usize = 32;
/// The kubelet's limit of the search line's characters.
const MAX_SEARCH_CHARS: usize = 2048;

/// A pod's `resolv.conf`, as the kubelet makes it; `host` is that of the pod's node.
#[must_use]
pub fn resolv_conf(snapshot: &Snapshot, pod: &Pod, host: &ResolvConf) -> ResolvConf {
    let mut conf = match pod.dns_policy {
        DnsPolicy::None => ResolvConf::default(),
        DnsPolicy::Default => from_host(host),
        DnsPolicy::ClusterFirst if pod.host_network => from_host(host),
        DnsPolicy::ClusterFirst | DnsPolicy::ClusterFirstWithHostNet => cluster_first(snapshot, pod, host),
    };
    let config = &pod.dns_config;
    conf.nameservers.extend(&config.nameservers);
    conf.searches.extend(config.searches.iter().map(|s| without_final_dot(s)));
    for (name, value) in &config.options {
        match conf.options.iter_mut().find(|(n, _)| n == name) {
            Some(option) => option.1.clone_from(value),
            None => conf.options.push((name.clone(), value.clone())),
        }
    }
    keep_first(&mut conf.nameservers);
    keep_first(&mut conf.searches);
    fit_limits(&mut conf, pod);
    if conf.nameservers.is_empty() {
        let policy = match pod.dns_policy {
            DnsPolicy::None => "`dnsPolicy: None` needs `dnsConfig.nameservers`",
            _ => "its node's resolver configuration has none",
        };
        conf.warnings.push(format!("pod {} has no nameserver: {policy}", pod.qualified_name()));
    }
    conf
}

fn from_host(host: &ResolvConf) -> ResolvConf {
    ResolvConf { warnings: vec![], ..host.clone() }
}

fn cluster_first(snapshot: &Snapshot, pod: &Pod, host: &ResolvConf) -> ResolvConf {
    let addresses = snapshot.dns_service.map(|id| snapshot.service(id).cluster_ips()).unwrap_or_default();
    // The kubelet is given the primary family's address alone; a pod that lacks that family takes the other.
    let reachable =
        addresses.iter().find(|server| pod.ips.iter().any(|own| own.is_ipv4() == server.is_ipv4()));
    let Some(server) = reachable.or_else(|| addresses.iter().next()) else {
        let mut conf = from_host(host);
        conf.warnings.push(format!(
            "pod {} falls back to its node's resolver configuration: the cluster has no DNS Service with an address",
            pod.qualified_name()
        ));
        return conf;
    };
    let zone = normal(&snapshot.zone);
    let mut searches = vec![format!("{}.svc.{zone}", pod.namespace), format!("svc.{zone}"), zone];
    searches.extend(host.searches.iter().cloned());
    let options = vec![("ndots".to_owned(), Some("5".to_owned()))];
    ResolvConf { nameservers: vec![server], searches, options, warnings: vec![] }
}

fn keep_first<T: PartialEq + Clone>(list: &mut Vec<T>) {
    let mut kept: Vec<T> = Vec::with_capacity(list.len());
    for item in list.drain(..) {
        if !kept.contains(&item) {
            kept.push(item);
        }
    }
    *list = kept;
}

fn fit_limits(conf: &mut ResolvConf, pod: &Pod) {
    let pod = pod.qualified_name();
    if conf.nameservers.len() > MAX_NAMESERVERS {
        let dropped: Vec<String> =
            conf.nameservers[MAX_NAMESERVERS..].iter().map(ToString::to_string).collect();
        conf.nameservers.truncate(MAX_NAMESERVERS);
        conf.warnings.push(format!(
            "pod {pod} has more than {MAX_NAMESERVERS} nameservers; left out: {}",
            dropped.join(" ")
        ));
    }
    let mut chars = 0;
    let fitting = conf.searches.iter().take(MAX_SEARCHES).take_while(|domain| {
        chars += domain.len() + usize::from(chars > 0);
        chars <= MAX_SEARCH_CHARS
    });
    let fitting = fitting.count();
    if fitting < conf.searches.len() {
        let dropped = conf.searches.split_off(fitting).join(" ");
        conf.warnings.push(format!(
            "pod {pod} has more than {MAX_SEARCHES} search domains or {MAX_SEARCH_CHARS} characters of them; left out: {dropped}"
        ));
    }
}
