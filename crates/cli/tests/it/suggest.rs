//! `netloom suggest`: what it writes is tried with real packets.
use crate::support::{User, folder, netloom, path, repository, run, stderr, stdout, verified};

/// What no manifest of the shop tells.
const NEEDS: &str = "\
ingress/edge -> production/frontend:80
monitoring/prometheus -> production/backend:metrics
production/backend -> 198.51.100.0/25:443
production/frontend -> production/postgres denied
";

/// The shop without its policies, in a folder of its own.
fn shop() -> tempfile::TempDir {
    let from = repository().join("examples/shop");
    let mut files = Vec::new();
    for entry in std::fs::read_dir(from).unwrap() {
        let file = entry.unwrap();
        let name = file.file_name().into_string().unwrap();
        if name.ends_with(".yaml") {
            files.push((name, std::fs::read_to_string(file.path()).unwrap()));
        }
    }
    assert!(files.len() > 3);
    let files: Vec<(&str, &str)> = files.iter().map(|(n, t)| (n.as_str(), t.as_str())).collect();
    folder(&files)
}

#[test]
fn packets_pass_where_they_are_needed_and_nowhere_else() {
    let (shop, needs) = (shop(), folder(&[("needs.txt", NEEDS)]));
    let needs = format!("{}/needs.txt", path(&needs));
    let out = format!("{}/policies", path(&shop));
    let output = run(&["suggest", path(&shop), "--needs", &needs, "--out", &out]);
    assert_eq!(output.status.code(), Some(0), "{}{}", stdout(&output), stderr(&output));
    let report = verified(User::Own, &[path(&shop)]);
    let predicted = |verdict: &str| report["predicted"][verdict].as_u64().unwrap();
    assert!(predicted("denied") > predicted("allowed") / 4, "{report}");

    // The needs, in the words of --expect, held against the packets.
    let expected = "\
production/frontend -> production/backend:8080 allowed
ingress/edge -> production/frontend:80 allowed
monitoring/prometheus -> production/backend:9090 allowed
production/backend -> monitoring/statsd:8125/UDP allowed
* -> kube-system/kube-dns:53/UDP allowed
outside -> ingress/edge:8443 allowed
production/frontend -> production/postgres:5432 denied
monitoring/grafana -> production/backend:3000 denied
outside -> production/backend denied
";
    let expect = folder(&[("expect.txt", expected)]);
    let expect = format!("{}/expect.txt", path(&expect));
    let output = netloom(User::Own).args(["verify", path(&shop), "--expect", &expect]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}{}", stdout(&output), stderr(&output));

    // Applied, nothing is left to suggest: the policies are the ones that it would write again.
    let again = run(&["suggest", path(&shop), "--needs", &needs, "--out", &out]);
    assert_eq!(again.status.code(), Some(0), "{}{}", stdout(&again), stderr(&again));
    assert!(stdout(&again).contains("Nothing is cut that is possible today."), "{}", stdout(&again));
    assert_eq!(run(&["suggest", path(&shop), "--review"]).status.code(), Some(0));
}

#[test]
fn statuses_and_formats() {
    let shop = shop();
    let yaml = run(&["suggest", path(&shop), "-o", "yaml", "-n", "production"]);
    assert_eq!(yaml.status.code(), Some(0));
    assert!(stdout(&yaml).starts_with("# Written by `netloom suggest`") && !stdout(&yaml).contains("Proof"));
    assert!(stderr(&yaml).contains("Proof: all"));
    let json = run(&["suggest", path(&shop), "-o", "json"]);
    let report: serde_json::Value = serde_json::from_slice(&json.stdout).unwrap();
    assert_eq!(report["holds"], true);
    assert!(
        report["policies"].as_array().unwrap().len() > 8 && !report["cut"].as_array().unwrap().is_empty()
    );

    // What is declared to be shut, and is needed all the same.
    let needs = folder(&[("needs.txt", "production/frontend -> production/backend denied\n")]);
    let refused = run(&["suggest", path(&shop), "--needs", &format!("{}/needs.txt", path(&needs))]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(stdout(&refused).contains("needs.txt:1: "), "{}", stdout(&refused));

    for wrong in [
        &["suggest", path(&shop), "-n", "nowhere"][..],
        &["suggest", path(&shop), "--for", "nobody"],
        &["suggest", path(&shop), "--needs", "/nonexistent"],
        &["suggest", path(&shop), "--review", "-o", "yaml"],
        &["suggest", "/nonexistent"],
    ] {
        let output = run(wrong);
        assert_eq!(output.status.code(), Some(2), "{wrong:?}: {}", stdout(&output));
        assert!(stderr(&output).contains("netloom:"), "{wrong:?}: {}", stderr(&output));
    }

    // A file that somebody wrote is not overwritten.
    let out = folder(&[("production.yaml", "# by hand\n")]);
    let output = run(&["suggest", path(&shop), "--out", path(&out)]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(std::fs::read_to_string(out.path().join("production.yaml")).unwrap(), "# by hand\n");
    assert!(!out.path().join("ingress.yaml").exists());
}

/// Only with --keep-going are there such names at all.
#[test]
fn files_are_written_in_the_folder_and_nowhere_else() {
    for namespace in ["../../../pwned", "/abs", "..", "a/b"] {
        let text = format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: a, namespace: '{namespace}', labels: {{app: a}}}}\nspec: {{containers: [{{name: c, image: 'x:1', \
             ports: [{{containerPort: 80}}]}}]}}\n"
        );
        let tree = folder(&[("t.yaml", &text)]);
        let out = tree.path().join("a/b/c");
        std::fs::create_dir_all(&out).unwrap();
        let file = tree.path().join("t.yaml");
        let output =
            run(&["suggest", file.to_str().unwrap(), "--out", out.to_str().unwrap(), "--keep-going"]);
        assert_eq!(output.status.code(), Some(2), "{namespace}: {}{}", stdout(&output), stderr(&output));
        assert!(stderr(&output).contains(&format!("the namespace `{namespace}`")), "{}", stderr(&output));
        let mut left: Vec<_> =
            std::fs::read_dir(tree.path()).unwrap().flatten().map(|e| e.file_name()).collect();
        left.sort();
        assert_eq!(left, ["a", "t.yaml"], "{namespace}");
        assert_eq!(std::fs::read_dir(&out).unwrap().count(), 0, "{namespace}");
    }
}
