//! The network below, and how it is worked with.
use super::*;

pub(super) static TOPIC: Topic = Topic {
    title: "CNI and nodes",
    items: &[
        decided(
            "ranges-apart",
            "The ranges of pods, Services and nodes have no address in common",
            &[&POOLS, &PROXIES, &RANGES],
            &["CN002", "CN003", "CN004", "CN012", "MF002"],
        )
        .beyond(
            "Networks that the cluster is joined to, by a VPN or by peering, are known outside only.",
            "Give the ranges of the nodes by `--node-cidr`, and compare the others with the plan of the network.",
        ),
        decided(
            "cni-fits",
            "A CNI plugin that is kept is set up so that nodes can use its pools",
            &[&POOLS, &PLUGINS],
            &["CN009", "CN010", "CN011", "CN014"],
        ),
        decided("mtu", "The MTU is the one that the network carries", &[&POOLS], &["CN001"]).beyond(
            "What the network below carries is measured there.",
            "`tracepath -n ADDRESS` between pods of two nodes; `ip link show eth0` in a pod.",
        ),
        decided(
            "kube-proxy",
            "kube-proxy uses a mode that lasts, with tables that fit",
            &[&PROXIES],
            &["CN005", "CN006", "CN007", "CN008", "CN016", "CN017"],
        ),
        undecided(
            "congestion-control",
            "The nodes' kernels use a congestion control that suits the way to the clients",
            "It is a setting of the nodes.",
            "`sysctl net.ipv4.tcp_congestion_control net.core.default_qdisc` on a node; compare the throughput before a change.",
        ),
        undecided(
            "network-plan",
            "The network around the cluster is simple: few large ranges, names that say what they are, shared where teams share it",
            "It is designed outside of Kubernetes, and hard to change later.",
            "Review it with whoever runs the cloud's or the data centre's network.",
        ),
        undecided(
            "latency",
            "The network is as fast as it should be",
            "It is measured.",
            "`ping`, `iperf3` and a load test between pods of one node, of two nodes and of two zones.",
        ),
    ],
};

pub(super) static PRACTICE: Topic = Topic {
    title: "Manifests and practice",
    items: &[
        decided(
            "manifests-read",
            "Every document can be read, and all of them can exist together",
            &[&OBJECTS],
            &[
                "MF001", "MF002", "MF003", "MF004", "MF005", "MF006", "MF007", "MF008", "MF009", "MF010",
                "MF013", "MF011", "MF012", "MF015",
            ],
        ),
        decided(
            "versions",
            "Nothing is written for versions that are gone or about to go",
            &[&OBJECTS],
            &[
                "MF201", "MF202", "MF203", "MF204", "MF205", "IS001", "IS011", "GW035", "SV023", "SV030",
                "IN005", "TL007", "OB007", "NP028", "CN005",
            ],
        ),
        decided(
            "exceptions-documented",
            "Exceptions from these rules say why they are",
            &[&SUPPRESSIONS],
            &["MF101", "MF102", "MF103"],
        ),
        undecided(
            "gitops",
            "A repository is the only source of what runs, and a pipeline applies it",
            "How manifests come into the cluster is not in them.",
            "`netloom check -o github|gitlab|sarif` in the pipeline; `kubectl diff -f PATH` shows what was changed by hand.",
        ),
        undecided(
            "audits",
            "The network is audited regularly",
            "That is something one does.",
            "Run this in the pipeline, and with `--baseline` in a repository that is not there yet.",
        ),
    ],
};
