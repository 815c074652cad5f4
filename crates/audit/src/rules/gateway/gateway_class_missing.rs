//! GW034: a Gateway of a class that does not exist.
use netloom_objects::{
    Severity,
    gateway_api::{Gateway, GatewayClass},
};

use crate::{
    Context, Findings, Group, Rule,
    words::{list_of, title},
};

pub static RULE: Rule = Rule {
    code: "GW034",
    name: "gateway-class-missing",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "A Gateway whose `gatewayClassName` names no GatewayClass of the set, and none that a controller makes by itself \
           (`istio`, `cilium`, those of GKE).",
    why: "No controller carries the Gateway out: it never gets an address, and its status stays `Waiting for \
           controller`.",
    wrong: "\
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata:
  name: edge
  namespace: edge
spec:
  gatewayClassName: acme
  listeners:
    - name: https
      protocol: HTTPS
      port: 443
      hostname: shop.example.org
      tls:
        certificateRefs: [{name: shop-tls}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata:
  name: acme-public
spec:
  controllerName: gateway.acme.example/controller
",
    right: "\
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata:
  name: edge
  namespace: edge
spec:
  gatewayClassName: acme-public
  listeners:
    - name: https
      protocol: HTTPS
      port: 443
      hostname: shop.example.org
      tls:
        certificateRefs: [{name: shop-tls}]
---
apiVersion: gateway.networking.k8s.io/v1
kind: GatewayClass
metadata:
  name: acme-public
spec:
  controllerName: gateway.acme.example/controller
",
    closed: true,
    check,
};

/// Classes that controllers make when they start: Istio, Cilium, GKE, EKS' VPC Lattice, kgateway and agentgateway.
const MADE: [&str; 20] = [
    "istio",
    "istio-east-west",
    "istio-remote",
    "istio-waypoint",
    "istio-agentgateway",
    "cilium",
    "gke-l7-global-external-managed",
    "gke-l7-global-external-managed-mc",
    "gke-l7-regional-external-managed",
    "gke-l7-regional-external-managed-mc",
    "gke-l7-rilb",
    "gke-l7-rilb-mc",
    "gke-l7-gxlb",
    "gke-l7-gxlb-mc",
    "gke-td",
    "asm-l7-gxlb",
    "agentgateway",
    "kgateway",
    "kgateway-waypoint",
    "azure-alb-external",
];

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    if !cx.is_closed("GatewayClass", None) {
        return;
    }
    let classes: Vec<&str> = cx.all::<GatewayClass>().map(|(object, _)| &*object.name).collect();
    for (object, gateway) in cx.all::<Gateway>() {
        let class = gateway.spec.gateway_class_name.as_str();
        if class.is_empty() || MADE.contains(&class) || cx.find::<GatewayClass>(None, class).is_some() {
            continue;
        }
        let message = format!("{}: there is no GatewayClass {class}", title(object));
        let finding = out.add(object, "spec.gatewayClassName", message);
        if !classes.is_empty() {
            finding.help(format!("the classes are {}", list_of(&classes)));
        }
    }
}
