//! IN005: the old annotation for the class of an Ingress.
use k8s_openapi::api::networking::v1::IngressClass;
use netloom_objects::Severity;

use super::support::{annotation, ingresses};
use crate::{Context, Findings, Fix, Group, Rule, words::title};

pub static RULE: Rule = Rule {
    code: "IN005",
    name: "class-annotation",
    group: Group::Correctness,
    severity: Severity::Warning,
    finds: "The annotation `kubernetes.io/ingress.class`, which `ingressClassName` has replaced.",
    why: "The annotation is deprecated since Kubernetes 1.18, and controllers differ in whether they still heed \
           it. The API server refuses an Ingress that is made with both.",
    wrong: "\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: web
  namespace: shop
  annotations:
    kubernetes.io/ingress.class: traefik
spec:
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
    const KEY: &str = "kubernetes.io/ingress.class";
    for (object, spec) in ingresses(cx) {
        let Some(old) = object.annotations().get(KEY) else { continue };
        let path = annotation(KEY);
        match spec.ingress_class_name.as_deref() {
            Some(new) => {
                let message = format!("{} has its class twice, which the API server refuses", title(object));
                out.add(object, &path, message)
                    .severity(Severity::Error)
                    .related(object, "spec.ingressClassName", format!("class {new}"))
                    .fix(Fix::safe("remove the annotation").remove_all(object, &path));
            }
            None => {
                let message = format!("{} names its class by a deprecated annotation", title(object));
                let finding = out.add(object, &path, message);
                finding.help(format!("write `ingressClassName: {old}` under `spec` in its place"));
                // The field needs an IngressClass of the name; the annotation does not.
                if let Some((class, _)) = cx.find::<IngressClass>(None, old) {
                    let fix = Fix::safe("name the class in the spec").remove_all(object, &path);
                    finding.related(class, "metadata.name", "the class").fix(fix.insert_first(
                        object,
                        "spec",
                        "ingressClassName",
                        &class.name,
                    ));
                }
            }
        }
    }
}
