//! SV025: session affinity by client address, behind a proxy.
use std::collections::HashMap;

use netloom_objects::{Object, Severity, istio::VirtualService};

use crate::{
    Context, Findings, Group, Rule,
    paths::expand,
    rules::{
        istio::support::{destinations, full_host, gateway_names, service_name},
        services::support::{backends, services},
    },
    words::{namespace_of, title},
};

pub static RULE: Rule = Rule {
    code: "SV025",
    name: "affinity-behind-proxy",
    group: Group::Correctness,
    severity: Severity::Warning,
    finds: "`sessionAffinity: ClientIP` on a Service that a proxy at the edge leads to: by an Ingress, a route of the Gateway API, a \
            VirtualService of an Istio gateway, an IngressRoute, HTTPProxy, VirtualServer or Route.",
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
    let led_to = led_to(cx);
    for service in services(cx) {
        if service.spec.session_affinity.as_deref() != Some("ClientIP") {
            continue;
        }
        let key = (service.namespace.to_owned(), service.object.name.to_string());
        let Some((by, path)) = led_to.get(&key) else { continue };
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

/// Kinds of other proxies at the edge: their group and kind, and where they name Services.
const OTHERS: [(&str, &str, &str); 9] = [
    ("gateway.networking.k8s.io", "TLSRoute", "spec.rules[*].backendRefs[*].name"),
    ("gateway.networking.k8s.io", "TCPRoute", "spec.rules[*].backendRefs[*].name"),
    ("traefik.io", "IngressRoute", "spec.routes[*].services[*].name"),
    ("traefik.io", "IngressRouteTCP", "spec.routes[*].services[*].name"),
    ("traefik.containo.us", "IngressRoute", "spec.routes[*].services[*].name"),
    ("projectcontour.io", "HTTPProxy", "spec.routes[*].services[*].name"),
    ("k8s.nginx.org", "VirtualServer", "spec.upstreams[*].service"),
    ("k8s.nginx.org", "VirtualServerRoute", "spec.upstreams[*].service"),
    ("route.openshift.io", "Route", "spec.to.name"),
];

/// The Services that proxies at the edge lead to, by namespace and name, each with what leads there.
fn led_to<'a>(cx: &Context<'a>) -> HashMap<(String, String), (&'a Object, String)> {
    let mut found: HashMap<(String, String), (&'a Object, String)> = HashMap::new();
    for ((namespace, name), by) in backends(cx) {
        found.insert((namespace.to_owned(), name.to_owned()), by);
    }
    for (object, service) in cx.all::<VirtualService>() {
        if gateway_names(object, &service.spec).next().is_none() {
            continue;
        }
        for (path, destination) in destinations(&service.spec) {
            let full = full_host(cx, &destination.host, namespace_of(object));
            if let Some((name, namespace)) = service_name(cx, &full) {
                found.entry((namespace.to_owned(), name.to_owned())).or_insert((object, path));
            }
        }
    }
    for (group, kind, pattern) in OTHERS {
        for object in cx.all_of(group, kind) {
            for path in expand(object, pattern) {
                let Some(name) = object.text(&path) else { continue };
                let beside = path.rfind('.').map(|dot| format!("{}.namespace", &path[..dot]));
                let namespace =
                    beside.and_then(|path| object.text(&path)).unwrap_or_else(|| namespace_of(object));
                found.entry((namespace.to_owned(), name.to_owned())).or_insert((object, path.clone()));
            }
        }
    }
    found
}
