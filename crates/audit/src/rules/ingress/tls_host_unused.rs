//! IN003: a host under `tls` that no rule has.
use netloom_objects::Severity;

use super::{
    host_without_tls::covers,
    support::{ingresses, nginx},
};
use crate::{
    Context, Findings, Group, Rule,
    words::{list_of, title},
};

pub static RULE: Rule = Rule {
    code: "IN003",
    name: "tls-host-unused",
    group: Group::Correctness,
    severity: Severity::Warning,
    finds: "A host under `tls` for which the Ingress has no rule.",
    why: "The certificate is asked for and renewed for nothing; most often the host was renamed on one side only.",
    wrong: "\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: web
  namespace: shop
spec:
  ingressClassName: traefik
  tls:
    - {hosts: [shop.example.org, shpo.example.org], secretName: shop-tls}
  rules:
    - host: shop.example.org
      http:
        paths:
          - path: /
            pathType: Prefix
            backend:
              service: {name: web, port: {number: 80}}
",
    right: "\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: web
  namespace: shop
spec:
  ingressClassName: traefik
  tls:
    - {hosts: [shop.example.org], secretName: shop-tls}
  rules:
    - host: shop.example.org
      http:
        paths:
          - path: /
            pathType: Prefix
            backend:
              service: {name: web, port: {number: 80}}
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for (object, spec) in ingresses(cx) {
        let rules = spec.rules.as_deref().unwrap_or_default();
        let hosts: Vec<&str> =
            rules.iter().filter_map(|rule| rule.host.as_deref()).filter(|h| !h.is_empty()).collect();
        // A default backend, or a rule without a host, serves every host.
        if spec.default_backend.is_some() || hosts.len() < rules.len() || rules.is_empty() {
            continue;
        }
        let aliases = nginx(object, "server-alias").unwrap_or_default();
        let www = nginx(object, "from-to-www-redirect") == Some("true");
        for (i, entry) in spec.tls.iter().flatten().enumerate() {
            for (j, name) in entry.hosts.iter().flatten().enumerate() {
                let is_twin = |host: &str| {
                    www && (name.strip_prefix("www.") == Some(host)
                        || host.strip_prefix("www.") == Some(name))
                };
                let is_used =
                    hosts.iter().any(|host| covers(name, host) || covers(host, name) || is_twin(host));
                if is_used || aliases.split([',', ' ']).any(|alias| alias == name) {
                    continue;
                }
                let message = format!("{}: there is no rule for {name}", title(object));
                out.add(object, &format!("spec.tls[{i}].hosts[{j}]"), message)
                    .help(format!("remove it, or add its rule; the rules are for {}", list_of(&hosts)))
                    .related(object, "spec.rules", "the rules");
            }
        }
    }
}
