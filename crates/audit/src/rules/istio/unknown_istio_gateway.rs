//! IS041: a VirtualService for a Gateway that does not exist.
use std::collections::HashMap;

use netloom_objects::{
    Object, Severity, gateway_api,
    istio::{Gateway, VirtualService},
};

use super::{gateways, support::gateway_names};
use crate::{
    Context, Findings, Fix, Group, Rule,
    words::{namespace_of, title},
};

pub static RULE: Rule = Rule {
    code: "IS041",
    name: "unknown-istio-gateway",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "A Gateway that a VirtualService names and that does not exist; in the open world where the set has one of that \
            name in another namespace only.",
    why: "The routes are bound to nothing and requests are answered 404. A name without a namespace is a Gateway of the \
          VirtualService's own namespace: Istio's, or one of the Gateway API that Istio carries out (Istio's reference of \
          VirtualService, `gateways`; istioctl analyze, IST0101).",
    wrong: "\
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: shop, namespace: shop}
spec:
  hosts: [shop.example]
  gateways: [public]
  http:
    - route: [{destination: {host: web}}]
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: public, namespace: edge}
spec:
  selector: {istio: ingressgateway}
  servers:
    - port: {number: 443, name: https, protocol: HTTPS}
      hosts: [shop.example]
      tls: {mode: SIMPLE, credentialName: shop-tls}
",
    right: "\
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: shop, namespace: shop}
spec:
  hosts: [shop.example]
  gateways: [edge/public]
  http:
    - route: [{destination: {host: web}}]
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: public, namespace: edge}
spec:
  selector: {istio: ingressgateway}
  servers:
    - port: {number: 443, name: https, protocol: HTTPS}
      hosts: [shop.example]
      tls: {mode: SIMPLE, credentialName: shop-tls}
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let mut names: HashMap<&str, &Object> = HashMap::new();
    let of_gateway_api = cx.all::<gateway_api::Gateway>().map(|(object, _)| object);
    for object in of_gateway_api.chain(cx.all::<Gateway>().map(|(object, _)| object)) {
        names.insert(&object.name, object);
    }
    for (object, service) in cx.all::<VirtualService>() {
        for (path, namespace, name) in gateway_names(object, &service.spec) {
            let near = names.get(name).copied();
            if gateways::find(cx, namespace, name).is_some()
                || (near.is_none() && !cx.is_closed("Gateway", Some(namespace)))
            {
                continue;
            }
            let message = format!("{}: there is no Gateway {namespace}/{name}", title(object));
            let finding = out.add(object, &path, message);
            match near {
                Some(near) => {
                    finding.related(near, "metadata.name", "a Gateway of this name is in another namespace");
                    let full = format!("{}/{name}", namespace_of(near));
                    finding.fix(Fix::proposed(format!("write `{full}`")).set(object, &path, &full));
                }
                None => {
                    finding.help("create it, or name one that exists as `NAMESPACE/NAME`");
                }
            }
        }
    }
}
