//! SV023: a field or annotation that has a successor.
use netloom_objects::Severity;

use crate::{
    Context, Findings, Fix, Group, Rule,
    versions::{graver, report},
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

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    report(cx, out, &|change, _| change.by == Some(RULE.code), &|finding, object, path, fate| {
        graver(finding, fate, Severity::Warning);
        if path == "spec.trafficDistribution" {
            finding.fix(Fix::safe("write `PreferSameZone`").set(object, path, "PreferSameZone"));
        }
    });
}
