//! Ingresses and their classes.
use k8s_openapi::api::networking::v1::{
    HTTPIngressPath, Ingress, IngressBackend, IngressClass, IngressClassParametersReference,
    ServiceBackendPort,
};

use super::{
    Check, addresses, ports,
    syntax::{label_name, subdomain_name, wildcard_name},
};
use crate::tree::shorten;

const CLASS_ANNOTATION: &str = "kubernetes.io/ingress.class";

pub(super) fn ingress(check: &mut Check<'_, '_, '_>, object: &Ingress) {
    // Older versions were another form, and had another validation.
    if &*check.object.api_version != "networking.k8s.io/v1" {
        return;
    }
    // That it has rules, and that their paths are normalized, is for rules of their own to say.
    let Some(spec) = &object.spec else { return };
    if let Some(class) = &spec.ingress_class_name {
        if check.object.annotations().contains_key(CLASS_ANNOTATION) {
            let message =
                format!("`ingressClassName` and the annotation `{CLASS_ANNOTATION}` exclude each other");
            check.error("spec.ingressClassName", message);
        }
        if let Some(fault) = subdomain_name(class) {
            check.error("spec.ingressClassName", format!("the class name \"{}\" {fault}", shorten(class)));
        }
    }
    if let Some(found) = &spec.default_backend {
        backend(check, "spec.defaultBackend", found);
    }
    for (i, tls) in spec.tls.iter().flatten().enumerate() {
        for (j, host) in tls.hosts.iter().flatten().enumerate() {
            if let Some(fault) = wildcard_name(host) {
                let message = format!("the host \"{}\" {fault}", shorten(host));
                check.error(format_args!("spec.tls[{i}].hosts[{j}]"), message);
            }
        }
        check.formed(
            format_args!("spec.tls[{i}].secretName"),
            "name of a Secret",
            tls.secret_name.as_deref(),
            subdomain_name,
        );
    }
    for (i, rule) in spec.rules.iter().flatten().enumerate() {
        if let Some(name) = rule.host.as_deref().filter(|host| !host.is_empty()) {
            host(check, &format!("spec.rules[{i}].host"), name);
        }
        let Some(http) = &rule.http else { continue };
        let path = format!("spec.rules[{i}].http.paths");
        if http.paths.is_empty() && !check.holds_fault(&path) {
            check.error(&path, "this rule needs at least one path");
        }
        for (j, one) in http.paths.iter().enumerate() {
            http_path(check, &format!("{path}[{j}]"), one);
        }
    }
}

fn host(check: &mut Check<'_, '_, '_>, path: &str, host: &str) {
    if addresses::is_address(host) {
        check.error(path, format!("a host is a name, and {host} is an address"));
    } else if let Some(fault) = wildcard_name(host) {
        check.error(path, format!("the host \"{}\" {fault}", shorten(host)));
    }
}

fn http_path(check: &mut Check<'_, '_, '_>, path: &str, one: &HTTPIngressPath) {
    let kinds = ["Exact", "Prefix", "ImplementationSpecific"];
    let field = format!("{path}.pathType");
    if one.path_type.is_empty() {
        check.error(&field, format!("`pathType` is missing: one of {}", kinds.join(", ")));
    } else {
        check.one_of(&field, Some(&one.path_type), &kinds);
    }
    backend(check, &format!("{path}.backend"), &one.backend);
}

fn backend(check: &mut Check<'_, '_, '_>, path: &str, backend: &IngressBackend) {
    match (&backend.service, &backend.resource) {
        (Some(_), Some(_)) => check.error(path, "a backend has either `service` or `resource`, not both"),
        (None, None) if check.holds_fault(path) => {}
        (None, None) => check.error(path, "this backend needs `service` or `resource`"),
        (Some(service), None) => {
            if check.required(format_args!("{path}.service.name"), &service.name) {
                let field = format!("{path}.service.name");
                check.formed(field, "name of a Service", Some(&service.name), label_name);
            }
            port(check, &format!("{path}.service.port"), service.port.as_ref());
        }
        (None, Some(resource)) => {
            group(check, &format!("{path}.resource.apiGroup"), resource.api_group.as_deref());
            check.required(format_args!("{path}.resource.kind"), &resource.kind);
            check.required(format_args!("{path}.resource.name"), &resource.name);
        }
    }
}

/// A group that is written is not empty.
fn group(check: &mut Check<'_, '_, '_>, path: &str, group: Option<&str>) {
    if let Some(fault) = group.and_then(subdomain_name) {
        check.error(path, format!("the API group {fault}"));
    }
}

fn port(check: &mut Check<'_, '_, '_>, path: &str, port: Option<&ServiceBackendPort>) {
    let name = port.and_then(|port| port.name.as_deref()).filter(|name| !name.is_empty());
    let number = port.and_then(|port| port.number).filter(|number| *number != 0);
    match (name, number) {
        (Some(_), Some(_)) => check.error(path, "a port has either `name` or `number`, not both"),
        (Some(name), None) => ports::name(check, format_args!("{path}.name"), name),
        (None, Some(number)) => ports::number(check, format_args!("{path}.number"), number),
        (None, None) if check.holds_fault(path) => {}
        (None, None) => check.error(path, "this backend needs the `number` or the `name` of a port"),
    }
}

pub(super) fn class(check: &mut Check<'_, '_, '_>, object: &IngressClass) {
    let Some(spec) = &object.spec else {
        return check.error("spec", "`spec.controller` is missing");
    };
    let controller = spec.controller.as_deref().unwrap_or_default();
    if check.required("spec.controller", controller) {
        let path = "spec.controller";
        if controller.len() > 250 {
            check.error(path, "the name of a controller has at most 250 characters");
        } else if !controller.contains('/') {
            check.error_help(
                path,
                "the name of a controller has a domain before it",
                "such as `example.com/controller`",
            );
        } else {
            check.formed(path, "name of a controller", Some(controller), domain_path);
        }
    }
    if let Some(found) = &spec.parameters {
        parameters(check, "spec.parameters", found);
    }
}

/// `domain/path`.
fn domain_path(text: &str) -> super::syntax::Verdict {
    let (domain, path) = text.split_once('/')?;
    let fine = |b: u8| b.is_ascii_alphanumeric() || b"/-._~%!$&'()*+,;=:".contains(&b);
    match subdomain_name(domain) {
        Some(_) => Some("must have a DNS name before its `/`"),
        None if path.is_empty() || !path.bytes().all(fine) => Some("must have a path behind its `/`"),
        None => None,
    }
}

fn parameters(check: &mut Check<'_, '_, '_>, path: &str, found: &IngressClassParametersReference) {
    group(check, &format!("{path}.apiGroup"), found.api_group.as_deref());
    check.required(format_args!("{path}.kind"), &found.kind);
    check.required(format_args!("{path}.name"), &found.name);
    let namespace = found.namespace.as_deref().unwrap_or_default();
    match found.scope.as_deref() {
        None | Some("Cluster") if found.namespace.is_some() => {
            check
                .error(format_args!("{path}.namespace"), "parameters of the scope Cluster have no namespace");
        }
        Some("Namespace") => {
            if check.required(format_args!("{path}.namespace"), namespace) {
                check.formed(format_args!("{path}.namespace"), "namespace", Some(namespace), label_name);
            }
        }
        scope => check.one_of(format_args!("{path}.scope"), scope, &["Cluster", "Namespace"]),
    }
}
