//! TL007: a solver names the Ingress class by the old annotation.
use netloom_objects::Severity;

use super::support::issuers;
use crate::{Context, Findings, Fix, Group, Rule, words::title};

pub static RULE: Rule = Rule {
    code: "TL007",
    name: "solver-class-field",
    group: Group::Style,
    severity: Severity::Info,
    finds: "`http01.ingress.class` of an ACME solver.",
    why: "cert-manager writes it to the annotation `kubernetes.io/ingress.class` of the solver's Ingress, \
            which Kubernetes has deprecated since 1.18 and which controllers may ignore; then the challenge is \
            never answered. `ingressClassName` writes the field (cert-manager: \"HTTP01 Ingress\", since 1.12).",
    wrong: "\
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
          ingress: {class: traefik}
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
        let solvers = issuer.acme.iter().flat_map(|acme| &acme.solvers).enumerate();
        for (index, solver) in solvers {
            let ingress = solver.http01.as_ref().and_then(|http| http.ingress.as_ref());
            let Some(ingress) = ingress else { continue };
            let Some(class) = &ingress.class else { continue };
            let path = format!("spec.acme.solvers[{index}].http01.ingress.class");
            let finding = if ingress.ingress_class_name.is_some() {
                let message = format!(
                    "{}: `class` and `ingressClassName` exclude each other, and cert-manager refuses both",
                    title(object)
                );
                out.add(object, &path, message).severity(Severity::Error)
            } else {
                let message = format!("{}: `class` is the old field for the Ingress class", title(object));
                out.add(object, &path, message)
            };
            finding.help(format!("use `ingressClassName: {class}`"));
            if ingress.ingress_class_name.is_none() {
                finding.fix(Fix::proposed("rename it to `ingressClassName`").rename(
                    object,
                    &path,
                    "ingressClassName",
                ));
            }
        }
    }
}
