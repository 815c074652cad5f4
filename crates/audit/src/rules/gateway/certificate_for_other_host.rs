//! GW033: a listener whose certificate is for other hosts.
use netloom_objects::{Object, Severity, cert_manager::Certificate, gateway_api::Gateway};
use std::collections::HashMap;

use crate::{
    Context, Findings, Group, Rule,
    words::{list_of, namespace_of, title},
};

pub static RULE: Rule = Rule {
    code: "GW033",
    name: "certificate-for-other-host",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "A listener with a hostname whose Secret is made by a Certificate of the set, none of whose names covers \
           it.",
    why: "Clients refuse the certificate. A wildcard of a certificate stands for exactly one label: \
           `*.example.org` is neither `example.org` nor `a.b.example.org` (RFC 9525).",
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
---
apiVersion: cert-manager.io/v1
kind: Certificate
metadata:
  name: shop
  namespace: edge
spec:
  secretName: shop-tls
  dnsNames: [www.example.org]
  issuerRef: {name: public, kind: ClusterIssuer}
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
---
apiVersion: cert-manager.io/v1
kind: Certificate
metadata:
  name: shop
  namespace: edge
spec:
  secretName: shop-tls
  dnsNames: [shop.example.org]
  issuerRef: {name: public, kind: ClusterIssuer}
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let mut made: HashMap<(&str, &str), Vec<(&Object, &Certificate)>> = HashMap::new();
    for (object, certificate) in cx.all::<Certificate>() {
        let secret = (namespace_of(object), certificate.spec.secret_name.as_str());
        made.entry(secret).or_default().push((object, certificate));
    }
    for (object, gateway) in cx.all::<Gateway>() {
        for (i, listener) in gateway.spec.listeners.iter().enumerate() {
            let Some(hostname) = listener.hostname.as_deref().filter(|hostname| !hostname.is_empty()) else {
                continue;
            };
            let refs = listener.tls.iter().flat_map(|tls| &tls.certificate_refs);
            let makers: Option<Vec<_>> = refs
                .map(|to| {
                    let namespace = to.namespace.as_deref().unwrap_or_else(|| namespace_of(object));
                    made.get(&(namespace, to.name.as_str()))
                })
                .collect();
            // A Secret that something else makes may have the name.
            let Some(makers) = makers else { continue };
            let makers: Vec<_> = makers.into_iter().flatten().collect();
            let names: Vec<&str> = makers
                .iter()
                .flat_map(|(_, made)| made.spec.dns_names.iter().chain(&made.spec.common_name))
                .map(String::as_str)
                .collect();
            let Some((maker, _)) = makers.first() else { continue };
            if names.is_empty() || names.iter().any(|name| covers(name, hostname)) {
                continue;
            }
            let message = format!(
                "{}: listener `{}` is for {hostname}, and its certificate for {}",
                title(object),
                listener.name,
                list_of(&names)
            );
            out.add(object, &format!("spec.listeners[{i}].hostname"), message)
                .help(format!("add {hostname} to `dnsNames` of {}", title(maker)))
                .related(maker, "spec.dnsNames", "the names of the certificate");
        }
    }
}

/// Whether a name of a certificate covers a host, or a wildcard host as a whole.
fn covers(name: &str, hostname: &str) -> bool {
    let (name, hostname) = (name.to_ascii_lowercase(), hostname.to_ascii_lowercase());
    name == hostname
        || name.strip_prefix("*.").is_some_and(|parent| {
            hostname.split_once('.').is_some_and(|(label, rest)| label != "*" && rest == parent)
        })
}
