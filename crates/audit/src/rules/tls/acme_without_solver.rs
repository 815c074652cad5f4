//! TL017: an ACME issuer that can prove nothing.
use netloom_objects::Severity;

use super::support::issuers;
use crate::{Context, Findings, Group, Rule, words::title};

pub static RULE: Rule = Rule {
    code: "TL017",
    name: "acme-without-solver",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "An ACME issuer without `solvers`, or with a solver that has neither `http01` nor `dns01`, or both.",
    why: "Each order needs a challenge that a solver answers; without one it fails with \"no configured \
            challenge solvers can be used\" (cert-manager: \"ACME\", solvers).",
    wrong: "\
apiVersion: cert-manager.io/v1
kind: ClusterIssuer
metadata: {name: public}
spec:
  acme:
    server: https://acme-v02.api.letsencrypt.org/directory
    email: network@acme-operations.net
    privateKeySecretRef: {name: account}
    solvers: []
",
    right: "\
apiVersion: cert-manager.io/v1
kind: ClusterIssuer
metadata: {name: public}
spec:
  acme:
    server: https://acme-v02.api.letsencrypt.org/directory
    email: network@acme-operations.net
    privateKeySecretRef: {name: account}
    solvers:
      - http01:
          ingress: {ingressClassName: traefik}
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for (object, issuer) in issuers(cx) {
        let Some(acme) = &issuer.acme else { continue };
        let who = title(object);
        if acme.solvers.is_empty() && !object.holds_fault("spec.acme") {
            out.add(
                object,
                "spec.acme.solvers",
                format!("{who}: no solver, so that no challenge is answered"),
            )
            .help("add a solver: `http01` through your Ingress controller, or `dns01`");
        }
        for (index, solver) in acme.solvers.iter().enumerate() {
            let path = format!("spec.acme.solvers[{index}]");
            if object.holds_fault(&path) {
                continue;
            }
            match (&solver.http01, &solver.dns01) {
                (None, None) => {
                    out.add(object, &path, format!("{who}: this solver has neither `http01` nor `dns01`"))
                        .help("say how it answers challenges");
                }
                (Some(_), Some(_)) => {
                    out.add(object, &path, format!("{who}: this solver has both `http01` and `dns01`"))
                        .help("make two solvers of it: cert-manager takes one way for each");
                }
                _ => {}
            }
        }
    }
}
