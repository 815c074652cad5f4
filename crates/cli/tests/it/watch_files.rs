//! Every way in which a watched file changes.
use std::{fs, os::unix::fs::symlink, path::Path};

use crate::support::{Running, User, folder, path};

const POD: &str = "\
apiVersion: v1
kind: Pod
metadata: {name: a, namespace: w, labels: {app: a}}
spec: {containers: [{name: c, image: x, ports: [{containerPort: 80}]}]}
";

fn service(name: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Service\nmetadata: {{name: {name}, namespace: w}}\nspec: {{selector: {{app: a}}, ports: [{{port: 80}}]}}\n"
    )
}

/// Waits until a Service has this name, by its name in the DNS.
fn is_served(network: &Running, name: &str) -> bool {
    let question = format!("{name}.w.svc.cluster.local");
    crate::support::poll(|| {
        let output = network.exec(User::Own, "w/a", &["dig", "+short", "+tries=1", "+time=1", &question]);
        crate::support::stdout(&output).starts_with("10.96.").then_some(())
    })
    .is_some()
}

fn start(root: &Path) -> Running {
    Running::start(User::Own, &[root.to_str().unwrap(), "--watch"])
}

#[test]
fn links_that_are_swapped_as_volumes_swap_them() {
    let root = folder(&[("pod.yaml", POD)]);
    let at = |name: &str| root.path().join(name);
    let publish = |version: &str, name: &str| {
        fs::create_dir(at(version)).unwrap();
        fs::write(at(version).join("s.yaml"), service(name)).unwrap();
        symlink(version, at("..new")).unwrap();
        fs::rename(at("..new"), at("..data")).unwrap();
    };
    publish("..2024", "one");
    symlink("..data/s.yaml", at("s.yaml")).unwrap();
    let network = start(root.path());
    assert!(is_served(&network, "one"));
    for (version, name) in [("..2025", "two"), ("..2026", "three")] {
        publish(version, name);
        assert!(is_served(&network, name), "{name}: {}", network.text());
    }
}

#[test]
fn the_folder_itself_is_replaced() {
    let parent = folder(&[]);
    let at = |name: &str| parent.path().join(name);
    let make = |folder: &str, name: &str| {
        fs::create_dir(at(folder)).unwrap();
        fs::write(at(folder).join("pod.yaml"), POD).unwrap();
        fs::write(at(folder).join("s.yaml"), service(name)).unwrap();
    };
    make("m", "one");
    let network = start(&at("m"));
    assert!(is_served(&network, "one"));
    make("n", "two");
    fs::rename(at("m"), at("old")).unwrap();
    fs::rename(at("n"), at("m")).unwrap();
    assert!(is_served(&network, "two"), "moved: {}", network.text());
    fs::write(at("m/s.yaml"), service("three")).unwrap();
    assert!(is_served(&network, "three"), "and edited: {}", network.text());
    fs::remove_dir_all(at("m")).unwrap();
    make("m", "four");
    assert!(is_served(&network, "four"), "made again: {}", network.text());
}

#[test]
fn folders_that_are_copied_in_and_links_to_elsewhere() {
    let root = folder(&[("pod.yaml", POD)]);
    let elsewhere = folder(&[("target.yaml", &service("one")), ("more.yaml", &service("linked"))]);
    let at = |name: &str| root.path().join(name);
    symlink(elsewhere.path().join("target.yaml"), at("s.yaml")).unwrap();
    let network = start(root.path());
    assert!(is_served(&network, "one"));
    fs::write(elsewhere.path().join("target.yaml"), service("two")).unwrap();
    assert!(is_served(&network, "two"), "the target of a link: {}", network.text());
    symlink(elsewhere.path().join("more.yaml"), at("more.yaml")).unwrap();
    assert!(is_served(&network, "linked"), "a new link: {}", network.text());
    fs::hard_link(elsewhere.path().join("target.yaml"), at("hard.yaml")).unwrap();
    fs::remove_file(at("s.yaml")).unwrap();
    assert!(is_served(&network, "two"), "a new hard link: {}", network.text());
    fs::create_dir_all(at("new/deep")).unwrap();
    fs::write(at("new/deep/b.yaml"), service("deep")).unwrap();
    assert!(is_served(&network, "deep"), "a folder with its file: {}", network.text());
    fs::write(at("new/deep/b.yaml"), service("deeper")).unwrap();
    assert!(is_served(&network, "deeper"), "edited there: {}", network.text());
}

#[test]
fn what_is_not_read_is_not_applied() {
    let root = folder(&[("pod.yaml", POD)]);
    let network = start(root.path());
    for name in [".t.yaml", "notes.txt", ".git-index.lock"] {
        fs::write(root.path().join(name), service("none")).unwrap();
    }
    fs::write(root.path().join("s.yaml"), service("one")).unwrap();
    // What was saved at the same moment is named with it.
    network.wait_for("s.yaml in ");
    let applied: Vec<String> =
        network.text().lines().filter(|l| l.starts_with("applied")).map(str::to_owned).collect();
    assert_eq!(applied.len(), 1, "{applied:?} in {}", path(&root));
}
