//! Istio: who may call, and what steers the proxies.
use crate::{
    mesh::{gateway, istio, namespace, pod, service},
    table::{check, join},
};

#[test]
fn two_for_the_same_pods() {
    let sidecar = |name: &str, labels: &str| {
        istio(
            "Sidecar",
            "shop",
            name,
            &format!("{{workloadSelector: {{labels: {{{labels}}}}}, egress: [{{hosts: ['./*']}}]}}"),
        )
    };
    let telemetry = |name: &str, labels: &str| {
        istio("Telemetry", "shop", name, &format!("{{selector: {{matchLabels: {{{labels}}}}}}}"))
    };
    let entry = |name: &str, protocol: &str| {
        istio(
            "ServiceEntry",
            "shop",
            name,
            &format!(
                "{{hosts: [api.example.com], ports: [{{number: 443, name: p, protocol: {protocol}}}], resolution: DNS, location: MESH_EXTERNAL}}"
            ),
        )
    };
    let a = pod("shop", "a", ", tier: x", "");
    let rules = &["IS069", "IS070", "IS077"];
    check(&[
        (
            "selectors that meet",
            join(&[&a, &sidecar("one", "app: a"), &sidecar("two", "tier: x")]),
            false,
            rules,
            &["IS069 warning"],
        ),
        (
            "equal selectors",
            join(&[&sidecar("one", "app: b"), &sidecar("two", "app: b")]),
            false,
            rules,
            &["IS069 warning"],
        ),
        (
            "selectors that do not",
            join(&[&a, &sidecar("one", "app: a"), &sidecar("two", "tier: z")]),
            false,
            rules,
            &[],
        ),
        (
            "Telemetries",
            join(&[&a, &telemetry("one", "app: a"), &telemetry("two", "tier: x")]),
            false,
            rules,
            &["IS077 warning"],
        ),
        (
            "two protocols",
            join(&[&entry("one", "HTTPS"), &entry("two", "HTTP")]),
            false,
            rules,
            &["IS070 warning"],
        ),
        ("two words for one", join(&[&entry("one", "HTTPS"), &entry("two", "TLS")]), false, rules, &[]),
    ]);
}

#[test]
fn ambient() {
    let sidecar = istio("Sidecar", "shop", "default", "{egress: [{hosts: ['./*']}]}");
    let ambient = namespace("shop", "istio.io/dataplane-mode: ambient");
    let both = namespace("shop", "istio.io/dataplane-mode: ambient, istio.io/rev: stable");
    let policy = istio(
        "AuthorizationPolicy",
        "shop",
        "p",
        "{selector: {matchLabels: {gateway.networking.k8s.io/gateway-name: gw}}, rules: [{}]}",
    );
    let rules = &["IS050", "IS072", "IS073"];
    check(&[
        ("a Sidecar", join(&[&ambient, &sidecar]), false, rules, &["IS073 warning"]),
        (
            "a Sidecar among sidecars",
            join(&[&namespace("shop", "istio-injection: enabled"), &sidecar]),
            false,
            rules,
            &[],
        ),
        ("a revision beside it", both, false, rules, &["IS050 warning"]),
        ("a selector of a gateway's pods", policy, false, rules, &["IS072 warning"]),
    ]);
}

#[test]
fn callers_outside_of_a_strict_mesh() {
    let strict = istio("PeerAuthentication", "shop", "default", "{mtls: {mode: STRICT}}");
    let web = [
        namespace("shop", "istio-injection: enabled"),
        strict.clone(),
        service("shop", "web", "{name: http, port: 80, targetPort: 8080}"),
        pod("shop", "web", "", ""),
    ]
    .join("---\n");
    let caller = |namespace: &str| {
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: report, namespace: {namespace}}}\nspec: {{containers: [{{name: c, image: 'r:1', env: [{{name: WEB, value: 'http://web.shop'}}]}}]}}\n"
        )
    };
    let rules = &["IS074"];
    let open = web.replace("STRICT", "PERMISSIVE");
    check(&[
        (
            "outside",
            join(&[&web, &namespace("legacy", "team: a"), &caller("legacy")]),
            false,
            rules,
            &["IS074 error"],
        ),
        ("outside, where nobody says it", join(&[&web, &caller("legacy")]), false, rules, &[]),
        ("outside, in a complete set", join(&[&web, &caller("legacy")]), true, rules, &["IS074 error"]),
        ("inside", join(&[&web, &caller("shop")]), false, rules, &[]),
        (
            "pods that take both",
            join(&[&open, &namespace("legacy", "team: a"), &caller("legacy")]),
            false,
            rules,
            &[],
        ),
    ]);
}

#[test]
fn routes_that_authorization_refuses() {
    let base = |policy: &str| {
        [
            gateway("edge", "shop", "istio: gw", "shop.example"),
            pod("edge", "gw", ", istio: gw", "serviceAccountName: gw, "),
            namespace("shop", "istio-injection: enabled"),
            service("shop", "web", "{name: http, port: 80, targetPort: 8080}"),
            pod("shop", "web", "", ""),
            istio(
                "VirtualService",
                "shop",
                "shop",
                "{hosts: [shop.example], gateways: [edge/shop], http: [{match: [{uri: {prefix: /api}, method: {exact: GET}}], rewrite: {uri: /v1}, route: [{destination: {host: web}}]}]}",
            ),
            istio("AuthorizationPolicy", "shop", "web", policy),
        ]
        .join("---\n")
    };
    let rules = &["IS075"];
    let table: [(&str, &str, &[&str]); 12] = [
        (
            "another account",
            "{rules: [{from: [{source: {principals: [cluster.local/ns/edge/sa/other]}}]}]}",
            &["IS075 error"],
        ),
        (
            "the gateway's account",
            "{rules: [{from: [{source: {principals: [cluster.local/ns/edge/sa/gw]}}]}]}",
            &[],
        ),
        ("its namespace", "{rules: [{from: [{source: {namespaces: [edge]}}]}]}", &[]),
        (
            "the path before the rewrite",
            "{rules: [{to: [{operation: {paths: [/api/*]}}]}]}",
            &["IS075 error"],
        ),
        ("the path behind it", "{rules: [{to: [{operation: {paths: [/v1/*]}}]}]}", &[]),
        ("another method", "{rules: [{to: [{operation: {methods: [POST]}}]}]}", &["IS075 error"]),
        ("the Service's port", "{rules: [{to: [{operation: {ports: ['80']}}]}]}", &["IS075 error"]),
        ("the pods' port", "{rules: [{to: [{operation: {ports: ['8080']}}]}]}", &[]),
        ("a token, which nobody knows", "{rules: [{from: [{source: {requestPrincipals: ['*']}}]}]}", &[]),
        ("nothing", "{}", &["IS075 error"]),
        ("denied", "{action: DENY, rules: [{from: [{source: {notNamespaces: [shop]}}]}]}", &["IS075 error"]),
        ("something else is denied", "{action: DENY, rules: [{to: [{operation: {paths: [/admin*]}}]}]}", &[]),
    ];
    for (what, policy, expected) in table {
        check(&[(what, base(policy), false, rules, expected)]);
    }
}

#[test]
fn what_changes_the_proxies() {
    let filter = |patch: &str| {
        istio(
            "EnvoyFilter",
            "shop",
            "f",
            &format!("{{workloadSelector: {{labels: {{app: web}}}}, configPatches: [{patch}]}}"),
        )
    };
    let plugin = |more: &str| {
        istio("WasmPlugin", "shop", "w", &format!("{{selector: {{matchLabels: {{app: web}}}}, {more}}}"))
    };
    let rules = &["IS023", "IS065", "IS076", "IS078", "IS079"];
    let typed = "value: {name: a, typed_config: {'@type': type.googleapis.com/envoy.extensions.filters.http.lua.v3.Lua}}";
    check(&[
        (
            "a filter that fits",
            filter(&format!(
                "{{applyTo: HTTP_FILTER, match: {{context: SIDECAR_INBOUND}}, patch: {{operation: INSERT_BEFORE, {typed}}}}}"
            )),
            false,
            rules,
            &[],
        ),
        (
            "an old type",
            filter(&format!(
                "{{applyTo: HTTP_FILTER, patch: {{operation: INSERT_BEFORE, {}}}}}",
                typed.replace("extensions.filters.http.lua.v3", "config.filter.http.lua.v2")
            )),
            false,
            rules,
            &["IS076 error"],
        ),
        (
            "no type",
            filter("{applyTo: HTTP_FILTER, patch: {operation: INSERT_FIRST, value: {name: envoy.lua}}}"),
            false,
            rules,
            &["IS076 error"],
        ),
        (
            "an operation without effect",
            filter("{applyTo: CLUSTER, patch: {operation: REPLACE, value: {connect_timeout: 1s}}}"),
            false,
            rules,
            &["IS076 warning"],
        ),
        (
            "a version that is gone",
            filter(
                "{applyTo: CLUSTER, match: {proxy: {proxyVersion: '^1\\.9\\..*'}}, patch: {operation: MERGE, value: {connect_timeout: 1s}}}",
            ),
            false,
            rules,
            &["IS076 warning"],
        ),
        (
            "a word that there is not",
            filter("{applyTo: HTTP_FILTERS, patch: {operation: MERGE, value: {name: a}}}"),
            false,
            rules,
            &["IS065 error"],
        ),
        (
            "pods that there are not",
            filter("{applyTo: CLUSTER, patch: {operation: MERGE, value: {a: b}}}"),
            true,
            rules,
            &["IS023 warning"],
        ),
        ("a plugin", plugin("url: oci://r.example/a:1, phase: AUTHN"), false, rules, &[]),
        (
            "one that fails open",
            plugin("url: oci://r.example/a:1, phase: AUTHZ, failStrategy: FAIL_OPEN"),
            false,
            rules,
            &["IS078 warning"],
        ),
        (
            "one that only counts",
            plugin("url: oci://r.example/a:1, phase: STATS, failStrategy: FAIL_OPEN"),
            false,
            rules,
            &[],
        ),
        ("latest", plugin("url: oci://r.example/a"), false, rules, &["IS079 warning"]),
        ("plain HTTP", plugin("url: http://r.example/a.wasm"), false, rules, &["IS079 warning"]),
        (
            "plain HTTP with a digest",
            plugin(&format!("url: http://r.example/a.wasm, sha256: {}", "0a".repeat(32))),
            false,
            rules,
            &[],
        ),
        ("no address", plugin("phase: AUTHN"), false, rules, &["IS065 error"]),
    ]);
}

#[test]
fn annotations_and_labels() {
    let deployment = |own: &str, template: &str| {
        format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web, namespace: shop{own}}}\nspec:\n  selector: {{matchLabels: {{app: web}}}}\n  template:\n    metadata: {{labels: {{app: web}}{template}}}\n    spec: {{containers: [{{name: c, image: 'w:1'}}]}}\n"
        )
    };
    let rules = &["IS080", "IS081", "IS082"];
    let inject = ", annotations: {sidecar.istio.io/inject: \"false\"}";
    check(&[
        ("of the pods", deployment("", inject), false, rules, &[]),
        ("of the Deployment", deployment(inject, ""), false, rules, &["IS081 warning"]),
        ("of both", deployment(inject, inject), false, rules, &[]),
        (
            "a name that is nearly right",
            deployment("", ", annotations: {sidecar.istio.io/injects: \"false\"}"),
            false,
            rules,
            &["IS080 warning"],
        ),
        (
            "a name that nobody knows",
            deployment("", ", annotations: {sidecar.istio.io/bananas: \"1\"}"),
            false,
            rules,
            &["IS080 info"],
        ),
        (
            "a switch that is none",
            deployment("", ", annotations: {sidecar.istio.io/inject: disabled}"),
            false,
            rules,
            &["IS082 warning"],
        ),
        (
            "ports that are none",
            deployment("", ", annotations: {traffic.sidecar.istio.io/excludeOutboundPorts: mysql}"),
            false,
            rules,
            &["IS082 error"],
        ),
        (
            "the label of a namespace on pods",
            deployment("", "")
                .replace("{app: web}}\n    spec", "{app: web, istio-injection: enabled}}\n    spec"),
            false,
            rules,
            &["IS081 warning"],
        ),
        (
            "ambient with another word",
            namespace("shop", "istio.io/dataplane-mode: enabled"),
            false,
            rules,
            &["IS082 warning"],
        ),
        (
            "what charts write",
            namespace("shop", "istio.io/rev: default, install.operator.istio.io/owning-resource: x"),
            false,
            rules,
            &[],
        ),
    ]);
    let policy = |namespaces: &str| {
        istio(
            "AuthorizationPolicy",
            "shop",
            "p",
            &format!("{{rules: [{{from: [{{source: {{namespaces: ['{namespaces}']}}}}]}}]}}"),
        )
    };
    let prod = namespace("prod-a", "team: a");
    check(&[
        ("namespaces by a pattern", join(&[&prod, &policy("prod-*")]), true, &["IS031"], &[]),
        ("a pattern that none fits", join(&[&prod, &policy("stage-*")]), true, &["IS031"], &["IS031 error"]),
        ("which may be elsewhere", join(&[&prod, &policy("stage-*")]), false, &["IS031"], &[]),
    ]);
}
