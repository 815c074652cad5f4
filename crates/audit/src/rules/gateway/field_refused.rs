//! GW042: a field that the schema of Gateway API refuses.
use netloom_objects::Severity;

use super::support::GROUP;
use crate::{
    Group, Rule,
    constraints::{GATEWAY, check},
};

pub static RULE: Rule = Rule {
    code: "GW042",
    name: "field-refused",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "A field of a kind of Gateway API that is missing though it is required, or has a value that the kind's schema does not \
            take: a word that is none of those that there are, a name of the wrong form, a number out of its range, a list that is \
            too long or has an entry twice.",
    why: "The API server checks the schemas of the CRDs when an object is applied, and refuses it (config/crd of \
          kubernetes-sigs/gateway-api).",
    wrong: "\
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: edge, namespace: edge}
spec:
  gatewayClassName: public
  listeners:
    - {name: http, port: 80, protocol: HTTP, allowedRoutes: {namespaces: {from: all}}}
",
    right: "\
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {name: edge, namespace: edge}
spec:
  gatewayClassName: public
  listeners:
    - {name: http, port: 80, protocol: HTTP, allowedRoutes: {namespaces: {from: All}}}
",
    closed: false,
    check: |cx, out| check(cx, out, GROUP, GATEWAY),
};
