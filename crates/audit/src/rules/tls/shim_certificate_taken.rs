//! TL003: a Certificate stands in the way of the one that the shim would make.
use k8s_openapi::api::core::v1::Secret;
use netloom_objects::{Severity, cert_manager::Certificate};

use super::support::{makers, shim_of, tls_entries};
use crate::{
    Context, Findings, Group, Rule,
    words::{namespace_of, title},
};

pub static RULE: Rule = Rule {
    code: "TL003",
    name: "shim-certificate-taken",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "An Ingress with an annotation of cert-manager whose Secret for TLS has the name of a Certificate of \
            the namespace that makes another Secret, while nothing makes this one.",
    why: "The shim makes a Certificate of the name of the Secret. One of that name that it did not make is \
            left as it is (\"certificate resource is not owned by this object. refusing to update\"), so the \
            Secret is never issued and the controller serves its own certificate (cert-manager: \"Annotated \
            Ingress resource\").",
    wrong: "\
apiVersion: cert-manager.io/v1
kind: Certificate
metadata: {name: shop-tls, namespace: shop}
spec:
  secretName: shop-keys
  dnsNames: [shop.acme.example]
  issuerRef: {name: public, kind: ClusterIssuer}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: shop
  namespace: shop
  annotations: {cert-manager.io/cluster-issuer: public}
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
kind: Certificate
metadata: {name: shop-tls, namespace: shop}
spec:
  secretName: shop-keys
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
      secretName: shop-keys
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
    let made = makers(cx);
    for (object, index, secret, _) in tls_entries(cx) {
        let own = namespace_of(object);
        if shim_of(object).is_none()
            || made.contains_key(&(own, secret))
            || cx.find::<Secret>(Some(own), secret).is_some()
        {
            continue;
        }
        let Some((taken, certificate)) = cx.find::<Certificate>(Some(own), secret) else { continue };
        let other = &certificate.spec.secret_name;
        let message = format!(
            "{}: Secret {own}/{secret} is never issued: cert-manager would make Certificate {secret} for it, but there \
             is one of that name, and it makes Secret {other}",
            title(object)
        );
        out.add(object, &format!("spec.tls[{index}].secretName"), message)
            .help(format!("use `secretName: {other}` and drop the annotation, or rename the Certificate"))
            .related(taken, "spec.secretName", "the Certificate makes this Secret");
    }
}
