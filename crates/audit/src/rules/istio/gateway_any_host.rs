//! IS037: a server of a Gateway that takes every host.
use netloom_objects::{Severity, istio::Gateway};

use crate::{Context, Findings, Group, Rule, words::title};

pub static RULE: Rule = Rule {
    code: "IS037",
    name: "gateway-any-host",
    group: Group::Security,
    severity: Severity::Info,
    finds: "A server of a Gateway with `hosts: ['*']` for every namespace.",
    why: "VirtualServices of every namespace can then claim any host on this gateway, also one that another team serves, and \
          one certificate stands for all of them. `namespace/host` says who may claim what (Istio's Security Best \
          Practices, Avoid overly broad hosts configurations).",
    wrong: "\
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: shop, namespace: edge}
spec:
  selector: {istio: ingressgateway}
  servers:
    - port: {number: 443, name: https, protocol: HTTPS}
      hosts: ['*']
      tls: {mode: SIMPLE, credentialName: shop-tls}
",
    right: "\
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: shop, namespace: edge}
spec:
  selector: {istio: ingressgateway}
  servers:
    - port: {number: 443, name: https, protocol: HTTPS}
      hosts: [shop/shop.example]
      tls: {mode: SIMPLE, credentialName: shop-tls}
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for (object, gateway) in cx.all::<Gateway>() {
        for (index, server) in gateway.spec.servers.iter().enumerate() {
            // A redirect to HTTPS is right for every host, and TCP has none.
            let redirects = server.tls.as_ref().is_some_and(|tls| tls.https_redirect == Some(true));
            let is_http =
                matches!(&*server.port.protocol.to_ascii_uppercase(), "HTTP" | "HTTP2" | "HTTPS" | "GRPC");
            let Some(host) = server.hosts.iter().position(|host| host == "*" || host == "*/*") else {
                continue;
            };
            if redirects || !is_http {
                continue;
            }
            let message = format!(
                "{} takes every host of every namespace on port {}",
                title(object),
                server.port.number
            );
            let finding = out.add(object, &format!("spec.servers[{index}].hosts[{host}]"), message);
            finding.help("list the hosts, as `NAMESPACE/HOST` where teams share the gateway");
        }
    }
}
