//! TL008: credentials for Cloudflare that do not go together.
use netloom_objects::Severity;

use super::support::issuers;
use crate::{Context, Findings, Fix, Group, Rule, words::title};

pub static RULE: Rule = Rule {
    code: "TL008",
    name: "cloudflare-credentials",
    group: Group::Correctness,
    severity: Severity::Info,
    finds: "A `cloudflare` solver with an `email` beside an API token, with both a token and a key, with a key \
            and no `email`, or with neither.",
    why: "A token speaks for itself: the e-mail address is sent with an API key only. cert-manager refuses a \
            key without an address, and a key beside a token (cert-manager: \"Cloudflare\").",
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
      - dns01:
          cloudflare:
            email: network@acme-operations.net
            apiTokenSecretRef: {name: cloudflare, key: token}
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
      - dns01:
          cloudflare:
            apiTokenSecretRef: {name: cloudflare, key: token}
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for (object, issuer) in issuers(cx) {
        for (index, solver) in issuer.acme.iter().flat_map(|acme| &acme.solvers).enumerate() {
            let dns = solver.dns01.as_ref();
            let Some(cloudflare) = dns.and_then(|dns| dns.cloudflare.as_ref()) else { continue };
            let path = format!("spec.acme.solvers[{index}].dns01.cloudflare");
            let token = cloudflare.api_token_secret_ref.is_some();
            let key = cloudflare.api_key_secret_ref.is_some();
            let email = cloudflare.email.as_deref().is_some_and(|email| !email.is_empty());
            let who = title(object);
            match (token, key) {
                (true, true) => out
                    .add(
                        object,
                        &format!("{path}.apiKeySecretRef"),
                        format!("{who}: an API key beside an API token"),
                    )
                    .severity(Severity::Error)
                    .help("keep the token, which can be limited to one zone"),
                (true, false) if email => out
                    .add(
                        object,
                        &format!("{path}.email"),
                        format!("{who}: the `email` is not used with an API token"),
                    )
                    .help("drop it")
                    .fix(Fix::safe("remove `email`").remove(object, &format!("{path}.email"))),
                (false, true) if !email => out
                    .add(
                        object,
                        &format!("{path}.apiKeySecretRef"),
                        format!(
                            "{who}: an API key is used with the `email` of its account, which is missing"
                        ),
                    )
                    .severity(Severity::Error)
                    .help("use `apiTokenSecretRef` with a token of the zone, or add `email`"),
                (false, false) => out
                    .add(object, &path, format!("{who}: no credentials for Cloudflare"))
                    .severity(Severity::Error)
                    .help("add `apiTokenSecretRef`"),
                _ => continue,
            };
        }
    }
}
