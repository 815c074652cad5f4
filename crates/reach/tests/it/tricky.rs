//! The points of the specification that naive engines get wrong, each by name.
use netloom_cluster::{Addressing, Families, Nets, Options};
use netloom_reach::{EndpointKind, Scope};

use crate::support::{ALL, NONE, admitting, app, namespace, pod, pod_with, policy, set, set_with};

#[test]
fn a_policy_sees_the_pods_own_port_and_never_the_services() {
    let service = "---\n{apiVersion: v1, kind: Service, metadata: {name: b}, spec: {selector: {app: b}, ports: [{port: 80, targetPort: 8080}]}}\n";
    let of = |port| {
        set(&[&app("a"), &app("b"), service, &admitting("p", &format!("{{ports: [{{port: {port}}}]}}"))]
            .concat())
    };
    assert_eq!(of(80).open("a", "b"), "TCP 80");
    assert_eq!(of(8080).open("a", "b"), "TCP 8080");
    let asked = |set: &crate::support::Set| {
        let question = netloom_reach::Question::parse(&set.reach, "a", "b:80", None).unwrap();
        question.answers(&set.reach).unwrap().iter().map(|a| a.open.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(asked(&of(80)), [NONE], "the Service leads to 8080");
    assert_eq!(asked(&of(8080)), ["TCP 8080"]);
}

#[test]
fn both_sides_must_allow() {
    let egress = policy(
        "e",
        "podSelector: {matchLabels: {app: a}}, policyTypes: [Egress], egress: [{ports: [{port: 80}, {port: 81}]}]",
    );
    let ingress = admitting("i", "{ports: [{port: 81}, {port: 82}]}");
    let s = set(&[app("a"), app("b"), egress, ingress].concat());
    assert_eq!(s.open("a", "b"), "TCP 81");
    assert_eq!(s.open("b", "a"), ALL);
}

#[test]
fn policies_on_a_pod_union_and_nothing_subtracts() {
    let s = set(&[
        app("a"),
        app("b"),
        admitting("p", "{ports: [{port: 80}]}"),
        admitting("q", "{ports: [{port: 81}]}"),
        policy("deny", "podSelector: {}, policyTypes: [Ingress]"),
    ]
    .concat());
    assert_eq!(s.open("a", "b"), "TCP 80-81");
    assert_eq!(s.open("b", "a"), NONE);
}

#[test]
fn two_selectors_in_one_peer_are_and_in_two_peers_or() {
    let pods = [
        namespace("other", "team: x"),
        app("b"),
        pod("other/both", "app: a"),
        pod("other/ns", "app: z"),
        pod("here", "app: a"),
    ]
    .concat();
    let both =
        "{from: [{namespaceSelector: {matchLabels: {team: x}}, podSelector: {matchLabels: {app: a}}}]}";
    let either =
        "{from: [{namespaceSelector: {matchLabels: {team: x}}}, {podSelector: {matchLabels: {app: a}}}]}";
    for (rule, expected) in [(both, [ALL, NONE, NONE]), (either, [ALL, ALL, ALL])] {
        let s = set(&[&*pods, &admitting("p", rule)].concat());
        assert_eq!(["other/both", "other/ns", "here"].map(|from| s.open(from, "b")), expected, "{rule}");
    }
}

#[test]
fn a_pod_selector_alone_is_about_the_policys_own_namespace() {
    let s = set(&[
        app("b"),
        pod("x", "app: a"),
        pod("other/x", "app: a"),
        admitting("p", "{from: [{podSelector: {matchLabels: {app: a}}}]}"),
    ]
    .concat());
    assert_eq!((s.open("x", "b"), s.open("other/x", "b")), (ALL.to_owned(), NONE.to_owned()));
}

#[test]
fn an_empty_selector_is_everything_and_an_absent_peer_is_anyone() {
    let pods = [app("b"), app("a"), pod("other/x", "app: x")].concat();
    for (rule, own, other, outside) in [
        ("{from: [{podSelector: {}}]}", ALL, NONE, NONE),
        ("{from: [{namespaceSelector: {}}]}", ALL, ALL, NONE),
        ("{}", ALL, ALL, ALL),
        ("{from: []}", ALL, ALL, ALL),
        ("{from: [], ports: []}", ALL, ALL, ALL),
    ] {
        let s = set(&[&*pods, &admitting("p", rule)].concat());
        let found = (s.open("a", "b"), s.open("other/x", "b"), s.open("203.0.113.1", "b"));
        assert_eq!(found, (own.to_owned(), other.to_owned(), outside.to_owned()), "{rule}");
    }
}

#[test]
fn absent_policy_types_are_ingress_and_egress_only_with_egress_rules() {
    for (spec, to, from) in [
        ("podSelector: {matchLabels: {app: b}}", NONE, ALL),
        ("podSelector: {matchLabels: {app: b}}, egress: [{ports: [{port: 80}]}]", NONE, "TCP 80"),
        ("podSelector: {matchLabels: {app: b}}, policyTypes: [Egress]", ALL, NONE),
        ("podSelector: {matchLabels: {app: b}}, policyTypes: [Ingress], egress: [{}]", NONE, ALL),
    ] {
        let s = set(&[app("a"), app("b"), policy("p", spec)].concat());
        assert_eq!((s.open("a", "b"), s.open("b", "a")), (to.to_owned(), from.to_owned()), "{spec}");
    }
}

#[test]
fn an_absent_protocol_is_tcp_and_all_of_tcp_is_not_all() {
    for (ports, open) in [
        ("[{port: 80}]", "TCP 80"),
        ("[{protocol: TCP}]", "TCP 1-65535"),
        ("[{port: 53, protocol: UDP}]", "UDP 53"),
        ("[{protocol: SCTP}]", "SCTP 1-65535"),
        ("[{port: 1, protocol: SCTP}, {port: 1}]", "SCTP 1,TCP 1"),
        ("[{protocol: TCP}, {protocol: UDP}, {protocol: SCTP}]", "SCTP 1-65535,TCP 1-65535,UDP 1-65535"),
    ] {
        let s = set(&[app("a"), app("b"), admitting("p", &format!("{{ports: {ports}}}"))].concat());
        assert_eq!(s.open("a", "b"), open, "{ports}");
    }
}

#[test]
fn a_named_port_is_the_destinations_own_for_egress_too_and_never_an_address() {
    let other = "---\n{apiVersion: v1, kind: Pod, metadata: {name: c, labels: {app: c}}, spec: {containers: [{name: c, image: i, ports: [{name: http, containerPort: 9000}]}]}}\n";
    let egress = policy(
        "e",
        "podSelector: {matchLabels: {app: a}}, policyTypes: [Egress], egress: [{ports: [{port: http}]}]",
    );
    let s = set(&[&*app("a"), &app("b"), other, &egress].concat());
    assert_eq!((s.open("a", "b"), s.open("a", "c")), ("TCP 8080".to_owned(), "TCP 9000".to_owned()));
    assert_eq!(s.open("a", "203.0.113.1"), NONE);
    // Its protocol must be the port's.
    for (port, open) in
        [("{port: dns}", NONE), ("{port: dns, protocol: UDP}", "UDP 53"), ("{port: nothing}", NONE)]
    {
        let s = set(&[app("a"), app("b"), admitting("p", &format!("{{ports: [{port}]}}"))].concat());
        assert_eq!(s.open("a", "b"), open, "{port}");
    }
    let block = policy(
        "e",
        "podSelector: {matchLabels: {app: a}}, policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 0.0.0.0/0}}], ports: [{port: http}]}]",
    );
    let s = set(&[app("a"), app("b"), block].concat());
    assert_eq!((s.open("a", "b"), s.open("a", "203.0.113.1")), (NONE.to_owned(), NONE.to_owned()));
}

#[test]
fn an_end_port_makes_a_range() {
    let s = set(&[
        app("a"),
        app("b"),
        admitting("p", "{ports: [{port: 8000, endPort: 8010}, {port: 8005, endPort: 8020}]}"),
    ]
    .concat());
    assert_eq!(s.open("a", "b"), "TCP 8000-8020");
}

#[test]
fn an_exception_subtracts_inside_of_its_own_peer_only() {
    let rule =
        "{from: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0/16]}}, {ipBlock: {cidr: 10.1.2.0/24}}]}";
    let s = set(&[app("b"), admitting("p", rule)].concat());
    let table = s.table();
    let expected = "10.0.0.0-10.0.255.255[External] => default/b[Pod] : All Connections\n\
                    10.1.2.0-10.1.2.255[External] => default/b[Pod] : All Connections\n\
                    10.2.0.0-10.255.255.255[External] => default/b[Pod] : All Connections\n";
    assert!(table.starts_with(expected), "{table}");
}

#[test]
fn a_block_is_about_the_outside_where_pods_addresses_are_not_known() {
    let pods = [app("a"), app("b"), admitting("p", "{from: [{ipBlock: {cidr: 10.0.0.0/8}}]}")].concat();
    let s = set(&pods);
    assert_eq!((s.open("a", "b"), s.open("10.1.1.1", "b")), (NONE.to_owned(), ALL.to_owned()));
    let range = "10.244.0.0/16".parse().unwrap();
    let options = Options {
        pod_cidrs: Nets { v4: Some(range), v6: None },
        families: Families::V4,
        ..Options::default()
    };
    let scope = Scope { inside: vec![range.into()], ..Scope::default() };
    let s = set_with(&pods, &options, scope);
    assert_eq!(s.open("a", "b"), ALL, "pods are in the block");
    assert!(
        s.table().contains("10.0.0.0-10.243.255.255[External] => default/b[Pod] : All Connections"),
        "{}",
        s.table()
    );
}

#[test]
fn a_block_matches_pods_whose_addresses_a_status_gives() {
    let at = |name: &str, ip: &str| {
        format!(
            "---\n{{apiVersion: v1, kind: Pod, metadata: {{name: {name}, labels: {{app: {name}}}}}, spec: {{containers: [{{name: c, image: i}}]}}, status: {{phase: Running, podIP: {ip}}}}}\n"
        )
    };
    let s = set(&[
        at("a", "10.1.1.1"),
        at("c", "192.168.1.1"),
        app("d"),
        app("b"),
        admitting("p", "{from: [{ipBlock: {cidr: 10.0.0.0/8}}]}"),
    ]
    .concat());
    assert_eq!(["a", "c", "d"].map(|from| s.open(from, "b")), [ALL, NONE, NONE]);
}

#[test]
fn a_pod_always_reaches_itself_and_is_no_line_of_the_table() {
    let s = set(&[app("a"), policy("deny", "podSelector: {}, policyTypes: [Ingress, Egress]")].concat());
    assert_eq!((s.open("a", "a"), s.table()), (ALL.to_owned(), String::new()));
}

#[test]
fn two_pods_of_a_workload_reach_each_other_by_the_rules() {
    let stateful = |replicas| {
        format!(
            "---\n{{apiVersion: apps/v1, kind: StatefulSet, metadata: {{name: db}}, spec: {{replicas: {replicas}, serviceName: db, selector: {{matchLabels: {{app: db}}}}, template: {{metadata: {{labels: {{app: db}}}}, spec: {{containers: [{{name: c, image: i}}]}}}}}}}}\n"
        )
    };
    let peers = policy(
        "p",
        "podSelector: {matchLabels: {app: db}}, ingress: [{from: [{podSelector: {matchLabels: {app: db}}}], ports: [{port: 5432}]}]",
    );
    let s = set(&[&*stateful(3), &peers].concat());
    assert_eq!(s.open("db", "db"), "TCP 5432");
    let s = set(&[&*stateful(1), &peers].concat());
    assert_eq!(s.open("db", "db"), ALL);
}

#[test]
fn pods_on_the_hosts_network_are_no_subject_and_match_by_their_nodes_address_only() {
    let node = "---\n{apiVersion: v1, kind: Node, metadata: {name: n1}, status: {addresses: [{type: InternalIP, address: 172.18.0.2}]}}\n---\n{apiVersion: v1, kind: Node, metadata: {name: n2}, status: {addresses: [{type: InternalIP, address: 172.18.0.3}]}}\n";
    let host = pod_with("host", "app: host", "hostNetwork: true, nodeName: n1,");
    let on = |name: &str, node: &str| pod_with(name, "app: b", &format!("nodeName: {node},"));
    let deny = policy("deny", "podSelector: {}, policyTypes: [Ingress, Egress]");
    let pods = [node.to_owned(), host, on("near", "n1"), on("far", "n2"), deny].concat();
    let s = set(&pods);
    assert_eq!(s.open("far", "host"), NONE, "egress of the source is policed");
    assert_eq!(s.open("203.0.113.1", "host"), ALL, "nothing polices the host's network");
    assert_eq!(
        (s.open("host", "near"), s.open("host", "far")),
        (ALL.to_owned(), NONE.to_owned()),
        "its own node is let in"
    );
    let by_label = admitting("p", "{from: [{podSelector: {matchLabels: {app: host}}}]}");
    assert_eq!(set(&[&*pods, &by_label].concat()).open("host", "far"), NONE);
    let by_block = admitting("p", "{from: [{ipBlock: {cidr: 172.18.0.2/32}}]}");
    let s = set(&[&*pods, &by_block].concat());
    assert_eq!((s.open("host", "far"), s.open("node/n1", "far")), (ALL.to_owned(), ALL.to_owned()));
}

#[test]
fn nodes_reach_their_own_pods() {
    let node = "---\n{apiVersion: v1, kind: Node, metadata: {name: n1}, status: {addresses: [{type: InternalIP, address: 172.18.0.2}]}}\n";
    let deny = policy("deny", "podSelector: {}, policyTypes: [Ingress]");
    let s = set(&[node.to_owned(), pod_with("a", "app: a", "nodeName: n1,"), deny].concat());
    assert_eq!(s.open("node/n1", "a"), ALL);
    assert!(matches!(s.reach.endpoint(s.reach.find("n1[Node]").unwrap()).kind, EndpointKind::Node(_)));
}

#[test]
fn what_is_allowed_one_way_is_not_allowed_the_other_way() {
    // Replies need no rule of their own, so a line is about who opens the connection.
    let s = set(&[
        app("a"),
        app("b"),
        policy("deny", "podSelector: {}, policyTypes: [Ingress, Egress]"),
        admitting("i", "{from: [{podSelector: {matchLabels: {app: a}}}]}"),
        policy("e", "podSelector: {matchLabels: {app: a}}, policyTypes: [Egress], egress: [{to: [{podSelector: {matchLabels: {app: b}}}]}]"),
    ]
    .concat());
    assert_eq!((s.open("a", "b"), s.open("b", "a")), (ALL.to_owned(), NONE.to_owned()));
}

#[test]
fn not_in_and_does_not_exist_match_what_lacks_the_key() {
    let pods = [app("b"), pod("with", "tier: x"), pod("without", "other: z")].concat();
    for (expression, with, without) in [
        ("{key: tier, operator: NotIn, values: [x]}", NONE, ALL),
        ("{key: tier, operator: NotIn, values: [z]}", ALL, ALL),
        ("{key: tier, operator: DoesNotExist}", NONE, ALL),
        ("{key: tier, operator: Exists}", ALL, NONE),
    ] {
        let rule = format!("{{from: [{{podSelector: {{matchExpressions: [{expression}]}}}}]}}");
        let s = set(&[&*pods, &admitting("p", &rule)].concat());
        assert_eq!(
            (s.open("with", "b"), s.open("without", "b")),
            (with.to_owned(), without.to_owned()),
            "{expression}"
        );
    }
}

#[test]
fn every_namespace_has_its_name_as_a_label_and_no_other_label() {
    let pods = [app("b"), pod("other/x", "app: x")].concat();
    for (label, open) in [("kubernetes.io/metadata.name: other", ALL), ("name: other", NONE)] {
        let rule = format!("{{from: [{{namespaceSelector: {{matchLabels: {{{label}}}}}}}]}}");
        assert_eq!(set(&[&*pods, &admitting("p", &rule)].concat()).open("other/x", "b"), open, "{label}");
    }
}

/// Two pods of one ReplicaSet that differ in one label.
const SIBLINGS: &str = "
{apiVersion: apps/v1, kind: ReplicaSet, metadata: {name: web}, spec: {replicas: 2, selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: c, image: i}]}}}}
---
{apiVersion: v1, kind: Pod, metadata: {name: web-1, labels: {app: web}, ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: web, uid: u, controller: true}]}, spec: {containers: [{name: c, image: i}]}}
---
{apiVersion: v1, kind: Pod, metadata: {name: web-2, labels: {app: web, debug: 'y'}, ownerReferences: [{apiVersion: apps/v1, kind: ReplicaSet, name: web, uid: u, controller: true}]}, spec: {containers: [{name: c, image: i}]}}
";

#[test]
fn pods_of_a_workload_are_shown_apart_only_where_policies_tell_them_apart() {
    let names = |yaml: &str| {
        set(yaml)
            .reach
            .endpoints()
            .iter()
            .filter(|e| !e.builtin)
            .map(|e| e.name.to_string())
            .collect::<Vec<_>>()
    };
    assert_eq!(names(SIBLINGS), ["default/web[ReplicaSet]"]);
    let about_both = policy("p", "podSelector: {matchLabels: {app: web}}, ingress: [{ports: [{port: 80}]}]");
    assert_eq!(names(&[SIBLINGS, &about_both].concat()), ["default/web[ReplicaSet]"]);
    let about_one = policy("q", "podSelector: {matchLabels: {debug: 'y'}}, ingress: [{ports: [{port: 81}]}]");
    let s = set(&[SIBLINGS, &about_both, &about_one].concat());
    assert_eq!(
        (s.open("203.0.113.1", "web-1"), s.open("203.0.113.1", "web-2")),
        ("TCP 80".to_owned(), "TCP 80-81".to_owned())
    );
    assert_eq!(
        names(&[SIBLINGS, &about_both, &about_one].concat()),
        ["default/web-1[Pod]", "default/web-2[Pod]"]
    );
}

#[test]
fn ipv6_is_as_ipv4() {
    let rule = "{from: [{ipBlock: {cidr: '2001:db8::/32', except: ['2001:db8:1::/48']}}]}";
    let s = set(&[app("b"), admitting("p", rule)].concat());
    assert_eq!(
        ["2001:db8::1", "2001:db8:1::1", "2001:db9::1", "10.0.0.1"].map(|ip| s.open(ip, "b")),
        [ALL, NONE, NONE, NONE]
    );
    assert!(s.table().contains("2001:db8:2::-2001:db8:ffff:ffff:ffff:ffff:ffff:ffff[External] => default/b[Pod] : All Connections"), "{}", s.table());
    // A block of IPv4 says nothing of IPv6, and a pod without a known address may have both.
    let s = set(&[app("a"), app("b"), admitting("p", "{from: [{ipBlock: {cidr: 0.0.0.0/0}}]}")].concat());
    assert_eq!(["2001:db8::1", "10.0.0.1", "a"].map(|from| s.open(from, "b")), [NONE, ALL, NONE]);
}

#[test]
fn families_of_a_dual_stack_pair_may_differ_and_either_opens() {
    let options =
        Options { families: Families::Dual, addressing: Addressing::Assigned, ..Options::default() };
    let s = set_with(
        &[app("a"), app("b"), admitting("p", "{from: [{ipBlock: {cidr: 'fd00::/8'}}], ports: [{port: 80}]}")]
            .concat(),
        &options,
        Scope::default(),
    );
    assert_eq!(s.open("a", "b"), "TCP 80");
    let whys = s.reach.why(s.party("a"), s.party("b"));
    assert!(whys.iter().all(|why| why.family.is_some()), "{whys:?}");
    assert_eq!(whys.iter().filter(|why| why.allowed()).count(), 1);
}

#[test]
fn a_label_value_that_reads_as_a_boolean_is_a_text_where_it_is_quoted() {
    let s = set(&[
        pod("a", "debug: 'y'"),
        app("b"),
        admitting("p", "{from: [{podSelector: {matchLabels: {debug: 'y'}}}]}"),
    ]
    .concat());
    assert_eq!(s.open("a", "b"), ALL);
}

#[test]
fn an_ingress_backend_is_a_service_port_and_leads_to_the_pods_own() {
    let s = set(&[
        &*app("b"),
        "---\n{apiVersion: v1, kind: Service, metadata: {name: b}, spec: {selector: {app: b}, ports: [{name: web, port: 80, targetPort: http}]}}\n",
        "---\n{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: i}, spec: {rules: [{http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: b, port: {name: web}}}}]}}]}}\n",
    ]
    .concat());
    assert!(s.table().ends_with("{ingress-controller} => default/b[Pod] : TCP 8080\n"), "{}", s.table());
}
