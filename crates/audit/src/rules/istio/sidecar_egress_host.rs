//! IS048: hosts of a Sidecar that are not written as it reads them.
use std::collections::HashSet;

use k8s_openapi::api::core::v1::Namespace;
use netloom_objects::{Severity, istio::Sidecar};

use crate::{Context, Findings, Fix, Group, Rule, words::title};

pub static RULE: Rule = Rule {
    code: "IS048",
    name: "sidecar-egress-host",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "An egress host of a Sidecar without a namespace in front of it, one that is written twice, one in a namespace \
            that does not exist (closed world); and a listener without a port that is not the last.",
    why: "Hosts are `NAMESPACE/HOST`, with `*`, `.` and `~` for a namespace. Istio refuses others. What is not listed is \
          not known to the proxies: they send it to nowhere, or to the original address (Istio's reference of \
          IstioEgressListener, `hosts`).",
    wrong: "\
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: {name: default, namespace: shop}
spec:
  egress:
    - hosts: [./*, rates.bank.example]
",
    right: "\
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: {name: default, namespace: shop}
spec:
  egress:
    - hosts: [./*, '*/rates.bank.example']
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for (object, sidecar) in cx.all::<Sidecar>() {
        let listeners = &sidecar.spec.egress;
        for (e, listener) in listeners.iter().enumerate() {
            let path = format!("spec.egress[{e}]");
            if listener.port.is_none() && e + 1 < listeners.len() {
                let message = format!(
                    "{}: the listener without a port takes everything, and is not the last",
                    title(object)
                );
                out.add(object, &path, message).help("put it at the end");
            }
            let mut seen = HashSet::new();
            for (h, host) in listener.hosts.iter().enumerate() {
                let path = format!("{path}.hosts[{h}]");
                let Some((namespace, _)) = host.split_once('/') else {
                    let message = format!("{}: `{host}` has no namespace in front of it", title(object));
                    out.add(object, &path, message)
                        .help(format!("write `*/{host}`, `./{host}`, or the namespace's name"));
                    continue;
                };
                if !seen.insert(host) {
                    let message = format!("{}: `{host}` is listed twice", title(object));
                    out.add(object, &path, message)
                        .severity(Severity::Info)
                        .fix(Fix::safe("remove the second").remove(object, &path));
                }
                let is_name = !matches!(namespace, "*" | "." | "~");
                let exists = cx.find::<Namespace>(None, namespace).is_some()
                    || cx.workloads_in(namespace).next().is_some();
                if is_name && !exists && cx.is_closed("Namespace", None) {
                    let message = format!("{}: there is no namespace {namespace}", title(object));
                    out.add(object, &path, message)
                        .severity(Severity::Warning)
                        .help("name the namespace of the host");
                }
            }
        }
    }
}
