//! YAML and JSON as Kubernetes decodes them.
use crate::{config_map, findings, object, parse};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use netloom_objects::{Object, Typed};

fn data(object: &Object, key: &str) -> Option<String> {
    match &object.typed {
        Typed::ConfigMap(map) => map.data.as_ref()?.get(key).cloned(),
        _ => None,
    }
}

#[test]
fn what_is_no_text_where_text_is_needed_is_an_error_that_says_to_quote_it() {
    let table = [
        ("y", "the boolean true (that is how Kubernetes reads unquoted `y`)"),
        ("Off", "the boolean false (that is how Kubernetes reads unquoted `Off`)"),
        ("true", "the boolean true"),
        ("80", "the number 80"),
        ("0777", "the number 511 (that is how Kubernetes reads unquoted `0777`)"),
        ("0o17", "the number 15 (that is how Kubernetes reads unquoted `0o17`)"),
        ("0x1F", "the number 31 (that is how Kubernetes reads unquoted `0x1F`)"),
        ("1_000", "the number 1000 (that is how Kubernetes reads unquoted `1_000`)"),
        ("1.5", "the number 1.5"),
        (".inf", "the number inf"),
        ("[a]", "a list"),
        ("{a: b}", "a mapping"),
    ];
    for (value, what) in table {
        let parsed = parse(&config_map(&format!("  key: {value}\n")));
        let [only] = parsed.diagnostics.as_slice() else { panic!("{value}: {:?}", parsed.diagnostics) };
        assert_eq!(only.message, format!("`data.key` must be text, not {what}"));
        assert_eq!((only.at.line, only.at.column), (5, 8));
        let quoted = (!value.starts_with(['[', '{'])).then(|| format!("quote it: \"{value}\""));
        assert_eq!(only.help, quoted);
    }
}

#[test]
fn what_is_text_stays_text() {
    for value in [
        "1:30",
        "2024-01-01",
        "2024-01-01T00:00:00Z",
        "yEs",
        "nULL",
        "10.0.0.0/8",
        "v1",
        "1.2.3",
        "\"y\"",
        "'80'",
        "!!str 80",
    ] {
        let object = object(&config_map(&format!("  key: {value}\n")));
        let expected = value.trim_start_matches("!!str ").trim_matches(['"', '\'']);
        assert_eq!(data(&object, "key").as_deref(), Some(expected));
    }
}

#[test]
fn null_is_an_unset_field_and_an_empty_text() {
    for value in ["", "~", "null", "Null", "NULL"] {
        let object = object(&config_map(&format!("  key: {value}\nbinaryData: {value}\n")));
        assert_eq!(data(&object, "key").as_deref(), Some(""));
    }
    // An empty list item is an empty rule, which lets everything in.
    let policy = object(
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: a}\nspec:\n  podSelector: {}\n  ingress:\n  -\n",
    );
    let Typed::NetworkPolicy(policy) = &policy.typed else { panic!() };
    let rules = policy.spec.clone().and_then(|s| s.ingress).unwrap_or_default();
    assert_eq!(rules.len(), 1);
    assert_eq!(rules[0].from, None);
}

#[test]
fn numbers_are_read_in_every_form() {
    for (written, expected) in
        [("0x50", 80), ("80.0", 80), ("0b1010000", 80), ("8e1", 80), ("0o120", 80), ("+80", 80)]
    {
        let service = object(&format!(
            "apiVersion: v1\nkind: Service\nmetadata: {{name: a}}\nspec: {{ports: [{{port: {written}, targetPort: {written}}}]}}\n"
        ));
        let Typed::Service(service) = &service.typed else { panic!() };
        let port = &service.spec.as_ref().unwrap().ports.as_ref().unwrap()[0];
        assert_eq!(port.port, expected, "{written}");
        assert_eq!(port.target_port, Some(IntOrString::Int(expected)), "{written}");
    }
    let quantity = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: a, image: x, resources: {limits: {cpu: 1, memory: 1.5Gi}}}]}";
    object(quantity);
}

#[test]
fn names_and_numbers_are_told_apart_where_both_are_legal() {
    for (written, expected) in [("http", IntOrString::String("http".into())), ("80", IntOrString::Int(80))] {
        let policy = object(&format!(
            "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: a}}\nspec: {{podSelector: {{}}, ingress: [{{ports: [{{port: {written}}}]}}]}}"
        ));
        let Typed::NetworkPolicy(policy) = &policy.typed else { panic!() };
        let rules = policy.spec.clone().unwrap().ingress.unwrap();
        assert_eq!(rules[0].ports.clone().unwrap()[0].port, Some(expected));
    }
}

#[test]
fn merges_take_in_what_they_name() {
    let text = config_map("  <<: {a: one, b: two}\n  b: three\n");
    let merged = object(&text);
    assert_eq!(data(&merged, "a").as_deref(), Some("one"));
    assert_eq!(data(&merged, "b").as_deref(), Some("three"));

    let text = "base: &base {app: web, tier: front}\nother: &other {app: api, x: one}\napiVersion: example.org/v1\nkind: Thing\nmetadata:\n  name: a\n  labels:\n    <<: [*base, *other]\n    z: w\n";
    let merged = object(text);
    let labels: Vec<_> = merged.labels().iter().map(|(k, v)| format!("{k}={v}")).collect();
    assert_eq!(labels, ["app=web", "tier=front", "x=one", "z=w"]);
    // A merged label stands where it is written.
    assert_eq!(merged.locate("metadata.labels.tier").line, 1);
    assert_eq!(merged.locate("metadata.labels.z").line, 9);

    assert_eq!(findings(&config_map("  <<: 1\n")), ["5:3 error `<<` takes a mapping or a list of mappings"]);
    let late = config_map("  b: three\n  <<: {b: two}\n");
    assert_eq!(findings(&late), ["6:3 warning `<<` replaces the `b` that stands before it"]);
    assert_eq!(data(&parse(&late).objects[0], "b").as_deref(), Some("two"));
    // Quoted it is a key as any other.
    let quoted = config_map("  \"<<\": a\n");
    assert_eq!(
        findings(&quoted),
        ["5:9 error the key \"<<\" may have only letters, digits, `-`, `_` and `.`"]
    );
    assert_eq!(data(&parse(&quoted).objects[0], "<<").as_deref(), Some("a"));
}

#[test]
fn aliases_stand_for_what_they_name() {
    let text = config_map("  a: &text hello\n  b: *text\n");
    assert_eq!(data(&object(&text), "b").as_deref(), Some("hello"));
}

#[test]
fn keys_are_read_as_kubernetes_reads_them() {
    let text = config_map("  on: a\n  0x10: b\n  80: c\n  \"off\": d\n");
    let expected = [
        "5:3 warning Kubernetes reads the unquoted key `on` as `true`",
        "6:3 warning Kubernetes reads the unquoted key `0x10` as `16`",
    ];
    assert_eq!(findings(&text), expected);
    let object = &parse(&text).objects[0];
    assert_eq!(["true", "16", "80", "off"].map(|k| data(object, k).unwrap()), ["a", "b", "c", "d"]);
    assert_eq!(findings(&config_map("  ~: a\n")), ["5:3 error this key is empty"]);
    assert_eq!(
        findings(&config_map("  [a]: b\n")),
        ["5:3 error a key must be text, not a list or a mapping"]
    );
    assert_eq!(
        findings(&config_map("  yes: a\n  on: b\n"))[2],
        "6:3 error the key `true` stands twice in this mapping"
    );
}

#[test]
fn json_is_read_as_json() {
    let text = "{\n\t\"apiVersion\": \"v1\",\n\t\"kind\": \"ConfigMap\",\n\t\"metadata\": {\"name\": \"a\"},\n\t\"data\": {\"a\": \"x\\/y \\u00e9 \\ud83d\\ude00\", \"b\":\"y\", \"c\": \"a: b # c\"}\n}\n";
    let map = object(text);
    assert_eq!(data(&map, "a").as_deref(), Some("x/y é 😀"));
    assert_eq!(data(&map, "b").as_deref(), Some("y"));
    assert_eq!(data(&map, "c").as_deref(), Some("a: b # c"));
    assert_eq!(map.locate("data.b").to_string(), "a.yaml:5");
    assert_eq!((map.locate("data.b").line, map.locate("data.b").column), (5, 44));
    // Several in a row, as some tools print them.
    assert_eq!(parse(&format!("{text}{text}")).objects.len(), 2);
    // What is no JSON may still be YAML.
    object("{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}");
    object(
        "---\n{\"apiVersion\": \"v1\", \"kind\": \"ConfigMap\", \"metadata\": {\"name\": \"a\"}} # YAML knows comments\n",
    );
}

#[test]
fn broken_json_says_where() {
    let table = [
        (
            "{\"kind\": 1,}",
            "1:12 error this document cannot be parsed: a JSON key in double quotes is missing here",
        ),
        ("{\"kind\" 1}", "1:9 error this document cannot be parsed: a colon is missing after this key"),
        (
            "{\"kind\": 01}",
            "1:10 error this document cannot be parsed: this is no JSON value; text stands in double quotes",
        ),
        (
            "{\"kind\": [1 2]}",
            "1:13 error this document cannot be parsed: a comma or a closing bracket is missing here",
        ),
        (
            "{\"kind\": [1",
            "1:12 error this document cannot be parsed: the JSON ends here, before its last bracket is closed",
        ),
        (
            "{\"é\": \"x\n\", \"kind\": 1}",
            "1:7 error this document cannot be parsed: this JSON text has no closing quote on its line",
        ),
        (
            "{\"kind\": \"\\x\"}",
            "1:10 error this document cannot be parsed: this JSON text has an escape that JSON does not know",
        ),
        // The file of another program.
        ("{\"a\": 1,}", "1:9 info skipped: nothing in this file has an `apiVersion` or a `kind`"),
    ];
    for (text, expected) in table {
        let parsed = netloom_objects::parse_source(&netloom_objects::Source::new("a.json", text));
        let found: Vec<_> = parsed
            .diagnostics
            .iter()
            .map(|d| format!("{}:{} {} {}", d.at.line, d.at.column, d.severity.name(), d.message))
            .collect();
        assert_eq!(found, [expected], "{text}");
    }
}

#[test]
fn a_field_that_a_young_definition_may_have_is_no_error_unless_it_looks_like_a_slip() {
    let table = [
        ("monitoring.coreos.com/v1", "ServiceMonitor", "fromTheFuture", "warning"),
        ("monitoring.coreos.com/v1", "ServiceMonitor", "endpoint", "error"),
        ("cert-manager.io/v1", "Certificate", "fromTheFuture", "warning"),
        ("networking.k8s.io/v1", "NetworkPolicy", "fromTheFuture", "error"),
        ("policy.networking.k8s.io/v1alpha2", "ClusterNetworkPolicy", "fromTheFuture", "error"),
    ];
    for (api_version, kind, field, severity) in table {
        let text =
            format!("apiVersion: {api_version}\nkind: {kind}\nmetadata: {{name: a}}\nspec:\n  {field}: []\n");
        let wanted = format!("5:3 {severity} unknown field `spec.{field}`");
        assert!(findings(&text).contains(&wanted), "{kind}: {:?}", findings(&text));
    }
}

/// Tried with kubectl 1.32: `kubectl annotate --local -f FILE x=y -o json`.
#[test]
fn unquoted_text_within_brackets_ends_where_kubernetes_ends_it() {
    let pod = |args: &str| {
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec:\n  containers:\n  - name: c\n    image: x\n    args: {args}\n"
        )
    };
    for (args, read) in [
        ("[fd00::]", &["fd00::"][..]),
        ("[a:, b]", &["a:", "b"]),
        ("[-c, -, -]", &["-c", "-", "-"]),
        ("[http://x/a=b, 'http://x/?a', \"::1\"]", &["http://x/a=b", "http://x/?a", "::1"]),
        ("[a #b\n    ]", &["a"]),
    ] {
        let object = object(&pod(args));
        let texts: Vec<_> = (0..object.count("spec.containers[0].args"))
            .map(|nth| object.text(&format!("spec.containers[0].args[{nth}]")).unwrap())
            .collect();
        assert_eq!(texts, read, "{args}");
    }
    for (args, column) in
        [("[::1]", 12), ("[a?b]", 12), ("[a, http://x/?a=b]", 15), ("[{a: b?}]", 16), ("[|-]", 12)]
    {
        let found = findings(&pod(args));
        assert!(
            found[0].starts_with(&format!(
                "8:{column} error this document cannot be parsed: Kubernetes reads no"
            )),
            "{args}: {found:?}"
        );
    }
}
