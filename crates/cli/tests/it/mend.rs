//! `netloom check --fix` and `--diff`: what they change, and what they leave alone.
use std::{
    fs,
    io::Write as _,
    os::unix::fs::{PermissionsExt as _, symlink},
    process::{Output, Stdio},
};

use crate::support::{User, folder, netloom, path, run, stderr, stdout};

/// Two repairs, and a finding without one.
const RULE: &str = "\
# kept: above
apiVersion: networking.istio.io/v1beta1 # kept: behind
kind: DestinationRule
metadata: {name: web, namespace: shop}
spec:
  host: web.shop.svc.cluster.local
  trafficPolicy:
    # kept: inside
    tls: {mode: DISABLE}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec:
  selector: {app: a}
  ports:
    - port: \"80\"   # kept: the number
";

fn right() -> String {
    RULE.replace("v1beta1", "v1").replace("\"80\"", "80")
}

const WHAT: [&str; 5] = ["--closed", "--select", "IS001,MF,SV001", "-o", "concise"];

fn check(arguments: &[&str]) -> Output {
    run(&[&["check"], arguments, &WHAT].concat())
}

fn diff(arguments: &[&str]) -> Output {
    run(&[&["check", "--diff"], arguments, &WHAT[..3]].concat())
}

#[test]
fn the_difference_is_shown_and_then_made_and_nothing_else() {
    let tree = folder(&[("web.yaml", RULE), ("other.yaml", "# nothing to repair\n")]);
    let file = tree.path().join("web.yaml");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
    symlink(&file, tree.path().join("link.yaml")).unwrap();
    let link = tree.path().join("link.yaml");
    let shown = diff(&[link.to_str().unwrap()]);
    assert_eq!(shown.status.code(), Some(1), "{}", stderr(&shown));
    insta::assert_snapshot!(stdout(&shown).replace(path(&tree), "FOLDER"));
    assert_eq!(fs::read_to_string(&file).unwrap(), RULE, "--diff changes nothing");
    let fixed = check(&[link.to_str().unwrap(), "--fix"]);
    assert_eq!(fixed.status.code(), Some(1), "{}", stderr(&fixed));
    assert_eq!(stderr(&fixed), "2 repairs made in 1 file\n");
    let left: Vec<&str> =
        stdout(&fixed).lines().filter_map(|line| line.split("error[").nth(1)).map(|_| "").collect();
    assert_eq!(left.len(), 1, "what has no repair is reported: {}", stdout(&fixed));
    assert_eq!(fs::read_to_string(&file).unwrap(), right());
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink(), "the link is still one");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o640);
    assert_eq!(fs::read_dir(tree.path()).unwrap().count(), 3, "no file is left over");
    // Once more there is nothing to do.
    let again = check(&[path(&tree), "--fix"]);
    assert_eq!((stderr(&again).as_str(), again.status.code()), ("", Some(1)));
    let nothing = diff(&[path(&tree)]);
    assert_eq!((stdout(&nothing).as_str(), nothing.status.code()), ("", Some(0)));
}

#[test]
fn what_is_excluded_ignored_suppressed_or_known_stays_as_it_is() {
    let suppressed = RULE.replace("# kept: behind", "# netloom: ignore[IS001] the old API is what we have");
    let tree = folder(&[
        (
            "netloom.toml",
            "[check]\nexclude = ['vendor.yaml']\n[[check.paths]]\npaths = ['legacy.yaml']\nignore = ['IS', 'MF']\n",
        ),
        ("vendor.yaml", RULE),
        ("legacy.yaml", RULE),
        ("suppressed.yaml", &suppressed),
    ]);
    let fixed = check(&[path(&tree), "--fix"]);
    assert_eq!(stderr(&fixed), "1 repair made in 1 file\n");
    let text = |name: &str| fs::read_to_string(tree.path().join(name)).unwrap();
    assert_eq!((text("vendor.yaml").as_str(), text("legacy.yaml").as_str()), (RULE, RULE));
    assert_eq!(text("suppressed.yaml"), suppressed.replace("\"80\"", "80"));
    let known = tree.path().join("known.baseline");
    let known = known.to_str().unwrap();
    let all = tree.path().join("vendor.yaml");
    let all = all.to_str().unwrap();
    assert_eq!(check(&[all, "--write-baseline", known]).status.code(), Some(0));
    let fixed = check(&[all, "--fix", "--baseline", known]);
    assert_eq!((stderr(&fixed).as_str(), fixed.status.code()), ("", Some(0)), "{}", stdout(&fixed));
    assert_eq!(text("vendor.yaml"), RULE);
}

#[test]
fn standard_input_is_shown_repaired_but_cannot_be() {
    for (option, status) in [("--diff", 1), ("--fix", 2)] {
        let mut command = netloom(User::Own);
        command.args(["check", "-", option]).args(&WHAT[..3]);
        let mut child =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(RULE.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(status), "{option}: {}", stderr(&output));
        match option {
            "--diff" => {
                assert!(stdout(&output).starts_with("--- <stdin>\n+++ <stdin>\n"), "{}", stdout(&output))
            }
            _ => assert!(stderr(&output).contains("standard input cannot be repaired in place")),
        }
    }
}

/// A page that dropped the spaces: they come back first, and then the rest is repaired.
#[test]
fn lost_indentation_comes_back() {
    let sound = RULE.replace("\"80\"", "80");
    let flat: String = sound.lines().map(|line| format!("{}\n", line.trim_start())).collect();
    let tree = folder(&[("web.yaml", &flat)]);
    let fixed = check(&[path(&tree), "--fix"]);
    assert!(stderr(&fixed).ends_with("made in 1 file\n"), "{}{}", stdout(&fixed), stderr(&fixed));
    let text = fs::read_to_string(tree.path().join("web.yaml")).unwrap();
    assert_eq!(text, right());
}
