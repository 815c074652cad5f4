//! IS027: an ALLOW rule that only says who may not.
use netloom_objects::{Severity, istio::AuthorizationPolicy};

use crate::{Context, Findings, Group, Rule, words::title};

pub static RULE: Rule = Rule {
    code: "IS027",
    name: "allow-by-exclusion",
    group: Group::Security,
    severity: Severity::Warning,
    finds: "An ALLOW rule whose source names only who is excluded (`notPrincipals`, `notNamespaces`).",
    why: "It allows everyone else, also clients without any identity: plaintext from outside of the mesh has no principal \
          and no namespace, so that it is not the excluded one (Istio's reference of Source; Security Best Practices, Use \
          ALLOW-with-positive-matching and DENY-with-negative-match patterns).",
    wrong: "\
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: cart, namespace: shop}
spec:
  selector: {matchLabels: {app: cart}}
  rules:
    - from: [{source: {notNamespaces: [guests]}}]
",
    right: "\
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: cart, namespace: shop}
spec:
  selector: {matchLabels: {app: cart}}
  rules:
    - from: [{source: {namespaces: [shop]}}]
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for (object, policy) in cx.all::<AuthorizationPolicy>() {
        if !matches!(policy.spec.action.as_deref(), None | Some("ALLOW")) {
            continue;
        }
        for (r, rule) in policy.spec.rules.iter().enumerate() {
            for (f, from) in rule.from.iter().enumerate() {
                let source = &from.source;
                let positive = [
                    &source.principals,
                    &source.namespaces,
                    &source.service_accounts,
                    &source.ip_blocks,
                    &source.remote_ip_blocks,
                    &source.request_principals,
                ];
                let negative = [
                    ("notPrincipals", &source.not_principals),
                    ("notNamespaces", &source.not_namespaces),
                    ("notServiceAccounts", &source.not_service_accounts),
                ];
                let excluded = negative.into_iter().find(|(_, list)| !list.is_empty());
                let Some((field, list)) = excluded.filter(|_| positive.iter().all(|list| list.is_empty()))
                else {
                    continue;
                };
                // What the other parts of the rule demand may be a proof of identity as well.
                if rule.when.iter().any(|c| c.key.starts_with("request.auth") || c.key.starts_with("source."))
                {
                    continue;
                }
                let message = format!(
                    "{} allows everyone but {}, clients without an identity included",
                    title(object),
                    list.join(", ")
                );
                let finding = out.add(object, &format!("spec.rules[{r}].from[{f}].source.{field}"), message);
                finding.help("name who is allowed; to exclude some, add a policy with `action: DENY`");
            }
        }
    }
}
