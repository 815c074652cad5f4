//! What is deployed together, and what each command answers about it, with real kustomize (of kubectl) and helm.
use std::{
    env, fs,
    path::PathBuf,
    process::{Command, Output},
};

use serde_json::Value;

use crate::support::{User, netloom, stderr, stdout};

/// A Deployment, a load balancer, and a policy that admits `web`.
const DB: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: db}
spec:
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec:
      containers:
        - name: db
          image: db:1.0.0
          ports: [{containerPort: 5432}]
---
apiVersion: v1
kind: Service
metadata: {name: db}
spec:
  type: LoadBalancer
  selector: {app: db}
  ports: [{port: 5432}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: db}
spec:
  podSelector: {matchLabels: {app: db}}
  policyTypes: [Ingress]
  ingress: [{from: [{podSelector: {matchLabels: {app: web}}}]}]
";
const OPEN: &str = "\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: db}
spec: {ingress: [{}]}
";
const WEB: &str = "\
apiVersion: v1
kind: Pod
metadata: {name: web, labels: {app: web}}
spec: {containers: [{name: c, image: 'x:1', ports: [{containerPort: 80}]}]}
";
const CHART: &str = "apiVersion: v2\nname: NAME\nversion: 1.0.0\n";
const POD_OF_VALUES: &str = "\
apiVersion: v1
kind: Pod
metadata:
  name: {{ .Release.Name }}-{{ .Values.tier }}
  namespace: {{ .Release.Namespace }}
  labels: {app: {{ .Values.tier }}}
spec:
  containers: [{name: c, image: 'x:1', ports: [{containerPort: 80}]}]
";

struct Tree(tempfile::TempDir);

impl Tree {
    fn new(files: &[(&str, &str)]) -> Self {
        let tree = Self(tempfile::tempdir().unwrap());
        files.iter().for_each(|(path, text)| tree.write(path, text));
        tree
    }

    fn write(&self, path: &str, text: &str) {
        let file = self.0.path().join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }

    fn git(&self, arguments: &[&str]) {
        let identity = ["-c", "user.name=t", "-c", "user.email=t@t.example", "-c", "commit.gpgsign=false"];
        let mut command = Command::new("git");
        let output = command.current_dir(self.0.path()).args(identity).args(arguments).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", stderr(&output));
    }

    fn commit(&self, subject: &str) {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-qm", subject]);
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = netloom(User::Own);
        command
            .current_dir(self.0.path())
            .env("PATH", tools())
            .env("XDG_CACHE_HOME", self.0.path().join(".cache"));
        command.args(arguments).output().unwrap()
    }

    /// What a command says and how it ends.
    fn says(&self, status: i32, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let said = format!("{}{}", stdout(&output), stderr(&output));
        assert_eq!(output.status.code(), Some(status), "{arguments:?}: {said}");
        stdout(&output)
    }

    fn json(&self, status: i32, arguments: &[&str]) -> Value {
        let text = self.says(status, arguments);
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{arguments:?}: {error}: {text}"))
    }

    /// The sets, a line each: name, how it is made, objects.
    fn sets(&self, arguments: &[&str]) -> Vec<String> {
        let listed = self.json(0, &[&["sets", "-o", "json"][..], arguments].concat());
        let line = |set: &Value| {
            format!("{}: {}, {}", set["name"].as_str().unwrap(), set["how"].as_str().unwrap(), set["objects"])
        };
        listed["sets"].as_array().unwrap().iter().map(line).collect()
    }

    /// The codes and places of findings, sorted.
    fn found(&self, arguments: &[&str]) -> Vec<String> {
        let output = self.run(&[&["check", "-o", "json"][..], arguments].concat());
        let report: Value = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}{}", stdout(&output), stderr(&output)));
        let findings = report["findings"].as_array().unwrap();
        let mut lines: Vec<String> = findings
            .iter()
            .map(|f| {
                format!(
                    "{} {}",
                    f["code"].as_str().unwrap(),
                    f["file"].as_str().unwrap().trim_start_matches("./")
                )
            })
            .collect();
        lines.sort();
        lines
    }
}

/// The PATH with what `.ci/tools test` installs.
fn tools() -> String {
    let own = PathBuf::from(env::var_os("HOME").unwrap_or_default()).join("go/bin");
    let path = format!("{}:{}", env::var("PATH").unwrap_or_default(), own.display());
    for program in ["helm", "kubectl", "git"] {
        let found = env::split_paths(&path).any(|folder| folder.join(program).is_file());
        assert!(found, "{program} is missing: `.ci/tools test` installs it");
    }
    path
}

/// A base and two overlays of it in one namespace.
fn overlays() -> Tree {
    Tree::new(&[
        ("base/kustomization.yaml", "namespace: shop\nresources: [db.yaml]\n"),
        ("base/db.yaml", DB),
        ("overlays/dev/kustomization.yaml", "resources: [../../base]\n"),
        ("overlays/prod/kustomization.yaml", "resources: [../../base]\n"),
    ])
}

/// A repository whose last commit opens the database of an overlay.
fn opened_in(overlay: &str) -> Tree {
    let tree = overlays();
    tree.git(&["init", "-q", "-b", "main"]);
    tree.commit("Deploy a database");
    tree.write(
        &format!("overlays/{overlay}/kustomization.yaml"),
        "resources: [../../base]\npatches: [{path: open.yaml}]\n",
    );
    tree.write(&format!("overlays/{overlay}/open.yaml"), OPEN);
    tree.commit("Open it");
    tree
}

#[test]
fn what_opens_in_any_overlay_fails_the_gate_and_names_the_set() {
    for (overlay, other) in [("dev", "prod"), ("prod", "dev")] {
        let tree = opened_in(overlay);
        let diff = ["diff", "--git", "HEAD~1..HEAD", "--fail-on", "internet"];
        let text = tree.says(1, &diff);
        assert!(text.starts_with(&format!("set overlays/{overlay}\n⚠ Open to the internet")), "{text}");
        assert!(text.ends_with(&format!("nothing changed in overlays/{other}\n")), "{text}");
        let md = tree.says(1, &[&diff[..], &["-o", "md"]].concat());
        assert!(
            md.contains(&format!("Network changes of `overlays/{overlay}`: opened to the internet")),
            "{md}"
        );
        assert!(md.contains(&format!("Nothing changed in overlays/{other}")), "{md}");
        let github = tree.says(1, &[&diff[..], &["-o", "github"]].concat());
        assert!(github.contains(&format!("title=opened to the internet in overlays/{overlay}")), "{github}");
        let csv = tree.says(1, &[&diff[..], &["-o", "csv"]].concat());
        assert!(csv.starts_with("set,change,"), "{csv}");
        assert!(
            csv.contains(&format!("\noverlays/{overlay},")) && !csv.contains(&format!("\noverlays/{other},")),
            "{csv}"
        );
        let json = tree.json(1, &[&diff[..], &["-o", "json"]].concat());
        let sets: Vec<(&str, &str, u64)> = json["sets"]
            .as_array()
            .unwrap()
            .iter()
            .map(|set| {
                let opened = set["summary"]["opened_to_internet"].as_u64().unwrap();
                (set["set"].as_str().unwrap(), set["change"].as_str().unwrap(), opened)
            })
            .collect();
        let opened = |name: &str| u64::from(name.ends_with(overlay));
        assert_eq!(sets, ["overlays/dev", "overlays/prod"].map(|name| (name, "kept", opened(name))).to_vec());
        let published = tree.says(0, &["reach", ".", "--open-to-internet"]);
        let lines: Vec<&str> =
            published.lines().filter(|line| line.starts_with("set ") || line.contains(":5432")).collect();
        assert_eq!(lines.iter().filter(|line| line.contains("shop/db")).count(), 1, "{published}");
        // The other one is asked about alone.
        let one = tree.says(0, &["reach", ".", "--open-to-internet", "--set", &format!("overlays/{other}")]);
        assert_eq!(one, "nothing is published to the internet and let in by policies\n");
        assert_eq!(
            tree.says(0, &["diff", "--git", "HEAD~1..HEAD", "--fail-on", "internet", "--set", other]),
            "No connection changed; no object changed\n"
        );
    }
}

#[test]
fn sets_that_come_and_go_are_said() {
    let tree = opened_in("dev");
    fs::remove_dir_all(tree.0.path().join("overlays/prod")).unwrap();
    tree.write("overlays/qa/kustomization.yaml", "resources: [../../base]\nnamespace: qa\n");
    tree.commit("Replace an overlay");
    let text = tree.says(0, &["diff", "--git", "HEAD~1..HEAD"]);
    assert!(text.contains("set overlays/qa (added)\n"), "{text}");
    assert!(text.contains("set overlays/prod (removed)\n"), "{text}");
    assert!(text.ends_with("nothing changed in overlays/dev\n"), "{text}");
}

#[test]
fn each_layout_has_its_sets() {
    let chart = |name: &str| CHART.replace("NAME", name);
    let app = |name: &str, source: &str| {
        format!(
            "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {{name: {name}, namespace: argocd}}\nspec:\n  \
             destination: {{namespace: {name}}}\n  source: {source}\n"
        )
    };
    let values = "tier: a\n";
    let cases: Vec<(&str, Tree, Vec<&str>)> = vec![
        (
            "base and overlays with one namespace",
            overlays(),
            vec!["overlays/dev: kustomization, 3", "overlays/prod: kustomization, 3"],
        ),
        (
            "a component with patches, and one that nobody uses",
            Tree::new(&[
                ("base/kustomization.yaml", "resources: [db.yaml]\n"),
                ("base/db.yaml", DB),
                (
                    "components/x/kustomization.yaml",
                    "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nresources: [web.yaml]\n\
                     patches: [{path: patch.yaml}, {path: p6902.yaml, target: {kind: Service, name: db}}]\n",
                ),
                ("components/x/web.yaml", WEB),
                ("components/x/patch.yaml", OPEN),
                ("components/x/p6902.yaml", "- {op: add, path: /metadata/labels, value: {a: b}}\n"),
                (
                    "components/y/kustomization.yaml",
                    "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nresources: [web.yaml]\n",
                ),
                ("components/y/web.yaml", WEB),
                (
                    "overlays/p/kustomization.yaml",
                    "resources: [../../base]\ncomponents: [../../components/x]\n",
                ),
            ]),
            vec!["overlays/p: kustomization, 4"],
        ),
        (
            "bases of bases, below a kustomization and beside it",
            Tree::new(&[
                ("kustomization.yaml", "resources: [a]\n"),
                ("a/kustomization.yaml", "resources: [b]\n"),
                ("a/b/kustomization.yaml", "resources: [db.yaml]\n"),
                ("a/b/db.yaml", DB),
                ("other/kustomization.yaml", "resources: [web.yaml]\n"),
                ("other/web.yaml", WEB),
            ]),
            vec![".: kustomization, 3", "other: kustomization, 1"],
        ),
        (
            "an umbrella chart, its library, and a chart of its own",
            Tree::new(&[
                (
                    "umbrella/Chart.yaml",
                    &format!(
                        "{}dependencies:\n  - {{name: x, version: 1.0.0}}\n  - {{name: lib, version: 1.0.0, repository: 'file://../lib'}}\n",
                        chart("umbrella")
                    ),
                ),
                ("umbrella/templates/web.yaml", WEB),
                ("umbrella/charts/x/Chart.yaml", &chart("x")),
                ("umbrella/charts/x/templates/db.yaml", DB),
                ("lib/Chart.yaml", &format!("{}type: library\n", chart("lib"))),
                ("lib/templates/_x.tpl", "{{ define \"x\" }}{{ end }}\n"),
                ("own/Chart.yaml", &chart("own")),
                ("own/values.yaml", values),
                ("own/templates/p.yaml", POD_OF_VALUES),
            ]),
            vec!["own: chart, 1", "umbrella: chart, 4"],
        ),
        (
            "plain folders by environment",
            Tree::new(&[
                ("common/web.yaml", WEB),
                ("dev/db.yaml", DB),
                ("prod/db.yaml", DB),
                ("prod/more.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n"),
                ("compose.yaml", "services: {}\n"),
            ]),
            vec!["dev: plain manifests, 4", "prod: plain manifests, 5"],
        ),
        (
            "plain folders that belong together",
            Tree::new(&[("app/db.yaml", DB), ("more/web.yaml", WEB), ("ansible.yaml", "- hosts: all\n")]),
            vec![".: plain manifests, 4"],
        ),
        (
            "everything at once",
            Tree::new(&[
                ("k/kustomization.yaml", "resources: [db.yaml]\n"),
                ("k/db.yaml", DB),
                ("chart/Chart.yaml", &chart("c")),
                ("chart/values.yaml", values),
                ("chart/templates/p.yaml", POD_OF_VALUES),
                ("plain/web.yaml", WEB),
            ]),
            vec!["chart: chart, 1", "k: kustomization, 3", "plain: plain manifests, 1"],
        ),
        (
            "an app of apps, with values beside the chart and in the repository",
            Tree::new(&[
                (".git/HEAD", ""),
                ("root.yaml", &app("root", "{path: apps}")),
                ("apps/dev.yaml", &app("dev", "{path: charts/c, helm: {valueFiles: [dev.yaml]}}")),
                (
                    "apps/prod.yaml",
                    &app(
                        "prod",
                        "{path: charts/c, helm: {valueFiles: [/values/prod.yaml], parameters: [{name: more, value: yes}]}}",
                    ),
                ),
                ("apps/plain.yaml", &app("plain", "{path: manifests}")),
                ("apps/redis.yaml", &app("redis", "{chart: redis, repoURL: 'https://charts.example.org'}")),
                ("charts/c/Chart.yaml", &chart("c")),
                ("charts/c/values.yaml", values),
                ("charts/c/dev.yaml", "tier: dev\n"),
                ("charts/c/templates/p.yaml", POD_OF_VALUES),
                ("values/prod.yaml", "tier: prod\n"),
                ("manifests/web.yaml", WEB),
                ("manifests/deeper/not-read.yaml", DB),
            ]),
            vec![
                "root: Application root, 4",
                "dev: Application dev, 1",
                "prod: Application prod, 1",
                "plain: Application plain, 1",
                ".: plain manifests, 4",
            ],
        ),
        (
            "an ApplicationSet over folders",
            Tree::new(&[
                (".git/HEAD", ""),
                (
                    "set.yaml",
                    "apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nmetadata: {name: all, namespace: argocd}\nspec:\n  \
                     generators: [{git: {directories: [{path: apps/*}, {path: apps/old, exclude: true}]}}]\n  template:\n    \
                     metadata: {name: 'app-{{path.basename}}'}\n    spec: {source: {path: '{{path}}'}, destination: {namespace: '{{path.basename}}'}}\n",
                ),
                ("apps/a/web.yaml", WEB),
                ("apps/b/kustomization.yaml", "resources: [db.yaml]\n"),
                ("apps/b/db.yaml", DB),
                ("apps/old/web.yaml", WEB),
            ]),
            vec!["app-a: ApplicationSet all, 1", "app-b: ApplicationSet all, 3", ".: plain manifests, 2"],
        ),
        (
            "a Flux tree with a HelmRelease",
            Tree::new(&[
                (".git/HEAD", ""),
                (
                    "clusters/prod/apps.yaml",
                    "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: apps, namespace: flux-system}\n\
                     spec:\n  path: ./apps/prod\n  targetNamespace: shop\n  postBuild: {substitute: {TIER: db}}\n",
                ),
                ("apps/base/kustomization.yaml", "resources: [db.yaml]\n"),
                ("apps/base/db.yaml", &DB.replace("app: db", "app: '${TIER}'")),
                ("apps/prod/kustomization.yaml", "resources: [../base, release.yaml]\n"),
                (
                    "apps/prod/release.yaml",
                    "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: podinfo, namespace: web}\nspec:\n  \
                     chart: {spec: {chart: ./charts/c, sourceRef: {kind: GitRepository, name: flux-system}}}\n  values: {tier: flux}\n",
                ),
                ("charts/c/Chart.yaml", &chart("c")),
                ("charts/c/values.yaml", values),
                ("charts/c/templates/p.yaml", POD_OF_VALUES),
            ]),
            vec![
                "apps: Kustomization apps, 4",
                "podinfo: HelmRelease podinfo, 1",
                "clusters/prod: plain manifests, 1",
            ],
        ),
        (
            "a base that cannot be had",
            Tree::new(&[
                ("remote/kustomization.yaml", "resources: ['https://example.invalid/x.yaml', db.yaml]\n"),
                ("remote/db.yaml", DB),
                ("k/kustomization.yaml", "resources: [web.yaml]\n"),
                ("k/web.yaml", WEB),
            ]),
            vec!["k: kustomization, 1", "remote: kustomization, 0"],
        ),
    ];
    for (layout, tree, expected) in cases {
        let mut found = tree.sets(&["."]);
        let mut expected: Vec<String> = expected.into_iter().map(str::to_owned).collect();
        // A kustomization that cannot be built counts by what says so.
        found
            .iter_mut()
            .for_each(|line| *line = line.replace("remote: kustomization, 1", "remote: kustomization, 0"));
        found.sort();
        expected.sort();
        assert_eq!(found, expected, "{layout}");
    }
}

#[test]
fn sets_are_listed_with_what_they_share() {
    let tree = overlays();
    let text = tree.says(0, &["sets", "."]);
    assert_eq!(
        text,
        "SET            ROOT           MADE OF        OBJECTS  SHARES\n\
         overlays/dev   overlays/dev   kustomization  3        base with overlays/prod\n\
         overlays/prod  overlays/prod  kustomization  3        base with overlays/dev\n"
    );
    let listed = tree.json(0, &["sets", ".", "-o", "json"]);
    assert_eq!(listed["sets"][0]["shares"][0]["path"], "base");
    assert_eq!(listed["sets"][0]["built"][0]["by"], "kustomize");
}

#[test]
fn what_gitops_gives_is_given() {
    let tree = Tree::new(&[
        (".git/HEAD", ""),
        (
            "apps.yaml",
            "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: a, namespace: argocd}\nspec:\n  \
             destination: {namespace: home}\n  source: {path: charts/c, helm: {releaseName: rel, valuesObject: {tier: obj}}}\n---\n\
             apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: f, namespace: flux-system}\n\
             spec: {path: ./plain, targetNamespace: target, postBuild: {substitute: {NAME: subst}}}\n",
        ),
        ("charts/c/Chart.yaml", &CHART.replace("NAME", "c")),
        ("charts/c/templates/p.yaml", POD_OF_VALUES),
        ("plain/web.yaml", &WEB.replace("name: web", "name: '${NAME}'")),
    ]);
    let text = tree.says(0, &["reach", "."]);
    assert!(text.contains("set a\n") && text.contains("home/rel-obj"), "{text}");
    assert!(text.contains("set f\n") && text.contains("target/subst"), "{text}");
}

#[test]
fn a_check_judges_each_set_and_says_once_what_they_share() {
    let tree = overlays();
    assert!(!tree.found(&["."]).iter().any(|found| found.starts_with("MF")), "{:?}", tree.found(&["."]));
    tree.write("base/db.yaml", &DB.replace("selector: {app: db}", "selector: {app: gone}"));
    let select = [".", "--closed", "--select", "SV001"];
    assert_eq!(tree.found(&select), ["SV001 base/db.yaml"]);
    let json = tree.json(1, &[&["check", "-o", "json"][..], &select[..]].concat());
    assert_eq!(json["findings"][0]["sets"], serde_json::json!(["overlays/dev", "overlays/prod"]));
    let text = tree.says(1, &[&["check"][..], &select[..]].concat());
    assert!(text.contains("found in the sets overlays/dev, overlays/prod"), "{text}");
    // What is found in one of them is of that one.
    tree.write("base/db.yaml", DB);
    tree.write(
        "overlays/dev/kustomization.yaml",
        "resources: [../../base]\npatches: [{patch: '[{\"op\": \"replace\", \"path\": \"/spec/selector/app\", \"value\": \"gone\"}]', target: {kind: Service}}]\n",
    );
    let json = tree.json(1, &[&["check", "-o", "json"][..], &select[..]].concat());
    let findings = json["findings"].as_array().unwrap();
    assert_eq!(findings.len(), 1, "{json:#}");
    assert_eq!(findings[0]["sets"], serde_json::json!(["overlays/dev"]));
    assert!(tree.found(&[&select[..], &["--set", "prod"]].concat()).is_empty());
}

#[test]
fn objects_given_twice_are_said_once_a_pair_of_files_and_only_inside_a_set() {
    let tree = Tree::new(&[("a.yaml", DB), ("b.yaml", DB), ("c.yaml", WEB)]);
    let json = tree.json(1, &["check", ".", "-o", "json", "--select", "MF008"]);
    let findings = json["findings"].as_array().unwrap();
    assert_eq!(findings.len(), 1, "{json:#}");
    let message = findings[0]["message"].as_str().unwrap();
    assert!(message.ends_with("and so are 2 more objects of ./a.yaml"), "{message}");
    // Nothing that is not compared is said to be the same.
    fs::create_dir(tree.0.path().join("next")).unwrap();
    for file in ["a.yaml", "b.yaml", "c.yaml"] {
        fs::copy(tree.0.path().join(file), tree.0.path().join("next").join(file)).unwrap();
    }
    let old = Tree::new(&[("a.yaml", DB), ("b.yaml", DB), ("c.yaml", WEB)]);
    let text = tree.says(0, &["diff", old.0.path().to_str().unwrap(), "next"]);
    assert!(text.contains("3 objects are given twice, of which only the last form is"), "{text}");
}

#[test]
fn parts_are_never_read_alone() {
    let tree = Tree::new(&[
        ("base/kustomization.yaml", "resources: [web.yaml]\n"),
        ("base/web.yaml", WEB),
        (
            "extras/kustomization.yaml",
            "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nresources: [cache.yaml]\npatches: [{path: patch.yaml}]\n",
        ),
        ("extras/cache.yaml", &WEB.replace("web", "cache")),
        (
            "extras/patch.yaml",
            "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {dnsPolicy: Default}\n",
        ),
        ("prod/kustomization.yaml", "namespace: prod\nresources: [../base]\ncomponents: [../extras]\n"),
        ("values/prod.yaml", "replicas: 3\n"),
        ("ops.yaml", "- {op: add, path: /a, value: b}\n"),
    ]);
    assert_eq!(tree.found(&[".", "--select", "MF", "--ignore", "MF010"]), Vec::<String>::new());
    // The overlay is the only set, so nothing is asked about it.
    let reach = tree.says(0, &["reach", ".", "-o", "csv"]);
    assert!(reach.contains("prod/cache") && !reach.contains("default/"), "{reach}");
}

#[test]
fn a_remote_base_stops_no_other_set() {
    let tree = Tree::new(&[
        ("remote/kustomization.yaml", "resources: ['https://example.invalid/x.yaml', db.yaml]\n"),
        ("remote/db.yaml", DB),
        ("k/kustomization.yaml", "resources: [web.yaml]\n"),
        ("k/web.yaml", WEB),
    ]);
    assert_eq!(tree.found(&[".", "--select", "MF"]), ["MF012 remote/kustomization.yaml"]);
    // Whatever rules are asked for, what could not be built is not judged.
    let asked = tree.run(&["check", ".", "--select", "NP021"]);
    let said = "not judged: 1 Kustomization";
    assert_eq!(stderr(&asked).matches(said).count(), 1, "{}", stderr(&asked));
    let json = tree.run(&["check", ".", "--select", "NP021", "-o", "json"]);
    let json: serde_json::Value = serde_json::from_str(&stdout(&json)).unwrap();
    assert_eq!(json["not_judged"][0]["kind"], "Kustomization");
    let whole = tree.run(&["check", "k", "--select", "NP021"]);
    assert!(!stderr(&whole).contains("not judged"), "{}", stderr(&whole));
    let output = tree.run(&["reach", "."]);
    assert!(
        stdout(&output).contains("set k\n") && stdout(&output).contains("default/web"),
        "{}",
        stdout(&output)
    );
    assert!(stderr(&output).contains("example.invalid"), "{}", stderr(&output));
}

#[test]
fn explain_answers_for_each_set_that_has_both_ends() {
    let tree = opened_in("dev");
    let question = ["explain", ".", "outside", "shop/db:5432"];
    let text = tree.says(1, &question);
    let lines: Vec<&str> = text.lines().filter(|line| line.starts_with("set ")).collect();
    assert_eq!(lines, ["set overlays/dev", "set overlays/prod"], "{text}");
    let json = tree.json(1, &[&question[..], &["-o", "json"]].concat());
    let verdicts: Vec<&str> =
        json["sets"].as_array().unwrap().iter().map(|set| set["verdict"].as_str().unwrap()).collect();
    assert_eq!(verdicts, ["allowed", "denied"], "{json:#}");
    tree.says(0, &[&question[..], &["--set", "dev"]].concat());
    tree.write("overlays/dev/kustomization.yaml", "resources: [../../base, web.yaml]\nnamespace: shop\n");
    tree.write("overlays/dev/web.yaml", WEB);
    let output = tree.run(&["explain", ".", "shop/web", "shop/db:5432"]);
    assert_eq!(output.status.code(), Some(0), "{}{}", stdout(&output), stderr(&output));
    assert!(!stdout(&output).contains("set overlays"), "{}", stdout(&output));
    assert!(stderr(&output).contains("this is the answer of set overlays/dev"), "{}", stderr(&output));
    tree.says(2, &["explain", ".", "shop/nobody", "shop/db:5432"]);
}

#[test]
fn what_runs_or_writes_takes_one_set() {
    let tree = overlays();
    for arguments in
        [&["up", ".", "--dry-run"][..], &["verify", "."], &["suggest", "."], &["reach", ".", "-o", "svg"]]
    {
        let output = tree.run(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        for part in ["--set", "\n  overlays/dev\n  overlays/prod"] {
            assert!(stderr(&output).contains(part), "{arguments:?}: {}", stderr(&output));
        }
    }
    let unknown = tree.run(&["up", ".", "--dry-run", "--set", "overlays/prd"]);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(stderr(&unknown).contains("did you mean overlays/prod?"), "{}", stderr(&unknown));
    tree.says(0, &["up", ".", "--dry-run", "--set", "prod"]);
    tree.says(0, &["verify", ".", "--set", "overlays/prod"]);
    let suggested = tree.run(&["suggest", ".", "--set", "./overlays/dev", "-o", "yaml"]);
    assert!(stdout(&suggested).contains("namespace: shop"), "{}{}", stdout(&suggested), stderr(&suggested));
}

/// A chart with values of two environments.
fn chart() -> Tree {
    Tree::new(&[
        ("web/Chart.yaml", &CHART.replace("NAME", "web")),
        ("web/values.yaml", "tier: default\n"),
        ("web/values-dev.yaml", "tier: dev\n"),
        ("web/values-prod.yaml", "tier: prod\n"),
        ("web/templates/p.yaml", POD_OF_VALUES),
        ("plain/web.yaml", WEB),
    ])
}

#[test]
fn values_and_namespaces_are_given_on_the_command_line() {
    let tree = chart();
    let pods = |arguments: &[&str]| {
        let csv = tree.says(0, &[&["reach", "-o", "csv"][..], arguments].concat());
        csv.lines().filter(|line| line.contains(',')).map(str::to_owned).collect::<Vec<_>>().join("\n")
    };
    let expected = [
        (&["web"][..], "default/web-default"),
        (&["web", "-n", "shop"], "shop/web-default"),
        (&["web", "-n", "shop", "--values", "web/values-prod.yaml"], "shop/web-prod"),
        (&["web", "--values", "web/values-prod.yaml", "--set-value", "tier=cli"], "default/web-cli"),
        (&["plain", "-n", "argocd"], "argocd/web"),
        (&["plain/web.yaml"], "default/web"),
    ];
    for (arguments, pod) in expected {
        let found = pods(arguments);
        assert!(found.contains(pod), "{arguments:?}: {found}");
    }
}

#[test]
fn netloom_toml_says_what_is_deployed() {
    let tree = chart();
    tree.write(
        "netloom.toml",
        "[[set]]\nname = 'dev'\npath = 'web'\nvalues = 'web/values-dev.yaml'\nnamespace = 'dev'\n\n\
         [[set]]\npath = ['web', 'plain']\nvalues = ['web/values-prod.yaml']\nrelease = 'shop'\nkube-version = '1.33'\n",
    );
    assert_eq!(tree.sets(&["."]), ["dev: netloom.toml, 1", "web (values-prod.yaml): netloom.toml, 2"]);
    let text = tree.says(0, &["reach", "."]);
    for part in
        ["set dev\n", "dev/web-dev", "set web (values-prod.yaml)\n", "default/shop-prod", "default/web"]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
    let broken = Tree::new(&[("web.yaml", WEB), ("netloom.toml", "[[set]]\npath = []\n")]);
    let output = broken.run(&["reach", "web.yaml"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(
        stderr(&output).contains("netloom.toml:2:8: a set has at least one `path`"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn repairs_are_made_once_in_files_that_sets_share() {
    let monitor = "apiVersion: networking.istio.io/v1beta1\nkind: DestinationRule\nmetadata: {name: a, namespace: b}\nspec: {host: c}\n";
    let tree = Tree::new(&[("common/rule.yaml", monitor), ("dev/db.yaml", DB), ("prod/db.yaml", DB)]);
    let output = tree.run(&["check", ".", "--select", "IS001", "--fix"]);
    assert!(stderr(&output).contains("1 repair made in 1 file"), "{}{}", stdout(&output), stderr(&output));
    let repaired = fs::read_to_string(tree.0.path().join("common/rule.yaml")).unwrap();
    assert!(repaired.contains("networking.istio.io/v1\n"), "{repaired}");
}

#[test]
fn paths_that_are_named_together_are_one_set_unless_they_are_variants() {
    let tree = Tree::new(&[
        ("k/kustomization.yaml", "resources: [db.yaml]\n"),
        ("k/db.yaml", DB),
        ("plain/web.yaml", WEB),
        ("old/db.yaml", DB),
        ("new/db.yaml", DB),
    ]);
    assert_eq!(tree.sets(&["k", "plain"]), ["k plain: kustomization, 4"]);
    tree.says(0, &["explain", "k", "plain", "web", "db:5432"]);
    assert_eq!(tree.sets(&["old", "new"]).len(), 2);
}
