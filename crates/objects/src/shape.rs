//! Recognises documents that are broken as a whole: templates, and manifests that lost their indentation.
use crate::tree::{Broken, Chunk};

/// A place in a chunk, and what stands there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Spot {
    pub(crate) line: u32,
    pub(crate) column: u32,
    /// Just behind it.
    pub(crate) end: u32,
    pub(crate) text: String,
}

/// The first template action on the wanted lines of a chunk: of Helm, such as `{{ .Values.name }}`, of Jinja, or of ytt.
pub(crate) fn template(chunk: Chunk<'_>, wanted: impl Fn(u32) -> bool) -> Option<Spot> {
    numbered(chunk)
        .filter(|(number, _)| wanted(*number))
        .find_map(|(number, line)| action(line).map(|(at, text)| spot(number, line, at, text)))
}

/// The byte at which a line has a template action, and the action.
fn action(line: &str) -> Option<(usize, &str)> {
    let start = line.len() - line.trim_start().len();
    if line[start..].starts_with("{%") {
        return Some((start, line[start..].trim_end()));
    }
    if let Some(at) = line.find("#@").filter(|at| starts_value(&line[..*at])) {
        return Some((at, line[at..].trim_end()));
    }
    let at = line.find("{{")?;
    let action = &line[at..];
    let action = action.find("}}").map_or(action, |end| &action[..end + 2]);
    let inside = action.trim_matches(['{', '}', '-', ' ']);
    let names =
        [".Values", ".Release", ".Chart", ".Capabilities", "include ", "template ", "toYaml ", "lookup "];
    let words = ["if", "else", "end", "range", "with", "define", "block"];
    let first_word = inside.split([' ', '}']).next().unwrap_or_default();
    let telling = names.iter().any(|n| inside.contains(n))
        || words.contains(&first_word)
        || action.starts_with("{{-")
        || starts_value(&line[..at]);
    telling.then_some((at, action))
}

/// Whether a value or a whole line begins behind `before`.
fn starts_value(before: &str) -> bool {
    let before = before.trim_end();
    before.is_empty() || before.ends_with([':', '-'])
}

/// Whether a text has a word that every manifest has. What cannot be parsed and has none is the file of another program.
pub(crate) fn names_objects(text: &str) -> bool {
    ["apiVersion", "kind:", "\"kind\""]
        .iter()
        .any(|word| memchr::memmem::find(text.as_bytes(), word.as_bytes()).is_some())
}

/// What YAML has and kubectl, helm and kustomize refuse, because they cut a file at its `---` lines before they read it:
/// text behind the `---`, and directives.
pub(crate) fn refused_by_kubectl(chunk: Chunk<'_>) -> Vec<Spot> {
    let mut spots = Vec::new();
    for (number, line) in numbered(chunk) {
        let Some(behind) = line.strip_prefix("---") else {
            if line.starts_with('%') {
                spots.push(spot(number, line, 0, line.trim_end()));
                continue;
            }
            match line.starts_with('#') || line.trim().is_empty() {
                true => continue,
                false => break,
            }
        };
        let text = behind.trim();
        if !text.is_empty() && !text.starts_with('#') {
            spots.push(spot(number, line, line.len() - behind.trim_start().len(), text));
        }
        break;
    }
    spots
}

/// The signs that a manifest lost its indentation: a line that must be indented and is not, and the line above that
/// it belongs under.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Flattened {
    /// The key that the document begins with.
    pub(crate) first: Spot,
    pub(crate) child: Spot,
    pub(crate) parent: Spot,
}

/// Fields that stand directly under `metadata:`.
const METADATA_FIELDS: [&str; 5] = ["name", "namespace", "labels", "annotations", "generateName"];
/// Fields that stand at column 1 in a manifest.
const TOP_FIELDS: [&str; 12] = [
    "apiVersion",
    "kind",
    "metadata",
    "spec",
    "status",
    "data",
    "stringData",
    "binaryData",
    "type",
    "items",
    "subsets",
    "webhooks",
];

/// Looks for an empty `metadata:` whose fields stand beside it, and for a `spec:` in a document without any
/// indentation at all.
pub(crate) fn flattened(chunk: Chunk<'_>) -> Option<Flattened> {
    let lines: Vec<(u32, &str)> = numbered(chunk)
        .filter(|(_, line)| {
            let line = line.trim();
            !line.is_empty() && !line.starts_with('#') && line != "---"
        })
        .collect();
    let is_manifest =
        lines.iter().any(|(_, line)| line.starts_with("apiVersion:") || line.starts_with("kind:"));
    if !is_manifest {
        return None;
    }
    let first = lines.first().map(|(number, line)| {
        let key = line.split_once(':').map_or(*line, |(key, _)| key).trim_end();
        spot(*number, line, 0, key)
    })?;
    let indented = lines.iter().any(|(_, line)| line.starts_with([' ', '\t']));
    lines.windows(2).find_map(|pair| {
        let (parent, child) = (pair[0], pair[1]);
        let key = key_of(child.1)?;
        let belongs = match empty_key(parent.1)? {
            "metadata" => METADATA_FIELDS.contains(&key),
            "spec" => !indented && !TOP_FIELDS.contains(&key),
            _ => false,
        };
        belongs.then(|| Flattened {
            first: first.clone(),
            child: spot(child.0, child.1, 0, &format!("{key}:")),
            parent: spot(parent.0, parent.1, 0, parent.1.trim_end()),
        })
    })
}

/// The key of a line at column 1.
fn key_of(line: &str) -> Option<&str> {
    let (key, rest) = line.split_once(':')?;
    let is_key = key.bytes().all(|b| b.is_ascii_alphanumeric()) && !key.is_empty();
    (is_key && (rest.is_empty() || rest.starts_with([' ', '\t', '\r']))).then_some(key)
}

/// The key of a line at column 1 that has nothing behind its colon.
fn empty_key(line: &str) -> Option<&str> {
    let rest = line.split_once(':')?.1.trim();
    (rest.is_empty() || rest.starts_with('#')).then(|| key_of(line)).flatten()
}

/// A tab among the blanks that a line begins with, where the parser stumbled over it.
pub(crate) fn tabbed(chunk: Chunk<'_>, broken: &Broken) -> Option<Broken> {
    let near = |number: u32| broken.message.contains("tab") || number == broken.line;
    let (line, tab) =
        numbered(chunk).filter(|(n, _)| *n >= broken.line && near(*n)).find_map(|(number, line)| {
            let blanks = line.len() - line.trim_start_matches([' ', '\t']).len();
            line[..blanks].find('\t').map(|tab| (number, tab))
        })?;
    let column = u32::try_from(tab + 1).unwrap_or(u32::MAX);
    Some(Broken { line, column, message: "the line begins with a tab".into() })
}

fn numbered(chunk: Chunk<'_>) -> impl Iterator<Item = (u32, &str)> {
    (chunk.line..).zip(chunk.text.lines())
}

fn spot(line: u32, content: &str, at: usize, text: &str) -> Spot {
    let clip = |n: usize| u32::try_from(n).unwrap_or(u32::MAX - 1);
    let column = clip(content[..at].chars().count()) + 1;
    Spot { line, column, end: column.saturating_add(clip(text.chars().count())), text: text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunk(text: &str) -> Chunk<'_> {
        Chunk { text, start: 0, line: 1 }
    }

    #[test]
    fn lost_indentation_is_seen() {
        let table = [
            ("apiVersion: v1\nkind: Service\nmetadata:\nname: a\nspec:\ntype: ClusterIP\n", Some((4, 3))),
            ("apiVersion: v1\r\nkind: Service\r\nmetadata:\r\nname: a\r\n", Some((4, 3))),
            ("kind: Pod\nmetadata: # its name\n\n# the name\nnamespace: a\n", Some((5, 2))),
            ("apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\ncontainers:\n- name: a\n", Some((5, 4))),
            ("apiVersion: v1\nkind: Service\nmetadata:\n  name: a\nspec:\n  type: ClusterIP\n", None),
            ("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\ndata:\n", None),
            ("apiVersion: v2\nname: chart\n", None),
            ("metadata:\nname: a\n", None),
            ("apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\nstatus: {}\n", None),
            ("apiVersion: v1\nkind: Service\nmetadata:\n  name: a\nspec:\n# nothing\nother: 1\n", None),
        ];
        for (text, expected) in table {
            let found = flattened(chunk(text)).map(|f| (f.child.line, f.parent.line));
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn templates_are_seen() {
        let table = [
            ("a: {{ .Values.x }}\n", Some((1, 4))),
            ("a: \"{{ .Values.x }}\"\n", Some((1, 5))),
            ("a: 1\n{{- if .x }}\nb: 2\n", Some((2, 1))),
            ("- {{ something }}\n", Some((1, 3))),
            ("{{ include \"a\" . }}\n", Some((1, 1))),
            ("summary: \"pod {{ $labels.pod }} is down\"\n", None),
            ("a: {{\n", Some((1, 4))),
            ("a: {b: {c: d}}\n", None),
            ("{% for a in b %}\n- {{ a }}\n", Some((1, 1))),
            ("a: \"10 {% of %}\"\n", None),
            ("a: 1\nb: #@ data.values.b\n", Some((2, 4))),
            ("#@ if b:\na: 1\n", Some((1, 1))),
            ("a: 1 #@sign\n", None),
        ];
        for (text, expected) in table {
            assert_eq!(template(chunk(text), |_| true).map(|s| (s.line, s.column)), expected, "{text}");
        }
    }
}
