//! What to write where something is missing: rules in YAML, as short as they can be.
use std::{collections::BTreeMap, net::IpAddr};

use netloom_cluster::{Pod, Protocol, Snapshot};
use netloom_policy::Direction;

use crate::World;

/// Labels that name a workload by convention, the most telling first.
pub const TELLING: [&str; 5] =
    ["app.kubernetes.io/name", "app", "k8s-app", "name", "app.kubernetes.io/component"];
/// Labels that controllers set on single pods or revisions: no rule should name them.
pub const PASSING: [&str; 17] = [
    "pod-template-hash",
    "rollouts-pod-template-hash",
    "controller-revision-hash",
    "pod-template-generation",
    "controller-uid",
    "batch.kubernetes.io/controller-uid",
    "deployment",
    "serving.knative.dev/revision",
    "serving.knative.dev/configurationGeneration",
    "kubevirt.io/created-by",
    "operator.prometheus.io/shard",
    "strimzi.io/pod-name",
    "cnpg.io/instanceName",
    "cnpg.io/instanceRole",
    "statefulset.kubernetes.io/pod-name",
    "apps.kubernetes.io/pod-index",
    "batch.kubernetes.io/job-completion-index",
];

/// The label by which a rule should select a pod, as `key: value`; all of them where none stands out.
fn labels(pod: &Pod) -> Option<String> {
    let of = |key: &str| pod.labels.get(key).map(|value| format!("{key}: {}", scalar(value)));
    if let Some(found) = TELLING.into_iter().find_map(of) {
        return Some(found);
    }
    let lasting: Vec<String> =
        pod.labels.keys().filter(|k| !PASSING.contains(&k.as_str())).filter_map(|k| of(k)).collect();
    (!lasting.is_empty()).then(|| lasting.join(", "))
}

/// The label that names what has these labels best.
pub(crate) fn telling(labels: &BTreeMap<String, String>) -> Option<(&String, &String)> {
    let lasting = || labels.iter().find(|(key, _)| !PASSING.contains(&key.as_str()));
    TELLING.into_iter().find_map(|key| labels.get_key_value(key)).or_else(lasting)
}

/// A string as a YAML value: quoted where it would be read as something else.
#[must_use]
pub fn scalar(value: &str) -> String {
    let word = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'/');
    let reads_otherwise = ["y", "n", "yes", "no", "on", "off", "true", "false", "null", ""];
    let plain = value.bytes().all(word)
        && value.bytes().next().is_some_and(|b| b.is_ascii_alphabetic())
        && !reads_otherwise.contains(&value.to_ascii_lowercase().as_str());
    if plain { value.to_owned() } else { format!("{value:?}") }
}

/// Labels as `key=value` for people, those that controllers set left out.
pub(crate) fn shown(labels: &BTreeMap<String, String>) -> String {
    let lasting = labels.iter().filter(|(k, _)| !PASSING.contains(&k.as_str()));
    let shown: Vec<String> = lasting.map(|(k, v)| format!("{k}={v}")).collect();
    if shown.is_empty() { "no labels".to_owned() } else { shown.join(", ") }
}

/// A peer that means the owner of an address, seen from a namespace; each line of it.
fn peer(world: &World, ip: IpAddr, namespace: &str) -> Vec<String> {
    let snapshot: &Snapshot = &world.snapshot;
    let Some(pod) = world.policies.pod_at(ip).map(|p| snapshot.pod(p)) else {
        let bits = if ip.is_ipv4() { 32 } else { 128 };
        return vec![format!("ipBlock: {{cidr: {}}}", scalar_net(&format!("{ip}/{bits}")))];
    };
    let pods = match labels(pod) {
        Some(labels) => format!("podSelector: {{matchLabels: {{{labels}}}}}"),
        None => "podSelector: {}".to_owned(),
    };
    if *pod.namespace == *namespace {
        return vec![pods];
    }
    let name = scalar(&pod.namespace);
    vec![format!("namespaceSelector: {{matchLabels: {{kubernetes.io/metadata.name: {name}}}}}"), pods]
}

fn scalar_net(text: &str) -> String {
    // An IPv6 network has colons, which YAML reads as keys inside of braces.
    if text.contains(':') { format!("{text:?}") } else { text.to_owned() }
}

/// One item of `to` or `from`.
pub(crate) fn peer_item(world: &World, ip: IpAddr, namespace: &str) -> String {
    let mut text = String::new();
    for (i, line) in peer(world, ip, namespace).iter().enumerate() {
        text.push_str(if i == 0 { "- " } else { "\n  " });
        text.push_str(line);
    }
    text
}

/// One item for a server outside of the cluster whose address is not known.
pub(crate) fn anywhere(ip: IpAddr, name: &str) -> String {
    let all = if ip.is_ipv4() { "0.0.0.0/0" } else { "::/0" };
    format!("- ipBlock: {{cidr: {}}}  # or what is known of {name}", scalar_net(all))
}

/// A whole rule.
pub(crate) fn rule(direction: Direction, peer: &str, ports: &[(Protocol, u16)]) -> String {
    let side = match direction {
        Direction::Ingress => "from",
        Direction::Egress => "to",
    };
    let peer = peer.replace('\n', "\n  ");
    let ports = ports.iter().map(|(protocol, port)| format!("\n  - {{protocol: {protocol}, port: {port}}}"));
    format!("- {side}:\n  {peer}\n  ports:{}", ports.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_stay_strings() {
        let table = [
            ("backend", "backend"),
            ("kube-system", "kube-system"),
            ("yes", "\"yes\""),
            ("1.0", "\"1.0\""),
            ("", "\"\""),
            ("a b", "\"a b\""),
        ];
        for (value, expected) in table {
            assert_eq!(scalar(value), expected);
        }
    }
}
