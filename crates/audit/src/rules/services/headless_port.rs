//! SV021: a headless Service whose port differs from the pods' port.
use netloom_objects::Severity;

use crate::{
    Context, Findings, Group, Rule,
    rules::services::support::{declared, protocol_of, services, target_name, target_number},
};

pub static RULE: Rule = Rule {
    code: "SV021",
    name: "headless-port",
    group: Group::Correctness,
    severity: Severity::Warning,
    finds: "A headless Service (`clusterIP: None`) with a `targetPort` other than its `port`.",
    why: "Its name resolves to the pods themselves, and nothing stands between that could translate: who connects \
          to `port` finds nothing there. kube-proxy does not handle headless Services.",
    wrong: "\
apiVersion: v1
kind: Service
metadata:
  name: ledger
spec:
  clusterIP: None
  selector: {app: ledger}
  ports:
    - name: http
      port: 80
      targetPort: 8080
",
    right: "\
apiVersion: v1
kind: Service
metadata:
  name: ledger
spec:
  clusterIP: None
  selector: {app: ledger}
  ports:
    - name: http
      port: 8080
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for service in services(cx).filter(|service| service.is_headless()) {
        for (path, port) in service.ports() {
            let number = match target_name(port) {
                None => target_number(port),
                Some(name) => {
                    let workloads = service.workloads(cx);
                    let mut numbers = workloads
                        .iter()
                        .flat_map(|w| declared(w))
                        .filter(|d| d.name == Some(name) && d.protocol == protocol_of(port))
                        .map(|d| d.number);
                    let first = numbers.next();
                    first.filter(|first| numbers.all(|other| other == *first))
                }
            };
            let Some(number) = number.filter(|number| *number != port.port) else { continue };
            let message = format!(
                "{} is headless, so that clients reach the pods themselves, and those have port {number}, not {}",
                service.title(),
                port.port
            );
            out.add(service.object, &format!("{path}.port"), message).help(format!(
                "write `port: {number}`, or give the Service an address by leaving `clusterIP: None` out"
            ));
        }
    }
}
