//! The DNS servers among the workloads, and the files that their pods mount from ConfigMaps.
use std::{collections::BTreeMap, net::IpAddr, sync::Arc};

use netloom_corefile::File;
use netloom_objects::{Object, Typed};

use crate::{
    dns,
    input::{Input, namespace_of},
    model::{DnsServer, DnsServers, Pod, Service},
};

/// Where CoreDNS' own manifests mount its files.
const FOLDER: &str = "/etc/coredns";

/// The pods that a manifest makes are described at one of these.
const PODS: [&str; 3] = ["spec.template.spec", "spec", "spec.jobTemplate.spec.template.spec"];

/// The DNS servers of a set of objects; `service` is the cluster's DNS.
pub fn find(input: &Input, pods: &[Arc<Pod>], service: Option<&Service>) -> DnsServers {
    let maps = input.config_maps();
    let workloads = &input.workloads().objects;
    let backing = service
        .and_then(|service| service.endpoints.iter().find_map(|e| e.pod))
        .and_then(|pod| workload_of(workloads, &pods[pod.0 as usize]));
    let cluster = match backing.filter(|workload| mounts_config(workload)) {
        Some(workload) => Some(server(workload, &maps)),
        None => unmounted(backing, &maps),
    };
    let node_local =
        workloads.iter().filter(|w| !local_ips(w).is_empty()).map(|w| Arc::new(server(w, &maps)));
    DnsServers { cluster: cluster.map(Arc::new), node_local: node_local.collect() }
}

fn workload_of<'o>(workloads: &'o [Arc<Object>], pod: &Pod) -> Option<&'o Arc<Object>> {
    workloads.iter().find(|object| {
        namespace_of(object) == pod.namespace
            && object.name == pod.workload.name
            && object.kind == pod.workload.kind
    })
}

/// A set may leave out the Deployment, which the cluster's installer made, and have its ConfigMaps all the same.
fn unmounted(workload: Option<&Arc<Object>>, maps: &[&Arc<Object>]) -> Option<DnsServer> {
    let named = |name: &str| {
        maps.iter()
            .find(|map| &*map.name == name && map.reference.namespace.as_deref() == Some(dns::NAMESPACE))
    };
    let main = named("coredns").filter(|map| map.is_written("data.Corefile"))?;
    let mut files = BTreeMap::new();
    add_keys(&mut files, main, FOLDER);
    if let Some(custom) = named("coredns-custom") {
        add_keys(&mut files, custom, &format!("{FOLDER}/custom"));
    }
    let origin = workload.map_or_else(|| main.reference.clone(), |workload| workload.reference.clone());
    Some(DnsServer { origin, node_local: Vec::new(), corefile: Some(format!("{FOLDER}/Corefile")), files })
}

fn mounts_config(workload: &Object) -> bool {
    PODS.iter().any(|at| {
        (0..workload.count(&format!("{at}.volumes")))
            .any(|i| workload.text(&format!("{at}.volumes[{i}].configMap.name")).is_some())
    })
}

fn server(workload: &Arc<Object>, maps: &[&Arc<Object>]) -> DnsServer {
    let mut files = BTreeMap::new();
    let mut asked = None;
    let at = PODS.iter().find(|at| workload.count(&format!("{at}.containers")) > 0);
    if let Some(at) = at {
        for i in 0..workload.count(&format!("{at}.containers")) {
            let container = format!("{at}.containers[{i}]");
            mount(workload, at, &container, maps, &mut files);
            asked = asked.or_else(|| argument(workload, &container, "conf"));
        }
    }
    let named = |path: &String| path.ends_with("/Corefile") || path.ends_with("/Corefile.base");
    let corefile =
        asked.filter(|path| files.contains_key(path)).or_else(|| files.keys().find(|p| named(p)).cloned());
    DnsServer { origin: workload.reference.clone(), node_local: local_ips(workload), corefile, files }
}

/// The files of ConfigMaps that a container mounts, by their paths.
fn mount(
    workload: &Object,
    pods: &str,
    container: &str,
    maps: &[&Arc<Object>],
    files: &mut BTreeMap<String, File>,
) {
    for i in 0..workload.count(&format!("{container}.volumeMounts")) {
        let text = |field: &str| workload.text(&format!("{container}.volumeMounts[{i}].{field}"));
        let (Some(name), Some(folder)) = (text("name"), text("mountPath")) else { continue };
        let volumes = (0..workload.count(&format!("{pods}.volumes"))).map(|i| format!("{pods}.volumes[{i}]"));
        let Some(volume) = volumes.into_iter().find(|v| workload.text(&format!("{v}.name")) == Some(name))
        else {
            continue;
        };
        let Some(map) = workload.text(&format!("{volume}.configMap.name")).and_then(|name| {
            maps.iter().find(|map| &*map.name == name && namespace_of(map) == namespace_of(workload))
        }) else {
            continue;
        };
        let mut found = BTreeMap::new();
        let items = workload.count(&format!("{volume}.configMap.items"));
        if items == 0 {
            add_keys(&mut found, map, "");
        }
        for item in 0..items {
            let text = |field: &str| workload.text(&format!("{volume}.configMap.items[{item}].{field}"));
            if let (Some(key), Some(path)) = (text("key"), text("path"))
                && let Some(file) = file_of(map, key)
            {
                found.insert(format!("/{path}"), file);
            }
        }
        let folder = folder.trim_end_matches('/');
        match text("subPath") {
            Some(sub) => {
                if let Some(file) = found.remove(&format!("/{}", sub.trim_start_matches('/'))) {
                    files.insert(folder.to_owned(), file);
                }
            }
            None => files.extend(found.into_iter().map(|(path, file)| (format!("{folder}{path}"), file))),
        }
    }
}

fn add_keys(files: &mut BTreeMap<String, File>, map: &Object, folder: &str) {
    for key in map.keys("data") {
        if let Some(file) = file_of(map, key) {
            files.insert(format!("{folder}/{key}"), file);
        }
    }
}

fn file_of(map: &Object, key: &str) -> Option<File> {
    let lines = map.text_lines(&format!("data.{}", key.replace('.', "\\.")))?;
    Some(File { origin: map.reference.clone(), lines })
}

/// The addresses that NodeLocal DNSCache takes on each node: `-localip 169.254.20.10,…`.
fn local_ips(workload: &Object) -> Vec<IpAddr> {
    if !matches!(workload.typed, Typed::DaemonSet(_)) {
        return Vec::new();
    }
    let at = "spec.template.spec";
    let containers =
        (0..workload.count(&format!("{at}.containers"))).map(|i| format!("{at}.containers[{i}]"));
    let asked = containers.filter_map(|container| argument(workload, &container, "localip"));
    asked.flat_map(|ips| ips.split(',').filter_map(|ip| ip.trim().parse().ok()).collect::<Vec<_>>()).collect()
}

/// The value of `-name value` or `-name=value` among a container's command and arguments.
fn argument(workload: &Object, container: &str, name: &str) -> Option<String> {
    let words: Vec<&str> = ["command", "args"]
        .iter()
        .flat_map(|field| {
            let list = format!("{container}.{field}");
            (0..workload.count(&list)).filter_map(move |i| workload.text(&format!("{list}[{i}]")))
        })
        .collect();
    let flag = |word: &str| {
        let bare = word.strip_prefix("--").or_else(|| word.strip_prefix('-'))?;
        bare.strip_prefix(name).map(str::to_owned)
    };
    words.iter().enumerate().find_map(|(i, word)| match flag(word)?.as_str() {
        "" => words.get(i + 1).map(|value| (*value).to_owned()),
        rest => rest.strip_prefix('=').map(str::to_owned),
    })
}
