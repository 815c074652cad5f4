//! Who and what a question may name, and what is said of one that names nothing.
mod common;

use common::Fixture;
use netloom_explain::Verdict;

fn shop() -> Fixture {
    let policies = include_str!("policies.yaml");
    Fixture::new(&[("shop.yaml", include_str!("shop.yaml")), ("policies.yaml", policies)])
}

#[test]
fn sources_and_destinations_are_found() {
    let fixture = shop();
    let backend = fixture.pods("backend")[0];
    let (pod, ip) = (fixture.world.snapshot.pod(backend).name.clone(), fixture.pod_ip(backend));
    let service = fixture.cluster_ip("production", "backend");
    let table = [
        ("frontend", "backend".to_owned(), true),
        ("production/frontend", "production/backend".to_owned(), true),
        ("frontend", "backend:http".to_owned(), true),
        ("frontend", "backend.production:80".to_owned(), true),
        ("frontend", "http://backend.production.svc.cluster.local.".to_owned(), true),
        // The pods' own port, which the Service of the same name does not have.
        ("frontend", "production/backend:8080".to_owned(), true),
        ("frontend", format!("{pod}:8080"), true),
        ("frontend", format!("production/{pod}"), true),
        ("frontend", format!("{ip}:8080"), true),
        ("frontend", format!("{ip}"), true),
        ("frontend", format!("{service}:80"), true),
        ("frontend", format!("{service}"), true),
        ("frontend", format!("http://{service}/"), true),
        ("frontend", format!("{ip}:80"), false),
        ("frontend", "kube-dns.kube-system:53/udp".to_owned(), true),
        ("frontend", "kube-dns.kube-system:dns".to_owned(), true),
        ("frontend", "outside:443".to_owned(), false),
        ("scraper", "outside:443".to_owned(), true),
        ("scraper", "10.244.200.200:80".to_owned(), false),
        ("scraper", "10.96.200.200:80".to_owned(), false),
        ("scraper", "node/node-1:12345".to_owned(), false),
        ("node/node-1", "http://backend.production".to_owned(), false),
        ("203.0.113.77", format!("{ip}:8080"), false),
        ("outside", "backend".to_owned(), false),
        // No manifest says that it listens, and none that it does not.
        ("stranger", "stranger:1".to_owned(), true),
    ];
    for (from, to, allowed) in table {
        let told = fixture.explain(from, &to);
        assert_eq!(told.allowed(), allowed, "{from} {to}\n{}", told.render(false));
        assert_eq!(told.verdict == Verdict::Denied, told.hops.iter().any(|h| !h.is_ok()), "{from} {to}");
        assert!(!told.hops.is_empty(), "{from} {to}");
    }
}

#[test]
fn a_source_by_its_address_is_the_pod() {
    let fixture = shop();
    let pod = fixture.pods("frontend")[0];
    let told = fixture.explain(&fixture.pod_ip(pod).to_string(), "backend");
    assert_eq!(told.from, fixture.world.snapshot.pod(pod).qualified_name());
    assert!(told.allowed());
}

#[test]
fn what_is_not_there_is_told_with_what_is_near() {
    let fixture = shop();
    let table = [
        (
            "production/frontned",
            "backend",
            "no workload, pod or Service `frontned` in namespace production; did you mean frontend?",
        ),
        ("frontned", "backend", "no workload, pod or Service `frontned`; did you mean frontend?"),
        (
            "monitoring/frontend",
            "backend",
            "no workload, pod or Service `frontend` in namespace monitoring; did you mean production/frontend?",
        ),
        ("prodction/frontend", "backend", "no namespace `prodction`; did you mean production?"),
        ("node/node-9", "backend", "no node `node-9`; did you mean node-1 or node-2?"),
        ("frontend:80", "backend", "the source must not name a port: `frontend:80`"),
        ("frontend", "backnd", "no Service, workload or pod `backnd`; did you mean backend?"),
        (
            "frontend",
            "backend:grpc",
            "Service production/backend has no port named `grpc`; it has 80/TCP (http)",
        ),
        ("frontend", "stranger", "production/stranger needs a port"),
        ("frontend", "outside", "outside needs a port"),
        ("frontend", "10.0.0.1", "10.0.0.1 needs a port"),
        ("frontend", "tcp://api.example.com", "api.example.com needs a port"),
        ("frontend", "backend:99999", "`99999` is no port: a number from 1 to 65535, or a port's name"),
        ("outside", "http://frontned.production", "no Service `frontned.production`; did you mean frontend?"),
        (
            "",
            "backend",
            "FROM and TO must not be empty: name a workload, a pod, a Service, an address, `node/NAME` or `outside`",
        ),
    ];
    for (from, to, expected) in table {
        assert_eq!(fixture.error(from, to), expected, "{from} {to}");
    }
}

#[test]
fn a_name_in_several_namespaces_must_be_qualified() {
    let pod = |namespace: &str| {
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: web, namespace: {namespace}}}\nspec: {{containers: [{{name: c, image: c, ports: [{{containerPort: 80}}]}}]}}\n---\n"
        )
    };
    let two = Fixture::new(&[("a.yaml", &format!("{}{}", pod("one"), pod("two")))]);
    assert_eq!(two.error("web", "web"), "`web` is in several namespaces: write one/web or two/web");
    // From a pod of one of them the short name is its own namespace's.
    assert_eq!(two.explain("one/web", "web").from, "one/web");
    let three = Fixture::new(&[("a.yaml", &format!("{}{}{}", pod("one"), pod("two"), pod("default")))]);
    assert_eq!(three.explain("web", "two/web").from, "default/web");
}

#[test]
fn no_question_is_too_odd() {
    let fixture = shop();
    let texts = [
        "",
        " ",
        "/",
        "//",
        ":",
        "a:b:c",
        "é",
        "node/",
        "http://",
        "[::1",
        "[::1]:80",
        "::1",
        "0.0.0.0:1",
        "255.255.255.255",
        "production/",
        "/frontend",
        "…/…:…",
    ];
    for from in texts.into_iter().chain(["frontend", "outside", "node/node-1", "203.0.113.1", "::1"]) {
        for to in texts {
            if let Ok(told) = netloom_explain::explain(&fixture.world, from, to, &fixture.options()) {
                _ = told.render(true);
            }
        }
    }
}
