//! TL019: an issuer whose credentials nothing makes.
use netloom_objects::{Object, Severity, cert_manager::IssuerSpec};

use super::support::issuers;
use crate::{
    Context, Findings, Group, Rule,
    words::{namespace_of, title},
};

pub static RULE: Rule = Rule {
    code: "TL019",
    name: "issuer-secret-missing",
    group: Group::Correctness,
    severity: Severity::Warning,
    finds: "An Issuer or ClusterIssuer that refers to a Secret with a key or a token which nothing in the set makes. A \
            ClusterIssuer's Secrets are looked for in the namespace cert-manager, where cert-manager looks for them unless told \
            otherwise.",
    why: "The issuer does not become ready, or each challenge fails, and no certificate is issued. A Secret beside the \
          Certificate is not where a ClusterIssuer looks.",
    wrong: "\
apiVersion: cert-manager.io/v1
kind: ClusterIssuer
metadata: {name: public}
spec:
  acme:
    server: https://acme-v02.api.letsencrypt.org/directory
    privateKeySecretRef: {name: account}
    solvers:
      - dns01: {cloudflare: {apiTokenSecretRef: {name: cloudflare-token, key: token}}}
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
      - dns01: {cloudflare: {apiTokenSecretRef: {name: cloudflare-token, key: token}}}
---
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata: {name: cloudflare-token, namespace: cert-manager}
spec:
  secretStoreRef: {name: vault, kind: ClusterSecretStore}
  data: [{secretKey: token, remoteRef: {key: cloudflare}}]
",
    closed: true,
    check,
};

/// Where cert-manager looks for the Secrets of cluster-wide issuers.
const HOME: &str = "cert-manager";

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for (object, spec) in issuers(cx) {
        let namespace = if &*object.kind == "ClusterIssuer" { HOME } else { namespace_of(object) };
        if !cx.is_closed("Secret", Some(namespace)) {
            continue;
        }
        for (path, name) in references(object, spec) {
            let makers = [
                ("", "Secret"),
                ("external-secrets.io", "ExternalSecret"),
                ("bitnami.com", "SealedSecret"),
                ("secrets.infisical.com", "InfisicalSecret"),
                ("secrets.hashicorp.com", "VaultStaticSecret"),
            ];
            let made =
                makers.iter().any(|(group, kind)| cx.find_any(group, kind, Some(namespace), &name).is_some());
            if made || made_by_certificate(cx, namespace, &name) {
                continue;
            }
            let message = format!("{}: nothing makes Secret {namespace}/{name}", title(object));
            out.add(object, &path, message)
                .help(format!("put the Secret, or what makes it, into namespace {namespace}"));
        }
    }
}

fn made_by_certificate(cx: &Context<'_>, namespace: &str, name: &str) -> bool {
    let mut certificates = cx.all::<netloom_objects::cert_manager::Certificate>();
    certificates.any(|(object, spec)| namespace_of(object) == namespace && spec.spec.secret_name == name)
}

/// The Secrets that have to be there before: each with the path of its name. The account's key cert-manager makes.
fn references(object: &Object, spec: &IssuerSpec) -> Vec<(String, String)> {
    let mut found = Vec::new();
    if let Some(ca) = &spec.ca {
        found.push(("spec.ca.secretName".to_owned(), ca.secret_name.clone()));
    }
    let Some(acme) = &spec.acme else { return found };
    if let Some(account) = &acme.external_account_binding {
        found.push((
            "spec.acme.externalAccountBinding.keySecretRef.name".to_owned(),
            account.key_secret_ref.name.clone(),
        ));
    }
    for (index, solver) in acme.solvers.iter().enumerate() {
        let Some(dns) = &solver.dns01 else { continue };
        let base = format!("spec.acme.solvers[{index}].dns01");
        let named = [
            (
                "cloudflare.apiTokenSecretRef",
                dns.cloudflare.as_ref().and_then(|c| c.api_token_secret_ref.as_ref()),
            ),
            (
                "cloudflare.apiKeySecretRef",
                dns.cloudflare.as_ref().and_then(|c| c.api_key_secret_ref.as_ref()),
            ),
            (
                "route53.secretAccessKeySecretRef",
                dns.route53.as_ref().and_then(|r| r.secret_access_key_secret_ref.as_ref()),
            ),
            (
                "cloudDNS.serviceAccountSecretRef",
                dns.cloud_dns.as_ref().and_then(|c| c.service_account_secret_ref.as_ref()),
            ),
            (
                "azureDNS.clientSecretSecretRef",
                dns.azure_dns.as_ref().and_then(|a| a.client_secret_secret_ref.as_ref()),
            ),
            ("digitalocean.tokenSecretRef", dns.digitalocean.as_ref().map(|d| &d.token_secret_ref)),
            ("acmeDNS.accountSecretRef", dns.acme_dns.as_ref().map(|d| &d.account_secret_ref)),
            (
                "rfc2136.tsigSecretSecretRef",
                dns.rfc2136.as_ref().and_then(|d| d.tsig_secret_secret_ref.as_ref()),
            ),
        ];
        for (field, secret) in named {
            if let Some(secret) = secret.filter(|secret| !secret.name.is_empty()) {
                found.push((format!("{base}.{field}.name"), secret.name.clone()));
            }
        }
    }
    found.retain(|(path, _)| object.is_written(path));
    found
}
