//! IS026: a policy that allows every request.
use netloom_objects::{
    Severity,
    istio::{AuthorizationPolicy, Rule as PolicyRule},
};

use crate::{Context, Findings, Fix, Group, Rule, words::title};

pub static RULE: Rule = Rule {
    code: "IS026",
    name: "allows-everyone",
    group: Group::Security,
    severity: Severity::Warning,
    finds: "An ALLOW policy with an empty rule (`rules: [{}]`) whose name does not say so.",
    why: "Policies add up: the request that one of them allows is allowed. An empty rule makes every other ALLOW policy of \
          these pods pointless (Istio's reference of AuthorizationPolicy, the allow-all example).",
    wrong: "\
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: cart, namespace: shop}
spec:
  selector: {matchLabels: {app: cart}}
  rules:
    - from: [{source: {principals: [cluster.local/ns/shop/sa/web]}}]
    - {}
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
    for (object, policy) in cx.all::<AuthorizationPolicy>() {
        let name = object.name.to_ascii_lowercase();
        let said = ["allow-all", "allow-any", "public", "open"].iter().any(|word| name.contains(word));
        if said || !matches!(policy.spec.action.as_deref(), None | Some("ALLOW")) {
            continue;
        }
        for (index, rule) in policy.spec.rules.iter().enumerate() {
            if !is_empty(rule) {
                continue;
            }
            let message = match policy.spec.rules.len() {
                1 => format!("{} allows every request: its rule is empty", title(object)),
                _ => format!(
                    "{} allows every request: this rule is empty, and the others add nothing",
                    title(object)
                ),
            };
            let path = format!("spec.rules[{index}]");
            let finding = out.add(object, &path, message);
            if policy.spec.rules.len() > 1 {
                finding.fix(Fix::proposed("remove the rule").remove(object, &path));
            }
            finding.help("say who is allowed; to allow all on purpose, say so in the name (allow-all)");
        }
    }
}

fn is_empty(rule: &PolicyRule) -> bool {
    rule.from.is_empty() && rule.to.is_empty() && rule.when.is_empty()
}
