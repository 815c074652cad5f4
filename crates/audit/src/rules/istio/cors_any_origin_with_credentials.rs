//! IS053: any origin may send requests with the user's credentials.
use netloom_objects::{Severity, istio::VirtualService};

use crate::{Context, Findings, Group, Rule, words::title};

pub static RULE: Rule = Rule {
    code: "IS053",
    name: "cors-any-origin-with-credentials",
    group: Group::Security,
    severity: Severity::Warning,
    finds: "A CORS policy with `allowCredentials: true` and an origin that matches every site.",
    why: "The proxy answers with the very origin that asked, so that browsers let every site read what the signed-in user \
          can (Fetch standard, CORS protocol and credentials; Istio's reference of CorsPolicy).",
    wrong: "\
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: cart, namespace: shop}
spec:
  hosts: [cart]
  http:
    - corsPolicy:
        allowOrigins: [{regex: '.*'}]
        allowCredentials: true
      route: [{destination: {host: cart}}]
",
    right: "\
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: cart, namespace: shop}
spec:
  hosts: [cart]
  http:
    - corsPolicy:
        allowOrigins: [{exact: 'https://shop.example'}]
        allowCredentials: true
      route: [{destination: {host: cart}}]
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for (object, service) in cx.all::<VirtualService>() {
        for (index, route) in service.spec.http.iter().enumerate() {
            let Some(cors) = route.cors_policy.as_ref().filter(|cors| cors.allow_credentials == Some(true))
            else {
                continue;
            };
            let path = format!("spec.http[{index}].corsPolicy");
            let any = cors.allow_origins.iter().position(|origin| {
                let all = |pattern: &str| {
                    let pattern = pattern.trim_start_matches('^').trim_end_matches('$');
                    matches!(
                        pattern,
                        ".*" | ".+" | "https?://.*" | "http.*" | "https://.*" | "(.*)" | "https?://.+"
                    )
                };
                origin.regex.as_deref().is_some_and(all)
                    || origin.exact.as_deref() == Some("*")
                    || origin.prefix.as_deref().is_some_and(|prefix| {
                        matches!(prefix, "" | "http" | "https://" | "http://" | "https")
                    })
            });
            let old = cors.allow_origin.iter().position(|origin| origin == "*");
            let field = match (any, old) {
                (Some(origin), _) => format!("{path}.allowOrigins[{origin}]"),
                (None, Some(origin)) => format!("{path}.allowOrigin[{origin}]"),
                (None, None) => continue,
            };
            let message =
                format!("{} lets every site send requests with the user's credentials", title(object));
            let finding = out.add(object, &field, message);
            finding.related(object, &format!("{path}.allowCredentials"), "cookies and tokens are sent along");
            finding.help("list the origins that may, each with `exact`; or remove `allowCredentials`");
        }
    }
}
