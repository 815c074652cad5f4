//! The real kustomize and helm on folders of their kinds. Where they are missing these tests fail.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "what cannot be checked has to fail loudly")]
use std::{fs, path::PathBuf};

use netloom_objects::{GENERATED, Location, Packaging, Source};
use netloom_rendering::{Cache, Recipe, Rendering, Settings, render};
use tempfile::TempDir;

fn tree(files: &[(&str, &str)]) -> TempDir {
    let tree = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let file = tree.path().join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }
    tree
}

fn recipe(kind: Packaging, tree: &TempDir, folder: &str) -> Recipe {
    Recipe::new(kind, tree.path().join(folder))
}

fn made(recipe: &Recipe) -> (Vec<Source>, Vec<String>) {
    match render(recipe, &Settings::default(), &|_| {}) {
        Rendering::Made { sources, notes } => (sources, notes),
        Rendering::NoProgram => {
            panic!("kustomize, kubectl and helm are needed here: `make test` installs them")
        }
        other => panic!("{other:?}"),
    }
}

/// The lines of what was made that hold a text, each with where they were written, seen from the tree.
fn written(sources: &[Source], tree: &TempDir, text: &str) -> Vec<String> {
    let lines = sources
        .iter()
        .flat_map(|source| source.text.lines().zip(1..).map(move |(line, n)| (source, line, n)));
    let found = lines.filter(|(_, line, _)| line.contains(text)).map(|(source, line, n)| {
        let indent = u32::try_from(line.len() - line.trim_start().len()).unwrap();
        let at = Location { file: source.name.clone(), line: n, column: indent + 1 }.written();
        let name = at.file.strip_prefix(tree.path().to_str().unwrap()).unwrap_or(&at.file).to_owned();
        format!("{}:{}:{}", name.trim_start_matches('/'), at.line, at.column)
    });
    found.collect()
}

const WEB: &str = "# the shop's front
apiVersion: v1
kind: Service
metadata:
    name: web
spec:
    selector: {app: web}
    ports:
    - {name: http, port: 80}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - name: side
        image: side:1
      - name: web
        image: web:1
";

fn overlay() -> TempDir {
    tree(&[
        ("base/web.yaml", WEB),
        (
            "base/kustomization.yaml",
            "resources: [web.yaml]\nconfigMapGenerator:\n- name: other\n  literals: [x=y]\n- name: settings\n  literals: [a=b]\n",
        ),
        (
            "overlays/prod/kustomization.yaml",
            "namePrefix: prod-\nnamespace: shop\nresources: [../../base]\npatches: [{path: more.yaml}]\n",
        ),
        (
            "overlays/prod/more.yaml",
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  replicas: 3\n  template:\n    spec:\n      \
             containers:\n      - name: web\n        image: web:2\n",
        ),
    ])
}

#[test]
fn what_kustomize_builds_leads_to_bases_patches_and_generators() {
    let tree = overlay();
    let (sources, notes) = made(&recipe(Packaging::Kustomization, &tree, "overlays/prod"));
    assert!(notes.is_empty());
    let text: String = sources.iter().map(|source| &*source.text).collect();
    assert!(!text.contains("config.kubernetes.io/origin") && !text.contains("annotations"), "{text}");
    for (line, expected) in [
        ("name: prod-web", vec!["base/web.yaml:5:5", "base/web.yaml:13:12"]),
        ("- port: 80", vec![]),
        ("port: 80", vec!["base/web.yaml:9:20"]),
        ("app: web", vec!["base/web.yaml:7:16", "base/web.yaml:15:28", "base/web.yaml:17:25"]),
        ("replicas: 3", vec!["overlays/prod/more.yaml:5:3"]),
        ("image: web:2", vec!["overlays/prod/more.yaml:10:7"]),
        ("image: side:1", vec!["base/web.yaml:21:7"]),
        ("name: prod-settings-", vec!["base/kustomization.yaml:5:1"]),
    ] {
        assert_eq!(written(&sources, &tree, line), expected, "{line} in\n{text}");
    }
    // The user's files are as they were.
    let files: Vec<_> = fs::read_dir(tree.path().join("overlays/prod")).unwrap().flatten().collect();
    assert_eq!(files.len(), 2);
}

/// A patch names what it is for, and the containers in it; both stand in the base.
#[test]
fn what_a_patch_only_repeats_was_written_in_the_base() {
    let tree = tree(&[
        ("base/web.yaml", WEB),
        ("base/kustomization.yaml", "resources: [web.yaml]\n"),
        (
            "part/kustomization.yaml",
            "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\npatches: [{path: more.yaml}]\n",
        ),
        (
            "part/more.yaml",
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  template:\n    spec:\n      \
             containers:\n      - name: web\n        image: web:2\n        tty: true\n      - name: side\n        image: side:1\n",
        ),
        (
            "prod/kustomization.yaml",
            "namespace: shop\nresources: [../base]\ncomponents: [../part]\n# netloom: ignore[SV001] x\n",
        ),
    ]);
    let (sources, _) = made(&recipe(Packaging::Kustomization, &tree, "prod"));
    let text: String = sources.iter().map(|source| &*source.text).collect();
    for (line, expected) in [
        ("kind: Deployment", vec!["base/web.yaml:12:1"]),
        ("name: web", vec!["base/web.yaml:5:5", "base/web.yaml:13:12", "base/web.yaml:22:9"]),
        ("image: web:2", vec!["part/more.yaml:9:7"]),
        ("tty: true", vec!["part/more.yaml:10:9"]),
        ("image: side:1", vec!["base/web.yaml:21:7"]),
    ] {
        assert_eq!(written(&sources, &tree, line), expected, "{line} in\n{text}");
    }
    let commented = &sources[0].name.origins().unwrap().commented;
    assert_eq!(commented.len(), 1);
    assert!(commented[0].name.ends_with("prod/kustomization.yaml"));
}

#[test]
fn what_would_have_to_be_fetched_is_named_and_nothing_is_asked() {
    let tree = tree(&[
        ("k/kustomization.yaml", "resources:\n- https://example.invalid/x.yaml\n- ../base\n"),
        ("base/kustomization.yaml", "resources:\n- github.com/org/repo//deploy?ref=v1\n"),
        (
            "c/Chart.yaml",
            "apiVersion: v2\nname: c\nversion: 1.0.0\ndependencies:\n- {name: common, version: 2.x.x, repository: 'oci://example.invalid/charts'}\n",
        ),
        ("c/templates/x.yaml", "a: b\n"),
    ]);
    let said = |kind, folder| match render(&recipe(kind, &tree, folder), &Settings::default(), &|_| {}) {
        Rendering::Missing(said) => said.replace(tree.path().to_str().unwrap(), ""),
        other => panic!("{other:?}"),
    };
    let bases = said(Packaging::Kustomization, "k");
    for part in [
        "`https://example.invalid/x.yaml` (/k/kustomization.yaml:2)",
        "`github.com/org/repo//deploy?ref=v1` (/base/kustomization.yaml:2)",
        "--remote",
    ] {
        assert!(bases.contains(part), "{bases}");
    }
    let chart = said(Packaging::Chart, "c");
    assert!(
        chart.starts_with(
            "this chart needs `common` of oci://example.invalid/charts, which is not in its folder"
        ),
        "{chart}"
    );
}

const CHART: &str = "apiVersion: v2\nname: shop\nversion: 1.0.0\n";

#[test]
fn a_chart_asks_for_what_the_cluster_serves() {
    let template = r#"{{- $has := .Capabilities.APIVersions.Has }}
apiVersion: v1
kind: ConfigMap
metadata: {name: {{ .Release.Name }}, namespace: {{ .Release.Namespace }}}
data:
  pdb: {{ $.Capabilities.APIVersions.Has "policy/v1/PodDisruptionBudget" | quote }}
  old: {{ $.Capabilities.APIVersions.Has "policy/v1beta1/PodDisruptionBudget" | quote }}
  own: {{ $.Capabilities.APIVersions.Has "shop.example/v1/Cart" | quote }}
  given: {{ $.Capabilities.APIVersions.Has "monitoring.coreos.com/v1/ServiceMonitor" | quote }}
  version: {{ .Capabilities.KubeVersion.Minor | quote }}
  value: {{ printf "%s-%s-%s-%s" .Values.a .Values.b .Values.c .Values.d }}
"#
    .replace("{{- $has := .Capabilities.APIVersions.Has }}\n", "");
    let crd = "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: carts.shop.example}\nspec:\n  group: \
               shop.example\n  names: {kind: Cart, plural: carts}\n  scope: Namespaced\n  versions: [{name: v1, served: true, storage: true, schema: {openAPIV3Schema: {type: object}}}]\n";
    let tree = tree(&[
        ("shop/Chart.yaml", CHART),
        ("shop/values.yaml", "a: default\nb: default\nc: default\nd: default\n"),
        ("one, two.yaml", "b: file\nc: file\nd: file\n"),
        ("shop/crds/cart.yaml", crd),
        ("shop/templates/map.yaml", &template),
    ]);
    let recipe = Recipe {
        values: vec![tree.path().join("one, two.yaml")],
        inline_values: Some("c: inline\nd: inline\n".to_owned()),
        set_values: vec!["d=set".to_owned()],
        release: Some("my".to_owned()),
        namespace: Some("apps".to_owned()),
        kube_version: (1, 30),
        api_versions: vec!["monitoring.coreos.com/v1/ServiceMonitor".to_owned()],
        ..recipe(Packaging::Chart, &tree, "shop")
    };
    let (sources, _) = made(&recipe);
    let text: String = sources.iter().map(|source| &*source.text).collect();
    for line in [
        "metadata: {name: my, namespace: apps}",
        "pdb: \"true\"",
        "old: \"false\"",
        "own: \"true\"",
        "given: \"true\"",
        "version: \"30\"",
        "value: default-file-inline-set",
        "kind: CustomResourceDefinition",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
    assert_eq!(written(&sources, &tree, "pdb: "), ["shop/templates/map.yaml:5:3"]);
    assert_eq!(written(&sources, &tree, "group: shop.example"), ["shop/crds/cart.yaml:5:3"]);
}

#[test]
fn keys_that_a_chart_makes_up_are_always_the_same() {
    let template = r#"{{- $ca := genCA "shop" 365 }}
apiVersion: v1
kind: Secret
metadata: {name: tls}
type: kubernetes.io/tls
data:
  tls.crt: {{ $ca.Cert | b64enc }}
  tls.key: {{ $ca.Key | b64enc }}
  kept: {{ "as it is" | b64enc }}
stringData:
  password: {{ randAlphaNum 16 | quote }}
  pem: |
{{ genPrivateKey "rsa" | indent 4 }}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  template:
    metadata:
      annotations: {checksum/secret: {{ randAlphaNum 5 | sha256sum }}}
"#;
    let tree = tree(&[("shop/Chart.yaml", CHART), ("shop/templates/tls.yaml", template)]);
    let recipe = recipe(Packaging::Chart, &tree, "shop");
    let (first, notes) = made(&recipe);
    let (second, _) = made(&recipe);
    assert_eq!(first, second);
    assert!(notes.len() == 1 && notes[0].contains("made up each time"), "{notes:?}");
    let text = &*first[0].text;
    for line in [
        "kept: YXMgaXQgaXM=",
        &format!("password: \"{GENERATED}\""),
        &format!("checksum/secret: {GENERATED}"),
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
    assert!(text.contains("-----BEGIN RSA PRIVATE KEY-----\n    generatedkey\n    -----END"), "{text}");
    assert_eq!(written(&first, &tree, "tls.key: "), ["shop/templates/tls.yaml:8:3"]);
}

#[test]
fn a_chart_gets_its_neighbours_and_its_folder_stays_as_it_is() {
    let tree = tree(&[
        (
            "shop/Chart.yaml",
            &format!(
                "{CHART}dependencies:\n- {{name: db, version: 1.x.x, repository: 'file://../database'}}\n"
            ),
        ),
        ("shop/templates/x.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: own}\n"),
        ("database/Chart.yaml", "apiVersion: v2\nname: db\nversion: 1.2.0\n"),
        (
            "database/templates/map.yaml",
            "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}-db\n",
        ),
    ]);
    let (sources, _) = made(&recipe(Packaging::Chart, &tree, "shop"));
    let names: Vec<PathBuf> = sources.iter().map(|source| PathBuf::from(&*source.name)).collect();
    assert!(
        names.iter().any(|name| name.ends_with("<helm template>/charts/db/templates/map.yaml")),
        "{names:?}"
    );
    assert_eq!(written(&sources, &tree, "name: shop-db"), ["database/templates/map.yaml:4:3"]);
    assert!(!tree.path().join("shop/charts").exists());
}

#[test]
fn an_edit_of_any_input_is_seen_and_all_else_comes_from_the_cache() {
    let tree = overlay();
    let kept = tree.path().join("kept");
    let settings = Settings { cache: Some(Cache::at(kept.clone(), 1 << 30)), ..Settings::default() };
    let text =
        |folder: &str| match render(&recipe(Packaging::Kustomization, &tree, folder), &settings, &|_| {}) {
            Rendering::Made { sources, .. } => sources[0].text.to_string(),
            other => panic!("{other:?}"),
        };
    let count = || fs::read_dir(&kept).unwrap().count();
    let first = text("overlays/prod");
    assert_eq!((text("overlays/prod") == first, count()), (true, 1));
    fs::write(tree.path().join("base/web.yaml"), WEB.replace("port: 80", "port: 81")).unwrap();
    assert!(text("overlays/prod").contains("port: 81"));
    assert_eq!(count(), 2);
    fs::write(tree.path().join("base/web.yaml"), WEB).unwrap();
    assert_eq!((text("overlays/prod") == first, count()), (true, 2));
}
