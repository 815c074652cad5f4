//! What GitOps objects claim, with what they give.
use std::{fs, path::Path};

use netloom_objects::{Source, parse_source};

use super::*;

fn tree(files: &[(&str, &str)]) -> tempfile::TempDir {
    let tree = tempfile::tempdir().unwrap();
    for (path, text) in [(".git/HEAD", "")].iter().chain(files) {
        let file = tree.path().join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }
    tree
}

fn claims(tree: &Path, text: &str) -> Claims {
    let objects = parse_source(&Source::new("apps.yaml", text)).objects;
    Claims::of(&objects, &objects, &Repository::around(&[tree.to_owned()]))
}

const CHART: (&str, &str) = ("charts/c/Chart.yaml", "name: c\n");

#[test]
fn applications_give_values_releases_and_namespaces() {
    let tree = tree(&[CHART, ("charts/c/dev.yaml", ""), ("values/all.yaml", "")]);
    let text = "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: web, namespace: argocd}\nspec:\n  \
                destination: {namespace: shop}\n  sources:\n  - {repoURL: x, ref: repo}\n  - path: charts/c\n    helm:\n      \
                valueFiles: [dev.yaml, $repo/values/all.yaml, 'https://x.example/y.yaml']\n      \
                parameters: [{name: a.b, value: '1'}]\n      valuesObject: {x: 1}\n      kubeVersion: v1.33.0\n  \
                - {repoURL: z, chart: redis}\n";
    let found = claims(tree.path(), text);
    let given = &found.claims[0].sources[0].given;
    let files: Vec<String> =
        given.values.iter().map(|f| f.file_name().unwrap().to_string_lossy().into()).collect();
    assert_eq!(files, ["dev.yaml", "all.yaml"]);
    assert_eq!(given.set_values, ["a.b=1"]);
    assert_eq!(given.inline_values.as_deref(), Some("{\"x\":1}"));
    assert_eq!((given.release.as_deref(), given.namespace.as_deref()), (Some("web"), Some("shop")));
    assert_eq!(given.kube_version.as_deref(), Some("v1.33.0"));
    let notes: Vec<&str> = found.notes.iter().map(|note| note.split_once("): ").unwrap().1).collect();
    assert_eq!(
        notes,
        [
            "its values file https://x.example/y.yaml is not in this repository",
            "its chart redis of z is not in this repository"
        ]
    );
}

#[test]
fn what_is_elsewhere_is_said() {
    let tree = tree(&[CHART]);
    for (text, note) in [
        (
            "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: a}\nspec: {source: {path: gone}}\n",
            "its path gone is not in this repository",
        ),
        (
            "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: a}\n\
             spec: {chart: {spec: {chart: c, sourceRef: {kind: HelmRepository, name: r}}}}\n",
            "its chart c of r is not in this repository",
        ),
        (
            "apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nmetadata: {name: a}\n\
             spec: {generators: [{clusters: {}}], template: {metadata: {name: x}, spec: {}}}\n",
            "what its generator clusters lists is known to the cluster only",
        ),
    ] {
        let found = claims(tree.path(), text);
        assert!(found.claims.is_empty() && found.notes.len() == 1, "{found:?}");
        assert!(found.notes[0].ends_with(note), "{found:?}");
    }
}

#[test]
fn application_sets_list_folders_elements_and_their_products() {
    let tree = tree(&[("apps/a/x.yaml", ""), ("apps/b/x.yaml", ""), ("apps/old/x.yaml", "")]);
    let set = |generators: &str| {
        format!(
            "apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nmetadata: {{name: s}}\nspec:\n  generators: {generators}\n  \
             template:\n    metadata: {{name: '{{{{path.basename}}}}-{{{{env}}}}'}}\n    spec: {{source: {{path: '{{{{path}}}}'}}}}\n"
        )
    };
    let folders = "{git: {directories: [{path: apps/*}, {path: apps/old, exclude: true}]}}";
    let elements = "{list: {elements: [{env: dev}, {env: prod}]}}";
    for (generators, names) in [
        (format!("[{folders}]"), &["a-{{env}}", "b-{{env}}"][..]),
        (
            format!("[{{matrix: {{generators: [{folders}, {elements}]}}}}]"),
            &["a-dev", "a-prod", "b-dev", "b-prod"],
        ),
        ("[{list: {elements: [{env: x, path: apps/old, path.basename: old}]}}]".to_owned(), &["old-x"]),
    ] {
        let found = claims(tree.path(), &set(&generators));
        let found: Vec<&str> = found.claims.iter().map(|claim| &*claim.name).collect();
        assert_eq!(found, names, "{generators}");
    }
}

#[test]
fn flux_substitutes_what_the_repository_holds() {
    let tree = tree(&[("apps/x.yaml", "")]);
    let text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: vars, namespace: flux-system}\ndata: {A: map, B: map}\n---\n\
                apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: apps, namespace: flux-system}\n\
                spec:\n  path: ./apps\n  postBuild:\n    substitute: {B: own}\n    \
                substituteFrom: [{kind: ConfigMap, name: vars}, {kind: Secret, name: s}]\n";
    let found = claims(tree.path(), text);
    let values = found.claims[0].sources[0].given.substitutions.clone().unwrap();
    let values: Vec<(&str, &str)> = values.iter().map(|(k, v)| (&**k, &**v)).collect();
    assert_eq!(values, [("A", "map"), ("B", "own")]);
    assert!(found.notes[0].ends_with("what Secret s substitutes is not known here"), "{:?}", found.notes);
}

#[test]
fn only_objects_that_say_what_is_deployed_are_wiring() {
    for (text, expected) in [
        ("apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: a}\n", true),
        ("apiVersion: source.toolkit.fluxcd.io/v1\nkind: GitRepository\nmetadata: {name: a}\n", true),
        ("apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nmetadata: {name: a}\n", false),
        ("apiVersion: v1\nkind: Service\nmetadata: {name: a}\n", false),
    ] {
        let objects = parse_source(&Source::new("a.yaml", text)).objects;
        assert_eq!(is_wiring(&objects[0]), expected, "{text}");
    }
}
