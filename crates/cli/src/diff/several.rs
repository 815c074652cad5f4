//! Several sets are deployed: each is compared with itself, and each answer names its set.
use std::io::{self, Write};

use netloom_diff::{
    Side, Summary,
    report::{self, LONGEST, github_of_set, markdown_of_set},
};
use serde_json::{Value, json};

use super::{
    args::{Diff, Format},
    color, ended, fails,
    pairs::Pair,
    read::Comparison,
    write,
};
use crate::{
    load::Stop,
    progress::Progress,
    sets::{Joined, join},
};

/// The least room of a set in a comment.
const LEAST: usize = 4_000;

/// What came of one set.
struct Answer {
    name: String,
    /// Whether it came, went, or was there before.
    change: &'static str,
    /// Whether nothing of it is other than before.
    same: bool,
    text: Vec<u8>,
}

pub fn main(args: &Diff, mut comparison: Comparison, progress: Progress) -> Result<u8, Stop> {
    let pairs = std::mem::take(&mut comparison.pairs);
    let (mut answers, mut broken, mut failed) = (Vec::new(), Vec::new(), false);
    let room = (LONGEST / pairs.len().max(1)).max(LEAST);
    for pair in &pairs {
        let name = pair.name.clone().unwrap_or_default();
        let read = match comparison.build(pair, &progress) {
            Ok(read) => read,
            Err(Stop::Because(reason)) => {
                broken.push(format!("set {name}: {reason}"));
                continue;
            }
            Err(stop) => return Err(stop),
        };
        let [before, after] = read.each_ref().map(|read| Side { reach: &read.reach, objects: &read.objects });
        let diff = netloom_diff::Diff::of(before, after);
        let summary = diff.summary();
        failed |= args.fail_on.iter().any(|what| fails(*what, &summary));
        let mut text = Vec::new();
        match args.output {
            Format::Md => text = markdown_of_set(&diff, Some(&name), room).into_bytes(),
            Format::Github => {
                text =
                    github_of_set(&diff, &netloom_objects::Repository::of_current(), Some(&name)).into_bytes()
            }
            Format::Text => text = report::text(&diff, color()).into_bytes(),
            other => write(&diff, other, &mut text)?,
        }
        answers.push(Answer { name, change: change(pair), same: is_same(&summary), text });
    }
    progress.finish();
    let mut out = io::BufWriter::with_capacity(1 << 16, io::stdout().lock());
    ended(print(args.output, answers, &mut out).and_then(|()| out.flush()))?;
    for reason in &broken {
        anstream::eprintln!("\x1b[1;31mnetloom:\x1b[0m {reason}");
    }
    Ok(if broken.is_empty() { u8::from(failed) } else { crate::FAULT })
}

fn change(pair: &Pair) -> &'static str {
    match (&pair.before, &pair.after) {
        (None, _) => "added",
        (_, None) => "removed",
        _ => "kept",
    }
}

fn is_same(summary: &Summary) -> bool {
    summary.is_quiet() && summary.objects.all() == 0 && summary.given_twice == 0
}

fn print(format: Format, answers: Vec<Answer>, out: &mut impl Write) -> io::Result<()> {
    let same: Vec<String> =
        answers.iter().filter(|answer| is_left_out(answer)).map(|answer| answer.name.clone()).collect();
    let told = || answers.iter().filter(|answer| !is_left_out(answer));
    let nothing = || format!("nothing changed in {}", same.join(", "));
    match format {
        Format::Text => {
            let named: Vec<(String, Vec<u8>)> = told().map(|a| (titled(a), a.text.clone())).collect();
            join(Joined::Text, &named, out)?;
            let gap = if named.is_empty() { "" } else { "\n" };
            if !same.is_empty() {
                writeln!(out, "{gap}{}", nothing())?;
            }
        }
        Format::Md => {
            for answer in told() {
                if answer.change != "kept" {
                    writeln!(out, "The set `{}` is {}.\n", answer.name, answer.change)?;
                }
                out.write_all(&answer.text)?;
            }
            if !same.is_empty() {
                writeln!(out, "{}", nothing().replacen('n', "N", 1))?;
            }
        }
        Format::Github => {
            told().try_for_each(|answer| out.write_all(&answer.text))?;
            if !same.is_empty() {
                writeln!(out, "::notice title=netloom diff::{}", nothing())?;
            }
        }
        Format::Csv => {
            let named: Vec<(String, Vec<u8>)> =
                answers.iter().map(|a| (a.name.clone(), a.text.clone())).collect();
            join(Joined::Csv, &named, out)?;
        }
        Format::Json => {
            let of = |answer: &Answer| -> Value {
                let named = [
                    ("set".to_owned(), Value::from(answer.name.as_str())),
                    ("change".to_owned(), Value::from(answer.change)),
                ];
                match serde_json::from_slice(&answer.text) {
                    Ok(Value::Object(fields)) => Value::Object(named.into_iter().chain(fields).collect()),
                    _ => Value::Object(named.into_iter().collect()),
                }
            };
            let all: Vec<Value> = answers.iter().map(of).collect();
            let version = all.first().map(|first| first["version"].clone()).unwrap_or_default();
            let document = json!({"version": version, "sets": all});
            serde_json::to_writer_pretty(&mut *out, &document).map_err(io::Error::from)?;
            writeln!(out)?;
        }
    }
    Ok(())
}

/// Whether a set is only named: it was there before, and nothing changed.
fn is_left_out(answer: &Answer) -> bool {
    answer.same && answer.change == "kept"
}

fn titled(answer: &Answer) -> String {
    match answer.change {
        "kept" => answer.name.clone(),
        change => format!("{} ({change})", answer.name),
    }
}
