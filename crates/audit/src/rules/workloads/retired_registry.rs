//! WL013: an image from a registry that is no longer kept.
use netloom_objects::Severity;

use crate::{Context, Findings, Fix, Group, Rule, rules::workloads::support::all_containers, words::title};

pub static RULE: Rule = Rule {
    code: "WL013",
    name: "retired-registry",
    group: Group::Reliability,
    severity: Severity::Warning,
    finds: "An image from `k8s.gcr.io`, or another registry that its project has left.",
    why: "`k8s.gcr.io` is frozen since April 2023 and kept only as a redirect for as long as it lasts: versions \
          after that are not there, and what is there may go. Pods that are moved to a new node then do not start.",
    wrong: "\
apiVersion: v1
kind: Pod
metadata:
  name: hold
spec:
  containers:
    - name: hold
      image: k8s.gcr.io/pause:3.9
",
    right: "\
apiVersion: v1
kind: Pod
metadata:
  name: hold
spec:
  containers:
    - name: hold
      image: registry.k8s.io/pause:3.9
",
    closed: false,
    check,
};

const RETIRED: [(&str, &str); 4] = [
    ("k8s.gcr.io/", "registry.k8s.io/"),
    ("gcr.io/google_containers/", "registry.k8s.io/"),
    ("gcr.io/google-containers/", "registry.k8s.io/"),
    ("docker.pkg.github.com/", "ghcr.io/"),
];

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for workload in cx.workloads() {
        for (path, container) in all_containers(workload) {
            let Some(image) = container.image.as_deref() else { continue };
            let Some((old, new)) = RETIRED.iter().find(|(old, _)| image.starts_with(old)) else { continue };
            let message = format!(
                "{}: the image {image} of container {} is in a registry that is no longer kept",
                title(workload.object),
                container.name
            );
            let rest = image.strip_prefix(old).unwrap_or(image);
            let (path, image) = (format!("{path}.image"), format!("{new}{rest}"));
            let title = format!("write `{image}`");
            // registry.k8s.io has the same images under the same names; of the others the owner may be another.
            let fix =
                if new.starts_with("registry.k8s.io") { Fix::safe(title) } else { Fix::proposed(title) };
            out.add(workload.object, &path, message).fix(fix.set_text(workload.object, &path, &image));
        }
    }
}
