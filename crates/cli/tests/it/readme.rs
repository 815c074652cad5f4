//! The transcripts of the README are what the program says, word for word but for times. `…` stands for any lines.
use std::{collections::BTreeSet, fs};

use crate::support::{User, netloom, repository, stderr, stdout};

/// Commands that end by themselves and need nothing prepared. `diff` is shown with an edited copy, and has its own test.
const SHOWN: [&str; 5] = ["check", "explain", "reach", "suggest", "verify"];

#[test]
fn transcripts_are_what_is_said() {
    let readme = fs::read_to_string(repository().join("README.md")).unwrap();
    let shop = shop_without_policies();
    let mut seen = BTreeSet::new();
    for block in readme.split("```console\n").skip(1) {
        let block = block.split("```").next().unwrap();
        for transcript in format!("\n{block}").split("\n$ netloom ").skip(1) {
            let (question, shown) = transcript.split_once('\n').unwrap_or((transcript, ""));
            let words: Vec<&str> = question.split_whitespace().collect();
            if !SHOWN.contains(&words[0]) {
                continue;
            }
            let mut command = netloom(User::Own);
            if words.contains(&"shop") {
                command.current_dir(shop.path());
            }
            let output = command.args(&words).output().unwrap();
            assert!(output.status.code() < Some(2), "{question}: {}", stderr(&output));
            let (said, shown) = (timeless(&stdout(&output)), timeless(shown));
            assert!(
                is_shown(&said, &shown),
                "netloom {question}\n-- says\n{said}\n-- and the README shows\n{shown}"
            );
            seen.insert(words[0].to_owned());
        }
    }
    assert_eq!(seen, SHOWN.map(str::to_owned).into(), "the README shows each of them");
}

/// What the README calls `shop`: the example, before it had policies.
fn shop_without_policies() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let shop = folder.path().join("shop");
    fs::create_dir(&shop).unwrap();
    for entry in fs::read_dir(repository().join("examples/shop")).unwrap() {
        let file = entry.unwrap();
        if file.path().extension().is_some_and(|extension| extension == "yaml") {
            fs::copy(file.path(), shop.join(file.file_name())).unwrap();
        }
    }
    folder
}

/// Whether lines are shown, all of them or with some left out.
fn is_shown(said: &str, shown: &str) -> bool {
    let said: Vec<&str> = said.trim_end().lines().collect();
    let shown: Vec<&str> = shown.trim_end().lines().collect();
    let parts: Vec<&[&str]> = shown.split(|line| *line == "…").collect();
    let (Some((first, more)), mut rest) = (parts.split_first(), said.as_slice()) else { return false };
    let Some(behind) = rest.strip_prefix(*first) else { return false };
    rest = behind;
    let Some((last, between)) = more.split_last() else { return rest.is_empty() };
    for part in between {
        let place = rest.windows(part.len()).position(|window| window == *part);
        let Some(place) = place else { return false };
        rest = &rest[place + part.len()..];
    }
    rest.ends_with(last)
}

/// `79 ms` and `0.2 s` become `?`.
fn timeless(text: &str) -> String {
    let is_number = |word: &str| !word.is_empty() && word.chars().all(|c| c.is_ascii_digit() || c == '.');
    let line = |line: &str| {
        let mut words: Vec<&str> = line.split(' ').collect();
        for nth in 1..words.len() {
            let unit = words[nth].trim_end_matches([',', ')', ';']);
            if ["ms", "s"].contains(&unit) && is_number(words[nth - 1]) {
                words[nth - 1] = "?";
                words[nth] = "?";
            }
        }
        words.join(" ")
    };
    text.lines().map(line).collect::<Vec<_>>().join("\n") + "\n"
}

#[test]
fn lines_left_out_are_lines() {
    let said = "a\nb\nc\nd\n";
    for (shown, is) in [
        ("a\nb\nc\nd\n", true),
        ("a\n…\nd\n", true),
        ("a\nb\n…\n", true),
        ("…\nd\n", true),
        ("a\nb\n", false),
        ("a\n…\nc\n", false),
        ("a\n…\nx\n", false),
        ("b\n…\n", false),
    ] {
        assert_eq!(is_shown(said, shown), is, "{shown}");
    }
}
