//! IS034: keys that are fetched over plaintext.
use netloom_objects::{Severity, istio::RequestAuthentication};

use crate::{Context, Findings, Group, Rule, words::title};

pub static RULE: Rule = Rule {
    code: "IS034",
    name: "jwks-over-http",
    group: Group::Security,
    severity: Severity::Warning,
    finds: "A `jwksUri` that begins with `http://`.",
    why: "Whoever can answer in the server's place hands out a key of their own, and every token that they sign is taken. \
          The control plane fetches the keys, outside of the mesh's mutual TLS (Istio's reference of JWTRule, `jwksUri`).",
    wrong: "\
apiVersion: security.istio.io/v1
kind: RequestAuthentication
metadata: {name: cart, namespace: shop}
spec:
  selector: {matchLabels: {app: cart}}
  jwtRules:
    - issuer: https://login.example
      jwksUri: http://login.example/keys
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
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for (object, request) in cx.all::<RequestAuthentication>() {
        for (index, rule) in request.spec.jwt_rules.iter().enumerate() {
            for (field, uri) in [("jwksUri", &rule.jwks_uri), ("jwks_uri", &rule.jwks_uri_snake)] {
                let Some(uri) = uri.as_ref().filter(|uri| uri.starts_with("http://")) else { continue };
                let message =
                    format!("{} fetches the keys of {} over plaintext: {uri}", title(object), rule.issuer);
                let finding = out.add(object, &format!("spec.jwtRules[{index}].{field}"), message);
                finding.help("use https, or write the keys down in `jwks`");
            }
        }
    }
}
