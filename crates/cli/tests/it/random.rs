//! Random clusters and policies: whatever they are, real packets do what was predicted, and what `netloom reach` says:
//! `verify` holds its classes against the prediction of every connection to a pod.
//!
//! `NETLOOM_RANDOM_CASES` sets how many; a failing one is printed whole.
use proptest::{
    prelude::*,
    strategy::ValueTree as _,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};

use crate::support::{User, folder, path, verified};

const CASES: u32 = 12;
const NAMESPACES: [&str; 3] = ["red", "green", "blue"];
const PORTS: [u16; 3] = [80, 81, 5353];

fn labels() -> impl Strategy<Value = String> {
    let pair = (prop::sample::select(vec!["app", "tier"]), prop::sample::select(vec!["a", "b", "c"]));
    proptest::collection::btree_map(pair.clone().prop_map(|p| p.0), pair.prop_map(|p| p.1), 0..3).prop_map(
        |map| format!("{{{}}}", map.iter().map(|(k, v)| format!("{k}: {v}")).collect::<Vec<_>>().join(", ")),
    )
}

fn selector() -> impl Strategy<Value = String> {
    let key = prop::sample::select(vec!["app", "tier"]);
    let value = prop::sample::select(vec!["a", "b", "c"]);
    prop_oneof![
        Just("{}".to_owned()),
        labels().prop_map(|l| format!("{{matchLabels: {l}}}")),
        (key.clone(), prop::sample::select(vec!["In", "NotIn"]), value).prop_map(|(k, op, v)| format!(
            "{{matchExpressions: [{{key: {k}, operator: {op}, values: [{v}]}}]}}"
        )),
        (key, prop::sample::select(vec!["Exists", "DoesNotExist"]))
            .prop_map(|(k, op)| format!("{{matchExpressions: [{{key: {k}, operator: {op}}}]}}")),
    ]
}

fn peer() -> impl Strategy<Value = String> {
    let nets = || {
        prop::sample::select(vec![
            "10.244.0.0/16",
            "10.244.0.0/24",
            "10.244.1.0/28",
            "203.0.113.0/24",
            "fd00:10:244::/56",
        ])
    };
    prop_oneof![
        selector().prop_map(|s| format!("podSelector: {s}")),
        selector().prop_map(|s| format!("namespaceSelector: {s}")),
        (selector(), selector()).prop_map(|(n, p)| format!("{{namespaceSelector: {n}, podSelector: {p}}}")),
        nets().prop_map(|n| format!("ipBlock: {{cidr: {n}}}")),
        Just("ipBlock: {cidr: 0.0.0.0/0, except: [10.244.1.0/24, 203.0.113.0/25]}".to_owned()),
    ]
    .prop_map(|p| if p.starts_with('{') { p } else { format!("{{{p}}}") })
}

fn port() -> impl Strategy<Value = String> {
    let number = || prop::sample::select(PORTS.to_vec());
    let protocol = || prop::sample::select(vec!["TCP", "UDP", "SCTP"]);
    prop_oneof![
        number().prop_map(|n| format!("{{port: {n}}}")),
        (number(), protocol()).prop_map(|(n, p)| format!("{{port: {n}, protocol: {p}}}")),
        protocol().prop_map(|p| format!("{{protocol: {p}}}")),
        prop::sample::select(vec!["http", "data"]).prop_map(|n| format!("{{port: {n}}}")),
        Just("{port: 80, endPort: 81}".to_owned()),
        Just("{port: 81, endPort: 6000, protocol: UDP}".to_owned()),
    ]
}

fn list(of: &[String]) -> String {
    format!("[{}]", of.join(", "))
}

fn rule(side: &'static str) -> impl Strategy<Value = String> {
    let peers = proptest::option::weighted(0.8, proptest::collection::vec(peer(), 1..3));
    let ports = proptest::option::weighted(0.7, proptest::collection::vec(port(), 1..3));
    (peers, ports).prop_map(move |(peers, ports)| {
        let parts =
            [peers.map(|p| format!("{side}: {}", list(&p))), ports.map(|p| format!("ports: {}", list(&p)))];
        format!("{{{}}}", parts.into_iter().flatten().collect::<Vec<_>>().join(", "))
    })
}

fn network_policy() -> impl Strategy<Value = String> {
    let rules = |side| proptest::option::weighted(0.7, proptest::collection::vec(rule(side), 0..3));
    (prop::sample::select(NAMESPACES.to_vec()), selector(), rules("from"), rules("to")).prop_map(|(namespace, pods, ingress, egress)| {
        let mut types = Vec::new();
        let mut text = String::new();
        if let Some(rules) = ingress {
            types.push("Ingress");
            text.push_str(&format!("  ingress: {}\n", list(&rules)));
        }
        if let Some(rules) = egress {
            types.push("Egress");
            text.push_str(&format!("  egress: {}\n", list(&rules)));
        }
        let types = if types.is_empty() { String::new() } else { format!("  policyTypes: [{}]\n", types.join(", ")) };
        format!(
            "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: NAME, namespace: {namespace}}}\nspec:\n  podSelector: {pods}\n{types}{text}"
        )
    })
}

fn cluster_policy() -> impl Strategy<Value = String> {
    let direction = prop::sample::select(vec![("ingress", "from"), ("egress", "to")]);
    let action = prop::sample::select(vec!["Accept", "Deny", "Pass"]);
    let peer = (selector(), selector())
        .prop_map(|(n, p)| format!("{{pods: {{namespaceSelector: {n}, podSelector: {p}}}}}"));
    let rule = (action, proptest::collection::vec(peer, 1..3));
    let rules = proptest::collection::vec(rule, 1..4);
    (prop::sample::select(vec!["Admin", "Baseline"]), 0..4u32, selector(), direction, rules).prop_map(
        |(tier, priority, subject, (direction, side), rules)| {
            let rules: Vec<String> =
                rules.iter().map(|(action, peers)| format!("{{action: {action}, {side}: {}}}", list(peers))).collect();
            format!(
                "apiVersion: policy.networking.k8s.io/v1alpha2\nkind: ClusterNetworkPolicy\nmetadata: {{name: NAME}}\nspec:\n  tier: {tier}\n  \
                 priority: {priority}\n  subject: {{namespaces: {subject}}}\n  {direction}: {}\n",
                list(&rules)
            )
        },
    )
}

fn pod() -> impl Strategy<Value = String> {
    let ports = proptest::collection::btree_map(
        (prop::sample::select(PORTS.to_vec()), prop::sample::select(vec!["TCP", "UDP"])),
        proptest::option::of(prop::sample::select(vec!["http", "data"])),
        1..3,
    );
    (prop::sample::select(NAMESPACES.to_vec()), labels(), ports).prop_map(|(namespace, labels, ports)| {
        let mut named = std::collections::BTreeSet::new();
        let ports: Vec<String> = ports
            .into_iter()
            .map(|((port, protocol), name)| {
                // A pod may use a port name once.
                let name = name.filter(|n| named.insert(*n)).map_or_else(String::new, |n| format!(", name: {n}"));
                format!("{{containerPort: {port}, protocol: {protocol}{name}}}")
            })
            .collect();
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: NAME, namespace: {namespace}, labels: {labels}}}\nspec: {{containers: [{{name: c, image: x, ports: {}}}]}}\n",
            list(&ports)
        )
    })
}

fn service() -> impl Strategy<Value = String> {
    let kind = prop::sample::select(vec!["ClusterIP", "NodePort", "LoadBalancer"]);
    let target = prop::sample::select(vec!["80", "81", "http"]);
    let policy = prop::sample::select(vec!["Cluster", "Local"]);
    (prop::sample::select(NAMESPACES.to_vec()), labels(), kind, target, policy).prop_map(|(namespace, labels, kind, target, policy)| {
        let external = if kind == "ClusterIP" { String::new() } else { format!(", externalTrafficPolicy: {policy}") };
        format!(
            "apiVersion: v1\nkind: Service\nmetadata: {{name: NAME, namespace: {namespace}}}\nspec: {{type: {kind}, selector: {}, ports: [{{port: 80, targetPort: {target}}}]{external}}}\n",
            if labels == "{}" { "{app: a}".to_owned() } else { labels }
        )
    })
}

fn cluster() -> impl Strategy<Value = String> {
    let policies = proptest::collection::vec(prop_oneof![4 => network_policy(), 1 => cluster_policy()], 0..6);
    (
        proptest::collection::vec(labels(), 3),
        proptest::collection::vec(pod(), 2..8),
        proptest::collection::vec(service(), 0..4),
        policies,
    )
        .prop_map(|(namespaces, pods, services, policies)| {
            let namespaces = NAMESPACES.iter().zip(namespaces).map(|(name, labels)| {
                format!("apiVersion: v1\nkind: Namespace\nmetadata: {{name: {name}, labels: {labels}}}\n")
            });
            let name = |kind: &str, texts: Vec<String>| {
                texts
                    .into_iter()
                    .enumerate()
                    .map(|(i, t)| t.replace("name: NAME", &format!("name: {kind}{i}")))
                    .collect::<Vec<_>>()
            };
            let all = namespaces
                .chain(name("pod", pods))
                .chain(name("svc", services))
                .chain(name("policy", policies));
            all.collect::<Vec<_>>().join("---\n")
        })
}

#[test]
fn packets_do_what_was_predicted() {
    let cases =
        std::env::var("NETLOOM_RANDOM_CASES").ok().map_or(CASES, |n| n.parse().expect("a number of cases"));
    let seed = std::env::var("NETLOOM_RANDOM_SEED").ok().map_or(1, |n| n.parse::<u64>().expect("a number"));
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let mut runner =
        TestRunner::new_with_rng(Config::default(), TestRng::from_seed(RngAlgorithm::ChaCha, &bytes));
    for case in 0..cases {
        let manifests = cluster().new_tree(&mut runner).unwrap().current();
        let folder = folder(&[("cluster.yaml", &manifests)]);
        let nodes = (1 + case % 3).to_string();
        let verify = || verified(User::Own, &[path(&folder), "--nodes", &nodes]);
        if std::panic::catch_unwind(std::panic::AssertUnwindSafe(verify)).is_err() {
            panic!("case {case} of seed {seed} on {nodes} nodes:\n{manifests}");
        }
    }
}
