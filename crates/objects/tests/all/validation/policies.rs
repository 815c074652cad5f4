//! Policies that the API server would refuse.
use super::{check, errors_of};

#[test]
fn network_policies() {
    let head = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: a}\nspec: ";
    check(
        head,
        &[
            ("{}", &[]),
            ("{podSelector: {}, policyTypes: [Ingress, Egress], ingress: [{}], egress: [{}]}", &[]),
            (
                "{podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0/16]}}]}]}",
                &[],
            ),
            ("{podSelector: {}, ingress: [{from: [{ipBlock: {cidr: '::/0', except: ['fd00::/8']}}]}]}", &[]),
            (
                "{podSelector: {}, ingress: [{ports: [{port: 80, endPort: 80}, {protocol: SCTP}, {port: dns-tcp}]}]}",
                &[],
            ),
            ("{policyTypes: [Egres]}", &["\"Egres\" is none of Ingress, Egress"]),
            ("{policyTypes: [Egress, Egress]}", &["Egress is listed twice"]),
            (
                "{ingress: [{from: [{}]}]}",
                &["this peer needs `podSelector`, `namespaceSelector` or `ipBlock`"],
            ),
            (
                "{ingress: [{from: [{podSelector: }]}]}",
                &["nothing stands behind this colon, so the peer says nothing"],
            ),
            (
                "{ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8}, podSelector: {}}]}]}",
                &["a peer has either `ipBlock` or selectors, not both"],
            ),
            ("{ingress: [{from: [{ipBlock: {cidr: 10.0.0.0}}]}]}", &["\"10.0.0.0\" is no CIDR"]),
            ("{ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/40}}]}]}", &["\"10.0.0.0/40\" is no CIDR"]),
            ("{ingress: [{from: [{ipBlock: {}}]}]}", &["`cidr` is missing"]),
            (
                "{ingress: [{from: [{ipBlock: {cidr: 10.0.0.7/8}}]}]}",
                &["10.0.0.7/8 has bits set behind its prefix; it means 10.0.0.0/8"],
            ),
            (
                "{ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8, except: [11.0.0.0/8]}}]}]}",
                &["the exception 11.0.0.0/8 is not inside of 10.0.0.0/8"],
            ),
            (
                "{ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8, except: ['fd00::/8']}}]}]}",
                &["the exception fd00::/8 is not inside of 10.0.0.0/8"],
            ),
            (
                "{ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.0.0.0/8]}}]}]}",
                &["the exception 10.0.0.0/8 is the whole of 10.0.0.0/8: nothing would be left"],
            ),
            ("{egress: [{ports: [{port: 0}]}]}", &["0 is no port; ports are 1 to 65535"]),
            ("{egress: [{ports: [{port: 65536}]}]}", &["65536 is no port; ports are 1 to 65535"]),
            (
                "{egress: [{ports: [{port: HTTP}]}]}",
                &["the port name \"HTTP\" may have only small letters a-z, digits and `-`"],
            ),
            ("{egress: [{ports: [{port: '80'}]}]}", &["the port name \"80\" must have a letter"]),
            ("{egress: [{ports: [{endPort: 80}]}]}", &["`endPort` needs a `port` to begin with"]),
            (
                "{egress: [{ports: [{port: http, endPort: 80}]}]}",
                &["`endPort` needs a number as `port`, not a name"],
            ),
            (
                "{egress: [{ports: [{port: 81, endPort: 80}]}]}",
                &["the range ends at 80, before it begins at 81"],
            ),
            (
                "{egress: [{ports: [{port: 81, endPort: 70000}]}]}",
                &["70000 is no port; ports are 1 to 65535"],
            ),
            (
                "{egress: [{ports: [{port: [81], endPort: 80}]}]}",
                &["`spec.egress[0].ports[0].port` must be a whole number (32 bit) or a name, not a list"],
            ),
            ("{egress: [{ports: [{protocol: tcp}]}]}", &["\"tcp\" is none of TCP, UDP, SCTP"]),
            ("{egress: [{ports: [{protocol: ICMP}]}]}", &["\"ICMP\" is none of TCP, UDP, SCTP"]),
            (
                "{podSelector: {matchLabels: {a b: c}}}",
                &["the label key \"a b\" may have only letters, digits, `-`, `_` and `.`"],
            ),
            (
                "{podSelector: {matchLabels: {a: -c}}}",
                &["the label value \"-c\" must begin and end with a letter or digit"],
            ),
            ("{podSelector: {matchExpressions: [{key: a, operator: In}]}}", &["`In` needs `values`"]),
            (
                "{podSelector: {matchExpressions: [{key: a, operator: NotIn, values: []}]}}",
                &["`NotIn` needs `values`"],
            ),
            (
                "{podSelector: {matchExpressions: [{key: a, operator: Exists, values: [b]}]}}",
                &["`Exists` asks for the key alone and takes no `values`"],
            ),
            (
                "{podSelector: {matchExpressions: [{key: a, operator: notin, values: [b]}]}}",
                &["\"notin\" is none of In, NotIn, Exists, DoesNotExist"],
            ),
            (
                "{podSelector: {matchExpressions: [{key: a}]}}",
                &["`operator` is missing: one of In, NotIn, Exists, DoesNotExist"],
            ),
            (
                "{podSelector: {matchExpressions: [{operator: Exists}]}}",
                &["the label key \"\" must have 1 to 63 characters (behind its `/`)"],
            ),
            ("[]", &["`spec` must be a mapping (NetworkPolicySpec), not a list"]),
        ],
    );
}

#[test]
fn cluster_network_policies() {
    let head = "apiVersion: policy.networking.k8s.io/v1alpha2\nkind: ClusterNetworkPolicy\nmetadata: {name: a}\nspec: ";
    let rule =
        |rule: &str| format!("{{tier: Admin, priority: 1, subject: {{namespaces: {{}}}}, egress: [{rule}]}}");
    let good = rule(
        "{name: a, action: Accept, to: [{networks: [10.0.0.0/8]}, {nodes: {}}, {domainNames: ['*.example.com']}, {pods: {namespaceSelector: {}, podSelector: {}}}], protocols: [{tcp: {destinationPort: {number: 80}}}, {udp: {destinationPort: {range: {start: 1, end: 2}}}}]}",
    );
    let table: Vec<(String, &[&str])> = vec![
        (good, &[]),
        (
            "{}".into(),
            &[
                "`tier` is missing: one of Admin, Baseline",
                "`priority` is missing: 0 (first) to 1000 (last)",
                "exactly one of namespaces, pods is needed here",
            ],
        ),
        (
            "{tier: admin, priority: 1001, subject: {namespaces: {}, pods: {}}}".into(),
            &[
                "\"admin\" is none of Admin, Baseline",
                "the priority 1001 is not in 0 (first) to 1000 (last)",
                "exactly one of namespaces, pods may be set, not namespaces and pods",
            ],
        ),
        (rule("{action: Allow, to: [{namespaces: {}}]}"), &["\"Allow\" is none of Accept, Deny, Pass"]),
        (rule("{action: Deny, to: []}"), &["a rule needs at least one peer"]),
        (
            rule("{action: Deny, to: [{}]}"),
            &["exactly one of namespaces, pods, nodes, networks, domainNames is needed here"],
        ),
        (rule("{action: Deny, to: [{namespaces: }]}"), &["nothing stands behind this colon"]),
        (rule("{action: Deny, to: [{networks: [10.0.0.0]}]}"), &["\"10.0.0.0\" is no CIDR"]),
        (
            rule("{action: Deny, to: [{domainNames: [example.com]}]}"),
            &["domain names work only with `action: Accept`"],
        ),
        (
            rule("{action: Accept, to: [{domainNames: ['a*.example.com', com]}]}"),
            &["\"a*.example.com\" is no domain name", "\"com\" is no domain name"],
        ),
        (
            rule(
                "{action: Accept, to: [{networks: [10.0.0.0/8]}], protocols: [{destinationNamedPort: http}]}",
            ),
            &["a named port is a container's, and networks, nodes and domain names have none"],
        ),
        (
            rule(
                "{action: Accept, to: [{namespaces: {}}], protocols: [{tcp: {}}, {udp: {destinationPort: {number: 0}}}, {}, {sctp: {destinationPort: {range: {start: 2, end: 2}}}}]}",
            ),
            &[
                "`destinationPort` is missing",
                "0 is no port; ports are 1 to 65535",
                "exactly one of tcp, udp, sctp, destinationNamedPort is needed here",
                "the range must end after its start 2",
            ],
        ),
    ];
    for (body, expected) in &table {
        assert_eq!(errors_of(&format!("{head}{body}\n")), *expected, "{body}");
    }
    let many = format!(
        "{head}{{tier: Admin, priority: 1, subject: {{namespaces: {{}}}}, ingress: [{}]}}\n",
        vec!["{action: Deny, from: [{namespaces: {}}]}"; 26].join(", ")
    );
    assert_eq!(
        errors_of(&many),
        ["a ClusterNetworkPolicy has at most 25 rules a direction, and here are 26"]
    );
}

#[test]
fn admin_network_policies() {
    let head = "apiVersion: policy.networking.k8s.io/v1alpha1\nkind: AdminNetworkPolicy\nmetadata: {name: a}\nspec: {priority: 1, subject: {namespaces: {}}, ";
    check(
        head,
        &[
            (
                "ingress: [{action: Pass, from: [{namespaces: {}}], ports: [{portNumber: {protocol: TCP, port: 1}}, {namedPort: http}, {portRange: {start: 1, end: 2}}]}]}",
                &[],
            ),
            (
                "ingress: [{action: Accept, from: [{namespaces: {}}]}]}",
                &["\"Accept\" is none of Allow, Deny, Pass"],
            ),
            (
                "ingress: [{action: Deny, from: [{networks: [10.0.0.0/8]}]}]}",
                &[
                    "exactly one of namespaces, pods is needed here",
                    "unknown field `spec.ingress[0].from[0].networks`",
                ],
            ),
            (
                "egress: [{action: Deny, to: [{namespaces: {}}], ports: [{portNumber: {protocol: icmp, port: 0}}]}]}",
                &["\"icmp\" is none of TCP, UDP, SCTP", "0 is no port; ports are 1 to 65535"],
            ),
        ],
    );
    let baseline = "apiVersion: policy.networking.k8s.io/v1alpha1\nkind: BaselineAdminNetworkPolicy\nmetadata: {name: a}\nspec: {subject: {namespaces: {}}, ingress: [{action: Pass, from: [{namespaces: {}}]}]}\n";
    assert_eq!(
        errors_of(baseline),
        [
            "a cluster has one BaselineAdminNetworkPolicy, and its name is `default`",
            "\"Pass\" is none of Allow, Deny"
        ]
    );
}
