//! IS021: modes for single ports that hold for no pod.
use netloom_objects::{Severity, istio::PeerAuthentication};

use crate::{Context, Findings, Group, Rule, words::title};

pub static RULE: Rule = Rule {
    code: "IS021",
    name: "port-mtls-without-selector",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "`portLevelMtls` in a PeerAuthentication without a selector.",
    why: "Modes of single ports are for some pods only; Istio's validation refuses them without a selector (Istio's \
          reference of PeerAuthentication, `portLevelMtls`).",
    wrong: "\
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: default, namespace: shop}
spec:
  mtls: {mode: STRICT}
  portLevelMtls:
    9090: {mode: PERMISSIVE}
",
    right: "\
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: cart, namespace: shop}
spec:
  selector: {matchLabels: {app: cart}}
  mtls: {mode: STRICT}
  portLevelMtls:
    9090: {mode: PERMISSIVE}
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for (object, peer) in cx.all::<PeerAuthentication>() {
        let selects = peer.spec.selector.as_ref().is_some_and(|s| !s.match_labels.is_empty());
        if selects || peer.spec.port_level_mtls.is_empty() {
            continue;
        }
        let message =
            format!("{} sets modes for single ports, but selects no pods that have them", title(object));
        let finding = out.add(object, "spec.portLevelMtls", message);
        finding.help("put them into a PeerAuthentication with `spec.selector`");
    }
}
