//! GW043: an address of a Gateway that is none.
use std::{collections::HashMap, net::IpAddr};

use netloom_objects::{Object, Severity, gateway_api::Gateway};

use crate::{Context, Findings, Group, Rule, constraints::is_host, words::title};

pub static RULE: Rule = Rule {
    code: "GW043",
    name: "gateway-address",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "An address of a Gateway that is not what its type says (an IP address where there is no type), or that \
           stands twice.",
    why: "The API server refuses it, in whole: the Gateway keeps what it had before. A host name with a port is no \
           host name; ports belong to listeners.",
    wrong: "\
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata:
  name: edge
  namespace: edge
spec:
  gatewayClassName: example
  addresses:
    - value: 203.0.113.300
    - value: edge.shop.example
    - {type: Hostname, value: \"shop.example:443\"}
    - value: 203.0.113.7
    - {type: IPAddress, value: 203.0.113.7}
  listeners: [{name: http, port: 80, protocol: HTTP}]
",
    right: "\
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata:
  name: edge
  namespace: edge
spec:
  gatewayClassName: example
  addresses:
    - value: 203.0.113.30
    - {type: Hostname, value: edge.shop.example}
    - {type: example.com/pool, value: \"anything goes\"}
  listeners: [{name: http, port: 80, protocol: HTTP}]
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for (object, _) in cx.all::<Gateway>() {
        let mut seen: HashMap<(&str, &str), String> = HashMap::new();
        for nth in 0..object.count("spec.addresses") {
            let entry = format!("spec.addresses[{nth}]");
            let path = format!("{entry}.value");
            let kind = object.text(&format!("{entry}.type")).unwrap_or("IPAddress");
            let Some(value) = object.text(&path).filter(|_| !object.holds_fault(&path)) else { continue };
            judge(object, &path, (kind, value), out);
            if !["IPAddress", "Hostname"].contains(&kind) {
                continue;
            }
            if let Some(first) = seen.get(&(kind, value)) {
                out.add(object, &path, format!("{} names the address {value} twice", title(object))).related(
                    object,
                    first,
                    "the first",
                );
            } else {
                seen.insert((kind, value), path);
            }
        }
    }
}

fn judge(object: &Object, path: &str, (kind, value): (&str, &str), out: &mut Findings<'_>) {
    let is_ip = value.parse::<IpAddr>().is_ok();
    let (what, help) = match kind {
        "IPAddress" if !is_ip && is_host(value) && value.contains(|c: char| c.is_ascii_alphabetic()) => {
            ("no IP address", Some("write `type: Hostname` beside it"))
        }
        "IPAddress" if !is_ip => ("no IP address", None),
        "Hostname" if !is_host(value) => ("no host name", None),
        _ => return,
    };
    let finding = out.add(object, path, format!("{}: `{value}` is {what}", title(object)));
    if let Some(help) = help {
        finding.help(help);
    }
}
