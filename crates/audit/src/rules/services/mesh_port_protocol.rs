//! SV007: in a namespace of the mesh, a port does not say which protocol it speaks.
use netloom_objects::Severity;

use crate::{
    Context, Findings, Group, Rule,
    rules::services::support::{is_meshed, protocol_of, services},
};

pub static RULE: Rule = Rule {
    code: "SV007",
    name: "mesh-port-protocol",
    group: Group::Correctness,
    severity: Severity::Info,
    finds: "In a namespace whose pods get Istio's sidecar, a TCP port whose name does not begin with a protocol \
            that Istio knows and that has no `appProtocol`. A warning where the port is one of a protocol in which \
            the server speaks first.",
    why: "Istio then guesses from the first bytes that the client sends. That cannot work where the server speaks \
          first (MySQL, SMTP): the proxy waits, and so does the client. Elsewhere it means no HTTP routing, \
          retries or metrics until it has guessed right. See \"Protocol Selection\" in Istio's documentation.",
    wrong: "\
apiVersion: v1
kind: Namespace
metadata:
  name: shop
  labels: {istio-injection: enabled}
---
apiVersion: v1
kind: Service
metadata:
  name: database
  namespace: shop
spec:
  selector: {app: database}
  ports:
    - name: main
      port: 3306
",
    right: "\
apiVersion: v1
kind: Namespace
metadata:
  name: shop
  labels: {istio-injection: enabled}
---
apiVersion: v1
kind: Service
metadata:
  name: database
  namespace: shop
spec:
  selector: {app: database}
  ports:
    - name: tcp-main
      port: 3306
",
    closed: false,
    check,
};

const PROTOCOLS: [&str; 13] = [
    "http", "http2", "https", "tcp", "tls", "grpc", "grpc-web", "mongo", "mysql", "redis", "udp", "auto",
    "hbone",
];

/// Ports of protocols in which the server speaks first; Istio takes some of them for TCP by their number.
const SERVER_FIRST: [(i32, &str); 6] =
    [(21, "FTP"), (22, "SSH"), (110, "POP3"), (143, "IMAP"), (587, "SMTP"), (3306, "MySQL")];

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for service in services(cx).filter(|service| !service.is_external_name()) {
        if !is_meshed(cx, service.namespace) {
            continue;
        }
        for (path, port) in service.ports() {
            if protocol_of(port) != "TCP" || port.app_protocol.is_some() {
                continue;
            }
            let name = port.name.as_deref().unwrap_or_default();
            if is_known(name) {
                continue;
            }
            let first = SERVER_FIRST.iter().find(|(number, _)| *number == port.port);
            // A port without a name has a rule of its own, unless its protocol cannot be guessed.
            if name.is_empty() && first.is_none() {
                continue;
            }
            let consequence = match first {
                Some((_, protocol)) => format!(
                    "and on {} that is most likely {protocol}, where the server speaks first and there is nothing to guess from",
                    port.port
                ),
                None => "so Istio guesses it from the first bytes".to_owned(),
            };
            let said = match name {
                "" => "has no name".to_owned(),
                name => format!("is named `{name}`"),
            };
            let message = format!(
                "{}: port {} {said}, which says no protocol, {consequence}",
                service.title(),
                port.port
            );
            let field = if name.is_empty() { path } else { format!("{path}.name") };
            let finding = out.add(service.object, &field, message);
            finding.help(match name {
                "" => "name it `tcp-…`, or set `appProtocol: tcp`".to_owned(),
                name if first.is_some() => format!("name it `tcp-{name}`, or set `appProtocol: tcp`"),
                name => format!("name it `http-{name}`, `grpc-{name}` or `tcp-{name}`, or set `appProtocol`"),
            });
            if first.is_some() {
                finding.severity(Severity::Warning);
            }
        }
    }
}

/// Whether a port's name is a protocol, or begins with one and a dash.
fn is_known(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    PROTOCOLS.iter().any(|protocol| {
        name.strip_prefix(protocol).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    })
}
