//! MF012: a kustomization or chart that is not applied.
use netloom_objects::Severity;

use crate::{Group, Rule};

pub static RULE: Rule = Rule {
    code: "MF012",
    name: "not-applied",
    group: Group::Correctness,
    severity: Severity::Warning,
    finds: "A kustomization that changes objects, or the description of a Helm chart, among manifests that are read as they are.",
    why: "The objects are judged without the changes that it makes. Build it first, or give the folder itself, where `kustomize` or `helm` is \
          installed.",
    wrong: "\
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources: [web.yaml]
namePrefix: shop-
",
    right: "\
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources: [web.yaml]
",
    closed: false,
    // The findings come from reading.
    check: |_, _| {},
};
