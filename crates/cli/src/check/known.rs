//! `--baseline` and `--write-baseline`.
use std::{fs, path::Path};

use netloom_audit::{Baseline, Fingerprint, Report};

use super::{
    args::Check,
    names::{name_in, normal},
};
use crate::load::Stop;

/// Findings that are gone and are named; the rest is counted.
const NAMED: usize = 10;

/// Takes what is known out of the report, or writes down what there is. Returns what is to be said about that.
pub fn apply(check: &Check, report: &mut Report) -> Result<Vec<String>, Stop> {
    if let Some(path) = &check.write_baseline {
        let folder = folder(path);
        let baseline = Baseline::of(report, &|file| name_in(file, &folder));
        fs::write(path, baseline.to_json())
            .map_err(|error| Stop::Because(format!("{} cannot be written: {error}", path.display())))?;
        // What was written down just now is known.
        let text = format!("{} holds {} findings now", path.display(), baseline.len());
        drop(baseline.apply(report, &|file| name_in(file, &folder)));
        return Ok(vec![text]);
    }
    match &check.wanted.baseline {
        Some(path) => Ok(no_longer_needed(path, &hide(path, report)?)),
        None => Ok(Vec::new()),
    }
}

/// Takes out what a baseline holds, and returns what it holds and is gone.
pub fn hide(path: &Path, report: &mut Report) -> Result<Vec<(Fingerprint, usize)>, Stop> {
    let text = crate::texts::read(path).map_err(|error| {
        let write = "write it first by --write-baseline";
        Stop::Because(format!("{} cannot be read: {error}; {write}", path.display()))
    })?;
    let baseline =
        Baseline::parse(&text).map_err(|error| Stop::Because(format!("{}: {error}", path.display())))?;
    let folder = folder(path);
    Ok(baseline.apply(report, &|file| name_in(file, &folder)))
}

fn folder(path: &Path) -> std::path::PathBuf {
    normal(path).parent().map(Path::to_path_buf).unwrap_or_default()
}

fn no_longer_needed(path: &Path, gone: &[(Fingerprint, usize)]) -> Vec<String> {
    let mut lines: Vec<String> = gone
        .iter()
        .take(NAMED)
        .map(|(print, _)| format!("no longer needed: {} {}: {}", print.code, print.file, print.message))
        .collect();
    if gone.len() > NAMED {
        lines.push(format!("… and {} more that are no longer needed", gone.len() - NAMED));
    }
    if !gone.is_empty() {
        lines.push(format!("--write-baseline {} writes it without them", path.display()));
    }
    lines
}
