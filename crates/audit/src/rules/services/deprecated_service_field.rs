//! SV023: a field or annotation that has a successor.
use netloom_objects::Severity;

use crate::{
    Context, Findings, Fix, Group, Rule, Version,
    rules::services::support::{entry, services},
};

pub static RULE: Rule = Rule {
    code: "SV023",
    name: "deprecated-service-field",
    group: Group::Style,
    severity: Severity::Info,
    finds: "`loadBalancerIP`, `trafficDistribution: PreferClose`, and annotations of Services that the targeted \
            version of Kubernetes has deprecated or no longer reads.",
    why: "`loadBalancerIP` was never the same in two clouds and is deprecated since 1.24; topology hints by \
          annotation gave way to `trafficDistribution` (1.31), whose `PreferClose` is named `PreferSameZone` since \
          1.34; `tolerate-unready-endpoints` is not read since 1.24.",
    wrong: "\
apiVersion: v1
kind: Service
metadata:
  name: rates
  annotations:
    service.kubernetes.io/topology-mode: Auto
spec:
  selector: {app: rates}
  ports:
    - {name: http, port: 80, targetPort: 8080}
",
    right: "\
apiVersion: v1
kind: Service
metadata:
  name: rates
spec:
  selector: {app: rates}
  trafficDistribution: PreferSameZone
  ports:
    - {name: http, port: 80, targetPort: 8080}
",
    closed: false,
    check,
};

/// Annotations: since when they are deprecated, what takes their place, and whether they still do something.
const ANNOTATIONS: [(&str, Version, &str, bool); 4] = [
    (
        "service.kubernetes.io/topology-mode",
        Version::new(1, 31),
        "write `trafficDistribution: PreferSameZone` into the spec",
        true,
    ),
    (
        "service.kubernetes.io/topology-aware-hints",
        Version::new(1, 27),
        "write `trafficDistribution: PreferSameZone` into the spec",
        true,
    ),
    (
        "service.alpha.kubernetes.io/tolerate-unready-endpoints",
        Version::new(1, 11),
        "write `publishNotReadyAddresses: true` into the spec",
        false,
    ),
    (
        "service.beta.kubernetes.io/external-traffic",
        Version::new(1, 7),
        "write `externalTrafficPolicy: Local` into the spec",
        false,
    ),
];

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let version = cx.kube_version();
    for service in services(cx) {
        for (key, since, help, works) in ANNOTATIONS {
            if version < since || !service.object.annotations().contains_key(key) {
                continue;
            }
            let fate = if works { "is deprecated" } else { "is no longer read" };
            let message = format!("{}: annotation {key} {fate}", service.title());
            let finding = out.add(service.object, &entry("metadata.annotations", key), message);
            finding.help(help);
            if !works {
                finding.severity(Severity::Warning);
            }
        }
        if service.spec.load_balancer_ip.as_deref().is_some_and(|ip| !ip.is_empty())
            && version >= Version::new(1, 24)
        {
            let message = format!(
                "{}: `loadBalancerIP` is deprecated, and what it does depends on the cloud",
                service.title()
            );
            out.add(service.object, "spec.loadBalancerIP", message)
                .help("ask for the address by the annotation of the load balancer's implementation");
        }
        if service.spec.traffic_distribution.as_deref() == Some("PreferClose")
            && version >= Version::new(1, 34)
        {
            let message = format!("{}: `PreferClose` is the old name of `PreferSameZone`", service.title());
            const PATH: &str = "spec.trafficDistribution";
            out.add(service.object, PATH, message)
                .help("the two mean the same")
                .fix(Fix::safe("write `PreferSameZone`").set(service.object, PATH, "PreferSameZone"));
        }
    }
}
