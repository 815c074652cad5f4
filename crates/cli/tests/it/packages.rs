//! Kustomizations and Helm charts, with small programs in the place of kustomize and helm.
use std::{
    fs,
    os::unix::fs::PermissionsExt as _,
    process::{Command, Output},
};

use crate::support::{Running, User, folder, netloom, stderr, stdout};

const SERVICE: &str = "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec:\n  selector: {app: a}\n  ports: [{port: 80}]\n";

/// Prints `built` of the folder, and writes down what it was asked for. The overlay that asks for origins it cannot build.
const KUSTOMIZE: &str = "#!/bin/sh\n[ -f \"$2/built\" ] || exit 8\necho \"$@\" >> \"${0%/*}/asked\"\n[ \"$1\" = build ] || exit 9\nexec /bin/cat \"$2/built\"\n";
const KUBECTL: &str = "#!/bin/sh\n[ -f \"$2/built\" ] || exit 8\necho \"$@\" >> \"${0%/*}/asked\"\n[ \"$1\" = kustomize ] || exit 9\nexec /bin/cat \"$2/built\"\n";
/// Writes down all but the list of APIs.
const HELM: &str = "#!/bin/sh\nkept=\nfor a; do case $a in --api-versions=*) ;; *) kept=\"$kept $a\" ;; esac; last=$a; done\n\
                    echo $kept >> \"${0%/*}/asked\"\n[ \"$1 $2\" = 'template --skip-tests' ] || exit 9\nexec /bin/cat \"$last/rendered\"\n";
const BROKEN: &str = "#!/bin/sh\necho 'Error: no such resource' >&2\necho 'base is missing' >&2\nexit 1\n";

/// A folder of programs, which is all that is in the PATH.
fn programs(programs: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = folder(programs);
    for (name, _) in programs {
        fs::set_permissions(folder.path().join(name), fs::Permissions::from_mode(0o755)).unwrap();
    }
    folder
}

fn asked(programs: &tempfile::TempDir) -> Vec<String> {
    let asked = fs::read_to_string(programs.path().join("asked")).unwrap_or_default();
    let mut lines: Vec<String> = asked.lines().map(str::to_owned).collect();
    lines.sort();
    lines
}

fn tree(files: &[(&str, &str)]) -> tempfile::TempDir {
    let tree = folder(&[]);
    for (name, text) in files {
        let file = tree.path().join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }
    tree
}

fn command(programs: &tempfile::TempDir, tree: &tempfile::TempDir) -> Command {
    let mut command = netloom(User::Own);
    command.current_dir(tree.path()).env("PATH", programs.path());
    command.env("XDG_CACHE_HOME", programs.path().join("cache"));
    command
}

fn check(programs: &tempfile::TempDir, tree: &tempfile::TempDir, arguments: &[&str]) -> Output {
    let fixed = ["check", "--closed", "--select", "SV001,MF", "-o", "concise"];
    command(programs, tree).args(fixed).args(arguments).output().unwrap()
}

/// The findings, a line each.
fn found(output: &Output) -> Vec<String> {
    let text = stdout(output);
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    assert!(lines.pop().is_some_and(|last| last.contains(" in ")), "{text}{}", stderr(output));
    lines
}

#[test]
fn a_kustomization_is_built_and_findings_stand_in_what_was_built() {
    let tree = tree(&[
        ("overlays/prod/kustomization.yaml", "resources: [../../base]\nnamePrefix: prod-\n"),
        ("overlays/prod/patch.yaml", "this is: no manifest\n"),
        ("overlays/prod/built", SERVICE),
        ("base/kustomization.yaml", "resources: [web.yaml]\n"),
        ("base/web.yaml", "replaced: by what is built\n"),
        ("plain/other.yaml", &SERVICE.replace("name: web", "name: other")),
        ("parts/kustomization.yaml", "kind: Component\napiVersion: kustomize.config.k8s.io/v1alpha1\n"),
    ]);
    let plain = "plain/other.yaml:5:3: error[SV001] Service default/other selects no pod: none has app=a";
    let found_in_built = "error[SV001] Service default/web selects no pod: none has app=a";
    let built = |folder: &str| {
        format!("{folder}/kustomization.yaml: {found_in_built} [{folder}/<kustomize build>:5]")
    };
    for (program, text, question) in
        [("kustomize", KUSTOMIZE, "build overlays/prod"), ("kubectl", KUBECTL, "kustomize overlays/prod")]
    {
        let programs = programs(&[(program, text)]);
        let here = check(&programs, &tree, &["."]);
        assert_eq!(found(&here), [built("./overlays/prod"), format!("./{plain}")]);
        // What is only a part of another one is not built for its own sake.
        assert_eq!(asked(&programs), [question.replace("overlays", "./overlays")]);
        assert_eq!(found(&check(&programs, &tree, &["overlays/prod"])), [built("overlays/prod")]);
    }
    // Repairs are for files; patterns of the configuration for what was built too.
    let programs = programs(&[("kustomize", KUSTOMIZE)]);
    fs::write(tree.path().join("netloom.toml"), "[check]\nexclude = ['plain', 'parts', 'overlays/prod']\n")
        .unwrap();
    assert_eq!(check(&programs, &tree, &["."]).status.code(), Some(2), "all is excluded");
    fs::write(
        tree.path().join("netloom.toml"),
        "[[check.paths]]\npaths = ['overlays']\nseverity = {SV001 = 'info'}\n",
    )
    .unwrap();
    assert_eq!(found(&check(&programs, &tree, &["."]))[0], built("./overlays/prod").replace("error", "info"));
    fs::write(
        tree.path().join("overlays/prod/built"),
        "apiVersion: networking.istio.io/v1beta1\nkind: DestinationRule\nmetadata: {name: a, namespace: b}\nspec: {host: c}\n",
    )
    .unwrap();
    let fixed =
        command(&programs, &tree).args(["check", "overlays", "--select", "IS001", "--fix"]).output().unwrap();
    assert_eq!((stderr(&fixed).as_str(), fixed.status.code()), ("", Some(0)), "{}", stdout(&fixed));
    assert!(stdout(&fixed).contains("IS001") && !stdout(&fixed).contains("`--fix` does it"));
}

#[test]
fn without_the_program_files_are_read_as_they_are_and_that_is_said() {
    let tree = tree(&[
        ("app/kustomization.yaml", "resources: [web.yaml, ../base]\nnamePrefix: prod-\n"),
        ("app/web.yaml", SERVICE),
        ("base/kustomization.yaml", "resources: [more.yaml]\n"),
        ("base/more.yaml", &SERVICE.replace("name: web", "name: more")),
        ("shop/Chart.yaml", "apiVersion: v2\nname: shop\nversion: 1.0.0\n"),
        ("shop/templates/x.yaml", "{{ if }}"),
    ]);
    let none = programs(&[]);
    let all = check(&none, &tree, &["."]);
    let expected = [
        "./app/kustomization.yaml:1:1: warning[MF012] this kustomization is not applied: its namePrefix change nothing here",
        "./app/web.yaml:5:3: error[SV001] Service default/web selects no pod: none has app=a",
        "./base/more.yaml:5:3: error[SV001] Service default/more selects no pod: none has app=a",
        "./shop/Chart.yaml:1:1: warning[MF012] this is a Helm chart: its templates are not read",
    ];
    assert_eq!(found(&all), expected);
    assert_eq!(
        found(&check(&none, &tree, &["app"])),
        [0, 1, 2].map(|i| expected[i].replace("./", "")),
        "with its base"
    );
    let told = command(&none, &tree).args(["check", "."]).output().unwrap();
    for help in
        ["install kustomize or kubectl, which netloom then runs", "install helm, which netloom then runs"]
    {
        assert!(stdout(&told).contains(help), "{}", stdout(&told));
    }
    let chart = check(&none, &tree, &["shop"]);
    assert_eq!(chart.status.code(), Some(2));
    assert!(stderr(&chart).contains("install helm, which netloom then runs"), "{}", stderr(&chart));
    // The same where the programs are there and not wanted.
    let both = programs(&[("kustomize", KUSTOMIZE), ("helm", HELM)]);
    assert_eq!(found(&check(&both, &tree, &[".", "--no-render"])), expected);
    assert!(asked(&both).is_empty());
}

#[test]
fn a_chart_is_rendered_and_findings_name_the_template() {
    let rendered = format!(
        "---\n# Source: shop/templates/ns.yaml\napiVersion: v1\nkind: Namespace\nmetadata: {{name: shop}}\n---\n# Source: \
         shop/charts/db/templates/service.yaml\n{SERVICE}"
    );
    let tree = tree(&[
        ("My Shop/Chart.yaml", "apiVersion: v2\nname: shop\nversion: 1.0.0\n"),
        ("My Shop/values.yaml", "a: 1\n"),
        ("My Shop/templates/x.yaml", "{{ if }}"),
        ("My Shop/rendered", &rendered),
        ("common/Chart.yaml", "apiVersion: v2\nname: common\nversion: 1.0.0\ntype: library\n"),
    ]);
    let programs = programs(&[("helm", HELM)]);
    let service = |folder: &str| {
        format!(
            "{folder}/Chart.yaml: error[SV001] Service default/web selects no pod: none has app=a [{folder}/<helm \
             template>/charts/db/templates/service.yaml:7]"
        )
    };
    assert_eq!(found(&check(&programs, &tree, &["My Shop"])), [service("My Shop")]);
    let question = "template --skip-tests --include-crds --kube-version=1.36.0 shop My Shop";
    assert_eq!(asked(&programs), [question]);
    // What was made of the same files is not made again.
    assert_eq!(found(&check(&programs, &tree, &["My Shop"])), [service("My Shop")]);
    assert_eq!(asked(&programs), [question]);
    check(&programs, &tree, &["My Shop", "--kube-version", "1.30"]);
    assert!(asked(&programs).contains(&question.replace("1.36.0", "1.30.0")));
    let all = found(&check(&programs, &tree, &["."]));
    // A library has nothing to render, which is not a failure.
    assert_eq!(all, [service("./My Shop")]);
}

#[test]
fn what_the_program_says_is_a_finding_and_hides_nothing_else() {
    let tree = tree(&[
        ("app/kustomization.yaml", "resources: [gone.yaml]\n"),
        ("shop/Chart.yaml", "apiVersion: v2\nname: shop\nversion: 1.0.0\n"),
        ("web.yaml", SERVICE),
    ]);
    let programs = programs(&[("kustomize", BROKEN), ("helm", BROKEN)]);
    let output = check(&programs, &tree, &["."]);
    let expected = [
        "./app/kustomization.yaml:1:1: error[MF012] `kustomize build` makes no manifests of this: Error: no such resource",
        "./shop/Chart.yaml:1:1: error[MF012] `helm template` makes no manifests of this: Error: no such resource",
        "./web.yaml:5:3: error[SV001] Service default/web selects no pod: none has app=a",
    ];
    assert_eq!((found(&output), output.status.code()), (expected.map(str::to_owned).to_vec(), Some(1)));
    let unnamed = command(&programs, &tree).args(["up", ".", "--dry-run"]).output().unwrap();
    assert_eq!(unnamed.status.code(), Some(2));
    assert!(stderr(&unnamed).contains("3 sets are deployed from here"), "{}", stderr(&unnamed));
    let up = ["up", ".", "--set", "app", "--dry-run"];
    let refused = command(&programs, &tree).args(up).output().unwrap();
    assert_eq!(refused.status.code(), Some(2));
    assert!(stderr(&refused).contains("Error: no such resource\n"), "{}", stderr(&refused));
    assert!(stderr(&refused).contains("base is missing"), "{}", stderr(&refused));
    let lenient = command(&programs, &tree).args(up).arg("--keep-going").output().unwrap();
    assert_eq!(lenient.status.code(), Some(0), "{}", stderr(&lenient));
}

const PODS: &str = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: c, image: x, ports: [{containerPort: 80}]}]}\n\
                    ---\napiVersion: v1\nkind: Pod\nmetadata: {name: b}\nspec: {containers: [{name: c, image: x}]}\n";
const DENY: &str = "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: deny}\nspec: {podSelector: {}, policyTypes: [Ingress]}\n";

#[test]
fn every_command_renders() {
    let tree = tree(&[("kustomization.yaml", "resources: []\n"), ("built", &format!("{PODS}{DENY}"))]);
    let programs = programs(&[("kustomize", KUSTOMIZE)]);
    let explain =
        command(&programs, &tree).args(["explain", ".", "default/b", "default/a:80"]).output().unwrap();
    assert_eq!(explain.status.code(), Some(1), "{}{}", stdout(&explain), stderr(&explain));
    assert!(stdout(&explain).contains("./<kustomize build>:14"), "{}", stdout(&explain));
    let verify = command(&programs, &tree).args(["verify", "."]).output().unwrap();
    assert_eq!(verify.status.code(), Some(0), "{}{}", stdout(&verify), stderr(&verify));
}

/// A part of the kustomization stands outside of it, and is edited while the network runs.
#[test]
fn an_edit_of_a_part_is_built_again_and_applied() {
    let tree = tree(&[("overlay/kustomization.yaml", "resources: [../base]\n"), ("base/built", PODS)]);
    let script = KUSTOMIZE.replace("$2/built", "$2/../base/built");
    let programs = programs(&[("kustomize", &script)]);
    let overlay = tree.path().join("overlay");
    // The command is started as the others are, and finds the program in its PATH.
    let running = Running::start_with(User::Own, &[overlay.to_str().unwrap(), "--watch"], |command| {
        command.env("PATH", programs.path()).env("XDG_CACHE_HOME", programs.path().join("cache"));
    });
    // Written elsewhere and moved into place: one event.
    fs::write(tree.path().join("next"), format!("{PODS}{DENY}")).unwrap();
    fs::rename(tree.path().join("next"), tree.path().join("base/built")).unwrap();
    running.wait_for("applied built in ");
    assert_eq!(asked(&programs).len(), 2);
    assert_eq!(running.end(), Some(0));
}

fn git(tree: &tempfile::TempDir, arguments: &[&str]) {
    let identity = ["-c", "user.name=a", "-c", "user.email=a@example.org"];
    let output =
        Command::new("git").current_dir(tree.path()).args(identity).args(arguments).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", stderr(&output));
}

/// What a kustomization is built of has any name, and may stand outside of its folder: a revision has to have it all.
#[test]
fn revisions_and_folders_are_rendered_before_they_are_compared() {
    let tree = tree(&[("overlay/kustomization.yaml", "resources: [../base]\n"), ("base/built", PODS)]);
    let programs = programs(&[("kustomize", &KUSTOMIZE.replace("$2/built", "$2/../base/built"))]);
    let path = format!("{}:/usr/bin:/bin", programs.path().display());
    let diff = |arguments: &[&str]| {
        let output =
            command(&programs, &tree).env("PATH", &path).arg("diff").args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        stdout(&output)
    };
    git(&tree, &["init", "-q"]);
    git(&tree, &["add", "."]);
    git(&tree, &["commit", "-qm", "open"]);
    fs::write(tree.path().join("base/built"), format!("{PODS}{DENY}")).unwrap();
    git(&tree, &["commit", "-qam", "deny"]);
    let text = diff(&["--git", "HEAD~1..HEAD", "overlay"]);
    assert!(text.contains("default/a") && text.contains("overlay/<kustomize build>:11"), "{text}");
    fs::create_dir_all(tree.path().join("old/overlay")).unwrap();
    fs::create_dir_all(tree.path().join("old/base")).unwrap();
    fs::write(tree.path().join("old/overlay/kustomization.yaml"), "resources: [../base]\n").unwrap();
    fs::write(tree.path().join("old/base/built"), PODS).unwrap();
    let text = diff(&["old/overlay", "overlay"]);
    assert!(text.contains("default/a") && text.contains("overlay/<kustomize build>:11"), "{text}");
    let broken = self::programs(&[("kustomize", BROKEN)]);
    let path = format!("{}:/usr/bin:/bin", broken.path().display());
    let refused =
        command(&broken, &tree).env("PATH", path).args(["diff", "old/overlay", "overlay"]).output().unwrap();
    assert_eq!(refused.status.code(), Some(2));
    for part in ["`kustomize build` makes no manifests of this:", "Error: no such resource"] {
        assert!(stderr(&refused).contains(part), "{}", stderr(&refused));
    }
}

/// What the user's environment says of plugins, clusters and settings is not for a build of somebody's folder.
#[test]
fn programs_see_no_more_of_the_environment_than_they_need() {
    let tree = tree(&[("app/kustomization.yaml", "resources: []\n"), ("app/built", SERVICE)]);
    let script = "#!/bin/sh\nexport -p > \"${0%/*}/environment\"\n[ -f \"$2/built\" ] || exit 8\nexec /bin/cat \"$2/built\"\n";
    let programs = programs(&[("kustomize", script)]);
    let output = command(&programs, &tree)
        .args(["check", "app", "--closed", "--select", "SV001", "-o", "concise"])
        .env("HELM_PLUGINS", "/evil")
        .env("KUSTOMIZE_PLUGIN_HOME", "/evil")
        .env("HELM_DRIVER_SQL_CONNECTION_STRING", "evil")
        .env("KUBECONFIG", "/evil")
        .env("AWS_SECRET_ACCESS_KEY", "evil")
        .env("HOME", "/evil")
        .output()
        .unwrap();
    assert_eq!(found(&output).len(), 1, "{}", stderr(&output));
    let seen = fs::read_to_string(programs.path().join("environment")).unwrap();
    assert!(!seen.contains("evil"), "{seen}");
    assert!(seen.contains("HELM_CONFIG_HOME") && seen.contains("KUBECONFIG"), "{seen}");
}

/// A program that hangs, and one that never stops printing, end with all that they started.
#[test]
fn a_rendering_that_does_not_end_is_ended() {
    let tree = tree(&[("app/kustomization.yaml", "resources: []\n"), ("web.yaml", SERVICE)]);
    let hangs = "#!/bin/sh\necho still trying >&2\n/bin/sleep 1000 &\necho $! >> \"${0%/*}/asked\"\nwait\n";
    let floods = "#!/bin/sh\nwhile :; do echo aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa || exit 1; done\n";
    for (script, said) in [(hangs, "was not done after 1 s, and was ended"), (floods, "was")] {
        let programs = programs(&[("kustomize", script)]);
        let output = check(&programs, &tree, &[".", "--render-timeout", "1"]);
        let lines = found(&output);
        assert!(
            lines[0].starts_with("./app/kustomization.yaml:1:1: error[MF012] `kustomize build` "),
            "{lines:?}"
        );
        assert!(lines[0].contains(said), "{lines:?}");
        assert!(lines[1].starts_with("./web.yaml:5:3: error[SV001]"), "nothing else is hidden: {lines:?}");
        for process in asked(&programs) {
            let left = std::path::Path::new("/proc").join(&process).join("cmdline");
            let is_left = fs::read(left).is_ok_and(|line| line.starts_with(b"/bin/sleep"));
            assert!(!is_left, "process {process} is left");
        }
    }
}
