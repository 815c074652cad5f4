//! `netloom check` as its users have it.
use std::{
    fs,
    io::Write as _,
    process::{Output, Stdio},
};

use crate::support::{User, folder, netloom, path, run, stderr, stdout};

const SERVICE: &str = "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec:\n  selector: {app: a}\n  ports: [{port: 80}]\n";

fn json(output: &Output) -> serde_json::Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {}", stderr(output)))
}

#[test]
fn the_status_says_what_was_found() {
    let good = folder(&[("web.yaml", &SERVICE.replace("{app: a}", "{}"))]);
    let bad = folder(&[("web.yaml", SERVICE)]);
    let broken = folder(&[("web.yaml", "kind: [\n")]);
    let table: [(&[&str], i32); 11] = [
        (&[path(&good), "--closed", "--select", "SV001"], 0),
        (&[path(&bad), "--select", "SV001"], 0),
        (&[path(&bad), "--closed", "--select", "SV001"], 1),
        (&[path(&bad), "--closed", "--select", "SV001", "--fail-on", "never"], 0),
        (&[path(&bad), "--closed", "--ignore", "all"], 0),
        (&[path(&broken)], 1),
        (&["no/such/folder"], 2),
        (&[path(&good), "--select", "SV99"], 2),
        (&[path(&good), "--config", "no/such.toml"], 2),
        (&["--explain", "NP999"], 2),
        (&["--explain", "NP001", "SV001"], 0),
    ];
    for (arguments, status) in table {
        let output = run(&[&["check"], arguments].concat());
        assert_eq!(
            output.status.code(),
            Some(status),
            "{arguments:?}: {}{}",
            stdout(&output),
            stderr(&output)
        );
    }
}

#[test]
fn the_checklist_is_text_or_json() {
    let tree = folder(&[("web.yaml", SERVICE)]);
    let ask = |format: &str| run(&["check", path(&tree), "--closed", "--checklist", "-o", format]);
    let text = ask("text");
    assert_eq!(text.status.code(), Some(1), "the status is that of the findings");
    assert!(stdout(&text).contains("✗ Every Service leads to pods"), "{}", stdout(&text));
    let items = json(&ask("json"))["checklist"].as_array().unwrap().len();
    assert!(items > 50, "{items}");
    let refused = ask("sarif");
    assert_eq!((refused.status.code(), stdout(&refused).as_str()), (Some(2), ""));
}

#[test]
fn standard_input_is_read_and_a_closed_pipe_is_no_error() {
    for closes in [false, true] {
        let mut command = netloom(User::Own);
        command.args(["check", "-", "--closed", "--select", "SV001", "-o", "json"]);
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        if closes {
            drop(child.stdout.take());
        }
        child.stdin.take().unwrap().write_all(SERVICE.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(1), ""));
        if !closes {
            assert_eq!(json(&output)["findings"][0]["file"], "<stdin>");
        }
    }
}

#[test]
fn the_configuration_is_found_and_the_command_line_goes_over_it() {
    let tree =
        folder(&[("netloom.toml", "[check]\nclosed = true\nignore = ['SV001']\nexclude = ['vendor']\n")]);
    for below in ["a", "vendor"] {
        fs::create_dir(tree.path().join(below)).unwrap();
        fs::write(tree.path().join(below).join("web.yaml"), SERVICE).unwrap();
    }
    let a = format!("{}/a", path(&tree));
    let found = |arguments: &[&str]| json(&run(&[&["check", "-o", "json"], arguments].concat()));
    let count = |report: &serde_json::Value| {
        let findings = report["findings"].as_array().unwrap();
        findings.iter().filter(|f| f["code"] == "SV001").count()
    };
    assert_eq!(count(&found(&[&a])), 0);
    assert_eq!(count(&found(&[&a, "--select", "SV001"])), 1);
    assert_eq!(count(&found(&[&a, "--no-config", "--closed"])), 1);
    assert_eq!(found(&[path(&tree)])["summary"]["files"], 1);
    let all = run(&["check", &format!("{}/vendor", path(&tree))]);
    assert_eq!(all.status.code(), Some(2));
    assert!(stderr(&all).contains("exclude"), "{}", stderr(&all));
    fs::write(tree.path().join("netloom.toml"), "[check]\nselct = []\n").unwrap();
    let refused = run(&["check", &a]);
    assert_eq!(refused.status.code(), Some(2));
    assert!(stderr(&refused).contains("netloom.toml:2:1: unknown key `selct`; did you mean `select`?"));
}

#[test]
fn a_baseline_hides_what_was_there_and_tells_what_is_gone() {
    let tree = folder(&[("web.yaml", SERVICE)]);
    let known = format!("{}/known.baseline", path(&tree));
    let check = |option: &str| run(&["check", path(&tree), "--closed", "--select", "SV001", option, &known]);
    assert_eq!(check("--baseline").status.code(), Some(2), "there is none yet");
    assert_eq!(check("--write-baseline").status.code(), Some(0));
    let hidden = check("--baseline");
    assert_eq!(hidden.status.code(), Some(0));
    assert!(stdout(&hidden).contains("1 in the baseline"), "{}", stdout(&hidden));
    fs::write(tree.path().join("web.yaml"), SERVICE.replace("{app: a}", "{app: b}")).unwrap();
    let changed = check("--baseline");
    assert_eq!(changed.status.code(), Some(1));
    assert!(stderr(&changed).contains("no longer needed: SV001 web.yaml:"), "{}", stderr(&changed));
}
