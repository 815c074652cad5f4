//! IS066: a server of a Gateway on a port that no Service leads to.
use std::collections::{BTreeMap, HashMap};

use netloom_objects::{Object, Severity, istio::Gateway};

use super::support::gateway_workloads;
use crate::{
    Context, Findings, Group, Rule,
    rules::services::support::{pod_port, services},
    words::{list_of, title},
};

pub static RULE: Rule = Rule {
    code: "IS066",
    name: "gateway-port-not-on-service",
    group: Group::Correctness,
    severity: Severity::Warning,
    finds: "A server of a Gateway whose port no Service of the gateway's pods has, neither as its own nor as the \
            pods' port.",
    why: "The proxy listens there, and nothing sends to it: clients come through the Service, whose ports are all \
            that it opens (istioctl analyze, IST0162).",
    wrong: "\
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: shop, namespace: edge}
spec:
  selector: {istio: gw}
  servers:
    - port: {number: 8004, name: http, protocol: HTTP}
      hosts: [shop.example]
---
apiVersion: v1
kind: Service
metadata: {name: gw, namespace: edge}
spec:
  type: LoadBalancer
  selector: {istio: gw}
  ports: [{name: http2, port: 80, targetPort: 8080}]
---
apiVersion: v1
kind: Pod
metadata: {name: gw, namespace: edge, labels: {istio: gw}}
spec: {containers: [{name: istio-proxy, image: auto}]}
",
    right: "\
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: shop, namespace: edge}
spec:
  selector: {istio: gw}
  servers:
    - port: {number: 80, name: http, protocol: HTTP}
      hosts: [shop.example]
---
apiVersion: v1
kind: Service
metadata: {name: gw, namespace: edge}
spec:
  type: LoadBalancer
  selector: {istio: gw}
  ports: [{name: http2, port: 80, targetPort: 8080}]
---
apiVersion: v1
kind: Pod
metadata: {name: gw, namespace: edge, labels: {istio: gw}}
spec: {containers: [{name: istio-proxy, image: auto}]}
",
    closed: false,
    check,
};

/// The ports by which pods are reached: those of their Services, and their own behind these.
#[derive(Default)]
struct Ways<'a> {
    service: Option<&'a Object>,
    own: Vec<u32>,
    all: Vec<u32>,
}

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    // Most Gateways share the pods of a few selectors.
    let mut known: HashMap<&BTreeMap<String, String>, Ways<'_>> = HashMap::new();
    for (object, gateway) in cx.all::<Gateway>() {
        let ways = known.entry(&gateway.spec.selector).or_insert_with(|| ways(cx, gateway));
        let Some(service) = ways.service else { continue };
        for (index, server) in gateway.spec.servers.iter().enumerate() {
            let number = server.port.number;
            if number == 0 || ways.all.contains(&number) {
                continue;
            }
            let ports: Vec<String> = ways.own.iter().map(u32::to_string).collect();
            let message = format!(
                "{} listens on port {number}, which no Service of its pods has: {} has {}",
                title(object),
                title(service),
                list_of(&ports)
            );
            out.add(object, &format!("spec.servers[{index}].port.number"), message)
                .related(service, "spec.ports", "the Service's ports")
                .help(format!("add port {number} to the Service, or serve one that it has"));
        }
    }
}

fn ways<'a>(cx: &Context<'a>, gateway: &Gateway) -> Ways<'a> {
    let mut ways = Ways::default();
    for workload in gateway_workloads(cx, gateway) {
        let ports = workload.containers().flat_map(|(_, container)| container.ports.iter().flatten());
        let opened = ports.filter_map(|port| {
            let own = workload.host_network().then_some(port.container_port);
            u32::try_from(port.host_port.or(own)?).ok()
        });
        ways.all.extend(opened);
        let in_namespace = services(cx).filter(|service| service.namespace == workload.namespace());
        for service in in_namespace {
            let Some(selector) = service.selector() else { continue };
            if !selector.iter().all(|(key, value)| workload.labels().get(key) == Some(value)) {
                continue;
            }
            ways.service.get_or_insert(service.object);
            for (_, port) in service.ports() {
                let own = u32::try_from(port.port).ok();
                ways.own.extend(own.filter(|own| !ways.own.contains(own)));
                let behind = pod_port(workload, port).and_then(|port| u32::try_from(port).ok());
                ways.all.extend(own.into_iter().chain(behind));
            }
        }
    }
    ways
}
