//! A Snapshot as text, for comparison by eye.
use std::fmt::Write as _;

use netloom_cluster::{
    Addrs, Built, Endpoint, NamespaceMatch, Nets, Operator, Peer, PodPeer, Policy, PortMatch, Rule, Selector,
    Service, ServiceKind, Snapshot, TargetPort,
};

fn ips(addrs: Addrs) -> String {
    addrs.iter().map(|ip| ip.to_string()).collect::<Vec<_>>().join(" ")
}

fn nets(nets: Nets) -> String {
    nets.iter().map(|net| net.to_string()).collect::<Vec<_>>().join(" ")
}

pub fn built(built: &Built) -> String {
    let mut out = snapshot(&built.snapshot);
    for note in &built.notes {
        _ = writeln!(out, "note: {note}");
    }
    for d in &built.diagnostics {
        _ = writeln!(out, "{}: {}: {}", d.at, d.severity.name(), d.message);
        for (at, what) in &d.related {
            _ = writeln!(out, "  {at}: {what}");
        }
        if let Some(help) = &d.help {
            _ = writeln!(out, "  help: {help}");
        }
    }
    out
}

pub fn snapshot(s: &Snapshot) -> String {
    let mut out = String::new();
    _ = writeln!(
        out,
        "zone {}, pods {}, services {}",
        s.zone,
        nets(s.plan.pod_cidrs),
        nets(s.plan.service_cidrs)
    );
    _ = writeln!(
        out,
        "nodes {}, load balancers {}, outside {}",
        nets(s.plan.node_cidrs),
        nets(s.plan.lb_cidrs),
        ips(s.plan.outside)
    );
    for n in s.namespaces.iter() {
        let declared = n.origin.as_ref().map_or("undeclared".to_owned(), |o| o.at.to_string());
        _ = writeln!(out, "namespace {} {:?} {declared}", n.name, n.labels);
    }
    for n in s.nodes.iter() {
        _ = writeln!(out, "node {} {} pods {} zone {:?}", n.name, ips(n.ips), nets(n.pod_cidrs), n.zone());
    }
    for p in s.pods.iter() {
        _ = write!(
            out,
            "pod {} of {} {} on {}",
            p.qualified_name(),
            p.workload.kind,
            p.workload.name,
            s.node(p.node).name
        );
        _ = write!(out, " {}{}", ips(p.ips), if p.host_network { " (host)" } else { "" });
        let listening: Vec<String> = p.listening.iter().map(|(l, n)| format!("{n}/{l}")).collect();
        _ = write!(out, " listens {} account {}", listening.join(" "), p.service_account);
        if let (Some(host), Some(sub)) = (&p.hostname, &p.subdomain) {
            _ = write!(out, " known as {host}.{sub}");
        }
        _ = writeln!(out, "{} from {}", if p.ready { "" } else { " unready" }, p.origin.at);
        _ = writeln!(out, "    {:?}", p.labels);
    }
    for service in s.services.iter() {
        print_service(&mut out, s, service);
    }
    for policy in s.policies.iter() {
        print_policy(&mut out, policy);
    }
    let dns = s.dns_service.map(|id| s.service(id).qualified_name());
    _ = writeln!(out, "dns {}", dns.as_deref().unwrap_or("none"));
    out
}

fn print_service(out: &mut String, s: &Snapshot, service: &Service) {
    let kind = match &service.kind {
        ServiceKind::Virtual(addrs) => ips(*addrs),
        ServiceKind::Headless => "headless".to_owned(),
        ServiceKind::ExternalName(name) => format!("CNAME {name}"),
    };
    _ = write!(out, "service {} {kind}", service.qualified_name());
    if !service.lb_ips.is_empty() {
        _ = write!(out, " lb {:?}", service.lb_ips);
    }
    _ = writeln!(out, " from {}", service.origin.at);
    for p in &service.ports {
        let target = match &p.target {
            TargetPort::Number(n) => n.to_string(),
            TargetPort::Name(name) => name.to_string(),
        };
        let node = p.node_port.map_or(String::new(), |n| format!(" node port {n}"));
        _ = writeln!(
            out,
            "    port {} {}/{} to {target}{node} line {}",
            p.name.as_deref().unwrap_or("-"),
            p.port,
            p.protocol,
            p.origin.at.line
        );
    }
    for e in service.endpoints.iter() {
        _ = writeln!(out, "    {}", endpoint(s, e));
    }
}

pub fn endpoint(s: &Snapshot, e: &Endpoint) -> String {
    let mut out = ips(e.ips);
    for port in &e.ports {
        out += &port.map_or(" :-".to_owned(), |p| format!(" :{p}"));
    }
    if let Some(pod) = e.pod {
        _ = write!(out, " {}", s.pod(pod).name);
    }
    if let Some(node) = e.node {
        _ = write!(out, " on {}", s.node(node).name);
    }
    if let Some(host) = &e.hostname {
        _ = write!(out, " known as {host}");
    }
    if let Some(zone) = &e.zone {
        _ = write!(out, " in {zone}");
    }
    if !e.hint_zones.is_empty() {
        _ = write!(out, " for {}", e.hint_zones.join(","));
    }
    if !e.hint_nodes.is_empty() {
        _ = write!(out, " for nodes {}", e.hint_nodes.join(","));
    }
    for (flag, name) in [(!e.ready, "unready"), (!e.serving, "not serving"), (e.terminating, "terminating")] {
        if flag {
            _ = write!(out, " {name}");
        }
    }
    out
}

pub fn selector(s: &Selector) -> String {
    let one = |r: &netloom_cluster::Requirement| match &r.operator {
        Operator::In(v) => format!("{}={}", r.key, v.join("|")),
        Operator::NotIn(v) => format!("{}!={}", r.key, v.join("|")),
        Operator::Exists => r.key.clone(),
        Operator::DoesNotExist => format!("!{}", r.key),
    };
    format!("{{{}}}", s.requirements.iter().map(one).collect::<Vec<_>>().join(","))
}

pub fn pod_peer(p: &PodPeer) -> String {
    let namespaces = match &p.namespaces {
        NamespaceMatch::Named(name) => name.to_string(),
        NamespaceMatch::Labels(labels) => selector(labels),
    };
    format!("{namespaces}/{}", selector(&p.pods))
}

pub fn peer(p: &Peer) -> String {
    match p {
        Peer::Pods(p) => pod_peer(p),
        Peer::Block(net, except) if except.is_empty() => net.to_string(),
        Peer::Block(net, except) => {
            format!("{net} except {}", except.iter().map(|e| e.to_string()).collect::<Vec<_>>().join(" "))
        }
        Peer::Nodes(labels) => format!("nodes{}", selector(labels)),
        Peer::Unknown => "unknown".to_owned(),
    }
}

pub fn port(p: &PortMatch) -> String {
    match p {
        PortMatch::All(protocol) => format!("*/{protocol}"),
        PortMatch::Range(protocol, first, last) if first == last => format!("{first}/{protocol}"),
        PortMatch::Range(protocol, first, last) => format!("{first}-{last}/{protocol}"),
        PortMatch::Named(Some(protocol), name) => format!("{name}/{protocol}"),
        PortMatch::Named(None, name) => format!("{name}/?"),
    }
}

pub fn print_policy(out: &mut String, policy: &Policy) {
    _ = writeln!(out, "policy {:?} {} on {}", policy.tier, policy.origin, pod_peer(&policy.subject));
    for (direction, rules) in [("ingress", &policy.ingress), ("egress", &policy.egress)] {
        let Some(rules) = rules else { continue };
        _ = writeln!(out, "  {direction}");
        for rule in rules {
            print_rule(out, rule);
        }
    }
}

fn print_rule(out: &mut String, rule: &Rule) {
    let name = rule.name.as_deref().unwrap_or_default();
    _ = writeln!(out, "    line {} {:?} {name}", rule.origin.at.line, rule.action);
    match &rule.peers {
        None => _ = writeln!(out, "      anyone"),
        Some(peers) => {
            for p in peers {
                _ = writeln!(out, "      line {} {}", p.origin.at.line, peer(&p.peer));
            }
        }
    }
    match &rule.ports {
        None => _ = writeln!(out, "      every port"),
        Some(ports) => {
            for p in ports {
                _ = writeln!(out, "      line {} {}", p.origin.at.line, port(&p.port));
            }
        }
    }
}
