//! IS078: a plugin that is to guard, and lets everything through where it fails.
use netloom_objects::{Severity, istio::WasmPlugin};

use crate::{Context, Findings, Group, Rule, words::title};

pub static RULE: Rule = Rule {
    code: "IS078",
    name: "wasm-plugin-fails-open",
    group: Group::Security,
    severity: Severity::Warning,
    finds: "`failStrategy: FAIL_OPEN` of a WasmPlugin in the phases AUTHN or AUTHZ.",
    why: "Where the program cannot be fetched or started, or ends by a fault that somebody may provoke, requests \
            pass as if it were not there (Istio's reference of WasmPlugin, FailStrategy).",
    wrong: "\
apiVersion: extensions.istio.io/v1alpha1
kind: WasmPlugin
metadata: {name: auth, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  url: oci://registry.example/auth:1.4.0
  phase: AUTHN
  failStrategy: FAIL_OPEN
",
    right: "\
apiVersion: extensions.istio.io/v1alpha1
kind: WasmPlugin
metadata: {name: auth, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  url: oci://registry.example/auth:1.4.0
  phase: AUTHN
  failStrategy: FAIL_CLOSE
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for (object, plugin) in cx.all::<WasmPlugin>() {
        let spec = &plugin.spec;
        let guards = matches!(spec.phase.as_deref(), Some("AUTHN" | "AUTHZ"));
        if !guards || spec.fail_strategy.as_deref() != Some("FAIL_OPEN") {
            continue;
        }
        let message =
            format!("{} guards its pods, and lets every request through where it fails", title(object));
        out.add(object, "spec.failStrategy", message).help("write `FAIL_CLOSE`, which is the default");
    }
}
