//! DN010: CoreDNS forwards to itself.
use std::net::{IpAddr, SocketAddr};

use netloom_objects::Severity;

use crate::{
    Context, Findings, Group, Rule,
    rules::dns::corefile::{corefiles, is_cluster_dns},
    words::title,
};

pub static RULE: Rule = Rule {
    code: "DN010",
    name: "forward-loop",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "A `forward` in a Corefile to a loopback address, or to the cluster's own DNS for names that this \
            server does not answer itself.",
    why: "The query comes back to the server that sent it, again and again, until it runs out of memory; with the \
          `loop` plugin it stops at once with \"Loop … detected\". In a pod, 127.0.0.1 is CoreDNS itself and not \
          the node.",
    wrong: "\
apiVersion: v1
kind: ConfigMap
metadata:
  name: coredns
  namespace: kube-system
data:
  Corefile: |
    .:53 {
        errors
        kubernetes cluster.local {
            pods verified
        }
        forward . 127.0.0.1
    }
",
    right: "\
apiVersion: v1
kind: ConfigMap
metadata:
  name: coredns
  namespace: kube-system
data:
  Corefile: |
    .:53 {
        errors
        kubernetes cluster.local {
            pods verified
        }
        forward . 192.0.2.53 192.0.2.54
    }
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let dns = cx.snapshot().dns_service.map(|id| cx.snapshot().service(id));
    for (object, file) in corefiles(cx) {
        // A cache on each node forwards to the cluster's DNS, and that is its purpose.
        let own: Vec<IpAddr> = match (is_cluster_dns(object), dns) {
            (true, Some(service)) => service.cluster_ips().iter().collect(),
            _ => Vec::new(),
        };
        let ports: Vec<String> = file
            .blocks
            .iter()
            .filter(|b| !b.is_snippet())
            .flat_map(|b| b.zones().map(|(_, _, port)| port))
            .collect();
        let forwards = file.blocks.iter().flat_map(|block| {
            let on: Vec<String> = block.zones().map(|(_, _, port)| port).collect();
            let of_block = block.plugins.iter().filter(|p| p.name.text == "forward");
            of_block.flat_map(move |forward| {
                forward.args.iter().skip(1).map({
                    let on = on.clone();
                    move |server| (on.clone(), server)
                })
            })
        });
        for (on, server) in forwards {
            let Some((ip, port)) = address(&server.text) else { continue };
            // A block that others lead to, such as one for DNS over TLS, may ask the block for all.
            if !on.is_empty() && !on.contains(&port.to_string()) {
                continue;
            }
            // Another server may stand beside it in the pod, on another port.
            let itself = ip.is_loopback() && ports.contains(&port.to_string());
            if !itself && !own.contains(&ip) {
                continue;
            }
            let what = if itself { "which is CoreDNS itself" } else { "which is the cluster's own DNS" };
            let message = format!("{}: queries are forwarded to {}, {what}", title(object), server.text);
            out.add_at(server.at.clone(), server.end(), Some(&object.reference), message).help(
                "forward to the resolvers of the network, or to /etc/resolv.conf where that names them",
            );
        }
    }
}

/// The address of an upstream, with or without scheme and port.
fn address(text: &str) -> Option<(IpAddr, u16)> {
    let (scheme, rest) = text.split_once("://").unwrap_or(("dns", text));
    let rest = rest.split('%').next().unwrap_or(rest);
    let port = if scheme == "tls" { 853 } else { 53 };
    let socket = rest.parse::<SocketAddr>().ok().map(|socket| (socket.ip(), socket.port()));
    socket.or_else(|| Some((rest.trim_matches(['[', ']']).parse().ok()?, port)))
}
