//! SV016: ports on a Service that is only a name.
use netloom_objects::Severity;

use crate::{
    Context, Findings, Group, Rule,
    rules::services::support::{backends, is_meshed, services},
};

pub static RULE: Rule = Rule {
    code: "SV016",
    name: "external-name-ports",
    group: Group::Style,
    severity: Severity::Info,
    finds: "`ports` on a Service of type ExternalName that nothing reads. In a namespace of the mesh, only ports \
            without a name.",
    why: "An ExternalName is a CNAME record: clients connect to the name behind it, on the port that they choose, \
          and nothing translates one port to another. A port here looks as if it did. Only Istio reads it, to know \
          the protocol, and for that it needs a name such as `tcp-postgres`.",
    wrong: "\
apiVersion: v1
kind: Service
metadata:
  name: ledger
spec:
  type: ExternalName
  externalName: ledger.bank.example
  ports:
    - port: 5432
",
    right: "\
apiVersion: v1
kind: Service
metadata:
  name: ledger
spec:
  type: ExternalName
  externalName: ledger.bank.example
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let led_to = backends(cx);
    for service in services(cx).filter(|service| service.is_external_name()) {
        let meshed = is_meshed(cx, service.namespace);
        // Ingress controllers want a port to refer to.
        if led_to.contains_key(&(service.namespace, &*service.object.name)) {
            continue;
        }
        for (path, port) in service.ports() {
            let named = port.name.as_deref().is_some_and(|name| !name.is_empty());
            if named && meshed {
                continue;
            }
            let (message, help) = if meshed {
                (
                    format!(
                        "{}: only the mesh reads port {} of an ExternalName, and it has no name to tell the protocol",
                        service.title(),
                        port.port
                    ),
                    "name it by its protocol, such as `tcp-postgres` or `https`, or leave it out",
                )
            } else {
                (
                    format!(
                        "{}: port {} has no effect, because an ExternalName is only a CNAME",
                        service.title(),
                        port.port
                    ),
                    "leave it out; clients choose the port themselves",
                )
            };
            out.add(service.object, &path, message).help(help);
        }
    }
}
