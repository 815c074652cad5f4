//! Text and fields that Kubernetes reads in its own way: what it takes is taken, and what it refuses is found.
use std::fs;

use netloom_objects::{Cause, Severity, Source, Typed, parse_source, read_source};

use crate::{config_map, findings, parse};

/// The messages of the errors of a text.
fn errors(text: &str) -> Vec<String> {
    let parsed = parse(text);
    let errors = parsed.diagnostics.into_iter().filter(|d| d.severity == Severity::Error);
    errors.map(|d| d.message).collect()
}

fn service(spec: &str) -> String {
    format!("apiVersion: v1\nkind: Service\nmetadata: {{name: a}}\nspec: {{selector: {{app: a}}, {spec}}}\n")
}

fn pod(spec: &str) -> String {
    format!("apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec: {{{spec}}}\n")
}

#[test]
fn what_says_nothing_is_defaulted() {
    for spec in [
        "ports: [{port: 80, targetPort: 0}]",
        "ports: [{port: 80, targetPort: \"\"}]",
        "ports: [{port: 80, protocol: \"\"}]",
        "type: \"\", ports: [{port: 80}]",
        "sessionAffinity: \"\", ports: [{port: 80}]",
        "externalTrafficPolicy: \"\", ports: [{port: 80}]",
    ] {
        assert_eq!(findings(&service(spec)), Vec::<String>::new(), "{spec}");
    }
    let parsed = parse(&service("type: \"\", ports: [{port: 80, targetPort: 0, protocol: \"\"}]"));
    let Typed::Service(found) = &parsed.objects[0].typed else { panic!("a Service") };
    let spec = found.spec.as_ref().unwrap();
    let port = &spec.ports.as_ref().unwrap()[0];
    assert_eq!((&spec.type_, &port.target_port, &port.protocol), (&None, &None, &None));
    for field in ["restartPolicy", "dnsPolicy", "schedulerName"] {
        let spec = format!("{field}: \"\", containers: [{{name: a, image: a}}]");
        assert_eq!(findings(&pod(&spec)), Vec::<String>::new(), "{field}");
    }
    let containers = "containers: [{name: a, image: a, imagePullPolicy: \"\", terminationMessagePolicy: \"\", \
                      ports: [{containerPort: 80, protocol: \"\"}], \
                      readinessProbe: {httpGet: {port: 80, scheme: \"\"}, periodSeconds: 0}}]";
    assert_eq!(findings(&pod(containers)), Vec::<String>::new());
    // Fields that are pointers in Go have no default for an empty text.
    for spec in ["internalTrafficPolicy: \"\"", "ipFamilyPolicy: \"\"", "trafficDistribution: \"\""] {
        assert_eq!(errors(&service(&format!("{spec}, ports: [{{port: 80}}]"))).len(), 1, "{spec}");
    }
}

#[test]
fn base64_may_have_line_breaks() {
    let secret =
        |data: &str| format!("apiVersion: v1\nkind: Secret\nmetadata: {{name: a}}\ndata:\n  a: {data}\n");
    let parsed = parse(&secret("|\n    aGVs\n    bG8="));
    assert!(parsed.diagnostics.is_empty(), "{:?}", parsed.diagnostics);
    let Typed::Secret(found) = &parsed.objects[0].typed else { panic!("a Secret") };
    assert_eq!(found.data.as_ref().unwrap()["a"].0, b"hello");
    assert_eq!(
        errors(&secret("not base64")),
        ["`data.a` must be bytes in base64, not the text \"not base64\""]
    );
}

#[test]
fn files_of_other_programs_are_skipped() {
    for text in [
        "version: 1\napps: []\n",
        "version: '3'\nservices:\n  web: {image: nginx}\n",
        "- {op: add, path: /spec, value: 1}\n",
        "- hosts: all\n  tasks: []\n",
        "[1, 2]\n",
        "{\"name\": \"x\", \"version\": \"1\", \"data\": {}}\n",
        "releases:\n- name: a\n  values: {{ .Values.x }}\n",
        "a: 1\na: 2\n",
        "just text\n",
        "items: [\n",
    ] {
        let parsed = parse(text);
        let told: Vec<_> = parsed.diagnostics.iter().map(|d| (d.severity, d.cause)).collect();
        assert_eq!(told, [(Severity::Info, Cause::Foreign)], "{text}{:?}", parsed.diagnostics);
        assert!(parsed.is_foreign());
    }
    for text in [
        "kind: Pod\nname: a\n",
        "apiversion: v1\nname: a\n",
        "metadata: {name: a}\n",
        "spec: {containers: []}\n",
        "- {apiVersion: v1, kind: Pod}\n",
        "apiVersion: v1\nkind: [\n",
        "a: 1\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n",
    ] {
        assert!(!errors(text).is_empty(), "{text}");
    }
}

#[test]
fn tabs_separate_tokens_within_a_line() {
    for (text, expected) in [
        ("  k:\tv\n", "v"),
        ("  k\t: \tv\t# c\n", "v"),
        ("  k: a\tb\n", "a\tb"),
        ("  k: \"v\"#c\n", "v"),
        ("  k: 'v'# c é\n", "v"),
        ("  k: !!binary aGk=\n", "hi"),
        ("  k: !!binary |\n    aG\n    k=\n", "hi"),
    ] {
        let parsed = parse(&config_map(text));
        assert!(parsed.diagnostics.is_empty(), "{text}{:?}", parsed.diagnostics);
        assert_eq!(parsed.objects[0].text("data.k"), Some(expected), "{text}");
    }
    let spec = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec:\n  containers:\n  - name: é\n    image: a\n    command: [\n\t\"run\",\n\t\"-x\" ]\n";
    let parsed = parse(&spec.replace('é', "e"));
    assert!(parsed.diagnostics.is_empty(), "{:?}", parsed.diagnostics);
    assert_eq!(parsed.objects[0].text("spec.containers[0].command[1]"), Some("-x"));
    assert_eq!(parsed.objects[0].locate("spec.containers[0].command[1]").line, 10);
    for text in ["\tk: v\n", "  k:\n\t- v\n", "  k: !!binary _\n"] {
        assert!(!errors(&config_map(text)).is_empty(), "{text}");
    }
}

#[test]
fn what_kubectl_refuses_of_yaml_is_found() {
    let object = "{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}";
    assert_eq!(
        errors(&format!("--- {object}\n")),
        [format!("kubectl and helm refuse text behind `---`: `{}…`", &object[..60.min(object.len())])
            .replace("}}…", "}}")]
    );
    assert_eq!(errors(&format!("%YAML 1.1\n---\n{object}\n")), ["kubectl refuses the directive `%YAML 1.1`"]);
    for fine in
        [format!("--- # one\n{object}\n"), format!("---\n{object}\n---  \n"), format!("# %YAML\n{object}\n")]
    {
        assert_eq!(errors(&fine), Vec::<String>::new(), "{fine}");
    }
}

#[test]
fn files_that_are_no_text_are_a_finding() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.yaml");
    let text = config_map("  k: é\n");
    let utf16: Vec<u8> =
        [0xFF, 0xFE].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    fs::write(&path, utf16).unwrap();
    let parsed = parse_source(&read_source(&path).unwrap());
    assert_eq!(parsed.objects[0].text("data.k"), Some("é"));
    fs::write(&path, b"apiVersion: v1\nkind: \xE9\n").unwrap();
    let parsed = parse_source(&read_source(&path).unwrap());
    assert_eq!(parsed.diagnostics.len(), 1);
    assert_eq!(
        parsed.diagnostics[0].message,
        "this is neither UTF-8 nor UTF-16 text: byte 21 is the first that is not"
    );
}

#[test]
fn what_is_filled_in_later_is_not_judged() {
    let policy = |cidr: &str| {
        format!(
            "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: a}}\nspec:\n  podSelector: {{}}\n  ingress:\n  - from:\n    - ipBlock: {{cidr: \"{cidr}\"}}\n"
        )
    };
    for cidr in ["${CIDR}", "${A}/${B:=24}", "$(CIDR)", "$CIDR", "{{ net.cidr }}"] {
        let parsed = parse(&policy(cidr));
        let told: Vec<_> = parsed.diagnostics.iter().map(|d| (d.severity, d.cause)).collect();
        assert_eq!(told, [(Severity::Info, Cause::Unknown)], "{cidr} {:?}", parsed.diagnostics);
        assert!(parsed.objects[0].holds_fault("spec.ingress[0].from[0].ipBlock.cidr"), "{cidr}");
    }
    assert_eq!(errors(&policy("$cidr")).len(), 1);
    let two = [policy("${A}"), policy("${B}")].join("---\n").replacen("name: a", "name: b", 1);
    assert_eq!(parse(&two).diagnostics.len(), 1, "once a file");
    // What is a name stays one, so that it can be compared.
    let named = parse(&service("ports: [{port: 80}]").replace("name: a", "name: \"${APP:=a}\""));
    assert_eq!(&*named.objects[0].name, "${APP}");
    assert_eq!(named.diagnostics.iter().map(|d| d.cause).collect::<Vec<_>>(), [Cause::Unknown]);
    // A script is nothing that is filled in.
    let script = parse(&config_map("  run: |\n    echo ${HOME:-/root}\n"));
    assert!(script.diagnostics.is_empty());
    assert_eq!(script.objects[0].text("data.run"), Some("echo ${HOME:-/root}\n"));
}

#[test]
fn what_sops_encrypted_is_not_judged() {
    let secret = "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\ndata:\n  a: ENC[AES256_GCM,data:p673w==,iv:YY=,tag:UQ==,type:str]\nsops:\n  mac: ENC[AES256_GCM,data:x,type:str]\n  version: 3.8.1\n";
    assert_eq!(errors(secret), Vec::<String>::new());
    assert_eq!(errors(&secret.replace("sops:\n  mac:", "sopz:\n  mac:")).len(), 1);
}

#[test]
fn addresses_are_judged_as_they_are_read() {
    let policy = |cidr: &str| {
        parse(&format!(
            "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: a}}\nspec:\n  podSelector: {{}}\n  ingress:\n  - from:\n    - ipBlock: {{cidr: \"{cidr}\"}}\n"
        ))
    };
    for loose in ["010.0.0.0/8", "::ffff:192.0.2.0/120", "192.0.2.5/24"] {
        let causes: Vec<_> = policy(loose).diagnostics.iter().map(|d| d.cause).collect();
        assert_eq!(causes, [Cause::LooseAddress], "{loose}");
    }
    for (cidr, errors) in
        [("10.0.0.0/8", 0), ("fd00::/8", 0), ("10.0.0.0/33", 1), ("10.0.0.300/8", 1), ("0000010.0.0.0/8", 0)]
    {
        let found = policy(cidr).diagnostics.into_iter().filter(|d| d.cause == Cause::InvalidValue).count();
        assert_eq!(found, errors, "{cidr}");
    }
    for ip in ["224.0.0.9", "127.0.0.1", "169.254.1.1", "0.0.0.0", "ff02::1"] {
        assert_eq!(
            errors(&service(&format!("externalIPs: [\"{ip}\"], ports: [{{port: 80}}]"))).len(),
            1,
            "{ip}"
        );
    }
    for ip in ["239.1.2.3", "192.0.2.1"] {
        assert_eq!(
            errors(&service(&format!("externalIPs: [\"{ip}\"], ports: [{{port: 80}}]"))).len(),
            0,
            "{ip}"
        );
    }
}

#[test]
fn numbers_below_their_least_are_refused() {
    let job = |spec: &str| {
        format!(
            "apiVersion: batch/v1\nkind: Job\nmetadata: {{name: a}}\nspec:\n  {spec}\n  template:\n    spec:\n      restartPolicy: Never\n      containers: [{{name: a, image: a}}]\n"
        )
    };
    assert_eq!(errors(&job("parallelism: -1")), ["-1 is below 0"]);
    assert_eq!(errors(&job("parallelism: 0")), Vec::<String>::new());
    let warned = findings(&service("type: NodePort, ports: [{port: 80, nodePort: 8080}]"));
    assert_eq!(warned.len(), 1);
    assert!(warned[0].contains("its range is 30000 to 32767"), "{warned:?}");
}

#[test]
fn aliases_are_bounded_by_the_bytes_that_they_make() {
    let bomb = |text: usize, aliases: usize| {
        let items = "  - *a\n".repeat(aliases);
        format!(
            "apiVersion: v1\nkind: Thing\nmetadata: {{name: a}}\nbig: &a {}\nlist:\n{items}",
            "x".repeat(text)
        )
    };
    let refused = parse(&bomb(200_000, 500));
    assert_eq!(refused.objects.len(), 0);
    assert!(refused.diagnostics[0].message.contains("aliases"), "{:?}", refused.diagnostics);
    assert_eq!(parse(&bomb(1_000, 500)).objects.len(), 1);
}

#[test]
fn repairs_stand_behind_anchors_and_leave_shared_values() {
    let repaired = |env: &str| {
        let text = format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec:\n  containers:\n  - name: c\n    image: x\n    env:\n    - {{name: A, value: {env}}}\n"
        );
        let parsed = parse(&text);
        let mut repairs: Vec<_> = parsed.diagnostics.iter().filter_map(|d| d.repair.as_ref()).collect();
        repairs.sort_by_key(|repair| std::cmp::Reverse(repair.bytes.start));
        let mut out = text.clone();
        for repair in repairs {
            out.replace_range(repair.bytes.clone(), &repair.text);
        }
        let line = out.lines().nth(8).unwrap().to_owned();
        line.trim_start_matches("    - {name: A, value: ").trim_end_matches('}').to_owned()
    };
    for (written, expected) in [
        ("8080", "\"8080\""),
        ("&port 8080", "&port \"8080\""),
        ("!!int 12", "\"12\""),
        ("&n !!int 12", "&n \"12\""),
        ("!!int &n 12", "&n \"12\""),
    ] {
        assert_eq!(repaired(written), expected);
    }
    assert_eq!(repaired("&port 8080}\n    ports: [{containerPort: *port}]\n    #"), "&port 8080");
}

#[test]
fn minified_json_has_the_same_places() {
    let mut items = Vec::new();
    for i in 0..300 {
        items.push(format!(
            "{{\"apiVersion\":\"v1\",\"kind\":\"Service\",\"metadata\":{{\"name\":\"ü{i}\"}},\"spec\":{{\"selector\":{{\"a\":\"b\"}},\"ports\":[{{\"port\":80}}]}}}}"
        ));
    }
    let text = format!("{{\"apiVersion\":\"v1\",\"kind\":\"List\",\"items\":[{}]}}", items.join(","));
    let parsed = parse_source(&Source::new("a.json", &text));
    for object in [&parsed.objects[0], &parsed.objects[299]] {
        let span = object.span("metadata.name").unwrap();
        assert_eq!(&text[span.bytes.clone()], format!("\"{}\"", object.name));
        let column = text[..span.bytes.start].chars().count() + 1;
        assert_eq!((span.start.line, span.start.column as usize), (1, column));
        let key = object.key_span("spec").unwrap();
        assert_eq!(&text[key.bytes], "\"spec\"");
    }
}
