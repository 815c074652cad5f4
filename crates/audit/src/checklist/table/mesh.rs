//! The service mesh.
use super::*;

pub(super) static TOPIC: Topic = Topic {
    title: "Service mesh",
    items: &[
        decided(
            "mtls",
            "Services prove to each other who they are, and take nothing in plain text",
            &[&MESHED],
            &["IS015", "IS016", "IS019", "IS020", "IS021", "IS024", "IS063", "IS064", "IS074"],
        ),
        decided(
            "mesh-authorization",
            "Who may call what is decided by identity, and the policies mean what they say",
            &[&MESHED, &MESH_POLICIES],
            &[
                "IS022", "IS023", "IS025", "IS026", "IS027", "IS028", "IS029", "IS030", "IS031", "IS032",
                "IS033", "IS034", "IS053", "IS057", "IS072", "IS075", "IS078",
            ],
        ),
        decided(
            "mesh-routing",
            "Every route of the mesh can match, and leads to a host, subset and port that there are",
            &[&VIRTUAL_SERVICES, &DESTINATION_RULES],
            &[
                "IS002", "IS003", "IS004", "IS005", "IS006", "IS007", "IS008", "IS009", "IS012", "IS017",
                "IS018", "IS043", "IS047", "IS054", "IS056", "IS059", "IS065", "IS067", "IS068", "IS076",
                "IS077", "IS079",
            ],
        ),
        decided(
            "circuit-breakers",
            "Circuit breakers guard the services that others depend on",
            &[&VIRTUAL_SERVICES, &DESTINATION_RULES],
            &["IS013", "IS060", "IS062"],
        )
        .beyond(
            "Which bounds are right depends on the load.",
            "Look at `envoy_cluster_upstream_rq_pending_overflow` and ejections while a load test runs.",
        ),
        decided("connection-pools", "Connections are kept and used again", &[&DESTINATION_RULES], &["IS014"])
            .beyond(
                "Pools inside programs, those of databases before all, are theirs.",
                "Count connections to a database from its side while the load changes.",
            ),
        decided(
            "mesh-egress",
            "What is outside is known to the mesh, and reached as it is meant",
            &[&SERVICE_ENTRIES, &SIDECARS],
            &["IS044", "IS045", "IS046", "IS048", "IS068", "IS069", "IS070", "IS073"],
        ),
        decided(
            "sidecars-start",
            "Proxies are put into the pods that should have one, and can start there",
            &[&MESHED],
            &["IS049", "IS050", "IS055", "IS058", "IS080", "IS081", "IS082"],
        ),
    ],
};
