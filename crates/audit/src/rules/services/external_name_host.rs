//! SV018: HTTP or TLS through a name that the server does not know.
use k8s_openapi::api::core::v1::ServicePort;
use netloom_objects::Severity;

use crate::{Context, Findings, Group, Rule, rules::services::support::services};

pub static RULE: Rule = Rule {
    code: "SV018",
    name: "external-name-host",
    group: Group::Correctness,
    severity: Severity::Info,
    finds: "An ExternalName Service with a port of HTTP or TLS that leads to a name outside of the cluster.",
    why: "Clients that connect to the Service's name put that name into `Host` and into TLS' server name. The \
          server behind the CNAME knows neither: it answers with another site, or its certificate does not match. \
          The Kubernetes documentation warns of it under \"Type ExternalName\".",
    wrong: "\
apiVersion: v1
kind: Service
metadata:
  name: payments
spec:
  type: ExternalName
  externalName: api.payments.example
  ports:
    - {name: https, port: 443}
",
    right: "\
apiVersion: v1
kind: Service
metadata:
  name: payments
spec:
  type: ExternalName
  externalName: api.payments.example
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let zone = &*cx.snapshot().zone;
    for service in services(cx).filter(|service| service.is_external_name()) {
        let name = service.spec.external_name.as_deref().unwrap_or_default();
        if name.trim_end_matches('.').ends_with(zone) {
            continue;
        }
        let Some((path, port)) = service.ports().find(|(_, port)| speaks_of_hosts(port)) else { continue };
        let message = format!(
            "{}: who connects to `{}` on port {} asks for that name, and {name} knows only its own",
            service.title(),
            service.object.name,
            port.port
        );
        out.add(service.object, "spec.externalName", message)
            .help(format!("let clients use {name} itself, or set the host and server name to it on the way (an Istio ServiceEntry, an upstream-vhost)"))
            .related(service.object, &path, "this port");
    }
}

fn speaks_of_hosts(port: &ServicePort) -> bool {
    let says = |text: &Option<String>| {
        text.as_deref().is_some_and(|text| ["http", "tls", "grpc"].iter().any(|word| text.starts_with(word)))
    };
    matches!(port.port, 80 | 443 | 8443) || says(&port.name) || says(&port.app_protocol)
}
