//! IS056: a VirtualService of the mesh for every host.
use netloom_objects::{Severity, istio::VirtualService};

use super::support::is_for_mesh;
use crate::{Context, Findings, Group, Rule, words::title};

pub static RULE: Rule = Rule {
    code: "IS056",
    name: "any-host-in-mesh",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "A VirtualService with the host `*` that is not for gateways only, or one without hosts that is \
            bound to gateways.",
    why: "Istio's validation refuses `*` for the proxies of the mesh, where it would take the requests to every Service. \
          Where `gateways` is left out, the VirtualService is for the mesh (Istio's reference of VirtualService, `hosts`).",
    wrong: "\
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: web, namespace: shop}
spec:
  hosts: ['*']
  http:
    - route: [{destination: {host: web}}]
",
    right: "\
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: web, namespace: shop}
spec:
  hosts: ['*']
  gateways: [edge/public]
  http:
    - route: [{destination: {host: web}}]
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for (object, service) in cx.all::<VirtualService>() {
        let Some(index) = service.spec.hosts.iter().position(|host| host == "*") else {
            if service.spec.hosts.is_empty() && !service.spec.gateways.is_empty() {
                let message = format!("{} is bound to gateways, but has no host", title(object));
                out.add(object, "spec", message)
                    .help("add `hosts`; only delegates have none, and they have no gateways");
            }
            continue;
        };
        if !is_for_mesh(&service.spec) {
            continue;
        }
        let message = format!("{} claims every host for the proxies of the mesh", title(object));
        let finding = out.add(object, &format!("spec.hosts[{index}]"), message);
        finding.help("name the gateways that it is meant for, or its hosts");
        if service.spec.gateways.iter().any(|gateway| gateway == "mesh") {
            finding.related(object, "spec.gateways", "`mesh` are the proxies of all pods");
        }
    }
}
