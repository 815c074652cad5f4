//! Whom pods and containers run as, and what they may.
use std::collections::HashMap;

use k8s_openapi::api::core::v1::{PodSpec, SecurityContext, Sysctl};

use super::Check;
use crate::tree::shorten;

pub(super) fn security(check: &mut Check<'_, '_, '_>, path: &str, spec: &PodSpec) {
    if spec.share_process_namespace == Some(true) && spec.host_pid == Some(true) {
        check.error(
            format_args!("{path}.shareProcessNamespace"),
            "a pod with `hostPID` has the node's processes: it cannot share its own",
        );
    }
    if let Some(context) = &spec.security_context {
        let path = format!("{path}.securityContext");
        for (field, number) in [
            ("runAsUser", context.run_as_user),
            ("runAsGroup", context.run_as_group),
            ("fsGroup", context.fs_group),
        ] {
            id(check, &format!("{path}.{field}"), number);
        }
        let seccomp = context.seccomp_profile.as_ref().map(|p| (p.type_.as_str(), &p.localhost_profile));
        profile(check, &format!("{path}.seccompProfile"), seccomp);
        let app_armor = context.app_armor_profile.as_ref().map(|p| (p.type_.as_str(), &p.localhost_profile));
        profile(check, &format!("{path}.appArmorProfile"), app_armor);
        sysctls(check, &path, context.sysctls.as_deref().unwrap_or_default());
    }
    let lists = [("containers", Some(&spec.containers)), ("initContainers", spec.init_containers.as_ref())];
    for (list, containers) in lists {
        for (i, one) in containers.into_iter().flatten().enumerate() {
            if let Some(context) = &one.security_context {
                container(check, &format!("{path}.{list}[{i}].securityContext"), context);
            }
        }
    }
}

fn container(check: &mut Check<'_, '_, '_>, path: &str, context: &SecurityContext) {
    id(check, &format!("{path}.runAsUser"), context.run_as_user);
    id(check, &format!("{path}.runAsGroup"), context.run_as_group);
    let seccomp = context.seccomp_profile.as_ref().map(|p| (p.type_.as_str(), &p.localhost_profile));
    profile(check, &format!("{path}.seccompProfile"), seccomp);
    let app_armor = context.app_armor_profile.as_ref().map(|p| (p.type_.as_str(), &p.localhost_profile));
    profile(check, &format!("{path}.appArmorProfile"), app_armor);
    check.one_of(
        format_args!("{path}.procMount"),
        context.proc_mount.as_deref().filter(|mount| !mount.is_empty()),
        &["Default", "Unmasked"],
    );
    if context.allow_privilege_escalation != Some(false) {
        return;
    }
    let field = format!("{path}.allowPrivilegeEscalation");
    if context.privileged == Some(true) {
        check.error(&field, "a container with `privileged: true` cannot be kept from more rights");
    }
    let mut added = context.capabilities.iter().flat_map(|c| c.add.iter().flatten());
    // The API server compares this one spelling only.
    if added.any(|capability| capability == "CAP_SYS_ADMIN") {
        check.error(&field, "a container with the capability CAP_SYS_ADMIN cannot be kept from more rights");
    }
}

/// Users and groups are numbers of 31 bits.
fn id(check: &mut Check<'_, '_, '_>, path: &str, number: Option<i64>) {
    check.at_least(path, number, 0);
    check.at_most(path, number, i64::from(i32::MAX));
}

/// A profile of seccomp or AppArmor: its type, and the name of a file on the node.
fn profile(check: &mut Check<'_, '_, '_>, path: &str, profile: Option<(&str, &Option<String>)>) {
    let Some((kind, file)) = profile else { return };
    let field = format!("{path}.type");
    if check.holds_fault(&field) || !check.required(&field, kind) {
        return;
    }
    check.one_of(&field, Some(kind), &["Localhost", "RuntimeDefault", "Unconfined"]);
    match file {
        None if kind == "Localhost" => {
            check.error(path, "a profile of type Localhost needs `localhostProfile`")
        }
        Some(_) if kind != "Localhost" => {
            check.error(format_args!("{path}.localhostProfile"), "this needs `type: Localhost`")
        }
        _ => {}
    }
}

fn sysctls(check: &mut Check<'_, '_, '_>, path: &str, sysctls: &[Sysctl]) {
    let mut names = HashMap::new();
    for (i, sysctl) in sysctls.iter().enumerate() {
        let field = format!("{path}.sysctls[{i}].name");
        if !check.required(&field, &sysctl.name) {
            continue;
        }
        let fine =
            |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_' | b'.' | b'/');
        if !sysctl.name.bytes().all(fine) || sysctl.name.starts_with('-') || sysctl.name.len() > 253 {
            check.error(&field, format!("\"{}\" is no name of a sysctl", shorten(&sysctl.name)));
        }
        if names.insert(sysctl.name.as_str(), i).is_some() {
            check.error(&field, format!("the sysctl {} is there twice", shorten(&sysctl.name)));
        }
    }
}
