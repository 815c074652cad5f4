//! `netloom diff --git`, in real repositories.
use std::{
    fs,
    os::unix::fs::symlink,
    path::Path,
    process::{Command, Output},
};

use crate::support::{User, netloom, path, stderr, stdout};

const PODS: &str = "\
apiVersion: v1
kind: Pod
metadata: {name: web, labels: {app: web}}
spec: {containers: [{name: c, image: i, ports: [{containerPort: 80}]}]}
---
apiVersion: v1
kind: Pod
metadata: {name: db, labels: {app: db}}
spec: {containers: [{name: c, image: i, ports: [{containerPort: 5432}]}]}
";

fn policy(rules: &str) -> String {
    format!(
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: db}}\n\
         spec:\n  podSelector: {{matchLabels: {{app: db}}}}\n  policyTypes: [Ingress]\n  ingress:\n    {rules}\n"
    )
}

const FROM_WEB: &str = "- {from: [{podSelector: {matchLabels: {app: web}}}], ports: [{port: 5432}]}";
const FROM_ANYWHERE: &str = "- {from: [{ipBlock: {cidr: 0.0.0.0/0}}], ports: [{port: 5432}]}";
const FROM_NOBODY: &str = "[]";

/// A repository whose branch `feature` opens the database to everyone, and whose `main` went on by itself.
struct Repository(tempfile::TempDir);

impl Repository {
    fn new() -> Self {
        let made = Self(tempfile::tempdir().unwrap());
        made.git(&["init", "-q", "-b", "main"]);
        made.write("app/pods.yaml", PODS);
        made.write("app/policies/db.yaml", &policy(FROM_WEB));
        made.write("app/notes.txt", "No manifest.\n");
        made.commit("Let the web in");
        made.git(&["branch", "feature"]);
        made.write(
            "app/extra.yaml",
            &PODS.replace("name: web", "name: batch").replace("name: db", "name: cache"),
        );
        made.commit("Add more pods");
        made.git(&["checkout", "-q", "feature"]);
        made.write("app/policies/db.yaml", &policy(FROM_ANYWHERE));
        made.commit("Let everyone in");
        made
    }

    fn git(&self, arguments: &[&str]) -> String {
        let output = Command::new("git")
            .args(["-c", "user.name=t", "-c", "user.email=t@t.example", "-c", "commit.gpgsign=false"])
            .args(arguments)
            .current_dir(self.0.path())
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .output()
            .expect("git is installed");
        assert!(output.status.success(), "git {arguments:?}: {}", stderr(&output));
        stdout(&output)
    }

    fn write(&self, file: &str, text: &str) {
        let file = self.0.path().join(file);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }

    fn commit(&self, message: &str) {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "-m", message]);
    }

    /// `netloom diff` in a folder of it.
    fn diff_in(&self, folder: &str, arguments: &[&str]) -> Output {
        netloom(User::Own)
            .arg("diff")
            .args(arguments)
            .current_dir(self.0.path().join(folder))
            .output()
            .expect("netloom starts")
    }

    fn diff(&self, arguments: &[&str]) -> Output {
        self.diff_in("", arguments)
    }

    /// The lines of `-o csv`, after everything went well.
    fn lines(&self, folder: &str, arguments: &[&str]) -> Vec<String> {
        let output = self.diff_in(folder, &[arguments, &["-o", "csv"]].concat());
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", stderr(&output));
        stdout(&output).lines().skip(1).map(str::to_owned).collect()
    }
}

const OPENED: &str = "added,0.0.0.0-255.255.255.255[External],default/db[Pod],No Connections,TCP 5432";
const SHUT: &str = "removed,default/web[Pod],default/db[Pod],TCP 5432,No Connections";

#[test]
fn revisions_are_compared_and_the_work_tree_stays_as_it_is() {
    let repository = Repository::new();
    // Dirty in every way: staged, edited, untracked.
    repository.write("app/staged.yaml", &PODS.replace("name: web", "name: staged"));
    repository.git(&["add", "app/staged.yaml"]);
    repository.write("app/pods.yaml", "kind: [\n");
    repository.write("app/untracked.yaml", "kind: [\n");
    let index = || fs::read(repository.0.path().join(".git/index")).unwrap();
    let status = || repository.git(&["status", "--porcelain=v2", "--untracked-files=all"]);
    let (before, index_before) = (status(), index());

    // Since it left main, the branch opened the database. Compared with main itself it also lacks pods.
    assert_eq!(repository.lines("", &["--git", "main...feature", "app"]), [OPENED, SHUT]);
    assert_eq!(repository.lines("", &["--git", "main...", "app"]), [OPENED, SHUT]);
    let two = repository.lines("", &["--git", "main..feature", "app"]);
    assert!(two.contains(&OPENED.to_owned()) && two.contains(&SHUT.to_owned()), "{two:?}");
    assert!(two.iter().any(|line| line.contains("default/batch[Pod]")), "{two:?}");
    // The folder here is what is compared where none is named; files are called as they are called from here.
    assert_eq!(repository.lines("app", &["--git", "main...feature"]), [OPENED, SHUT]);
    assert_eq!(
        repository.lines("app/policies", &["--git", "main...feature", "..", "db.yaml"]),
        [OPENED, SHUT]
    );
    let text = stdout(&repository.diff_in("app", &["--git", "main...feature"]));
    assert!(text.contains("NetworkPolicy default/db (./policies/db.yaml:8)"), "{text}");
    let text = stdout(&repository.diff(&["--git", "main...feature", "./app/"]));
    assert!(text.contains("NetworkPolicy default/db (./app/policies/db.yaml:8)"), "{text}");

    assert_eq!(status(), before);
    assert!(index() == index_before, "the index was written");
}

#[test]
fn a_revision_is_compared_with_the_work_tree() {
    let repository = Repository::new();
    assert!(repository.lines("", &["--git", "HEAD", "app"]).is_empty());
    repository.write("app/policies/db.yaml", &policy(FROM_NOBODY));
    let closed = "removed,0.0.0.0-255.255.255.255[External],default/db[Pod],TCP 5432,No Connections";
    assert_eq!(repository.lines("", &["--git", "feature", "app"]), [closed]);
    let output = repository.diff(&["--git", "HEAD", "app", "--fail-on", "removed"]);
    assert_eq!(output.status.code(), Some(1));
    // What is not in the repository yet is in the work tree.
    repository.write(
        "new/pod.yaml",
        "apiVersion: v1\nkind: Pod\nmetadata: {name: new}\nspec: {containers: [{name: c, image: i}]}\n",
    );
    let output = repository.diff(&["--git", "HEAD", "new"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(stdout(&output).contains("+ default/new[Pod] (new/pod.yaml:1)"), "{}", stdout(&output));
    assert!(
        stderr(&output).contains("new: no manifests there in HEAD; it counts as empty"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn the_same_files_are_read_as_of_a_folder() {
    let repository = Repository::new();
    let broken = "kind: [\n";
    repository.write("app/.hidden/broken.yaml", broken);
    repository.write("app/.hidden.yaml", broken);
    repository.write("app/chart/Chart.yaml", "apiVersion: v2\nname: c\nversion: 1.0.0\n");
    repository.write("app/chart/templates/broken.yaml", broken);
    repository.write(
        "elsewhere/linked.yaml",
        &PODS.replace("name: web", "name: linked").replace("name: db", "name: other"),
    );
    symlink("../elsewhere", repository.0.path().join("app/linked")).unwrap();
    symlink("/etc", repository.0.path().join("app/out")).unwrap();
    // By way of a link that leads up, a step up leads out.
    symlink("..", repository.0.path().join("app/up")).unwrap();
    symlink("up/../../../../../../../etc", repository.0.path().join("app/around")).unwrap();
    repository
        .write("app/plain", &PODS.replace("name: web", "name: plain").replace("name: db", "name: more"));
    repository.commit("Add what is read, and what is not");
    let before = |name: &str| repository.lines("", &["--git", "HEAD~1..HEAD", name, "--no-render"]);
    let names = |lines: Vec<String>| {
        let has = |name: &str| lines.iter().any(|line| line.contains(&format!("default/{name}[Pod]")));
        ["linked", "other", "plain", "more"].map(has)
    };
    assert_eq!(names(before("app")), [true, true, false, false]);
    assert_eq!(names(before("app/plain")), [false, false, true, true]);
    let output = repository.diff(&["--git", "HEAD~1..HEAD", "app", "--no-render"]);
    for link in ["app/out", "app/around"] {
        let said = format!("{link}: this link leads out of the repository");
        assert!(stderr(&output).contains(&said), "{}", stderr(&output));
    }
    let chart = repository.diff(&["--git", "HEAD~1..HEAD", "app/chart", "--no-render"]);
    assert_eq!(chart.status.code(), Some(2));
    assert!(stderr(&chart).contains("app/chart: this is a Helm chart"), "{}", stderr(&chart));
}

/// A program in the place of kustomize: what it makes of a folder lies in the folder beside it.
const KUSTOMIZE: &str = "#!/bin/sh\n[ \"$1\" = build ] || exit 9\nexec /bin/cat \"$2/../base/built\"\n";

#[test]
fn kustomizations_of_revisions_are_built() {
    let repository = Repository::new();
    repository.write("prod/kustomization.yaml", "resources: [../base]\n");
    repository.write("base/built", &format!("{PODS}---\n{}", policy(FROM_WEB)));
    repository.commit("Add a kustomization");
    repository.write("base/built", &format!("{PODS}---\n{}", policy(FROM_ANYWHERE)));
    repository.commit("Open it");
    let programs = tempfile::tempdir().unwrap();
    let kustomize = programs.path().join("kustomize");
    fs::write(&kustomize, KUSTOMIZE).unwrap();
    fs::set_permissions(&kustomize, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let search = format!("{}:{}", path(&programs), std::env::var("PATH").unwrap());
    let output = netloom(User::Own)
        .args(["diff", "--git", "HEAD~1..HEAD", "prod", "-o", "csv"])
        .current_dir(repository.0.path())
        .env("PATH", search)
        .output()
        .expect("netloom starts");
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert_eq!(stdout(&output).lines().skip(1).collect::<Vec<_>>(), [OPENED, SHUT], "{}", stderr(&output));
}

#[test]
fn what_git_cannot_read_is_missed_only_where_it_is_needed() {
    let repository = Repository::new();
    let lose = |file: &str| {
        let id = repository.git(&["rev-parse", &format!("HEAD:{file}")]);
        let (folder, name) = id.trim().split_at(2);
        fs::remove_file(repository.0.path().join(".git/objects").join(folder).join(name)).unwrap();
    };
    let kustomization =
        "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [pods.yaml]\n";
    repository.write("prod/kustomization.yaml", kustomization);
    repository.write("prod/pods.yaml", PODS);
    repository.write("pictures/big.png", "a picture");
    repository.write("app/policies/logo.png", "another picture");
    repository.commit("Add pictures");
    repository.write("app/policies/db.yaml", &policy(FROM_NOBODY));
    repository.write("prod/more.yaml", &PODS.replace("name: web", "name: x").replace("name: db", "name: y"));
    repository.git(&["update-index", "--add", "app/policies/db.yaml", "prod/more.yaml"]);
    repository.git(&["commit", "-q", "-m", "Shut it"]);
    lose("pictures/big.png");
    lose("app/policies/logo.png");
    let range = ["--git", "HEAD~1..HEAD"];
    // Neither a folder of manifests nor a kustomization has to do with pictures.
    let output = repository.diff(&[&range[..], &["app"]].concat());
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(!stderr(&output).contains("git cannot read"), "{}", stderr(&output));
    // Where a link may lead anywhere, everything is read.
    symlink("../pictures", repository.0.path().join("app/linked")).unwrap();
    repository.write("pictures/big.png", "a picture");
    repository.write("app/policies/logo.png", "another picture");
    repository.git(&["add", "-A"]);
    repository.git(&["commit", "-q", "-m", "Link"]);
    lose("pictures/big.png");
    lose("app/policies/logo.png");
    let output = repository.diff(&[&range[..], &["app", "--no-render"]].concat());
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(stderr(&output).contains("left out, as git cannot read it"), "{}", stderr(&output));
    // Without a manifest the answer would be another one.
    lose("app/pods.yaml");
    let output = repository.diff(&[&range[..], &["app"]].concat());
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("app/pods.yaml: git cannot read it"), "{}", stderr(&output));
}

#[test]
fn what_is_wrong_is_said() {
    let repository = Repository::new();
    let cases: [(&[&str], &str); 7] = [
        (&["--git", "nowhere..HEAD"], "nowhere: no such revision here"),
        (&["--git", "main..--output=x"], "--output=x: no such revision here"),
        (&["--git", "main..HEAD", "nothing"], "nothing: no manifests there, in main as little as in HEAD"),
        (&["--git", "main..HEAD", "../.."], "../..: not inside of the repository"),
        (&["--git", "main..HEAD", "/etc"], "/etc: not inside of the repository"),
        (&["--git", "main..HEAD", "-"], "standard input is in no revision"),
        (&["--git", "main...HEAD^{tree}"], "no such revision here"),
    ];
    for (arguments, said) in cases {
        let output = repository.diff(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(stderr(&output).contains(said), "{arguments:?}: {}", stderr(&output));
    }
    repository.git(&["checkout", "-q", "--orphan", "apart"]);
    repository.commit("Begin anew");
    let output = repository.diff(&["--git", "main...apart"]);
    assert!(stderr(&output).contains("main and apart have no commit in common here"), "{}", stderr(&output));

    let nowhere = tempfile::tempdir().unwrap();
    let outside = |with: &dyn Fn(&mut Command)| {
        let mut command = netloom(User::Own);
        command.args(["diff", "--git", "main..HEAD"]).current_dir(nowhere.path());
        with(&mut command);
        command.output().expect("netloom starts")
    };
    let output = outside(&|command| _ = command.env("GIT_CEILING_DIRECTORIES", path(&nowhere)));
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("not a git repository"), "{}", stderr(&output));
    assert!(stderr(&output).contains("netloom diff OLD NEW"), "{}", stderr(&output));
    let output = outside(&|command| _ = command.env("PATH", path(&nowhere)));
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("git is not installed"), "{}", stderr(&output));
    assert!(Path::new(path(&nowhere)).read_dir().unwrap().next().is_none());
}

#[test]
fn nothing_is_left_behind() {
    let repository = Repository::new();
    let scratch = tempfile::tempdir().unwrap();
    let output = netloom(User::Own)
        .args(["diff", "--git", "main..feature", "app"])
        .current_dir(repository.0.path())
        .env("TMPDIR", scratch.path())
        .output()
        .expect("netloom starts");
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(scratch.path().read_dir().unwrap().next().is_none(), "the unpacked revisions are gone");
}
