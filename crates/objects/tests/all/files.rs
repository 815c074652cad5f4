//! Files, folders, and what is no manifest in them.
use std::{
    fs,
    path::{Path, PathBuf},
};

use netloom_objects::{ObjectSet, ReadError, list_files, read_sources};
use tempfile::TempDir;

const NAMESPACE: &str = "apiVersion: v1\nkind: Namespace\nmetadata: {name: a}\n";

fn folder(files: &[(&str, &[u8])]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    folder
}

fn listed(folder: &Path, paths: &[PathBuf]) -> Vec<String> {
    let list = list_files(paths).unwrap();
    list.files.iter().map(|f| f.strip_prefix(folder).unwrap().to_string_lossy().into_owned()).collect()
}

#[test]
fn folders_are_walked_in_order() {
    let text = NAMESPACE.as_bytes();
    let folder = folder(&[
        ("b.yaml", text),
        ("a/z.yml", text),
        ("a/b/c.JSON", text),
        ("c.txt", b"x"),
        (".hidden.yaml", text),
        (".git/x.yaml", text),
        ("README.md", b"x"),
    ]);
    let path = folder.path();
    assert_eq!(listed(path, &[path.into()]), ["a/b/c.JSON", "a/z.yml", "b.yaml"]);
    // Named twice, read once; a file that is named is read whatever it is called.
    assert_eq!(
        listed(path, &[path.join("c.txt"), path.join("b.yaml"), path.into(), path.join("a")]),
        ["c.txt", "b.yaml", "a/b/c.JSON", "a/z.yml"]
    );
    let folders = list_files(&[path.into()]).unwrap().folders;
    assert_eq!(folders, [path.to_owned(), path.join("a"), path.join("a/b")]);
}

#[test]
fn links_are_followed_once() {
    let folder = folder(&[("a/x.yaml", NAMESPACE.as_bytes())]);
    let path = folder.path();
    std::os::unix::fs::symlink(path, path.join("a/loop")).unwrap();
    std::os::unix::fs::symlink(path.join("nothing"), path.join("broken.yaml")).unwrap();
    assert_eq!(listed(path, &[path.into()]), ["a/x.yaml"]);
}

#[test]
fn what_cannot_be_read_is_said() {
    let folder = folder(&[("empty/x.txt", b""), ("chart/Chart.yaml", b"name: a")]);
    let message = |name: &str| {
        let error: ReadError = read_sources(&[folder.path().join(name)]).unwrap_err();
        error.to_string().replace(&folder.path().display().to_string(), "FOLDER")
    };
    assert!(
        message("none.yaml")
            .starts_with("FOLDER/none.yaml: no such file or folder; is it the right path, seen from /")
    );
    let table = [
        (
            "empty",
            "FOLDER/empty: no manifests in this folder; files that end in .yaml, .yml or .json are read, hidden ones are not",
        ),
        (
            "chart",
            "FOLDER/chart: this is a Helm chart, whose templates are not manifests yet; install helm, which netloom then runs, or render it first: `helm template CHART | netloom … -`",
        ),
    ];
    for (name, expected) in table {
        assert_eq!(message(name), expected);
    }
    assert_eq!(
        read_sources(&[]).unwrap_err().to_string(),
        "nothing to read: name a file, a folder, or `-` for standard input"
    );
}

#[test]
fn charts_and_kustomizations_are_named_without_noise() {
    let folder = folder(&[
        ("a.yaml", NAMESPACE.as_bytes()),
        ("chart/Chart.yaml", b"apiVersion: v2\nname: shop\nversion: 1.0.0\n"),
        ("chart/values.yaml", b"replicas: 1\n"),
        ("chart/templates/x.yaml", b"{{ if }}"),
        ("base/kustomization.yaml", b"resources:\n- ../a.yaml\n"),
        ("overlay/kustomization.yaml", b"resources: [../base]\nnamePrefix: x-\n"),
    ]);
    let set = ObjectSet::load(&[folder.path().into()]).unwrap();
    let found: Vec<String> = set.diagnostics().map(|d| d.message.clone()).collect();
    let expected = [
        "this is a Helm chart: its templates are not read",
        "this kustomization is not applied: its namePrefix change nothing here",
    ];
    assert_eq!(found, expected);
    assert!(!set.has_errors());
    assert_eq!(set.objects().filter(|o| &*o.kind == "Namespace").count(), 1);
    assert_eq!(set.other_kinds().values().sum::<usize>(), 3);
}
