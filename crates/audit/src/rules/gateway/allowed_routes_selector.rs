//! GW041: `allowedRoutes` whose selector and mode do not agree.
use netloom_objects::{Severity, gateway_api::Gateway};

use crate::{Context, Findings, Group, Rule, words::title};

pub static RULE: Rule = Rule {
    code: "GW041",
    name: "allowed-routes-selector",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "`from: Selector` without a `selector`, and a `selector` beside another mode, where it is ignored.",
    why: "Without a selector no namespace is chosen and no route attaches; beside `All` or `Same` the selector \
           restricts nothing (Gateway API, `RouteNamespaces`).",
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
      protocol: HTTPS
      port: 443
      hostname: shop.example.org
      tls:
        certificateRefs: [{name: shop-tls}]
      allowedRoutes:
        namespaces:
          from: All
          selector: {matchLabels: {kubernetes.io/metadata.name: shop}}
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
      hostname: shop.example.org
      tls:
        certificateRefs: [{name: shop-tls}]
      allowedRoutes:
        namespaces:
          from: Selector
          selector: {matchLabels: {kubernetes.io/metadata.name: shop}}
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for (object, gateway) in cx.all::<Gateway>() {
        for (i, listener) in gateway.spec.listeners.iter().enumerate() {
            let namespaces = listener.allowed_routes.as_ref().and_then(|allowed| allowed.namespaces.as_ref());
            let Some(namespaces) = namespaces else { continue };
            let path = format!("spec.listeners[{i}].allowedRoutes.namespaces");
            let of = format!("{}: listener `{}`", title(object), listener.name);
            match (namespaces.from.as_deref(), &namespaces.selector) {
                (Some("Selector"), None) => {
                    out.add(object, &path, format!("{of} admits namespaces by a selector, and has none"))
                        .help("add `selector` with the labels of the namespaces that may publish");
                }
                (from, Some(_)) if from != Some("Selector") => {
                    let from = from.unwrap_or("Same");
                    let message = format!("{of} has a selector of namespaces that `from: {from}` ignores");
                    out.add(object, &format!("{path}.selector"), message).help("write `from: Selector`");
                }
                _ => {}
            }
        }
    }
}
