//! Server blocks and their plugins, from the lines of one file.
use netloom_objects::TextLine;

use crate::{
    word::{Word, words},
    zones::zone_of,
};

/// A plugin with what stands behind it, and the lines of its own block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plugin {
    /// Its name.
    pub name: Word,
    /// What stands behind it on its line.
    pub args: Vec<Word>,
    /// The lines of its block.
    pub properties: Vec<Vec<Word>>,
}

/// A server block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// Zones and addresses.
    pub keys: Vec<Word>,
    /// Its plugins, in the order of the file.
    pub plugins: Vec<Plugin>,
}

/// A Corefile.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Corefile {
    /// Its server blocks and snippets.
    pub blocks: Vec<Block>,
    /// The files that it imports outside of any block.
    pub imports: Vec<Word>,
    /// Where it cannot be read, and why.
    pub faults: Vec<(Word, &'static str)>,
}

impl Block {
    /// Its plugin of a name.
    #[must_use]
    pub fn plugin(&self, name: &str) -> Option<&Plugin> {
        self.plugins.iter().find(|plugin| plugin.name.text == name)
    }

    /// Whether files that are not seen here may add plugins to it.
    #[must_use]
    pub fn imports(&self) -> bool {
        self.plugin("import").is_some()
    }

    /// Whether it is a snippet, which is no server by itself.
    #[must_use]
    pub fn is_snippet(&self) -> bool {
        self.keys.first().is_some_and(|key| key.text.starts_with('('))
    }

    /// The zones that it serves, each with its port.
    pub fn zones(&self) -> impl Iterator<Item = (&Word, String, String)> {
        self.keys.iter().map(|key| {
            let (zone, port) = zone_of(&key.text);
            (key, zone, port)
        })
    }
}

impl Corefile {
    /// Reads the lines of a file.
    #[must_use]
    pub fn read(lines: &[TextLine]) -> Self {
        read(lines)
    }
}

fn read(lines: &[TextLine]) -> Corefile {
    let mut file = Corefile::default();
    let mut keys: Vec<Word> = Vec::new();
    let mut depth = 0_usize;
    let mut opened: Option<Word> = None;
    for line in lines {
        let mut words = words(line);
        while let Some(last) = words.last() {
            if last.text != "}" || words.len() > 1 && words.iter().any(|word| word.text == "{") {
                break;
            }
            let brace = words.pop();
            if depth == 0 {
                file.faults.extend(brace.map(|brace| (brace, "this `}` closes nothing")));
            }
            depth = depth.saturating_sub(1);
        }
        if words.is_empty() {
            continue;
        }
        let closes_at_once = words.len() > 1 && words.last().is_some_and(|word| word.text == "}");
        if closes_at_once {
            words.pop();
        }
        // What stands behind a brace is the first line of its block.
        let brace = words.iter().position(|word| word.text == "{");
        let inside = brace.map(|brace| words.split_off(brace + 1)).unwrap_or_default();
        let opens = words.last().is_some_and(|word| word.text == "{");
        let brace = opens.then(|| words.pop()).flatten();
        match depth {
            0 if keys.is_empty() && !opens && words.first().is_some_and(|word| word.text == "import") => {
                file.imports.extend(words.into_iter().skip(1));
            }
            0 => {
                keys.extend(
                    words
                        .into_iter()
                        .map(|word| Word { text: word.text.trim_end_matches(',').to_owned(), ..word }),
                );
                if let Some(brace) = brace {
                    let plugins = plugin(inside).into_iter().collect();
                    file.blocks.push(Block { keys: std::mem::take(&mut keys), plugins });
                    opened = Some(brace);
                }
            }
            1 => {
                if let (Some(mut plugin), Some(block)) = (plugin(words), file.blocks.last_mut()) {
                    plugin.properties.extend((!inside.is_empty()).then_some(inside));
                    block.plugins.push(plugin);
                }
            }
            _ => {
                let plugin = file.blocks.last_mut().and_then(|block| block.plugins.last_mut());
                if let Some(plugin) = plugin {
                    plugin.properties.extend([words, inside].into_iter().filter(|line| !line.is_empty()));
                }
            }
        }
        if opens && !closes_at_once {
            depth += 1;
        }
    }
    if depth > 0 {
        file.faults.extend(opened.map(|brace| (brace, "the block that opens here is not closed")));
    }
    // One server block may stand without braces.
    if !file.blocks.is_empty() {
        file.faults
            .extend(keys.into_iter().take(1).map(|key| (key, "no `{` follows: this is no server block")));
    }
    file
}

fn plugin(words: Vec<Word>) -> Option<Plugin> {
    let mut words = words.into_iter();
    Some(Plugin { name: words.next()?, args: words.collect(), properties: Vec::new() })
}

#[cfg(test)]
mod tests {
    use netloom_objects::Location;

    use super::*;

    fn file(text: &str) -> Corefile {
        let lines: Vec<TextLine> = text
            .lines()
            .zip(1..)
            .map(|(text, line)| TextLine {
                text: text.to_owned(),
                at: Location { file: "Corefile".into(), line, column: 1 },
                start: 0,
            })
            .collect();
        read(&lines)
    }

    #[test]
    fn blocks_plugins_and_properties_are_read() {
        let read = file(
            ".:53 {\n  errors # all of them\n  kubernetes cluster.local {\n    pods verified\n    ttl 30\n  }\n  cache 30\n}\nexample.com, example.org {\n  forward . 10.0.0.1 { policy sequential }\n}\n",
        );
        assert!(read.faults.is_empty(), "{:?}", read.faults);
        let names: Vec<Vec<&str>> =
            read.blocks.iter().map(|b| b.plugins.iter().map(|p| p.name.text.as_str()).collect()).collect();
        assert_eq!(names, [vec!["errors", "kubernetes", "cache"], vec!["forward"]]);
        assert_eq!(read.blocks[0].plugins[1].properties.len(), 2);
        let zones: Vec<String> =
            read.blocks[1].zones().map(|(_, zone, port)| format!("{zone} {port}")).collect();
        assert_eq!(zones, ["example.com 53", "example.org 53"]);
    }

    #[test]
    fn a_block_may_begin_behind_its_brace() {
        let read = file(". { errors\n  hosts { 10.0.0.1 a.example\n    fallthrough\n  }\n  cache\n}\n");
        assert!(read.faults.is_empty(), "{:?}", read.faults);
        let plugins: Vec<_> =
            read.blocks[0].plugins.iter().map(|p| (p.name.text.as_str(), p.properties.len())).collect();
        assert_eq!(plugins, [("errors", 0), ("hosts", 2), ("cache", 0)]);
    }

    #[test]
    fn broken_files_have_faults_and_never_panic() {
        for (text, faults) in [
            (".:53 {\n  errors\n", 1),
            (".:53 {\n}\n}\n", 1),
            ("}\n", 1),
            (".:53 {\n}\nexample.com\n", 1),
            ("", 0),
            ("{ { {", 1),
            ("} } }", 3),
            ("\"", 0),
            (".:53 {\n}\nimport custom/*.server\n", 0),
        ] {
            assert_eq!(file(text).faults.len(), faults, "{text:?}: {:?}", file(text).faults);
        }
    }
}
