//! SV012: a node port is chosen by hand.
use netloom_objects::Severity;

use crate::{
    Context, Findings, Group, Rule,
    rules::services::support::{Svc, services},
};

pub static RULE: Rule = Rule {
    code: "SV012",
    name: "fixed-node-port",
    group: Group::Style,
    severity: Severity::Info,
    finds: "A `nodePort` or `healthCheckNodePort` that the manifest chooses. It tells apart the lower part of the \
            default range, which Kubernetes leaves to such choices, from the rest, which it hands out itself.",
    why: "Every Service of the cluster shares these ports. A number that another Service got first is refused, \
          which one that is depends on the order, and the same manifest cannot be applied twice. Since Kubernetes \
          1.29 numbers up to 30085 are handed out only when the others have run out (KEP-3668).",
    wrong: "\
apiVersion: v1
kind: Service
metadata:
  name: storefront
spec:
  type: NodePort
  selector: {app: storefront}
  ports:
    - name: http
      port: 80
      nodePort: 31180
",
    right: "\
apiVersion: v1
kind: Service
metadata:
  name: storefront
spec:
  type: NodePort
  selector: {app: storefront}
  ports:
    - name: http
      port: 80
",
    closed: false,
    check,
};

/// The part of the default range that is left to choices by hand: `min(max(16, size / 32), 128)` ports of it.
const STATIC: std::ops::RangeInclusive<i32> = 30000..=30085;

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    // In a dump of a cluster every number is written, whoever chose it.
    for service in services(cx).filter(|service| service.object.metadata().uid.is_none()) {
        for (path, port) in service.ports() {
            if let Some(number) = port.node_port.filter(|number| *number != 0) {
                report(&service, &format!("{path}.nodePort"), "nodePort", number, out);
            }
        }
        if let Some(number) = service.spec.health_check_node_port.filter(|number| *number != 0) {
            report(&service, "spec.healthCheckNodePort", "healthCheckNodePort", number, out);
        }
    }
}

fn report(service: &Svc<'_>, path: &str, field: &str, number: i32, out: &mut Findings<'_>) {
    let (why, help) = if STATIC.contains(&number) {
        (
            "another Service that chooses the same number is refused",
            format!("leave `{field}` out unless something outside of the cluster has to know the number"),
        )
    } else {
        (
            "Kubernetes may have given it to another Service before this one is applied",
            format!(
                "leave `{field}` out, or choose one of 30000 to 30085, which are kept for choices by hand"
            ),
        )
    };
    out.add(service.object, path, format!("{} chooses {field} {number} by hand: {why}", service.title()))
        .help(help);
}
