//! GW002: a listener's TLS settings that its protocol does not allow.
use netloom_objects::{
    Object, Severity,
    gateway_api::{Gateway, Listener},
};

use crate::{Context, Findings, Group, Rule, words::title};

pub static RULE: Rule = Rule {
    code: "GW002",
    name: "listener-tls",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "A listener of protocol HTTPS or TLS without what it needs for TLS; and `tls` on a listener of protocol \
           HTTP, TCP or UDP.",
    why: "The API server refuses the Gateway (the CRD's rules: `tls` is forbidden for HTTP, TCP and UDP, HTTPS can \
           only terminate, TLS needs `tls`, and Terminate, which is the mode where none is written, needs \
           `certificateRefs` or `options`), or the listener is never programmed.",
    wrong: "\
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata:
  name: edge
  namespace: edge
spec:
  gatewayClassName: acme
  listeners:
    - name: https
      protocol: HTTP
      port: 443
      tls:
        certificateRefs: [{name: shop-tls}]
",
    right: "\
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata:
  name: edge
  namespace: edge
spec:
  gatewayClassName: acme
  listeners:
    - name: https
      protocol: HTTPS
      port: 443
      tls:
        certificateRefs: [{name: shop-tls}]
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for (object, gateway) in cx.all::<Gateway>() {
        for (i, listener) in gateway.spec.listeners.iter().enumerate() {
            let path = format!("spec.listeners[{i}]");
            let of = format!("{}: listener `{}`", title(object), listener.name);
            if let Some((field, message, help)) = fault(object, &path, listener) {
                out.add(object, &format!("{path}{field}"), format!("{of} {message}")).help(help);
            }
        }
    }
}

/// The field, what is wrong with it, and what to do.
fn fault(object: &Object, path: &str, listener: &Listener) -> Option<(&'static str, String, &'static str)> {
    let protocol = listener.protocol.to_ascii_uppercase();
    let mode = listener.tls.as_ref().and_then(|tls| tls.mode.as_deref()).filter(|mode| !mode.is_empty());
    let has_certificate =
        listener.tls.as_ref().is_some_and(|tls| !tls.certificate_refs.is_empty() || !tls.options.is_empty());
    match protocol.as_str() {
        "HTTP" | "TCP" | "UDP" if object.is_written(&format!("{path}.tls")) => Some((
            ".tls",
            format!("has `tls`, which protocol {protocol} does not allow"),
            "write `protocol: HTTPS` (or `TLS`), or leave `tls` out",
        )),
        "HTTPS" if mode == Some("Passthrough") => Some((
            ".tls.mode",
            "passes TLS through, which protocol HTTPS cannot".to_owned(),
            "write `protocol: TLS` and route by a TLSRoute, or let the Gateway terminate",
        )),
        "TLS" if listener.tls.is_none() => Some((
            "",
            "is of protocol TLS and has no `tls` that says whether it terminates or passes through"
                .to_owned(),
            "write `tls.mode: Passthrough`, or `Terminate` with `certificateRefs`",
        )),
        "HTTPS" | "TLS" if mode != Some("Passthrough") && !has_certificate => Some((
            if listener.tls.is_some() { ".tls" } else { "" },
            "terminates TLS and has no certificate".to_owned(),
            "name the Secret of a certificate under `tls.certificateRefs`",
        )),
        _ => None,
    }
}
