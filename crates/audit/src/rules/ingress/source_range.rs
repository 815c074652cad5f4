//! IN023: a list of addresses that keeps nobody out, or is none.
use ipnet::IpNet;
use netloom_objects::Severity;
use std::net::IpAddr;

use super::support::{annotated, nginx, nginx_at};
use crate::{Context, Findings, Group, Rule, words::title};

pub static RULE: Rule = Rule {
    code: "IN023",
    name: "source-range",
    group: Group::Security,
    severity: Severity::Warning,
    finds: "`whitelist-source-range`, `allowlist-source-range` or `denylist-source-range` with `0.0.0.0/0` or \
           `::/0`, or with an item that is no address or range.",
    why: "A list with everyone in it is no list; with an item that it cannot read, ingress-nginx ignores the \
           annotation, or denies the location to everyone.",
    wrong: "\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: web
  namespace: shop
  annotations:
    nginx.ingress.kubernetes.io/whitelist-source-range: \"192.0.2.0/24, 0.0.0.0/0\"
spec:
  ingressClassName: nginx
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
    right: "\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: web
  namespace: shop
  annotations:
    nginx.ingress.kubernetes.io/whitelist-source-range: \"192.0.2.0/24\"
spec:
  ingressClassName: nginx
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
    for object in annotated(cx) {
        for name in ["whitelist-source-range", "allowlist-source-range", "denylist-source-range"] {
            for item in nginx(object, name).unwrap_or_default().split(',').map(str::trim) {
                if item.is_empty() {
                    continue;
                }
                let range: Option<IpNet> =
                    item.parse().ok().or_else(|| item.parse::<IpAddr>().ok().map(IpNet::from));
                match range {
                    None => {
                        let message = format!("{}: `{item}` is no address and no range", title(object));
                        out.add(object, &nginx_at(name), message)
                            .severity(Severity::Error)
                            .help("write addresses or ranges with commas between them, as in `192.0.2.0/24`");
                    }
                    Some(range) if range.prefix_len() == 0 => {
                        let deny = name.starts_with("deny");
                        let what = if deny { "shuts everyone out" } else { "lets everyone in" };
                        out.add(object, &nginx_at(name), format!("{}: {item} {what}", title(object))).help(
                            if deny {
                                "name the ranges to shut out"
                            } else {
                                "remove it, or the whole annotation"
                            },
                        );
                    }
                    Some(_) => {}
                }
            }
        }
    }
}
