//! IS044: a ServiceEntry whose resolution does not fit its hosts, addresses or endpoints.
use netloom_objects::{
    Severity,
    istio::{ServiceEntry, ServiceEntrySpec},
};

use crate::{Context, Findings, Group, Rule, words::title};

pub static RULE: Rule = Rule {
    code: "IS044",
    name: "service-entry-resolution",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "A ServiceEntry whose `resolution` cannot work: `DNS` for a wildcard without endpoints, `STATIC` without \
            endpoints, `NONE` with some, endpoints beside a `workloadSelector`, a range of addresses with `DNS`, the host \
            `*`, two ports of one number or name.",
    why: "Istio refuses it, or resolves nothing: a wildcard is no name that DNS knows, and `STATIC` takes addresses from \
          nowhere else than the endpoints (Istio's reference of ServiceEntry.Resolution and the rules of its CRD).",
    wrong: "\
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: maps, namespace: shop}
spec:
  hosts: ['*.maps.example']
  location: MESH_EXTERNAL
  resolution: DNS
  ports: [{number: 443, name: tls, protocol: TLS}]
",
    right: "\
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: maps, namespace: shop}
spec:
  hosts: ['*.maps.example']
  location: MESH_EXTERNAL
  resolution: NONE
  ports: [{number: 443, name: tls, protocol: TLS}]
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for (object, entry) in cx.all::<ServiceEntry>() {
        for (field, what, help) in mistakes(&entry.spec) {
            out.add(object, &field, format!("{}: {what}", title(object))).help(help);
        }
    }
}

fn mistakes(spec: &ServiceEntrySpec) -> Vec<(String, String, &'static str)> {
    let mut found = Vec::new();
    let resolution = spec.resolution.as_deref().unwrap_or("NONE");
    let by_dns = matches!(resolution, "DNS" | "DNS_ROUND_ROBIN");
    let has_endpoints = !spec.endpoints.is_empty();
    if let Some(index) = spec.hosts.iter().position(|host| host == "*") {
        let what = "the host `*` would be every host there is".to_owned();
        found.push((format!("spec.hosts[{index}]"), what, "name the hosts, or a domain as `*.example.com`"));
    } else if let Some(host) =
        spec.hosts.iter().find(|host| by_dns && host.starts_with("*.") && !has_endpoints)
    {
        let what = format!("`{host}` is no name that resolution {resolution} could ask for");
        found.push((
            "spec.resolution".to_owned(),
            what,
            "use `NONE` (the client's own address), or list the hosts",
        ));
    }
    if resolution == "STATIC" && !has_endpoints && spec.workload_selector.is_none() {
        let what = "resolution STATIC has no endpoints to send to".to_owned();
        found.push((
            "spec.resolution".to_owned(),
            what,
            "add `endpoints` with their addresses, or use `DNS`",
        ));
    }
    if resolution == "NONE" && has_endpoints {
        let what = "resolution NONE sends to the client's own address and takes no endpoints".to_owned();
        found.push(("spec.endpoints".to_owned(), what, "remove them, or use `STATIC` or `DNS`"));
    }
    if spec.workload_selector.is_some() && has_endpoints {
        let what = "it has both endpoints and a selector of pods".to_owned();
        found.push(("spec.endpoints".to_owned(), what, "keep one of `endpoints` and `workloadSelector`"));
    }
    if resolution == "DNS_ROUND_ROBIN" && spec.endpoints.len() > 1 {
        let what = "DNS_ROUND_ROBIN takes one endpoint".to_owned();
        found.push(("spec.endpoints[1]".to_owned(), what, "use `DNS` for several"));
    }
    if by_dns {
        let is_range = |a: &String| a.split_once('/').is_some_and(|(_, bits)| bits != "32" && bits != "128");
        if let Some(index) = spec.addresses.iter().position(is_range) {
            let what = format!("a range of addresses cannot be resolved by {resolution}");
            found.push((
                format!("spec.addresses[{index}]"),
                what,
                "use `NONE` or `STATIC`, or single addresses",
            ));
        }
    }
    for (index, port) in spec.ports.iter().enumerate() {
        let path = format!("spec.ports[{index}]");
        let before = &spec.ports[..index];
        if before.iter().any(|other| other.number == port.number) {
            found.push((path, format!("port {} is there twice", port.number), "keep one of them"));
        } else if before.iter().any(|other| other.name == port.name && !port.name.is_empty()) {
            found.push((path, format!("two ports are named `{}`", port.name), "give them different names"));
        }
    }
    found
}
