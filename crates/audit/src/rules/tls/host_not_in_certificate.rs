//! TL004: the certificate of an Ingress is not for its host.
use netloom_objects::Severity;

use super::support::{covers, makers, tls_entries};
use crate::{
    Context, Findings, Group, Rule,
    words::{list_of, namespace_of, title},
};

pub static RULE: Rule = Rule {
    code: "TL004",
    name: "host-not-in-certificate",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "A host under `tls` of an Ingress that none of the names of the Certificate covers which makes the \
            Secret.",
    why: "Browsers refuse the certificate. A wildcard stands for exactly one label: `*.acme.example` is \
            neither `acme.example` nor `a.b.acme.example` (RFC 9525, section 6.3).",
    wrong: "\
apiVersion: cert-manager.io/v1
kind: Certificate
metadata: {name: shop, namespace: shop}
spec:
  secretName: shop-tls
  dnsNames: ['*.acme.example']
  issuerRef: {name: public, kind: ClusterIssuer}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: shop
  namespace: shop
spec:
  ingressClassName: traefik
  tls:
    - hosts: [eu.shop.acme.example]
      secretName: shop-tls
  rules:
    - host: eu.shop.acme.example
      http:
        paths:
          - path: /
            pathType: Prefix
            backend:
              service: {name: web, port: {number: 80}}
",
    right: "\
apiVersion: cert-manager.io/v1
kind: Certificate
metadata: {name: shop, namespace: shop}
spec:
  secretName: shop-tls
  dnsNames: ['*.acme.example', eu.shop.acme.example]
  issuerRef: {name: public, kind: ClusterIssuer}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: shop
  namespace: shop
spec:
  ingressClassName: traefik
  tls:
    - hosts: [eu.shop.acme.example]
      secretName: shop-tls
  rules:
    - host: eu.shop.acme.example
      http:
        paths:
          - path: /
            pathType: Prefix
            backend:
              service: {name: web, port: {number: 80}}
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let made = makers(cx);
    for (object, index, secret, hosts) in tls_entries(cx) {
        let Some(owners) = made.get(&(namespace_of(object), secret)) else { continue };
        let names: Vec<&str> = owners
            .iter()
            .flat_map(|(_, owner)| owner.spec.dns_names.iter().chain(&owner.spec.common_name))
            .map(String::as_str)
            .collect();
        let Some((owner, _)) = owners.first() else { continue };
        // A literal subject may hold names that are not seen here.
        if names.is_empty() || owners.iter().any(|(_, owner)| owner.spec.literal_subject.is_some()) {
            continue;
        }
        for (at, host) in hosts.iter().enumerate() {
            if host.is_empty() || names.iter().any(|name| covers(name, host)) {
                continue;
            }
            let message = format!(
                "{}: {host} is served with the certificate of {}, which is for {}",
                title(object),
                title(owner),
                list_of(&names)
            );
            out.add(object, &format!("spec.tls[{index}].hosts[{at}]"), message)
                .help(format!("add {host} to its `dnsNames`"))
                .related(owner, "spec.dnsNames", "the names of the certificate");
        }
    }
}
