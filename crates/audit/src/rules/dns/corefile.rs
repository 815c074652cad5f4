//! Reads Corefiles, each word with its place in the manifest.
use netloom_objects::{Location, Object, TextLine};

use crate::Context;

/// One word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Word {
    pub text: String,
    pub at: Location,
}

impl Word {
    /// Line and column just behind it.
    pub fn end(&self) -> (u32, u32) {
        (self.at.line, self.at.column + self.text.chars().count() as u32)
    }
}

/// A plugin with what stands behind it, and the lines of its own block.
#[derive(Clone, Debug)]
pub(super) struct Plugin {
    pub name: Word,
    pub args: Vec<Word>,
    pub properties: Vec<Vec<Word>>,
}

/// A server block.
#[derive(Clone, Debug)]
pub(super) struct Block {
    pub keys: Vec<Word>,
    pub plugins: Vec<Plugin>,
}

/// A Corefile.
#[derive(Clone, Debug, Default)]
pub(super) struct Corefile {
    pub blocks: Vec<Block>,
    /// Where it cannot be read, and why.
    pub faults: Vec<(Word, &'static str)>,
}

/// The Corefiles of a set, each with its ConfigMap.
pub(super) fn corefiles<'a>(cx: &Context<'a>) -> Vec<(&'a Object, Corefile)> {
    let maps = cx.all_of("", "ConfigMap").into_iter();
    maps.filter_map(|object| Some((object, read(&object.text_lines("data.Corefile")?)))).collect()
}

/// Whether a ConfigMap is the one that the cluster's own CoreDNS reads.
pub(super) fn is_cluster_dns(object: &Object) -> bool {
    object.reference.namespace.as_deref() == Some("kube-system") && object.name.ends_with("coredns")
}

impl Block {
    pub fn plugin(&self, name: &str) -> Option<&Plugin> {
        self.plugins.iter().find(|plugin| plugin.name.text == name)
    }

    /// Whether files that are not seen here may add plugins to it.
    pub fn imports(&self) -> bool {
        self.plugin("import").is_some()
    }

    /// Whether it is a snippet, which is no server by itself.
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

/// Zone and port of a key: `.:53`, `tls://example.com`, `example.com.`.
pub(super) fn zone_of(key: &str) -> (String, String) {
    let (scheme, rest) = key.split_once("://").unwrap_or(("dns", key));
    let port = match scheme {
        "tls" | "quic" => "853",
        "https" | "https3" | "grpc" => "443",
        _ => "53",
    };
    // Addresses of IPv6 hold colons, and stand in brackets where a port follows.
    let (zone, port) = match rest.rsplit_once(':') {
        Some((zone, port)) if !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()) => (zone, port),
        _ => (rest, port),
    };
    let zone = zone.trim_end_matches('.').to_ascii_lowercase();
    (if zone.is_empty() { ".".to_owned() } else { zone }, port.to_owned())
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
        // A block of one line: what stands in its braces.
        let mut inside = Vec::new();
        if closes_at_once {
            words.pop();
            if let Some(brace) = words.iter().position(|word| word.text == "{") {
                inside = words.split_off(brace + 1);
            }
        }
        let opens = words.last().is_some_and(|word| word.text == "{");
        let brace = opens.then(|| words.pop()).flatten();
        match depth {
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
                if let Some(plugin) = plugin.filter(|_| !words.is_empty()) {
                    plugin.properties.push(words);
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

/// The words of a line, up to a comment.
fn words(line: &TextLine) -> Vec<Word> {
    let mut words = Vec::new();
    let mut chars = line.text.chars().enumerate().peekable();
    while let Some((start, first)) = chars.next() {
        if first.is_whitespace() {
            continue;
        }
        if first == '#' {
            break;
        }
        let quoted = first == '"';
        let mut text = if quoted { String::new() } else { first.to_string() };
        while let Some((_, c)) = chars.next_if(|(_, c)| if quoted { *c != '"' } else { !c.is_whitespace() }) {
            text.push(c);
        }
        if quoted {
            chars.next();
        }
        let column = line.at.column + start as u32;
        words.push(Word { text, at: Location { column, ..line.at.clone() } });
    }
    words
}

#[cfg(test)]
mod tests {
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
        ] {
            assert_eq!(file(text).faults.len(), faults, "{text:?}: {:?}", file(text).faults);
        }
    }

    #[test]
    fn keys_have_a_zone_and_a_port() {
        for (key, zone, port) in [
            (".:53", ".", "53"),
            (".", ".", "53"),
            ("Example.COM.:1053", "example.com", "1053"),
            ("tls://example.com", "example.com", "853"),
            ("10.0.0.0/8", "10.0.0.0/8", "53"),
        ] {
            assert_eq!(zone_of(key), (zone.to_owned(), port.to_owned()), "{key}");
        }
    }
}
