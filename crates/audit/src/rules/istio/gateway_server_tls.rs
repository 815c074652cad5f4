//! IS035: a Gateway's server whose protocol and TLS settings do not fit.
use std::collections::HashMap;

use netloom_objects::{
    Severity,
    istio::{Gateway, Server},
};

use crate::{Context, Findings, Group, Rule, words::title};

pub static RULE: Rule = Rule {
    code: "IS035",
    name: "gateway-server-tls",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "A server of a Gateway with protocol `HTTPS` or `TLS` and no `tls`, with `HTTP` or `TCP` and certificates, with a \
            mode that lacks its certificate, or with the port name of another server.",
    why: "Istio's validation refuses the Gateway, or serves plaintext where TLS was meant (Istio's reference of \
          ServerTLSSettings).",
    wrong: "\
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: shop, namespace: edge}
spec:
  selector: {istio: ingressgateway}
  servers:
    - port: {number: 443, name: https, protocol: HTTPS}
      hosts: [shop.example]
",
    right: "\
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {name: shop, namespace: edge}
spec:
  selector: {istio: ingressgateway}
  servers:
    - port: {number: 443, name: https, protocol: HTTPS}
      hosts: [shop.example]
      tls: {mode: SIMPLE, credentialName: shop-tls}
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for (object, gateway) in cx.all::<Gateway>() {
        let mut names: HashMap<&str, usize> = HashMap::new();
        for (index, server) in gateway.spec.servers.iter().enumerate() {
            let path = format!("spec.servers[{index}]");
            if let Some((field, what, help)) = mistake(server) {
                let port = server.port.number;
                let message = format!("{}: the server on port {port} {what}", title(object));
                out.add(object, &format!("{path}{field}"), message).help(help);
            }
            let name = &*server.port.name;
            let first = *names.entry(name).or_insert(index);
            if first != index && !name.is_empty() {
                let message = format!("{} has two servers whose port is named `{name}`", title(object));
                let finding = out.add(object, &format!("{path}.port.name"), message);
                finding.related(object, &format!("spec.servers[{first}].port.name"), "the other one");
                finding.help("names of ports are unique within a Gateway");
            }
        }
    }
}

/// The field, what is wrong about it, and the repair.
fn mistake(server: &Server) -> Option<(&'static str, &'static str, &'static str)> {
    let protocol = server.port.protocol.to_ascii_uppercase();
    let is_tls = matches!(&*protocol, "HTTPS" | "TLS");
    let is_http = matches!(&*protocol, "HTTP" | "HTTP2" | "GRPC" | "GRPC-WEB");
    let Some(tls) = &server.tls else {
        return is_tls.then_some((
            ".port.protocol",
            "speaks TLS, but has no `tls`",
            "add `tls` with a mode and `credentialName`, or `mode: PASSTHROUGH`",
        ));
    };
    let named =
        tls.credential_name.is_some() || !tls.credential_names.is_empty() || !tls.tls_certificates.is_empty();
    let has_files = tls.server_certificate.is_some() || tls.private_key.is_some();
    let mode = tls.mode.as_deref();
    if !is_tls && (mode.is_some_and(|mode| mode != "PASSTHROUGH") || named || has_files) {
        let help = if is_http {
            "write `protocol: HTTPS`; a plaintext server takes only `httpsRedirect`"
        } else {
            "write `protocol: TLS`, or remove `tls`"
        };
        return Some((".tls", "has TLS settings, but its protocol is plaintext", help));
    }
    if is_tls && tls.https_redirect == Some(true) && mode.is_none() && !named {
        return Some((
            ".tls.httpsRedirect",
            "redirects to HTTPS although it speaks TLS itself",
            "the redirect belongs to the server on port 80",
        ));
    }
    match mode {
        Some("SIMPLE" | "MUTUAL" | "OPTIONAL_MUTUAL") if !named && !has_files => {
            Some((".tls.mode", "has no certificate", "add `credentialName`"))
        }
        Some("MUTUAL" | "OPTIONAL_MUTUAL") if has_files && !named && tls.ca_certificates.is_none() => Some((
            ".tls.mode",
            "asks clients for certificates and has no CA to judge them by",
            "add `caCertificates`",
        )),
        Some("ISTIO_MUTUAL") if named || has_files => Some((
            ".tls.mode",
            "uses the mesh's certificates, and names others",
            "remove the certificates, or use mode MUTUAL",
        )),
        Some("PASSTHROUGH" | "AUTO_PASSTHROUGH") if is_tls && (named || has_files) => Some((
            ".tls.mode",
            "passes TLS through and never uses the certificate that it names",
            "remove the certificate, or use mode SIMPLE",
        )),
        None if is_tls && named => Some((
            ".tls",
            "names a certificate without a mode, and so passes TLS through",
            "add `mode: SIMPLE`",
        )),
        _ => None,
    }
}
