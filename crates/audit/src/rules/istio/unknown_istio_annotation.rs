//! IS080: an annotation or a label with a name of Istio that it does not have.
use netloom_objects::{Severity, edit_distance};

use super::annotations::{ANNOTATIONS, LABELS, written};
use crate::{Context, Findings, Fix, Group, Rule, words::title};

pub static RULE: Rule = Rule {
    code: "IS080",
    name: "unknown-istio-annotation",
    group: Group::Correctness,
    severity: Severity::Warning,
    finds: "An annotation or a label with Istio's domain whose name is nearly one that Istio reads; and (info) one \
            that is none of them at all.",
    why: "Nobody reads it, and nothing says so: the port that was to be excluded goes through the proxy (istioctl \
            analyze, IST0108).",
    wrong: "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata:
      labels: {app: web}
      annotations: {traffic.sidecar.istio.io/excludeOutboundPort: \"3306\"}
    spec: {containers: [{name: web, image: web:1}]}
",
    right: "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata:
      labels: {app: web}
      annotations: {traffic.sidecar.istio.io/excludeOutboundPorts: \"3306\"}
    spec: {containers: [{name: web, image: web:1}]}
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for one in written(cx) {
        let domain = one.key.split_once('/').map_or("", |(domain, _)| domain);
        // What Istio writes for itself has names that come and go.
        let is_internal =
            ["internal.istio.io", "install.operator.istio.io", "operator.istio.io"].contains(&domain);
        if one.known().is_some() || is_internal {
            continue;
        }
        let other = if one.is_label { ANNOTATIONS } else { LABELS };
        let elsewhere = other.iter().any(|known| known.key == one.key);
        let near = one
            .table()
            .iter()
            .map(|known| (edit_distance(&known.key.to_lowercase(), &one.key.to_lowercase()), known.key))
            .filter(|(distance, _)| *distance <= 3)
            .min();
        let what = one.what();
        let message = format!("{}: Istio has no {what} `{}`", title(one.object), one.key);
        let finding = out.add(one.object, &one.path, message);
        match near {
            Some((_, near)) => {
                finding.fix(Fix::proposed(format!("write `{near}`")).rename(one.object, &one.path, near));
            }
            None if elsewhere => {
                let instead = if one.is_label { "an annotation" } else { "a label" };
                finding.help(format!("Istio reads it as {instead}"));
            }
            None => {
                finding.severity(Severity::Info).help("see whether the version of Istio that runs has it");
            }
        }
    }
}
