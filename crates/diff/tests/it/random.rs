//! Random clusters: the changes of one to another, made to its table, give the other's table.
use std::collections::BTreeSet;

use netloom_cluster::Addressing;
use proptest::prelude::*;

use crate::{
    support::Sets,
    table::{self, Table},
};

fn labels() -> impl Strategy<Value = String> {
    let pair = (prop::sample::select(vec!["app", "tier"]), prop::sample::select(vec!["a", "b", "c"]));
    proptest::collection::vec(pair, 0..3).prop_map(|pairs| {
        let mut seen = BTreeSet::new();
        let pairs = pairs.into_iter().filter(|(key, _)| seen.insert(*key));
        format!("{{{}}}", pairs.map(|(key, value)| format!("{key}: {value}")).collect::<Vec<_>>().join(", "))
    })
}

fn selector() -> impl Strategy<Value = String> {
    let key = || prop::sample::select(vec!["app", "tier"]);
    let value = prop::sample::select(vec!["a", "b", "c"]);
    prop_oneof![
        2 => Just("{}".to_owned()),
        4 => labels().prop_map(|labels| format!("{{matchLabels: {labels}}}")),
        1 => (key(), prop::sample::select(vec!["In", "NotIn"]), value)
            .prop_map(|(k, o, v)| format!("{{matchExpressions: [{{key: {k}, operator: {o}, values: [{v}]}}]}}")),
        1 => (key(), prop::sample::select(vec!["Exists", "DoesNotExist"]))
            .prop_map(|(k, o)| format!("{{matchExpressions: [{{key: {k}, operator: {o}}}]}}")),
    ]
}

fn net() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "0.0.0.0/0",
        "10.244.0.0/16",
        "10.244.0.0/29",
        "203.0.113.0/24",
        "203.0.113.128/25",
        "172.18.0.0/16",
        "::/0",
        "fd00:10:244::/64",
        "2001:db8::/32",
    ])
}

fn peer() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => selector().prop_map(|pods| format!("{{podSelector: {pods}}}")),
        2 => selector().prop_map(|spaces| format!("{{namespaceSelector: {spaces}}}")),
        3 => (selector(), selector())
            .prop_map(|(spaces, pods)| format!("{{namespaceSelector: {spaces}, podSelector: {pods}}}")),
        3 => net().prop_map(|net| format!("{{ipBlock: {{cidr: \"{net}\"}}}}")),
        1 => Just("{ipBlock: {cidr: 0.0.0.0/0, except: [203.0.113.0/24, 10.0.0.0/8]}}".to_owned()),
    ]
}

fn port() -> impl Strategy<Value = String> {
    let number = || prop::sample::select(vec![80, 81, 8080]);
    let protocol = || prop::sample::select(vec!["TCP", "UDP", "SCTP"]);
    prop_oneof![
        (number(), protocol())
            .prop_map(|(number, protocol)| format!("{{port: {number}, protocol: {protocol}}}")),
        protocol().prop_map(|protocol| format!("{{protocol: {protocol}}}")),
        Just("{port: http}".to_owned()),
        Just("{port: 80, endPort: 100}".to_owned()),
    ]
}

fn list(items: &[String]) -> String {
    format!("[{}]", items.join(", "))
}

fn rules(side: &'static str) -> impl Strategy<Value = Option<String>> {
    let peers = proptest::option::weighted(0.8, proptest::collection::vec(peer(), 1..3));
    let ports = proptest::option::weighted(0.6, proptest::collection::vec(port(), 1..3));
    let rule = (peers, ports).prop_map(move |(peers, ports)| {
        let peers = peers.map(|peers| format!("{side}: {}", list(&peers)));
        let ports = ports.map(|ports| format!("ports: {}", list(&ports)));
        format!("{{{}}}", peers.into_iter().chain(ports).collect::<Vec<_>>().join(", "))
    });
    proptest::option::weighted(0.7, proptest::collection::vec(rule, 0..3).prop_map(|rules| list(&rules)))
}

fn network_policy(name: String) -> impl Strategy<Value = String> {
    (namespace(), selector(), rules("from"), rules("to")).prop_map(move |(space, pods, ingress, egress)| {
        let types = [ingress.as_ref().map(|_| "Ingress"), egress.as_ref().map(|_| "Egress")];
        let types: Vec<String> = types.into_iter().flatten().map(str::to_owned).collect();
        let spec = [ingress.map(|rules| format!("ingress: {rules}")), egress.map(|rules| format!("egress: {rules}"))];
        let spec: Vec<String> = spec.into_iter().flatten().collect();
        let types = if types.is_empty() { vec!["Ingress".to_owned()] } else { types };
        let spec = [vec![format!("podSelector: {pods}"), format!("policyTypes: {}", list(&types))], spec].concat();
        format!(
            "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: {name}, namespace: {space}}}\nspec: {{{}}}\n",
            spec.join(", ")
        )
    })
}

fn cluster_policy(name: String) -> impl Strategy<Value = String> {
    let action = || prop::sample::select(vec!["Accept", "Deny", "Pass"]);
    let to = prop_oneof![
        selector().prop_map(|spaces| format!("{{namespaces: {spaces}}}")),
        selector().prop_map(|nodes| format!("{{nodes: {nodes}}}")),
        net().prop_map(|net| format!("{{networks: [\"{net}\"]}}")),
    ];
    let tier = prop::sample::select(vec!["Admin", "Baseline"]);
    (tier, 0..3, selector(), action(), selector(), action(), to).prop_map(
        move |(tier, priority, subject, ingress, from, egress, to)| {
            format!(
                "apiVersion: policy.networking.k8s.io/v1alpha2\nkind: ClusterNetworkPolicy\nmetadata: {{name: {name}}}\n\
                 spec:\n  tier: {tier}\n  priority: {priority}\n  subject: {{namespaces: {subject}}}\n  \
                 ingress: [{{action: {ingress}, from: [{{namespaces: {from}}}]}}]\n  egress: [{{action: {egress}, to: [{to}]}}]\n"
            )
        },
    )
}

fn namespace() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["red", "blue"])
}

fn namespace_object(name: &'static str) -> impl Strategy<Value = String> {
    labels().prop_map(move |labels| {
        format!("apiVersion: v1\nkind: Namespace\nmetadata: {{name: {name}, labels: {labels}}}\n")
    })
}

fn node(nth: usize) -> impl Strategy<Value = String> {
    (labels(), any::<bool>()).prop_map(move |(labels, known)| {
        let address = if known { format!("172.18.0.{}", nth + 2) } else { format!("192.168.7.{}", nth + 2) };
        format!(
            "apiVersion: v1\nkind: Node\nmetadata: {{name: n{nth}, labels: {labels}}}\n\
             status: {{addresses: [{{type: InternalIP, address: {address}}}]}}\n"
        )
    })
}

/// A pod, of its own or of a ReplicaSet, so that the pods of one workload may differ.
fn pod(nth: usize) -> impl Strategy<Value = String> {
    let owned = prop::bool::weighted(0.4);
    let host = prop::bool::weighted(0.15);
    let http = prop::option::of(prop::sample::select(vec![80, 8080]));
    (labels(), owned, host, http, prop::bool::weighted(0.3)).prop_map(move |(labels, owned, host, http, known)| {
        let owner = "ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: web, uid: u, controller: true}], ";
        let owner = if owned { owner } else { "" };
        let host = if host { format!("hostNetwork: true, nodeName: n{}, ", nth % 2) } else { String::new() };
        let port = http.map(|port| format!(", ports: [{{name: http, containerPort: {port}}}]")).unwrap_or_default();
        let address = format!("status: {{podIP: 10.244.0.{0}, podIPs: [{{ip: 10.244.0.{0}}}]}}\n", nth + 2);
        let status = if known && host.is_empty() { address } else { String::new() };
        let space = ["red", "blue"][nth % 2];
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: p{nth}, namespace: {space}, {owner}labels: {labels}}}\n\
             spec: {{{host}containers: [{{name: c, image: i{port}}}]}}\n{status}"
        )
    })
}

fn deployment() -> impl Strategy<Value = String> {
    (1..4, prop::sample::select(vec!["a", "b"])).prop_map(|(replicas, tier)| {
        format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: api, namespace: red}}\nspec:\n  replicas: {replicas}\n  \
             selector: {{matchLabels: {{app: a}}}}\n  template:\n    metadata: {{labels: {{app: a, tier: {tier}}}}}\n    \
             spec: {{containers: [{{name: c, image: i, ports: [{{name: http, containerPort: 80}}]}}]}}\n"
        )
    })
}

fn service() -> impl Strategy<Value = String> {
    (
        prop::sample::select(vec!["ClusterIP", "NodePort", "LoadBalancer"]),
        prop::sample::select(vec!["a", "b"]),
    )
        .prop_map(|(kind, app)| {
            format!(
                "apiVersion: v1\nkind: Service\nmetadata: {{name: s, namespace: red}}\n\
                 spec: {{type: {kind}, selector: {{app: {app}}}, ports: [{{port: 80, targetPort: 80}}]}}\n"
            )
        })
}

fn ingress() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["a.example", "b.example"]).prop_map(|host| {
        format!(
            "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {{name: i, namespace: red}}\n\
             spec: {{rules: [{{host: {host}, http: {{paths: [{{path: /, pathType: Prefix, \
             backend: {{service: {{name: s, port: {{number: 80}}}}}}}}]}}}}]}}\n"
        )
    })
}

/// An object before and after: mostly the same, sometimes another, sometimes not there.
fn both(object: impl Strategy<Value = String> + 'static) -> impl Strategy<Value = [Option<String>; 2]> {
    let object = object.boxed();
    let after = prop_oneof![6 => Just(0), 3 => Just(1), 1 => Just(2)];
    (object.clone(), object, prop::bool::weighted(0.9), after).prop_map(|(one, other, there, after)| {
        let before = there.then(|| one.clone());
        let after = match after {
            0 => before.clone(),
            1 => Some(other),
            _ => None,
        };
        [before, after]
    })
}

fn clusters() -> impl Strategy<Value = [String; 2]> {
    let mut objects: Vec<BoxedStrategy<[Option<String>; 2]>> = vec![
        both(namespace_object("red")).boxed(),
        both(namespace_object("blue")).boxed(),
        both(node(0)).boxed(),
        both(node(1)).boxed(),
        both(deployment()).boxed(),
        both(service()).boxed(),
        both(ingress()).boxed(),
    ];
    objects.extend((0..6).map(|nth| both(pod(nth)).boxed()));
    objects.extend((0..4).map(|nth| both(network_policy(format!("np{nth}"))).boxed()));
    objects.extend((0..2).map(|nth| both(cluster_policy(format!("cnp{nth}"))).boxed()));
    objects.prop_map(|objects| {
        [0, 1].map(|side| {
            let there: Vec<&str> = objects.iter().filter_map(|both| both[side].as_deref()).collect();
            // Lines are others on the other side, where nothing else may be.
            format!("{}{}", "#\n".repeat(side * 3), there.join("---\n"))
        })
    })
}

fn agree(before: &str, after: &str, addressing: Addressing) -> Result<(), TestCaseError> {
    let sets = Sets::of(before, after, addressing);
    let [old, new] = &sets.reach;
    let diff = sets.diff();
    let ([table, expected], changes) = table::all(old, new, &diff);
    let mut made: Table = table.clone();
    for (change, [from, to, before, after]) in &changes {
        let pair = (from.clone(), to.clone());
        let none = "No Connections".to_owned();
        prop_assert_eq!(table.get(&pair).unwrap_or(&none), before, "before: {:?}", pair);
        prop_assert_ne!(before, after, "{:?}", pair);
        let name = if *before == none {
            "added"
        } else if *after == none {
            "removed"
        } else {
            "changed"
        };
        prop_assert_eq!(change, name);
        if *after == none {
            made.remove(&pair);
        } else {
            made.insert(pair, after.clone());
        }
    }
    prop_assert_eq!(&made, &expected);
    let pairs: BTreeSet<_> = changes.iter().map(|(_, [from, to, ..])| (from, to)).collect();
    prop_assert_eq!(pairs.len(), changes.len(), "a pair is told twice");
    let counted: usize = diff.groups().map(netloom_diff::Group::count).sum();
    prop_assert_eq!(counted, table::changes(&diff).len());
    joined(&diff)?;
    if addressing == Addressing::Known {
        caused(&sets, &diff)?;
    }
    Ok(())
}

/// Side by side ranges with the same change are one.
fn joined(diff: &netloom_diff::Diff<'_>) -> Result<(), TestCaseError> {
    let lines = table::changes(diff);
    for line in &lines {
        for other in &lines {
            for end in [1, 2] {
                let same = (0..5).all(|field| field == end || line[field] == other[field]);
                if let (true, Some(a), Some(b)) = (same, table::range(&line[end]), table::range(&other[end]))
                {
                    prop_assert!(!a.meets(&b), "{:?} and {:?}", line, other);
                }
            }
        }
    }
    Ok(())
}

/// Behind every change is an object that changed; and where both ends were and are there, a side that decides otherwise.
fn caused(sets: &Sets, diff: &netloom_diff::Diff<'_>) -> Result<(), TestCaseError> {
    for group in diff.groups().filter(|group| !group.from.contains(&netloom_diff::End::Controller)) {
        let causes = diff.causes(group, usize::MAX);
        prop_assert!(causes.complete);
        prop_assert!(!causes.objects.is_empty(), "no object is behind {:?}", group);
        // Who gets its first address may lose a family, about which no policy decides; nor does any about a node and
        // its own pods.
        let stays = |end: &netloom_diff::End| {
            let netloom_diff::End::Unit(unit) = end else { return true };
            let unit = diff.unit(*unit);
            let ips = |nth: usize, member: &netloom_diff::Member| {
                let snapshot = sets.reach[nth].snapshot();
                member.pod.map(|pod| snapshot.pod(pod)).filter(|pod| !pod.host_network).map(|pod| pod.ips)
            };
            matches!((&unit.before, &unit.after), (Some(a), Some(b)) if a.pod.is_some() && ips(0, a) == ips(1, b) && ips(0, a).is_some())
        };
        if group.from.iter().chain(&group.to).all(stays) {
            prop_assert!(!causes.all.is_empty(), "no side decides otherwise in {:?}", group);
        }
    }
    for way in &diff.ways {
        let behind = diff.causes_of_way(way);
        let behind_groups =
            diff.outside.iter().any(|group| group.to.contains(&netloom_diff::End::Unit(way.to)));
        prop_assert!(!behind.objects.is_empty() || behind_groups, "no object is behind {:?}", way);
    }
    Ok(())
}

/// Clients of a node's port come under its address, which a policy may let in.
#[test]
fn a_node_that_came_is_behind_what_it_lets_in() {
    let node = |nth: usize, address: &str| {
        format!(
            "apiVersion: v1\nkind: Node\nmetadata: {{name: n{nth}}}\nstatus: {{addresses: [{{type: InternalIP, address: {address}}}]}}\n---\n"
        )
    };
    let rest = "apiVersion: v1\nkind: Service\nmetadata: {name: s, namespace: red}\n\
        spec: {type: NodePort, selector: {app: a}, ports: [{port: 80}]}\n---\n\
        apiVersion: v1\nkind: Pod\nmetadata: {name: p, namespace: red, labels: {app: a}}\n\
        spec: {containers: [{name: c, image: i}]}\n---\n\
        apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: np, namespace: red}\n\
        spec: {podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 172.18.0.0/16}}]}]}\n";
    let one = format!("{}{rest}", node(0, "192.168.7.2"));
    let two = format!("{}{}{rest}", node(0, "192.168.7.2"), node(1, "172.18.0.3"));
    let elsewhere = format!("{}{}{rest}", node(0, "192.168.7.2"), node(1, "192.168.7.3"));
    for (before, after) in [(&one, &two), (&elsewhere, &two)] {
        let sets = Sets::of(before, after, Addressing::Known);
        let diff = sets.diff();
        let way = diff.ways.iter().find(|way| way.from_internet()).expect("the internet comes in");
        let objects = diff.causes_of_way(way).objects;
        let names: Vec<_> = objects.iter().map(|nth| &*diff.objects[*nth].object().name).collect();
        assert_eq!(names, ["n1"]);
    }
}

/// `NETLOOM_RANDOM_CASES` sets how many clusters are compared.
fn cases() -> u32 {
    std::env::var("NETLOOM_RANDOM_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(150)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), ..ProptestConfig::default() })]

    #[test]
    fn the_changes_lead_from_one_table_to_the_other([before, after] in clusters()) {
        agree(&before, &after, Addressing::Known)?;
    }

    #[test]
    fn likewise_where_all_addresses_are_known([before, after] in clusters()) {
        agree(&before, &after, Addressing::Assigned)?;
    }

    #[test]
    fn a_set_and_itself_are_the_same([before, _] in clusters()) {
        let moved = format!("# Moved.\n{before}");
        let sets = Sets::of(&before, &moved, Addressing::Known);
        let diff = sets.diff();
        prop_assert!(diff.summary().is_quiet() && diff.objects.is_empty(), "{:?}", diff.summary());
    }
}
