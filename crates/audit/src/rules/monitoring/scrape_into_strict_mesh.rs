//! OB022: Prometheus asks in plain text where mutual TLS is the only thing that is taken.
use netloom_objects::Severity;

use super::support::monitors;
use crate::{
    Context, Findings, Group, Rule,
    rules::{
        istio::{strict::Strictness, support::mesh_of_workload},
        services::support::pod_port,
    },
    words::title,
};

pub static RULE: Rule = Rule {
    code: "OB022",
    name: "scrape-into-strict-mesh",
    group: Group::Correctness,
    severity: Severity::Warning,
    finds: "A ServiceMonitor with an endpoint in plain text whose pods take only mutual TLS on that port. Silent where a \
            Prometheus of the set is in the mesh.",
    why: "Prometheus connects to the pods themselves, without a certificate of the mesh: the proxies reset the connection, and \
          the target is down. The port of the metrics alone can take plain text, or the proxy serves the metrics of the program \
          with its own on 15020.",
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
metadata: {name: web, namespace: shop, labels: {app: web}}
spec:
  selector: {app: web}
  ports: [{name: http-metrics, port: 9090}]
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec: {containers: [{name: web, image: \"registry.example/web:1.0\"}]}
---
apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  endpoints: [{port: http-metrics, interval: 30s}]
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
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  mtls: {mode: STRICT}
  portLevelMtls:
    9090: {mode: PERMISSIVE}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop, labels: {app: web}}
spec:
  selector: {app: web}
  ports: [{name: http-metrics, port: 9090}]
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec: {containers: [{name: web, image: \"registry.example/web:1.0\"}]}
---
apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  endpoints: [{port: http-metrics, interval: 30s}]
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let in_mesh = cx.workloads().iter().any(|workload| {
        let mut images = workload.spec.containers.iter().filter_map(|container| container.image.as_deref());
        images.any(|image| image.contains("prometheus")) && mesh_of_workload(cx, workload).is_some()
    });
    if in_mesh {
        return;
    }
    let strict = Strictness::new(cx);
    for monitor in monitors(cx) {
        for (index, endpoint) in monitor.spec.endpoints.iter().enumerate() {
            if endpoint.tls_config.is_some() {
                continue;
            }
            let found = monitor.services().into_iter().find_map(|service| {
                let port = service.ports().map(|(_, port)| port).find(|port| port.name == endpoint.port)?;
                service.workloads(cx).into_iter().find_map(|workload| {
                    let number = pod_port(workload, port)?;
                    Some((number, workload, strict.of(cx, workload, number)?))
                })
            });
            let Some((number, workload, peer)) = found else { continue };
            let message = format!(
                "{} asks port {number} of {} in plain text, but its pods take mutual TLS only",
                title(monitor.object),
                title(workload.object)
            );
            out.add(monitor.object, &format!("spec.endpoints[{index}]"), message)
                .related(peer, "spec.mtls.mode", "STRICT is asked for here")
                .help(format!("let the pods take plain text on this port: `portLevelMtls: {{{number}: {{mode: PERMISSIVE}}}}`"));
        }
    }
}
