//! What is where in the running network, and what to try next.
use std::{fmt::Write as _, time::Duration};

use netloom_cluster::{Addrs, Pod, ServiceKind, Snapshot};
use netloom_explain::World;

/// Rows of a table at most; the rest is counted.
const ROWS: usize = 40;

/// The page that `up` prints when it is ready.
pub fn page(world: &World, notes: &[String], name: &str, took: Duration, paths: &str) -> String {
    let snapshot = &world.snapshot;
    let mut page = String::new();
    for note in notes {
        let _ = writeln!(page, "note: {note}");
    }
    let count = |n: usize, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
    let _ = writeln!(
        page,
        "ready in {:.0} ms: {}, {}, {}, {}\n",
        took.as_secs_f64() * 1e3,
        count(snapshot.nodes.len(), "node"),
        count(snapshot.pods.len(), "pod"),
        count(snapshot.services.len(), "Service"),
        match snapshot.policies.len() {
            1 => "1 policy".to_owned(),
            n => format!("{n} policies"),
        },
    );
    let nodes = snapshot.nodes.iter().map(|n| {
        let pods = snapshot.pods.iter().filter(|p| p.node == n.id).count();
        vec![
            n.name.to_string(),
            addresses(n.ips),
            n.pod_cidrs.iter().map(|c| c.to_string()).collect::<Vec<_>>().join(" "),
            pods.to_string(),
        ]
    });
    table(&mut page, &["NODE", "ADDRESSES", "POD RANGES", "PODS"], nodes.collect());
    let pods = snapshot.pods.iter().map(|p| {
        let node = snapshot.node(p.node).name.to_string();
        vec![p.qualified_name(), node, addresses(p.ips), ports(p)]
    });
    table(&mut page, &["POD", "NODE", "ADDRESSES", "PORTS"], pods.collect());
    let services = snapshot.services.iter().map(|s| {
        let at = match &s.kind {
            ServiceKind::Virtual(ips) => addresses(*ips),
            ServiceKind::Headless => "headless".to_owned(),
            ServiceKind::ExternalName(name) => format!("→ {name}"),
        };
        let ports: Vec<String> = s
            .ports
            .iter()
            .map(|p| {
                let node_port = p.node_port.map_or_else(String::new, |n| format!(":{n}"));
                format!("{}{node_port}/{}", p.port, p.protocol.name())
            })
            .collect();
        let external: Vec<String> = s.lb_ips.iter().chain(&s.external_ips).map(ToString::to_string).collect();
        let ready = s.endpoints.iter().filter(|e| e.ready).count();
        vec![s.qualified_name(), at, external.join(" "), ports.join(" "), ready.to_string()]
    });
    table(&mut page, &["SERVICE", "CLUSTER-IP", "EXTERNAL", "PORTS", "READY"], services.collect());
    page.push_str(&try_next(snapshot, name, paths));
    page
}

fn try_next(snapshot: &Snapshot, name: &str, paths: &str) -> String {
    let mut text = String::from("Try, in another terminal:\n");
    let network = if name == crate::up::DEFAULT_NAME { String::new() } else { format!("--network {name} ") };
    let own = |p: &&std::sync::Arc<Pod>| !p.host_network && &*p.namespace != "kube-system";
    let Some(pod) = snapshot.pods.iter().find(own).or_else(|| snapshot.pods.first()) else {
        return String::new();
    };
    let from = format!("{}/{}", pod.namespace, pod.workload.name);
    let service = snapshot.services.iter().find(|s| {
        &*s.namespace != "kube-system"
            && s.endpoints.iter().any(|e| e.pod.is_some_and(|id| id != pod.id))
            && !s.ports.is_empty()
    });
    let target = service.map(|s| {
        let short = if s.namespace == pod.namespace {
            s.name.to_string()
        } else {
            format!("{}.{}", s.name, s.namespace)
        };
        format!("http://{short}:{}", s.ports[0].port)
    });
    match target {
        Some(url) => {
            let _ = writeln!(text, "  netloom exec {network}{from} -- curl -sm2 {url}");
            let _ = writeln!(text, "  netloom explain {paths} {from} {url}");
        }
        None => {
            let _ = writeln!(text, "  netloom exec {network}{from}");
        }
    }
    text.push_str("Ctrl-C ends the network; nothing is left behind.\n");
    text
}

fn addresses(ips: Addrs) -> String {
    ips.iter().map(|ip| ip.to_string()).collect::<Vec<_>>().join(" ")
}

fn ports(pod: &Pod) -> String {
    let mut ports: Vec<String> =
        pod.listening.iter().map(|(protocol, port)| format!("{port}/{}", protocol.name())).collect();
    if pod.host_network {
        ports.push("(host network)".to_owned());
    }
    ports.join(" ")
}

/// Left-aligned columns, two spaces apart.
fn table(out: &mut String, head: &[&str], rows: Vec<Vec<String>>) {
    if rows.is_empty() {
        return;
    }
    let more = rows.len().saturating_sub(ROWS);
    let shown = &rows[..rows.len() - more];
    let width = |column: usize| {
        shown
            .iter()
            .map(|r| r[column].chars().count())
            .chain([head[column].chars().count()])
            .max()
            .unwrap_or_default()
    };
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    let mut line = |cells: &[&str]| {
        let text: String =
            cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}  ")).collect();
        let _ = writeln!(out, "{}", text.trim_end());
    };
    line(head);
    for row in shown {
        line(&row.iter().map(String::as_str).collect::<Vec<_>>());
    }
    if more > 0 {
        let _ = writeln!(out, "… and {more} more");
    }
    out.push('\n');
}
