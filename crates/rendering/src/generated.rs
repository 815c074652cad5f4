//! Values that a chart makes up each time it is rendered: keys, certificates, passwords.
//!
//! Such a chart is rendered twice. What differs is nobody's text: something that is always the same stands in its place.
use std::{fs, path::Path};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use netloom_objects::GENERATED;
use similar::{Algorithm, DiffOp, capture_diff_slices};

/// The functions of templates that give something else each time.
const FUNCTIONS: [&str; 13] = [
    "genCA",
    "genSelfSignedCert",
    "genSignedCert",
    "genPrivateKey",
    "randAlpha",
    "randNumeric",
    "randAscii",
    "randBytes",
    "randInt",
    "uuidv4",
    "htpasswd",
    "bcrypt",
    "encryptAES",
];
/// Text within text within text is not looked into any deeper.
const DEEPEST: usize = 3;
/// Bytes that happen to be text may be so few.
const SHORT: usize = 16;
/// Folders in folders beyond this are of no chart.
const DEEPEST_FOLDER: usize = 16;

/// Whether a chart has templates that make values up. An archive in it may.
pub fn may_generate(chart: &Path) -> bool {
    let templates = in_folder(&chart.join("templates"), 0);
    templates || in_folder(&chart.join("charts"), 0)
}

fn in_folder(folder: &Path, depth: usize) -> bool {
    let Ok(entries) = fs::read_dir(folder) else { return false };
    entries.flatten().map(|entry| entry.path()).any(|path| {
        if path.is_dir() {
            return depth < DEEPEST_FOLDER && in_folder(&path, depth + 1);
        }
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("tgz") => true,
            Some("yaml" | "yml" | "tpl" | "txt" | "json") => {
                fs::read_to_string(&path).is_ok_and(|text| FUNCTIONS.iter().any(|name| text.contains(name)))
            }
            _ => false,
        }
    })
}

/// The first of two renderings with something constant for all that differs in the second; and how many places those are.
pub fn settled(first: &str, second: &str) -> (String, usize) {
    settle(first, second, 0)
}

fn settle(first: &str, second: &str, depth: usize) -> (String, usize) {
    if first == second {
        return (first.to_owned(), 0);
    }
    let (old, new) = (pieces(first), pieces(second));
    let (mut text, mut count) = (String::with_capacity(first.len()), 0);
    for op in capture_diff_slices(Algorithm::Myers, &old, &new) {
        match op {
            DiffOp::Equal { old_index, len, .. } => {
                text.extend(old[old_index..old_index + len].iter().copied())
            }
            DiffOp::Delete { old_index, old_len, .. } => {
                count += lines(&old[old_index..old_index + old_len], &[], depth, &mut text);
            }
            DiffOp::Insert { .. } => {}
            DiffOp::Replace { old_index, old_len, new_index, new_len } => {
                let new = &new[new_index..new_index + new_len];
                count += lines(&old[old_index..old_index + old_len], new, depth, &mut text);
            }
        }
    }
    (text, count)
}

/// The lines of a text. All that a PEM holds is one: lines of it that happen to be alike in both renderings are no text.
fn pieces(text: &str) -> Vec<&str> {
    let (mut pieces, mut rest, mut in_pem) = (Vec::new(), text, false);
    while let Some(line) = rest.split_inclusive('\n').next() {
        let codes = rest.split_inclusive('\n').take_while(|line| in_pem && is_code(line));
        let code: usize = codes.map(str::len).sum();
        let (piece, behind) = rest.split_at(line.len().max(code));
        in_pem = piece.contains("-----BEGIN ");
        pieces.push(piece);
        rest = behind;
    }
    pieces
}

/// Lines that differ. Those that are nothing but a code, as in a PEM, are as many as it takes: one stands for them.
fn lines(old: &[&str], new: &[&str], depth: usize, text: &mut String) -> usize {
    let mut others = new.iter().filter(|line| !is_code(line));
    let (mut count, mut in_code) = (0, false);
    for line in old {
        if is_code(line) {
            if !in_code {
                text.push_str(&line[..line.len() - line.trim_start().len()]);
                text.push_str(GENERATED);
                text.push_str(&line[line.trim_end().len()..]);
                count += 1;
            }
            in_code = true;
            continue;
        }
        in_code = false;
        match others.next() {
            Some(other) => {
                text.push_str(&changed(line, other, depth));
                count += 1;
            }
            None => text.push_str(line),
        }
    }
    count
}

fn is_code(line: &str) -> bool {
    let is_one = |line: &str| !line.trim().is_empty() && line.trim().chars().all(is_of_code);
    !line.is_empty() && line.lines().all(is_one)
}

const fn is_of_code(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=')
}

/// A line with something constant for each word that differs.
fn changed(old: &str, new: &str, depth: usize) -> String {
    let (old_line, new_line) = (old, new);
    let (old, new) = (words(old), words(new));
    let alike = |(a, b): (&&str, &&str)| is_code(a) == is_code(b) && (is_code(a) || a == b);
    if old.len() == new.len() && old.iter().zip(&new).all(alike) {
        return old
            .iter()
            .zip(&new)
            .map(|(a, b)| if a == b { (*a).to_owned() } else { stand_in(a, b, depth) })
            .collect();
    }
    let before = common(old_line.chars(), new_line.chars());
    let after = common(old_line.chars().rev(), new_line.chars().rev());
    let count = old_line.chars().count();
    let before: String = old_line.chars().take(before).collect();
    let after: String = old_line.chars().skip(count - after.min(count - before.chars().count())).collect();
    format!("{before}{GENERATED}{after}")
}

/// How many characters two lines begin with in common, without those of a word that differs further on.
fn common(old: impl Iterator<Item = char>, new: impl Iterator<Item = char>) -> usize {
    let same: Vec<char> = old.zip(new).take_while(|(a, b)| a == b).map(|(a, _)| a).collect();
    same.iter().rposition(|c| !is_of_code(*c)).map_or(0, |last| last + 1)
}

/// Codes, and what is between them.
fn words(line: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut rest = line;
    while let Some(first) = rest.chars().next() {
        let of_code = is_of_code(first);
        let end = rest.find(|c| is_of_code(c) != of_code).unwrap_or(rest.len());
        let (word, behind) = rest.split_at(end);
        words.push(word);
        rest = behind;
    }
    words
}

/// What stands for a word: text in base64 stays text in base64, and a number a number.
fn stand_in(old: &str, new: &str, depth: usize) -> String {
    if old.bytes().all(|b| b.is_ascii_digit()) && new.bytes().all(|b| b.is_ascii_digit()) {
        return "1".repeat(old.len());
    }
    let is_text = |text: &String| text.chars().all(|c| !c.is_control() || c == '\n');
    let text = |word: &str| {
        // A short word may be text in base64 by chance.
        let bytes = STANDARD.decode(word).ok().filter(|bytes| bytes.len() > SHORT)?;
        String::from_utf8(bytes).ok().filter(is_text)
    };
    match (text(old), text(new)) {
        (Some(old), Some(new)) if depth < DEEPEST => STANDARD.encode(settle(&old, &new, depth + 1).0),
        _ => GENERATED.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_differs_is_replaced_and_all_else_stays() {
        let pem = |body: &str| format!("-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----\n");
        let wrapped = STANDARD.encode(pem(GENERATED));
        let same = |old: &str, new: &str, expected: &str| {
            assert_eq!(settled(old, new).0, expected, "{old}");
            assert_eq!(settled(new, old).0, expected, "{new}");
        };
        same("a: b\n", "a: b\n", "a: b\n");
        same("password: Ab3xY\nb: c\n", "password: zQ9pp\nb: c\n", "password: generatedkey\nb: c\n");
        same("url: \"a:Ab3@db/x\"\n", "url: \"a:zQ9@db/x\"\n", "url: \"a:generatedkey@db/x\"\n");
        same("name: job-x1\n", "name: job-y22\n", "name: job-generatedkey\n");
        same("a: 'x!%\"y'\n", "a: '?z'\n", "a: 'generatedkey'\n");
        same("n: 123\n", "n: 456\n", "n: 111\n");
        let block = |body: &str| format!("k: |\n  -----BEGIN X-----\n{body}  -----END X-----\nl: m\n");
        same(&block("  MIIx\n  AAA=\n"), &block("  MIIy\n  BBB\n  CC==\n"), &block("  generatedkey\n"));
        same(&block("  MIIx\n  AAA\n  B=\n"), &block("  MIIy\n  AAA\n  CC==\n"), &block("  generatedkey\n"));
        same(&block("  MIIx\n  AAA\n"), &block("  MIIx\n  AAA\n  CC==\n"), &block("  generatedkey\n"));
        let encoded = |body: &str| format!("tls.key: {}\n", STANDARD.encode(pem(body)));
        same(&encoded("MIIEabc\nxyz"), &encoded("MIIEdef\nuvw\nq"), &format!("tls.key: {wrapped}\n"));
        assert!(STANDARD.decode(GENERATED).is_ok(), "it stands for what is in base64 too");
    }
}
