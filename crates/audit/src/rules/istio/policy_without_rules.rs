//! IS025: a policy without rules.
use netloom_objects::{Severity, istio::AuthorizationPolicy};

use crate::{Context, Findings, Group, Rule, words::title};

pub static RULE: Rule = Rule {
    code: "IS025",
    name: "policy-without-rules",
    group: Group::Correctness,
    severity: Severity::Warning,
    finds: "An AuthorizationPolicy without rules that does not look as if it was meant: with action `DENY`, `AUDIT` or \
            `CUSTOM`, which then never applies, or with `action: ALLOW` or `rules` written out and a name that does not \
            say so, which denies every request.",
    why: "A policy without rules matches nothing. For ALLOW that denies all requests that no other policy allows (the \
          usual form is `spec: {}`), for the other actions it does nothing (Istio's reference of AuthorizationPolicy, \
          `rules`).",
    wrong: "\
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: cart-clients, namespace: shop}
spec:
  selector: {matchLabels: {app: cart}}
  action: ALLOW
",
    right: "\
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: cart-clients, namespace: shop}
spec:
  selector: {matchLabels: {app: cart}}
  action: ALLOW
  rules:
    - from: [{source: {principals: [cluster.local/ns/shop/sa/web]}}]
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: deny-by-default, namespace: shop}
spec: {}
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for (object, policy) in cx.all::<AuthorizationPolicy>() {
        if !policy.spec.rules.is_empty() {
            continue;
        }
        let action = policy.spec.action.as_deref().unwrap_or("ALLOW");
        if action != "ALLOW" {
            let message = format!("{} has no rules: action {action} never applies", title(object));
            out.add(object, "spec.action", message).help("add rules; `rules: [{}]` matches every request");
            continue;
        }
        let name = object.name.to_ascii_lowercase();
        let says_so = ["deny", "none", "nothing", "default", "block", "lock", "isolat", "zero"];
        let written = object.is_written("spec.rules") || object.is_written("spec.action");
        if !written || says_so.iter().any(|word| name.contains(word)) {
            continue;
        }
        let message = format!("{} allows nothing: without rules it denies every request", title(object));
        let field = if object.is_written("spec.rules") { "spec.rules" } else { "spec.action" };
        let finding = out.add(object, field, message);
        finding.help(
            "add the rules; if nothing is to be allowed, write `spec: {}` or a name that says so (deny-all)",
        );
    }
}
