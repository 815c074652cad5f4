//! What is measured, and who hears of it.
use super::*;

pub(super) static TOPIC: Topic = Topic {
    title: "Monitoring",
    items: &[
        decided(
            "metrics-scraped",
            "Services have metrics, and Prometheus reaches them",
            &[&SERVICES, &MONITORS],
            &["OB001", "OB002", "OB003", "OB004", "OB005", "OB006", "OB007", "OB021", "OB022", "NP025", "CN008"],
        ),
        decided(
            "alerts",
            "Alerts look at what is measured, and say how bad it is and what to do",
            &[&MONITORS, &RULES],
            &["OB008", "OB009", "OB010", "OB011", "OB012", "OB013", "OB014", "OB015", "OB016", "OB017", "OB018"],
        ),
        decided("alerts-arrive", "Alerts reach somebody", &[&PROMETHEUSES, &ALERT_ROUTES], &["OB019", "OB020"]).beyond(
            "Whether somebody looks is not in the cluster.",
            "Send a test alert through: `amtool alert add`, and a Watchdog alert that is missed when it stops.",
        ),
        decided("flows", "Flows are recorded, denied ones before all", &[&CILIUM], &["CN015"]).beyond(
            "Flow logs are switched on at the CNI plugin, most of it outside of manifests.",
            "`cilium hubble` and `hubble observe --verdict DROPPED`; Calico's flow logs.",
        ),
        undecided(
            "tracing",
            "Requests are traced through the services",
            "Spans come from the programs and the mesh's own configuration.",
            "Follow one request's `traceparent` through the services in the tracing system.",
        ),
        undecided(
            "logging",
            "Logs tell which connections failed, and why",
            "What programs and proxies log is decided in them; errors of CoreDNS are looked at under `dns-watched`.",
            "Break a connection on purpose, and look for it in the logs.",
        ),
    ],
};
