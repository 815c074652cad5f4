//! The rules about Gateway API and Ingress on manifests that look wrong and are not, and on those that hide it well.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "what cannot be checked has to fail loudly")]
use std::{fs, sync::Arc};

use netloom_audit::{Closed, Report, Settings, audit, render};
use netloom_objects::{ObjectSet, Source, parse_source};

fn judge(texts: &[(&str, &str)], everything: bool) -> (ObjectSet, Report) {
    let sources = texts.iter().map(|(name, text)| Arc::new(parse_source(&Source::new(name, text))));
    let set = ObjectSet::assemble(sources.collect());
    let settings = Settings { closed: Closed { everything, ..Closed::default() }, ..Settings::default() };
    let report = audit(&set, &settings, &|rule| rule.code.starts_with("GW") || rule.code.starts_with("IN"));
    (set, report)
}

fn codes(text: &str, everything: bool) -> Vec<&'static str> {
    let (_, report) = judge(&[("example.yaml", text)], everything);
    report.findings.iter().map(|finding| finding.rule.code).collect()
}

const ROUTE: &str = "\
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: {name: web, namespace: shop}
spec:
  parentRefs: [{name: edge, namespace: edge, sectionName: https}]
  hostnames: [shop.example.org]
  rules:
";

const INGRESS: &str = "\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: web
  namespace: shop
";

#[test]
fn legitimate_manifests_are_left_alone() {
    let default_class = format!(
        "{INGRESS}spec:\n  defaultBackend: {{service: {{name: web, port: {{name: http}}}}}}\n  tls: [{{hosts: [a.example.org]}}]\n---\n\
         apiVersion: networking.k8s.io/v1\nkind: IngressClass\nmetadata:\n  name: traefik\n  annotations: {{ingressclass.kubernetes.io/is-default-class: \"true\"}}\nspec: {{controller: traefik.io/ingress-controller}}\n"
    );
    let table = [
        (
            "a mirror may stand twice",
            format!(
                "{ROUTE}    - filters:\n        - {{type: RequestMirror, requestMirror: {{backendRef: {{name: a, port: 80}}, percent: 10}}}}\n        - {{type: RequestMirror, requestMirror: {{backendRef: {{name: b, port: 80}}}}}}\n      timeouts: {{request: 5s}}\n      backendRefs: [{{name: web, port: 80}}]\n"
            ),
        ),
        (
            "no limit is a limit that is said",
            format!(
                "{ROUTE}    - timeouts: {{request: 0s, backendRequest: 10s}}\n      backendRefs: [{{name: web, port: 80}}]\n"
            ),
        ),
        (
            "equal paths by other methods",
            format!(
                "{ROUTE}    - matches: [{{method: GET, path: {{value: /a}}}}]\n      timeouts: {{request: 5s}}\n      backendRefs: [{{name: a, port: 80}}]\n    - matches: [{{method: POST, path: {{value: /a}}}}]\n      timeouts: {{request: 5s}}\n      backendRefs: [{{name: b, port: 80}}]\n"
            ),
        ),
        (
            "a prefix is replaced under the default match",
            format!(
                "{ROUTE}    - filters: [{{type: URLRewrite, urlRewrite: {{path: {{type: ReplacePrefixMatch, replacePrefixMatch: /v1}}}}}}]\n      timeouts: {{request: 5s}}\n      backendRefs: [{{name: web, port: 80}}]\n"
            ),
        ),
        (
            "a reference into a namespace that the set does not have",
            format!(
                "{ROUTE}    - timeouts: {{request: 5s}}\n      backendRefs: [{{name: web, namespace: other, port: 80}}]\n"
            ),
        ),
        (
            "a backend of an implementation's own kind",
            format!(
                "{ROUTE}    - timeouts: {{request: 5s}}\n      backendRefs: [{{group: multicluster.x-k8s.io, kind: ServiceImport, name: web, port: 80}}]\n"
            ),
        ),
        ("a default class and a default backend", default_class),
        (
            "one wildcard certificate for many hosts",
            format!(
                "{INGRESS}spec:\n  ingressClassName: traefik\n  tls: [{{hosts: ['*.example.org'], secretName: all}}]\n  rules:\n    - host: a.example.org\n      http: {{paths: [{{path: /, pathType: Prefix, backend: {{service: {{name: a, port: {{number: 80}}}}}}}}]}}\n"
            ),
        ),
        (
            "an exact and a prefix path of one name",
            format!(
                "{INGRESS}spec:\n  ingressClassName: traefik\n  tls: [{{secretName: all}}]\n  rules:\n    - host: a.example.org\n      http:\n        paths:\n          - {{path: /a, pathType: Prefix, backend: {{service: {{name: a, port: {{number: 80}}}}}}}}\n          - {{path: /a, pathType: Exact, backend: {{service: {{name: b, port: {{number: 80}}}}}}}}\n"
            ),
        ),
    ];
    for (what, text) in table {
        let (set, report) = judge(&[("example.yaml", &text)], false);
        assert!(!set.has_errors(), "{what}:\n{}", set.render(false));
        assert!(report.findings.is_empty(), "{what}:\n{}", render(&report.findings, &set, false));
    }
}

#[test]
fn hidden_mistakes_are_found() {
    let gateway = "---\napiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {name: edge, namespace: edge}\nspec:\n  gatewayClassName: acme\n  listeners:\n    - name: https\n      protocol: HTTPS\n      port: 443\n      hostname: '*.example.org'\n      tls: {certificateRefs: [{name: all}]}\n      allowedRoutes: {namespaces: {from: Selector, selector: {matchLabels: {kubernetes.io/metadata.name: shop}}}}\n";
    let rule = "    - timeouts: {request: 5s}\n      backendRefs: [{name: web, port: 80}]\n";
    let at_parent = ROUTE.replace("[shop.example.org]", "[example.org]");
    let table = [
        ("a wildcard is not its parent", format!("{at_parent}{rule}{gateway}"), vec!["GW021"]),
        (
            "a wildcard takes several labels",
            format!("{}{rule}{gateway}", ROUTE.replace("[shop.", "[a.b.")),
            vec![],
        ),
        (
            "a namespace that the selector does not choose",
            format!("{}{rule}{gateway}", ROUTE.replace("namespace: shop}", "namespace: docs}")),
            vec!["GW019"],
        ),
        (
            "a rewrite group in a class",
            format!(
                "{}  annotations: {{nginx.ingress.kubernetes.io/rewrite-target: /$1}}\nspec:\n  ingressClassName: nginx\n  tls: [{{secretName: all}}]\n  rules:\n    - host: a.example.org\n      http: {{paths: [{{path: '/a[(]x', pathType: ImplementationSpecific, backend: {{service: {{name: a, port: {{number: 80}}}}}}}}]}}\n",
                INGRESS
            ),
            vec!["IN015"],
        ),
    ];
    for (what, text, wanted) in table {
        assert_eq!(codes(&text, false), wanted, "{what}");
    }
}

#[test]
fn the_good_examples_are_left_alone() {
    let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples");
    let mut texts = Vec::new();
    for entry in fs::read_dir(format!("{root}/platform")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "yaml") {
            texts.push((path.display().to_string(), fs::read_to_string(&path).unwrap()));
        }
    }
    let texts: Vec<(&str, &str)> = texts.iter().map(|(name, text)| (&**name, &**text)).collect();
    assert!(!texts.is_empty());
    for everything in [false, true] {
        let (set, report) = judge(&texts, everything);
        assert!(report.findings.is_empty(), "{}", render(&report.findings, &set, false));
    }
}
