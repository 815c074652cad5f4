//! IS028: a policy that looks at HTTP on ports that do not speak it.
use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::Service;
use netloom_objects::{
    Object, Severity,
    istio::{AuthorizationPolicy, Rule as PolicyRule},
};

use super::support::{protocol_of, shown};
use crate::{
    Context, Findings, Group, Rule,
    words::{namespace_of, title},
};

pub static RULE: Rule = Rule {
    code: "IS028",
    name: "http-policy-on-tcp-port",
    group: Group::Security,
    severity: Severity::Error,
    finds: "An AuthorizationPolicy with methods, paths, hosts or tokens for pods whose Services in the set all have ports of \
            other protocols only.",
    why: "On a port that is not HTTP, an ALLOW rule with HTTP fields never matches; in a DENY rule the HTTP fields are left \
          out, so that it denies more than it says (Istio's concept Security, Using Istio authorization on plain TCP \
          protocols).",
    wrong: "\
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: cart-db, namespace: shop}
spec:
  selector: {matchLabels: {app: cart-db}}
  rules:
    - to: [{operation: {methods: [GET]}}]
---
apiVersion: v1
kind: Service
metadata: {name: cart-db, namespace: shop}
spec:
  selector: {app: cart-db}
  ports: [{name: tcp-postgres, port: 5432}]
",
    right: "\
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: cart-db, namespace: shop}
spec:
  selector: {matchLabels: {app: cart-db}}
  rules:
    - from: [{source: {principals: [cluster.local/ns/shop/sa/cart]}}]
      to: [{operation: {ports: ['5432']}}]
---
apiVersion: v1
kind: Service
metadata: {name: cart-db, namespace: shop}
spec:
  selector: {app: cart-db}
  ports: [{name: tcp-postgres, port: 5432}]
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let mut services: BTreeMap<(&str, String), Vec<(&Object, &Service)>> = BTreeMap::new();
    for (object, service) in cx.all::<Service>() {
        let Some(selector) =
            service.spec.as_ref().and_then(|s| s.selector.as_ref()).filter(|s| !s.is_empty())
        else {
            continue;
        };
        services.entry((namespace_of(object), shown(selector))).or_default().push((object, service));
    }
    for (object, policy) in cx.all::<AuthorizationPolicy>() {
        let Some(selector) = &policy.spec.selector else { continue };
        // Only Services with the very selector of the policy: all of their pods are the policy's.
        let Some(of_pods) = services.get(&(namespace_of(object), shown(&selector.match_labels))) else {
            continue;
        };
        let ports =
            || of_pods.iter().flat_map(|(_, s)| s.spec.iter().flat_map(|spec| spec.ports.iter().flatten()));
        let is_plain = |p: Option<String>| {
            p.is_some_and(|p| matches!(&*p, "tcp" | "mysql" | "redis" | "mongo" | "tls" | "https" | "udp"))
        };
        if ports().next().is_none() || !ports().all(|port| is_plain(protocol_of(port))) {
            continue;
        }
        for (index, rule) in policy.spec.rules.iter().enumerate() {
            let Some((path, what)) = http_field(rule) else { continue };
            let denies = policy.spec.action.as_deref() == Some("DENY");
            let does = if denies { "leaves it out and denies more" } else { "never matches" };
            let message = format!(
                "{}: no port of {} speaks HTTP, so a rule with `{what}` {does}",
                title(object),
                title(of_pods[0].0)
            );
            let finding = out.add(object, &format!("spec.rules[{index}].{path}"), message);
            finding.related(of_pods[0].0, "spec.ports", "the ports and their protocols");
            finding.help("use sources and ports only; or name the port `http-…` if it does speak HTTP");
        }
    }
}

/// The first field of a rule that is about HTTP: its path in the rule, and its name.
pub(super) fn http_field(rule: &PolicyRule) -> Option<(String, &'static str)> {
    let sources = rule.from.iter().enumerate().find_map(|(index, from)| {
        let source = &from.source;
        let fields = [
            ("requestPrincipals", &source.request_principals),
            ("notRequestPrincipals", &source.not_request_principals),
            ("remoteIpBlocks", &source.remote_ip_blocks),
            ("notRemoteIpBlocks", &source.not_remote_ip_blocks),
        ];
        let (name, _) = fields.into_iter().find(|(_, list)| !list.is_empty())?;
        Some((format!("from[{index}].source.{name}"), name))
    });
    let operations = || {
        rule.to.iter().enumerate().find_map(|(index, to)| {
            let operation = &to.operation;
            let fields = [
                ("methods", &operation.methods),
                ("notMethods", &operation.not_methods),
                ("paths", &operation.paths),
                ("notPaths", &operation.not_paths),
                ("hosts", &operation.hosts),
                ("notHosts", &operation.not_hosts),
            ];
            let (name, _) = fields.into_iter().find(|(_, list)| !list.is_empty())?;
            Some((format!("to[{index}].operation.{name}"), name))
        })
    };
    let conditions = || {
        let index = rule.when.iter().position(|condition| condition.key.starts_with("request."))?;
        Some((format!("when[{index}].key"), "when"))
    };
    sources.or_else(operations).or_else(conditions)
}
