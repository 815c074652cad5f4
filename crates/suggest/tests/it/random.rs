//! Random clusters with random needs: the policies allow just the needs, and DNS.
use std::collections::BTreeMap;

use netloom_cluster::Protocol;
use netloom_reach::{Party, PortSet};
use netloom_suggest::{End, Ground, Need};
use proptest::prelude::*;

use crate::support::{Asked, on_text, suggested};

const NAMESPACES: [&str; 3] = ["red", "green", "blue"];

fn labels() -> impl Strategy<Value = String> {
    let pair = (prop::sample::select(vec!["app", "tier", "y"]), prop::sample::select(vec!["a", "b", "on"]));
    proptest::collection::btree_map(pair.clone().prop_map(|p| p.0), pair.prop_map(|p| p.1), 0..3).prop_map(
        |map| {
            let pairs: Vec<String> = map.iter().map(|(k, v)| format!("'{k}': '{v}'")).collect();
            format!("{{{}}}", pairs.join(", "))
        },
    )
}

/// A workload: its namespace, a flag, a label, and the ports that it declares, each with its name.
type Declared = (usize, bool, String, BTreeMap<(u16, &'static str), Option<&'static str>>);

/// A pod or a Deployment with its ports: number, protocol, name.
fn workload() -> impl Strategy<Value = Declared> {
    let ports = proptest::collection::btree_map(
        (prop::sample::select(vec![80, 81, 5353]), prop::sample::select(vec!["TCP", "UDP", "SCTP"])),
        proptest::option::of(prop::sample::select(vec!["http", "data"])),
        1..3,
    );
    (0..NAMESPACES.len(), any::<bool>(), labels(), ports)
}

/// From whom to whom (beyond the workloads: outside), on which of the target's ports, or on a port that it lacks.
fn edge() -> impl Strategy<Value = (usize, usize, usize, bool)> {
    (0..12usize, 0..12usize, 0..3usize, proptest::bool::weighted(0.2))
}

fn manifests(workloads: &[Declared]) -> String {
    let mut text = NAMESPACES
        .map(|n| format!("apiVersion: v1\nkind: Namespace\nmetadata: {{name: {n}}}\n---\n"))
        .concat();
    for (nth, (namespace, deployment, labels, ports)) in workloads.iter().enumerate() {
        let mut named = std::collections::BTreeSet::new();
        let ports: Vec<String> = ports
            .iter()
            .map(|((port, protocol), name)| {
                let name =
                    name.filter(|n| named.insert(*n)).map_or_else(String::new, |n| format!(", name: {n}"));
                format!("{{containerPort: {port}, protocol: {protocol}{name}}}")
            })
            .collect();
        let spec = format!("{{containers: [{{name: c, image: i, ports: [{}]}}]}}", ports.join(", "));
        let namespace = NAMESPACES[*namespace];
        // A Deployment needs a label of its own selector; the name's own would tell everything apart.
        let own = labels != "{}" && *deployment;
        text.push_str(&match own {
            true => format!(
                "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: w{nth}, namespace: {namespace}}}\nspec: {{replicas: 2, \
                 selector: {{matchLabels: {labels}}}, template: {{metadata: {{labels: {labels}}}, spec: {spec}}}}}\n---\n"
            ),
            false => format!(
                "apiVersion: v1\nkind: Pod\nmetadata: {{name: w{nth}, namespace: {namespace}, labels: {labels}}}\nspec: {spec}\n---\n"
            ),
        });
    }
    // Something of today that has to go.
    text.push_str("apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: open, namespace: red}\nspec: {podSelector: {}, ingress: [{}], egress: [{}]}\n");
    text
}

fn needs(workloads: &[Declared], edges: &[(usize, usize, usize, bool)]) -> String {
    let name = |nth: usize| workloads.get(nth).map(|w| format!("{}/w{nth}", NAMESPACES[w.0]));
    let mut text = String::new();
    // A pod alone needs nothing to reach itself.
    let alone = |nth: usize| workloads.get(nth).is_some_and(|w| !w.1 || w.2 == "{}");
    for (from, to, port, strange) in edges.iter().filter(|edge| edge.0 != edge.1 || !alone(edge.0)) {
        let line = match (name(*from), name(*to)) {
            (Some(_), Some(to_name)) | (None, Some(to_name)) => {
                let ports = &workloads[*to].3;
                let ((number, protocol), _) = ports.iter().nth(port % ports.len()).unwrap();
                let number = if *strange { 7000 } else { *number };
                let from = name(*from).unwrap_or_else(|| ["outside", "203.0.113.0/24"][from % 2].to_owned());
                format!("{from} -> {to_name}:{number}/{protocol}\n")
            }
            (Some(from), None) => format!("{from} -> 198.51.100.0/25:443\n"),
            (None, None) => continue,
        };
        text.push_str(&line);
    }
    text
}

/// What the needs say of two pods, or of a pod and an address.
fn needed(ground: &Ground<'_>, needs: &[Need], from: Party, to: Party) -> PortSet {
    let is = |end: &End, party: Party| match (end, party) {
        (End::Unit(unit), Party::Pod(pod)) => ground.units.of_pod(pod) == Some(*unit),
        (End::Blocks(blocks), Party::Address(ip)) => blocks.iter().any(|b| b.cidr.contains(&ip)),
        _ => false,
    };
    let both = needs.iter().filter(|need| is(&need.from, from) && is(&need.to, to));
    both.fold(PortSet::none(), |all, need| all.or(&need.ports))
}

/// `NETLOOM_RANDOM_CASES` sets how many clusters are tried.
fn cases() -> u32 {
    std::env::var("NETLOOM_RANDOM_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(200)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), ..ProptestConfig::default() })]

    #[test]
    fn just_what_is_needed_is_allowed(
        workloads in proptest::collection::vec(workload(), 1..9),
        edges in proptest::collection::vec(edge(), 0..10),
    ) {
        let text = manifests(&workloads);
        let wanted = needs(&workloads, &edges);
        on_text(&text, |ground| {
            let (suggestion, proof, report) = suggested(ground, &Asked { needs: &wanted, ..Asked::default() });
            prop_assert!(proof.unmet.is_empty(), "{report}\n{}", suggestion.yaml());
            let after = &proof.after;
            let pods: Vec<Party> = ground.snapshot.pods.iter().map(|pod| Party::Pod(pod.id)).collect();
            let outside = after.outside().iter().map(|o| Party::Address(o.range.low));
            let everyone: Vec<Party> = pods.iter().copied().chain(outside).collect();
            let dns = |party: &Party| matches!(party, Party::Pod(pod) if *ground.snapshot.pod(*pod).namespace == *"kube-system");
            for from in everyone.iter().filter(|from| !dns(from)) {
                for to in everyone.iter().filter(|to| *to != from) {
                    if matches!((from, to), (Party::Address(_), Party::Address(_))) || (dns(to) && matches!(from, Party::Address(_))) {
                        continue;
                    }
                    let mut expected = needed(ground, &suggestion.needs, *from, *to);
                    if dns(to) {
                        let asked = PortSet::of(Protocol::Udp, 53, 53).or(&PortSet::of(Protocol::Tcp, 53, 53));
                        prop_assert_eq!(&expected, &asked);
                        expected = asked;
                    }
                    prop_assert_eq!(
                        &*after.allowed(*from, *to), &expected,
                        "{} -> {}\n{}\n{}\n{}", after.name_of(*from, None), after.name_of(*to, None), wanted, suggestion.yaml(), text
                    );
                }
            }
            Ok(())
        })?;
    }
}
