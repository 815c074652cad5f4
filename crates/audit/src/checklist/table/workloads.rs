//! What runs, as far as the network depends on it.
use super::*;

pub(super) static TOPIC: Topic = Topic {
    title: "Reliability of workloads",
    items: &[
        decided(
            "probes",
            "Pods say when they are ready, and probes ask what answers",
            &[&WORKLOADS],
            &["WL001", "WL002", "WL003"],
        )
        .beyond(
            "Whether a probe's answer tells the truth only the program knows; whether a start takes long enough for a \
             startup probe too.",
            "Stop what a pod depends on, and see whether it leaves the Service; time a cold start.",
        ),
        decided(
            "graceful-updates",
            "Updates and shutdowns lose no connection",
            &[&WORKLOADS],
            &["WL004", "WL005"],
        ),
        decided(
            "disruption-budgets",
            "Budgets let nodes be drained, one pod after the other",
            &[&WORKLOADS, &BUDGETS],
            &["WL006", "WL007", "WL008", "WL026"],
        ),
        decided(
            "autoscaling",
            "Autoscalers have a target and something to measure, and nobody works against them",
            &[&SCALERS],
            &["WL009", "WL010", "WL011", "WL030"],
        ),
        decided("resources", "Containers state what they need", &[&JOBS_TOO], &["WL024"]).beyond(
            "Whether the numbers are right is seen in the usage.",
            "Compare requests with `container_memory_working_set_bytes` and throttling over some weeks.",
        ),
        decided("spread", "Replicas stand on different nodes and in different zones", &[&WORKLOADS], &["WL025"]),
        decided(
            "pods-start",
            "Pods find what they refer to, and images that stay the same",
            &[&JOBS_TOO],
            &["WL012", "WL013", "WL016", "WL018", "WL019", "WL020", "WL021", "WL022", "WL023"],
        ),
    ],
};

pub(super) static SECURITY: Topic = Topic {
    title: "Security of workloads",
    items: &[
        decided(
            "pod-security",
            "Namespaces enforce a Pod Security Standard, and their pods meet it",
            &[&JOBS_TOO],
            &["WL014", "WL015", "WL017", "WL027", "WL031", "IS049"],
        ),
        decided(
            "service-accounts",
            "ServiceAccounts may do what their program needs, and no more",
            &[&BINDINGS],
            &["WL028", "WL029"],
        )
        .beyond(
            "Which calls to the API server a program makes is in the server's audit log.",
            "`kubectl auth can-i --list --as=system:serviceaccount:NAMESPACE:NAME`, against the audit log.",
        ),
    ],
};
