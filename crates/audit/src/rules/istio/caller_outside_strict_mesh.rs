//! IS074: a workload outside of the mesh is told to call pods that take mutual TLS only.
use std::collections::HashSet;

use k8s_openapi::api::core::v1::Namespace;
use netloom_objects::Severity;

use super::{
    strict::Strictness,
    support::{INJECT, mesh_of_workload},
};
use crate::{
    Context, Findings, Group, Rule, Workload,
    rules::{
        services::support::{find_service, pod_port},
        workloads::addresses::addresses,
    },
    words::title,
};

pub static RULE: Rule = Rule {
    code: "IS074",
    name: "caller-outside-strict-mesh",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "A workload that is not in the mesh, whose environment, arguments or ConfigMaps name a Service of pods \
            that take only mutual TLS on that port. Whether it is in the mesh has to be known: by the Namespace in \
            the set, by its own labels, or because the set is complete.",
    why: "Without a proxy it has no certificate of the mesh, and its connections are reset (Istio's concept \
            Security, Mutual TLS authentication; Mutual TLS Migration).",
    wrong: "\
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {istio-injection: enabled}}
---
apiVersion: v1
kind: Namespace
metadata: {name: legacy}
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
  ports: [{name: http, port: 80, targetPort: 8080}]
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec: {containers: [{name: web, image: \"registry.example/web:1.0\"}]}
---
apiVersion: v1
kind: Pod
metadata: {name: report, namespace: legacy}
spec:
  containers:
    - name: report
      image: registry.example/report:1.0
      env: [{name: WEB_URL, value: \"http://web.shop:80\"}]
",
    right: "\
apiVersion: v1
kind: Namespace
metadata: {name: shop, labels: {istio-injection: enabled}}
---
apiVersion: v1
kind: Namespace
metadata: {name: legacy, labels: {istio-injection: enabled}}
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
  ports: [{name: http, port: 80, targetPort: 8080}]
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec: {containers: [{name: web, image: \"registry.example/web:1.0\"}]}
---
apiVersion: v1
kind: Pod
metadata: {name: report, namespace: legacy}
spec:
  containers:
    - name: report
      image: registry.example/report:1.0
      env: [{name: WEB_URL, value: \"http://web.shop:80\"}]
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let strict = Strictness::new(cx);
    if strict.is_empty() {
        return;
    }
    for workload in cx.workloads().iter().filter(|workload| is_outside(cx, workload)) {
        let mut told = HashSet::new();
        for address in addresses(cx, workload) {
            let Some(service) = find_service(cx, address.namespace, address.name) else { continue };
            let mut ports = service.ports().map(|(_, port)| port);
            let port = match address.port {
                Some(number) => ports.find(|port| port.port == number),
                None => ports.next().filter(|_| service.ports().count() == 1),
            };
            let Some(port) = port else { continue };
            let found = service.workloads(cx).into_iter().find_map(|target| {
                let number = pod_port(target, port)?;
                Some((target, strict.of(cx, target, number)?))
            });
            let Some((target, peer)) = found else { continue };
            if !told.insert((address.namespace, address.name, port.port)) {
                continue;
            }
            let message = format!(
                "{} is not in the mesh and is told to call {}, but the pods of {} take mutual TLS only",
                title(workload.object),
                address.text,
                title(target.object)
            );
            out.add(address.object, &address.path, message)
                .related(peer, "spec.mtls.mode", "STRICT is asked for here")
                .related(workload.object, "metadata.name", "nothing puts this into the mesh")
                .help(format!(
                    "put the caller into the mesh, or let {} take both on this port (`portLevelMtls` with PERMISSIVE)",
                    title(target.object)
                ));
        }
    }
}

/// Whether a workload is known not to be in the mesh.
fn is_outside(cx: &Context<'_>, workload: &Workload<'_>) -> bool {
    let said = workload.labels().contains_key(INJECT) || workload.annotations().contains_key(INJECT);
    let known = said
        || workload.host_network()
        || cx.find::<Namespace>(None, workload.namespace()).is_some()
        || cx.is_closed("Namespace", None);
    known && mesh_of_workload(cx, workload).is_none()
}
