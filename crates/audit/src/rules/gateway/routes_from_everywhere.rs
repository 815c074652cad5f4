//! GW032: a listener that admits routes of every namespace.
use netloom_objects::{Severity, gateway_api::Gateway};

use crate::{Context, Findings, Group, Rule, words::title};

pub static RULE: Rule = Rule {
    code: "GW032",
    name: "routes-from-everywhere",
    group: Group::Security,
    severity: Severity::Info,
    finds: "A listener with `allowedRoutes.namespaces.from: All`.",
    why: "Whoever may write routes in any namespace can publish under the Gateway's names and certificates, and \
           take over paths of others (Gateway API security model).",
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
      allowedRoutes: {namespaces: {from: All}}
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
            if namespaces.and_then(|namespaces| namespaces.from.as_deref()) != Some("All") {
                continue;
            }
            let message = format!(
                "{}: routes of every namespace may attach to listener `{}`",
                title(object),
                listener.name
            );
            out.add(object, &format!("spec.listeners[{i}].allowedRoutes.namespaces.from"), message)
                .help("write `from: Selector` with a label of the namespaces that may publish");
        }
    }
}
