//! Working with findings: suppressing them, configuring rules, keeping a baseline.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "what cannot be checked has to fail loudly")]
use std::{path::PathBuf, sync::Arc};

use netloom_audit::{Baseline, Closed, Report, Settings, audit, config::Config, find_rule};
use netloom_objects::{ObjectSet, Severity, Source, parse_source};

fn check(text: &str, closed: bool) -> Report {
    let set = ObjectSet::assemble(vec![Arc::new(parse_source(&Source::new("a/web.yaml", text)))]);
    let closed = Closed { everything: closed, ..Closed::default() };
    let settings = Settings { closed, ..Settings::default() };
    audit(&set, &settings, &|rule| {
        rule.code == "SV001" || rule.code.starts_with("MF0") || rule.code.starts_with("MF1")
    })
}

/// Code and line of every finding.
fn codes(report: &Report) -> String {
    let found: Vec<String> =
        report.findings.iter().map(|f| format!("{}:{}", f.rule.code, f.at.line)).collect();
    found.join(" ")
}

/// A Service that selects nothing (line 6 from its first), with text at places of it.
fn service(head: &str, above: &str, behind: &str) -> String {
    format!(
        "{head}apiVersion: v1\nkind: Service\nmetadata:\n  name: web\nspec:\n{above}  selector: {{app: a}}{behind}\n  \
         ports: [{{port: 80}}]\n"
    )
}

#[test]
fn suppressions_are_about_what_they_stand_at() {
    let why = "# netloom: ignore[SV001] made by an operator\n";
    let table = [
        ("nothing", service("", "", ""), "SV001:6", 0),
        ("behind the line", service("", "", " # netloom: ignore[selects-nothing] an operator's"), "", 1),
        ("above the line", service("", &format!("  {why}"), ""), "", 1),
        ("above, with a comment between", service("", &format!("  {why}  # more\n\n"), ""), "", 1),
        (
            "above another line",
            service("", "", "").replace("spec:", &format!("{why}spec:")),
            "MF103:5 SV001:7",
            0,
        ),
        ("before the first key", service(why, "", ""), "", 1),
        ("before another document", format!("{}---\n{why}---\n", service("", "", "")), "SV001:6 MF103:9", 0),
        ("in the head of the second document", format!("---\n---\n{}", service(why, "", "")), "", 1),
        ("behind the mark of a document", format!("a: b\n--- {why}{}", service("", "", "")), "MF010:1", 1),
        (
            "for the file",
            format!("{}# netloom: ignore-file[SV001] all of them\n", service("", "", "")),
            "",
            1,
        ),
        ("without a reason", service("# netloom: ignore[SV001]\n", "", ""), "MF101:1", 1),
        ("unknown", service("# netloom: ignore[SV999] old\n", "", ""), "MF102:1 SV001:7", 0),
        ("no list", service("# netloom: ignore SV001\n", "", ""), "MF102:1 SV001:7", 0),
        ("one of two", service("# netloom: ignore[SV001, MF001] both\n", "", ""), "MF103:1", 1),
        (
            "in quotes",
            service("", "", "").replace("name: web", "name: \"web # netloom: ignore[X] y\""),
            "MF006:4 SV001:6",
            0,
        ),
        (
            "an annotation",
            service("", "", "").replace(
                "name: web",
                "name: web\n  annotations: {netloom.dev/ignore: \"SV001 made by an operator\"}",
            ),
            "",
            1,
        ),
    ];
    for (what, text, expected, suppressed) in table {
        let report = check(&text, true);
        assert_eq!((codes(&report).as_str(), report.suppressed), (expected, suppressed), "{what}:\n{text}");
    }
}

/// In an open world the rule is silent, and nobody knows whether the suppression is needed.
#[test]
fn suppressions_of_closed_rules_are_judged_in_a_closed_world_only() {
    let text = service("# netloom: ignore[SV001] made by an operator\n", "", "");
    assert_eq!(codes(&check(&text, false)), "");
    assert_eq!(codes(&check(&text.replace("{app: a}", "{}"), true)), "MF103:1");
}

/// The repair of an unused suppression takes the comment away, and nothing else.
#[test]
fn unused_comments_can_be_removed() {
    for (text, expected) in [
        (service("# netloom: ignore[MF001] old\n", "", ""), service("", "", "")),
        (service("", "", " # netloom: ignore[MF001] old"), service("", "", "")),
    ] {
        let report = check(&text, false);
        let edit = &report.findings[0].fix.as_ref().unwrap().edits[0];
        let mut repaired = text.clone();
        repaired.replace_range(edit.range(), &edit.text);
        assert_eq!(repaired, expected);
    }
}

#[test]
fn a_baseline_holds_what_there_is_wherever_it_moves() {
    let name = |file: &str| file.to_owned();
    let known = Baseline::of(&check(&service("", "", ""), true), &name);
    let known = Baseline::parse(&known.to_json()).unwrap();
    assert_eq!(known.len(), 1);
    let mut moved = check(&service("# moved\n\n", "", ""), true);
    assert!(known.apply(&mut moved, &name).is_empty());
    assert_eq!((moved.findings.len(), moved.baselined), (0, 1));
    let twice =
        format!("{}---\n{}", service("", "", ""), service("", "", "").replace("name: web", "name: other"));
    let mut more = check(&twice, true);
    assert!(known.apply(&mut more, &name).is_empty());
    assert_eq!((codes(&more).as_str(), more.baselined), ("SV001:14", 1));
    let mut repaired = check("", true);
    let gone = known.apply(&mut repaired, &name);
    assert_eq!(gone.len(), 1);
    for text in ["", "[]", "{\"version\": 2, \"findings\": []}", "{\"version\": 1}"] {
        assert!(Baseline::parse(text).is_err(), "{text}");
    }
}

#[test]
fn the_configuration_says_what_is_wanted_where() {
    let config = Config::parse(
        "[check]\nselect = ['all']\nignore = ['NP']\nfail-on = 'error'\nkube-version = '1.30'\n\
         closed = { namespaces = ['shop'], kinds = ['Secret'] }\nexclude = ['vendor', '*.gen.yaml']\n\
         [check.severity]\nSV001 = 'warning'\nstyle = 'off'\n\
         [[check.paths]]\npaths = ['legacy/**']\nignore = ['MF001']\nseverity = { SV = 'info' }\n\
         [cluster]\nnodes = 3\npod-cidr = ['10.1.0.0/16', 'fd00::/56']\nip-family = 'ipv4'\ndns = false\n",
    )
    .unwrap();
    let wants = |code| config.wants(find_rule(code).unwrap());
    assert!(wants("SV001") && !wants("NP001") && !wants("MF103") && wants("MF102"));
    assert!(
        config.settings().closed.has("Pod", Some("shop")) && config.settings().closed.has("Secret", None)
    );
    assert_eq!(config.settings().cluster.nodes, 3);
    assert_eq!(config.fail_on, Some(Some(Severity::Error)));
    assert!(config.exclude.matches(&PathBuf::from("a/vendor/b.yaml")));
    let text = format!("{}---\nkind: [\n", service("", "", ""));
    let severity = |path: &str| {
        let mut report = check(&text, true);
        config.apply(&mut report, &|_| Some(PathBuf::from(path)));
        report
            .findings
            .iter()
            .map(|f| format!("{}={}", f.rule.code, f.severity.name()))
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert_eq!(severity("web.yaml"), "SV001=warning MF001=error");
    assert_eq!(severity("legacy/a/web.yaml"), "SV001=info");
}

#[test]
fn mistakes_in_the_configuration_are_named_at_their_place() {
    let shown: String = [
        "[check]\nselct = []\n",
        "[chekc]\n",
        "[check]\nignore = ['NP', 'egress-without-dsn']\n",
        "[check.severity]\nNP001 = 'warn'\n",
        "[check.severity]\nXX123456 = 'info'\n",
        "[check]\nclosed = 'yes'\n",
        "[check]\nfail-on = 'errors'\n",
        "[check]\nkube-version = 'new'\n",
        "[check]\nexclude = ['a[/b']\n",
        "[cluster]\npod-cidr = ['10.0.0.0']\n",
        "[cluster]\npod-cidr = ['10.0.0.0/8', '11.0.0.0/8']\n",
        "[cluster]\nnodes = 0\n",
        "[[check.paths]]\nignore = []\n",
        "[check\n",
    ]
    .iter()
    .map(|text| format!("{text}  → {}\n", Config::parse(text).unwrap_err()))
    .collect();
    insta::assert_snapshot!(shown);
}

/// Of an object that is given several times every form is judged, in the set in which it stands for the others.
#[test]
fn replaced_forms_are_judged_too() {
    let form = |label: &str| service("", "", "").replace("app: a", label);
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: b, labels: {app: b}}\nspec: {containers: [{name: b, image: b:1}]}\n";
    let text = |forms: &[&str]| {
        format!("{}\n---\n{pod}", forms.iter().map(|label| form(label)).collect::<Vec<_>>().join("---\n"))
    };
    let table = [
        (&["app: a", "app: b"][..], "SV001:6 MF008:12"),
        (&["app: b", "app: a"], "MF008:12 SV001:14"),
        (&["app: a", "app: c", "app: b"], "SV001:6 MF008:12 SV001:14 MF008:20"),
        // What is the same is said once, at the one that is taken.
        (&["app: a", "app: a"], "MF008:12 SV001:14"),
    ];
    for (forms, expected) in table {
        let report = check(&text(forms), true);
        assert_eq!(codes(&report), expected, "{forms:?}");
    }
}

/// Kind by kind: what the versions say that the manifests are for.
#[test]
fn the_targeted_versions_decide() {
    let ingress = "apiVersion: networking.k8s.io/v1beta1\nkind: Ingress\nmetadata: {name: web}\nspec: {backend: {serviceName: web, servicePort: 80}}\n";
    let modern = "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {name: web}\nspec: {defaultBackend: {service: {name: web, port: {number: 80}}}}\n";
    let budget = "apiVersion: policy/v1beta1\nkind: PodDisruptionBudget\nmetadata: {name: web}\nspec: {minAvailable: 1, selector: {matchLabels: {app: web}}}\n";
    let spread = "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {trafficDistribution: PreferClose, ports: [{port: 80}]}\n";
    let node = "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {trafficDistribution: PreferSameNode, ports: [{port: 80}]}\n";
    let keys = "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {topologyKeys: ['*'], ports: [{port: 80}]}\n";
    let sidecar = "apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: web}\nspec:\n  schedule: '* * * * *'\n  jobTemplate: {spec: {template: {metadata: {annotations: {container.apparmor.security.beta.kubernetes.io/a: x}}, spec: {restartPolicy: Never, initContainers: [{name: b, image: 'b:1', restartPolicy: Always}], containers: [{name: a, image: 'a:1'}]}}}}\n";
    let route = "apiVersion: gateway.networking.k8s.io/v1\nkind: TCPRoute\nmetadata: {name: web}\nspec: {rules: [{backendRefs: [{name: web, port: 80}]}]}\n";
    let tls = "apiVersion: gateway.networking.k8s.io/v1alpha2\nkind: TLSRoute\nmetadata: {name: web}\nspec: {hostnames: [a.example], rules: [{backendRefs: [{name: web, port: 80}]}]}\n";
    let mesh = "apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {name: web}\nspec: {host: web, subsets: [{name: a, trafficPolicy: {loadBalancer: {warmup: {duration: 3s}}}}]}\n";
    let role = "apiVersion: rbac.istio.io/v1alpha1\nkind: ServiceRole\nmetadata: {name: web}\nspec: {}\n";
    let certificate = "apiVersion: cert-manager.io/v1alpha2\nkind: Certificate\nmetadata: {name: web}\nspec: {secretName: web, dnsNames: [a.example], issuerRef: {name: a}}\n";
    // Text, versions of Kubernetes, Istio and Gateway API, and what is found.
    let table = [
        (ingress, "1.18", "1.29", "1.6", ""),
        (ingress, "1.21", "1.29", "1.6", "MF202:1"),
        (ingress, "1.22", "1.29", "1.6", "MF201:1"),
        (modern, "1.18", "1.29", "1.6", "MF205:1"),
        (modern, "1.19", "1.29", "1.6", ""),
        (budget, "1.24", "1.29", "1.6", "MF202:1"),
        (budget, "1.25", "1.29", "1.6", "MF201:1"),
        (spread, "1.30", "1.29", "1.6", "MF205:4"),
        (spread, "1.33", "1.29", "1.6", ""),
        (spread, "1.34", "1.29", "1.6", "SV023:4"),
        (node, "1.33", "1.29", "1.6", "MF205:4"),
        (node, "1.34", "1.29", "1.6", ""),
        (keys, "1.36", "1.29", "1.6", "MF203:4"),
        (sidecar, "1.28", "1.29", "1.6", "MF205:6"),
        (sidecar, "1.29", "1.29", "1.6", ""),
        (sidecar, "1.30", "1.29", "1.6", "MF204:6"),
        (route, "1.36", "1.29", "1.5", "GW035:1"),
        (route, "1.36", "1.29", "1.6", ""),
        (tls, "1.36", "1.29", "1.4", ""),
        (tls, "1.36", "1.29", "1.6", "GW035:1"),
        (mesh, "1.36", "1.21", "1.6", "MF205:1 MF205:4"),
        (mesh, "1.36", "1.24", "1.6", ""),
        (role, "1.36", "1.29", "1.6", "MF201:1"),
        (certificate, "1.36", "1.29", "1.6", "MF201:1"),
    ];
    for (text, kubernetes, istio, gateway_api, expected) in table {
        let set = ObjectSet::assemble(vec![Arc::new(parse_source(&Source::new("a.yaml", text)))]);
        let settings = Settings {
            kube_version: kubernetes.parse().unwrap(),
            istio_version: istio.parse().unwrap(),
            gateway_api_version: gateway_api.parse().unwrap(),
            ..Settings::default()
        };
        let report = audit(&set, &settings, &|rule| {
            rule.code.starts_with("MF") || ["SV023", "GW035", "IS011"].contains(&rule.code)
        });
        assert_eq!(codes(&report), expected, "{kubernetes} {istio} {gateway_api}\n{text}");
    }
}
