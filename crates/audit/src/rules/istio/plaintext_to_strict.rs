//! IS015: clients are told not to speak mutual TLS to pods that insist on it.
use std::collections::HashMap;

use netloom_objects::{
    Object, Severity,
    istio::{DestinationRule, PeerAuthentication},
};

use super::support::{ROOT, full_host, parts, service_name};
use crate::{
    Context, Findings, Group, Rule,
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
        let Some((_, namespace)) = service_name(cx, &host) else { continue };
        let Some((peer, mode)) = whole.get(namespace).or_else(|| whole.get(ROOT)) else { continue };
        if *mode != "STRICT" || special.contains_key(namespace) {
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
