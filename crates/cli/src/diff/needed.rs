//! What of a revision goes into the kustomizations and charts at some paths: told by the files that make them.
use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::OsStr,
    ops::Bound,
    path::{Component, Path, PathBuf},
};

use netloom_objects::{Source, is_manifest, parse_source};
use serde_json::Value;

use super::unpack::{Entry, LINK};
use crate::load::Stop;

/// The files of a revision by path.
pub struct Tree<'t> {
    files: BTreeMap<&'t Path, &'t Entry>,
}

/// Reads what files hold; what cannot be read is not among them.
type Reading<'r> = dyn FnMut(&[&Entry]) -> Result<Vec<(PathBuf, Vec<u8>)>, Stop> + 'r;

impl<'t> Tree<'t> {
    pub fn of(entries: &'t [Entry]) -> Self {
        Self { files: entries.iter().map(|entry| (&*entry.path, entry)).collect() }
    }

    /// What goes into the packages at or below some paths. None where that cannot be told: then anything may.
    pub fn needed(
        &self,
        paths: &[PathBuf],
        read: &mut Reading<'_>,
    ) -> Result<Option<BTreeSet<&'t Path>>, Stop> {
        let mut needed: BTreeSet<&Path> = BTreeSet::new();
        let below = paths.iter().flat_map(|path| self.below(path));
        let mut next: BTreeSet<&Path> = below
            .filter(|entry| entry.path.file_name().is_some_and(makes_package))
            .map(|e| &*e.path)
            .collect();
        while !next.is_empty() {
            let fresh: Vec<&Entry> = next.iter().filter_map(|path| self.files.get(path).copied()).collect();
            // What a link leads to may be anywhere.
            if fresh.iter().any(|entry| entry.mode == LINK) {
                return Ok(None);
            }
            needed.extend(std::mem::take(&mut next));
            for (path, bytes) in read(&fresh)? {
                let Some(texts) = texts(&path, &bytes) else { return Ok(None) };
                let folder = path.parent().unwrap_or(Path::new(""));
                if path.file_name() == Some(OsStr::new("Chart.yaml")) {
                    needed.extend(self.below(folder).map(|entry| &*entry.path));
                }
                let charts = ["charts".to_owned()];
                let named = texts.iter().chain(&charts).filter_map(|text| resolved(folder, text));
                for named in named {
                    next.extend(self.used(&named).into_iter().filter(|path| !needed.contains(path)));
                }
            }
        }
        Ok(Some(needed))
    }

    /// The files to read next where a text names a file or a folder; empty where it names neither.
    fn used(&self, named: &Path) -> Vec<&'t Path> {
        if let Some((path, _)) = self.files.get_key_value(named) {
            return vec![*path];
        }
        let makers = || PACKAGES.iter().filter_map(|name| self.files.get_key_value(&*named.join(name)));
        match makers().next() {
            Some(_) => makers().map(|(path, _)| *path).collect(),
            // The root of the repository is named by `.` and the like.
            None if named.as_os_str().is_empty() => Vec::new(),
            None => self.below(named).map(|entry| &*entry.path).collect(),
        }
    }

    /// The files at or below a path.
    fn below(&self, path: &Path) -> impl Iterator<Item = &'t Entry> {
        let all =
            self.files.range::<Path, _>((Bound::Included(path), Bound::Unbounded)).map(|(_, entry)| *entry);
        all.take_while(move |entry| entry.path.starts_with(path))
    }
}

/// Files that make a folder a package.
const PACKAGES: [&str; 4] = ["kustomization.yaml", "kustomization.yml", "Kustomization", "Chart.yaml"];

pub fn makes_package(name: &OsStr) -> bool {
    PACKAGES.iter().any(|known| name == *known)
}

/// Every text in a YAML file. `None` if the file cannot be read; a file that is not YAML names nothing.
fn texts(path: &Path, bytes: &[u8]) -> Option<Vec<String>> {
    let is_package = path.file_name().is_some_and(makes_package);
    if !is_package && !is_manifest(path) {
        return Some(Vec::new());
    }
    let text = String::from_utf8_lossy(bytes);
    let parsed = parse_source(&Source::new(&path.to_string_lossy(), &text));
    let mut found = Vec::new();
    parsed.objects.iter().filter_map(|object| object.value("")).for_each(|value| collect(&value, &mut found));
    (!is_package || !found.is_empty()).then_some(found)
}

fn collect(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::String(text) => found.extend(paths_in(text)),
        Value::Array(items) => items.iter().for_each(|item| collect(item, found)),
        Value::Object(fields) => fields.values().for_each(|field| collect(field, found)),
        _ => {}
    }
}

/// A text as a path: `key=path` and `file://path` too. Long ones and those of several lines are none.
fn paths_in(text: &str) -> Vec<String> {
    const LONGEST: usize = 1_024;
    if text.len() > LONGEST || text.contains('\n') || text.is_empty() {
        return Vec::new();
    }
    let text = text.strip_prefix("file://").unwrap_or(text);
    let behind = text.split_once('=').map(|(_, path)| path.to_owned());
    std::iter::once(text.to_owned()).chain(behind).collect()
}

/// A path as seen from a folder. `None` if it leads out of the repository.
fn resolved(folder: &Path, path: &str) -> Option<PathBuf> {
    let mut seen = PathBuf::new();
    for part in folder.join(path).components() {
        match part {
            Component::Normal(name) => seen.push(name),
            Component::CurDir => {}
            Component::ParentDir if seen.pop() => {}
            _ => return None,
        }
    }
    Some(seen)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn needed(files: &[(&str, &str)], path: &str) -> Option<Vec<String>> {
        let entries: Vec<Entry> = files
            .iter()
            .map(|(path, text)| Entry {
                mode: b"100644".to_vec(),
                id: (*text).to_owned(),
                path: PathBuf::from(path),
            })
            .collect();
        let mut read = |some: &[&Entry]| {
            Ok(some.iter().map(|entry| (entry.path.clone(), entry.id.clone().into_bytes())).collect())
        };
        let Ok(needed) = Tree::of(&entries).needed(&[PathBuf::from(path)], &mut read) else {
            panic!("nothing is read that is not there")
        };
        Some(needed?.into_iter().map(|path| path.display().to_string()).collect())
    }

    const KUSTOMIZATION: &str = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n";

    #[test]
    fn a_kustomization_needs_what_it_names() {
        let overlay = format!(
            "{KUSTOMIZATION}resources: [../../base, https://x.example/y.yaml]\ncomponents: [../../c]\npatches: [{{path: \
             patch.yaml}}]\nconfigMapGenerator: [{{name: m, files: [key=files/a.txt, ../../outside]}}]\n"
        );
        let base = format!("{KUSTOMIZATION}resources: [a.yaml]\n");
        let component =
            "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nresources: [hpa.yaml]\n";
        let files = [
            ("base/a.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n"),
            ("base/kustomization.yaml", &base),
            ("base/picture.png", ""),
            ("c/hpa.yaml", ""),
            ("c/kustomization.yaml", component),
            ("o/p/files/a.txt", "text"),
            ("o/p/files/b.txt", "text"),
            ("o/p/kustomization.yaml", &overlay),
            ("o/p/patch.yaml", ""),
            ("other/z.yaml", ""),
        ];
        let expected = [
            "base/a.yaml",
            "base/kustomization.yaml",
            "c/hpa.yaml",
            "c/kustomization.yaml",
            "o/p/files/a.txt",
            "o/p/kustomization.yaml",
            "o/p/patch.yaml",
        ];
        assert_eq!(needed(&files, "o/p").unwrap(), expected);
    }

    #[test]
    fn a_chart_needs_its_folder_and_those_beside_it_that_it_names() {
        let chart = "apiVersion: v2\nname: web\nversion: 1.0.0\ndependencies: [{name: lib, version: 1.0.0, repository: 'file://../lib'}]\n";
        let files = [
            ("charts/lib/Chart.yaml", "apiVersion: v2\nname: lib\nversion: 1.0.0\n"),
            ("charts/lib/templates/_x.tpl", ""),
            ("charts/other/Chart.yaml", "apiVersion: v2\nname: other\nversion: 1.0.0\n"),
            ("charts/web/Chart.yaml", chart),
            ("charts/web/files/logo.png", ""),
            ("charts/web/templates/d.yaml", "{{ .Values.x }}"),
        ];
        let expected = [
            "charts/lib/Chart.yaml",
            "charts/lib/templates/_x.tpl",
            "charts/web/Chart.yaml",
            "charts/web/files/logo.png",
            "charts/web/templates/d.yaml",
        ];
        assert_eq!(needed(&files, "charts/web"), Some(expected.map(str::to_owned).to_vec()));
    }

    #[test]
    fn of_a_file_that_is_not_understood_anything_may_be_needed() {
        assert_eq!(needed(&[("a/kustomization.yaml", "{{ template }}")], "a"), None);
        assert_eq!(needed(&[("a/x.yaml", "")], "a"), Some(Vec::new()));
    }
}
