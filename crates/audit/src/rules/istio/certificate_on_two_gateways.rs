//! IS071: one certificate on two Gateways of the same pods.
use std::{collections::HashMap, iter};

use netloom_objects::{Object, Severity, istio::Gateway};

use super::support::{gateway_workloads, shown};
use crate::{Context, Findings, Group, Rule, words::title};

pub static RULE: Rule = Rule {
    code: "IS071",
    name: "certificate-on-two-gateways",
    group: Group::Correctness,
    severity: Severity::Warning,
    finds: "Two Gateways on the same pods and port whose servers present the same certificate for different hosts.",
    why: "Browsers use a connection of HTTP/2 again for every host that its certificate covers. A request for the \
            second host then comes on the connection of the first one's Gateway, which has no routes for it: 404, \
            now and then (Istio's guide Traffic Management Problems, 404 errors occur when multiple gateways \
            configured with same TLS certificate).",
    wrong: "\
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: shop, namespace: edge}
spec:
  selector: {istio: ingressgateway}
  servers:
    - port: {number: 443, name: https, protocol: HTTPS}
      hosts: [shop.example.com]
      tls: {mode: SIMPLE, credentialName: wildcard}
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: pay, namespace: edge}
spec:
  selector: {istio: ingressgateway}
  servers:
    - port: {number: 443, name: https, protocol: HTTPS}
      hosts: [pay.example.com]
      tls: {mode: SIMPLE, credentialName: wildcard}
",
    right: "\
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: shop, namespace: edge}
spec:
  selector: {istio: ingressgateway}
  servers:
    - port: {number: 443, name: https, protocol: HTTPS}
      hosts: [shop.example.com]
      tls: {mode: SIMPLE, credentialName: wildcard}
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: pay, namespace: edge}
spec:
  selector: {istio: ingressgateway}
  servers:
    - port: {number: 443, name: https, protocol: HTTPS}
      hosts: [pay.example.com]
      tls: {mode: SIMPLE, credentialName: pay}
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let mut taken: HashMap<(String, u32, &str), (&Object, &Gateway, usize)> = HashMap::new();
    for (object, gateway) in cx.all::<Gateway>() {
        let pods = gateway_workloads(cx, gateway).into_iter().map(|workload| title(workload.object));
        let carriers: Vec<String> = iter::once(shown(&gateway.spec.selector)).chain(pods).collect();
        for (index, server) in gateway.spec.servers.iter().enumerate() {
            let Some(tls) = &server.tls else { continue };
            let ends = matches!(tls.mode.as_deref(), Some("SIMPLE" | "MUTUAL" | "OPTIONAL_MUTUAL"));
            let Some(certificate) = tls.credential_name.as_deref().filter(|_| ends) else { continue };
            let claims = carriers.iter().map(|carrier| (carrier.clone(), server.port.number, certificate));
            let found = claims.clone().find_map(|claim| taken.get(&claim).copied());
            for claim in claims {
                taken.entry(claim).or_insert((object, gateway, index));
            }
            let Some((other, content, at)) = found.filter(|(other, ..)| !std::ptr::eq(*other, object)) else {
                continue;
            };
            if server.hosts == content.spec.servers[at].hosts {
                continue;
            }
            let message = format!(
                "{} and {} present the certificate `{certificate}` on the same pods: requests on connections that are used \
                 again meet the wrong one",
                title(other),
                title(object)
            );
            out.add(object, &format!("spec.servers[{index}].tls.credentialName"), message)
                .related(other, &format!("spec.servers[{at}].tls.credentialName"), "the other one")
                .help("put the hosts into one Gateway, and bind all VirtualServices to it; or use a certificate for each");
        }
    }
}
