//! Istio: gateways, routes, destinations.
use crate::{
    mesh::{bound, gateway, istio, kube_gateway, pod, service},
    table::{check, join},
};

#[test]
fn what_a_gateway_does_not_admit_is_no_conflict() {
    let rules = &["IS007", "IS042"];
    let private = gateway("ops", "private", "istio: gw", "ops/x.example.com");
    let all = gateway("ops", "private", "istio: gw", "*.example.com");
    let one = bound("shop", "one", "x.example.com", "ops/private");
    let two = bound("ops", "two", "x.example.com", "private");
    let foreign = gateway("ops", "foreign", "istio: gw2", "y.example.org");
    check(&[
        ("for one of the two namespaces", join(&[&private, &one, &two]), false, rules, &["IS042 error"]),
        ("for both", join(&[&all, &one, &two]), false, rules, &["IS007 warning"]),
        (
            "one of two Gateways takes none of the hosts",
            join(&[&all, &foreign, &bound("ops", "two", "x.example.com", "private, foreign")]),
            false,
            rules,
            &["IS042 warning"],
        ),
        (
            "each of two Gateways takes one of the hosts",
            join(&[&all, &foreign, &bound("ops", "two", "x.example.com, y.example.org", "private, foreign")]),
            false,
            rules,
            &[],
        ),
    ]);
}

#[test]
fn gateways_of_the_gateway_api() {
    let rules = &["IS041", "IS042"];
    let there = kube_gateway("hostname: a.example.com");
    check(&[
        ("its own", join(&[&there, &bound("shop", "v", "a.example.com", "gw")]), true, rules, &[]),
        (
            "by the whole name",
            join(&[&there, &bound("shop", "v", "a.example.com", "shop/gw")]),
            true,
            rules,
            &[],
        ),
        (
            "another host",
            join(&[&there, &bound("shop", "v", "b.example.com", "gw")]),
            true,
            rules,
            &["IS042 error"],
        ),
        (
            "from a namespace that it does not admit",
            join(&[&there, &bound("other", "v", "a.example.com", "shop/gw")]),
            true,
            rules,
            &["IS042 error"],
        ),
        (
            "from a namespace that it admits",
            join(&[
                &kube_gateway("allowedRoutes: {namespaces: {from: All}}"),
                &bound("other", "v", "a.example.com", "shop/gw"),
            ]),
            true,
            rules,
            &[],
        ),
        (
            "one that is not there",
            join(&[&there, &bound("shop", "v", "a.example.com", "gone")]),
            true,
            rules,
            &["IS041 error"],
        ),
    ]);
}

#[test]
fn subsets_by_zone() {
    let rule = |labels: &str| {
        istio(
            "DestinationRule",
            "shop",
            "a",
            &format!("{{host: a, subsets: [{{name: z, labels: {{{labels}}}}}]}}"),
        )
    };
    let set = |labels: &str| {
        join(&[&pod("shop", "a", "", ""), &service("shop", "a", "{name: http, port: 80}"), &rule(labels)])
    };
    let rules = &["IS018"];
    check(&[
        ("by zone", set("topology.kubernetes.io/zone: z1"), true, rules, &[]),
        (
            "by zone and version",
            set("topology.kubernetes.io/zone: z1, version: v2"),
            true,
            rules,
            &["IS018 error"],
        ),
        ("by version", set("version: v2"), true, rules, &["IS018 error"]),
    ]);
}

#[test]
fn gateways_on_the_same_pods() {
    let rules = &["IS040", "IS066", "IS071"];
    let pods = pod("edge", "gw", ", istio: gw", "");
    let one = gateway("edge", "one", "istio: gw", "a.example.com");
    let two = gateway("edge", "two", "'istio': gw, app: gw", "a.example.com");
    let other = gateway("edge", "two", "istio: other", "a.example.com");
    let way = service("edge", "gw", "{name: http2, port: 80, targetPort: 8080}");
    let moved = one.replace("number: 80", "number: 8004");
    let tls = |name: &str, host: &str, certificate: &str| {
        istio(
            "Gateway",
            "edge",
            name,
            &format!(
                "{{selector: {{istio: gw}}, servers: [{{port: {{number: 443, name: https, protocol: HTTPS}}, hosts: [{host}], tls: {{mode: SIMPLE, credentialName: {certificate}}}}}]}}"
            ),
        )
    };
    check(&[
        ("by two selectors", join(&[&pods, &one, &two]), false, rules, &["IS040 error"]),
        ("by selectors for different pods", join(&[&pods, &one, &other]), false, rules, &[]),
        ("a port of the Service", join(&[&pods, &way, &one]), false, rules, &[]),
        (
            "a port of the pods",
            join(&[&pods, &way, &one.replace("number: 80", "number: 8080")]),
            false,
            rules,
            &[],
        ),
        ("a port of nobody", join(&[&pods, &way, &moved]), false, rules, &["IS066 warning"]),
        (
            "one certificate",
            join(&[&pods, &tls("one", "a.example.com", "wild"), &tls("two", "b.example.com", "wild")]),
            false,
            rules,
            &["IS071 warning"],
        ),
        (
            "a certificate each",
            join(&[&pods, &tls("one", "a.example.com", "a"), &tls("two", "b.example.com", "b")]),
            false,
            rules,
            &[],
        ),
    ]);
}

#[test]
fn routes_inside_the_mesh() {
    let mesh = |spec: &str| istio("VirtualService", "shop", "v", &format!("{{hosts: [cart], {spec}}}"));
    let cart = service("shop", "cart", "{name: http, port: 8080}");
    let two = service("shop", "two", "{name: http, port: 80}, {name: http-b, port: 81}");
    let fits = service("shop", "two", "{name: http, port: 8080}, {name: http-b, port: 81}");
    let to_two = mesh("http: [{timeout: 1s, route: [{destination: {host: two}}]}]");
    let entry = |export: &str| {
        istio(
            "ServiceEntry",
            "other",
            "api",
            &format!(
                "{{hosts: [api.example.com], exportTo: [{export}], ports: [{{number: 443, name: tls, protocol: TLS}}], resolution: DNS, location: MESH_EXTERNAL}}"
            ),
        )
    };
    let to_api = mesh("http: [{timeout: 1s, route: [{destination: {host: api.example.com}}]}]");
    let ghost = istio("DestinationRule", "shop", "ghost", "{host: ghost.shop.svc.cluster.local}");
    let hidden =
        two.replace("name: two, ", "name: two, annotations: {networking.istio.io/exportTo: 'pay'}, ");
    let to_port = to_two.replace("host: two", "host: two, port: {number: 80}");
    let rules = &["IS012", "IS067", "IS068"];
    check(&[
        ("no port of several", join(&[&cart, &two, &to_two]), false, rules, &["IS012 error"]),
        ("one of them is the clients'", join(&[&cart, &fits, &to_two]), false, rules, &[]),
        ("the port is said", join(&[&cart, &two, &to_port]), false, rules, &[]),
        (
            "to an entry of another namespace",
            join(&[&cart, &entry("'.'"), &to_api]),
            false,
            rules,
            &["IS068 error"],
        ),
        ("to one that is exported", join(&[&cart, &entry("shop"), &to_api]), false, rules, &[]),
        ("to one for everybody", join(&[&cart, &entry("'*'"), &to_api]), false, rules, &[]),
        ("to a Service for others", join(&[&cart, &hidden, &to_port]), false, rules, &["IS068 error"]),
        ("a rule for nobody", join(&[&cart, &ghost]), true, rules, &["IS067 warning"]),
        ("a rule for somebody elsewhere", join(&[&cart, &ghost]), false, rules, &[]),
        (
            "a rule for the API server",
            istio("DestinationRule", "shop", "api", "{host: kubernetes.default.svc.cluster.local}"),
            true,
            rules,
            &[],
        ),
    ]);
}

#[test]
fn routes_of_connections() {
    let one = |spec: &str| istio("VirtualService", "shop", "v", &format!("{{hosts: [cart], {spec}}}"));
    let to = "route: [{destination: {host: cart}}]";
    let rules = &["IS008"];
    check(&[
        (
            "the same match twice",
            one(&format!("tcp: [{{match: [{{port: 8080}}], {to}}}, {{match: [{{port: 8080}}], {to}}}]")),
            false,
            rules,
            &["IS008 warning"],
        ),
        (
            "two ports",
            one(&format!("tcp: [{{match: [{{port: 8080}}], {to}}}, {{match: [{{port: 8081}}], {to}}}]")),
            false,
            rules,
            &[],
        ),
        (
            "a name below a wildcard",
            one(&format!(
                "tls: [{{match: [{{sniHosts: ['*.a.example']}}], {to}}}, {{match: [{{sniHosts: [b.a.example]}}], {to}}}]"
            )),
            false,
            rules,
            &["IS008 warning"],
        ),
        (
            "one match of two",
            one(&format!(
                "http: [{{match: [{{uri: {{prefix: /a}}}}], {to}}}, {{match: [{{uri: {{prefix: /a/b}}}}, {{uri: {{prefix: /c}}}}], {to}}}]"
            )),
            false,
            rules,
            &["IS008 info"],
        ),
    ]);
}
