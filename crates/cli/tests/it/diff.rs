//! `netloom diff` as its users have it: folders, statuses, and what is said when it cannot be.
use std::fs;

use crate::support::{folder, path, run, stderr, stdout};

const WEB: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: web, labels: {app: web}}\nspec: {containers: [{name: c, image: i, ports: [{containerPort: 80}]}]}\n";
const DB: &str = "---\napiVersion: v1\nkind: Pod\nmetadata: {name: db, labels: {app: db}}\nspec: {containers: [{name: c, image: i, ports: [{containerPort: 5432}]}]}\n";

/// Both pods, with an ingress rule for the database.
fn set(rules: &str) -> String {
    format!(
        "{WEB}{DB}---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: db}}\n\
         spec: {{podSelector: {{matchLabels: {{app: db}}}}, policyTypes: [Ingress], ingress: [{rules}]}}\n"
    )
}

const FROM_WEB: &str = "{from: [{podSelector: {matchLabels: {app: web}}}], ports: [{port: 5432}]}";
const FROM_OFFICE: &str = "{from: [{ipBlock: {cidr: 10.1.0.0/16}}], ports: [{port: 5432}]}";
const FROM_ANYWHERE: &str = "{from: [{ipBlock: {cidr: 0.0.0.0/0}}], ports: [{port: 5432}]}";

const PUBLISHED: &str = "---\napiVersion: v1\nkind: Service\nmetadata: {name: db}\nspec: {type: NodePort, selector: {app: db}, ports: [{port: 5432, nodePort: 30432}]}\n";

#[test]
fn the_status_says_what_is_asked_for() {
    let sets = folder(&[
        ("closed.yaml", &set("")),
        ("web.yaml", &set(FROM_WEB)),
        ("office.yaml", &set(FROM_OFFICE)),
        ("anywhere.yaml", &set(FROM_ANYWHERE)),
        ("published.yaml", &(set(FROM_ANYWHERE) + PUBLISHED)),
        ("published-office.yaml", &(set(FROM_OFFICE) + PUBLISHED)),
        ("published-web.yaml", &(set(FROM_WEB) + PUBLISHED)),
        ("more.yaml", &(set(FROM_WEB) + &DB.replace("db", "more"))),
        (
            "host-port.yaml",
            &(set(FROM_WEB) + &DB.replace("db", "more").replace(": 5432", ": 5432, hostPort: 80")),
        ),
        ("commented.yaml", &format!("# The same.\n{}", set(""))),
        ("broken.yaml", "kind: [\n"),
    ]);
    let file = |name: &str| format!("{}/{name}.yaml", path(&sets));
    let table: [(&str, &str, &[&str], i32); 24] = [
        ("closed", "web", &[], 0),
        ("closed", "web", &["--fail-on", "added"], 1),
        ("closed", "web", &["--fail-on", "removed"], 0),
        ("closed", "web", &["--fail-on", "any"], 1),
        ("closed", "web", &["--fail-on", "internet"], 0),
        ("web", "closed", &["--fail-on", "added"], 0),
        ("web", "closed", &["--fail-on", "removed"], 1),
        ("web", "closed", &["--fail-on", "added,removed"], 1),
        ("closed", "office", &["--fail-on", "internet"], 0),
        ("closed", "office", &["--fail-on", "added"], 1),
        // Nobody outside has a way to a pod that nothing publishes, whatever its policies let in.
        ("office", "anywhere", &["--fail-on", "internet"], 0),
        ("office", "anywhere", &["--fail-on", "added"], 1),
        ("web", "more", &["--fail-on", "internet"], 0),
        ("office", "published", &["--fail-on", "internet"], 1),
        ("published", "published-office", &["--fail-on", "internet"], 0),
        ("published-office", "published", &["--fail-on", "internet"], 1),
        ("web", "published-web", &["--fail-on", "internet"], 0),
        ("web", "host-port", &["--fail-on", "internet"], 1),
        ("anywhere", "office", &["--fail-on", "internet"], 0),
        ("closed", "commented", &["--fail-on", "any"], 0),
        ("closed", "broken", &[], 2),
        ("broken", "closed", &[], 2),
        ("broken", "closed", &["--keep-going", "--fail-on", "added"], 1),
        ("closed", "missing", &[], 2),
    ];
    for (old, new, arguments, status) in table {
        let output = run(&[&["diff", &file(old), &file(new)], arguments].concat());
        let said = format!("{old} {new} {arguments:?}: {}{}", stdout(&output), stderr(&output));
        assert_eq!(output.status.code(), Some(status), "{said}");
        assert!(status != 2 || !stderr(&output).is_empty(), "{said}");
    }
    let broken = run(&["diff", &file("broken"), &file("closed")]);
    assert!(stderr(&broken).contains("broken.yaml has an error; repair"), "{}", stderr(&broken));
    let alone = run(&["diff", &file("closed")]);
    assert_eq!(alone.status.code(), Some(2));
    assert!(stderr(&alone).contains("say OLD and NEW"), "{}", stderr(&alone));
}

/// What the README shows is what the program says.
#[test]
fn the_readme_shows_it_as_it_is() {
    let readme = fs::read_to_string(crate::support::repository().join("README.md")).unwrap();
    let question = "$ netloom diff examples/shop new";
    let shown = &readme[readme.find(question).expect("the README compares the shop") + question.len()..];
    let shown = shown.trim_start_matches('\n').split("```").next().unwrap();
    let new = tempfile::tempdir().unwrap();
    let policies = new.path().join("new/policies");
    copy(&crate::support::repository().join("examples/shop"), &new.path().join("new"));
    let backend = fs::read_to_string(policies.join("backend.yaml")).unwrap();
    let frontend = "        - podSelector:\n            matchLabels: {app: frontend}\n";
    assert_eq!(backend.matches(frontend).count(), 1);
    let opened = backend.replace(frontend, &format!("{frontend}        - ipBlock: {{cidr: 0.0.0.0/0}}\n"));
    fs::write(policies.join("backend.yaml"), opened).unwrap();
    let service = new.path().join("new/backend.yaml");
    let private = fs::read_to_string(&service).unwrap();
    let selector = "spec:\n  selector: {app: backend}\n";
    assert_eq!(private.matches(selector).count(), 1);
    fs::write(service, private.replace(selector, "spec:\n  type: NodePort\n  selector: {app: backend}\n"))
        .unwrap();
    let database = fs::read_to_string(policies.join("database.yaml")).unwrap();
    fs::write(policies.join("database.yaml"), database.replace("[backend, postgres]", "[postgres]")).unwrap();
    let output = run(&["diff", "examples/shop", &format!("{}/new", path(&new)), "--fail-on", "internet"]);
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    assert_eq!(stdout(&output).replace(&format!("{}/", path(&new)), "").trim_end(), shown.trim_end());
}

fn copy(from: &std::path::Path, to: &std::path::Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(|entry| entry.unwrap()) {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}
