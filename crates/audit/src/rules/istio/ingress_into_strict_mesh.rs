//! IS063: an Ingress sends plain text to pods that take mutual TLS only.
use k8s_openapi::api::networking::v1::Ingress;
use netloom_objects::Severity;

use super::{strict::Strictness, support::mesh_of_workload};
use crate::{
    Context, Findings, Group, Rule, Workload,
    rules::{
        ingress::support::services,
        services::support::{find_service, pod_port},
    },
    words::{namespace_of, title},
};

pub static RULE: Rule = Rule {
    code: "IS063",
    name: "ingress-into-strict-mesh",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "An Ingress whose backend's pods take only mutual TLS, while its controller is not in the mesh. Where the set is \
            complete and has no controller at all it is a warning.",
    why: "The controller is a client like any other. Without a sidecar it has no certificate of the mesh, the pods' proxies \
          reset its connections, and every request ends in 502.",
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
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web, namespace: shop}
spec:
  ingressClassName: nginx
  rules:
    - host: shop.acme.example
      http:
        paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec:
  selector: {app: web}
  ports: [{name: http, port: 80, targetPort: 8080}]
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec: {containers: [{name: web, image: \"registry.example/web:1.0\"}]}
---
apiVersion: v1
kind: Namespace
metadata: {name: ingress-nginx}
---
apiVersion: v1
kind: Pod
metadata: {name: controller, namespace: ingress-nginx, labels: {app.kubernetes.io/name: ingress-nginx}}
spec: {containers: [{name: controller, image: \"registry.k8s.io/ingress-nginx/controller:v1.14.1\"}]}
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
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web, namespace: shop}
spec:
  ingressClassName: nginx
  rules:
    - host: shop.acme.example
      http:
        paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec:
  selector: {app: web}
  ports: [{name: http, port: 80, targetPort: 8080}]
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec: {containers: [{name: web, image: \"registry.example/web:1.0\"}]}
---
apiVersion: v1
kind: Namespace
metadata: {name: ingress-nginx, labels: {istio-injection: enabled}}
---
apiVersion: v1
kind: Pod
metadata: {name: controller, namespace: ingress-nginx, labels: {app.kubernetes.io/name: ingress-nginx}}
spec: {containers: [{name: controller, image: \"registry.k8s.io/ingress-nginx/controller:v1.14.1\"}]}
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let strict = Strictness::new(cx);
    let controllers: Vec<&Workload<'_>> =
        cx.workloads().iter().filter(|workload| is_controller(workload)).collect();
    let outside = controllers.iter().find(|workload| mesh_of_workload(cx, workload).is_none());
    let complete = cx.is_closed("Pod", None) && cx.is_closed("Namespace", None);
    if (outside.is_none() && !controllers.is_empty()) || (controllers.is_empty() && !complete) {
        return;
    }
    for (object, ingress) in cx.all::<Ingress>() {
        let Some(spec) = &ingress.spec else { continue };
        // Istio's own gateway is in the mesh.
        if spec.ingress_class_name.as_deref().is_some_and(|class| class.contains("istio")) {
            continue;
        }
        for (path, backend) in services(spec) {
            let Some(service) = find_service(cx, namespace_of(object), &backend.name) else { continue };
            let wanted = backend.port.as_ref();
            let port = service.ports().map(|(_, port)| port).find(|port| {
                wanted.is_some_and(|w| w.number == Some(port.port) || w.name.is_some() && w.name == port.name)
            });
            let Some(port) = port else { continue };
            let found = service.workloads(cx).into_iter().find_map(|workload| {
                let number = pod_port(workload, port)?;
                Some((workload, strict.of(cx, workload, number)?))
            });
            let Some((workload, peer)) = found else { continue };
            let who =
                outside.map_or_else(|| "its controller".to_owned(), |controller| title(controller.object));
            let message = format!(
                "{} has {who}, which is not in the mesh, send plain text to {}, whose pods take mutual TLS only",
                title(object),
                title(workload.object)
            );
            let finding = out.add(object, &path, message);
            finding.related(peer, "spec.mtls.mode", "STRICT is asked for here");
            finding.help(
                "put the controller into the mesh, or serve the host by an Istio Gateway; `portLevelMtls` with PERMISSIVE lets this \
                 one port take both",
            );
            match outside {
                Some(controller) => {
                    finding.related(controller.object, "metadata.name", "the controller");
                }
                None => {
                    finding.severity(Severity::Warning);
                }
            }
        }
    }
}

fn is_controller(workload: &Workload<'_>) -> bool {
    const IMAGES: [&str; 6] = [
        "ingress-nginx/controller",
        "nginx-ingress",
        "traefik",
        "kubernetes-ingress",
        "haproxy-ingress",
        "contour",
    ];
    let mut images = workload.spec.containers.iter().filter_map(|container| container.image.as_deref());
    !workload.is_job() && images.any(|image| IMAGES.iter().any(|part| image.contains(part)))
}
