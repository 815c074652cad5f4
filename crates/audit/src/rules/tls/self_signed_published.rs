//! TL016: a public host has a certificate that signs itself.
use std::collections::HashMap;

use netloom_objects::{Object, Severity, cert_manager::Certificate, gateway_api::Gateway};

use super::support::{issuer_names, tls_entries};
use crate::{
    Context, Findings, Group, Rule,
    words::{namespace_of, title},
};

pub static RULE: Rule = Rule {
    code: "TL016",
    name: "self-signed-published",
    group: Group::Security,
    severity: Severity::Warning,
    finds: "An Ingress or listener whose Secret is made by a Certificate of a `selfSigned` issuer of the set, \
            for a host of a public domain.",
    why: "No client trusts it, and users learn to click warnings away. The issuer is meant to begin an \
            authority of one's own (cert-manager: \"SelfSigned\").",
    wrong: "\
apiVersion: cert-manager.io/v1
kind: ClusterIssuer
metadata: {name: public}
spec:
  selfSigned: {}
---
apiVersion: cert-manager.io/v1
kind: Certificate
metadata: {name: shop, namespace: shop}
spec:
  secretName: shop-tls
  dnsNames: [shop.acme.example]
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
    - hosts: [shop.acme.example]
      secretName: shop-tls
  rules:
    - host: shop.acme.example
      http:
        paths:
          - path: /
            pathType: Prefix
            backend:
              service: {name: web, port: {number: 80}}
",
    right: "\
apiVersion: cert-manager.io/v1
kind: ClusterIssuer
metadata: {name: public}
spec:
  acme:
    server: https://acme-v02.api.letsencrypt.org/directory
    privateKeySecretRef: {name: account}
    solvers:
      - http01:
          ingress: {ingressClassName: traefik}
---
apiVersion: cert-manager.io/v1
kind: Certificate
metadata: {name: shop, namespace: shop}
spec:
  secretName: shop-tls
  dnsNames: [shop.acme.example]
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
    - hosts: [shop.acme.example]
      secretName: shop-tls
  rules:
    - host: shop.acme.example
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
    let mut signed: HashMap<(&str, &str), (&Object, &Object)> = HashMap::new();
    for used in issuer_names(cx) {
        let own = namespace_of(used.object);
        let Some((issuer, _)) = used.find(cx).filter(|(_, issuer)| issuer.self_signed.is_some()) else {
            continue;
        };
        if *used.object.kind == *"Certificate"
            && let Some((object, certificate)) = cx.find::<Certificate>(Some(own), &used.object.name)
        {
            signed.insert((own, &certificate.spec.secret_name), (object, issuer));
        }
    }
    for (object, index, secret, hosts) in tls_entries(cx) {
        let Some((certificate, issuer)) = signed.get(&(namespace_of(object), secret)) else { continue };
        if let Some(at) = hosts.iter().position(|host| is_public(host)) {
            report(object, &format!("spec.tls[{index}].hosts[{at}]"), &hosts[at], certificate, issuer, out);
        }
    }
    for (object, gateway) in cx.all::<Gateway>() {
        for (index, listener) in gateway.spec.listeners.iter().enumerate() {
            let Some(host) = listener.hostname.as_deref().filter(|host| is_public(host)) else { continue };
            for to in listener.tls.iter().flat_map(|tls| &tls.certificate_refs) {
                let namespace = to.namespace.as_deref().unwrap_or_else(|| namespace_of(object));
                if let Some((certificate, issuer)) = signed.get(&(namespace, to.name.as_str())) {
                    report(
                        object,
                        &format!("spec.listeners[{index}].hostname"),
                        host,
                        certificate,
                        issuer,
                        out,
                    );
                }
            }
        }
    }
}

fn report(
    object: &Object,
    path: &str,
    host: &str,
    certificate: &Object,
    issuer: &Object,
    out: &mut Findings<'_>,
) {
    let message = format!(
        "{}: {host} has the certificate of {}, which signs itself ({})",
        title(object),
        title(certificate),
        title(issuer)
    );
    out.add(object, path, message)
        .help("let an authority issue it that clients trust: ACME, or one of your own")
        .related(certificate, "spec.issuerRef", "issued here");
}

/// Whether a host may be one of the Internet.
fn is_public(host: &str) -> bool {
    const INSIDE: [&str; 12] = [
        "local",
        "localhost",
        "localdomain",
        "internal",
        "intranet",
        "test",
        "lan",
        "home",
        "corp",
        "private",
        "svc",
        "arpa",
    ];
    host.rsplit_once('.').is_some_and(|(_, last)| {
        !INSIDE.contains(&last) && !last.bytes().all(|b| b.is_ascii_digit()) && !host.ends_with(".nip.io")
    })
}
