//! What an AuthorizationPolicy can say to requests that a route sends, as far as manifests tell.
use netloom_objects::istio::{Condition, Operation, Rule, Source};

/// Requests of one route, as they come to the destination.
pub(super) struct Sent<'a> {
    /// The namespace of the client's proxy.
    pub(super) namespace: &'a str,
    /// Its ServiceAccount.
    pub(super) account: &'a str,
    pub(super) hosts: &'a [String],
    /// The port of the pods.
    pub(super) port: i32,
    /// The method, if there is exactly one.
    pub(super) method: Option<&'a str>,
    pub(super) path: Path,
}

/// The paths of requests.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Path {
    Any,
    Exact(String),
    Prefix(String),
}

/// Whether a rule can match such a request. What manifests do not tell (headers, tokens, addresses) is taken to match.
pub(super) fn may_match(rule: &Rule, sent: &Sent<'_>, home: &str) -> bool {
    (rule.from.is_empty() || rule.from.iter().any(|from| may_be_from(&from.source, sent, home)))
        && (rule.to.is_empty() || rule.to.iter().any(|to| may_ask(&to.operation, sent)))
        && rule.when.iter().all(|condition| may_hold(condition, sent))
}

/// Whether a rule matches each such request.
pub(super) fn must_match(rule: &Rule, sent: &Sent<'_>, home: &str) -> bool {
    let from = |source: &Source| {
        let known = Source {
            principals: Vec::new(),
            not_principals: Vec::new(),
            namespaces: Vec::new(),
            not_namespaces: Vec::new(),
            service_accounts: Vec::new(),
            not_service_accounts: Vec::new(),
            ..source.clone()
        };
        known == Source::default() && may_be_from(source, sent, home)
    };
    let to = |operation: &Operation| {
        let known =
            Operation { ports: Vec::new(), methods: Vec::new(), paths: Vec::new(), ..operation.clone() };
        let method = operation.methods.is_empty()
            || sent.method.is_some_and(|method| operation.methods.iter().any(|one| fits(one, method)));
        let path = operation.paths.is_empty()
            || operation.paths.iter().any(|pattern| match (&sent.path, pattern.strip_suffix('*')) {
                (_, Some("")) => true,
                (Path::Any, _) => false,
                (Path::Exact(path) | Path::Prefix(path), Some(start)) => path.starts_with(start),
                (Path::Exact(path), None) => path == pattern,
                (Path::Prefix(_), None) => false,
            });
        known == Operation::default() && method && path && has_port(&operation.ports, sent.port)
    };
    (rule.from.is_empty() || rule.from.iter().any(|one| from(&one.source)))
        && (rule.to.is_empty() || rule.to.iter().any(|one| to(&one.operation)))
        && rule.when.is_empty()
}

/// Whether a pattern (`a`, `a*`, `*a`, `*`) is that of a text.
fn fits(pattern: &str, text: &str) -> bool {
    match (pattern.strip_suffix('*'), pattern.strip_prefix('*')) {
        (Some(start), _) if !start.contains('*') => text.starts_with(start),
        (_, Some(end)) if !end.contains('*') => text.ends_with(end),
        _ => pattern == text,
    }
}

fn may_be_from(source: &Source, sent: &Sent<'_>, home: &str) -> bool {
    let identity = |principal: &String| {
        // The trust domain is the mesh's, which its installation names.
        let own = format!("cluster.local/ns/{}/sa/{}", sent.namespace, sent.account);
        let of_ours = principal.split_once("/ns/").map(|(_, rest)| format!("cluster.local/ns/{rest}"));
        fits(principal, &own) || of_ours.is_some_and(|principal| fits(&principal, &own))
    };
    let account = |name: &String| {
        let (namespace, account) = name.split_once('/').unwrap_or((home, name));
        fits(namespace, sent.namespace) && fits(account, sent.account)
    };
    let namespace = |name: &String| fits(name, sent.namespace);
    (source.principals.is_empty() || source.principals.iter().any(identity))
        && !source.not_principals.iter().any(identity)
        && (source.service_accounts.is_empty() || source.service_accounts.iter().any(account))
        && !source.not_service_accounts.iter().any(account)
        && (source.namespaces.is_empty() || source.namespaces.iter().any(namespace))
        && !source.not_namespaces.iter().any(namespace)
}

fn has_port(ports: &[String], port: i32) -> bool {
    let port = port.to_string();
    ports.is_empty() || ports.contains(&port)
}

fn may_ask(operation: &Operation, sent: &Sent<'_>) -> bool {
    let host = |pattern: &String| {
        sent.hosts.iter().any(|host| {
            let bare = pattern.strip_suffix(":*").unwrap_or(pattern);
            host.contains('*') || pattern.contains(':') || fits(&bare.to_lowercase(), &host.to_lowercase())
        })
    };
    let method = |pattern: &String| sent.method.is_none_or(|method| fits(pattern, method));
    has_port(&operation.ports, sent.port)
        && (operation.not_ports.is_empty() || !has_port(&operation.not_ports, sent.port))
        && (operation.hosts.is_empty() || operation.hosts.iter().any(host))
        && (operation.methods.is_empty() || operation.methods.iter().any(method))
        && !(sent.method.is_some() && operation.not_methods.iter().any(method))
        && (operation.paths.is_empty()
            || operation.paths.iter().any(|pattern| may_be_at(pattern, &sent.path)))
}

fn may_be_at(pattern: &str, path: &Path) -> bool {
    // `{*}` and `{**}` stand for parts of paths.
    if pattern.contains('{') || pattern.starts_with('*') {
        return true;
    }
    match path {
        Path::Any => true,
        Path::Exact(path) => fits(pattern, path),
        Path::Prefix(prefix) => match pattern.strip_suffix('*') {
            Some(start) => start.starts_with(prefix.as_str()) || prefix.starts_with(start),
            None => pattern.starts_with(prefix.as_str()),
        },
    }
}

fn may_hold(condition: &Condition, sent: &Sent<'_>) -> bool {
    let own = format!("cluster.local/ns/{}/sa/{}", sent.namespace, sent.account);
    let text = match condition.key.as_str() {
        "source.namespace" => sent.namespace,
        "source.principal" => own.as_str(),
        _ => return true,
    };
    (condition.values.is_empty() || condition.values.iter().any(|pattern| fits(pattern, text)))
        && !condition.not_values.iter().any(|pattern| fits(pattern, text))
}

#[cfg(test)]
mod tests {
    use netloom_objects::istio::{RuleFrom, RuleTo};

    use super::*;

    fn rule(source: Source, operation: Operation) -> Rule {
        let from = if source == Source::default() { Vec::new() } else { vec![RuleFrom { source }] };
        let to = if operation == Operation::default() { Vec::new() } else { vec![RuleTo { operation }] };
        Rule { from, to, when: Vec::new() }
    }

    fn texts(list: &[&str]) -> Vec<String> {
        list.iter().map(|text| (*text).to_owned()).collect()
    }

    #[test]
    fn rules_match_what_a_route_sends() {
        let sent = |path| Sent {
            namespace: "edge",
            account: "gw",
            hosts: &[],
            port: 8080,
            method: Some("GET"),
            path,
        };
        let principals = |list: &[&str]| Source { principals: texts(list), ..Source::default() };
        let paths = |list: &[&str]| Operation { paths: texts(list), ..Operation::default() };
        let prefix = |path: &str| Path::Prefix(path.to_owned());
        let table = [
            (rule(principals(&["cluster.local/ns/edge/sa/gw"]), Operation::default()), Path::Any, true, true),
            (rule(principals(&["td.example/ns/edge/sa/*"]), Operation::default()), Path::Any, true, true),
            (
                rule(principals(&["cluster.local/ns/other/sa/gw"]), Operation::default()),
                Path::Any,
                false,
                false,
            ),
            (rule(Source::default(), paths(&["/api/*"])), prefix("/api/v1"), true, true),
            (rule(Source::default(), paths(&["/api/*"])), prefix("/"), true, false),
            (rule(Source::default(), paths(&["/admin"])), prefix("/api"), false, false),
            (rule(Source::default(), paths(&["/api/{*}/x"])), prefix("/shop"), true, false),
            (
                rule(Source::default(), Operation { methods: texts(&["POST"]), ..Operation::default() }),
                Path::Any,
                false,
                false,
            ),
            (
                rule(Source::default(), Operation { ports: texts(&["80"]), ..Operation::default() }),
                Path::Any,
                false,
                false,
            ),
            (
                rule(Source { ip_blocks: texts(&["10.0.0.0/8"]), ..Source::default() }, Operation::default()),
                Path::Any,
                true,
                false,
            ),
            (rule(Source::default(), Operation::default()), Path::Any, true, true),
        ];
        for (rule, path, may, must) in table {
            let sent = sent(path);
            assert_eq!(
                (may_match(&rule, &sent, "shop"), must_match(&rule, &sent, "shop")),
                (may, must),
                "{rule:?}"
            );
        }
    }
}
