//! TL002: two certificates are written into one Secret.
use netloom_objects::Severity;

use super::support::{makers, shim_of, tls_entries};
use crate::{
    Context, Findings, Group, Rule,
    words::{namespace_of, title},
};

pub static RULE: Rule = Rule {
    code: "TL002",
    name: "secret-with-two-owners",
    group: Group::Reliability,
    severity: Severity::Warning,
    finds: "Two Certificates of a namespace with one `secretName`; and a Secret for TLS of an Ingress for which \
            the shim of cert-manager makes a Certificate, while another Certificate makes that Secret already.",
    why: "Each Certificate sees a Secret that is not its own and issues again, in turns and for ever, until \
            the limit of the authority is reached; which names the served certificate has is a matter of chance \
            (cert-manager: \"Certificate resource\", `secretName`; condition `IncorrectCertificate` since 1.9).",
    wrong: "\
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
    let made = makers(cx);
    for ((_, secret), owners) in &made {
        let Some((first, others)) = owners.split_first() else { continue };
        for (object, _) in others {
            let message = format!("{}: {} writes Secret {secret} too", title(object), title(first.0));
            out.add(object, "spec.secretName", message)
                .help("give each Certificate a Secret of its own, or put all names into one Certificate")
                .related(first.0, "spec.secretName", "the other one");
        }
    }
    for (object, index, secret, _) in tls_entries(cx) {
        let Some(annotation) = shim_of(object) else { continue };
        let owners = made.get(&(namespace_of(object), secret)).into_iter().flatten();
        // The shim names its Certificate after the Secret, and leaves one that is there already alone.
        let owners: Vec<_> = owners.collect();
        if owners.iter().any(|(owner, _)| *owner.name == *secret) {
            continue;
        }
        let Some((owner, _)) = owners.first() else { continue };
        let message = format!(
            "{}: cert-manager makes Certificate {secret} for this entry, and {} writes the same Secret",
            title(object),
            title(owner)
        );
        out.add(object, &format!("spec.tls[{index}].secretName"), message)
            .help(format!("drop the annotation `{annotation}`, or the Certificate"))
            .related(owner, "spec.secretName", "the Secret's other owner");
    }
}
