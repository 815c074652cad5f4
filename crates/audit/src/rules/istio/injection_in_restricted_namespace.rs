//! IS049: sidecars are injected where their init container is refused.
use netloom_objects::Severity;

use super::support::{Mesh, label_path, mesh_namespaces};
use crate::{Context, Findings, Group, Rule};

pub static RULE: Rule = Rule {
    code: "IS049",
    name: "injection-in-restricted-namespace",
    group: Group::Correctness,
    severity: Severity::Warning,
    finds: "A namespace with sidecar injection that enforces the Pod Security Standard `restricted` or `baseline`, unless \
            the set has Istio's CNI plugin. An error where the set is complete, so that there is none.",
    why: "The injected container istio-init sets up iptables: it runs as root with NET_ADMIN and NET_RAW, which both \
          standards refuse. No pod of the namespace is created any more (Istio's guide Install the Istio CNI node agent; \
          Pod Security Standards, Capabilities).",
    wrong: "\
apiVersion: v1
kind: Namespace
metadata:
  name: shop
  labels:
    istio-injection: enabled
    pod-security.kubernetes.io/enforce: restricted
",
    right: "\
apiVersion: v1
kind: Namespace
metadata:
  name: shop
  labels:
    istio.io/dataplane-mode: ambient
    pod-security.kubernetes.io/enforce: restricted
",
    closed: false,
    check,
};

const ENFORCE: &str = "pod-security.kubernetes.io/enforce";

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let has_cni = cx.workloads().iter().any(|workload| {
        workload
            .spec
            .containers
            .iter()
            .any(|c| c.image.as_deref().is_some_and(|image| image.contains("install-cni")))
            || workload.object.name.starts_with("istio-cni")
    });
    if has_cni {
        return;
    }
    for (object, mesh, label) in mesh_namespaces(cx) {
        let Some(level) =
            object.labels().get(ENFORCE).filter(|level| matches!(&***level, "restricted" | "baseline"))
        else {
            continue;
        };
        if mesh != Mesh::Sidecar {
            continue;
        }
        let message = format!(
            "namespace {} enforces `{level}`, which refuses the injected istio-init (NET_ADMIN, NET_RAW, root): no pod starts",
            object.name
        );
        let finding = out.add(object, &label_path(ENFORCE), message);
        finding.related(object, &label_path(label), "sidecars are injected here");
        if cx.is_closed("DaemonSet", None) {
            finding.severity(Severity::Error);
        }
        finding.help(format!(
            "install Istio's CNI plugin, which makes istio-init unnecessary, or use ambient (`{}: ambient`)",
            super::support::DATAPLANE
        ));
    }
}
