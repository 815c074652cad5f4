//! IS039: versions of TLS that are no longer safe.
use netloom_objects::{Severity, istio::Gateway};

use crate::{Context, Findings, Fix, Group, Rule, words::title};

pub static RULE: Rule = Rule {
    code: "IS039",
    name: "gateway-old-tls",
    group: Group::Security,
    severity: Severity::Warning,
    finds: "A Gateway's server whose `minProtocolVersion` is `TLSV1_0` or `TLSV1_1`, or whose `maxProtocolVersion` is below \
            1.2.",
    why: "RFC 8996 has withdrawn TLS 1.0 and 1.1. Istio's default is 1.2; below it, its ciphers do not fit without \
          `cipherSuites` either (Istio's reference of ServerTLSSettings, `minProtocolVersion`).",
    wrong: "\
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: shop, namespace: edge}
spec:
  selector: {istio: ingressgateway}
  servers:
    - port: {number: 443, name: https, protocol: HTTPS}
      hosts: [shop.example]
      tls: {mode: SIMPLE, credentialName: shop-tls, minProtocolVersion: TLSV1_1}
",
    right: "\
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: shop, namespace: edge}
spec:
  selector: {istio: ingressgateway}
  servers:
    - port: {number: 443, name: https, protocol: HTTPS}
      hosts: [shop.example]
      tls: {mode: SIMPLE, credentialName: shop-tls, minProtocolVersion: TLSV1_2}
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for (object, gateway) in cx.all::<Gateway>() {
        for (index, server) in gateway.spec.servers.iter().enumerate() {
            let Some(tls) = &server.tls else { continue };
            let fields = [
                ("minProtocolVersion", &tls.min_protocol_version, "takes"),
                ("maxProtocolVersion", &tls.max_protocol_version, "takes nothing above"),
            ];
            for (field, value, does) in fields {
                let version = match value.as_deref() {
                    Some("TLSV1_0") => "1.0",
                    Some("TLSV1_1") => "1.1",
                    _ => continue,
                };
                let message =
                    format!("{} {does} TLS {version} on port {}", title(object), server.port.number);
                let finding = out.add(object, &format!("spec.servers[{index}].tls.{field}"), message);
                let fix = Fix::proposed("remove it: the default is TLS 1.2 and 1.3");
                finding.fix(fix.remove(object, &format!("spec.servers[{index}].tls.{field}")));
            }
        }
    }
}
