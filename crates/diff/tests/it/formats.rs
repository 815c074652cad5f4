//! What people and programs read of the shop and a change of it.
use std::{fmt::Write as _, fs, path::Path};

use netloom_cluster::Addressing;
use netloom_diff::report;
use netloom_objects::{Repository, Source};

use crate::support::Sets;

/// The files of the shop, as they are called from its folder's side.
fn shop(side: &str) -> Vec<Source> {
    fn walk(folder: &Path, name: &str, found: &mut Vec<Source>) {
        let mut entries: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap()).collect();
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let name = format!("{name}/{}", entry.file_name().to_str().unwrap());
            if entry.path().is_dir() {
                walk(&entry.path(), &name, found);
            } else if name.ends_with(".yaml") {
                found.push(Source::new(&name, &fs::read_to_string(entry.path()).unwrap()));
            }
        }
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/shop");
    let mut found = Vec::new();
    walk(&folder, side, &mut found);
    assert!(found.len() > 10, "the shop has more files");
    found
}

fn edit(sources: &mut [Source], file: &str, old: &str, new: &str) {
    let source = sources.iter_mut().find(|source| source.name.ends_with(file)).expect("a file of the shop");
    assert_eq!(source.text.matches(old).count(), 1, "{old:?} is in {file} once");
    source.text = source.text.replace(old, new).into();
}

const LOKI: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: loki, namespace: monitoring}
spec:
  selector: {matchLabels: {app: loki}}
  template:
    metadata: {labels: {app: loki}}
    spec:
      containers:
        - {name: loki, image: grafana/loki:3.6.0, ports: [{containerPort: 3100}]}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: grafana, namespace: monitoring}
spec:
  rules:
    - host: grafana.example
      http:
        paths:
          - {path: /, pathType: Prefix, backend: {service: {name: grafana, port: {name: web}}}}
";

/// The backend is opened to everyone, the database closed to it, Grafana published, StatsD's port moved, and Loki added.
fn changed() -> Sets {
    let (before, mut after) = (shop("old"), shop("new"));
    let frontend = "        - podSelector:\n            matchLabels: {app: frontend}\n";
    edit(
        &mut after,
        "policies/backend.yaml",
        frontend,
        &format!("{frontend}        - ipBlock: {{cidr: 0.0.0.0/0}}\n"),
    );
    edit(&mut after, "policies/database.yaml", "values: [backend, postgres]", "values: [postgres]");
    let scrape = "matchLabels: {app: prometheus}\n      ports:\n        - {protocol: TCP, port: metrics}\n";
    edit(&mut after, "policies/monitoring.yaml", scrape, &scrape.replace("metrics", "9103"));
    edit(&mut after, "monitoring.yaml", "  type: NodePort\n", "");
    edit(&mut after, "monitoring.yaml", "      nodePort: 30300\n", "");
    after.push(Source::new("new/loki.yaml", LOKI));
    Sets::of_sources(before, after, Addressing::Known)
}

fn json(sets: &Sets) -> String {
    let mut out = Vec::new();
    report::json(&sets.diff(), &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn text() {
    insta::assert_snapshot!(report::text(&changed().diff(), false));
}

#[test]
fn text_in_colour() {
    let (before, mut after) = (shop("old"), shop("new"));
    edit(&mut after, "policies/database.yaml", "values: [backend, postgres]", "values: [postgres]");
    let sets = Sets::of_sources(before, after, Addressing::Known);
    insta::assert_snapshot!(report::text(&sets.diff(), true).replace('\x1b', "^"));
}

#[test]
fn markdown() {
    insta::assert_snapshot!(report::markdown(&changed().diff()));
}

#[test]
fn csv() {
    let mut out = Vec::new();
    report::csv(&changed().diff(), &mut out).unwrap();
    insta::assert_snapshot!(String::from_utf8(out).unwrap());
}

#[test]
fn json_of_everything() {
    insta::assert_snapshot!(json(&changed()));
}

#[test]
fn github() {
    insta::assert_snapshot!(report::github(&changed().diff(), &Repository::default()));
}

#[test]
fn nothing_changed() {
    let sets = Sets::of_sources(shop("old"), shop("new"), Addressing::Known);
    let diff = sets.diff();
    let texts =
        [report::text(&diff, false), report::markdown(&diff), report::github(&diff, &Repository::default())];
    insta::assert_snapshot!(texts.join("\n"));
}

/// Namespaces of workloads in tiers, each with a policy that admits a tier of its own, if any.
fn cluster(namespaces: usize, each: usize, policy: impl Fn(usize) -> Option<String>) -> String {
    let mut text = String::new();
    for n in 0..namespaces {
        _ = writeln!(text, "---\napiVersion: v1\nkind: Namespace\nmetadata: {{name: n{n}}}");
        for i in 0..each {
            _ = writeln!(
                text,
                "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web-{i}, namespace: n{n}}}\nspec:\n  \
                 selector: {{matchLabels: {{app: web-{i}}}}}\n  template:\n    metadata: {{labels: {{app: web-{i}, tier: t{}}}}}\n    \
                 spec: {{containers: [{{name: c, image: i, ports: [{{containerPort: 80}}]}}]}}",
                i % 5
            );
        }
        if let Some(ingress) = policy(n) {
            _ = writeln!(
                text,
                "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: web, namespace: n{n}}}\n\
                 spec: {{podSelector: {{}}, ingress: [{ingress}]}}"
            );
        }
    }
    text
}

fn admit(tier: usize) -> String {
    format!(
        "{{from: [{{namespaceSelector: {{}}, podSelector: {{matchLabels: {{tier: t{tier}}}}}}}], ports: [{{port: 80}}]}}"
    )
}

#[test]
fn one_policy_among_a_thousand_workloads_is_a_handful_of_lines() {
    let before = cluster(10, 100, |n| Some(admit(n % 5)));
    let after = cluster(10, 100, |n| Some(if n == 3 { admit(4) } else { admit(n % 5) }));
    let sets = Sets::of(&before, &after, Addressing::Known);
    let diff = sets.diff();
    // All of t3 are shut out of the namespace, and all of t4 let in; those of the namespace itself among them.
    assert_eq!(diff.summary().connections.added, 200 * 100 - 20);
    assert_eq!(diff.summary().connections.removed, 200 * 100 - 20);
    insta::assert_snapshot!(report::text(&diff, false));
    let mut csv = Vec::new();
    report::csv(&diff, &mut csv).unwrap();
    assert_eq!(String::from_utf8(csv).unwrap().lines().count(), 1 + 2 * (200 * 100 - 20));
    let document: serde_json::Value = serde_json::from_str(&json(&sets)).unwrap();
    assert_eq!(document["connections"].as_array().unwrap().len(), 2);
    assert_eq!(document["connections"][0]["src"].as_array().unwrap().len(), 200);
}

#[test]
fn a_comment_stays_short_enough_for_github() {
    // Every namespace is opened on other ports, so that nothing can be put together.
    let name = |n: usize| format!("{{from: [{{namespaceSelector: {{}}}}], ports: [{{port: {}}}]}}", 1000 + n);
    let before = cluster(150, 12, |n| Some(name(n)));
    let after = cluster(150, 12, |n| Some(name(n + 200)));
    let sets = Sets::of(&before, &after, Addressing::Known);
    let page = report::markdown(&sets.diff());
    assert!(page.len() <= report::LONGEST, "{} bytes", page.len());
    assert!(page.len() > report::LONGEST / 2, "{} bytes, although there is more to tell", page.len());
    assert!(page.contains("more; `-o json` has them all."), "{page}");
    assert_eq!(page.matches("<details>").count(), page.matches("</details>").count());
    // Text for people and annotations have an end as well.
    assert!(report::text(&sets.diff(), false).lines().count() < 400);
    assert!(report::github(&sets.diff(), &Repository::default()).lines().count() < 60);
}

#[test]
fn names_cannot_break_a_table() {
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: 'a|b`c', labels: {}}\nspec: {containers: [{name: c, image: i}]}\n";
    let objects = |text: &str| vec![Source::new("old.yaml", text)];
    let sets = Sets::of_broken(objects(""), objects(pod), Addressing::Known);
    let page = report::markdown(&sets.diff());
    assert!(page.contains("`default/a\\|b'c[Pod]`"), "{page}");
}
