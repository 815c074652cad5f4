//! Asks the API server: the program that `.ci/apiserver` builds, which reads questions and writes answers line by line.
use std::{
    io::{BufRead as _, BufReader, Write as _},
    process::{Command, Stdio},
    thread,
};

use serde_json::{Value, json};

use crate::question::Question;

/// What the API server said.
#[derive(Default)]
pub struct Answer {
    /// Whether it would take the object.
    pub accepted: bool,
    /// Why not.
    pub message: String,
}

/// The answers in the order of the questions.
pub fn ask(questions: &[Question]) -> Vec<Answer> {
    let program = std::env::var_os("NETLOOM_APISERVER")
        .expect("NETLOOM_APISERVER names the API server's program; `make apiserver` builds it and runs this");
    let mut server = Command::new(&program)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap_or_else(|error| panic!("{} cannot be started: {error}", program.display()));
    let mut input = server.stdin.take().expect("it was asked for");
    let output = BufReader::new(server.stdout.take().expect("it was asked for"));
    let lines: Vec<String> = questions
        .iter()
        .enumerate()
        .map(|(id, q)| json!({ "id": id, "path": q.path, "manifest": q.manifest }).to_string())
        .collect();
    let writer = thread::spawn(move || {
        for line in lines {
            if writeln!(input, "{line}").is_err() {
                return;
            }
        }
    });
    let answers: Vec<Answer> = output.lines().map(|line| read(&line.expect("an answer is text"))).collect();
    writer.join().expect("the writer ends with its questions");
    let status = server.wait().expect("it was started here");
    assert!(
        status.success() && answers.len() == questions.len(),
        "the API server ended early: {status}, {} answers",
        answers.len()
    );
    answers
}

fn read(line: &str) -> Answer {
    let value: Value = serde_json::from_str(line).expect("an answer is JSON");
    let message = value.get("message").and_then(Value::as_str).unwrap_or_default().to_owned();
    Answer { accepted: value["accepted"] == true, message }
}
