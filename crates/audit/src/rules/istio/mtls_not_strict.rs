//! IS019: pods that take connections without mutual TLS.
use netloom_objects::{Severity, istio::PeerAuthentication};

use super::support::ROOT;
use crate::{
    Context, Findings, Group, Rule,
    words::{namespace_of, title},
};

pub static RULE: Rule = Rule {
    code: "IS019",
    name: "mtls-not-strict",
    group: Group::Security,
    severity: Severity::Warning,
    finds: "A PeerAuthentication with `PERMISSIVE` or `DISABLE` for a namespace, for the mesh, or (`DISABLE` only) for some \
            pods.",
    why: "Whoever reaches the pods can speak plaintext to them, without an identity; rules that refuse certain principals \
          do not refuse those who have none. `PERMISSIVE` is for the time of moving into the mesh (Istio's task Mutual \
          TLS Migration).",
    wrong: "\
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: default, namespace: shop}
spec:
  mtls: {mode: PERMISSIVE}
",
    right: "\
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: default, namespace: shop}
spec:
  mtls: {mode: STRICT}
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for (object, peer) in cx.all::<PeerAuthentication>() {
        let some_pods = peer.spec.selector.as_ref().is_some_and(|s| !s.match_labels.is_empty());
        let does = match peer.spec.mtls.as_ref().and_then(|mtls| mtls.mode.as_deref()) {
            Some("DISABLE") => "switches mutual TLS off",
            // Some pods may have callers of their own that cannot speak it.
            Some("PERMISSIVE") if !some_pods => "lets clients do without mutual TLS",
            _ => continue,
        };
        let whose = match namespace_of(object) {
            _ if some_pods => "for the pods that it selects".to_owned(),
            ROOT => "in the whole mesh".to_owned(),
            namespace => format!("in namespace {namespace}"),
        };
        let finding = out.add(object, "spec.mtls.mode", format!("{} {does} {whose}", title(object)));
        finding.help("write `STRICT`; ports whose clients are outside of the mesh can be excepted with `portLevelMtls`");
    }
}
