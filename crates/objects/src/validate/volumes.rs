//! Volumes of pods, and where containers mount them.
use std::collections::HashMap;

use k8s_openapi::api::core::v1::{Container, KeyToPath, PodSpec, Volume};

use super::{Check, container::amount, syntax::label_name};
use crate::{Object, Typed, tree::shorten};

/// The volumes of a pod by name.
pub(super) type Names<'p> = HashMap<&'p str, usize>;

pub(super) fn volumes<'p>(check: &mut Check<'_, '_, '_>, path: &str, spec: &'p PodSpec) -> Names<'p> {
    let mut names = Names::new();
    for (i, volume) in spec.volumes.iter().flatten().enumerate() {
        let path = format!("{path}.volumes[{i}]");
        if check.required(format_args!("{path}.name"), &volume.name) {
            check.formed(format_args!("{path}.name"), "name of a volume", Some(&volume.name), label_name);
            if let Some(first) = names.insert(volume.name.as_str(), i) {
                let message = format!("the volume name \"{}\" is there twice", shorten(&volume.name));
                let other = path.replace(&format!("[{i}]"), &format!("[{first}]"));
                check.clash(format_args!("{path}.name"), message, format_args!("{other}.name"), "first here");
            }
        }
        source(check, &path, volume);
    }
    names
}

/// Adds the volumes that each pod of a StatefulSet gets by its claims.
pub(super) fn add_claims<'p>(object: &'p Object, names: &mut Names<'p>) {
    let Typed::StatefulSet(set) = &object.typed else { return };
    let claims = set.spec.iter().flat_map(|spec| spec.volume_claim_templates.iter().flatten());
    for name in claims.filter_map(|claim| claim.metadata.name.as_deref()) {
        names.entry(name).or_insert(usize::MAX);
    }
}

fn source(check: &mut Check<'_, '_, '_>, path: &str, volume: &Volume) {
    if let Some(config) = &volume.config_map {
        check.required(format_args!("{path}.configMap.name"), &config.name);
        mode(check, &format!("{path}.configMap.defaultMode"), config.default_mode);
        items(check, &format!("{path}.configMap"), config.items.as_deref());
    }
    if let Some(secret) = &volume.secret {
        check.required(
            format_args!("{path}.secret.secretName"),
            secret.secret_name.as_deref().unwrap_or_default(),
        );
        mode(check, &format!("{path}.secret.defaultMode"), secret.default_mode);
        items(check, &format!("{path}.secret"), secret.items.as_deref());
    }
    if let Some(claim) = &volume.persistent_volume_claim {
        check.required(format_args!("{path}.persistentVolumeClaim.claimName"), &claim.claim_name);
    }
    if let Some(host) = &volume.host_path {
        let field = format!("{path}.hostPath.path");
        if check.required(&field, &host.path) && host.path.split('/').any(|part| part == "..") {
            check.error(field, "a path on the node has no `..`");
        }
        let types = [
            "",
            "DirectoryOrCreate",
            "Directory",
            "FileOrCreate",
            "File",
            "Socket",
            "CharDevice",
            "BlockDevice",
        ];
        check.one_of(format_args!("{path}.hostPath.type"), host.type_.as_deref(), &types);
    }
    if let Some(nfs) = &volume.nfs {
        check.required(format_args!("{path}.nfs.server"), &nfs.server);
        if check.required(format_args!("{path}.nfs.path"), &nfs.path) && !nfs.path.starts_with('/') {
            check.error(format_args!("{path}.nfs.path"), "a path of NFS begins with `/`");
        }
    }
    if let Some(limit) = volume.empty_dir.as_ref().and_then(|empty| empty.size_limit.as_ref())
        && amount(limit).is_none()
    {
        let message = format!("\"{}\" is no quantity; such as 64Mi", shorten(&limit.0));
        check.error(format_args!("{path}.emptyDir.sizeLimit"), message);
    }
    if let Some(csi) = &volume.csi {
        check.required(format_args!("{path}.csi.driver"), &csi.driver);
    }
}

fn mode(check: &mut Check<'_, '_, '_>, path: &str, mode: Option<i32>) {
    check.at_least(path, mode, 0);
    if let Some(mode) = mode.filter(|mode| *mode > 0o777) {
        check.error_help(
            path,
            format!("{mode} is no mode of a file; the largest is 511, which is 0777"),
            "write it as 0644",
        );
    }
}

fn items(check: &mut Check<'_, '_, '_>, path: &str, items: Option<&[KeyToPath]>) {
    for (i, item) in items.into_iter().flatten().enumerate() {
        let path = format!("{path}.items[{i}]");
        check.required(format_args!("{path}.key"), &item.key);
        mode(check, &format!("{path}.mode"), item.mode);
        if check.required(format_args!("{path}.path"), &item.path) {
            inside(check, &format!("{path}.path"), &item.path);
        }
    }
}

/// A path within a volume.
fn inside(check: &mut Check<'_, '_, '_>, path: &str, text: &str) {
    if text.starts_with('/') {
        check.error(path, "a path within a volume does not begin with `/`");
    } else if text.split('/').any(|part| part == "..") {
        check.error(path, "a path within a volume has no `..`");
    }
}

pub(super) fn mounts(
    check: &mut Check<'_, '_, '_>,
    path: &str,
    container: &Container,
    volumes: &Names<'_>,
    open: bool,
) {
    let mut places = HashMap::new();
    for (i, mount) in container.volume_mounts.iter().flatten().enumerate() {
        let path = format!("{path}.volumeMounts[{i}]");
        if check.required(format_args!("{path}.name"), &mount.name)
            && !open
            && !volumes.contains_key(mount.name.as_str())
        {
            let message = format!("the pod has no volume \"{}\"", shorten(&mount.name));
            match crate::decode::nearest(&mount.name, volumes.keys().copied()) {
                Some(near) => {
                    check.error_help(format_args!("{path}.name"), message, format!("did you mean `{near}`?"))
                }
                None => check.error(format_args!("{path}.name"), message),
            }
        }
        if check.required(format_args!("{path}.mountPath"), &mount.mount_path)
            && let Some(first) = places.insert(mount.mount_path.as_str(), i)
        {
            let message = format!("{} is mounted twice", shorten(&mount.mount_path));
            let other = path.replace(&format!("volumeMounts[{i}]"), &format!("volumeMounts[{first}]"));
            check.clash(
                format_args!("{path}.mountPath"),
                message,
                format_args!("{other}.mountPath"),
                "first here",
            );
        }
        for (field, text) in [("subPath", &mount.sub_path), ("subPathExpr", &mount.sub_path_expr)] {
            if let Some(text) = text.as_deref().filter(|text| !text.is_empty()) {
                inside(check, &format!("{path}.{field}"), text);
            }
        }
        let ways = ["None", "HostToContainer", "Bidirectional"];
        check.one_of(format_args!("{path}.mountPropagation"), mount.mount_propagation.as_deref(), &ways);
    }
}
