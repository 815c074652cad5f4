//! DN006: a pod's own name hangs on a Service that cannot give it.
use netloom_objects::Severity;

use crate::{Context, Findings, Group, Rule, rules::services::support::find_service, words::title};

pub static RULE: Rule = Rule {
    code: "DN006",
    name: "subdomain-without-service",
    group: Group::Correctness,
    severity: Severity::Warning,
    finds: "A pod with `hostname` and `subdomain`, where the Service that the subdomain names is not headless or \
            does not select the pod; where the Services of the namespace are known to be complete, also where \
            there is none.",
    why: "`HOSTNAME.SUBDOMAIN.NAMESPACE.svc` comes from the endpoints of a headless Service with the name of the \
          subdomain. Without it the pod knows its name and nobody else does.",
    wrong: "\
apiVersion: v1
kind: Pod
metadata:
  name: primary
  labels: {app: ledger}
spec:
  hostname: primary
  subdomain: ledgers
  containers: [{name: ledger, image: \"registry.example/ledger:4.0\"}]
---
apiVersion: v1
kind: Service
metadata:
  name: ledger
spec:
  clusterIP: None
  selector: {app: ledger}
  ports: [{name: tcp-ledger, port: 7000}]
",
    right: "\
apiVersion: v1
kind: Pod
metadata:
  name: primary
  labels: {app: ledger}
spec:
  hostname: primary
  subdomain: ledger
  containers: [{name: ledger, image: \"registry.example/ledger:4.0\"}]
---
apiVersion: v1
kind: Service
metadata:
  name: ledger
spec:
  clusterIP: None
  selector: {app: ledger}
  ports: [{name: tcp-ledger, port: 7000}]
",
    closed: true,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for workload in cx.workloads() {
        let (Some(host), Some(subdomain)) = (&workload.spec.hostname, &workload.spec.subdomain) else {
            continue;
        };
        let namespace = workload.namespace();
        let service = find_service(cx, namespace, subdomain);
        let (fault, help) = match service {
            None if cx.is_closed("Service", Some(namespace)) => (
                format!("there is no Service {subdomain}"),
                format!("add a headless Service {subdomain} that selects the pod"),
            ),
            None => continue,
            Some(service) if !service.is_headless() => (
                format!("Service {subdomain} is not headless"),
                "set `clusterIP: None` on the Service".to_owned(),
            ),
            Some(service) => match service.selector() {
                Some(selector)
                    if selector.iter().any(|(key, value)| workload.labels().get(key) != Some(value)) =>
                {
                    (
                        format!("Service {subdomain} does not select it"),
                        "select by the pod's labels".to_owned(),
                    )
                }
                _ => continue,
            },
        };
        let message = format!(
            "{}: {host}.{subdomain}.{namespace}.svc does not resolve, because {fault}",
            title(workload.object)
        );
        let finding = out.add(workload.object, &workload.path("spec.subdomain"), message);
        finding.help(help);
        if let Some(service) = service {
            finding.related(service.object, "spec", "this Service");
        }
    }
}
