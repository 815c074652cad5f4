//! How workloads replace their pods.
use std::fmt::Display;

use k8s_openapi::{
    api::{
        apps::v1::{DaemonSetUpdateStrategy, DeploymentStrategy, StatefulSetSpec},
        core::v1::PersistentVolumeClaim,
    },
    apimachinery::pkg::util::intstr::IntOrString,
};

use super::{Check, container::amount, syntax::label_name};
use crate::tree::shorten;

/// A number or a share of pods. Gives it as a number, shares as they are.
pub(super) fn share(check: &mut Check<'_, '_, '_>, path: impl Display, value: &IntOrString) -> Option<i64> {
    match value {
        IntOrString::Int(number) => {
            check.at_least(path, Some(*number), 0);
            Some((*number).into())
        }
        IntOrString::String(text) => {
            let digits =
                text.strip_suffix('%').filter(|d| !d.is_empty() && d.bytes().all(|b| b.is_ascii_digit()));
            let Some(percent) = digits.and_then(|digits| digits.parse::<i64>().ok()) else {
                let message = format!("\"{}\" is neither a number nor a share such as 25%", shorten(text));
                check.error(path, message);
                return None;
            };
            check.at_most(path, Some(percent), 100);
            Some(percent)
        }
    }
}

/// As [`share`], where more than all is as much as all.
fn surge(check: &mut Check<'_, '_, '_>, path: impl Display, value: &IntOrString) -> Option<i64> {
    match value {
        IntOrString::String(text) if text.len() > 1 && text.strip_suffix('%').is_some_and(is_digits) => {
            Some(i64::from(text.bytes().any(|b| (b'1'..=b'9').contains(&b))))
        }
        value => share(check, path, value),
    }
}

fn is_digits(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit())
}

pub(super) fn deployment(check: &mut Check<'_, '_, '_>, strategy: &DeploymentStrategy) {
    let path = "spec.strategy";
    check.one_of(format_args!("{path}.type"), strategy.type_.as_deref(), &["RollingUpdate", "Recreate"]);
    let Some(rolling) = &strategy.rolling_update else { return };
    if strategy.type_.as_deref() == Some("Recreate") {
        check.error(format_args!("{path}.rollingUpdate"), "the strategy Recreate has no `rollingUpdate`");
        return;
    }
    let more = rolling
        .max_surge
        .as_ref()
        .and_then(|v| surge(check, format_args!("{path}.rollingUpdate.maxSurge"), v));
    let fewer = rolling
        .max_unavailable
        .as_ref()
        .and_then(|v| share(check, format_args!("{path}.rollingUpdate.maxUnavailable"), v));
    if (more, fewer) == (Some(0), Some(0)) {
        let message = "with `maxUnavailable` and `maxSurge` both 0 no pod can ever be replaced";
        check.error(format_args!("{path}.rollingUpdate.maxUnavailable"), message);
    }
}

pub(super) fn daemon_set(check: &mut Check<'_, '_, '_>, strategy: &DaemonSetUpdateStrategy) {
    let path = "spec.updateStrategy";
    check.one_of(format_args!("{path}.type"), strategy.type_.as_deref(), &["RollingUpdate", "OnDelete"]);
    let Some(rolling) =
        strategy.rolling_update.as_ref().filter(|_| strategy.type_.as_deref() != Some("OnDelete"))
    else {
        return;
    };
    let path = format!("{path}.rollingUpdate");
    let fewer =
        rolling.max_unavailable.as_ref().and_then(|v| share(check, format_args!("{path}.maxUnavailable"), v));
    let more = rolling.max_surge.as_ref().and_then(|v| share(check, format_args!("{path}.maxSurge"), v));
    match (fewer.unwrap_or(1), more.unwrap_or(0)) {
        (0, 0) => {
            check.error(&path, "with `maxUnavailable` and `maxSurge` both 0 no pod can ever be replaced")
        }
        (fewer, more) if fewer != 0 && more != 0 => {
            check.error(&path, "of a DaemonSet's `maxUnavailable` and `maxSurge` one must be 0");
        }
        _ => {}
    }
}

pub(super) fn stateful_set(check: &mut Check<'_, '_, '_>, spec: &StatefulSetSpec) {
    let policies = ["OrderedReady", "Parallel"];
    check.one_of("spec.podManagementPolicy", spec.pod_management_policy.as_deref(), &policies);
    check.at_least("spec.ordinals.start", spec.ordinals.as_ref().and_then(|o| o.start), 0);
    if let Some(policy) = &spec.persistent_volume_claim_retention_policy {
        for (field, value) in [("whenDeleted", &policy.when_deleted), ("whenScaled", &policy.when_scaled)] {
            let path = format!("spec.persistentVolumeClaimRetentionPolicy.{field}");
            check.one_of(path, value.as_deref().filter(|v| !v.is_empty()), &["Retain", "Delete"]);
        }
    }
    check.formed("spec.serviceName", "name of a Service", spec.service_name.as_deref(), label_name);
    for (i, claim) in spec.volume_claim_templates.iter().flatten().enumerate() {
        self::claim(check, &format!("spec.volumeClaimTemplates[{i}]"), claim);
    }
    let Some(strategy) = &spec.update_strategy else { return };
    let path = "spec.updateStrategy";
    check.one_of(format_args!("{path}.type"), strategy.type_.as_deref(), &["RollingUpdate", "OnDelete"]);
    if let Some(rolling) = &strategy.rolling_update {
        if strategy.type_.as_deref() == Some("OnDelete") {
            check.error(format_args!("{path}.rollingUpdate"), "the strategy OnDelete has no `rollingUpdate`");
        }
        check.at_least(format_args!("{path}.rollingUpdate.partition"), rolling.partition, 0);
        if let Some(value) = &rolling.max_unavailable {
            let path = format!("{path}.rollingUpdate.maxUnavailable");
            if share(check, &path, value) == Some(0) {
                check.error(path, "`maxUnavailable` of a StatefulSet is at least 1");
            }
        }
    }
}

/// A claim that each pod of a StatefulSet gets.
fn claim(check: &mut Check<'_, '_, '_>, path: &str, claim: &PersistentVolumeClaim) {
    if check
        .required(format_args!("{path}.metadata.name"), claim.metadata.name.as_deref().unwrap_or_default())
    {
        let name = claim.metadata.name.as_deref();
        check.formed(format_args!("{path}.metadata.name"), "name of a claim", name, label_name);
    }
    let Some(spec) = &claim.spec else {
        return check.error(format_args!("{path}.spec"), "`spec` is missing");
    };
    let modes = spec.access_modes.as_deref().unwrap_or_default();
    let field = format!("{path}.spec.accessModes");
    if modes.is_empty() && !check.holds_fault(&field) {
        check.error(&field, "a claim needs at least one of `accessModes`");
    }
    for (i, mode) in modes.iter().enumerate() {
        let known = ["ReadWriteOnce", "ReadOnlyMany", "ReadWriteMany", "ReadWriteOncePod"];
        check.one_of(format_args!("{field}[{i}]"), Some(mode), &known);
    }
    let requests = spec.resources.as_ref().and_then(|resources| resources.requests.as_ref());
    let storage = requests.and_then(|requests| requests.get("storage"));
    let field = format!("{path}.spec.resources.requests.storage");
    match storage.map(amount) {
        None if check.holds_fault(format_args!("{path}.spec.resources")) => {}
        None => check.error(field, "`storage` is missing: how much is claimed"),
        Some(amount) if amount.is_none_or(|amount| amount <= 0.0) => {
            check.error(field, "the storage that is claimed is a quantity above 0, such as 1Gi");
        }
        Some(_) => {}
    }
}
