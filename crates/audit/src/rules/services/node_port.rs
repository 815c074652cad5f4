//! SV033: a Service of type NodePort for pods that are no proxy.
use netloom_objects::Severity;

use crate::{Context, Findings, Group, Rule, rules::services::support::services, words::list_of};

pub static RULE: Rule = Rule {
    code: "SV033",
    name: "node-port",
    group: Group::Security,
    severity: Severity::Info,
    finds: "A Service of type NodePort that has no port for TLS. Silent for one that a load balancer outside of the \
            cluster feeds by its design, a proxy with HTTPS.",
    why: "It opens a port on every address of every node, those on the internet too, past the Ingress or Gateway \
          where TLS, authentication and limits are. It is good for development; in production a ClusterIP behind \
          an Ingress, a Gateway or a LoadBalancer serves the same clients.",
    wrong: "\
apiVersion: v1
kind: Service
metadata:
  name: reports
spec:
  type: NodePort
  selector: {app: reports}
  ports:
    - {name: http, port: 80, targetPort: 8080}
",
    right: "\
apiVersion: v1
kind: Service
metadata:
  name: reports
spec:
  selector: {app: reports}
  ports:
    - {name: http, port: 80, targetPort: 8080}
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for service in services(cx).filter(|service| service.kind() == "NodePort") {
        let ports: Vec<_> = service.ports().map(|(_, port)| port).collect();
        let secure = ports.iter().any(|port| {
            port.port == 443
                || port.name.as_deref().is_some_and(|name| name.contains("https") || name.contains("tls"))
        });
        if secure || ports.is_empty() {
            continue;
        }
        let numbers: Vec<String> = ports.iter().map(|port| port.port.to_string()).collect();
        let message = format!(
            "{} opens port {} on every node, past whatever guards the edge",
            service.title(),
            list_of(&numbers)
        );
        out.add(service.object, "spec.type", message)
            .help("make it `type: ClusterIP` behind an Ingress or a Gateway");
    }
}
