//! IN036: ModSecurity is switched on, and only watches.
use k8s_openapi::api::core::v1::ConfigMap;
use netloom_objects::Severity;

use super::support::{annotated, nginx, nginx_at};
use crate::{Context, Findings, Group, Rule, words::title};

pub static RULE: Rule = Rule {
    code: "IN036",
    name: "firewall-only-watches",
    group: Group::Security,
    severity: Severity::Warning,
    finds: "`enable-modsecurity: \"true\"` of ingress-nginx without `SecRuleEngine On` in the Ingress's \
            `modsecurity-snippet`, or in that of the controller's ConfigMap.",
    why: "The configuration that ingress-nginx brings has `SecRuleEngine DetectionOnly`: attacks are logged and \
            let through (ingress-nginx: ModSecurity Web Application Firewall).",
    wrong: "\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: web
  namespace: shop
  annotations:
    nginx.ingress.kubernetes.io/enable-modsecurity: \"true\"
    nginx.ingress.kubernetes.io/enable-owasp-core-rules: \"true\"
spec:
  ingressClassName: nginx
  tls: [{hosts: [shop.acme.example], secretName: shop-tls}]
  rules:
    - host: shop.acme.example
      http:
        paths:
          - {path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}
",
    right: "\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: web
  namespace: shop
  annotations:
    nginx.ingress.kubernetes.io/enable-modsecurity: \"true\"
    nginx.ingress.kubernetes.io/enable-owasp-core-rules: \"true\"
    nginx.ingress.kubernetes.io/modsecurity-snippet: |
      SecRuleEngine On
spec:
  ingressClassName: nginx
  tls: [{hosts: [shop.acme.example], secretName: shop-tls}]
  rules:
    - host: shop.acme.example
      http:
        paths:
          - {path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    // What the controller's own configuration says holds where the Ingress has no snippet.
    let of_controller = cx.all::<ConfigMap>().find_map(|(object, map)| {
        let data = map.data.as_ref().filter(|data| data.contains_key("enable-modsecurity"))?;
        Some((object, data))
    });
    let everywhere =
        of_controller.and_then(|(_, data)| data.get("modsecurity-snippet")).and_then(|s| engine(s));
    for object in annotated(cx).filter(|object| nginx(object, "enable-modsecurity") == Some("true")) {
        let own = nginx(object, "modsecurity-snippet").and_then(engine);
        let engine = own.or(everywhere);
        if engine.is_some_and(|engine| engine.eq_ignore_ascii_case("on")) {
            continue;
        }
        let (place, why) = match own {
            Some(engine) => ("modsecurity-snippet", format!("the snippet says `SecRuleEngine {engine}`")),
            None => (
                "enable-modsecurity",
                "its rule engine is left at `DetectionOnly`, which ingress-nginx starts with".to_owned(),
            ),
        };
        let message = format!("{}: ModSecurity logs attacks and lets them through: {why}", title(object));
        out.add(object, &nginx_at(place), message)
            .help("look at what it logs, and then write `SecRuleEngine On` into `modsecurity-snippet`");
    }
    if let Some((object, data)) = of_controller
        && data["enable-modsecurity"] == "true"
        && !everywhere.is_some_and(|engine| engine.eq_ignore_ascii_case("on"))
    {
        let message =
            format!("{}: ModSecurity logs attacks and lets them through on every host", title(object));
        out.add(object, "data.enable-modsecurity", message)
            .help("add `modsecurity-snippet` with `SecRuleEngine On`");
    }
}

/// What a snippet says of the rule engine.
fn engine(snippet: &str) -> Option<&str> {
    let mut lines = snippet.lines().map(str::trim).rev();
    lines.find_map(|line| {
        let (name, value) = line.split_once(char::is_whitespace)?;
        name.eq_ignore_ascii_case("SecRuleEngine").then_some(value.trim())
    })
}
