//! IS015: clients are told not to speak mutual TLS to pods that insist on it.
use std::collections::HashMap;

use netloom_objects::{
    Object, Severity,
    istio::{DestinationRule, PeerAuthentication},
};

use super::support::{ROOT, full_host, parts, service_name};
use crate::{
    Context, Findings, Group, Rule, Workload,
    mesh::{mesh_of, mesh_of_workload},
    rules::services::support::find_service,
    words::{namespace_of, title},
};

pub static RULE: Rule = Rule {
    code: "IS015",
    name: "plaintext-to-strict",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "A DestinationRule with a TLS mode other than `ISTIO_MUTUAL` for a Service whose namespace (or the mesh) takes \
            only mutual TLS.",
    why: "The mode of a DestinationRule replaces automatic mutual TLS. With `DISABLE` the proxy speaks plaintext, with \
          `SIMPLE` it presents no certificate of the mesh; pods under `STRICT` reset both (istioctl analyze, IST0113).",
    wrong: "\
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: default, namespace: shop}
spec:
  mtls: {mode: STRICT}
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: cart, namespace: shop}
spec:
  host: cart
  trafficPolicy:
    tls: {mode: DISABLE}
",
    right: "\
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: default, namespace: shop}
spec:
  mtls: {mode: STRICT}
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: cart, namespace: shop}
spec:
  host: cart
  trafficPolicy:
    tls: {mode: ISTIO_MUTUAL}
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    // By namespace: what holds for all of its pods, and whether some pods have a rule of their own.
    let mut whole: HashMap<&str, (&Object, &str)> = HashMap::new();
    let mut special: HashMap<&str, usize> = HashMap::new();
    for (object, peer) in cx.all::<PeerAuthentication>() {
        let labels = peer.spec.selector.as_ref().is_some_and(|s| !s.match_labels.is_empty());
        let mode = peer.spec.mtls.as_ref().and_then(|m| m.mode.as_deref()).unwrap_or("UNSET");
        if labels {
            *special.entry(namespace_of(object)).or_default() += 1;
        } else if mode != "UNSET" {
            whole.entry(namespace_of(object)).or_insert((object, mode));
        }
    }
    for (object, rule) in cx.all::<DestinationRule>() {
        let host = full_host(cx, &rule.spec.host, namespace_of(object));
        let Some((name, namespace)) = service_name(cx, &host) else { continue };
        let Some((peer, mode)) = whole.get(namespace).or_else(|| whole.get(ROOT)) else { continue };
        if *mode != "STRICT" || special.contains_key(namespace) {
            continue;
        }
        if !may_have_proxies(cx, namespace, name, whole.contains_key(namespace)) {
            continue;
        }
        for part in parts(&rule.spec) {
            let Some(mode) = part.tls.map(|tls| tls.mode.as_deref().unwrap_or("DISABLE")) else { continue };
            if mode == "ISTIO_MUTUAL" {
                continue;
            }
            let does =
                if mode == "DISABLE" { "speak plaintext" } else { "present no certificate of the mesh" };
            let message = format!(
                "{} makes clients of {host} {does}, but its pods take only mutual TLS",
                title(object)
            );
            let finding = out.add(object, &format!("{}.tls.mode", part.path), message);
            finding.related(peer, "spec.mtls.mode", "STRICT is asked for here");
            finding.help("remove `tls`: the proxies speak mutual TLS by themselves");
        }
    }
}

/// Whether the pods of a Service may have proxies, which alone keep to STRICT; whoever asks for it in their namespace
/// takes them for such.
fn may_have_proxies(cx: &Context<'_>, namespace: &str, name: &str, is_asked_here: bool) -> bool {
    let labels = cx.namespace_labels(namespace);
    let by_namespace = is_asked_here || labels.is_some_and(|labels| mesh_of(labels).is_some());
    let Some(service) = find_service(cx, namespace, name) else { return by_namespace };
    let mut behind =
        service.selector().into_iter().flat_map(|selector| cx.workloads_with(namespace, selector));
    let Some(first) = behind.next() else { return by_namespace || labels.is_none() };
    let has_proxy = |workload: &Workload<'_>| {
        let inject = "sidecar.istio.io/inject";
        let said = workload.labels().get(inject).or_else(|| workload.annotations().get(inject));
        let is_open = labels.is_none() && said.is_none_or(|said| said != "false");
        is_open || mesh_of_workload(cx, workload).is_some()
    };
    has_proxy(first) || behind.any(has_proxy)
}
