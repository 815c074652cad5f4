//! IS030: an identity that is not written as proxies see it.
use netloom_objects::{Object, Severity, istio::AuthorizationPolicy};

use crate::{Context, Findings, Fix, Group, Rule, words::title};

pub static RULE: Rule = Rule {
    code: "IS030",
    name: "malformed-principal",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "A principal of an AuthorizationPolicy that is not of the form `TRUST-DOMAIN/ns/NAMESPACE/sa/ACCOUNT`.",
    why: "The text is compared with the client's identity without `spiffe://`. Another form equals none: an ALLOW rule never \
          matches, a DENY rule lets everyone through (Istio's reference of Source, `principals`).",
    wrong: "\
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: cart, namespace: shop}
spec:
  selector: {matchLabels: {app: cart}}
  rules:
    - from: [{source: {principals: ['spiffe://cluster.local/ns/shop/sa/web']}}]
",
    right: "\
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: cart, namespace: shop}
spec:
  selector: {matchLabels: {app: cart}}
  rules:
    - from: [{source: {principals: [cluster.local/ns/shop/sa/web]}}]
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let zone = &cx.settings.cluster.zone;
    for (object, policy) in cx.all::<AuthorizationPolicy>() {
        let rules = policy.spec.rules.iter().enumerate();
        for (r, rule) in rules {
            for (f, from) in rule.from.iter().enumerate() {
                let path = format!("spec.rules[{r}].from[{f}].source");
                judge(object, &format!("{path}.principals"), &from.source.principals, zone, out);
                judge(object, &format!("{path}.notPrincipals"), &from.source.not_principals, zone, out);
            }
            for (w, condition) in rule.when.iter().enumerate().filter(|(_, c)| c.key == "source.principal") {
                judge(object, &format!("spec.rules[{r}].when[{w}].values"), &condition.values, zone, out);
                judge(
                    object,
                    &format!("spec.rules[{r}].when[{w}].notValues"),
                    &condition.not_values,
                    zone,
                    out,
                );
            }
        }
    }
}

fn judge(object: &Object, path: &str, principals: &[String], zone: &str, out: &mut Findings<'_>) {
    for (index, principal) in principals.iter().enumerate() {
        let Some(help) = wrong(principal, zone) else { continue };
        let message = format!("{}: `{principal}` is no identity that a proxy sees", title(object));
        let path = format!("{path}[{index}]");
        let finding = out.add(object, &path, message);
        finding.help(help);
        if let Some(bare) = principal.strip_prefix("spiffe://") {
            finding.fix(Fix::proposed("remove `spiffe://`").set(object, &path, bare));
        }
    }
}

/// What to write instead; `None` for a form that can be an identity.
fn wrong(principal: &str, zone: &str) -> Option<String> {
    if let Some(rest) = principal.strip_prefix("spiffe://") {
        return Some(format!("leave `spiffe://` out: `{rest}`"));
    }
    if principal.contains('*') || principal.is_empty() {
        return None;
    }
    let form = format!("write `{zone}/ns/NAMESPACE/sa/ACCOUNT`");
    let segments: Vec<&str> = principal.split('/').collect();
    match segments[..] {
        [_, "ns", namespace, "sa", account] if !namespace.is_empty() && !account.is_empty() => None,
        ["ns", _, "sa", _] => Some(format!("put the trust domain before it: `{zone}/{principal}`")),
        [namespace, account] => Some(format!("write `{zone}/ns/{namespace}/sa/{account}`")),
        _ if principal.starts_with("system:serviceaccount:") => {
            let mut parts = principal.split(':').skip(2);
            match (parts.next(), parts.next()) {
                (Some(namespace), Some(account)) => {
                    Some(format!("write `{zone}/ns/{namespace}/sa/{account}`"))
                }
                _ => Some(form),
            }
        }
        // Identities that an external CA gave need not have the form.
        _ if segments.len() > 5 => None,
        _ => Some(form),
    }
}
