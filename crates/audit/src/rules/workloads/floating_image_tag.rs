//! WL012: an image whose content may change under its name.
use netloom_objects::Severity;

use crate::{Context, Findings, Group, Rule, rules::workloads::support::all_containers, words::title};

pub static RULE: Rule = Rule {
    code: "WL012",
    name: "floating-image-tag",
    group: Group::Reliability,
    severity: Severity::Info,
    finds: "An image with the tag `latest`, or with neither tag nor digest.",
    why: "Which content a pod runs then depends on when its node pulled it. Pods of one Service may answer \
          differently, and there is no way back to the release before.",
    wrong: "\
apiVersion: v1
kind: Pod
metadata:
  name: probe
spec:
  containers:
    - name: probe
      image: registry.example/probe:latest
",
    right: "\
apiVersion: v1
kind: Pod
metadata:
  name: probe
spec:
  containers:
    - name: probe
      image: registry.example/probe:1.8.0
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for workload in cx.workloads() {
        for (path, container) in all_containers(workload) {
            let Some(image) = container.image.as_deref().filter(|image| !image.is_empty()) else { continue };
            // A template's placeholder is filled in by another tool.
            if image.contains('@') || image.contains(['$', '{', '<']) {
                continue;
            }
            let last = image.rsplit('/').next().unwrap_or(image);
            let said = match last.split_once(':') {
                None => "has no tag, which means `latest`",
                Some((_, "latest")) => "floats: `latest` is another image tomorrow",
                Some(_) => continue,
            };
            let message = format!(
                "{}: the image {image} of container {} {said}",
                title(workload.object),
                container.name
            );
            out.add(workload.object, &format!("{path}.image"), message)
                .help("name a version, or better the digest (`@sha256:…`)");
        }
    }
}
