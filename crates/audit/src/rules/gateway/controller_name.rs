//! GW037: a GatewayClass whose controller name has a wrong form.
use netloom_objects::{Severity, gateway_api::GatewayClass};

use crate::{Context, Findings, Group, Rule, words::title};

pub static RULE: Rule = Rule {
    code: "GW037",
    name: "controller-name",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "A GatewayClass whose `controllerName` is no domain followed by a path.",
    why: "The API server refuses it: the name is one like `example.org/gateway-controller` (the CRD's pattern of \
           `controllerName`).",
    wrong: "\
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata:
  name: acme
spec:
  controllerName: acme-gateway
",
    right: "\
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata:
  name: acme
spec:
  controllerName: gateway.acme.example/controller
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for (object, class) in cx.all::<GatewayClass>() {
        let name = class.spec.controller_name.as_str();
        let is_label = |label: &str| {
            !label.is_empty()
                && label.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
                && !label.starts_with('-')
                && !label.ends_with('-')
        };
        let is_good = name.split_once('/').is_some_and(|(domain, path)| {
            domain.split('.').all(is_label) && !path.is_empty() && !path.contains(char::is_whitespace)
        });
        if !is_good && object.is_written("spec.controllerName") {
            let message = format!("{}: `{name}` is no name of a controller", title(object));
            out.add(object, "spec.controllerName", message)
                .help("write a domain, a `/` and a path, as the documentation of the controller has it");
        }
    }
}
