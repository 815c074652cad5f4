//! SV008: a load balancer on the internet that speaks plain HTTP only.
use k8s_openapi::api::core::v1::ServicePort;
use netloom_objects::Severity;

use crate::{
    Context, Findings, Group, Rule,
    rules::services::{
        balancers,
        support::{Svc, protocol_of, services},
    },
};

pub static RULE: Rule = Rule {
    code: "SV008",
    name: "plaintext-load-balancer",
    group: Group::Security,
    severity: Severity::Warning,
    finds: "A Service of type LoadBalancer that is open to everyone, serves HTTP and has no port for TLS. Silent \
            where an annotation makes it internal, restricts its clients, or lets it end TLS itself.",
    why: "What passes it can be read and changed on the way: sessions, passwords, the pages themselves. TLS \
          belongs at the edge, once, in front of Services of type ClusterIP.",
    wrong: "\
apiVersion: v1
kind: Service
metadata:
  name: storefront
spec:
  type: LoadBalancer
  selector: {app: storefront}
  ports:
    - name: http
      port: 80
      targetPort: 8080
",
    right: "\
apiVersion: v1
kind: Service
metadata:
  name: storefront
spec:
  type: LoadBalancer
  selector: {app: storefront}
  loadBalancerSourceRanges: [198.51.100.0/24]
  ports:
    - name: http
      port: 80
      targetPort: 8080
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for service in services(cx) {
        if !balancers::is_open(&service) || balancers::ends_tls(&service) || has_tls(&service) {
            continue;
        }
        let Some((path, port)) = service.ports().find(|(_, port)| is_http(port)) else { continue };
        let message = format!(
            "{} opens plain HTTP on port {} to everyone: no port of it speaks TLS, and no \
             `loadBalancerSourceRanges` restrict who may connect",
            service.title(),
            port.port
        );
        out.add(service.object, "spec.type", message)
            .help(
                "put it behind a Gateway or Ingress with TLS as `type: ClusterIP`, or name the clients in \
                 `loadBalancerSourceRanges`",
            )
            .related(service.object, &path, "this port");
    }
}

fn has_tls(service: &Svc<'_>) -> bool {
    service.ports().any(|(_, port)| {
        let says = |text: &Option<String>| {
            text.as_deref().is_some_and(|text| {
                let text = text.to_ascii_lowercase();
                ["https", "tls", "wss", "ssl"].iter().any(|word| text.contains(word))
            })
        };
        matches!(port.port, 443 | 8443) || says(&port.name) || says(&port.app_protocol)
    })
}

fn is_http(port: &ServicePort) -> bool {
    let says = |text: &Option<String>| {
        text.as_deref().is_some_and(|text| {
            text.starts_with("http") || text == "web" || text.ends_with("/h2c") || text.ends_with("/ws")
        })
    };
    protocol_of(port) == "TCP"
        && (matches!(port.port, 80 | 8000 | 8080) || says(&port.name) || says(&port.app_protocol))
}
