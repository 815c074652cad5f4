//! IN035: an ingress controller that takes TLS of the last century.
use netloom_objects::{Object, Severity};

use crate::{
    Context, Findings, Group, Rule,
    words::{list_of, title},
};

pub static RULE: Rule = Rule {
    code: "IN035",
    name: "old-tls",
    group: Group::Security,
    severity: Severity::Warning,
    finds: "The ConfigMap of ingress-nginx with SSLv3, TLS 1.0 or TLS 1.1 in `ssl-protocols`.",
    why: "RFC 8996 forbids TLS 1.0 and 1.1: they rest on SHA-1 and on ciphers with known attacks, and one side can talk the \
          other down to them. The default, TLS 1.2 and 1.3, serves everything since 2013.",
    wrong: "\
apiVersion: v1
kind: ConfigMap
metadata:
  name: ingress-nginx-controller
  namespace: ingress-nginx
  labels: {app.kubernetes.io/name: ingress-nginx}
data:
  ssl-protocols: TLSv1 TLSv1.1 TLSv1.2 TLSv1.3
",
    right: "\
apiVersion: v1
kind: ConfigMap
metadata:
  name: ingress-nginx-controller
  namespace: ingress-nginx
  labels: {app.kubernetes.io/name: ingress-nginx}
data:
  ssl-protocols: TLSv1.2 TLSv1.3
",
    closed: false,
    check,
};

const OLD: [&str; 4] = ["SSLv2", "SSLv3", "TLSv1", "TLSv1.1"];

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for object in cx.all_of("", "ConfigMap").into_iter().filter(|object| is_of_nginx(object)) {
        let path = "data.ssl-protocols";
        let protocols = object.text(path).unwrap_or_default();
        let old: Vec<&str> = protocols.split_whitespace().filter(|word| OLD.contains(word)).collect();
        if old.is_empty() {
            continue;
        }
        let message = format!("{} lets the controller speak {}", title(object), list_of(&old));
        out.add(object, path, message).help("leave `ssl-protocols` out, or write `TLSv1.2 TLSv1.3`");
    }
}

fn is_of_nginx(object: &Object) -> bool {
    let labelled = object.labels().get("app.kubernetes.io/name").is_some_and(|name| name == "ingress-nginx");
    labelled || matches!(&*object.name, "ingress-nginx-controller" | "nginx-configuration" | "nginx-config")
}
