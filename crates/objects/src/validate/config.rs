//! ConfigMaps and Secrets.
use k8s_openapi::api::core::v1::{ConfigMap, Secret};

use super::{Check, syntax::file_name};
use crate::tree::{escape, shorten};

/// What the API server takes of one.
const LARGEST: usize = 1 << 20;

pub(super) fn config_map(check: &mut Check<'_, '_, '_>, object: &ConfigMap) {
    let (texts, bytes) = (object.data.iter().flatten(), object.binary_data.iter().flatten());
    keys(check, "data", texts.clone().map(|(key, _)| key));
    keys(check, "binaryData", bytes.clone().map(|(key, _)| key));
    let own = object.data.as_ref();
    for (key, _) in bytes.clone().filter(|(key, _)| own.is_some_and(|own| own.contains_key(*key))) {
        let (path, other) = (format!("binaryData.{}", escape(key)), format!("data.{}", escape(key)));
        check.clash(path, format!("the key \"{}\" is in `data` too", shorten(key)), other, "first here");
    }
    let size = texts.map(|(_, v)| v.len()).sum::<usize>() + bytes.map(|(_, v)| v.0.len()).sum::<usize>();
    too_large(check, size);
}

pub(super) fn secret(check: &mut Check<'_, '_, '_>, object: &Secret) {
    keys(check, "data", object.data.iter().flatten().map(|(key, _)| key));
    keys(check, "stringData", object.string_data.iter().flatten().map(|(key, _)| key));
    let size = object.data.iter().flatten().map(|(_, v)| v.0.len()).sum::<usize>();
    too_large(check, size + object.string_data.iter().flatten().map(|(_, v)| v.len()).sum::<usize>());
    let has = |key: &str| {
        object.data.as_ref().is_some_and(|data| data.contains_key(key))
            || object.string_data.as_ref().is_some_and(|data| data.contains_key(key))
    };
    let kind = object.type_.as_deref().unwrap_or("Opaque");
    // What a Secret for TLS holds is for a rule of its own to say.
    let needed: &[&str] = match kind {
        "kubernetes.io/dockerconfigjson" => &[".dockerconfigjson"],
        "kubernetes.io/dockercfg" => &[".dockercfg"],
        "kubernetes.io/ssh-auth" => &["ssh-privatekey"],
        _ => &[],
    };
    let open = check.holds_fault("data") || check.holds_fault("stringData");
    for key in needed.iter().filter(|key| !has(key) && !open) {
        check.error(
            format_args!("data.{}", escape(key)),
            format!("a Secret of type {kind} needs the key `{key}`"),
        );
    }
    if kind == "kubernetes.io/basic-auth" && !has("username") && !has("password") && !open {
        check.error("data", format!("a Secret of type {kind} needs the key `username` or `password`"));
    }
    let account = "kubernetes.io/service-account.name";
    if kind == "kubernetes.io/service-account-token"
        && check.object.annotations().get(account).is_none_or(String::is_empty)
    {
        check.error(
            "metadata.annotations",
            format!("a Secret of type {kind} needs the annotation `{account}`"),
        );
    }
}

fn keys<'k>(check: &mut Check<'_, '_, '_>, path: &str, keys: impl Iterator<Item = &'k String>) {
    for key in keys {
        if let Some(fault) = file_name(key) {
            let message = format!("the key \"{}\" {fault}", shorten(key));
            check.error(format_args!("{path}.{}", escape(key)), message);
        }
    }
}

fn too_large(check: &mut Check<'_, '_, '_>, size: usize) {
    if size > LARGEST {
        let message =
            format!("{size} bytes are more than the {LARGEST} that a {} may hold", check.object.kind);
        check.error("data", message);
    }
}
