//! NP026: policies shut the ingress controller out.
use k8s_openapi::api::networking::v1::Ingress;
use netloom_cluster::{NamespaceMatch, Peer, PodPeer, Rule as PolicyRule};
use netloom_objects::{Object, Severity};
use netloom_reach::is_ingress_controller;

use super::{
    entrance::{Client, groups_of_pods, shut},
    support::{Group as Pods, group_words, has_foreign_policies, words},
};
use crate::{Context, Findings, Group, Rule};

pub static RULE: Rule = Rule {
    code: "NP026",
    name: "ingress-controller-shut-out",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "An Ingress whose backend's pods do not admit the ingress controller: by the evaluator where the set \
          has the controller, and otherwise (as a warning) where their policies admit on that port only pods \
          of their own namespace, or nobody.",
    why: "The controller is a client like any other: it connects to the pods, on their own port. Without a \
          rule for it every request ends in 504 after the controller's timeout.",
    wrong: "\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web, namespace: shop}
spec:
  ingressClassName: nginx
  tls: [{hosts: [shop.example.org], secretName: shop-tls}]
  rules:
    - host: shop.example.org
      http:
        paths:
          - path: /
            pathType: Prefix
            backend: {service: {name: web, port: {number: 80}}}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec:
  selector: {app: web}
  ports: [{port: 80, targetPort: 8080}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: \"web:1\", ports: [{containerPort: 8080}]}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: ingress-nginx-controller, namespace: ingress-nginx}
spec:
  selector: {matchLabels: {app.kubernetes.io/name: ingress-nginx}}
  template:
    metadata: {labels: {app.kubernetes.io/name: ingress-nginx}}
    spec: {containers: [{name: ingress-nginx-controller, image: \"ingress-nginx-controller:1\", ports: [{containerPort: 443}]}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Ingress]
  ingress:
    - from:
        - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: ingress-nginx}}
      ports:
        - port: 80
",
    right: "\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web, namespace: shop}
spec:
  ingressClassName: nginx
  tls: [{hosts: [shop.example.org], secretName: shop-tls}]
  rules:
    - host: shop.example.org
      http:
        paths:
          - path: /
            pathType: Prefix
            backend: {service: {name: web, port: {number: 80}}}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec:
  selector: {app: web}
  ports: [{port: 80, targetPort: 8080}]
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: \"web:1\", ports: [{containerPort: 8080}]}]}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: ingress-nginx-controller, namespace: ingress-nginx}
spec:
  selector: {matchLabels: {app.kubernetes.io/name: ingress-nginx}}
  template:
    metadata: {labels: {app.kubernetes.io/name: ingress-nginx}}
    spec: {containers: [{name: ingress-nginx-controller, image: \"ingress-nginx-controller:1\", ports: [{containerPort: 443}]}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Ingress]
  ingress:
    - from:
        - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: ingress-nginx}}
      ports:
        - port: 8080
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let index = cx.policy_index();
    if index.policies.is_empty() {
        return;
    }
    let controllers: Vec<&Pods> = index.groups.iter().filter(|group| is_controller(cx, group)).collect();
    let client = Client { pods: &controllers, may_be: &admits_others };
    let group_of = groups_of_pods(index);
    for (object, ingress) in cx.all::<Ingress>() {
        let Some(spec) = &ingress.spec else { continue };
        let namespace = object.reference.namespace.as_deref().unwrap_or("default");
        let default = spec.default_backend.iter().map(|b| ("spec.defaultBackend".to_owned(), b));
        let paths = spec.rules.iter().flatten().enumerate().flat_map(|(i, rule)| {
            let paths = rule.http.iter().flat_map(|http| http.paths.iter().enumerate());
            paths.map(move |(j, path)| (format!("spec.rules[{i}].http.paths[{j}].backend"), &path.backend))
        });
        for (path, backend) in default.chain(paths) {
            let Some(backend) = &backend.service else { continue };
            let Some(service) = cx.snapshot().find_service(namespace, &backend.name) else { continue };
            let wanted = backend.port.as_ref();
            let number = service.ports.iter().position(|port| {
                wanted.is_some_and(|w| {
                    w.number == Some(i32::from(port.port))
                        || (w.name.is_some() && w.name.as_deref() == port.name.as_deref())
                })
            });
            let Some(number) = number.filter(|_| !has_foreign_policies(cx, namespace)) else { continue };
            let Some((group, target)) = shut(cx, service, number, &group_of, &client) else { continue };
            report(cx, object, &format!("{path}.service"), (group, target), &controllers, out);
        }
    }
}

/// Whether the group's pods are those of a known controller.
fn is_controller(cx: &Context<'_>, group: &Pods) -> bool {
    let Some(workload) = group.workload.map(|number| &cx.workloads()[number]) else { return false };
    cx.pods_of(workload).first().is_some_and(|pod| is_ingress_controller(pod))
}

/// Whether a rule admits anyone who is not of the policy's own namespace, or pods there that look like a controller.
fn admits_others(rule: &PolicyRule) -> bool {
    rule.peers.as_ref().is_none_or(|peers| {
        peers.iter().any(|peer| match &peer.peer {
            Peer::Pods(PodPeer { namespaces: NamespaceMatch::Named(_), pods }) => {
                let text = words(pods);
                pods.requirements.is_empty()
                    || ["ingress", "gateway", "nginx", "traefik", "proxy", "contour", "envoy", "edge"]
                        .iter()
                        .any(|word| text.contains(word))
            }
            Peer::Pods(_) | Peer::Block(..) => true,
            Peer::Nodes(_) | Peer::Unknown => false,
        })
    })
}

fn report(
    cx: &Context<'_>,
    object: &Object,
    path: &str,
    (group, target): (usize, u16),
    controllers: &[&Pods],
    out: &mut Findings<'_>,
) {
    let index = cx.policy_index();
    let whose = group_words(cx, &index.groups[group]);
    let by = controllers.first().map_or_else(|| "an ingress controller".to_owned(), |c| group_words(cx, c));
    let message =
        format!("the policies of {whose} do not admit {by} on {target}: requests to this backend time out");
    let finding = out.add(object, path, message);
    let namespace = controllers.first().map_or("that of the controller", |c| &*c.namespace);
    finding.help(format!("admit namespace {namespace} on port {target} of the pods"));
    let views = || index.views_on(group).filter(|view| view.policy.ingress.is_some());
    if let Some(view) = views().find(|view| !view.is_for_all()).or_else(|| views().next()) {
        finding.related(view.object, "spec.ingress", "this policy admits others");
    }
    if controllers.is_empty() {
        finding.severity(Severity::Warning);
    }
}
