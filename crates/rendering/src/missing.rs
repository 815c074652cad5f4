//! What a folder needs and does not have: what would have to be fetched.
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use netloom_objects::{Source, parse_source, read_source};

use crate::kustomization::{Kustomization, joined};

/// Bases and charts that a kustomization would have to fetch, as a sentence with what to do.
pub fn of_kustomization(parts: &[Kustomization]) -> Option<String> {
    let mut wanted = BTreeSet::new();
    for part in parts {
        for (entry, line) in part.entries() {
            if is_remote(entry) && fs::metadata(joined(&part.folder, entry)).is_err() {
                wanted.insert(format!("`{entry}` ({}:{line})", part.file.display()));
            }
        }
        for (name, repository, folder) in part.charts() {
            if !folder.is_dir() {
                let from = repository.map(|repository| format!(" of {repository}")).unwrap_or_default();
                wanted.insert(format!("the chart `{name}`{from} ({})", part.file.display()));
            }
        }
    }
    let wanted: Vec<String> = wanted.into_iter().collect();
    (!wanted.is_empty()).then(|| {
        format!(
            "this kustomization is put together of what is not here: {}\nnetloom fetches nothing unless it is told to: \
             --remote lets it",
            wanted.join(", ")
        )
    })
}

/// Whether an entry of a kustomization is looked up on another machine where it is not a path here.
fn is_remote(entry: &str) -> bool {
    let marks = ["://", "?ref=", "?version=", "&ref="];
    let starts = ["git@", "git::", "gh:"];
    let host = entry.split_once('/').map(|(host, _)| host);
    let is_host = host.is_some_and(|host| host.contains('.') && !host.starts_with('.'));
    marks.iter().any(|mark| entry.contains(mark))
        || starts.iter().any(|start| entry.starts_with(start))
        || is_host
}

/// What a chart depends on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dependency {
    pub name: String,
    pub repository: String,
}

impl Dependency {
    /// The folder of a dependency that is a neighbour of the chart.
    pub fn neighbour(&self, chart: &Path) -> Option<PathBuf> {
        let path = self.repository.strip_prefix("file://")?;
        Some(joined(chart, path))
    }
}

/// The dependencies of a chart that are not in its folder `charts`.
pub fn dependencies(chart: &Path) -> Vec<Dependency> {
    let named = ["Chart.yaml", "requirements.yaml"].into_iter().flat_map(|file| read(&chart.join(file)));
    let mut missing: Vec<Dependency> =
        named.filter(|dependency| !is_there(chart, &dependency.name)).collect();
    missing.dedup();
    missing
}

fn read(file: &Path) -> Vec<Dependency> {
    let Ok(source) = read_source(file) else { return Vec::new() };
    // Both files have the list in the same form; only one of them is known by its name.
    let objects = parse_source(&Source::new("Chart.yaml", &source.text)).objects;
    let Some(object) = objects.first() else { return Vec::new() };
    let all = (0..object.count("dependencies")).filter_map(|nth| {
        let text = |field: &str| object.text(&format!("dependencies[{nth}].{field}"));
        Some(Dependency {
            name: text("name")?.to_owned(),
            repository: text("repository").unwrap_or("").to_owned(),
        })
    });
    all.collect()
}

fn is_there(chart: &Path, name: &str) -> bool {
    let Ok(entries) = fs::read_dir(chart.join("charts")) else { return false };
    entries.flatten().any(|entry| {
        let path = entry.path();
        let file = entry.file_name().to_string_lossy().into_owned();
        if path.is_dir() {
            return path.join("Chart.yaml").is_file() && (file == name || is_called(&path, name));
        }
        let version = file.strip_suffix(".tgz").and_then(|file| file.strip_prefix(name)?.strip_prefix('-'));
        version
            .is_some_and(|version| version.trim_start_matches('v').starts_with(|c: char| c.is_ascii_digit()))
    })
}

fn is_called(chart: &Path, name: &str) -> bool {
    name_of(chart).is_some_and(|own| own == name)
}

/// The name that a chart has in its `Chart.yaml`.
pub fn name_of(chart: &Path) -> Option<String> {
    let source = read_source(&chart.join("Chart.yaml")).ok()?;
    parse_source(&source).objects.first()?.text("name").map(str::to_owned)
}

/// The missing dependencies as a sentence with what to do.
pub fn of_chart(chart: &Path, missing: &[Dependency]) -> String {
    let names: Vec<String> = missing
        .iter()
        .map(|dependency| match dependency.repository.as_str() {
            "" => format!("`{}`", dependency.name),
            repository => format!("`{}` of {repository}", dependency.name),
        })
        .collect();
    let (is, them) = if names.len() == 1 { ("is", "it") } else { ("are", "them") };
    format!(
        "this chart needs {}, which {is} not in its folder `charts`\n`helm dependency build {}` fetches {them}; with \
         --remote netloom does that itself, in a copy",
        names.join(", "),
        chart.display()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_machines_are_told_from_paths() {
        for (entry, remote) in [
            ("https://example.org/x.yaml", true),
            ("github.com/org/repo//base?ref=v1", true),
            ("git@example.org:a/b", true),
            ("ssh://git@example.org/a", true),
            ("../../base", false),
            ("./base", false),
            ("base.d", false),
            ("web.yaml", false),
            ("base/web.yaml", false),
        ] {
            assert_eq!(is_remote(entry), remote, "{entry}");
        }
    }

    #[test]
    fn a_dependency_is_there_as_a_folder_or_an_archive() {
        let chart = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let file = chart.path().join(name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        };
        let list = "apiVersion: v2\nname: shop\nversion: 1.0.0\ndependencies:\n- {name: a, repository: 'https://x'}\n\
                    - {name: b}\n- {name: c-d}\n- {name: c}\n- {name: e, repository: 'file://../e'}\n";
        write("Chart.yaml", list);
        write("requirements.yaml", "dependencies:\n- {name: f, repository: '@stable'}\n");
        write("charts/a/Chart.yaml", "apiVersion: v2\nname: a\nversion: 1.0.0\n");
        write("charts/other/Chart.yaml", "apiVersion: v2\nname: b\nversion: 1.0.0\n");
        write("charts/c-d-1.2.3.tgz", "");
        let names: Vec<String> = dependencies(chart.path()).into_iter().map(|d| d.name).collect();
        assert_eq!(names, ["c", "e", "f"]);
        let said = of_chart(Path::new("shop"), &dependencies(chart.path()));
        assert!(
            said.starts_with(
                "this chart needs `c`, `e` of file://../e, `f` of @stable, which are not in its"
            )
        );
    }
}
