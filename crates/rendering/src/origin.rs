//! The origins that kustomize writes into objects.
use std::path::{Path, PathBuf};

use netloom_objects::{Origin, Origins, Outline, Source, outlines};

use crate::{
    documents::documents,
    kustomization::{Kustomization, joined},
    trace::{Tracer, same},
};

/// How the paths that kustomize writes are seen by the user.
pub struct Places<'p> {
    /// The kustomization, and those that go into it.
    pub parts: &'p [Kustomization],
    /// A path that is seen from the folder that was built, as the user would name it.
    pub file: Box<dyn Fn(&Path) -> PathBuf>,
}

/// Takes the origins out of what kustomize printed, and finds where each of its lines was written.
pub fn take(text: &str, places: &Places<'_>) -> (String, Origins) {
    let otherwise = places.parts.first().map_or_else(PathBuf::new, |part| part.file.clone());
    let mut finder = Finder { tracer: Tracer::new(&otherwise), places, patches: Vec::new() };
    finder.find_patches();
    let mut all = String::with_capacity(text.len());
    for document in documents(text) {
        let (document, origin) = without_origin(document);
        let lines = finder.lines(&document, &origin);
        finder.tracer.extend(lines);
        all.push_str(&document);
    }
    (all, finder.tracer.finish())
}

/// What kustomize says of an object.
#[derive(Debug, Default, PartialEq, Eq)]
struct Said {
    /// The file of a resource.
    path: Option<String>,
    /// Another machine, where the file is.
    repository: Option<String>,
    /// The kustomization that had an object made.
    configured_in: Option<String>,
    /// What made it.
    generator: Option<String>,
}

/// A document without the annotation, and what it said.
fn without_origin(document: &str) -> (String, Said) {
    const ORIGIN: &str = "    config.kubernetes.io/origin:";
    const ANNOTATIONS: &str = "  annotations:";
    let mut text = String::with_capacity(document.len());
    let mut said = Said::default();
    let (mut section, mut in_annotations, mut taking) = ("", false, false);
    // Where the line is that the annotation may leave without any entry.
    let mut opened = None;
    for line in document.split_inclusive('\n') {
        let content = line.trim_end();
        let indent = line.len() - line.trim_start().len();
        if taking && (indent > 4 || content.is_empty()) {
            said.read(content.trim());
            continue;
        }
        taking = false;
        if indent == 0 {
            section = content;
        }
        in_annotations = match indent {
            0 | 1 => false,
            2 => section == "metadata:" && content == ANNOTATIONS,
            _ => in_annotations,
        };
        if indent == 2 {
            if let Some(opened) = opened.take() {
                close(&mut text, opened);
            }
            opened = in_annotations.then_some(text.len());
        }
        if in_annotations && content.starts_with(ORIGIN) {
            taking = true;
            continue;
        }
        if indent == 0
            && let Some(opened) = opened.take()
        {
            close(&mut text, opened);
        }
        text.push_str(line);
    }
    if let Some(opened) = opened {
        close(&mut text, opened);
    }
    (text, said)
}

/// Takes away a key below which nothing is left.
fn close(text: &mut String, opened: usize) {
    if text[opened..].lines().count() == 1 {
        text.truncate(opened);
    }
}

impl Said {
    fn read(&mut self, line: &str) {
        let Some((key, value)) = line.split_once(": ") else { return };
        let value = || Some(value.trim_matches(['"', '\'']).to_owned());
        match key {
            "path" => self.path = value(),
            "repo" => self.repository = value(),
            "configuredIn" => self.configured_in = value(),
            "kind" => self.generator = value(),
            _ => {}
        }
    }
}

/// A document of a patch.
struct Patch {
    file: PathBuf,
    nth: usize,
    kind: String,
    name: String,
}

struct Finder<'p> {
    tracer: Tracer,
    places: &'p Places<'p>,
    patches: Vec<Patch>,
}

impl Finder<'_> {
    /// The patches of all kustomizations, those of the outermost first: what they write holds.
    fn find_patches(&mut self) {
        for part in self.places.parts {
            for (entry, target) in part.patches() {
                let file = joined(&part.folder, &entry);
                let Some(written) = self.tracer.written(&file) else { continue };
                let patches = written.documents.iter().enumerate().filter_map(|(nth, document)| {
                    let own = (document.text("kind")?, document.text("metadata.name")?);
                    let (kind, name) = target.as_ref().map_or(own, |(kind, name)| (kind, name));
                    Some(Patch { file: file.clone(), nth, kind: kind.to_owned(), name: name.to_owned() })
                });
                self.patches.extend(patches);
            }
        }
    }

    /// Where the lines of an object were written.
    fn lines(&mut self, document: &str, said: &Said) -> Vec<Origin> {
        let unknown = |file| document.lines().map(|_| Origin { file, line: 0, shift: 0 }).collect();
        let outline = outlines(&Source::new("rendered", document)).into_iter().next();
        let Some(own) = outline else { return unknown(0) };
        if said.repository.is_some() {
            return unknown(0);
        }
        if let Some(path) = &said.path {
            let file = (self.places.file)(Path::new(path));
            if let Some(nth) = self.tracer.written(&file).and_then(|written| same(&own, &written.documents)) {
                let mut from: Vec<(PathBuf, usize)> = self.patches_of(&own);
                from.push((file, nth));
                return self.tracer.document(document, &from);
            }
            return unknown(self.tracer.file(&file));
        }
        let Some(configured) = &said.configured_in else { return unknown(0) };
        let file = (self.places.file)(Path::new(configured));
        let line = self.generator(&file, said.generator.as_deref().unwrap_or_default(), &own);
        let file = self.tracer.file(&file);
        document.lines().map(|_| Origin { file, line, shift: i32::MIN }).collect()
    }

    fn patches_of(&self, own: &Outline) -> Vec<(PathBuf, usize)> {
        let (kind, name) =
            (own.text("kind").unwrap_or_default(), own.text("metadata.name").unwrap_or_default());
        let about = self.patches.iter().filter(|patch| patch.kind == kind && is_made_of(name, &patch.name));
        about.map(|patch| (patch.file.clone(), patch.nth)).collect()
    }

    /// The line of a generator in its kustomization; 0 where it is not found.
    fn generator(&mut self, file: &Path, kind: &str, own: &Outline) -> u32 {
        let list = match kind {
            "ConfigMapGenerator" => "configMapGenerator",
            "SecretGenerator" => "secretGenerator",
            "HelmChartInflationGenerator" => "helmCharts",
            _ => return 0,
        };
        let name = own.text("metadata.name").unwrap_or_default();
        let Some(document) = self.tracer.written(file).and_then(|written| written.documents.first()) else {
            return 0;
        };
        let entries = (0..document.count(list)).map(|nth| format!("{list}[{nth}]"));
        let entry = |path: &String| document.text(&format!("{path}.name")).is_some_and(|n| name.contains(n));
        match entries.clone().find(entry) {
            Some(path) => document.place(&path).0,
            None if document.count(list) > 0 => document.place(list).0,
            None => 0,
        }
    }
}

/// Whether a name may be another one with a prefix and a suffix.
fn is_made_of(name: &str, original: &str) -> bool {
    let ends = |rest: &str, inner: fn(&str) -> bool| rest.is_empty() || inner(rest);
    !original.is_empty()
        && name.match_indices(original).any(|(at, _)| {
            let (before, after) = (&name[..at], &name[at + original.len()..]);
            ends(before, |before| before.ends_with(['-', '.']))
                && ends(after, |after| after.starts_with(['-', '.']))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes_and_suffixes_do_not_hide_a_name() {
        for (name, original, made) in [
            ("web", "web", true),
            ("prod-web", "web", true),
            ("prod-web-5f6", "web", true),
            ("webhook", "web", false),
            ("web", "", false),
        ] {
            assert_eq!(is_made_of(name, original), made, "{name} {original}");
        }
    }

    #[test]
    fn the_annotation_goes_and_nothing_else() {
        let plain = "apiVersion: v1\nkind: Service\nmetadata:\n  name: web\nspec: {}\n";
        let alone = "apiVersion: v1\nkind: Service\nmetadata:\n  annotations:\n    config.kubernetes.io/origin: |\n      path: \
                     ../base/web.yaml\n  name: web\nspec: {}\n";
        let (text, said) = without_origin(alone);
        assert_eq!((text.as_str(), said.path.as_deref()), (plain, Some("../base/web.yaml")));
        assert_eq!(without_origin(plain), (plain.to_owned(), Said::default()));
        let others = "---\nkind: A\nmetadata:\n  annotations:\n    a: b\n    config.kubernetes.io/origin: |\n      configuredBy:\n        \
                      apiVersion: builtin\n        kind: ConfigMapGenerator\n      configuredIn: k.yaml\n    d: e\n  name: x\ndata:\n  t: |\n    \
                      config.kubernetes.io/origin: |\n      path: kept\n";
        let (text, said) = without_origin(others);
        assert_eq!(
            text,
            "---\nkind: A\nmetadata:\n  annotations:\n    a: b\n    d: e\n  name: x\ndata:\n  t: |\n    \
             config.kubernetes.io/origin: |\n      path: kept\n"
        );
        assert_eq!(
            (said.configured_in.as_deref(), said.generator.as_deref()),
            (Some("k.yaml"), Some("ConfigMapGenerator"))
        );
        let last = "kind: A\nmetadata:\n  annotations:\n    config.kubernetes.io/origin: |\n      path: p\n";
        assert_eq!(without_origin(last).0, "kind: A\nmetadata:\n");
    }
}
