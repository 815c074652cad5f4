//! GW038: a BackendTLSPolicy for a port that the Service does not have.
use k8s_openapi::api::core::v1::Service;
use netloom_objects::{Severity, gateway_api::BackendTLSPolicy};

use crate::{
    Context, Findings, Fix, Group, Rule,
    standing::has_service,
    words::{list_of, namespace_of, title},
};

pub static RULE: Rule = Rule {
    code: "GW038",
    name: "backend-tls-target",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "A BackendTLSPolicy whose `sectionName` is no name of a port of its Service; in a complete set also one \
           for a Service that does not exist.",
    why: "The policy holds for nothing, and the Gateway speaks to the port without TLS. `sectionName` is the name \
           of the port, not its number.",
    wrong: "\
apiVersion: gateway.networking.k8s.io/v1
kind: BackendTLSPolicy
metadata:
  name: api
  namespace: shop
spec:
  targetRefs: [{group: \"\", kind: Service, name: api, sectionName: \"443\"}]
  validation:
    hostname: api.shop.svc
    wellKnownCACertificates: System
---
apiVersion: v1
kind: Service
metadata:
  name: api
  namespace: shop
spec:
  selector: {app: api}
  ports:
    - {name: https, port: 443, targetPort: 8443}
",
    right: "\
apiVersion: gateway.networking.k8s.io/v1
kind: BackendTLSPolicy
metadata:
  name: api
  namespace: shop
spec:
  targetRefs: [{group: \"\", kind: Service, name: api, sectionName: https}]
  validation:
    hostname: api.shop.svc
    wellKnownCACertificates: System
---
apiVersion: v1
kind: Service
metadata:
  name: api
  namespace: shop
spec:
  selector: {app: api}
  ports:
    - {name: https, port: 443, targetPort: 8443}
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for (object, policy) in cx.all::<BackendTLSPolicy>() {
        let namespace = namespace_of(object);
        let targets = policy.spec.target_refs.iter().enumerate();
        for (i, target) in targets.filter(|(_, target)| target.group.is_empty() && target.kind == "Service") {
            let Some((service, content)) = cx.find::<Service>(Some(namespace), &target.name) else {
                if cx.is_closed("Service", Some(namespace)) && !has_service(cx, namespace, &target.name) {
                    let message =
                        format!("{}: there is no Service {namespace}/{}", title(object), target.name);
                    out.add(object, &format!("spec.targetRefs[{i}].name"), message)
                        .help("the policy stands in the namespace of its Service");
                }
                continue;
            };
            let Some(section) = target.section_name.as_deref() else { continue };
            let ports = content.spec.as_ref().and_then(|spec| spec.ports.as_deref()).unwrap_or_default();
            let names: Vec<&str> = ports.iter().filter_map(|port| port.name.as_deref()).collect();
            if names.contains(&section) {
                continue;
            }
            let message = format!("{}: {} has no port named `{section}`", title(object), title(service));
            let path = format!("spec.targetRefs[{i}].sectionName");
            let finding = out.add(object, &path, message);
            finding
                .help(match names.is_empty() {
                    true => "its ports have no names: name the port, or leave `sectionName` out".to_owned(),
                    false => format!("its ports are named {}", list_of(&names)),
                })
                .related(service, "spec.ports", "the ports of the Service");
            let numbered = ports.iter().find(|port| section.parse() == Ok(port.port));
            if let Some(name) = numbered.and_then(|port| port.name.as_deref()) {
                let fix = Fix::safe(format!("write `{name}`, the name of port {section}"));
                finding.fix(fix.set_text(object, &path, name));
            }
        }
    }
}
