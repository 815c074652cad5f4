//! SV031: a Service with an address that also sends traffic to pods that are not ready.
use netloom_objects::Severity;

use crate::{Context, Findings, Group, Rule, rules::services::support::services};

pub static RULE: Rule = Rule {
    code: "SV031",
    name: "unready-published",
    group: Group::Reliability,
    severity: Severity::Warning,
    finds: "`publishNotReadyAddresses: true` on a Service that is neither headless nor for one pod.",
    why: "The field is for headless Services whose pods have to find each other before they are ready. Behind a \
          virtual address it means that connections go to pods whose readiness probe fails: those that start, and \
          those that are stuck. A Service for one pod of a StatefulSet (`statefulset.kubernetes.io/pod-name`) gives that \
          pod a lasting address, which its peers need before it is ready.",
    wrong: "\
apiVersion: v1
kind: Service
metadata:
  name: ledger
spec:
  selector: {app: ledger}
  publishNotReadyAddresses: true
  ports:
    - {name: tcp-ledger, port: 7000}
",
    right: "\
apiVersion: v1
kind: Service
metadata:
  name: ledger
spec:
  clusterIP: None
  selector: {app: ledger}
  publishNotReadyAddresses: true
  ports:
    - {name: tcp-ledger, port: 7000}
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for service in services(cx) {
        let publishes = service.spec.publish_not_ready_addresses == Some(true);
        let Some(selector) = service.selector() else { continue };
        let is_for_one_pod = selector.contains_key("statefulset.kubernetes.io/pod-name")
            || selector.contains_key("apps.kubernetes.io/pod-index");
        if !publishes || service.is_headless() || is_for_one_pod {
            continue;
        }
        let message = format!("{} sends connections to pods that are not ready", service.title());
        out.add(service.object, "spec.publishNotReadyAddresses", message).help(
            "leave it out here; peers that look for each other use a headless Service (`clusterIP: None`)",
        );
    }
}
