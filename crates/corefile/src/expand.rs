//! Snippets and imports put in their places: what CoreDNS makes of a Corefile and the files beside it.
use std::{collections::BTreeMap, sync::Arc};

use netloom_objects::{ObjectRef, TextLine};

use crate::{Corefile, Plugin, Word};

/// A file that a server can read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// The ConfigMap that it is in.
    pub origin: Arc<ObjectRef>,
    /// Its lines, with their places in the manifest.
    pub lines: Vec<TextLine>,
}

/// A plugin of a server, and the object that it stands in.
#[derive(Clone, Debug)]
pub struct Directive {
    /// The plugin.
    pub plugin: Plugin,
    /// The ConfigMap.
    pub origin: Arc<ObjectRef>,
}

/// A server block with everything imported.
#[derive(Clone, Debug)]
pub struct Server {
    /// Zones and addresses.
    pub keys: Vec<Word>,
    /// The ConfigMap that its keys stand in.
    pub origin: Arc<ObjectRef>,
    /// Its plugins, in the order of the files.
    pub directives: Vec<Directive>,
}

/// Something that CoreDNS does not take.
#[derive(Clone, Debug)]
pub struct Fault {
    /// The line.
    pub at: Arc<ObjectRef>,
    /// What is wrong.
    pub why: String,
}

/// A Corefile with everything imported.
#[derive(Clone, Debug, Default)]
pub struct Expanded {
    /// Its servers.
    pub servers: Vec<Server>,
    /// What CoreDNS does not take.
    pub faults: Vec<Fault>,
}

/// Imports inside of imports; CoreDNS has no bound, and files that import each other have no end.
const MAX_DEPTH: usize = 8;

/// Reads a Corefile among the files that a server has, by their paths.
#[must_use]
pub fn expand(files: &BTreeMap<String, File>, main: &str) -> Expanded {
    let mut expander = Expander { files, snippets: BTreeMap::new(), out: Expanded::default() };
    expander.file(main, 0);
    expander.out
}

struct Expander<'f> {
    files: &'f BTreeMap<String, File>,
    snippets: BTreeMap<String, (Vec<Plugin>, Arc<ObjectRef>, String)>,
    out: Expanded,
}

impl Expander<'_> {
    fn file(&mut self, path: &str, depth: usize) {
        let Some(file) = self.files.get(path) else { return };
        let read = Corefile::read(&file.lines);
        for (word, why) in read.faults {
            self.fault(&file.origin, &word, why.to_owned());
        }
        for block in read.blocks {
            if block.is_snippet() {
                let name = block.keys[0].text.trim_matches(['(', ')']).to_owned();
                self.snippets.insert(name, (block.plugins, file.origin.clone(), path.to_owned()));
                continue;
            }
            let mut directives = Vec::new();
            for plugin in block.plugins {
                self.plugin(plugin, &file.origin, path, depth, &mut directives);
            }
            self.out.servers.push(Server { keys: block.keys, origin: file.origin.clone(), directives });
        }
        for import in read.imports {
            let found = self.matching(&import.text, path);
            self.missing(&found, &file.origin, &import);
            if depth < MAX_DEPTH {
                found.iter().for_each(|path| self.file(path, depth + 1));
            }
        }
    }

    fn plugin(
        &mut self,
        plugin: Plugin,
        origin: &Arc<ObjectRef>,
        path: &str,
        depth: usize,
        out: &mut Vec<Directive>,
    ) {
        if plugin.name.text != "import" {
            out.push(Directive { plugin, origin: origin.clone() });
            return;
        }
        let Some(what) = plugin.args.first() else {
            return self.fault(origin, &plugin.name, "`import` names no file and no snippet".to_owned());
        };
        if depth >= MAX_DEPTH {
            return self.fault(origin, what, format!("imports more than {MAX_DEPTH} deep are left out"));
        }
        if let Some((plugins, origin, path)) = self.snippets.get(&what.text).cloned() {
            for plugin in plugins {
                self.plugin(plugin, &origin, &path, depth + 1, out);
            }
            return;
        }
        let found = self.matching(&what.text, path);
        self.missing(&found, origin, what);
        for path in found {
            let Some(file) = self.files.get(&path) else { continue };
            let (origin, plugins) = (file.origin.clone(), bare_plugins(&file.lines));
            for plugin in plugins {
                self.plugin(plugin, &origin, &path, depth + 1, out);
            }
        }
    }

    /// A pattern may match nothing; a name has to be there.
    fn missing(&mut self, found: &[String], origin: &Arc<ObjectRef>, word: &Word) {
        if found.is_empty() && !word.text.contains(['*', '?', '[']) {
            self.fault(origin, word, format!("there is no file and no snippet {} to import", word.text));
        }
    }

    fn fault(&mut self, origin: &Arc<ObjectRef>, word: &Word, why: String) {
        self.out.faults.push(Fault { at: Arc::new(origin.at(word.at.clone())), why });
    }

    /// The files that an import means; a relative one begins in the importing file's folder.
    fn matching(&self, pattern: &str, from: &str) -> Vec<String> {
        let folder = from.rsplit_once('/').map_or("", |(folder, _)| folder);
        let pattern =
            if pattern.starts_with('/') { pattern.to_owned() } else { format!("{folder}/{pattern}") };
        self.files.keys().filter(|path| fits(pattern.as_bytes(), path.as_bytes())).cloned().collect()
    }
}

/// The plugins of a file that has no server block around them.
fn bare_plugins(lines: &[TextLine]) -> Vec<Plugin> {
    let Some(first) = lines.first() else { return Vec::new() };
    let line = |text: &str| TextLine { text: text.to_owned(), ..first.clone() };
    let around: Vec<TextLine> =
        [line(". {")].into_iter().chain(lines.iter().cloned()).chain([line("}")]).collect();
    Corefile::read(&around).blocks.into_iter().flat_map(|block| block.plugins).collect()
}

/// Whether a path fits a pattern, in which `*` and `?` stop at slashes.
fn fits(pattern: &[u8], path: &[u8]) -> bool {
    match (pattern.split_first(), path.split_first()) {
        (None, None) => true,
        (Some((b'*', rest)), _) => {
            let end = path.iter().position(|byte| *byte == b'/').unwrap_or(path.len());
            (0..=end).any(|taken| fits(rest, &path[taken..]))
        }
        (Some((b'?', rest)), Some((byte, path))) => *byte != b'/' && fits(rest, path),
        (Some((wanted, rest)), Some((byte, path))) => wanted == byte && fits(rest, path),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use netloom_objects::Location;

    use super::*;

    fn files(texts: &[(&str, &str)]) -> BTreeMap<String, File> {
        let file = |name: &str, text: &str| {
            let at = |line| Location { file: name.into(), line, column: 1 };
            let lines = text.lines().zip(1..);
            let lines = lines.map(|(text, line)| TextLine { text: text.to_owned(), at: at(line), start: 0 });
            let origin =
                ObjectRef { kind: "ConfigMap".into(), namespace: None, name: name.into(), at: at(1) };
            File { origin: Arc::new(origin), lines: lines.collect() }
        };
        texts.iter().map(|(name, text)| ((*name).to_owned(), file(name, text))).collect()
    }

    #[test]
    fn snippets_and_files_stand_where_they_are_imported() {
        let files = files(&[
            (
                "/etc/coredns/Corefile",
                "(common) {\n  errors\n  cache 30\n}\n.:53 {\n  import common\n  import custom/*.override\n  forward . 10.0.0.1\n}\nimport custom/*.server\n",
            ),
            ("/etc/coredns/custom/a.override", "hosts {\n  10.0.0.9 x.example\n  fallthrough\n}\nlog\n"),
            ("/etc/coredns/custom/b.server", "stub.example:53 {\n  import common\n  forward . 10.0.0.2\n}\n"),
            ("/etc/coredns/other/c.server", "no.example {\n}\n"),
        ]);
        let read = expand(&files, "/etc/coredns/Corefile");
        assert!(read.faults.is_empty(), "{:?}", read.faults);
        let shown: Vec<String> = read
            .servers
            .iter()
            .map(|server| {
                let names = server.directives.iter().map(|d| d.plugin.name.text.as_str());
                format!("{}: {}", server.keys[0].text, names.collect::<Vec<_>>().join(" "))
            })
            .collect();
        assert_eq!(shown, [".:53: errors cache hosts log forward", "stub.example:53: errors cache forward"]);
        let hosts = &read.servers[0].directives[2];
        assert_eq!((&*hosts.origin.name, hosts.plugin.name.at.line), ("/etc/coredns/custom/a.override", 1));
    }

    #[test]
    fn what_cannot_be_imported_is_said() {
        let read = expand(
            &files(&[("/Corefile", ". {\n  import gone\n}\nimport nothing*\nimport gone2\n")]),
            "/Corefile",
        );
        let why: Vec<&str> = read.faults.iter().map(|fault| fault.why.as_str()).collect();
        assert_eq!(why.len(), 2, "{why:?}");
        let endless = files(&[("/Corefile", "(a) {\n  import a\n}\n. {\n  import a\n}\n")]);
        assert_eq!(expand(&endless, "/Corefile").faults.len(), 1);
    }
}
