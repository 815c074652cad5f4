//! IN030: a Secret for TLS that nothing makes.
use k8s_openapi::api::core::v1::Secret;
use netloom_objects::{Severity, cert_manager::Certificate};
use std::collections::HashSet;

use super::support::ingresses;
use crate::{
    Context, Findings, Group, Rule,
    words::{namespace_of, title},
};

pub static RULE: Rule = Rule {
    code: "IN030",
    name: "tls-secret-missing",
    group: Group::Correctness,
    severity: Severity::Warning,
    finds: "A `secretName` under `tls` that is no Secret of the namespace, and that no Certificate and no annotation \
           for cert-manager asks for.",
    why: "Controllers then serve their own self-signed certificate, which clients refuse.",
    wrong: "\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: web
  namespace: shop
spec:
  ingressClassName: traefik
  tls:
    - {hosts: [shop.example.org], secretName: shop-tls}
  rules:
    - host: shop.example.org
      http:
        paths:
          - path: /
            pathType: Prefix
            backend:
              service: {name: web, port: {number: 80}}
",
    right: "\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: web
  namespace: shop
spec:
  ingressClassName: traefik
  tls:
    - {hosts: [shop.example.org], secretName: shop-tls}
  rules:
    - host: shop.example.org
      http:
        paths:
          - path: /
            pathType: Prefix
            backend:
              service: {name: web, port: {number: 80}}
---
apiVersion: cert-manager.io/v1
kind: Certificate
metadata:
  name: shop
  namespace: shop
spec:
  secretName: shop-tls
  dnsNames: [shop.example.org]
  issuerRef: {name: public, kind: ClusterIssuer}
",
    closed: true,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let mut made: HashSet<(&str, &str)> = HashSet::new();
    for (object, certificate) in cx.all::<Certificate>() {
        made.insert((namespace_of(object), &certificate.spec.secret_name));
    }
    // Operators that make Secrets from elsewhere name them as they like.
    for (kind, path) in
        [("ExternalSecret", "spec.target.name"), ("SealedSecret", "spec.template.metadata.name")]
    {
        let group = if kind == "SealedSecret" { "bitnami.com" } else { "external-secrets.io" };
        for object in cx.all_of(group, kind) {
            made.insert((namespace_of(object), object.text(path).unwrap_or(&object.name)));
        }
    }
    for (object, ingress) in ingresses(cx) {
        let own = namespace_of(object);
        if !cx.is_closed("Secret", Some(own)) || object.annotations().keys().any(|key| asks_for_one(key)) {
            continue;
        }
        for (i, entry) in ingress.tls.iter().flatten().enumerate() {
            let Some(name) = entry.secret_name.as_deref().filter(|name| !name.is_empty()) else { continue };
            if made.contains(&(own, name)) || cx.find::<Secret>(Some(own), name).is_some() {
                continue;
            }
            let message = format!("{}: nothing makes Secret {own}/{name}", title(object));
            out.add(object, &format!("spec.tls[{i}].secretName"), message)
                .help("add a Certificate with this `secretName`, or the annotation `cert-manager.io/cluster-issuer`");
        }
    }
}

/// Whether an annotation makes cert-manager issue the certificates of an Ingress.
fn asks_for_one(key: &str) -> bool {
    matches!(key, "cert-manager.io/cluster-issuer" | "cert-manager.io/issuer" | "kubernetes.io/tls-acme")
}
