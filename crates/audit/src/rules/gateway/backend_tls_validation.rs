//! GW016: a BackendTLSPolicy that cannot check a certificate.
use netloom_objects::{Severity, gateway_api::BackendTLSPolicy};
use std::net::IpAddr;

use crate::{Context, Findings, Group, Rule, words::title};

pub static RULE: Rule = Rule {
    code: "GW016",
    name: "backend-tls-validation",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "A BackendTLSPolicy with both `caCertificateRefs` and `wellKnownCACertificates`, or with neither; a \
           `hostname` that is an IP address or has a port; and a subject alternative name without the field that \
           its `type` names.",
    why: "The API server refuses the policy (the CRD's rules on `validation`), and the Gateway goes on without TLS \
           or fails every request.",
    wrong: "\
apiVersion: gateway.networking.k8s.io/v1
kind: BackendTLSPolicy
metadata:
  name: api
  namespace: shop
spec:
  targetRefs: [{group: \"\", kind: Service, name: api, sectionName: https}]
  validation:
    hostname: api.shop.svc
    wellKnownCACertificates: System
    caCertificateRefs: [{group: \"\", kind: ConfigMap, name: shop-ca}]
",
    right: "\
apiVersion: gateway.networking.k8s.io/v1
kind: BackendTLSPolicy
metadata:
  name: api
  namespace: shop
spec:
  targetRefs: [{group: \"\", kind: Service, name: api, sectionName: https}]
  validation:
    hostname: api.shop.svc
    caCertificateRefs: [{group: \"\", kind: ConfigMap, name: shop-ca}]
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for (object, policy) in cx.all::<BackendTLSPolicy>() {
        let validation = &policy.spec.validation;
        let well_known =
            validation.well_known_ca_certificates.as_deref().is_some_and(|text| !text.is_empty());
        match (well_known, validation.ca_certificate_refs.is_empty()) {
            (true, false) => {
                let message = format!("{} names authorities of its own and the system's too", title(object));
                out.add(object, "spec.validation.wellKnownCACertificates", message)
                    .help("keep one: `caCertificateRefs` for your own authority, the other for public ones")
                    .related(object, "spec.validation.caCertificateRefs", "its own authorities");
            }
            (false, true) => {
                let message =
                    format!("{} names no authority to check the backend's certificate by", title(object));
                out.add(object, "spec.validation", message)
                    .help("add `caCertificateRefs`, or `wellKnownCACertificates: System`");
            }
            _ => {}
        }
        let hostname = validation.hostname.as_str();
        if hostname.parse::<IpAddr>().is_ok() || hostname.contains([':', '/']) {
            let message = format!("{}: `{hostname}` is no hostname", title(object));
            out.add(object, "spec.validation.hostname", message)
                .help("write the DNS name that the backend's certificate is for");
        }
        for (i, name) in validation.subject_alt_names.iter().enumerate() {
            let text = |value: &Option<String>| value.as_deref().is_some_and(|value| !value.is_empty());
            let (host, uri) = (text(&name.hostname), text(&name.uri));
            let fits = match name.type_.as_str() {
                "Hostname" => host && !uri,
                "URI" => uri && !host,
                _ => continue,
            };
            if !fits {
                let field = if name.type_ == "URI" { "uri" } else { "hostname" };
                let message = format!(
                    "{}: a name of type {} has `{field}`, and nothing else",
                    title(object),
                    name.type_
                );
                out.add(object, &format!("spec.validation.subjectAltNames[{i}]"), message)
                    .help(format!("`type: {}` goes with `{field}`", name.type_));
            }
        }
    }
}
