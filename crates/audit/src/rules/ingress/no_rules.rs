//! IN018: an Ingress that leads nowhere.
use k8s_openapi::api::networking::v1::Ingress;
use netloom_objects::Severity;

use crate::{Context, Findings, Group, Rule, words::title};

pub static RULE: Rule = Rule {
    code: "IN018",
    name: "no-rules",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "An Ingress with neither rules nor a default backend; also one whose `spec` is empty.",
    why: "The API server refuses it: \"either `defaultBackend` or `rules` must be specified\".",
    wrong: "\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: errors
  namespace: shop
spec:
  ingressClassName: traefik
",
    right: "\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: errors
  namespace: shop
spec:
  ingressClassName: traefik
  defaultBackend: {service: {name: errors, port: {number: 80}}}
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for (object, ingress) in cx.all::<Ingress>() {
        let spec = ingress.spec.as_ref();
        let has_rules = spec.and_then(|spec| spec.rules.as_ref()).is_some_and(|rules| !rules.is_empty());
        let has_default = spec.is_some_and(|spec| spec.default_backend.is_some());
        let is_faulty =
            object.has_strange_key("") || object.has_strange_key("spec") || object.holds_fault("spec");
        if has_rules || has_default || is_faulty {
            continue;
        }
        let what =
            if spec.is_none() { "has an empty spec" } else { "has neither rules nor a default backend" };
        out.add(object, "spec", format!("{} {what}", title(object)))
            .help("add `rules`, or a `defaultBackend` for every request");
    }
}
