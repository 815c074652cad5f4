//! IS067: a DestinationRule for a host that does not exist.
use k8s_openapi::api::core::v1::Service;
use netloom_objects::{Severity, edit_distance, istio::DestinationRule};

use super::support::{Registry, full_host, service_name};
use crate::{
    Context, Findings, Group, Rule,
    words::{namespace_of, title},
};

pub static RULE: Rule = Rule {
    code: "IS067",
    name: "destination-rule-without-host",
    group: Group::Correctness,
    severity: Severity::Warning,
    finds: "A DestinationRule whose host is neither a Service nor a host of a ServiceEntry.",
    why: "It has no effect: limits, mutual TLS and subsets that it asks for are nowhere. A name without a dot is a \
            Service of the DestinationRule's own namespace, not of that of the clients (Istio's reference of \
            DestinationRule, `host`).",
    wrong: "\
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: cart, namespace: shop}
spec:
  host: card
  trafficPolicy: {loadBalancer: {simple: LEAST_REQUEST}}
---
apiVersion: v1
kind: Service
metadata: {name: cart, namespace: shop}
spec:
  selector: {app: cart}
  ports: [{name: http, port: 80}]
",
    right: "\
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: cart, namespace: shop}
spec:
  host: cart
  trafficPolicy: {loadBalancer: {simple: LEAST_REQUEST}}
---
apiVersion: v1
kind: Service
metadata: {name: cart, namespace: shop}
spec:
  selector: {app: cart}
  ports: [{name: http, port: 80}]
",
    closed: true,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let registry = Registry::new(cx);
    for (object, rule) in cx.all::<DestinationRule>() {
        let full = full_host(cx, &rule.spec.host, namespace_of(object));
        if full.is_empty() || full.contains('*') || registry.knows(&full) {
            continue;
        }
        let named = service_name(cx, &full);
        let complete = match named {
            Some((_, namespace)) => cx.is_closed("Service", Some(namespace)),
            None => cx.is_closed("ServiceEntry", None),
        };
        if !complete {
            continue;
        }
        let Some((name, namespace)) = named else {
            let message = format!(
                "{} is for {full}, which is neither a Service nor the host of a ServiceEntry",
                title(object)
            );
            out.add(object, "spec.host", message)
                .help("make the host known with a ServiceEntry, or correct it");
            continue;
        };
        let message = format!("{} is for {full}, but there is no Service {namespace}/{name}", title(object));
        let finding = out.add(object, "spec.host", message);
        let all = || cx.all::<Service>().map(|(service, _)| service);
        let elsewhere = all().find(|service| *service.name == *name);
        let near = all()
            .filter(|service| namespace_of(service) == namespace)
            .find(|service| edit_distance(&service.name, name) <= 2);
        match elsewhere.or(near) {
            Some(service) => {
                let host =
                    format!("{}.{}.svc.{}", service.name, namespace_of(service), cx.settings.cluster.zone);
                finding.help(format!("write `host: {host}`, if that Service is meant")).related(
                    service,
                    "metadata.name",
                    "this Service is there",
                );
            }
            None => {
                finding.help("name a Service that exists, or remove the rule");
            }
        }
    }
}
