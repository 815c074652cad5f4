//! IS065: a field that Istio's validation refuses.
use netloom_objects::Severity;

use crate::{
    Group, Rule,
    constraints::{ENVOY_FILTER, ISTIO_NETWORKING, ISTIO_SECURITY, TELEMETRIES, WASM_PLUGIN, check},
};

pub static RULE: Rule = Rule {
    code: "IS065",
    name: "istio-field-refused",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "A field of one of Istio's kinds that is missing though it is required, that stands beside another one which it excludes, \
            or that has a value which is not taken: a word that is none of those that there are, a duration of no time, a number out \
            of its range.",
    why: "The schemas of the CRDs and Istio's webhook refuse the object when it is applied. Where the webhook is away, for an \
          upgrade or by `failurePolicy: Ignore`, istiod drops what it cannot use, and the proxies keep what they had \
          (pkg/config/validation of istio/istio).",
    wrong: "\
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: events, namespace: shop}
spec:
  hosts: [events]
  http:
    - timeout: 0s
      route:
        - destination: {host: events}
",
    right: "\
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: events, namespace: shop}
spec:
  hosts: [events]
  http:
    - timeout: 86400s
      route:
        - destination: {host: events}
",
    closed: false,
    check: |cx, out| {
        check(cx, out, "networking.istio.io", ISTIO_NETWORKING);
        check(cx, out, "networking.istio.io", ENVOY_FILTER);
        check(cx, out, "security.istio.io", ISTIO_SECURITY);
        check(cx, out, "telemetry.istio.io", TELEMETRIES);
        check(cx, out, "extensions.istio.io", WASM_PLUGIN);
    },
};
