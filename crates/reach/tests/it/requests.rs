//! Requests from outside for hosts that a set publishes: followed to the pods.
use netloom_cluster::{Options, build};
use netloom_explain::{Explanation, Options as Asking, World};
use netloom_objects::{ObjectSet, Source, parse_sources};
use netloom_reach::explain_published;

use crate::support::{namespace, policy};

const WEB: &str = "---\napiVersion: v1\nkind: Pod\nmetadata: {name: web, namespace: shop, labels: {app: web}}\nspec: {containers: [{name: c, image: 'i:1', ports: [{containerPort: 8080, name: http}]}]}\n---\napiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: shop}\nspec: {selector: {app: web}, ports: [{name: http, port: 80, targetPort: http}]}\n";

/// Pods that carry Ingresses out, and their load balancer.
const CONTROLLER: &str = "---\napiVersion: v1\nkind: Pod\nmetadata: {name: nginx, namespace: ingress-nginx, labels: {app.kubernetes.io/name: ingress-nginx}}\nspec: {containers: [{name: c, image: 'i:1', ports: [{containerPort: 80}]}]}\n---\napiVersion: v1\nkind: Service\nmetadata: {name: nginx, namespace: ingress-nginx}\nspec: {type: LoadBalancer, selector: {app.kubernetes.io/name: ingress-nginx}, ports: [{port: 80}]}\n";

fn ingress(rules: &str) -> String {
    format!(
        "---\napiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {{name: web, namespace: shop}}\nspec:\n  ingressClassName: nginx\n  rules: [{rules}]\n"
    )
}

fn rule(host: &str, path: &str, kind: &str, service: &str, port: &str) -> String {
    let host = if host.is_empty() { String::new() } else { format!("host: '{host}', ") };
    format!(
        "{{{host}http: {{paths: [{{path: {path}, pathType: {kind}, backend: {{service: {{name: {service}, port: {{{port}}}}}}}}}]}}}}"
    )
}

/// What is explained; none where it is a connection as any other.
fn told(set: &str, from: &str, to: &str) -> Option<Explanation> {
    let objects = ObjectSet::assemble(parse_sources(&[Source::new("set.yaml", set)]));
    assert!(!objects.has_errors(), "{}", objects.render(false));
    let world = World::compile(build(&objects, &Options::default()).snapshot);
    let asking = Asking { objects: Some(&objects), ..Asking::default() };
    explain_published(&world, &objects, from, to, &asking).unwrap()
}

/// The last hop, with whether all is allowed.
fn end(set: &str, to: &str) -> (bool, String) {
    let told = told(set, "outside", to).expect("a host of the set");
    (told.allowed(), told.render(false))
}

fn shop(rules: &str) -> String {
    namespace("shop", "a: b") + WEB + &ingress(rules)
}

#[test]
fn a_request_is_followed_to_the_pods() {
    let set = shop(&rule("shop.example.org", "/", "Prefix", "web", "name: http"));
    let (allowed, words) = end(&(set.clone() + CONTROLLER), "http://shop.example.org/cart?x=1");
    assert!(allowed, "{words}");
    insta::assert_snapshot!("request_allowed", words);
    // The policies of the pods say no to the controller.
    let shut = policy("shop/deny", "podSelector: {}, policyTypes: [Ingress]");
    let (allowed, words) = end(&(set.clone() + CONTROLLER + &shut), "http://shop.example.org/");
    assert!(!allowed, "{words}");
    insta::assert_snapshot!("request_denied", words);
    // So do they to a controller that the set does not have.
    let (allowed, words) = end(&(set.clone() + &shut), "http://shop.example.org/");
    assert!(!allowed, "{words}");
    insta::assert_snapshot!("request_denied_without_controller", words);
    let (allowed, words) = end(&set, "https://shop.example.org");
    assert!(allowed, "{words}");
}

#[test]
fn a_controller_that_nobody_may_reach_is_no_way_in() {
    let set = shop(&rule("shop.example.org", "/", "Prefix", "web", "number: 80")) + CONTROLLER;
    let shut = policy("ingress-nginx/deny", "podSelector: {}, policyTypes: [Ingress]");
    let (allowed, words) = end(&(set.clone() + &shut), "http://shop.example.org/");
    assert!(!allowed && words.contains("ingress-nginx/deny"), "{words}");
    let no_egress = policy("ingress-nginx/deny", "podSelector: {}, policyTypes: [Egress]");
    let (allowed, words) = end(&(set + &no_egress), "http://shop.example.org/");
    assert!(!allowed && words.contains("ingress-nginx/deny"), "{words}");
}

#[test]
fn what_no_rule_takes_is_said() {
    let set = shop(
        &[
            rule("shop.example.org", "/cart", "Prefix", "web", "number: 80"),
            rule("shop.example.org", "/about", "Exact", "web", "number: 80"),
            rule("*.wild.example", "/", "Prefix", "web", "number: 80"),
            rule("lost.example.org", "/", "Prefix", "missing", "number: 80"),
            rule("port.example.org", "/", "Prefix", "web", "number: 81"),
        ]
        .join(", "),
    );
    for (to, allowed, said) in [
        ("http://shop.example.org/cart/1", true, "leads shop.example.org/cart/1 to Service shop/web:80"),
        (
            "http://shop.example.org/cartoon",
            false,
            "no rule for shop.example.org takes /cartoon; there are rules for",
        ),
        ("http://shop.example.org/about", true, "leads shop.example.org/about to"),
        ("http://shop.example.org/about/us", false, "no rule for shop.example.org takes /about/us"),
        ("http://a.wild.example", true, "leads a.wild.example/ to"),
        ("http://b.a.wild.example", false, "no Ingress or route of the set is for b.a.wild.example"),
        (
            "http://other.example.org",
            false,
            "no Ingress or route of the set is for other.example.org; they are for",
        ),
        ("http://lost.example.org", false, "there is no Service missing in namespace shop"),
        ("http://port.example.org", false, "Service shop/web has no port 81; it has 80"),
        ("a.wild.example:80", true, "leads a.wild.example/ to"),
    ] {
        let (is, words) = end(&set, to);
        assert_eq!(is, allowed, "{to}: {words}");
        let plain = words.split_whitespace().collect::<Vec<_>>().join(" ").replace("│ ", "");
        assert!(plain.contains(said), "{to}: {words}");
    }
}

#[test]
fn routes_and_virtual_services_are_followed_too() {
    let gateway = "---\napiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {name: gw, namespace: shop}\nspec: {gatewayClassName: istio, listeners: [{name: http, port: 80, protocol: HTTP, hostname: '*.example.org'}]}\n";
    let route = "---\napiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: web, namespace: shop}\nspec:\n  parentRefs: [{name: gw}]\n  hostnames: [shop.example.org, shop.example.com]\n  rules:\n  - matches: [{path: {type: Exact, value: /exact}}]\n    backendRefs: [{name: missing, port: 80}]\n  - matches: [{path: {value: /}, headers: [{name: x, value: z}]}]\n    backendRefs: [{name: missing, port: 80}]\n  - matches: [{path: {value: /api}}]\n    backendRefs: [{name: web, port: 80}]\n";
    let set = namespace("shop", "a: b") + WEB + gateway + route;
    for (to, allowed, said) in [
        (
            "http://shop.example.org/api/x",
            true,
            "HTTPRoute shop/web leads shop.example.org/api/x to Service shop/web:80",
        ),
        ("http://shop.example.org/exact", false, "there is no Service missing"),
        ("http://shop.example.org/", false, "no rule for shop.example.org takes /"),
        ("http://shop.example.com/api", false, "Gateway shop/gw has no listener for shop.example.com"),
        (
            "http://shop.example.org:8080/api",
            false,
            "Gateway shop/gw does not listen on 8080; it listens on 80",
        ),
    ] {
        let (is, words) = end(&set, to);
        let plain = words.split_whitespace().collect::<Vec<_>>().join(" ").replace("│ ", "");
        assert_eq!(is, allowed, "{to}: {words}");
        assert!(plain.contains(said), "{to}: {words}");
    }
    let istio = "---\napiVersion: networking.istio.io/v1\nkind: Gateway\nmetadata: {name: gw, namespace: shop}\nspec: {selector: {istio: ingressgateway}, servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ['shop.example.org']}]}\n---\napiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: web, namespace: shop}\nspec: {hosts: ['*.example.org'], gateways: [gw], http: [{match: [{uri: {prefix: /api}}], route: [{destination: {host: web, port: {number: 80}}}]}]}\n";
    let set = namespace("shop", "a: b") + WEB + istio;
    for (to, allowed, said) in [
        (
            "http://shop.example.org/apis",
            true,
            "VirtualService shop/web leads shop.example.org/apis to Service shop/web:80",
        ),
        ("http://shop.example.org/", false, "no rule for shop.example.org takes /"),
        ("http://other.example.org/api", false, "Gateway shop/gw has no listener for other.example.org"),
    ] {
        let (is, words) = end(&set, to);
        let plain = words.split_whitespace().collect::<Vec<_>>().join(" ").replace("│ ", "");
        assert_eq!(is, allowed, "{to}: {words}");
        assert!(plain.contains(said), "{to}: {words}");
    }
}

#[test]
fn a_name_of_a_load_balancer_is_its_service() {
    let service = "---\napiVersion: v1\nkind: Service\nmetadata: {name: public, namespace: shop, annotations: {external-dns.alpha.kubernetes.io/hostname: 'a.example, web.example.org'}}\nspec: {type: LoadBalancer, selector: {app: web}, ports: [{port: 443, targetPort: 8080}]}\n";
    let (allowed, words) = end(&(namespace("shop", "a: b") + WEB + service), "https://web.example.org/x");
    assert!(
        allowed && words.contains("Service shop/public has itself published as web.example.org"),
        "{words}"
    );
}

#[test]
fn other_questions_are_connections_as_any_other() {
    let set = shop(&rule("", "/", "Prefix", "web", "number: 80"));
    for (from, to) in [
        ("shop/web", "http://shop.example.org/"),
        ("outside", "shop/web:80"),
        ("outside", "http://web.shop/"),
        ("outside", "udp://shop.example.org:53"),
        ("outside", "10.0.0.1:80"),
    ] {
        assert!(told(&set, from, to).is_none(), "{from} {to}");
    }
    assert!(told(&(namespace("shop", "a: b") + WEB), "outside", "http://shop.example.org/").is_none());
    // A rule without a host is for every one.
    assert!(told(&set, "outside", "http://any.example/").expect("a host").allowed());
}
