//! SV034: annotations that the chosen load balancer of AWS does not read.
use netloom_objects::Severity;

use crate::{Context, Findings, Group, Rule, rules::services::support::services, words::entry};

pub static RULE: Rule = Rule {
    code: "SV034",
    name: "annotation-of-classic-balancer",
    group: Group::Correctness,
    severity: Severity::Warning,
    finds: "A Service with a Network Load Balancer of AWS and annotations that only Classic Load Balancers read \
            (`aws-load-balancer-backend-protocol: http`, connection draining, idle timeout), or a path for health checks \
            without `aws-load-balancer-healthcheck-protocol: http`.",
    why: "A Network Load Balancer passes TCP on and knows no HTTP; the annotation has no effect. Its health checks are TCP \
          unless said otherwise, and then the path is never asked: a pod that answers errors stays in (the annotations of \
          cloud-provider-aws and of the AWS Load Balancer Controller).",
    wrong: "\
apiVersion: v1
kind: Service
metadata:
  name: edge
  annotations:
    service.beta.kubernetes.io/aws-load-balancer-type: nlb
    service.beta.kubernetes.io/aws-load-balancer-backend-protocol: http
    service.beta.kubernetes.io/aws-load-balancer-healthcheck-path: /health
spec:
  type: LoadBalancer
  selector: {app: edge}
  ports: [{name: https, port: 443, targetPort: 8443}]
",
    right: "\
apiVersion: v1
kind: Service
metadata:
  name: edge
  annotations:
    service.beta.kubernetes.io/aws-load-balancer-type: nlb
    service.beta.kubernetes.io/aws-load-balancer-healthcheck-protocol: http
    service.beta.kubernetes.io/aws-load-balancer-healthcheck-path: /health
spec:
  type: LoadBalancer
  selector: {app: edge}
  ports: [{name: https, port: 443, targetPort: 8443}]
",
    closed: false,
    check,
};

const AWS: &str = "service.beta.kubernetes.io/aws-load-balancer-";

/// What only Classic Load Balancers read.
const CLASSIC: [&str; 4] = [
    "backend-protocol",
    "connection-draining-enabled",
    "connection-draining-timeout",
    "connection-idle-timeout",
];

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for service in services(cx).filter(|service| service.kind() == "LoadBalancer") {
        let annotation =
            |name: &str| service.object.annotations().get(&format!("{AWS}{name}")).map(String::as_str);
        let class = service.spec.load_balancer_class.as_deref();
        let is_network = matches!(annotation("type"), Some("nlb" | "nlb-ip" | "external"))
            || class.is_some_and(|class| class == "service.k8s.aws/nlb");
        if !is_network {
            continue;
        }
        let place = |name: &str| entry("metadata.annotations", &format!("{AWS}{name}"));
        for name in CLASSIC {
            // To pods that speak TLS the protocol is `ssl`, which the controller does read.
            let Some(value) = annotation(name).filter(|value| !matches!(*value, "ssl" | "tls" | "tcp"))
            else {
                continue;
            };
            let message = format!(
                "{}: a Network Load Balancer does not read `aws-load-balancer-{name}: {value}`",
                service.title()
            );
            out.add(service.object, &place(name), message)
                .help("remove it; an Application Load Balancer, by an Ingress, is what knows HTTP");
        }
        let asks = annotation("healthcheck-protocol")
            .is_some_and(|protocol| protocol.to_ascii_lowercase().starts_with("http"));
        if annotation("healthcheck-path").is_some() && !asks {
            let message =
                format!("{}: health checks are TCP, and the path for them is never asked", service.title());
            out.add(service.object, &place("healthcheck-path"), message)
                .help("add `service.beta.kubernetes.io/aws-load-balancer-healthcheck-protocol: http`");
        }
    }
}
