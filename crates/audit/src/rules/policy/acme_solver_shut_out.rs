//! NP037: a default deny shuts off the pods that answer ACME challenges.
use std::collections::BTreeMap;

use k8s_openapi::api::networking::v1::Ingress;
use netloom_cluster::Protocol;
use netloom_objects::{
    Object, Severity,
    cert_manager::{Certificate, ClusterIssuer, Issuer, IssuerSpec},
};

use super::support::{View, has_foreign_policies, is_compatible, opens};
use crate::{Context, Findings, Group, Rule};

pub static RULE: Rule = Rule {
    code: "NP037",
    name: "acme-solver-shut-out",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "An Issuer or ClusterIssuer that proves names over HTTP (`http01`), used in a namespace whose default \
          deny also shuts off the pods that cert-manager starts there to answer the challenge.",
    why: "The solver's pods carry the label `acme.cert-manager.io/http01-solver: \"true\"` and listen on 8089 \
          (cert-manager documentation, HTTP01). A default deny selects them like all others; the challenge \
          stays pending and the certificate is never issued, or not renewed.",
    wrong: "\
apiVersion: cert-manager.io/v1
kind: ClusterIssuer
metadata: {name: public}
spec:
  acme:
    server: https://acme-v02.api.letsencrypt.org/directory
    email: ops@shop.example.org
    privateKeySecretRef: {name: public-account}
    solvers:
      - http01:
          ingress: {ingressClassName: nginx}
---
apiVersion: cert-manager.io/v1
kind: Certificate
metadata: {name: shop, namespace: shop}
spec:
  secretName: shop-tls
  issuerRef: {name: public, kind: ClusterIssuer}
  dnsNames: [shop.example.org]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: default-deny, namespace: shop}
spec:
  podSelector: {}
  policyTypes: [Ingress, Egress]
",
    right: "\
apiVersion: cert-manager.io/v1
kind: ClusterIssuer
metadata: {name: public}
spec:
  acme:
    server: https://acme-v02.api.letsencrypt.org/directory
    email: ops@shop.example.org
    privateKeySecretRef: {name: public-account}
    solvers:
      - http01:
          ingress: {ingressClassName: nginx}
---
apiVersion: cert-manager.io/v1
kind: Certificate
metadata: {name: shop, namespace: shop}
spec:
  secretName: shop-tls
  issuerRef: {name: public, kind: ClusterIssuer}
  dnsNames: [shop.example.org]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: default-deny, namespace: shop}
spec:
  podSelector: {}
  policyTypes: [Ingress, Egress]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: acme, namespace: shop}
spec:
  podSelector: {matchLabels: {acme.cert-manager.io/http01-solver: \"true\"}}
  policyTypes: [Ingress]
  ingress:
    - from:
        - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: ingress-nginx}}
      ports:
        - port: 8089
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let index = cx.policy_index();
    if index.policies.is_empty() {
        return;
    }
    let mut issuers: BTreeMap<(Option<&str>, &str), (&Object, &IssuerSpec)> = BTreeMap::new();
    for (object, issuer) in cx.all::<ClusterIssuer>() {
        issuers.insert((None, &object.name), (object, &issuer.spec));
    }
    for (object, issuer) in cx.all::<Issuer>() {
        issuers.insert((object.reference.namespace.as_deref(), &object.name), (object, &issuer.spec));
    }
    let mut uses: BTreeMap<(&str, Option<&str>, &str), &Object> = BTreeMap::new();
    for (object, certificate) in cx.all::<Certificate>() {
        let Some(home) = object.reference.namespace.as_deref() else { continue };
        let issuer = &certificate.spec.issuer_ref;
        let place = (issuer.kind.as_deref() != Some("ClusterIssuer")).then_some(home);
        uses.entry((home, place, &issuer.name)).or_insert(object);
    }
    for (object, _) in cx.all::<Ingress>() {
        let Some(home) = object.reference.namespace.as_deref() else { continue };
        for (annotation, place) in
            [("cert-manager.io/cluster-issuer", None), ("cert-manager.io/issuer", Some(home))]
        {
            if let Some(name) = object.annotations().get(annotation) {
                uses.entry((home, place, name)).or_insert(object);
            }
        }
    }
    for ((home, place, name), user) in uses {
        let Some((object, spec)) = issuers.get(&(place, name)) else { continue };
        let solvers = spec.acme.iter().flat_map(|acme| acme.solvers.iter());
        let Some(solver) = solvers.into_iter().position(|solver| solver.http01.is_some()) else { continue };
        let Some(deny) = shut(cx, home) else { continue };
        let message = format!(
            "{} {name} answers challenges from pods in namespace {home}, which its policies shut off: nothing reaches port {SOLVER} there",
            object.kind
        );
        out.add(object, &format!("spec.acme.solvers[{solver}].http01"), message)
            .related(deny.object, "spec.podSelector", "this policy selects the solver's pods too")
            .related(user, "metadata.name", "uses it")
            .help(format!(
                "admit the ingress controller on {SOLVER} to pods with acme.cert-manager.io/http01-solver=true"
            ));
    }
}

/// The port that the solver listens on.
const SOLVER: u16 = 8089;

/// The policy that isolates the solver's pods of a namespace, if no other opens their port to anyone.
fn shut<'c>(cx: &'c Context<'_>, home: &str) -> Option<&'c View<'c>> {
    let index = cx.policy_index();
    let labels = BTreeMap::from([("acme.cert-manager.io/http01-solver".to_owned(), "true".to_owned())]);
    if has_foreign_policies(cx, home) {
        return None;
    }
    let mut selecting = index
        .views_of(home)
        .filter(|view| view.policy.ingress.is_some() && view.policy.subject.pods.matches(&labels));
    let admits =
        |view: &View<'_>| view.policy.ingress.iter().flatten().any(|rule| opens(rule, Protocol::Tcp, SOLVER));
    let deny = selecting.next().filter(|view| !admits(view))?;
    // One that asks for labels besides the solver's is about pods that cert-manager makes as well.
    let also = |view: &View<'_>| {
        let selector = &view.policy.subject.pods;
        selector.requirements.iter().any(|r| r.key.starts_with("acme.cert-manager.io/"))
            && is_compatible(selector, &labels)
    };
    let opened = selecting.any(admits) || index.views_of(home).filter(|view| also(view)).any(admits);
    (!opened).then_some(deny)
}
