//! Services, and how they are found.
use super::*;

pub(super) static TOPIC: Topic = Topic {
    title: "Services",
    items: &[
        decided(
            "service-has-endpoints",
            "Every Service leads to pods that listen where it sends",
            &[&SERVICES],
            &[
                "SV001", "SV002", "SV003", "SV004", "SV005", "SV021", "SV026", "SV027", "SV028", "SV029",
                "SV031", "SV032",
            ],
        )
        .beyond(
            "Whether the pods are ready at this moment is in the cluster.",
            "`kubectl get endpointslices`; `netloom explain PATH FROM http://SERVICE` for the way to it.",
        ),
        decided(
            "internal-stays-internal",
            "Only what is meant for clients outside is reachable from outside",
            &[&SERVICES, &INGRESSES, &ROUTES],
            &[
                "SV009", "SV010", "SV011", "SV024", "SV033", "IN017", "IN019", "GW030", "GW032", "IS037",
                "NP012",
            ],
        ),
        decided(
            "service-type",
            "Each Service has the type that fits its clients: ClusterIP inside, a load balancer with TLS outside",
            &[&SERVICES],
            &["SV008", "SV011", "SV012", "SV033", "SV034", "SV035", "SV036"],
        ),
        decided(
            "external-names",
            "Names for what is outside lead there, and the policies let them",
            &[&EXTERNAL_NAMES],
            &["SV016", "SV017", "SV018", "SV019", "SV020", "IN032", "IS059"],
        ),
        decided(
            "load-balancing",
            "Traffic policies and affinity do what they are for",
            &[&SERVICES],
            &["SV013", "SV014", "SV022", "SV025"],
        )
        .beyond(
            "Whether the strategy fits the load is seen under load only.",
            "Compare the pods' request rates and latencies while a load test runs.",
        ),
        decided(
            "ports-named",
            "Ports have names that say their protocol",
            &[&SERVICES],
            &["SV006", "SV007", "IS051"],
        ),
    ],
};

pub(super) static DNS: Topic = Topic {
    title: "DNS",
    items: &[
        decided(
            "dns-server",
            "CoreDNS starts with its Corefile, serves the cluster's zone and answers its probes",
            &[&COREFILES],
            &["DN007", "DN008", "DN010", "DN013", "DN014"],
        )
        .beyond(
            "Whether its pods run, and how fast they answer, is in the cluster.",
            "`kubectl -n kube-system get pods -l k8s-app=kube-dns`; `dig` from a pod; \
             `coredns_dns_request_duration_seconds` and `coredns_forward_*` in Prometheus.",
        ),
        decided("dns-caching", "Answers are cached, in every zone", &[&COREFILES], &["DN014", "DN019"]).beyond(
            "A cache on each node is set up at the nodes.",
            "Look for NodeLocal DNSCache, and at `coredns_cache_hits_total` against `coredns_cache_misses_total`.",
        ),
        decided(
            "dns-custom-zones",
            "Zones of one's own are served once, from more than one server",
            &[&COREFILES],
            &["DN011", "DN012", "DN015"],
        ),
        decided("dns-watched", "DNS is measured, and its failures are logged", &[&COREFILES], &["DN012", "DN014", "DN017"]),
        decided("dns-guarded", "DNS gives nobody more than the names that they ask for", &[&COREFILES], &["DN009", "DN018"]),
        decided(
            "pod-dns",
            "Pods resolve names of the cluster, without detours",
            &[&JOBS_TOO],
            &["DN001", "DN002", "DN003", "DN004", "DN005", "DN006", "DN016"],
        ),
    ],
};
