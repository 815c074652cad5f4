use netloom_cluster::{Builder, Families, Nets, Options, Pending};

use crate::{built, built_with, files, findings, loads, plain, pod, pods};

fn node(name: &str, labels: &str, rest: &str) -> String {
    format!("apiVersion: v1\nkind: Node\nmetadata: {{name: {name}, labels: {{{labels}}}}}\n{rest}---\n")
}

fn deployment(name: &str, replicas: u32, spec: &str) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}}}\nspec: {{replicas: {replicas}, selector: {{matchLabels: {{a: b}}}}, template: {{metadata: {{labels: {{a: b}}}}, spec: {{{spec}containers: [{{name: c, image: x, ports: [{{containerPort: 80}}]}}]}}}}}}\n---\n"
    )
}

#[test]
fn made_nodes() {
    for count in [0, 1, 3] {
        let built = built_with(Options { nodes: count, ..plain() }, "");
        let names: Vec<String> = built.snapshot.nodes.iter().map(|n| n.name.to_string()).collect();
        let wanted: Vec<String> = (1..=count.max(1)).map(|i| format!("node-{i}")).collect();
        assert_eq!(names, wanted);
    }
    let built = built("");
    let node = &built.snapshot.nodes[1];
    assert_eq!(node.ips.v4.unwrap().to_string(), "172.18.0.3");
    assert_eq!(node.ips.v6.unwrap().to_string(), "fc00:f853:ccd:e793::3");
    assert_eq!(node.pod_cidrs.v4.unwrap().to_string(), "10.244.1.0/24");
    assert_eq!(node.pod_cidrs.v6.unwrap().to_string(), "fd00:10:244:1::/64");
}

#[test]
fn declared_nodes_keep_their_order_and_addresses() {
    let yaml = [
        node(
            "z",
            "topology.kubernetes.io/zone: a",
            "spec: {podCIDR: 10.42.5.0/24}\nstatus: {addresses: [{type: Hostname, address: z}, {type: InternalIP, address: 192.168.56.10}]}\n",
        ),
        node("a", "", ""),
        deployment("web", 2, ""),
    ];
    let built = built(&yaml.concat());
    let shown: Vec<String> = built
        .snapshot
        .nodes
        .iter()
        .map(|n| format!("{} {} {} {:?}", n.name, n.ips.v4.unwrap(), n.pod_cidrs.v4.unwrap(), n.zone()))
        .collect();
    assert_eq!(shown, ["z 192.168.56.10 10.42.5.0/24 Some(\"a\")", "a 192.168.56.2 10.42.0.0/24 None"]);
    assert_eq!(built.snapshot.plan.pod_cidrs.v4.unwrap().to_string(), "10.42.0.0/16");
    assert_eq!(built.snapshot.plan.node_cidrs.v4.unwrap().to_string(), "192.168.56.0/24");
    let ips: Vec<String> = built.snapshot.pods.iter().map(|p| p.ips.v4.unwrap().to_string()).collect();
    assert!(ips.contains(&"10.42.5.2".to_owned()) && ips.contains(&"10.42.0.2".to_owned()), "{ips:?}");
}

#[test]
fn placement() {
    let nodes = [
        node("a", "disk: ssd", ""),
        node("b", "disk: hdd", ""),
        node("c", "disk: hdd", "spec: {unschedulable: true}\n"),
        node("d", "disk: hdd", "spec: {taints: [{key: dedicated, value: db, effect: NoSchedule}]}\n"),
    ]
    .concat();
    for (spec, wanted) in [
        ("", vec![2, 2, 0, 0]),
        ("nodeSelector: {disk: hdd}, ", vec![0, 4, 0, 0]),
        ("nodeName: c, ", vec![0, 0, 4, 0]),
        ("tolerations: [{key: dedicated, operator: Exists}], ", vec![2, 1, 0, 1]),
        ("nodeSelector: {disk: tape}, ", vec![0, 0, 0, 0]),
        ("nodeName: nowhere, ", vec![0, 0, 0, 0]),
        (
            "affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchExpressions: [{key: disk, operator: NotIn, values: [hdd]}]}]}}}, ",
            vec![4, 0, 0, 0],
        ),
        ("hostNetwork: true, ", vec![1, 1, 0, 0]),
    ] {
        let built = built(&(nodes.clone() + &deployment("web", 4, spec)));
        assert_eq!(loads(&built.snapshot), wanted, "{spec}");
    }
}

#[test]
fn pods_that_fit_nowhere_say_why() {
    let yaml = [
        node("a", "", ""),
        deployment("web", 3, "nodeSelector: {disk: tape}, "),
        deployment("api", 1, "nodeName: nowhere, "),
    ];
    insta::assert_debug_snapshot!(built(&yaml.concat()).diagnostics);
}

#[test]
fn daemon_sets_run_on_every_fitting_node() {
    let nodes = [
        node("a", "gpu: 'true'", ""),
        node("b", "", "spec: {unschedulable: true}\n"),
        node("c", "", "spec: {taints: [{key: x, effect: NoExecute}]}\n"),
    ]
    .concat();
    for (spec, wanted) in [
        ("", vec![1, 1, 0]),
        ("tolerations: [{operator: Exists}], ", vec![1, 1, 1]),
        ("nodeSelector: {gpu: 'true'}, ", vec![1, 0, 0]),
    ] {
        let yaml = nodes.clone()
            + &deployment("agent", 1, spec)
                .replace("kind: Deployment", "kind: DaemonSet")
                .replace("replicas: 1, ", "");
        assert_eq!(loads(&built(&yaml).snapshot), wanted, "{spec}");
    }
}

#[test]
fn workloads_are_spread_each_and_together() {
    let yaml: String = (0..5).map(|i| deployment(&format!("w{i}"), 3, "")).collect();
    let built = built_with(Options { nodes: 3, ..plain() }, &yaml);
    assert_eq!(loads(&built.snapshot), [5, 5, 5]);
    let yaml: String = (0..6).map(|i| deployment(&format!("w{i}"), 1, "")).collect();
    assert_eq!(loads(&built_with(Options { nodes: 3, ..plain() }, &yaml).snapshot), [2, 2, 2]);
}

#[test]
fn host_network_pods_have_their_nodes_addresses_and_ports() {
    let pods_yaml = |name: &str| {
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}}}\nspec: {{nodeName: node-1, hostNetwork: true, containers: [{{name: c, image: x, ports: [{{containerPort: 9100}}]}}]}}\n---\n"
        )
    };
    let built = built(&[pods_yaml("p"), pods_yaml("q")].concat());
    assert_eq!(pod(&built, "default/p").ips, built.snapshot.nodes[0].ips);
    assert_eq!(
        findings(&built),
        [
            "warning 6 pod default/q is on the network of node node-1, where default/p listens on 9100/TCP: it cannot listen there, and stays unready"
        ]
    );
    let (p, q) = (pod(&built, "default/p"), pod(&built, "default/q"));
    assert_eq!((p.ready, p.listening.len()), (true, 1));
    assert_eq!((q.ready, q.listening.len()), (false, 0));
}

#[test]
fn bound_pods_that_want_one_host_port_are_told() {
    let pods_yaml = |name: &str| {
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}}}\nspec: {{nodeName: node-1, containers: [{{name: c, image: x, ports: [{{containerPort: 80, hostPort: 9100}}]}}]}}\n---\n"
        )
    };
    assert_eq!(
        findings(&built(&[pods_yaml("p"), pods_yaml("q")].concat())),
        [
            "warning 6 default/q and default/p both want port 9100/TCP of node node-1: only one of them gets it"
        ]
    );
}

#[test]
fn names_of_nodes_that_pods_give() {
    let built = built(&[deployment("web", 1, "nodeName: worker-7, "), deployment("api", 2, "")].concat());
    let names: Vec<&str> = built.snapshot.nodes.iter().map(|n| &*n.name).collect();
    assert_eq!(names, ["worker-7", "node-1"]);
    assert!(built.notes[0].contains("worker-7"), "{:?}", built.notes);
}

#[test]
fn node_ranges_grow_with_need_and_end_with_a_word() {
    let built_many = built(&deployment("web", 600, ""));
    let nets: Vec<u8> =
        built_many.snapshot.nodes.iter().map(|n| n.pod_cidrs.v4.unwrap().prefix_len()).collect();
    assert_eq!(nets, [23, 23]);
    let mut ips: Vec<_> = built_many.snapshot.pods.iter().map(|p| p.ips.v4).collect();
    ips.sort();
    ips.dedup();
    assert_eq!(ips.len(), 600);
    let small = Options { pod_cidrs: Nets { v4: Some("10.0.0.0/26".parse().unwrap()), v6: None }, ..plain() };
    let built = built_with(small, &deployment("web", 100, ""));
    assert!(pods(&built.snapshot).is_empty());
    assert!(
        findings(&built)[0].contains("pod range 10.0.0.0/26 is too small for 2 nodes"),
        "{:?}",
        findings(&built)
    );
}

#[test]
fn a_full_node_leaves_pods_out() {
    let yaml = [node("a", "", "spec: {podCIDR: 10.42.5.0/29}\n"), deployment("web", 7, "")].concat();
    let built = built(&yaml);
    assert_eq!(built.snapshot.pods.len(), 5);
    assert!(findings(&built)[0].contains("no address left for 2 of its pods"), "{:?}", findings(&built));
}

#[test]
fn families() {
    for (families, v4, v6) in
        [(Families::Dual, true, true), (Families::V4, true, false), (Families::V6, false, true)]
    {
        let built = built_with(Options { families, ..plain() }, &deployment("web", 1, ""));
        let pod = &built.snapshot.pods[0];
        assert_eq!((pod.ips.v4.is_some(), pod.ips.v6.is_some()), (v4, v6), "{families:?}");
        let node = &built.snapshot.nodes[0];
        assert_eq!((node.ips.v4.is_some(), node.ips.v6.is_some()), (v4, v6));
        assert_eq!(built.snapshot.families().count(), usize::from(v4) + usize::from(v6));
    }
}

#[test]
fn two_pods_share_no_host_port_of_a_node() {
    let workload = |name: &str, replicas: u32, port: &str| {
        let port = format!("{{containerPort: 80, {port}}}");
        deployment(name, replicas, "").replace("{containerPort: 80}", &port)
    };
    let places = |yaml: &str| {
        let built = built(yaml);
        (loads(&built.snapshot), findings(&built))
    };
    let nodes = [node("a", "", ""), node("b", "", "")].concat();
    let (loads, said) = places(&[nodes.clone(), workload("web", 3, "hostPort: 8080")].concat());
    assert_eq!(loads, [1, 1]);
    assert_eq!(said.len(), 1);
    assert!(said[0].contains("1 pod of Deployment default/web fits no node and stays Pending"), "{said:?}");
    assert!(said[0].ends_with("ports taken (2)"), "{said:?}");
    for (other, fits) in [
        ("hostPort: 8080, protocol: UDP", true),
        ("hostPort: 8081", true),
        ("hostPort: 8080, hostIP: 172.18.0.2", false),
        ("hostPort: 8080, hostIP: 0.0.0.0", false),
    ] {
        let (_, said) =
            places(&[nodes.clone(), workload("a", 2, "hostPort: 8080"), workload("b", 2, other)].concat());
        assert_eq!(said.is_empty(), fits, "{other}: {said:?}");
    }
}

/// Where the pods of one Deployment go, by the names of the nodes, and what is said.
fn places(nodes: &str, workloads: &str) -> (Vec<String>, Vec<String>) {
    let built = built(&[nodes, workloads].concat());
    let name = |p: &std::sync::Arc<netloom_cluster::Pod>| built.snapshot.node(p.node).name.to_string();
    let mut places: Vec<String> = built.snapshot.pods.iter().map(name).collect();
    places.sort();
    (places, findings(&built))
}

fn zones() -> String {
    let of = |(name, zone): &(&str, &str)| node(name, &format!("topology.kubernetes.io/zone: {zone}"), "");
    [("a1", "a"), ("a2", "a"), ("b1", "b"), ("c1", "c")].iter().map(of).collect()
}

fn near(kind: &str, key: &str) -> String {
    format!(
        "affinity: {{{kind}: {{requiredDuringSchedulingIgnoredDuringExecution: [{{topologyKey: {key}, labelSelector: {{matchLabels: {{a: b}}}}}}]}}}}, "
    )
}

const ZONE: &str = "topology.kubernetes.io/zone";
const HOST: &str = "kubernetes.io/hostname";

#[test]
fn required_anti_affinity_keeps_pods_apart() {
    let apart = |replicas, key| deployment("web", replicas, &near("podAntiAffinity", key));
    assert_eq!(
        places(&zones(), &apart(4, HOST)),
        (["a1", "a2", "b1", "c1"].map(String::from).into(), vec![])
    );
    let (nodes, said) = places(&zones(), &apart(4, ZONE));
    assert_eq!(nodes, ["a1", "b1", "c1"]);
    assert!(
        said[0].contains("1 pod of Deployment default/web") && said[0].contains("pod anti-affinity (4)"),
        "{said:?}"
    );
    // It holds against pods that do not ask for it themselves.
    let both = [apart(3, ZONE), deployment("other", 1, "")].concat();
    let (nodes, said) = places(&zones(), &both);
    assert_eq!((nodes.len(), said.len()), (3, 1), "{nodes:?} {said:?}");
}

#[test]
fn required_affinity_keeps_pods_together() {
    let (nodes, said) = places(&zones(), &deployment("web", 5, &near("podAffinity", HOST)));
    assert_eq!((nodes, said), (vec!["a1".to_owned(); 5], vec![]));
    let alone = near("podAffinity", HOST).replace("a: b", "a: nobody");
    let (nodes, said) = places(&zones(), &deployment("web", 2, &alone));
    assert!(nodes.is_empty() && said[0].contains("pod affinity (4)"), "{said:?}");
}

#[test]
fn spreads_are_kept_within_their_skew() {
    let spread = |key: &str, skew: u32, when: &str, rest: &str| {
        format!(
            "topologySpreadConstraints: [{{topologyKey: {key}, maxSkew: {skew}, whenUnsatisfiable: {when}, labelSelector: {{matchLabels: {{a: b}}}}{rest}}}], "
        )
    };
    let zone_counts = |spec: &str, replicas| {
        let (nodes, said) = places(&zones(), &deployment("web", replicas, spec));
        let count = |zone| nodes.iter().filter(|n| n.starts_with(zone)).count();
        ((count('a'), count('b'), count('c')), said)
    };
    for when in ["DoNotSchedule", "ScheduleAnyway"] {
        assert_eq!(zone_counts(&spread(ZONE, 1, when, ""), 6), ((2, 2, 2), vec![]), "{when}");
    }
    assert_eq!(zone_counts("", 8), ((4, 2, 2), vec![]));
    // Nodes that the pod's labels rule out are no domains, unless it says so.
    let only_a = |rest| format!("nodeSelector: {{{ZONE}: a}}, {}", spread(ZONE, 1, "DoNotSchedule", rest));
    assert_eq!(zone_counts(&only_a(""), 4), ((4, 0, 0), vec![]));
    let (counts, said) = zone_counts(&only_a(", nodeAffinityPolicy: Ignore"), 4);
    assert_eq!(counts, (1, 0, 0));
    assert!(said[0].contains("topology spread constraints (2)"), "{said:?}");
    let (counts, _) = zone_counts(&spread(ZONE, 1, "DoNotSchedule", ", minDomains: 4"), 6);
    assert_eq!(counts, (1, 1, 1));
}

#[test]
fn preferences_decide_between_nodes_that_fit() {
    let prefers = |kind: &str, term: &str| {
        format!(
            "affinity: {{{kind}: {{preferredDuringSchedulingIgnoredDuringExecution: [{{weight: 50, {term}}}]}}}}, "
        )
    };
    let zone_c = format!("preference: {{matchExpressions: [{{key: {ZONE}, operator: In, values: [c]}}]}}");
    let (nodes, said) = places(&zones(), &deployment("web", 2, &prefers("nodeAffinity", &zone_c)));
    assert_eq!((nodes, said), (vec!["c1".to_owned(); 2], vec![]));
    let others =
        format!("podAffinityTerm: {{topologyKey: {ZONE}, labelSelector: {{matchLabels: {{a: b}}}}}}");
    let (nodes, _) = places(&zones(), &deployment("web", 3, &prefers("podAntiAffinity", &others)));
    assert_eq!(nodes, ["a1", "b1", "c1"]);
}

#[test]
fn what_is_not_acted_on_is_said() {
    let spec = near("podAntiAffinity", HOST)
        .replace("labelSelector", "namespaceSelector: {matchLabels: {team: x}}, labelSelector");
    let (nodes, said) = places(&zones(), &deployment("web", 5, &spec));
    assert_eq!(nodes.len(), 5);
    assert_eq!(
        said,
        [
            "info 17 Deployment default/web: a pod affinity term with a namespaceSelector is not acted on when pods are placed on nodes"
        ]
    );
}

#[test]
fn made_nodes_are_what_pods_ask_for() {
    for (asked, count) in [
        ("nodeSelector: {beta.kubernetes.io/os: linux}, ", 2),
        ("nodeSelector: {cloud.google.com/gke-nodepool: pool-1}, ", 2),
        ("nodeSelector: {kubernetes.io/hostname: worker-1}, ", 2),
        (
            "affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: [{matchExpressions: [{key: gpu, operator: Exists}]}]}}}, ",
            2,
        ),
        (
            "topologySpreadConstraints: [{maxSkew: 1, topologyKey: topology.kubernetes.io/zone, whenUnsatisfiable: DoNotSchedule, labelSelector: {matchLabels: {a: b}}}], ",
            2,
        ),
        (&near("podAntiAffinity", HOST), 5),
        (&near("podAntiAffinity", ZONE), 5),
    ] {
        let built = built(&deployment("web", 5, asked));
        assert_eq!((built.snapshot.pods.len(), built.snapshot.nodes.len()), (5, count), "{asked}");
        assert!(findings(&built).is_empty(), "{asked}: {:?}", findings(&built));
    }
}

#[test]
fn nodes_are_not_made_without_end() {
    // More of them do not help: no node is in two zones, and all pods want the same one.
    let zone = "nodeSelector: {topology.kubernetes.io/zone: a}, ";
    let built = built(&deployment("web", 3, &format!("{zone}{}", near("podAntiAffinity", ZONE))));
    assert_eq!((built.snapshot.pods.len(), built.snapshot.nodes.len()), (1, 2));
    let many = built_with(plain(), &deployment("web", 300, &near("podAntiAffinity", HOST)));
    assert_eq!(many.snapshot.nodes.len(), 64);
}

#[test]
fn pending_pods_are_analysed_where_it_is_asked_for() {
    let yaml = [node("a", "", ""), deployment("web", 2, "nodeSelector: {pool: gpu}, ")].concat();
    assert_eq!(built(&yaml).snapshot.pods.len(), 0);
    let options = Options { pending: Pending::Analysed, ..plain() };
    let built = built_with(options, &yaml);
    assert!(built.snapshot.pods.iter().all(|pod| pod.pending && !pod.ips.is_empty()));
    assert_eq!(built.snapshot.pods.len(), 2);
    assert!(findings(&built)[0].contains("how it will be once they run"), "{:?}", findings(&built));
    let yaml = [node("a", "", ""), deployment("web", 1, "nodeName: b, ")].concat();
    let options = Options { pending: Pending::Analysed, ..plain() };
    assert!(built_with(options, &yaml).snapshot.pods.iter().all(|pod| pod.pending));
}

#[test]
fn a_network_that_runs_keeps_its_nodes() {
    let mut builder = Builder::new(plain());
    let build = |builder: &mut Builder, replicas| {
        let yaml = deployment("web", replicas, &near("podAntiAffinity", HOST));
        builder.build(&files(&[("a.yaml", &yaml)])).snapshot.nodes.len()
    };
    assert_eq!(build(&mut builder, 3), 3);
    assert_eq!(build(&mut builder, 5), 3);
    assert_eq!(build(&mut builder, 1), 3);
}
