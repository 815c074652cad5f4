//! NP039: policies shut Istio's gateway out.
use std::collections::BTreeMap;

use netloom_cluster::{NamespaceMatch, Operator, Peer, PodPeer, Requirement, Rule as PolicyRule};
use netloom_objects::{
    Severity,
    istio::{Gateway, VirtualService},
};

use super::{
    entrance::{Client, groups_of_pods, shut},
    support::{Group as Pods, group_words, has_foreign_policies},
};
use crate::{
    Context, Findings, Group, Rule,
    rules::istio::support::{
        ROOT, destinations, full_host, gateway_names, gateway_workloads, is_default_gateway, service_name,
    },
    words::{namespace_of, title},
};

pub static RULE: Rule = Rule {
    code: "NP039",
    name: "istio-gateway-shut-out",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "A VirtualService of an Istio Gateway that sends to pods whose policies do not admit the gateway: by the evaluator where \
            the set has the gateway's pods. Where it is complete and has none they are taken to be in istio-system, and it is a \
            warning.",
    why: "The gateway is a client like any other: it connects to the pods, on their own port, from its own namespace. Without a \
          rule for it every request ends in 503 after the gateway's timeout.",
    wrong: "\
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: shop, namespace: shop}
spec:
  selector: {istio: ingressgateway}
  servers:
    - port: {number: 443, name: https, protocol: HTTPS}
      hosts: [shop.acme.example]
      tls: {mode: SIMPLE, credentialName: shop-tls}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: shop, namespace: shop}
spec:
  hosts: [shop.acme.example]
  gateways: [shop]
  http:
    - timeout: 10s
      route: [{destination: {host: web, port: {number: 80}}}]
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
spec: {containers: [{name: web, image: \"registry.example/web:1.0\", ports: [{containerPort: 8080}]}]}
---
apiVersion: v1
kind: Pod
metadata: {name: gateway, namespace: istio-system, labels: {istio: ingressgateway}}
spec: {containers: [{name: istio-proxy, image: auto}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Ingress]
  ingress:
    - from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: ingress-nginx}}}]
      ports: [{port: 8080}]
",
    right: "\
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: shop, namespace: shop}
spec:
  selector: {istio: ingressgateway}
  servers:
    - port: {number: 443, name: https, protocol: HTTPS}
      hosts: [shop.acme.example]
      tls: {mode: SIMPLE, credentialName: shop-tls}
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: shop, namespace: shop}
spec:
  hosts: [shop.acme.example]
  gateways: [shop]
  http:
    - timeout: 10s
      route: [{destination: {host: web, port: {number: 80}}}]
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
spec: {containers: [{name: web, image: \"registry.example/web:1.0\", ports: [{containerPort: 8080}]}]}
---
apiVersion: v1
kind: Pod
metadata: {name: gateway, namespace: istio-system, labels: {istio: ingressgateway}}
spec: {containers: [{name: istio-proxy, image: auto}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Ingress]
  ingress:
    - from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: istio-system}}}]
      ports: [{port: 8080}]
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let index = cx.policy_index();
    if index.policies.is_empty() {
        return;
    }
    let group_of = groups_of_pods(index);
    for (object, route) in cx.all::<VirtualService>() {
        let gateways = gateway_names(object, &route.spec)
            .filter_map(|(_, namespace, name)| cx.find::<Gateway>(Some(namespace), name));
        for (gateway, spec) in gateways {
            let workloads = gateway_workloads(cx, spec);
            let pods: Vec<&Pods> = index
                .groups
                .iter()
                .filter(|group| {
                    let of = group.workload.map(|number| cx.workloads()[number].key());
                    of.is_some_and(|key| workloads.iter().any(|workload| workload.key() == key))
                })
                .collect();
            let presumed = pods.is_empty() && is_default_gateway(spec) && cx.is_closed("Pod", Some(ROOT));
            if pods.is_empty() && !presumed {
                continue;
            }
            let client = Client { pods: &pods, may_be: &may_be_gateway };
            for (path, to) in destinations(&route.spec) {
                let full = full_host(cx, &to.host, namespace_of(object));
                let Some((name, namespace)) = service_name(cx, &full) else { continue };
                let Some(service) = cx.snapshot().find_service(namespace, name) else { continue };
                let wanted = to.port.as_ref().map(|port| i64::from(port.number));
                let number =
                    service.ports.iter().position(|port| wanted.is_none_or(|n| n == i64::from(port.port)));
                let Some(number) = number.filter(|_| !has_foreign_policies(cx, namespace)) else { continue };
                let Some((group, target)) = shut(cx, service, number, &group_of, &client) else { continue };
                let whose = group_words(cx, &index.groups[group]);
                let by =
                    pods.first().map_or_else(|| "Istio's gateway".to_owned(), |pods| group_words(cx, pods));
                let message = format!(
                    "the policies of {whose} do not admit {by} on {target}: requests through {} time out",
                    title(gateway)
                );
                let finding = out.add(object, &format!("{path}.host"), message);
                let home = pods.first().map_or(ROOT, |pods| &*pods.namespace);
                finding.help(format!("admit namespace {home} on port {target} of the pods"));
                let mut views = index.views_on(group).filter(|view| view.policy.ingress.is_some());
                if let Some(view) = views.next() {
                    finding.related(view.object, "spec.ingress", "this policy admits others");
                }
                if presumed {
                    finding.severity(Severity::Warning);
                }
            }
        }
    }
}

/// Whether a rule may admit the gateway that Istio is installed with.
fn may_be_gateway(rule: &PolicyRule) -> bool {
    let labels: BTreeMap<&str, &str> =
        BTreeMap::from([("istio", "ingressgateway"), ("app", "istio-ingressgateway")]);
    let pod = |requirement: &Requirement| match (labels.get(&*requirement.key), &requirement.operator) {
        (Some(value), Operator::In(values)) => values.iter().any(|wanted| wanted == value),
        _ => true,
    };
    // A label of the name of another namespace is not on this one.
    let namespace = |requirement: &Requirement| {
        let is_name = matches!(requirement.key.as_str(), "kubernetes.io/metadata.name" | "name");
        match &requirement.operator {
            Operator::In(values) if is_name => values.iter().any(|value| value == ROOT),
            _ => true,
        }
    };
    rule.peers.as_ref().is_none_or(|peers| {
        peers.iter().any(|peer| match &peer.peer {
            Peer::Pods(PodPeer { namespaces, pods }) => {
                let there = match namespaces {
                    NamespaceMatch::Named(name) => &**name == ROOT,
                    NamespaceMatch::Labels(selector) => selector.requirements.iter().all(namespace),
                };
                there && pods.requirements.iter().all(pod)
            }
            Peer::Block(..) => true,
            Peer::Nodes(_) | Peer::Unknown => false,
        })
    })
}
