//! Safe repairs come to an end, break nothing, and keep every comment.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "what cannot be checked has to fail loudly")]
use std::{collections::BTreeSet, fmt::Write as _, sync::Arc};

use netloom_audit::{Closed, Edit, Report, Settings, audit, repair, report::Summary, rules};
use netloom_objects::{ObjectSet, Severity, Source, parse_source};
use similar::TextDiff;

fn read(text: &str) -> ObjectSet {
    ObjectSet::assemble(vec![Arc::new(parse_source(&Source::new("example.yaml", text)))])
}

/// Everything that all rules find.
fn look(set: &ObjectSet, closed: bool) -> Report {
    let closed = Closed { everything: closed, ..Closed::default() };
    audit(set, &Settings { closed, ..Settings::default() }, &|_| true)
}

fn errors(set: &ObjectSet) -> usize {
    set.diagnostics().filter(|d| d.severity == Severity::Error).count()
}

fn difference(before: &str, after: &str) -> String {
    let diff = TextDiff::from_lines(before, after);
    let hunks = diff.unified_diff().context_radius(1).to_string();
    hunks.lines().filter(|line| !line.starts_with("@@")).fold(String::new(), |mut text, line| {
        _ = writeln!(text, "{}", line.trim_end());
        text
    })
}

/// Whether a line of a text begins a value that goes on below it, or is a part of one.
fn is_text(line: &str, inside: &mut Option<usize>) -> bool {
    let indent = line.len() - line.trim_start().len();
    if inside.is_some_and(|block| line.trim().is_empty() || indent > block) {
        return true;
    }
    *inside = line.trim_end().ends_with(['|', '>']).then_some(indent);
    inside.is_some()
}

/// The text with a comment above and behind each line that can have one.
fn commented(text: &str) -> String {
    let mut inside = None;
    let mut out = String::new();
    for (number, line) in text.lines().enumerate() {
        if is_text(line, &mut inside) || line.contains('#') || line.trim().is_empty() {
            _ = writeln!(out, "{line}");
            continue;
        }
        let indent = &line[..line.len() - line.trim_start().len()];
        if !line.starts_with("---") {
            _ = writeln!(out, "{indent}# above {number}");
        }
        _ = writeln!(out, "{line} # behind {number}");
    }
    out
}

/// Whether an edit leaves a comment behind, or takes the whole line that it belongs to.
fn keeps(text: &str, edit: &Edit, start: usize, end: usize) -> bool {
    let line = text[..start].rfind('\n').map_or(0, |at| at + 1);
    let (outside, whole) = (
        edit.end <= start || edit.start >= end,
        edit.start <= line && edit.end >= end && edit.text.is_empty(),
    );
    outside || whole
}

#[test]
fn repairs_come_to_an_end_and_break_nothing() {
    let mut repairing = BTreeSet::new();
    let mut shown = String::new();
    for rule in rules() {
        for closed in [false, true] {
            let set = read(rule.wrong);
            let before = errors(&set);
            let first = look(&set, closed);
            let own =
                first.findings.iter().any(|f| f.rule == rule && f.fix.as_ref().is_some_and(|fix| fix.safe));
            let repaired = repair(set, |set| look(set, closed));
            let (code, text) = (rule.code, &repaired.set.sources[0].source.text);
            assert_eq!(
                Summary::of(&repaired.report).fixable,
                0,
                "{code} leaves something to repair:\n{text}"
            );
            assert!(errors(&repaired.set) <= before, "{code}: the repaired text has more errors:\n{text}");
            let again = repair(repaired.set.clone(), |set| look(set, closed));
            assert!(again.changed.is_empty(), "{code}: a second time changes something:\n{text}");
            if own && repairing.insert(code) {
                let only = repair(read(rule.wrong), |set| {
                    let mut report = look(set, closed);
                    report.findings.retain(|finding| finding.rule == rule);
                    report
                });
                let changed = only.changed.first().map_or("", |(_, after)| &after.text);
                _ = writeln!(shown, "{code} {}\n{}", rule.name, difference(rule.wrong, changed));
            }
        }
    }
    assert!(repairing.len() >= 30, "only {} rules repair their example: {repairing:?}", repairing.len());
    insta::assert_snapshot!(shown);
}

#[test]
fn comments_are_kept() {
    let (mut comments, mut touched) = (0, 0);
    for rule in rules().filter(|rule| !rule.code.starts_with("MF1")) {
        let text = commented(rule.wrong);
        let (plain, set) = (read(rule.wrong), read(&text));
        assert_eq!(set.objects().count(), plain.objects().count(), "{}: {text}", rule.code);
        let report = look(&set, true);
        let fixes = report.findings.iter().filter_map(|finding| finding.fix.as_ref());
        for edit in fixes.flat_map(|fix| &fix.edits) {
            touched += 1;
            for (start, _) in text.match_indices("# above").chain(text.match_indices("# behind")) {
                comments += 1;
                let end = start + text[start..].find('\n').unwrap();
                assert!(keeps(&text, edit, start, end), "{}: {edit:?} takes a comment of\n{text}", rule.code);
            }
        }
        let repaired = repair(set, |set| look(set, true));
        assert_eq!(Summary::of(&repaired.report).fixable, 0, "{}", rule.code);
        assert!(errors(&repaired.set) <= errors(&plain), "{}:\n{}", rule.code, repaired.set.render(false));
    }
    assert!(touched > 40 && comments > 1000, "{touched} edits beside {comments} comments");
}

const PODS: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: api, namespace: shop}
spec:
  selector: {matchLabels: {app: api}}
  template:
    metadata: {labels: {app: api}}
    spec:
      dnsConfig: {options: [{name: ndots, value: '2'}]}
      containers:
        - name: api
          image: registry.example/api:1.0
          ports:
            - {name: metrics, containerPort: 8080}
---
";
const SERVICE: &str = "\
apiVersion: v1
kind: Service
metadata: {name: api, namespace: shop, labels: {app: api}}
spec:
  selector: {app: api}
  trafficDistribution: PreferSameZone
  ports:
    - name: metrics
      port: 80
      targetPort: metrics
---
";
const MONITORS: &str = "\
apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
metadata: {name: api, namespace: shop}
spec:
  selector: {matchLabels: {app: api}}
  endpoints: [{port: metrics}]
---
apiVersion: monitoring.coreos.com/v1
kind: PodMonitor
metadata: {name: api, namespace: shop}
spec:
  selector: {matchLabels: {app: api}}
  podMetricsEndpoints: [{port: metrics}]
---
";
const ROUTES: &str = "\
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: api, namespace: shop}
spec:
  hostnames: [shop.example.org]
  rules:
    - timeouts: {request: 15s}
      matches:
        - headers:
            - {name: x-user, value: admin}
      backendRefs:
        - name: api
          port: 80
---
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: {name: default, namespace: shop}
spec:
  egress:
    - hosts: [./*, '*/rates.bank.example']
---
apiVersion: networking.k8s.io/v1
kind: IngressClass
metadata: {name: traefik}
spec: {controller: traefik.io/ingress-controller}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: api
  namespace: shop
spec:
  ingressClassName: traefik
  rules: [{host: shop.example.org, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: api, port: {number: 80}}}}]}}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: api, namespace: shop}
spec:
  podSelector: {matchLabels: {app: api}}
  policyTypes: [Ingress]
  ingress:
    - from: [{ipBlock: {cidr: 198.51.100.0/24}}]
      ports: [{port: 8080}]
";

/// What rules repair that show another mistake of theirs as their example.
#[test]
fn each_slip_in_sound_manifests_is_repaired_to_what_it_was() {
    let sound = [PODS, SERVICE, MONITORS, ROUTES].concat();
    let find = |text: &str, code: &str| {
        look(&read(text), false).findings.iter().filter(|finding| finding.rule.code == code).count()
    };
    let table = [
        (
            "SV006",
            "    - name: metrics\n      port: 80\n      targetPort: metrics",
            "    - port: 80\n      targetPort: metrics",
        ),
        ("OB002", "{name: metrics, containerPort: 8080}", "{containerPort: 8080}"),
        ("SV023", "trafficDistribution: PreferSameZone", "trafficDistribution: PreferClose"),
        ("DN005", "value: '2'", "value: '16'"),
        ("GW009", "        - name: api\n          port: 80", "        - name: api"),
        (
            "GW008",
            "            - {name: x-user, value: admin}\n",
            "            - {name: x-user, value: admin}\n            - {name: x-user, value: admin}\n",
        ),
        ("GW035", "gateway.networking.k8s.io/v1", "gateway.networking.k8s.io/v1beta1"),
        ("IS048", "'*/rates.bank.example'", "'*/rates.bank.example', ./*"),
        (
            "IN005",
            "metadata:\n  name: api\n  namespace: shop\nspec:\n  ingressClassName: traefik",
            "metadata:\n  name: api\n  namespace: shop\n  annotations:\n    kubernetes.io/ingress.class: traefik\nspec:",
        ),
        (
            "NP020",
            "      ports: [{port: 8080}]\n",
            "      ports: [{port: 8080}]\n    - from: [{ipBlock: {cidr: 198.51.100.0/24}}]\n      ports: [{port: 8080, protocol: TCP}]\n",
        ),
    ];
    for (code, right, slip) in table {
        let wrong = sound.replace(right, slip);
        assert!(wrong != sound && find(&sound, code) == 0, "{code} in the sound manifests");
        assert!(find(&wrong, code) > 0, "{code} is not found");
        let after = fixed_by(&wrong, code);
        let expected = match code {
            "DN005" => sound.replace("'2'", "\"15\""),
            _ => sound.clone(),
        };
        assert_eq!(difference(&expected, &after), "", "{code}");
    }
    // A monitor names the port of a Service that has none for its only port.
    let unnamed = [SERVICE, MONITORS].concat().replace("    - name: metrics\n      port", "    - port");
    assert_eq!(find(&unnamed, "OB001"), 1);
    assert_eq!(difference(&[SERVICE, MONITORS].concat(), &fixed_by(&unnamed, "OB001")), "");
}

/// The text with the repairs of one rule.
fn fixed_by(text: &str, code: &str) -> String {
    let repaired = repair(read(text), |set| {
        let mut report = look(set, false);
        report.findings.retain(|finding| finding.rule.code == code);
        report
    });
    repaired.set.sources[0].source.text.to_string()
}

fn fixed(text: &str) -> String {
    let repaired = repair(read(text), |set| look(set, false));
    repaired.set.sources[0].source.text.to_string()
}

/// What the API server refuses, and only one thing can have been meant.
#[test]
fn manifests_that_are_refused_are_repaired_where_one_thing_can_be_meant() {
    let service = "apiVersion: v1\nkind: Service\nmetadata:\n  name: web\n  annotations: {a: 'b'} # c\nspec:\n  selector: {app: web}\n  ports:\n    - name: http\n      port: 80\n      protocol: TCP\n";
    let table = [
        ("a number in quotes", "port: 80", "port: \"80\" # why", "port: 80 # why"),
        ("a number that is to be text", "{a: 'b'}", "{a: 1.10}", "{a: \"1.10\"}"),
        ("a switch that is to be text", "{a: 'b'}", "{a: on}", "{a: \"on\"}"),
        ("another case of a word", "protocol: TCP", "protocol: tcp", "protocol: TCP"),
        ("another case of a word in quotes", "protocol: TCP", "protocol: 'Tcp'", "protocol: TCP"),
        ("another case of a field", "selector:", "Selector:", "selector:"),
        ("an entry twice", "      port: 80\n", "      port: 80\n      port: 80\n", "      port: 80\n"),
    ];
    for (what, right, wrong, expected) in table {
        let text = service.replace(right, wrong);
        assert_eq!(fixed(&text), service.replace(right, expected), "{what}");
    }
    let left = [
        ("nothing that is to be text", "{a: 'b'}", "{a: null}"),
        ("an entry twice that differs", "      port: 80\n", "      port: 80\n      port: 81\n"),
        ("a word that is like another", "protocol: TCP", "protocol: TCPP"),
        ("a field that is like another", "selector:", "selectors:"),
        ("a field that is there already", "  selector:", "  Selector: {app: web}\n  selector:"),
        ("a text over several lines", "{a: 'b'}", "{a:\n    1\n    }"),
    ];
    for (what, right, wrong) in left {
        let text = service.replace(right, wrong);
        let after = fixed(&text);
        assert!(after == text || what == "a text over several lines", "{what}:\n{after}");
    }
}
