//! What people read: help, errors, the dry run.
use std::{
    io::Write as _,
    process::{Command, Stdio},
};

use crate::support::{User, folder, netloom, path, run, stderr, stdout};

#[test]
fn help_teaches() {
    let text: String = [
        &["--help"][..],
        &["check", "--help"],
        &["lsp", "--help"],
        &["up", "--help"],
        &["exec", "--help"],
        &["reach", "--help"],
        &["diff", "--help"],
        &["explain", "--help"],
        &["verify", "--help"],
        &["reach", "--help"],
    ]
    .iter()
    .map(|arguments| {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(0));
        format!("$ netloom {}\n{}\n", arguments.join(" "), stdout(&output))
    })
    .collect();
    insta::assert_snapshot!(text);
}

#[test]
fn completions_are_made_for_every_shell() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let output = run(&["completions", shell]);
        assert_eq!(output.status.code(), Some(0));
        assert!(stdout(&output).contains("explain"), "{shell}");
    }
}

#[test]
fn every_mistake_is_shown_at_once_and_up_refuses() {
    let manifests = folder(&[(
        "broken.yaml",
        "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec:\n  selectors: {app: a}\n  ports:\n  - port: 70000\n---\n\
         apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: p}\nspec:\n  podSelector: {}\n  ingress:\n  \
         - from:\n    - ipBlock: {cidr: 10.0.0.0/33}\n  - form: []\n---\nkind: [\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: good}\n\
         spec: {containers: [{name: c, image: x}]}\n",
    )]);
    let output = run(&["up", path(&manifests), "--once"]);
    assert_eq!(output.status.code(), Some(2));
    let text = stderr(&output).replace(path(&manifests), "FOLDER");
    insta::assert_snapshot!(text);
    let output = run(&["up", path(&manifests), "--once", "--keep-going"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(stdout(&output).contains("default/good"));
}

#[test]
fn a_missing_path_is_an_error_that_says_so() {
    let output = run(&["verify", "no/such/folder"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("no/such/folder"), "{}", stderr(&output));
}

/// nft itself reads what the dry run prints.
#[test]
fn the_dry_run_is_valid_nft() {
    let output = run(&["up", "examples/shop", "--dry-run"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let text = stdout(&output);
    let nodes: Vec<&str> = text.split("# node ").skip(1).collect();
    assert_eq!(nodes.len(), 2);
    for node in nodes {
        let rules = node.split_once('\n').unwrap().1;
        let mut nft = Command::new("unshare")
            .args(["--user", "--map-root-user", "--net", "nft", "-f", "-"])
            .stdin(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("unshare and nft are installed");
        nft.stdin.take().unwrap().write_all(rules.as_bytes()).unwrap();
        let result = nft.wait_with_output().unwrap();
        assert!(result.status.success(), "{}", stderr(&result));
    }
}

#[test]
fn whoever_closes_the_pipe_has_seen_enough() {
    let question = ["production/frontend", "http://backend:8080"];
    let explain = ["explain", "examples/shop", question[0], question[1]];
    let commands: [&[&str]; 8] = [
        &explain,
        &["up", "examples/shop", "--dry-run"],
        &["verify", "examples/shop", "-o", "json"],
        &["check", "--list-rules"],
        &["check", "examples/shop"],
        &["reach", "examples/shop"],
        &["reach", "examples/shop", "-o", "html"],
        &["completions", "bash"],
    ];
    for command in commands {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = netloom(User::Own).args(command).stdout(writer).output().unwrap();
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(0), "{command:?}: {said}");
        assert!(!said.contains("pipe") && !said.contains("panicked"), "{command:?}: {said}");
    }
}
