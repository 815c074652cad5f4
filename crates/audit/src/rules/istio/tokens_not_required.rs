//! IS033: tokens are verified, and not required.
use netloom_objects::{
    Severity,
    istio::{AuthorizationPolicy, AuthorizationPolicySpec, RequestAuthentication, VirtualService},
};

use super::support::ROOT;
use crate::{
    Context, Findings, Group, Rule,
    words::{namespace_of, title},
};

pub static RULE: Rule = Rule {
    code: "IS033",
    name: "tokens-not-required",
    group: Group::Security,
    severity: Severity::Warning,
    finds: "A RequestAuthentication for pods for which no AuthorizationPolicy asks for a token's principal or claims.",
    why: "A RequestAuthentication refuses requests with a wrong token. Those without any token pass (Istio's reference of \
          RequestAuthentication: it takes an AuthorizationPolicy with `requestPrincipals` to require one).",
    wrong: "\
apiVersion: security.istio.io/v1
kind: RequestAuthentication
metadata: {name: cart, namespace: shop}
spec:
  selector: {matchLabels: {app: cart}}
  jwtRules:
    - issuer: https://login.example
      jwksUri: https://login.example/keys
",
    right: "\
apiVersion: security.istio.io/v1
kind: RequestAuthentication
metadata: {name: cart, namespace: shop}
spec:
  selector: {matchLabels: {app: cart}}
  jwtRules:
    - issuer: https://login.example
      jwksUri: https://login.example/keys
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: cart, namespace: shop}
spec:
  selector: {matchLabels: {app: cart}}
  rules:
    - from: [{source: {requestPrincipals: ['https://login.example/*']}}]
",
    closed: true,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let by_claims = cx.all::<VirtualService>().any(|(_, service)| {
        let matches = service.spec.http.iter().flat_map(|route| &route.match_);
        matches
            .flat_map(|one| one.headers.keys().chain(one.without_headers.keys()))
            .any(|key| key.starts_with("@request.auth"))
    });
    if by_claims {
        return;
    }
    let asking: Vec<_> = cx.all::<AuthorizationPolicy>().filter(|(_, policy)| asks(&policy.spec)).collect();
    for (object, request) in cx.all::<RequestAuthentication>() {
        let namespace = namespace_of(object);
        let complete = |namespace| cx.is_closed("AuthorizationPolicy", Some(namespace));
        if request.spec.jwt_rules.is_empty() || !complete(namespace) || !complete(ROOT) {
            continue;
        }
        let is_met = asking.iter().any(|(other, policy)| {
            let near = namespace_of(other) == namespace || namespace_of(other) == ROOT;
            let clash = match (&policy.spec.selector, &request.spec.selector) {
                (Some(a), Some(b)) => a
                    .match_labels
                    .iter()
                    .any(|(key, value)| b.match_labels.get(key).is_some_and(|v| v != value)),
                _ => false,
            };
            near && !clash
        });
        if !is_met {
            let message = format!("{} verifies tokens, but requests without one pass", title(object));
            let finding = out.add(object, "spec.jwtRules", message);
            finding.help(
                "add an AuthorizationPolicy for the same pods with `requestPrincipals: [\"ISSUER/*\"]`",
            );
        }
    }
}

/// Whether a policy depends on what is in a token.
fn asks(spec: &AuthorizationPolicySpec) -> bool {
    spec.action.as_deref() == Some("CUSTOM")
        || spec.rules.iter().any(|rule| {
            let sources = rule.from.iter().map(|from| &from.source);
            let mut lists = sources.map(|s| s.request_principals.len() + s.not_request_principals.len());
            lists.any(|n| n > 0)
                || rule.when.iter().any(|condition| condition.key.starts_with("request.auth"))
        })
}
