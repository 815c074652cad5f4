//! Every field knows where it stands.
use crate::{object, parse};

const POLICY: &str = "apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: shop
  labels:
    app.kubernetes.io/name: shop
spec:
  podSelector:
    matchLabels: {app: shop}
  ingress:
    - from:
        - podSelector: {}
        - ipBlock:
            cidr: 10.0.0.0/8
            except: [10.1.0.0/16, 10.2.0.0/16]
      ports:
      - port: 80
      - {port: 443, protocol: TCP}
    -
      from: []
";

#[test]
fn fields_are_located() {
    let object = object(POLICY);
    let table = [
        ("", (1, 1)),
        ("metadata", (3, 1)),
        ("metadata.name", (4, 3)),
        (r"metadata.labels.app\.kubernetes\.io/name", (6, 5)),
        ("metadata.labels[app.kubernetes.io/name]", (6, 5)),
        ("spec.podSelector", (8, 3)),
        ("spec.podSelector.matchLabels.app", (9, 19)),
        ("spec.ingress", (10, 3)),
        ("spec.ingress[0]", (11, 7)),
        ("spec.ingress[0].from[0]", (12, 11)),
        ("spec.ingress[0].from[1]", (13, 11)),
        ("spec.ingress[0].from[1].ipBlock.except[1]", (15, 35)),
        ("spec.ingress[0].ports[0]", (17, 9)),
        ("spec.ingress[0].ports[1]", (18, 9)),
        ("spec.ingress[0].ports[1].protocol", (18, 21)),
        ("spec.ingress[1]", (20, 7)),
        // The nearest that exists.
        ("spec.egress", (7, 1)),
        ("spec.egress[3].to[1]", (7, 1)),
        ("spec.ingress[0].ports[7].port", (16, 7)),
        ("status", (1, 1)),
        ("metadata.name.x", (4, 3)),
    ];
    for (path, expected) in table {
        let at = object.locate(path);
        assert_eq!((at.line, at.column), expected, "{path}");
        assert_eq!(&*at.file, "a.yaml");
    }
}

#[test]
fn lines_are_the_same_with_carriage_returns_and_a_byte_order_mark() {
    let plain = object(POLICY);
    for text in [POLICY.replace('\n', "\r\n"), format!("\u{feff}{POLICY}"), format!("# é\n---\n{POLICY}")] {
        let offset = if text.starts_with('#') { 2 } else { 0 };
        let other = object(&text);
        for path in ["metadata.name", "spec.ingress[0].from[1].ipBlock.cidr", "spec.ingress[1]"] {
            let (a, b) = (plain.locate(path), other.locate(path));
            assert_eq!((a.line + offset, a.column), (b.line, b.column), "{path}");
        }
    }
}

#[test]
fn references_name_the_object_at_a_line() {
    let object = object(POLICY);
    assert_eq!(object.reference.to_string(), "NetworkPolicy default/shop (a.yaml:1)");
    assert_eq!(
        object.refer("spec.ingress[0].ports[1]").to_string(),
        "NetworkPolicy default/shop (a.yaml:18)"
    );
    assert_eq!(object.namespace, None);
}

#[test]
fn columns_count_characters() {
    let object = object(
        "apiVersion: example.org/v1\nkind: Thing\nmetadata: {name: a}\n\"schlüssel\": {\"äöü\": 1, b: 2}\n",
    );
    let at = object.locate("schlüssel.b");
    assert_eq!((at.line, at.column), (4, 25));
}

#[test]
fn indices_are_those_of_the_decoded_lists() {
    let text = "apiVersion: v1\nkind: Service\nmetadata: {name: a}\nspec:\n  ports:\n  - name: a\n    port: 1\n  - 5\n  - name: b\n    port: 2\n";
    let parsed = parse(text);
    assert_eq!(parsed.diagnostics.len(), 1);
    assert_eq!(parsed.objects[0].locate("spec.ports[1].port").line, 10);
}

/// Brackets, and lines of quoted text, may stand left of where YAML 1.2 wants them: libyaml reads them, and so does Kubernetes.
#[test]
fn lines_within_brackets_and_quotes_stand_anywhere() {
    let head = "apiVersion: v1\nkind: Pod\nmetadata: {name: ü, labels: {b: c}}\nspec:\n  containers:\n";
    for (container, args, name_at) in [
        ("  - args: [\n      \"a\", 'b'\n    ]\n    name: c\n    image: x\n", vec!["a", "b"], "9:5"),
        ("  - args: [\n\"a\",\n b # ]\n]\n    name: c\n    image: x\n", vec!["a", "b"], "10:5"),
        ("  - args: [\n  'a', [\n  ]]\n    name: c\n    image: x\n", vec![], "9:5"),
        ("  - args: [ \"a\n  b\",\n\"\\\"\"\n  ]\n    name: c\n    image: x\n", vec!["a b", "\""], "10:5"),
        (
            "  - args:\n    - \"a\nb\"\n    - 'c\n\n ''d'\n    name: c\n    image: x\n",
            vec!["a b", "c\n'd"],
            "12:5",
        ),
        ("  - args: [\n   \"a\"]\n    command: [\n\"x\"\n]\n    name: c\n    image: x\n", vec!["a"], "11:5"),
    ] {
        let text = format!("{head}{container}");
        let parsed = parse(&text);
        if args.is_empty() {
            let places: Vec<_> = parsed.diagnostics.iter().map(|d| (d.at.line, d.at.column)).collect();
            assert!(places.contains(&(7, 8)), "the inner list, where it is written: {text}{places:?}");
            continue;
        }
        let wrong: Vec<&str> =
            parsed.diagnostics.iter().map(|d| &*d.message).filter(|m| !m.contains('ü')).collect();
        assert_eq!(wrong, [""; 0], "{text}");
        let object = &parsed.objects[0];
        let read: Vec<_> =
            (0..args.len()).map(|n| object.text(&format!("spec.containers[0].args[{n}]"))).collect();
        assert_eq!(read, args.iter().map(|a| Some(*a)).collect::<Vec<_>>(), "{text}");
        let at = object.locate("spec.containers[0].name");
        assert_eq!(format!("{}:{}", at.line, at.column), name_at, "{text}");
    }
}
