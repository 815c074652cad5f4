//! SV025: session affinity by client address, behind a proxy.
use netloom_objects::Severity;

use crate::{
    Context, Findings, Group, Rule,
    rules::services::support::{backends, services},
    words::title,
};

pub static RULE: Rule = Rule {
    code: "SV025",
    name: "affinity-behind-proxy",
    group: Group::Correctness,
    severity: Severity::Warning,
    finds: "`sessionAffinity: ClientIP` on a Service that an Ingress, HTTPRoute or GRPCRoute leads to.",
    why: "A proxy at the edge connects to the pods themselves, past the Service, and chooses among them by its own \
          rules. Where it does go through the Service, the only client address there is its own, and all of its \
          requests stay with one pod. Affinity behind a proxy is the proxy's: a cookie.",
    wrong: "\
apiVersion: v1
kind: Service
metadata:
  name: basket
spec:
  selector: {app: basket}
  sessionAffinity: ClientIP
  ports:
    - {name: http, port: 80, targetPort: 8080}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: basket
spec:
  ingressClassName: traefik
  tls: [{hosts: [basket.acme.example], secretName: basket-tls}]
  rules:
    - host: basket.acme.example
      http:
        paths:
          - path: /
            pathType: Prefix
            backend: {service: {name: basket, port: {name: http}}}
",
    right: "\
apiVersion: v1
kind: Service
metadata:
  name: basket
  annotations:
    traefik.ingress.kubernetes.io/service.sticky.cookie: \"true\"
spec:
  selector: {app: basket}
  ports:
    - {name: http, port: 80, targetPort: 8080}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: basket
spec:
  ingressClassName: traefik
  tls: [{hosts: [basket.acme.example], secretName: basket-tls}]
  rules:
    - host: basket.acme.example
      http:
        paths:
          - path: /
            pathType: Prefix
            backend: {service: {name: basket, port: {name: http}}}
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let led_to = backends(cx);
    for service in services(cx) {
        if service.spec.session_affinity.as_deref() != Some("ClientIP") {
            continue;
        }
        let Some((by, path)) = led_to.get(&(service.namespace, &*service.object.name)) else { continue };
        let message = format!(
            "{}: `sessionAffinity: ClientIP` has no effect for what comes through {}, whose proxy connects to the pods itself",
            service.title(),
            title(by)
        );
        out.add(service.object, "spec.sessionAffinity", message)
            .help("keep a client with one pod by a cookie of the proxy, and leave `sessionAffinity` out")
            .related(by, path, "leads to it");
    }
}
