//! IN038: passwords that are asked for in the clear, or that cannot be checked.
use k8s_openapi::api::{core::v1::Secret, networking::v1::IngressSpec};
use netloom_objects::{Object, Severity};

use super::support::{ingresses, is_canary, nginx, nginx_at};
use crate::{
    Context, Findings, Group, Rule,
    words::{list_of, namespace_of, title},
};

pub static RULE: Rule = Rule {
    code: "IN038",
    name: "basic-auth",
    group: Group::Security,
    severity: Severity::Warning,
    finds: "`auth-type` of ingress-nginx on a host that is served without TLS or without the redirect to it; and (an \
            error) without `auth-secret`, or in the closed world with a Secret that does not exist.",
    why: "With basic authentication the browser sends the password with every request, hardly encoded: without TLS \
            whoever is on the way reads it. Without its Secret ingress-nginx answers every request with 503 \
            (ingress-nginx: Annotations, Authentication).",
    wrong: "\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: web
  namespace: shop
  annotations:
    nginx.ingress.kubernetes.io/auth-type: basic
    nginx.ingress.kubernetes.io/auth-secret: shop-users
spec:
  ingressClassName: nginx
  rules:
    - host: shop.acme.example
      http:
        paths:
          - {path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}
",
    right: "\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: web
  namespace: shop
  annotations:
    nginx.ingress.kubernetes.io/auth-type: basic
    nginx.ingress.kubernetes.io/auth-secret: shop-users
spec:
  ingressClassName: nginx
  tls: [{hosts: [shop.acme.example], secretName: shop-tls}]
  rules:
    - host: shop.acme.example
      http:
        paths:
          - {path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for (object, spec) in ingresses(cx) {
        let Some(kind) = nginx(object, "auth-type").filter(|kind| matches!(*kind, "basic" | "digest")) else {
            continue;
        };
        let plain = plain_hosts(object, spec);
        if !plain.is_empty() && !is_canary(object) {
            let message = format!(
                "{} asks for passwords ({kind}) on {} over plain HTTP",
                title(object),
                list_of(&plain)
            );
            out.add(object, &nginx_at("auth-type"), message)
                .help("add the hosts to `tls`, and leave `ssl-redirect` on");
        }
        let Some(secret) = nginx(object, "auth-secret").filter(|secret| !secret.is_empty()) else {
            let message = format!("{}: `auth-type` has no `auth-secret` with the passwords", title(object));
            out.add(object, &nginx_at("auth-type"), message)
                .severity(Severity::Error)
                .help("name a Secret with an entry `auth`, made by htpasswd");
            continue;
        };
        let (namespace, name) = secret.split_once('/').unwrap_or((namespace_of(object), secret));
        let found = cx.find::<Secret>(Some(namespace), name);
        if found.is_none() && cx.is_closed("Secret", Some(namespace)) && !is_made(cx, namespace, name) {
            let message =
                format!("{}: there is no Secret {namespace}/{name} with the passwords", title(object));
            out.add(object, &nginx_at("auth-secret"), message)
                .severity(Severity::Error)
                .help("create it with an entry `auth`, made by htpasswd");
        }
        let is_map = nginx(object, "auth-secret-type") == Some("auth-map");
        if let Some((other, content)) = found.filter(|_| !is_map) {
            let has = content.data.as_ref().is_some_and(|data| data.contains_key("auth"))
                || content.string_data.as_ref().is_some_and(|data| data.contains_key("auth"))
                || other.holds_fault("");
            let empty = content.data.is_none() && content.string_data.is_none();
            if !has && !empty {
                let message = format!("{}: {} has no entry `auth`", title(object), title(other));
                out.add(object, &nginx_at("auth-secret"), message)
                    .severity(Severity::Error)
                    .help("rename its entry to `auth`, or write `auth-secret-type: auth-map` for one entry a user")
                    .related(other, "metadata.name", "the Secret");
            }
        }
    }
}

/// The hosts that are served without TLS, or where nothing leads from plain HTTP to it.
fn plain_hosts<'a>(object: &Object, spec: &'a IngressSpec) -> Vec<&'a str> {
    let tls = spec.tls.as_deref().unwrap_or_default();
    let off = nginx(object, "ssl-redirect") == Some("false");
    let off = off && nginx(object, "force-ssl-redirect") != Some("true");
    let forced = nginx(object, "force-ssl-redirect") == Some("true");
    let hosts = spec.rules.iter().flatten().map(|rule| rule.host.as_deref().unwrap_or("every host"));
    let is_covered = |host: &str| {
        tls.iter().any(|tls| {
            let mut hosts = tls.hosts.iter().flatten();
            tls.hosts.as_ref().is_none_or(Vec::is_empty)
                || hosts.any(|name| {
                    let wide = name.strip_prefix('*').zip(host.split_once('.'));
                    name == host || wide.is_some_and(|(suffix, (_, parent))| suffix == format!(".{parent}"))
                })
        })
    };
    hosts.filter(|host| off || !forced && !is_covered(host)).collect()
}

/// Whether something of the set makes a Secret.
fn is_made(cx: &Context<'_>, namespace: &str, name: &str) -> bool {
    [("bitnami.com", "SealedSecret"), ("external-secrets.io", "ExternalSecret")]
        .iter()
        .any(|(group, kind)| cx.find_any(group, kind, Some(namespace), name).is_some())
}
