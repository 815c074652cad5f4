//! Whether commands that manifests name may run: whoever wrote the manifests must not decide it.
use std::{io::ErrorKind, path::PathBuf};

use netloom_cluster::Snapshot;
use serde::Deserialize;

use crate::{args::Running, load::Stop, texts};

/// The user's own file, as far as it concerns running. A `netloom.toml` of a checkout has no such section.
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "kebab-case")]
struct File {
    up: Up,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
struct Up {
    allow_run: bool,
}

/// `--allow-run`, or `[up] allow-run = true` in the user's own file.
pub fn allowed(args: &Running) -> Result<bool, Stop> {
    if args.allow_run {
        return Ok(true);
    }
    let Some(path) = own_file() else { return Ok(false) };
    match texts::read(&path) {
        Ok(text) => read(&text).map_err(|error| Stop::Because(format!("{}: {error}", path.display()))),
        // A home that is another user's is not this user's own.
        Err(error)
            if matches!(
                error.kind(),
                ErrorKind::NotFound | ErrorKind::PermissionDenied | ErrorKind::NotADirectory
            ) =>
        {
            Ok(false)
        }
        Err(error) => Err(Stop::Because(format!("{}: {error}", path.display()))),
    }
}

/// `netloom/netloom.toml` in the user's folder of configuration (XDG Base Directory Specification).
fn own_file() -> Option<PathBuf> {
    let set = |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let folder = set("XDG_CONFIG_HOME").or_else(|| Some(set("HOME")?.join(".config")))?;
    Some(folder.join("netloom/netloom.toml"))
}

fn read(text: &str) -> Result<bool, toml::de::Error> {
    toml::from_str::<File>(text).map(|file| file.up.allow_run)
}

/// Says which commands are not run, once for each workload.
pub fn tell(snapshot: &Snapshot, args: &Running, allowed: bool) {
    if allowed {
        return;
    }
    let asks = snapshot.pods.iter().filter(|pod| {
        pod.run.is_some() && !args.run.iter().any(|(name, _)| netloom_embedded::means(name, pod))
    });
    let mut told = std::collections::BTreeSet::new();
    for pod in asks.filter(|pod| told.insert(&pod.origin)) {
        anstream::eprintln!(
            "\x1b[1;33mnote:\x1b[0m {} names a command in netloom.dev/run; it is not run, and a stand-in answers. Manifests \
             run nothing unless --allow-run says so",
            pod.origin
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_plain_yes_allows() {
        assert!(read("[up]\nallow-run = true\n").unwrap());
        for no in ["", "[up]\n", "[up]\nallow-run = false\n", "[check]\nclosed = true\n"] {
            assert!(!read(no).unwrap(), "{no}");
        }
        for wrong in ["[up]\nallow-run = 'yes'\n", "[up]\nallow_run = true\n", "["] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
