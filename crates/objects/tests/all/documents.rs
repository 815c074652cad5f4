//! Documents: how they are told apart, and how broken ones stay alone.
use crate::{findings, parse};

const GOOD: &str = "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: good\n";

fn names(text: &str) -> Vec<String> {
    parse(text).objects.iter().map(|o| format!("{} {} {}", o.kind, o.name, o.reference.at.line)).collect()
}

#[test]
fn documents_are_told_apart() {
    let table: [(String, &[&str]); 8] = [
        (String::new(), &[]),
        ("# nothing\n".into(), &[]),
        ("---\n---\n\n...\n---\n# x\n".into(), &[]),
        (GOOD.into(), &["Namespace good 1"]),
        (format!("{GOOD}---\n{GOOD}---\n"), &["Namespace good 1", "Namespace good 6"]),
        (format!("\u{feff}{GOOD}"), &["Namespace good 1"]),
        (
            GOOD.replace('\n', "\r\n") + "---\r\n" + &GOOD.replace('\n', "\r\n"),
            &["Namespace good 1", "Namespace good 6"],
        ),
        (format!("{GOOD}...\n---\n{GOOD}"), &["Namespace good 1", "Namespace good 7"]),
    ];
    for (text, expected) in table {
        assert_eq!(findings(&text), [""; 0], "{text}");
        assert_eq!(names(&text), expected, "{text}");
    }
    // YAML knows directives; kubectl does not.
    let directive = format!("%YAML 1.1\n---\n{GOOD}");
    assert_eq!(findings(&directive), ["1:1 error kubectl refuses the directive `%YAML 1.1`"]);
    assert_eq!(names(&directive), ["Namespace good 3"]);
}

#[test]
fn a_broken_document_hides_no_other() {
    for broken in
        ["a: b: c\n", "\t- x\n", "a: [\n", "'\n", "key: *nothing\n", "kind: {{{\n", "- a\nb: c\n", "a: \"x\n"]
    {
        let text = format!("{GOOD}---\n{broken}---\n{GOOD}");
        assert_eq!(names(&text).len(), 2, "{broken}");
        assert!(findings(&text).iter().any(|f| f.contains(" error ")), "{broken}");
        let lines: Vec<u32> = parse(&text).diagnostics.iter().map(|d| d.at.line).collect();
        assert!(lines.iter().all(|line| (5..=8).contains(line)), "{broken}: {lines:?}");
    }
}

#[test]
fn lists_are_flattened_and_keep_their_places() {
    let text = "apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Namespace\n  metadata: {name: a}\n- apiVersion: v1\n  kind: List\n  items:\n  - apiVersion: v1\n    kind: Pod\n    metadata: {name: b}\n    spec: {containers: [{name: c, image: x}]}\n---\napiVersion: v1\nkind: ConfigMapList\nmetadata: {resourceVersion: '1'}\nitems:\n- metadata: {name: c}\n- {apiVersion: v1, kind: ConfigMap, metadata: {name: d}}\n";
    assert_eq!(findings(text), [""; 0]);
    assert_eq!(names(text), ["Namespace a 4", "Pod b 10", "ConfigMap c 19", "ConfigMap d 20"]);
    assert_eq!(
        findings("apiVersion: v1\nkind: List\nitems: x\n"),
        ["1:1 error a List has a list of objects as `items`"]
    );
    assert_eq!(findings("apiVersion: v1\nkind: List\nitems: []\n"), [""; 0]);
    assert_eq!(
        findings("apiVersion: v1\nkind: List\nitems: [1]\n"),
        ["3:9 error an item of a list must be an object"]
    );
}

#[test]
fn what_is_no_manifest_is_said() {
    let table = [
        ("just text\n", "1:1 info skipped: nothing in this file has an `apiVersion` or a `kind`"),
        ("- a\n- b\n", "1:1 info skipped: nothing in this file has an `apiVersion` or a `kind`"),
        (
            "- {op: add, path: /a, value: b}\n",
            "1:1 info skipped: nothing in this file has an `apiVersion` or a `kind`",
        ),
        ("- apiVersion: v1\n  kind: Pod\n", "1:1 error this document is a list, not a Kubernetes object"),
        ("spec: {}\n", "1:1 error this is no Kubernetes object: it has neither `apiVersion` nor `kind`"),
        (
            "kind: Namespace\napiVersion: v1\nmetadata: {name: a}\n---\nreplicas: 3\n",
            "5:1 error this is no Kubernetes object: it has neither `apiVersion` nor `kind`",
        ),
        ("Kind: Pod\n", "1:1 error this is no Kubernetes object: it has neither `apiVersion` nor `kind`"),
        (
            "services: {web: {image: nginx}}\n",
            "1:1 info skipped: nothing in this file has an `apiVersion` or a `kind`",
        ),
        ("kind: Pod\nmetadata: {name: a}\n", "1:1 error `apiVersion` is missing from this Pod"),
        ("apiVersion: v1\nmetadata: {name: a}\n", "1:1 error `kind` is missing from this object of v1"),
        ("apiVersion: 1\nkind: Pod\n", "1:13 error `apiVersion` must be text"),
        ("apiVersion: v1\nkind: Pod\nmetadata: {}\n", "3:1 error `metadata.name` is missing from this Pod"),
        ("apiVersion: v1\nkind: Pod\n", "1:1 error `metadata.name` is missing from this Pod"),
        ("apiVersion: example.org/v1\nkind: Thing\n", "1:1 info `metadata.name` is missing from this Thing"),
        (
            "apiVersion: v1\nkind: Deployment\nmetadata: {name: a}\n",
            "2:7 error there is no kind Deployment in v1",
        ),
        (
            "apiVersion: extensions/v1beta1\nkind: NetworkPolicy\nmetadata: {name: a}\nspec: {podSelector: {}}\n",
            "1:13 warning Kubernetes serves no NetworkPolicy in extensions/v1beta1 any more: it is read as networking.k8s.io/v1",
        ),
    ];
    for (text, expected) in table {
        assert_eq!(findings(text), [expected], "{text}");
    }
}

#[test]
fn other_kinds_are_kept() {
    let text = "apiVersion: example.org/v1\nkind: Thing\nmetadata: {name: a, namespace: b, labels: {c: d}}\nanything: [1, {x: y}]\n---\napiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: a}\n";
    let parsed = parse(text);
    assert_eq!(findings(text), [""; 0]);
    let references: Vec<String> = parsed.objects.iter().map(|o| o.reference.to_string()).collect();
    assert_eq!(references, ["Thing b/a (a.yaml:1)", "ClusterRole a (a.yaml:6)"]);
    assert_eq!(parsed.objects[0].labels().get("c").map(String::as_str), Some("d"));
    // Their structure is still looked at.
    let doubled = "apiVersion: example.org/v1\nkind: Thing\nmetadata: {name: a}\nspec: {x: 1, x: 2}\n";
    assert_eq!(findings(doubled), ["4:14 error the key `x` stands twice in this mapping"]);
}

#[test]
fn names_that_the_server_makes_are_taken() {
    let text = "apiVersion: batch/v1\nkind: Job\nmetadata: {generateName: import-}\nspec: {template: {spec: {restartPolicy: Never, containers: [{name: a, image: x}]}}}\n";
    assert_eq!(findings(text), [""; 0]);
    assert_eq!(names(text), ["Job import 1"]);
}

#[test]
fn lost_indentation_is_one_finding() {
    let flat = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata:\nname: shop\nspec:\npodSelector:\nmatchLabels:\napp: shop\ningress:\n- from:\n- podSelector:\nmatchLabels:\napp: web\nports:\n- port: 80\n";
    let message = "this document lost its indentation: `name:` belongs under `metadata:` but stands at column 1, beside it";
    let parseable = "apiVersion: v1\nkind: Service\nmetadata:\nname: shop\nspec:\ntype: ClusterIP\nselector:\napp: shop\n";
    let block =
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\nname: shop\ndata:\nconf: |\nerrors\nhealth {\n}\n";
    for text in [flat, parseable, block] {
        let with_others = format!("{GOOD}---\n{text}---\n{GOOD}");
        assert_eq!(findings(&with_others), [format!("6:1 error {message}")], "{text}");
        assert_eq!(names(&with_others).len(), 2);
    }
}

#[test]
fn templates_are_one_finding() {
    let text = format!(
        "{GOOD}---\napiVersion: v1\nkind: Service\nmetadata:\n  name: {{{{ .Values.name }}}}\nspec:\n  ports: {{{{- toYaml .Values.ports | nindent 4 }}}}\n---\n{GOOD}"
    );
    assert_eq!(findings(&text), ["9:9 error this looks like a Helm template: `{{ .Values.name }}`"]);
    assert_eq!(names(&text).len(), 2);
    // Braces in a value that another program reads are none of ours.
    let alert = "apiVersion: example.org/v1\nkind: Rule\nmetadata: {name: a}\nsummary: \"{{ $labels.pod }} is down\"\n";
    assert_eq!(findings(alert), [""; 0]);
    // Nor are they where something else is wrong.
    let alert = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  a: 1\n  b: \"{{ with $labels.pod }}{{ . }}{{ end }}\"\n";
    assert_eq!(findings(alert), ["5:6 error `data.a` must be text, not the number 1"]);
    let jinja = "{% for a in b %}\napiVersion: v1\nkind: Service\n{% endfor %}\n";
    assert_eq!(findings(jinja), ["1:1 error this looks like a Jinja template: `{% for a in b %}`"]);
    let ytt = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: #@ data.values.name\n";
    assert_eq!(findings(ytt), ["4:9 warning this looks like a ytt template: `#@ data.values.name`"]);
}
