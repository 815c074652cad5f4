//! IS032: an asterisk that is taken for an asterisk.
use netloom_objects::{Severity, istio::AuthorizationPolicy};

use crate::{Context, Findings, Fix, Group, Rule, Version, words::title};

pub static RULE: Rule = Rule {
    code: "IS032",
    name: "wildcard-in-the-middle",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "A value of an AuthorizationPolicy with a `*` elsewhere than at its one end (`/api/*/items`, `*shop*`).",
    why: "Values are equal, a prefix (`abc*`), a suffix (`*abc`), or present (`*`). Any other `*` is a character: the value \
          matches nothing, so that an ALLOW rule denies and a DENY rule lets through (Istio's reference of \
          AuthorizationPolicy; paths have `{*}` and `{**}` since 1.22).",
    wrong: "\
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: no-admin, namespace: shop}
spec:
  selector: {matchLabels: {app: cart}}
  action: DENY
  rules:
    - to: [{operation: {paths: ['/carts/*/admin']}}]
",
    right: "\
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: no-admin, namespace: shop}
spec:
  selector: {matchLabels: {app: cart}}
  action: DENY
  rules:
    - to: [{operation: {paths: ['/carts/{*}/admin']}}]
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let templates = cx.istio_version() >= Version::new(1, 22);
    for (object, policy) in cx.all::<AuthorizationPolicy>() {
        let mut values: Vec<(String, &Vec<String>)> = Vec::new();
        for (r, rule) in policy.spec.rules.iter().enumerate() {
            for (f, from) in rule.from.iter().enumerate() {
                let source = &from.source;
                let fields = [
                    ("principals", &source.principals),
                    ("notPrincipals", &source.not_principals),
                    ("requestPrincipals", &source.request_principals),
                    ("notRequestPrincipals", &source.not_request_principals),
                    ("namespaces", &source.namespaces),
                    ("notNamespaces", &source.not_namespaces),
                ];
                let paths =
                    fields.map(|(name, list)| (format!("spec.rules[{r}].from[{f}].source.{name}"), list));
                values.extend(paths);
            }
            for (t, to) in rule.to.iter().enumerate() {
                let operation = &to.operation;
                let fields = [
                    ("hosts", &operation.hosts),
                    ("notHosts", &operation.not_hosts),
                    ("methods", &operation.methods),
                    ("notMethods", &operation.not_methods),
                    ("paths", &operation.paths),
                    ("notPaths", &operation.not_paths),
                ];
                values.extend(
                    fields.map(|(name, list)| (format!("spec.rules[{r}].to[{t}].operation.{name}"), list)),
                );
            }
        }
        for (path, list) in values {
            for (index, value) in list.iter().enumerate() {
                let is_path = path.ends_with("aths");
                if !is_literal(value) || (is_path && templates && value.contains("{*")) {
                    continue;
                }
                let message = format!(
                    "{}: the `*` in `{value}` is taken literally, and nothing matches",
                    title(object)
                );
                let path = format!("{path}[{index}]");
                let finding = out.add(object, &path, message);
                if is_path && templates {
                    let template = value.replace('*', "{*}");
                    finding.help("`{*}` is one segment, `{**}` any number of them");
                    let fix = Fix::proposed(format!("write `{template}`"));
                    finding.fix(fix.set(object, &path, &format!("'{template}'")));
                } else {
                    finding.help("a `*` can stand at the beginning or at the end only");
                }
            }
        }
    }
}

/// Whether a value has an asterisk that is none.
fn is_literal(value: &str) -> bool {
    let rest = match (value.strip_prefix('*'), value.strip_suffix('*')) {
        (Some(rest), _) | (None, Some(rest)) => rest,
        (None, None) => value,
    };
    rest.contains('*')
}
