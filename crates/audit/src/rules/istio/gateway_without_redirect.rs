//! IS038: a host that is served over TLS and, unredirected, in plaintext.
use netloom_objects::{Severity, istio::Gateway};

use super::support::covers;
use crate::{Context, Findings, Fix, Group, Rule, words::title};

pub static RULE: Rule = Rule {
    code: "IS038",
    name: "gateway-without-redirect",
    group: Group::Security,
    severity: Severity::Warning,
    finds: "A Gateway that serves a host over HTTPS and also over HTTP without `httpsRedirect`.",
    why: "Clients that begin with http:// stay there: cookies and tokens cross the network in plaintext, although the \
          certificate is there (Istio's reference of ServerTLSSettings, `httpsRedirect`).",
    wrong: "\
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: shop, namespace: edge}
spec:
  selector: {istio: ingressgateway}
  servers:
    - port: {number: 443, name: https, protocol: HTTPS}
      hosts: [shop.example]
      tls: {mode: SIMPLE, credentialName: shop-tls}
    - port: {number: 80, name: http, protocol: HTTP}
      hosts: [shop.example]
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
      tls: {mode: SIMPLE, credentialName: shop-tls}
    - port: {number: 80, name: http, protocol: HTTP}
      hosts: [shop.example]
      tls: {httpsRedirect: true}
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for (object, gateway) in cx.all::<Gateway>() {
        let servers = &gateway.spec.servers;
        let is = |index: usize, protocol: &str| servers[index].port.protocol.eq_ignore_ascii_case(protocol);
        let bare = |host: &'_ str| host.rsplit('/').next().unwrap_or_default().to_owned();
        for plain in (0..servers.len()).filter(|index| is(*index, "HTTP")) {
            if servers[plain].tls.as_ref().is_some_and(|tls| tls.https_redirect == Some(true)) {
                continue;
            }
            let twin = (0..servers.len()).filter(|index| is(*index, "HTTPS")).find_map(|index| {
                let host = servers[index].hosts.iter().find(|host| {
                    servers[plain].hosts.iter().any(|other| covers(&bare(other), &bare(host)))
                })?;
                Some((index, bare(host)))
            });
            let Some((twin, host)) = twin else { continue };
            let message = format!(
                "{} serves {host} over HTTPS, and in plaintext on port {}",
                title(object),
                servers[plain].port.number
            );
            let finding = out.add(object, &format!("spec.servers[{plain}]"), message);
            finding.related(object, &format!("spec.servers[{twin}]"), "the same host over HTTPS");
            if servers[plain].tls.is_none() {
                let path = format!("spec.servers[{plain}]");
                let fix = Fix::proposed("add `tls: {httpsRedirect: true}`");
                finding.fix(fix.insert_last(object, &path, "tls", "{httpsRedirect: true}"));
            } else {
                finding.help("add `httpsRedirect: true` to its `tls`");
            }
        }
    }
}
