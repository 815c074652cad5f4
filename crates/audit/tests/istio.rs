//! Istio manifests on which the rules must be silent though they look odd, and odd ones that are wrong.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "what cannot be checked has to fail loudly")]
use std::sync::Arc;

use netloom_audit::{Closed, Rule, Settings, Version, audit};
use netloom_objects::{ObjectSet, Source, parse_source};

fn codes(text: &str, everything: bool, istio: Version) -> Vec<&'static str> {
    let set = ObjectSet::assemble(vec![Arc::new(parse_source(&Source::new("case.yaml", text)))]);
    assert!(!set.has_errors(), "{}", set.render(false));
    let closed = Closed { everything, ..Closed::default() };
    let settings = Settings { closed, istio_version: istio, ..Settings::default() };
    // These routes are as short as can be, and have no time limits and circuit breakers.
    let wanted = |rule: &Rule| rule.code.starts_with("IS") && !["IS060", "IS061"].contains(&rule.code);
    let mut found: Vec<&str> =
        audit(&set, &settings, &wanted).findings.iter().map(|finding| finding.rule.code).collect();
    found.sort_unstable();
    found.dedup();
    found
}

fn check(table: &[(&str, &str, &[&str])], everything: bool) {
    for (what, text, expected) in table {
        assert_eq!(codes(text, everything, Version::new(1, 29)), *expected, "{what}");
    }
}

fn virtual_service(spec: &str) -> String {
    let spec: String = spec.lines().map(|line| format!("  {line}\n")).collect();
    format!(
        "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {{name: a, namespace: shop}}\nspec:\n{spec}"
    )
}

#[test]
fn odd_routes_are_left_alone() {
    let table = [
        (
            "a later route for another method",
            "hosts: [a]\nhttp:\n- match: [{uri: {prefix: /}, method: {exact: GET}}]\n  route: [{destination: {host: a}}]\n- match: [{uri: {prefix: /x}}]\n  route: [{destination: {host: b}}]",
        ),
        (
            "an exact path before its prefix",
            "hosts: [a]\nhttp:\n- match: [{uri: {exact: /api}}]\n  route: [{destination: {host: a}}]\n- match: [{uri: {prefix: /api}}]\n  route: [{destination: {host: b}}]",
        ),
        (
            "a prefix that only looks longer",
            "hosts: [a]\nhttp:\n- match: [{uri: {prefix: /api/}}]\n  route: [{destination: {host: a}}]\n- match: [{uri: {prefix: /api}}]\n  route: [{destination: {host: b}}]",
        ),
        (
            "everything, for one source",
            "hosts: [a]\nhttp:\n- match: [{sourceLabels: {app: x}}]\n  route: [{destination: {host: a}}]\n- route: [{destination: {host: b}}]",
        ),
        (
            "everything, on one gateway",
            "hosts: [a.example]\ngateways: [mesh, g]\nhttp:\n- match: [{gateways: [g]}]\n  route: [{destination: {host: a}}]\n- route: [{destination: {host: b}}]",
        ),
        (
            "a delegate before the rest",
            "hosts: [a.example]\ngateways: [g]\nhttp:\n- delegate: {name: d, namespace: shop}\n- route: [{destination: {host: b}}]",
        ),
        (
            "shares that are no percentages",
            "hosts: [a]\nhttp:\n- route:\n  - {destination: {host: a}, weight: 3}\n  - {destination: {host: b}, weight: 1}",
        ),
        (
            "a canary at nothing",
            "hosts: [a]\nhttp:\n- route:\n  - {destination: {host: a}, weight: 100}\n  - {destination: {host: b}, weight: 0}",
        ),
        (
            "tries that just fit",
            "hosts: [a]\nhttp:\n- route: [{destination: {host: a}}]\n  timeout: 6s\n  retries: {attempts: 2, perTryTimeout: 2000ms}",
        ),
        (
            "no retries at all",
            "hosts: [a]\nhttp:\n- route: [{destination: {host: a}}]\n  timeout: 1s\n  retries: {attempts: 0, perTryTimeout: 2s}",
        ),
        (
            "faults for tests only",
            "hosts: [a]\nhttp:\n- match: [{headers: {x-test: {exact: 'yes'}}}]\n  fault: {abort: {httpStatus: 500, percentage: {value: 100}}}\n  route: [{destination: {host: a}}]\n- route: [{destination: {host: a}}]",
        ),
        (
            "a wildcard to one of its hosts",
            "hosts: ['*.maps.example']\ngateways: [egress/out]\ntls:\n- match: [{port: 443, sniHosts: ['*.maps.example']}]\n  route: [{destination: {host: www.maps.example}}]",
        ),
        (
            "a wildcard to the egress gateway",
            "hosts: ['*.maps.example']\ntls:\n- match: [{port: 443, sniHosts: ['*.maps.example']}]\n  route: [{destination: {host: out.egress.svc.cluster.local}}]",
        ),
        (
            "one server name to another host",
            "hosts: [db.vendor.example]\ntls:\n- match: [{port: 5432, sniHosts: [db.vendor.example]}]\n  route: [{destination: {host: link.cloud.example}}]",
        ),
        (
            "any origin without credentials",
            "hosts: [a]\nhttp:\n- corsPolicy: {allowOrigins: [{regex: '.*'}]}\n  route: [{destination: {host: a}}]",
        ),
        (
            "an escaped digit class",
            "hosts: [a]\nhttp:\n- match: [{uri: {regex: '/v\\d+/.*'}}]\n  route: [{destination: {host: a}}]",
        ),
    ];
    for (what, spec) in table {
        assert_eq!(codes(&virtual_service(spec), false, Version::new(1, 29)), Vec::<&str>::new(), "{what}");
    }
}

#[test]
fn odd_routes_are_found() {
    let table = [
        (
            "all of several matches taken",
            "hosts: [a]\nhttp:\n- match: [{uri: {prefix: /a}}]\n  route: [{destination: {host: a}}]\n- match: [{uri: {prefix: /b}}]\n  route: [{destination: {host: a}}]\n- match: [{uri: {exact: /a/1}}, {uri: {prefix: /b/2}}]\n  route: [{destination: {host: b}}]",
            "IS008",
        ),
        (
            "more conditions than the first",
            "hosts: [a]\nhttp:\n- match: [{headers: {x: {exact: '1'}}}]\n  route: [{destination: {host: a}}]\n- match: [{headers: {x: {exact: '1'}, y: {exact: '2'}}}]\n  route: [{destination: {host: b}}]",
            "IS008",
        ),
        (
            "weights of none",
            "hosts: [a]\nhttp:\n- route:\n  - {destination: {host: a}}\n  - {destination: {host: b}}",
            "IS009",
        ),
        (
            "a try as long as all",
            "hosts: [a]\nhttp:\n- route: [{destination: {host: a}}]\n  timeout: 2s\n  retries: {attempts: 2, perTryTimeout: 2s}",
            "IS010",
        ),
        (
            "a mirror's old field",
            "hosts: [a]\nhttp:\n- route: [{destination: {host: a}}]\n  mirror: {host: b}\n  mirror_percent: 5",
            "IS011",
        ),
        (
            "a back-reference",
            "hosts: [a]\nhttp:\n- match: [{uri: {regex: '/(.)\\1'}}]\n  route: [{destination: {host: a}}]",
            "IS054",
        ),
        (
            "the mesh by name",
            "hosts: ['*']\ngateways: [mesh, g]\nhttp:\n- route: [{destination: {host: a}}]",
            "IS056",
        ),
    ];
    for (what, spec, code) in table {
        assert_eq!(codes(&virtual_service(spec), false, Version::new(1, 29)), [code], "{what}");
    }
}

#[test]
fn several_objects_in_the_open_world() {
    check(
        &[
            (
                "a subset while the host's rule is elsewhere",
                "{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: a, namespace: shop}, spec: {hosts: [a], http: [{route: [{destination: {host: a, subset: v1}}]}]}}\n",
                &[],
            ),
            (
                "two rules of a host that add subsets to each other",
                "{apiVersion: networking.istio.io/v1, kind: DestinationRule, metadata: {name: a, namespace: shop}, spec: {host: a, trafficPolicy: {connectionPool: {tcp: {maxConnections: 9}}}, subsets: [{name: v1, labels: {v: '1'}}]}}\n---\n{apiVersion: networking.istio.io/v1, kind: DestinationRule, metadata: {name: b, namespace: shop}, spec: {host: a, subsets: [{name: v2, labels: {v: '2'}}]}}\n",
                &[],
            ),
            (
                "one short host in two namespaces",
                "{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: a, namespace: one}, spec: {hosts: [a], http: [{route: [{destination: {host: a}}]}]}}\n---\n{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: a, namespace: two}, spec: {hosts: [a], http: [{route: [{destination: {host: a}}]}]}}\n",
                &[],
            ),
            (
                "one host, kept to each namespace",
                "{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: a, namespace: one}, spec: {hosts: [a.example], exportTo: ['.'], http: [{route: [{destination: {host: a}}]}]}}\n---\n{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: a, namespace: two}, spec: {hosts: [a.example], exportTo: ['.'], http: [{route: [{destination: {host: a}}]}]}}\n",
                &[],
            ),
            (
                "one host of a gateway, split by path",
                "{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: a, namespace: one}, spec: {hosts: [a.example], gateways: [edge/g], http: [{match: [{uri: {prefix: /a}}], route: [{destination: {host: a}}]}]}}\n---\n{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: b, namespace: two}, spec: {hosts: [a.example], gateways: [edge/g], http: [{match: [{uri: {prefix: /b}}], route: [{destination: {host: b}}]}]}}\n",
                &[],
            ),
            (
                "one short host of a gateway in two namespaces, and a route for the mesh only",
                "{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: a, namespace: one}, spec: {hosts: [a, a.example], gateways: [mesh, edge/g], http: [{match: [{gateways: [mesh]}], route: [{destination: {host: a}}]}, {match: [{uri: {exact: /}}], route: [{destination: {host: a}}]}]}}\n---\n{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: a, namespace: two}, spec: {hosts: [a], gateways: [mesh, edge/g], http: [{route: [{destination: {host: a}}]}]}}\n---\n{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: b, namespace: two}, spec: {hosts: [a.example], gateways: [edge/g], http: [{route: [{destination: {host: a}}]}]}}\n",
                &[],
            ),
            (
                "one host of a gateway, twice the whole",
                "{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: a, namespace: one}, spec: {hosts: [a.example], gateways: [edge/g], http: [{match: [{uri: {prefix: /}}], route: [{destination: {host: a}}]}]}}\n---\n{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: b, namespace: two}, spec: {hosts: [a.example], gateways: [edge/g], http: [{route: [{destination: {host: b}}]}]}}\n",
                &["IS007"],
            ),
            (
                "an internal host beside the gateway's",
                "{apiVersion: networking.istio.io/v1, kind: Gateway, metadata: {name: g, namespace: shop}, spec: {selector: {istio: x}, servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: [a.example]}]}}\n---\n{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: a, namespace: shop}, spec: {hosts: [a.example, a], gateways: [mesh, g], http: [{route: [{destination: {host: a}}]}]}}\n",
                &[],
            ),
            (
                "a wildcard of a route over the gateway's host",
                "{apiVersion: networking.istio.io/v1, kind: Gateway, metadata: {name: g, namespace: shop}, spec: {selector: {istio: x}, servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: [./a.example]}]}}\n---\n{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: a, namespace: shop}, spec: {hosts: ['*.example'], gateways: [g], http: [{route: [{destination: {host: a}}]}]}}\n",
                &[],
            ),
            (
                "plaintext to pods that except themselves from strict mTLS",
                "{apiVersion: security.istio.io/v1, kind: PeerAuthentication, metadata: {name: default, namespace: shop}, spec: {mtls: {mode: STRICT}}}\n---\n{apiVersion: security.istio.io/v1, kind: PeerAuthentication, metadata: {name: a, namespace: shop}, spec: {selector: {matchLabels: {app: a}}, mtls: {mode: PERMISSIVE}}}\n---\n{apiVersion: networking.istio.io/v1, kind: DestinationRule, metadata: {name: a, namespace: shop}, spec: {host: a, trafficPolicy: {tls: {mode: DISABLE}}}}\n",
                &[],
            ),
            (
                "TLS to a host outside under strict mTLS",
                "{apiVersion: security.istio.io/v1, kind: PeerAuthentication, metadata: {name: default, namespace: istio-system}, spec: {mtls: {mode: STRICT}}}\n---\n{apiVersion: networking.istio.io/v1, kind: DestinationRule, metadata: {name: a, namespace: shop}, spec: {host: api.example, trafficPolicy: {tls: {mode: SIMPLE}}}}\n",
                &[],
            ),
            (
                "deny by default, and what is allowed",
                "{apiVersion: security.istio.io/v1, kind: AuthorizationPolicy, metadata: {name: default, namespace: shop}, spec: {}}\n---\n{apiVersion: security.istio.io/v1, kind: AuthorizationPolicy, metadata: {name: a, namespace: shop}, spec: {selector: {matchLabels: {app: a}}, rules: [{from: [{source: {principals: ['*/ns/shop/sa/b']}}], to: [{operation: {paths: ['/api/*', '*.png', '/x/{*}/y'], ports: ['8080']}}]}]}}\n",
                &[],
            ),
            (
                "a selector and an injected pod in ambient's namespace",
                "{apiVersion: v1, kind: Namespace, metadata: {name: edge, labels: {istio.io/dataplane-mode: ambient}}}\n---\n{apiVersion: apps/v1, kind: Deployment, metadata: {name: g, namespace: edge}, spec: {selector: {matchLabels: {app: g}}, template: {metadata: {labels: {app: g, sidecar.istio.io/inject: 'true'}}, spec: {containers: [{name: istio-proxy, image: auto}]}}}}\n---\n{apiVersion: security.istio.io/v1, kind: AuthorizationPolicy, metadata: {name: g, namespace: edge}, spec: {selector: {matchLabels: {app: g}}, rules: [{to: [{operation: {methods: [GET]}}]}]}}\n",
                &[],
            ),
            (
                "a shared port number that the pods have too",
                "{apiVersion: v1, kind: Service, metadata: {name: a, namespace: shop}, spec: {selector: {app: a}, ports: [{name: http, port: 80, targetPort: 8080}, {name: http-admin, port: 8081, targetPort: 80}]}}\n---\n{apiVersion: security.istio.io/v1, kind: AuthorizationPolicy, metadata: {name: a, namespace: shop}, spec: {selector: {matchLabels: {app: a}}, rules: [{from: [{source: {namespaces: [shop]}}], to: [{operation: {ports: ['80']}}]}]}}\n---\n{apiVersion: v1, kind: Pod, metadata: {name: a, namespace: shop, labels: {app: a}}, spec: {containers: [{name: a, image: 'a:1'}]}}\n",
                &[],
            ),
            (
                "Istio's own gateway as a source",
                "{apiVersion: v1, kind: Namespace, metadata: {name: edge}}\n---\n{apiVersion: apps/v1, kind: Deployment, metadata: {name: g, namespace: edge}, spec: {selector: {matchLabels: {app: g}}, template: {metadata: {labels: {app: g}}, spec: {serviceAccountName: g, containers: [{name: istio-proxy, image: 'docker.io/istio/proxyv2:1.29.0'}]}}}}\n---\n{apiVersion: security.istio.io/v1, kind: AuthorizationPolicy, metadata: {name: a, namespace: shop}, spec: {selector: {matchLabels: {app: a}}, rules: [{from: [{source: {principals: [cluster.local/ns/edge/sa/g]}}]}]}}\n",
                &[],
            ),
            (
                "a gateway that terminates nothing",
                "{apiVersion: networking.istio.io/v1, kind: Gateway, metadata: {name: g, namespace: shop}, spec: {selector: {istio: x}, servers: [{port: {number: 443, name: tls, protocol: TLS}, hosts: [a.example], tls: {mode: PASSTHROUGH}}, {port: {number: 5432, name: tcp, protocol: TCP}, hosts: ['*']}, {port: {number: 80, name: http, protocol: HTTP}, hosts: ['*'], tls: {httpsRedirect: true}}]}}\n",
                &[],
            ),
            (
                "TLS that the proxy originates",
                "{apiVersion: networking.istio.io/v1, kind: ServiceEntry, metadata: {name: a, namespace: shop}, spec: {hosts: [a.example], resolution: DNS, ports: [{number: 443, name: http, protocol: HTTP}]}}\n---\n{apiVersion: networking.istio.io/v1, kind: DestinationRule, metadata: {name: a, namespace: shop}, spec: {host: a.example, trafficPolicy: {tls: {mode: SIMPLE}}}}\n",
                &[],
            ),
            (
                "injection with Istio's CNI plugin",
                "{apiVersion: v1, kind: Namespace, metadata: {name: shop, labels: {istio-injection: enabled, pod-security.kubernetes.io/enforce: restricted}}}\n---\n{apiVersion: apps/v1, kind: DaemonSet, metadata: {name: istio-cni-node, namespace: istio-system}, spec: {selector: {matchLabels: {k8s-app: istio-cni-node}}, template: {metadata: {labels: {k8s-app: istio-cni-node}}, spec: {containers: [{name: install-cni, image: 'docker.io/istio/install-cni:1.29.0'}]}}}}\n",
                &[],
            ),
            (
                "an init container of an older injector in warn mode only",
                "{apiVersion: v1, kind: Namespace, metadata: {name: shop, labels: {istio.io/rev: stable, pod-security.kubernetes.io/warn: restricted}}}\n",
                &[],
            ),
            (
                "a Service outside of the mesh with plain port names",
                "{apiVersion: v1, kind: Namespace, metadata: {name: shop}}\n---\n{apiVersion: v1, kind: Service, metadata: {name: a, namespace: shop}, spec: {selector: {app: a}, ports: [{name: api, port: 80}]}}\n",
                &[],
            ),
        ],
        false,
    );
}

#[test]
fn several_objects_in_the_closed_world() {
    check(
        &[
            (
                "an external host by a wildcard entry",
                "{apiVersion: networking.istio.io/v1, kind: ServiceEntry, metadata: {name: a, namespace: shop}, spec: {hosts: ['*.maps.example'], resolution: NONE, ports: [{number: 443, name: tls, protocol: TLS}]}}\n---\n{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {name: a, namespace: shop}, spec: {hosts: [b.maps.example], tls: [{match: [{port: 443, sniHosts: [b.maps.example]}], route: [{destination: {host: b.maps.example, port: {number: 443}}}]}]}}\n",
                &[],
            ),
            (
                "tokens asked for by a policy of the whole namespace",
                "{apiVersion: security.istio.io/v1, kind: RequestAuthentication, metadata: {name: a, namespace: shop}, spec: {jwtRules: [{issuer: 'https://i.example', jwksUri: 'https://i.example/k'}]}}\n---\n{apiVersion: security.istio.io/v1, kind: AuthorizationPolicy, metadata: {name: a, namespace: shop}, spec: {action: DENY, rules: [{from: [{source: {notRequestPrincipals: ['*']}}]}]}}\n",
                &[],
            ),
            (
                "a mesh-wide mode",
                "{apiVersion: v1, kind: Namespace, metadata: {name: shop, labels: {istio-injection: enabled}}}\n---\n{apiVersion: security.istio.io/v1, kind: PeerAuthentication, metadata: {name: default, namespace: istio-system}, spec: {mtls: {mode: STRICT}}}\n---\n{apiVersion: security.istio.io/v1, kind: AuthorizationPolicy, metadata: {name: deny, namespace: istio-system}, spec: {}}\n",
                &[],
            ),
            (
                "an account that nobody has",
                "{apiVersion: security.istio.io/v1, kind: AuthorizationPolicy, metadata: {name: a, namespace: shop}, spec: {rules: [{from: [{source: {principals: [cluster.local/ns/shop/sa/b]}}]}]}}\n",
                &["IS031"],
            ),
            (
                "an account of another cluster",
                "{apiVersion: security.istio.io/v1, kind: AuthorizationPolicy, metadata: {name: a, namespace: shop}, spec: {rules: [{from: [{source: {principals: [west.example/ns/shop/sa/b]}}]}]}}\n",
                &[],
            ),
        ],
        true,
    );
}

/// What is superseded or deprecated depends on the version that is targeted.
#[test]
fn versions_decide() {
    let rule = |api: &str, spec: &str| {
        format!(
            "{{apiVersion: {api}, kind: DestinationRule, metadata: {{name: a, namespace: shop}}, spec: {{host: a.example, trafficPolicy: {spec}}}}}\n"
        )
    };
    let plain = "{tls: {mode: SIMPLE}}";
    let table: [(String, Version, &[&str]); 5] = [
        (rule("networking.istio.io/v1beta1", plain), Version::new(1, 29), &["IS001"]),
        (rule("networking.istio.io/v1beta1", plain), Version::new(1, 21), &[]),
        (rule("networking.istio.io/v1", plain), Version::new(1, 20), &["IS016"]),
        (
            rule("networking.istio.io/v1", "{loadBalancer: {simple: ROUND_ROBIN, warmupDurationSecs: 5s}}"),
            Version::new(1, 24),
            &[],
        ),
        (
            rule("networking.istio.io/v1", "{loadBalancer: {simple: ROUND_ROBIN, warmupDurationSecs: 5s}}"),
            Version::new(1, 29),
            &["IS011"],
        ),
    ];
    for (text, version, expected) in table {
        assert_eq!(codes(&text, false, version), expected, "{version} {text}");
    }
}

#[test]
fn what_the_definitions_refuse_is_found() {
    let object = |kind: &str, spec: &str| {
        let group = if kind == "DestinationRule" { "networking" } else { "security" };
        format!(
            "apiVersion: {group}.istio.io/v1\nkind: {kind}\nmetadata: {{name: a, namespace: shop}}\nspec: {spec}\n"
        )
    };
    let warmup = |fields: &str| {
        format!("{{host: a, trafficPolicy: {{loadBalancer: {{warmup: {{duration: 300s, {fields}}}}}}}}}")
    };
    let mtls = |port: &str| {
        format!("{{selector: {{matchLabels: {{a: b}}}}, portLevelMtls: {{'{port}': {{mode: STRICT}}}}}}")
    };
    let target = |more: &str| {
        format!("{{targetRef: {{kind: Service, name: a, {more}}}, jwtRules: [{{issuer: example}}]}}")
    };
    for (kind, spec, is_refused) in [
        ("DestinationRule", warmup("minimumPercent: 99.5, aggression: 1.5"), false),
        ("DestinationRule", warmup("minimumPercent: 150.0"), true),
        ("DestinationRule", warmup("aggression: -0.1"), true),
        ("PeerAuthentication", mtls("8080"), false),
        ("PeerAuthentication", mtls("0"), true),
        ("PeerAuthentication", mtls("70000"), true),
        ("PeerAuthentication", mtls("http"), true),
        ("RequestAuthentication", target("group: ''"), false),
        ("RequestAuthentication", target("group: __"), true),
        ("RequestAuthentication", target("namespace: other"), true),
        ("RequestAuthentication", "{jwtRules: [{issuer: example, spaceDelimitedClaims: ['']}]}".to_owned(), true),
        ("AuthorizationPolicy", "{rules: [{from: [{source: {trustDomains: [a.example]}}], when: [{key: source.trustDomain, values: [b]}]}]}".to_owned(), false),
        ("AuthorizationPolicy", "{rules: [{when: [{key: source.unknown, values: [b]}]}]}".to_owned(), true),
    ] {
        let found = codes(&object(kind, &spec), false, Version::new(1, 29));
        assert_eq!(found.contains(&"IS065"), is_refused, "{kind} {spec}: {found:?}");
    }
}
