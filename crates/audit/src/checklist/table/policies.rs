//! Who may talk to whom.
use super::*;

pub(super) static TOPIC: Topic = Topic {
    title: "Network policies",
    items: &[
        decided(
            "default-deny",
            "Every pod is isolated in both directions until a policy opens something",
            &[&WORKLOADS],
            &["NP021", "NP022", "NP024"],
        ),
        decided("dns-egress", "Isolated pods can ask the cluster's DNS, over UDP and TCP", &[&POLICIES], &["NP001", "NP002", "NP040"]),
        decided(
            "allow-rules-work",
            "What policies mean to allow is allowed, on both sides and on the pods' own ports",
            &[&POLICIES],
            &[
                "NP003", "NP004", "NP005", "NP007", "NP008", "NP009", "NP010", "NP015", "NP016", "NP017", "NP018", "NP019",
                "NP032", "NP034", "NP035",
            ],
        ),
        decided(
            "least-privilege",
            "Policies open no more than is needed",
            &[&POLICIES],
            &["NP006", "NP011", "NP012", "NP013", "NP014", "NP020", "NP023", "NP033", "NP036", "NP038"],
        )
        .beyond(
            "Which connections the programs need, only they know.",
            "Watch the flows for a while, and take out what nobody uses.",
        ),
        decided(
            "namespace-isolation",
            "Traffic crosses namespaces only where a policy names the other one",
            &[&POLICIES],
            &["NP005", "NP008", "NP021", "NP038"],
        ),
        decided(
            "egress-control",
            "Ways out of the cluster are limited to the destinations that are needed",
            &[&WORKLOADS],
            &["NP013", "NP014", "NP021", "NP036", "SV017"],
        )
        .beyond(
            "What really leaves, and whether it should, is seen in the traffic.",
            "Watch denied and allowed flows to addresses outside: the CNI's flow logs, Hubble.",
        ),
        decided(
            "infrastructure-admitted",
            "Monitoring, ingress controllers, load balancers' clients and certificate challenges are not shut out",
            &[&POLICIES],
            &["NP025", "NP026", "NP027", "NP037", "NP039", "OB004", "SV015"],
        ),
        decided(
            "policy-order",
            "Cluster-wide policies come in an order in which each of them can decide",
            &[&ADMIN_POLICIES],
            &["NP028", "NP029", "NP030", "NP031"],
        ),
        decided("policies-enforced", "The CNI plugin enforces policies", &[&PLUGINS], &["CN013", "NP024"]).beyond(
            "A plugin that is installed by other means is not in the manifests, and neither is whether it works.",
            "Apply a policy that denies, and try the connection: `kubectl exec POD -- nc -zv SERVICE PORT`.",
        ),
        undecided(
            "policies-tested",
            "Policies are tested, with connections that have to succeed and connections that have to fail",
            "That is something one does.",
            "`netloom verify PATH` opens every connection and holds it against the policies; `--expect FILE.csv` holds both against \
             your own table. `netloom explain PATH FROM TO` says why a single one is denied.",
        ),
        undecided(
            "perimeter",
            "A firewall or security groups guard the way into and out of the cluster's network",
            "It stands outside of Kubernetes.",
            "Look at the cloud's security groups and the nodes' public addresses; scan them from outside.",
        ),
    ],
};
