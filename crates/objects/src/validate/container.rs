//! Containers: image, environment, resources, hooks.
use k8s_openapi::{
    api::core::v1::{Container, EnvVar, LifecycleHandler},
    apimachinery::pkg::api::resource::Quantity,
};

use super::{
    Check, ports,
    syntax::{file_name, qualified_name, subdomain_name, variable_name},
};
use crate::tree::{escape, shorten};

pub(super) fn container(check: &mut Check<'_, '_, '_>, path: &str, container: &Container) {
    let image = container.image.as_deref().unwrap_or_default();
    check.required(format_args!("{path}.image"), image);
    // In templates the API server lets blanks pass; the pods are refused then.
    let is_pod = path.starts_with("spec.containers[") || path.starts_with("spec.initContainers[");
    if image.trim() != image && is_pod {
        check.error(format_args!("{path}.image"), "the image has blanks around it");
    }
    let policies = ["Always", "IfNotPresent", "Never"];
    check.one_of(format_args!("{path}.imagePullPolicy"), container.image_pull_policy.as_deref(), &policies);
    let restarts = ["Always", "OnFailure", "Never"];
    check.one_of(format_args!("{path}.restartPolicy"), container.restart_policy.as_deref(), &restarts);
    let policies = ["File", "FallbackToLogsOnError"];
    let policy = container.termination_message_policy.as_deref();
    check.one_of(format_args!("{path}.terminationMessagePolicy"), policy, &policies);
    for (i, variable) in container.env.iter().flatten().enumerate() {
        env(check, &format!("{path}.env[{i}]"), variable);
    }
    for (i, from) in container.env_from.iter().flatten().enumerate() {
        let path = format!("{path}.envFrom[{i}]");
        check.formed(format_args!("{path}.prefix"), "prefix", from.prefix.as_deref(), variable_name);
        match (&from.config_map_ref, &from.secret_ref) {
            (Some(_), Some(_)) => {
                check.error(&path, "this has either `configMapRef` or `secretRef`, not both")
            }
            (Some(map), None) => {
                reference(check, &format!("{path}.configMapRef.name"), &map.name);
            }
            (None, Some(secret)) => {
                reference(check, &format!("{path}.secretRef.name"), &secret.name);
            }
            (None, None) if check.holds_fault(&path) => {}
            (None, None) => check.error(&path, "this needs `configMapRef` or `secretRef`"),
        }
    }
    resources(check, path, container);
    let Some(lifecycle) = &container.lifecycle else { return };
    for (field, hook) in [("postStart", &lifecycle.post_start), ("preStop", &lifecycle.pre_stop)] {
        if let Some(hook) = hook {
            handler(check, &format!("{path}.lifecycle.{field}"), hook);
        }
    }
}

fn env(check: &mut Check<'_, '_, '_>, path: &str, variable: &EnvVar) {
    if check.required(format_args!("{path}.name"), &variable.name) {
        let name = Some(variable.name.as_str());
        check.formed(format_args!("{path}.name"), "name of a variable", name, variable_name);
    }
    let Some(from) = &variable.value_from else { return };
    let path = format!("{path}.valueFrom");
    if variable.value.as_deref().is_some_and(|value| !value.is_empty()) {
        check.error(&path, "a variable has either `value` or `valueFrom`, not both");
    }
    let sources = [
        from.config_map_key_ref.is_some(),
        from.field_ref.is_some(),
        from.file_key_ref.is_some(),
        from.resource_field_ref.is_some(),
        from.secret_key_ref.is_some(),
    ];
    match sources.iter().filter(|there| **there).count() {
        0 if check.holds_fault(&path) => {}
        0 => check.error(&path, "`valueFrom` says nothing"),
        1 => {}
        _ => check.error(&path, "`valueFrom` has more than one source"),
    }
    let keys = [
        ("configMapKeyRef", from.config_map_key_ref.as_ref().map(|r| (&r.name, &r.key))),
        ("secretKeyRef", from.secret_key_ref.as_ref().map(|r| (&r.name, &r.key))),
    ];
    for (field, found) in keys {
        let Some((name, key)) = found else { continue };
        reference(check, &format!("{path}.{field}.name"), name);
        if check.required(format_args!("{path}.{field}.key"), key) {
            check.formed(format_args!("{path}.{field}.key"), "key", Some(key), file_name);
        }
    }
    if let Some(field) = &from.field_ref {
        field_path(check, &format!("{path}.fieldRef.fieldPath"), &field.field_path);
    }
    if let Some(resource) = &from.resource_field_ref {
        check.required(format_args!("{path}.resourceFieldRef.resource"), &resource.resource);
    }
}

/// The name of a ConfigMap or a Secret.
fn reference(check: &mut Check<'_, '_, '_>, path: &str, name: &str) {
    if check.required(path, name) {
        check.formed(path, "name", Some(name), subdomain_name);
    }
}

const FIELDS: [&str; 9] = [
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.serviceAccountName",
    "status.hostIP",
    "status.hostIPs",
    "status.podIP",
    "status.podIPs",
];

fn field_path(check: &mut Check<'_, '_, '_>, path: &str, text: &str) {
    if !check.required(path, text) {
        return;
    }
    let of_map =
        ["metadata.labels['", "metadata.annotations['"].iter().find_map(|map| text.strip_prefix(map));
    if let Some(key) = of_map.and_then(|rest| rest.strip_suffix("']")) {
        check.formed(path, "key", Some(&key.to_ascii_lowercase()), qualified_name);
    } else if !FIELDS.contains(&text) {
        check.error(path, format!("a variable cannot be made of the field \"{}\"", shorten(text)));
    }
}

fn resources(check: &mut Check<'_, '_, '_>, path: &str, container: &Container) {
    let Some(resources) = &container.resources else { return };
    let lists = [("limits", &resources.limits), ("requests", &resources.requests)];
    for (field, list) in lists {
        for (name, quantity) in list.iter().flatten() {
            let place = format!("{path}.resources.{field}.{}", escape(name));
            match amount(quantity) {
                None => check.error(
                    place,
                    format!("\"{}\" is no quantity; such as 100m or 64Mi", shorten(&quantity.0)),
                ),
                Some(amount) if amount < 0.0 => check.error(place, "a quantity is not below 0"),
                Some(_) => resource_name(check, &place, name),
            }
        }
    }
    let limits = resources.limits.iter().flatten();
    for (name, limit) in limits {
        let request = resources.requests.as_ref().and_then(|requests| requests.get(name));
        let (Some(limit), Some(request)) = (amount(limit), request.and_then(amount)) else { continue };
        if request > limit {
            check.clash(
                format_args!("{path}.resources.requests.{}", escape(name)),
                format!("more {name} is requested than the limit allows"),
                format_args!("{path}.resources.limits.{}", escape(name)),
                "the limit",
            );
        }
    }
}

fn resource_name(check: &mut Check<'_, '_, '_>, path: &str, name: &str) {
    let standard = matches!(name, "cpu" | "memory" | "ephemeral-storage") || name.starts_with("hugepages-");
    if let Some(fault) = qualified_name(name) {
        check.error(path, format!("the resource name \"{}\" {fault}", shorten(name)));
    } else if !standard && !name.contains('/') {
        let message = format!("there is no resource \"{}\" for a container", shorten(name));
        check.error_help(
            path,
            message,
            "cpu, memory, ephemeral-storage, hugepages-SIZE, or a name with a domain",
        );
    }
}

/// A quantity as a number; near enough to compare.
pub(super) fn amount(quantity: &Quantity) -> Option<f64> {
    let text = quantity.0.trim();
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let digits = unsigned.len() - unsigned.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.').len();
    let (number, suffix) = unsigned.split_at(digits);
    // A sign alone is 0 to the API server.
    if number.is_empty() && suffix.is_empty() && !text.is_empty() {
        return Some(0.0);
    }
    if number.matches('.').count() > 1 || !number.bytes().any(|b| b.is_ascii_digit()) {
        return None;
    }
    let factor = match suffix {
        "" => 1.0,
        "n" => 1e-9,
        "u" => 1e-6,
        "m" => 1e-3,
        "k" => 1e3,
        "M" => 1e6,
        "G" => 1e9,
        "T" => 1e12,
        "P" => 1e15,
        "E" => 1e18,
        "Ki" => 1024.0,
        "Mi" => 1_048_576.0,
        "Gi" => 1_073_741_824.0,
        "Ti" => 1_099_511_627_776.0,
        "Pi" => 1_125_899_906_842_624.0,
        "Ei" => 1_152_921_504_606_846_976.0,
        exponent => {
            let power = exponent.strip_prefix(['e', 'E'])?;
            10_f64.powi(power.parse().ok()?)
        }
    };
    let value = number.parse::<f64>().ok()? * factor;
    Some(if text.starts_with('-') { -value } else { value })
}

fn handler(check: &mut Check<'_, '_, '_>, path: &str, hook: &LifecycleHandler) {
    if let Some(http) = &hook.http_get {
        ports::number_or_name(check, format_args!("{path}.httpGet.port"), &http.port);
        check.one_of(format_args!("{path}.httpGet.scheme"), http.scheme.as_deref(), &["HTTP", "HTTPS"]);
    }
    if let Some(tcp) = &hook.tcp_socket {
        ports::number_or_name(check, format_args!("{path}.tcpSocket.port"), &tcp.port);
    }
    if let Some(exec) = &hook.exec
        && exec.command.as_ref().is_none_or(Vec::is_empty)
        && !check.holds_fault(format_args!("{path}.exec"))
    {
        check.error(format_args!("{path}.exec.command"), "`command` is missing");
    }
    let kinds =
        [hook.http_get.is_some(), hook.tcp_socket.is_some(), hook.exec.is_some(), hook.sleep.is_some()];
    match kinds.iter().filter(|there| **there).count() {
        0 if check.holds_fault(path) => {}
        0 => check.error(path, "this hook needs `exec`, `httpGet`, `tcpSocket` or `sleep`"),
        1 => {}
        _ => check.error(path, "a hook has only one of `exec`, `httpGet`, `tcpSocket` and `sleep`"),
    }
}
