//! The answers of several sets as one: each under the name of its set.
use std::io::{self, Write};

use netloom_objects::visible;
use serde_json::{Value, json};

/// How answers are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    Text,
    Csv,
    Md,
    Json,
}

/// Writes answers, each with the name of its set before it; with -o csv in a column of its own.
pub fn join(format: Format, answers: &[(String, Vec<u8>)], out: &mut impl Write) -> io::Result<()> {
    match format {
        Format::Text => {
            for (nth, (set, answer)) in answers.iter().enumerate() {
                let gap = if nth > 0 { "\n" } else { "" };
                writeln!(out, "{gap}set {}", visible(set))?;
                out.write_all(answer)?;
            }
        }
        Format::Md => {
            for (nth, (set, answer)) in answers.iter().enumerate() {
                let gap = if nth > 0 { "\n" } else { "" };
                writeln!(out, "{gap}## {}\n", visible(set))?;
                out.write_all(answer)?;
            }
        }
        Format::Csv => {
            for (nth, (set, answer)) in answers.iter().enumerate() {
                let text = String::from_utf8_lossy(answer);
                let mut lines = text.lines();
                let head = lines.next().unwrap_or_default();
                if nth == 0 {
                    writeln!(out, "set,{head}")?;
                }
                let set = visible(set).into_owned();
                let set =
                    if set.contains([',', '"']) { format!("\"{}\"", set.replace('"', "\"\"")) } else { set };
                lines.try_for_each(|line| writeln!(out, "{set},{line}"))?;
            }
        }
        Format::Json => {
            let of = |(set, answer): &(String, Vec<u8>)| match serde_json::from_slice(answer) {
                Ok(Value::Object(fields)) => {
                    let named = [("set".to_owned(), Value::from(set.as_str()))];
                    Value::Object(named.into_iter().chain(fields).collect())
                }
                Ok(value) => json!({"set": set, "answer": value}),
                // Every answer with -o json is JSON.
                Err(_) => json!({"set": set}),
            };
            let all: Vec<Value> = answers.iter().map(of).collect();
            serde_json::to_writer_pretty(&mut *out, &json!({"sets": all})).map_err(io::Error::from)?;
            writeln!(out)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(format: Format, answers: &[(&str, &str)]) -> String {
        let answers: Vec<(String, Vec<u8>)> =
            answers.iter().map(|(set, answer)| ((*set).to_owned(), answer.as_bytes().to_vec())).collect();
        let mut out = Vec::new();
        join(format, &answers, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn each_answer_names_its_set() {
        assert_eq!(joined(Format::Text, &[("dev", "a\n"), ("prod", "b\n")]), "set dev\na\n\nset prod\nb\n");
        assert_eq!(joined(Format::Md, &[("dev", "a\n"), ("prod", "b\n")]), "## dev\n\na\n\n## prod\n\nb\n");
        assert_eq!(
            joined(Format::Csv, &[("dev", "src,dst\n1,2\n"), ("p,d", "src,dst\n3,4\n")]),
            "set,src,dst\ndev,1,2\n\"p,d\",3,4\n"
        );
        let json: Value =
            serde_json::from_str(&joined(Format::Json, &[("dev", "{\"a\":1}"), ("p", "[2]")])).unwrap();
        assert_eq!(json, json!({"sets": [{"set": "dev", "a": 1}, {"set": "p", "answer": [2]}]}));
    }
}
