//! SV032: two Services for the same pods on the same ports.
use std::collections::{BTreeSet, HashMap};

use netloom_objects::Severity;

use crate::{
    Context, Findings, Group, Rule,
    rules::services::support::{Svc, protocol_of, services},
};

pub static RULE: Rule = Rule {
    code: "SV032",
    name: "twin-services",
    group: Group::Style,
    severity: Severity::Info,
    finds: "Two Services of one namespace and type with the same selector, ports and labels.",
    why: "Clients, policies and monitors refer to one or the other, and whoever changes one forgets the other. \
          Pairs that controllers tell apart (blue and green, stable and canary) are left alone.",
    wrong: "\
apiVersion: v1
kind: Service
metadata:
  name: orders
spec:
  selector: {app: orders}
  ports:
    - {name: http, port: 80, targetPort: 8080}
---
apiVersion: v1
kind: Service
metadata:
  name: orders-service
spec:
  selector: {app: orders}
  ports:
    - {name: http, port: 80, targetPort: 8080}
",
    right: "\
apiVersion: v1
kind: Service
metadata:
  name: orders
spec:
  selector: {app: orders}
  ports:
    - {name: http, port: 80, targetPort: 8080}
",
    closed: false,
    check,
};

/// Parts of names of Services that a rollout's controller points at different pods.
const ROLLOUT: [&str; 7] = ["active", "preview", "canary", "stable", "blue", "green", "baseline"];

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let mut seen: HashMap<_, Svc<'_>> = HashMap::new();
    for service in services(cx) {
        let name = &*service.object.name;
        let told_apart = name.split('-').any(|part| ROLLOUT.contains(&part));
        let Some(selector) = service.selector().filter(|_| !told_apart) else { continue };
        let ports: BTreeSet<_> = service
            .ports()
            .map(|(_, port)| (port.port, protocol_of(port), format!("{:?}", port.target_port)))
            .collect();
        let spec = service.spec;
        // Whatever else differs is a reason to have two.
        let rest = (
            service.kind(),
            service.is_headless(),
            spec.session_affinity.as_deref(),
            spec.external_traffic_policy.as_deref(),
            spec.internal_traffic_policy.as_deref(),
            spec.traffic_distribution.as_deref(),
            spec.publish_not_ready_addresses,
            (spec.ip_families.as_deref(), spec.load_balancer_class.as_deref()),
        );
        let known = (service.object.labels(), service.object.annotations());
        let Some(first) = seen.insert((service.namespace, selector, ports, rest, known), service) else {
            continue;
        };
        let message = format!(
            "{} is the same as Service {}: same pods, same ports",
            service.title(),
            first.object.name
        );
        out.add(service.object, "metadata.name", message)
            .help(
                "keep one; where the other name has to stay, make it an ExternalName or say why in a comment",
            )
            .related(first.object, "metadata.name", "the other one");
    }
}
