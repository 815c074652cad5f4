//! TL001: a certificate is asked of an issuer that does not exist.
use std::collections::HashMap;

use netloom_objects::{Object, Severity};

use super::support::{issuer_names, issuers};
use crate::{
    Context, Findings, Fix, Group, Rule,
    words::{namespace_of, title},
};

pub static RULE: Rule = Rule {
    code: "TL001",
    name: "issuer-missing",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "An `issuerRef`, or an annotation of cert-manager on an Ingress or Gateway, that names no issuer of \
            the set, while the set has one of that name of the other kind or in another namespace. In the closed \
            world also one of which there is none at all.",
    why: "An Issuer serves its own namespace only, a ClusterIssuer all of them, and `kind` is Issuer where it \
            is left out. The CertificateRequest then waits for an issuer for ever and the Secret is never made \
            (cert-manager: \"Issuer Configuration\", `issuerRef`).",
    wrong: "\
apiVersion: cert-manager.io/v1
kind: Certificate
metadata: {name: shop, namespace: shop}
spec:
  secretName: shop-tls
  dnsNames: [shop.acme.example]
  issuerRef: {name: public}
---
apiVersion: cert-manager.io/v1
kind: ClusterIssuer
metadata: {name: public}
spec:
  acme:
    server: https://acme-v02.api.letsencrypt.org/directory
    email: network@acme-operations.net
    privateKeySecretRef: {name: account}
    solvers:
      - http01:
          ingress: {ingressClassName: traefik}
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
apiVersion: cert-manager.io/v1
kind: ClusterIssuer
metadata: {name: public}
spec:
  acme:
    server: https://acme-v02.api.letsencrypt.org/directory
    email: network@acme-operations.net
    privateKeySecretRef: {name: account}
    solvers:
      - http01:
          ingress: {ingressClassName: traefik}
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let mut by_name: HashMap<&str, Vec<&Object>> = HashMap::new();
    for (object, _) in issuers(cx) {
        by_name.entry(&object.name).or_default().push(object);
    }
    for wanted in issuer_names(cx) {
        if !matches!(wanted.kind, "Issuer" | "ClusterIssuer") || wanted.find(cx).is_some() {
            continue;
        }
        let own = namespace_of(wanted.object);
        let scope = (wanted.kind == "Issuer").then_some(own);
        // An Issuer of another namespace contradicts nothing where a cluster has one of that name in each.
        let near = by_name.get(wanted.name).into_iter().flatten().find(|near| {
            wanted.kind == "Issuer" && *near.kind == *"ClusterIssuer" || namespace_of(near) == own
        });
        let closed = cx.is_closed(wanted.kind, scope);
        if near.is_none() && !closed {
            continue;
        }
        let near = near.or_else(|| by_name.get(wanted.name).into_iter().flatten().next());
        let message = format!("{}: there is no {}", title(wanted.object), wanted.title());
        let finding = out.add(wanted.object, &wanted.path, message);
        match near {
            Some(near) => {
                let help = if *near.kind == *"ClusterIssuer" {
                    let field = if wanted.path.starts_with("spec") {
                        "set `issuerRef.kind: ClusterIssuer`"
                    } else {
                        "use the annotation `cert-manager.io/cluster-issuer`"
                    };
                    format!("{field}: {} is one for the whole cluster", near.name)
                } else {
                    format!("{} serves its own namespace only; name it as an Issuer there", title(near))
                };
                finding.help(help).related(near, "metadata.name", "the issuer of this name");
                // Nothing said which kind is meant.
                let reference = wanted.path.rsplit_once('.').map_or("", |(reference, _)| reference);
                let unsaid = !wanted.object.keys(reference).contains(&"kind");
                if *near.kind == *"ClusterIssuer" && wanted.path.starts_with("spec") && unsaid {
                    let fix = Fix::safe("write `kind: ClusterIssuer`");
                    finding.fix(fix.insert_last(wanted.object, reference, "kind", "ClusterIssuer"));
                }
            }
            None => {
                finding.help("name an issuer that exists, or add this one");
            }
        }
    }
}
