//! IN026: a value that an annotation of ingress-nginx does not take.
use netloom_objects::Severity;

use super::{
    annotations::{Form, form},
    support::{NGINX, annotated, annotation},
};
use crate::{Context, Findings, Fix, Group, Rule, words::title};

pub static RULE: Rule = Rule {
    code: "IN026",
    name: "nginx-annotation-value",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "An annotation of ingress-nginx whose value has a wrong form: a switch that is neither \"true\" nor \
           \"false\", a number or a time in seconds with a unit, an unknown protocol.",
    why: "ingress-nginx refuses the Ingress (`enable-annotation-validation`, on since 1.12), or ignores the \
           annotation. Timeouts are whole seconds without a unit.",
    wrong: "\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: web
  namespace: shop
  annotations:
    nginx.ingress.kubernetes.io/proxy-read-timeout: 60s
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
    nginx.ingress.kubernetes.io/proxy-read-timeout: \"60\"
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
        for (key, value) in object.annotations() {
            let Some(name) = key.strip_prefix(NGINX) else { continue };
            let (fits, help) = match form(name) {
                Form::Switch => {
                    let fits = matches!(
                        value.as_str(),
                        "true" | "false" | "True" | "False" | "TRUE" | "FALSE" | "1" | "0" | "t" | "f"
                    );
                    (fits, "write \"true\" or \"false\"".to_owned())
                }
                Form::Number => {
                    let bare: String = value.trim().chars().take_while(char::is_ascii_digit).collect();
                    let help = match (bare.is_empty(), name.contains("timeout")) {
                        (false, true) => format!("write the seconds without a unit: \"{bare}\""),
                        (false, false) => format!("write a bare number: \"{bare}\""),
                        (true, _) => "write a whole number".to_owned(),
                    };
                    (value.trim().parse::<u64>().is_ok(), help)
                }
                Form::OneOf(words) => {
                    let fits = words.iter().any(|word| word.eq_ignore_ascii_case(value));
                    (fits, format!("write {}", words.join(" or ")))
                }
                Form::Any => continue,
            };
            if !fits {
                let message = format!("{}: `{value}` is no value for `{name}`", title(object));
                let path = annotation(key);
                let finding = out.add(object, &path, message);
                finding.help(help);
                // Whole seconds are what nginx takes without a unit.
                let seconds = value.trim().strip_suffix('s').filter(|_| name.contains("timeout"));
                if let Some(seconds) = seconds.filter(|seconds| seconds.parse::<u64>().is_ok()) {
                    let bare = format!("\"{seconds}\"");
                    finding.fix(Fix::safe(format!("write {bare}")).set(object, &path, &bare));
                }
            }
        }
    }
}
