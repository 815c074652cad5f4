//! IS064: a Service lets clients from outside to pods that take mutual TLS only.
use netloom_objects::Severity;

use super::strict::Strictness;
use crate::{
    Context, Findings, Group, Rule,
    rules::services::support::{pod_port, services},
    words::title,
};

pub static RULE: Rule = Rule {
    code: "IS064",
    name: "exposed-strict-pods",
    group: Group::Correctness,
    severity: Severity::Warning,
    finds: "A Service of type LoadBalancer or NodePort for pods of the mesh that take only mutual TLS on that port.",
    why: "Clients outside have no certificate of the mesh: the pods' proxies reset their connections. An Istio gateway is what \
          takes them in and speaks mutual TLS to the pods.",
    wrong: "\
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {istio-injection: enabled}}
---
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: default, namespace: shop}
spec:
  mtls: {mode: STRICT}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec:
  type: LoadBalancer
  selector: {app: web}
  ports: [{name: https, port: 443, targetPort: 8443}]
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec: {containers: [{name: web, image: \"registry.example/web:1.0\"}]}
",
    right: "\
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {istio-injection: enabled}}
---
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: default, namespace: shop}
spec:
  mtls: {mode: STRICT}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec:
  selector: {app: web}
  ports: [{name: https, port: 443, targetPort: 8443}]
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec: {containers: [{name: web, image: \"registry.example/web:1.0\"}]}
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let strict = Strictness::new(cx);
    for service in services(cx).filter(|service| matches!(service.kind(), "LoadBalancer" | "NodePort")) {
        let found = service.ports().find_map(|(path, port)| {
            service.workloads(cx).into_iter().find_map(|workload| {
                // Istio's own gateways are made for clients outside.
                let images =
                    workload.spec.containers.iter().filter_map(|container| container.image.as_deref());
                if images.into_iter().any(|image| image == "auto" || image.contains("/proxyv2")) {
                    return None;
                }
                let number = pod_port(workload, port)?;
                Some((path.clone(), port.port, workload, strict.of(cx, workload, number)?))
            })
        });
        let Some((path, port, workload, peer)) = found else { continue };
        let message = format!(
            "{} opens port {port} to clients outside, but the pods of {} take mutual TLS only",
            service.title(),
            title(workload.object)
        );
        out.add(service.object, "spec.type", message)
            .related(service.object, &path, "this port")
            .related(peer, "spec.mtls.mode", "STRICT is asked for here")
            .help("serve it by an Istio Gateway, and make this a ClusterIP");
    }
}
