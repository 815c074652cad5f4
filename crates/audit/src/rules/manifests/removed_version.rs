//! MF201: a version of a kind that is not served any more.
use netloom_objects::Severity;

use crate::{
    Group, Rule,
    versions::{Fate, report},
};

pub static RULE: Rule = Rule {
    code: "MF201",
    name: "removed-version",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "An object in an apiVersion that the targeted version of Kubernetes (`--kube-version`), of Istio (`--istio-version`) or of another extension \
            does not serve any more. It is judged as its successor reads it.",
    why: "The API server answers `no matches for kind`, and the object is not applied; one that is there already stays, and an upgrade of the cluster \
          may stop at it. The table is in docs/versions.md.",
    wrong: "\
apiVersion: networking.k8s.io/v1beta1
kind: Ingress
metadata: {name: web}
spec:
  ingressClassName: traefik
  rules:
    - host: shop.acme.example
      http:
        paths:
          - path: /
            pathType: Prefix
            backend: {serviceName: web, servicePort: 80}
",
    right: "\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web}
spec:
  ingressClassName: traefik
  rules:
    - host: shop.acme.example
      http:
        paths:
          - path: /
            pathType: Prefix
            backend: {service: {name: web, port: {number: 80}}}
",
    closed: false,
    check: |cx, out| report(cx, out, &super::wanted(Fate::Removed, true), &|_, _, _, _| {}),
};
