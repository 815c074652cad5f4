//! IS054: a regular expression that Envoy does not take, or that does not say what it seems to.
use netloom_objects::{
    Severity,
    istio::{HTTPMatchRequest, StringMatch, VirtualService},
};

use crate::{Context, Findings, Group, Rule, words::title};

pub static RULE: Rule = Rule {
    code: "IS054",
    name: "regex-not-re2",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "A `regex` with look-around or a back-reference, which RE2 does not have; and one that ends like a prefix \
            (`^/api/`), which matches nothing else.",
    why: "Envoy's expressions are RE2's, and have to match the whole value. Istio refuses those that RE2 cannot read; \
          `regex: ^/api/` matches the path `/api/` and no other (Istio's reference of StringMatch, `regex`).",
    wrong: "\
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: shop, namespace: shop}
spec:
  hosts: [shop]
  http:
    - match: [{uri: {regex: '/(?!admin).*'}}]
      route: [{destination: {host: web}}]
",
    right: "\
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: shop, namespace: shop}
spec:
  hosts: [shop]
  http:
    - match: [{uri: {prefix: /admin}}]
      directResponse: {status: 404}
    - match: [{uri: {prefix: /}}]
      route: [{destination: {host: web}}]
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for (object, service) in cx.all::<VirtualService>() {
        for (r, route) in service.spec.http.iter().enumerate() {
            for (m, one) in route.match_.iter().enumerate() {
                for (field, text) in texts(one) {
                    let Some(regex) = &text.regex else { continue };
                    let path = format!("spec.http[{r}].match[{m}].{field}.regex");
                    if let Some(part) = unknown(regex) {
                        let message =
                            format!("{}: RE2 has no `{part}`, and refuses `{regex}`", title(object));
                        let finding = out.add(object, &path, message);
                        finding.help("match the exception in a route of its own before this one");
                    } else if field == "uri" && is_prefix(regex) {
                        let message = format!(
                            "{}: `{regex}` has to match the whole path, so it matches that one path only",
                            title(object)
                        );
                        let finding = out.add(object, &path, message);
                        finding.severity(Severity::Warning);
                        let plain = regex.trim_start_matches('^');
                        finding
                            .help(format!("write `prefix: {plain}`, or `exact: {plain}` if that is meant"));
                    }
                }
            }
        }
    }
}

fn texts(request: &HTTPMatchRequest) -> Vec<(String, &StringMatch)> {
    let plain = [
        ("uri", &request.uri),
        ("scheme", &request.scheme),
        ("method", &request.method),
        ("authority", &request.authority),
    ];
    let mut found: Vec<(String, &StringMatch)> =
        plain.into_iter().filter_map(|(name, text)| Some((name.to_owned(), text.as_ref()?))).collect();
    let maps = [
        ("headers", &request.headers),
        ("queryParams", &request.query_params),
        ("withoutHeaders", &request.without_headers),
    ];
    for (name, map) in maps {
        found.extend(map.iter().map(|(key, text)| (format!("{name}.{}", key.replace('.', "\\.")), text)));
    }
    found
}

/// The first construct that RE2 does not have.
fn unknown(regex: &str) -> Option<&str> {
    const NONE_OF: [&str; 6] = ["(?=", "(?!", "(?<=", "(?<!", "(?>", "\\k<"];
    let around = NONE_OF.into_iter().find_map(|part| regex.find(part).map(|at| &regex[at..at + part.len()]));
    around.or_else(|| {
        let bytes = regex.as_bytes();
        let mut index = 0;
        while index + 1 < bytes.len() {
            if bytes[index] == b'\\' {
                if matches!(bytes[index + 1], b'1'..=b'9') {
                    return Some(&regex[index..index + 2]);
                }
                index += 1;
            }
            index += 1;
        }
        None
    })
}

/// Whether an anchored expression is nothing but a path, which looks like the begin of longer ones.
fn is_prefix(regex: &str) -> bool {
    regex.strip_prefix('^').is_some_and(|path| {
        path.starts_with('/')
            && path.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '/' | '-' | '_'))
    })
}
