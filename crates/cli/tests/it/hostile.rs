//! Manifests that are made to harm: `netloom check` ends, within bounded memory, and says what is wrong.
use std::{
    fs,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use crate::support::{folder, run, stderr, stdout};

/// So much address space a check may have, in KiB: ten times the largest of these files.
const MEMORY: u32 = 1_000_000;

/// Only a check that hangs takes so long.
const DEADLINE: Duration = Duration::from_secs(300);

const HEAD: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:";

/// Each alias ten of the one before: 10¹² values in all.
fn alias_bomb() -> String {
    let lines = (1..12).map(|i| format!("  a{i}: &a{i} [{}]\n", vec![format!("*a{}", i - 1); 10].join(",")));
    format!("{HEAD}\n  a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n{}", lines.collect::<String>())
}

fn nested(open: &str, close: &str) -> String {
    format!("{HEAD} {}{}\n", open.repeat(10_000), close.repeat(10_000))
}

fn nested_in_block_style() -> String {
    let lines = (0..10_000).map(|depth| format!("{}a:\n", " ".repeat(depth + 1)));
    format!("{HEAD}\n{}", lines.collect::<String>())
}

/// Nested texts inside of texts that rules read: a Corefile, and a component's configuration.
fn nested_in_texts() -> String {
    let map = |name: &str, key: &str, text: &str| {
        format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}, namespace: kube-system}}\ndata: {{{key}: '{text}'}}\n---\n"
        )
    };
    let open = "{".repeat(10_000);
    map("coredns", "Corefile", &open) + &map("kube-proxy", "config.conf", &open.replace('{', "["))
}

fn flat() -> String {
    format!(
        "apiVersion: v1\nkind: Service\nmetadata:\nname: a\nspec:\nports:\n{}",
        "- port: 80\n".repeat(10_000)
    )
}

/// Runs the whole check with bounded memory, and returns its status.
fn status(file: &str, arguments: &[&str]) -> Option<i32> {
    let mut command = Command::new("sh");
    let script = format!("ulimit -v {MEMORY} && exec \"$0\" \"$@\"");
    command.args(["-c", &script, env!("CARGO_BIN_EXE_netloom"), "check", file, "--fail-on", "never"]);
    command.args(arguments).stdout(Stdio::null());
    let mut child = command.spawn().expect("sh is there");
    let end = Instant::now() + DEADLINE;
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status.code();
        }
        if Instant::now() > end {
            drop(child.kill());
            panic!("{file} {arguments:?} hangs");
        }
        std::thread::park_timeout(Duration::from_millis(20));
    }
}

#[test]
fn every_check_of_hostile_manifests_ends_in_bounded_memory() {
    let files = [
        ("alias-bomb.yaml", alias_bomb()),
        ("nested-lists.yaml", nested("[", "]")),
        ("nested-mappings.yaml", nested("{a: ", "}")),
        ("nested-items.yaml", "- ".repeat(10_000)),
        ("nested-blocks.yaml", nested_in_block_style()),
        (
            "nested.json",
            format!(
                "{{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"data\":{}1{}}}",
                "{\"a\":".repeat(10_000),
                "}".repeat(10_000)
            ),
        ),
        ("nested-texts.yaml", nested_in_texts()),
        ("flat.yaml", flat()),
        ("items.yaml", format!("{HEAD} {{a: [{}]}}\n", "a,".repeat(500_000))),
    ];
    for (name, text) in &files {
        let tree = folder(&[(name, text)]);
        let file = tree.path().join(name);
        let file = file.to_str().unwrap();
        for arguments in [&["--closed", "-o", "sarif"][..], &["--fix"]] {
            assert_eq!(status(file, arguments), Some(0), "{name} {arguments:?}");
        }
        assert_eq!(&fs::read_to_string(file).unwrap(), text, "{name} has no repair");
    }
}

#[test]
fn a_line_of_a_hundred_megabytes_is_checked_in_bounded_memory() {
    let tree = folder(&[]);
    let file = tree.path().join("line.yaml");
    fs::write(&file, format!("{HEAD} {{a: {}}} # {}\n", "x".repeat(60_000_000), "y".repeat(40_000_000)))
        .unwrap();
    assert_eq!(status(file.to_str().unwrap(), &["-o", "json"]), Some(0));
}

/// Names are a stranger's text: none of them writes a line of its own, such as a command of GitHub's workflows, or moves a cursor.
#[test]
fn names_of_files_and_objects_are_shown_and_not_obeyed() {
    let pod = |name: &str| {
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: \"{name}\", namespace: \"n\\n::error::pwn\"}}\nspec: {{containers: [{{name: c, image: \"x:1\", \
             ports: [{{containerPort: 80}}]}}]}}\n"
        )
    };
    let service = "apiVersion: v1\nkind: Service\nmetadata: {name: \"s\\r\\n::error::pwn\\e[2J\", namespace: \"n\\n::error::pwn\"}\nspec: {type: \
                   LoadBalancer, selector: {}, ports: [{port: 80}]}\n---\napiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: i, \
                   namespace: \"n\\n::error::pwn\"}\nspec: {rules: [{host: \"h\\n::error::pwn\", http: {paths: [{path: /, pathType: Prefix, backend: \
                   {service: {name: \"s\\r\\n::error::pwn\\e[2J\", port: {number: 80}}}}]}}]}\n";
    let text = [pod("a\\n::error file=x::pwn\\e[31m"), pod("b\\u009b31m"), service.to_owned()].join("---\n");
    let name = "x\u{1b}[31m\n::error::pwn.yaml";
    let tree = folder(&[("old.yaml", ""), (name, &text)]);
    let hostile = tree.path().join(name);
    let hostile = hostile.to_str().unwrap();
    let old = tree.path().join("old.yaml");
    let old = old.to_str().unwrap();
    let questions: [&[&str]; 17] = [
        &["check", hostile],
        &["check", hostile, "-o", "concise"],
        &["check", hostile, "-o", "github"],
        &["check", hostile, "-o", "junit"],
        &["reach", hostile, "--keep-going"],
        &["reach", hostile, "--keep-going", "-o", "csv"],
        &["reach", hostile, "--keep-going", "-o", "md"],
        &["reach", hostile, "--keep-going", "-o", "dot"],
        &["reach", hostile, "--keep-going", "--open-to-internet"],
        &["diff", old, hostile, "--keep-going"],
        &["diff", old, hostile, "--keep-going", "-o", "md"],
        &["diff", old, hostile, "--keep-going", "-o", "csv"],
        &["diff", old, hostile, "--keep-going", "-o", "github"],
        &["suggest", hostile, "--keep-going"],
        &["suggest", hostile, "--keep-going", "-o", "yaml"],
        &["explain", hostile, "outside", "10.0.0.1:80", "--keep-going"],
        &["up", hostile, "--keep-going", "--dry-run"],
    ];
    for question in questions {
        let output = run(question);
        for shown in [stdout(&output), stderr(&output)] {
            let obeyed = shown.chars().find(|c| c.is_control() && !matches!(c, '\n' | '\t'));
            assert_eq!(obeyed, None, "{question:?}:\n{shown:?}");
            assert!(!shown.lines().any(|line| line.starts_with("::error::pwn")), "{question:?}:\n{shown}");
            assert!(!shown.lines().any(|line| line.starts_with("::error file=x")), "{question:?}:\n{shown}");
        }
    }
    let gone = run(&["check", "no\n::error::pwn\u{1b}"]);
    assert!(!stderr(&gone).lines().any(|line| line.starts_with("::")), "{}", stderr(&gone));
}
