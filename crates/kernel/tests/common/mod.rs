//! Runs a test in user and network namespaces of its own, and nft there.
#![allow(dead_code, reason = "each test file uses its own part")]
use std::io::Write;
use std::process::{Command, Stdio};

const INSIDE: &str = "NETLOOM_TEST_INSIDE";

/// Runs `body` as root of fresh namespaces with the loopback up: the test starts itself again there.
///
/// `name` is the test's full name, as `cargo test` prints it.
pub fn in_namespaces(name: &str, body: impl FnOnce()) {
    if std::env::var_os(INSIDE).is_some() {
        run("ip", &["link", "set", "lo", "up"], "");
        return body();
    }
    let test = std::env::current_exe().unwrap();
    let inner = Command::new("unshare")
        .args(["--user", "--map-root-user", "--net", "--"])
        .arg(test)
        .args(["--exact", name, "--nocapture", "--test-threads=1"])
        .env(INSIDE, "1")
        .output()
        .expect("`unshare` (util-linux) runs: this test needs it");
    let out = String::from_utf8_lossy(&inner.stdout);
    let err = String::from_utf8_lossy(&inner.stderr);
    assert!(inner.status.success(), "inside the namespaces:\n{out}\n{err}");
    assert!(out.contains("1 passed"), "no test is called {name}:\n{out}");
}

/// Runs a program to its end with this input, and returns what it printed.
pub fn run(program: &str, args: &[&str], input: &str) -> String {
    let path = std::env::var("PATH").unwrap_or_default();
    let mut child = Command::new(program)
        .args(args)
        // Where administrators' programs are, which other users may not have in their path.
        .env("PATH", format!("{path}:/usr/sbin:/sbin"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("this test needs `{program}`: {error}"));
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {args:?}: {}\n{err}\n{input}", output.status);
    assert!(err.is_empty(), "{program} {args:?} complains:\n{err}");
    String::from_utf8(output.stdout).unwrap()
}

/// What nft prints of a table.
pub fn list(table: &str) -> String {
    run("nft", &["list", "table", "inet", table], "")
}
