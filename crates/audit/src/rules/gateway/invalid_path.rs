//! GW007: a path that Gateway API refuses.
use netloom_objects::{Object, Severity, gateway_api::HTTPRoute};

use crate::{Context, Findings, Fix, Group, Rule, words::title};

pub static RULE: Rule = Rule {
    code: "GW007",
    name: "invalid-path",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "A path of type Exact or PathPrefix that does not begin with `/`, is not normalized, has encoded slashes \
           or a `#`, has characters that no path has, or was meant as a pattern.",
    why: "The API server refuses the route (the CRD's rules on `path`). Patterns are written with `type: \
           RegularExpression`, whose dialect the implementation chooses.",
    wrong: "\
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata:
  name: web
  namespace: shop
spec:
  parentRefs: [{name: edge, namespace: edge}]
  hostnames: [shop.example.org]
  rules:
    - matches:
        - path: {type: PathPrefix, value: \"/api/*\"}
      backendRefs: [{name: api, port: 8080}]
    - matches:
        - path: {type: PathPrefix, value: docs}
      backendRefs: [{name: docs, port: 80}]
",
    right: "\
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata:
  name: web
  namespace: shop
spec:
  parentRefs: [{name: edge, namespace: edge}]
  hostnames: [shop.example.org]
  rules:
    - matches:
        - path: {type: PathPrefix, value: /api}
      backendRefs: [{name: api, port: 8080}]
    - matches:
        - path: {type: PathPrefix, value: /docs}
      backendRefs: [{name: docs, port: 80}]
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for (object, route) in cx.all::<HTTPRoute>() {
        for (i, rule) in route.spec.rules.iter().enumerate() {
            for (j, own) in rule.matches.iter().enumerate() {
                let Some(path) = &own.path else { continue };
                let type_ = path.type_.as_deref().unwrap_or("PathPrefix");
                let Some(value) = path.value.as_deref() else { continue };
                if !matches!(type_, "Exact" | "PathPrefix") {
                    continue;
                }
                let at = format!("spec.rules[{i}].matches[{j}].path.value");
                if let Some((fault, help)) = fault(value) {
                    let message = format!("{}: {type_} path `{value}` {fault}", title(object));
                    out.add(object, &at, message).help(help).fix(normalized(object, &at, value));
                } else if let Some(stem) = value.strip_suffix("/*") {
                    let stem = if stem.is_empty() { "/" } else { stem };
                    let message =
                        format!("{}: {type_} path `{value}` matches a literal `*` only", title(object));
                    let finding = out.add(object, &at, message);
                    finding.severity(Severity::Warning).help(format!(
                        "a prefix ends at a `/` by itself: write `type: PathPrefix, value: {stem}`"
                    ));
                    if type_ == "PathPrefix" {
                        finding.fix(Fix::proposed(format!("write `{stem}`")).set_text(object, &at, stem));
                    }
                }
            }
        }
    }
}

/// The path with the slash in front, or without the empty segments, that it has to have.
fn normalized(object: &Object, at: &str, value: &str) -> Option<Fix> {
    let segments: Vec<&str> = value.split('/').filter(|segment| !segment.is_empty()).collect();
    let end = if value.ends_with('/') && !segments.is_empty() { "/" } else { "" };
    let path = format!("/{}{end}", segments.join("/"));
    (fault(&path).is_none() && !path.contains('*'))
        .then(|| Fix::safe(format!("write `{path}`")).set_text(object, at, &path))
        .and_then(Option::from)
}

fn fault(value: &str) -> Option<(&'static str, &'static str)> {
    const PLAIN: &str = "write it as a request's path is normalized";
    const PATTERN: &str = "for a pattern, write `type: RegularExpression`";
    let upper = value.to_ascii_uppercase();
    let has = |part: &str| upper.contains(part);
    if !value.starts_with('/') {
        Some(("does not begin with `/`", "paths are absolute: put a `/` in front"))
    } else if has("//") {
        Some(("has an empty segment (`//`)", PLAIN))
    } else if has("/./") || has("/../") || value.ends_with("/.") || value.ends_with("/..") {
        Some(("has a relative segment", PLAIN))
    } else if has("%2F") {
        Some(("has an encoded slash (`%2F`)", "write the slash itself"))
    } else if has("#") {
        Some(("has a fragment (`#`), which browsers never send", "leave the fragment out"))
    } else if let Some(odd) = value.chars().find(|c| !(c.is_ascii_alphanumeric() || LEGAL.contains(*c))) {
        match odd {
            '(' | '[' | '^' | '|' | '\\' | '{' | '?' => Some(("has the characters of a pattern", PATTERN)),
            _ => Some(("has a character that no path has", "encode it as `%XX`")),
        }
    } else {
        None
    }
}

/// What a path may have beside letters and digits (RFC 3986, `pchar`).
const LEGAL: &str = "-._~!$&'()*+,;=:@%/";
