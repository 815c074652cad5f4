//! Files inside of a ConfigMap's values have places in the manifest.
use crate::{config_map, object};

const COREFILE: &str = "  Corefile: |
    .:53 {
        errors
        forward . 8.8.8.8 {

            max_concurrent 1000
        }
    }
";

fn starts(data: &str, path: &str) -> Vec<(String, u32, u32)> {
    let object = object(&config_map(data));
    let source = object.source().text.clone();
    let lines = object.text_lines(path).unwrap();
    for line in &lines {
        let first = line.text.trim().chars().next();
        if let Some(first) = first.filter(char::is_ascii_alphanumeric) {
            let here = source[line.start..].trim_start();
            assert!(here.starts_with([first, '\\']), "{line:?}");
        }
    }
    lines.into_iter().map(|l| (l.text, l.at.line, l.at.column)).collect()
}

#[test]
fn lines_of_a_literal_block_have_places() {
    for header in ["|", "|-", "|+", "|2", "!!str |", "| # comment", "&anchor |"] {
        let data = COREFILE.replace('|', header);
        let expected = [
            (".:53 {", 5 + 1, 5),
            ("    errors", 7, 5),
            ("    forward . 8.8.8.8 {", 8, 5),
            ("", 9, 1),
            ("        max_concurrent 1000", 10, 5),
            ("    }", 11, 5),
            ("}", 12, 5),
        ];
        let expected: Vec<_> = expected.iter().map(|(t, l, c)| ((*t).to_owned(), *l, *c)).collect();
        assert_eq!(starts(&data, "data.Corefile"), expected, "{header}");
    }
}

#[test]
fn lines_of_other_scalars_have_places() {
    let table = [
        ("  a: \"x {\\n  y\\n}\"\n", vec![("x {", 5, 7), ("  y", 5, 12), ("}", 5, 17)]),
        ("  a: 'x\n\n    y'\n", vec![("x", 5, 7), ("y", 7, 5)]),
        ("  a: plain\n", vec![("plain", 5, 6)]),
        ("  a: >\n    x\n    y\n\n    z\n", vec![("x y", 6, 5), ("z", 9, 5)]),
        ("  a: \"\\u0061\\\"b\"\n", vec![("a\"b", 5, 7)]),
        ("  a: \"\"\n", vec![("", 5, 6)]),
    ];
    for (data, expected) in table {
        let expected: Vec<_> = expected.iter().map(|(t, l, c)| ((*t).to_owned(), *l, *c)).collect();
        assert_eq!(starts(data, "data.a"), expected, "{data}");
    }
}

#[test]
fn carriage_returns_and_a_missing_last_line_end_change_no_place() {
    let expected = starts(COREFILE, "data.Corefile");
    assert_eq!(starts(&COREFILE.replace('\n', "\r\n"), "data.Corefile"), expected);
    assert_eq!(starts(COREFILE.trim_end(), "data.Corefile"), expected);
}

const PROXY: &str = "  config.conf: |-
    apiVersion: kubeproxy.config.k8s.io/v1alpha1
    kind: KubeProxyConfiguration
    mode: \"\"
    conntrack:
      maxPerCore: null
      tcpEstablishedTimeout: 24h0m0s
    nodePortAddresses:
      - 10.0.0.0/8
";

#[test]
fn yaml_in_a_literal_block_is_read_with_places_in_the_file() {
    let object = object(&config_map(PROXY));
    let config = object.embedded(r"data.config\.conf").unwrap();
    assert_eq!(config.broken(), None);
    assert_eq!(config.text("kind"), Some("KubeProxyConfiguration"));
    assert_eq!(config.text("mode"), Some(""));
    assert_eq!(config.text("conntrack.maxPerCore"), None);
    assert!(config.is_written("conntrack.maxPerCore"));
    assert!(!config.is_written("clusterCIDR"));
    assert_eq!(config.count("nodePortAddresses"), 1);
    assert_eq!(config.keys("conntrack"), ["maxPerCore", "tcpEstablishedTimeout"]);
    let table = [
        ("mode", (8, 5)),
        ("conntrack.tcpEstablishedTimeout", (11, 7)),
        ("nodePortAddresses[0]", (13, 9)),
        ("conntrack.missing", (9, 5)),
        ("missing", (6, 5)),
    ];
    for (path, at) in table {
        let found = config.locate(path);
        assert_eq!((found.line, found.column), at, "{path}");
        assert_eq!(&*found.file, "a.yaml");
    }
    let text = &object.source().text;
    let span = config.span("nodePortAddresses[0]").unwrap();
    assert_eq!(&text[span.bytes], "10.0.0.0/8");
    assert_eq!(span.end, (13, 19));
    assert_eq!(&text[config.key_span("mode").unwrap().bytes], "mode");
    assert_eq!(&text[config.span("mode").unwrap().bytes], "\"\"");
    assert!(text[config.span("conntrack").unwrap().bytes].ends_with("24h0m0s"));
}

#[test]
fn json_in_quotes_is_read_too() {
    let object = object(&config_map("  cni: '{\"mtu\": 1450}'\n  text: \"a: 1\\nb: 2\\n\"\n"));
    let config = object.embedded("data.cni").unwrap();
    assert_eq!(config.value("mtu"), Some(1450.into()));
    assert_eq!((config.locate("mtu").line, config.locate("mtu").column), (5, 10));
    let text = object.embedded("data.text").unwrap();
    assert_eq!((text.locate("b").line, text.locate("b").column), (6, 16));
    assert_eq!(&object.source().text[text.span("b").unwrap().bytes], "2");
}

#[test]
fn what_is_no_yaml_says_so_at_its_place() {
    let broken = object(&config_map("  a: |\n    x: 1\n    y: [\n"));
    let config = broken.embedded("data.a").unwrap();
    let (at, message) = config.broken().unwrap();
    assert!(at.line >= 7, "{at:?} {message}");
    assert_eq!(config.text("x"), None);
    assert!(object(&config_map("  a: \"\"\n")).embedded("data.b").is_none());
}
