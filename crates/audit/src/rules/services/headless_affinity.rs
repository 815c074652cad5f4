//! SV022: a setting of kube-proxy on a Service that kube-proxy does not handle.
use netloom_objects::Severity;

use crate::{Context, Findings, Group, Rule, rules::services::support::services};

pub static RULE: Rule = Rule {
    code: "SV022",
    name: "headless-affinity",
    group: Group::Correctness,
    severity: Severity::Warning,
    finds: "`sessionAffinity: ClientIP`, `internalTrafficPolicy: Local` or `trafficDistribution` on a headless \
            Service.",
    why: "These choose among the endpoints behind a virtual address. A headless Service has none: its name gives \
          all endpoints, and the client chooses.",
    wrong: "\
apiVersion: v1
kind: Service
metadata:
  name: ledger
spec:
  clusterIP: None
  selector: {app: ledger}
  sessionAffinity: ClientIP
  ports:
    - {name: grpc, port: 50051}
",
    right: "\
apiVersion: v1
kind: Service
metadata:
  name: ledger
spec:
  selector: {app: ledger}
  sessionAffinity: ClientIP
  ports:
    - {name: grpc, port: 50051}
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for service in services(cx).filter(|service| service.is_headless()) {
        let spec = service.spec;
        let fields = [
            ("sessionAffinity", spec.session_affinity.as_deref().filter(|value| *value == "ClientIP")),
            (
                "internalTrafficPolicy",
                spec.internal_traffic_policy.as_deref().filter(|value| *value == "Local"),
            ),
            ("trafficDistribution", spec.traffic_distribution.as_deref()),
        ];
        for (field, value) in fields {
            let Some(value) = value else { continue };
            let message = format!(
                "{}: `{field}: {value}` has no effect, because the Service is headless and clients choose among its pods themselves",
                service.title()
            );
            out.add(service.object, &format!("spec.{field}"), message)
                .help(format!("leave `{field}` out, or `clusterIP: None`"))
                .related(service.object, "spec.clusterIP", "headless by this");
        }
    }
}
