//! What people read: one situation each, with the line that has to change.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod common;

use common::Fixture;
use netloom_cluster::{Families, Options};

const SHOP: &str = include_str!("shop.yaml");
const POLICIES: &str = include_str!("policies.yaml");

fn shop(policies: &str) -> Fixture {
    Fixture::new(&[("shop.yaml", SHOP), ("policies.yaml", policies)])
}

/// Text and JSON in one snapshot, so that they are seen to say the same.
fn both(fixture: &Fixture, from: &str, to: &str) -> String {
    let told = fixture.explain(from, to);
    format!("{}\n{}\n", told.render(false), serde_json::to_string_pretty(&told).unwrap())
}

fn text(fixture: &Fixture, from: &str, to: &str) -> String {
    fixture.explain(from, to).render(false)
}

#[test]
fn allowed_through_a_service() {
    insta::assert_snapshot!(both(&shop(POLICIES), "production/frontend", "http://backend/orders"));
}

#[test]
fn allowed_from_another_namespace() {
    insta::assert_snapshot!(text(&shop(POLICIES), "controller", "http://frontend.production"));
}

#[test]
fn both_sides_deny_a_stranger() {
    insta::assert_snapshot!(both(&shop(POLICIES), "stranger", "backend"));
}

#[test]
fn dns_forgotten() {
    let fixture = shop(&POLICIES.replace("name: dns,", "name: dns-of-others,").replacen(
        "podSelector: {}\n  policyTypes: [Egress]\n",
        "podSelector: {matchLabels: {app: other}}\n  policyTypes: [Egress]\n",
        1,
    ));
    insta::assert_snapshot!(both(&fixture, "frontend", "http://backend/orders"));
}

#[test]
fn dns_over_udp_only() {
    let fixture = shop(&POLICIES.replace("    - {protocol: TCP, port: 53}\n", ""));
    insta::assert_snapshot!(text(&fixture, "frontend", "http://backend/orders"));
}

#[test]
fn service_port_in_place_of_the_pod_port() {
    let fixture = shop(&POLICIES.replace("    - port: 8080", "    - port: 80"));
    insta::assert_snapshot!(both(&fixture, "frontend", "http://backend/orders"));
}

#[test]
fn namespace_label_that_does_not_exist() {
    let fixture =
        shop(&POLICIES.replace("kubernetes.io/metadata.name: ingress-nginx", "name: ingress-nginx"));
    insta::assert_snapshot!(text(&fixture, "controller", "http://frontend.production"));
}

#[test]
fn pod_label_that_does_not_exist() {
    let fixture = shop(
        &POLICIES.replace("{matchLabels: {app: db}}\n    ports", "{matchLabels: {app: databse}}\n    ports"),
    );
    insta::assert_snapshot!(text(&fixture, "backend", "db:5432"));
}

const OR_FOR_AND: &str = "
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: frontend, namespace: production}
spec:
  podSelector: {matchLabels: {app: frontend}}
  ingress:
  - from:
    - namespaceSelector:
        matchLabels: {team: ops}
    - podSelector:
        matchLabels: {app: grafana}
    ports: [{port: http}]
";

#[test]
fn or_where_and_was_meant() {
    insta::assert_snapshot!(text(&shop(OR_FOR_AND), "scraper", "http://frontend.production"));
}

const ONE_SIDE: &str = "
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: closed, namespace: production}
spec:
  podSelector: {matchLabels: {app: backend}}
  policyTypes:
  - Egress
  - Ingress
";

#[test]
fn the_other_side_is_denied_by_default() {
    insta::assert_snapshot!(text(&shop(ONE_SIDE), "frontend", "backend"));
}

const ONLY_SOME: &str = "
apiVersion: v1
kind: Pod
metadata: {name: backend-canary, namespace: production, labels: {app: backend, track: canary}}
spec:
  containers: [{name: api, image: api, ports: [{containerPort: 8080}]}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: canary, namespace: production}
spec:
  podSelector: {matchLabels: {track: canary}}
  ingress:
  - from: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.244.0.0/16]}}]
";

#[test]
fn some_endpoints_are_denied() {
    insta::assert_snapshot!(text(&shop(ONLY_SOME), "frontend", "backend"));
}

const ADMIN: &str = "
apiVersion: policy.networking.k8s.io/v1alpha2
kind: ClusterNetworkPolicy
metadata: {name: no-scraping}
spec:
  tier: Admin
  priority: 10
  subject: {namespaces: {matchLabels: {kubernetes.io/metadata.name: production}}}
  ingress:
  - name: monitoring
    action: Deny
    from:
    - namespaces: {matchLabels: {team: ops}}
";

#[test]
fn an_admin_denies() {
    insta::assert_snapshot!(text(&shop(ADMIN), "scraper", "http://frontend.production"));
}

#[test]
fn nothing_listens_on_the_target_port() {
    let manifests = SHOP.replace("    targetPort: 8080", "    targetPort: 8081");
    let fixture = Fixture::new(&[("shop.yaml", &manifests)]);
    insta::assert_snapshot!(text(&fixture, "frontend", "http://backend"));
}

#[test]
fn a_service_selects_nothing() {
    let manifests =
        SHOP.replacen("  selector: {app: backend}\n  ports", "  selector: {app: backnd}\n  ports", 1);
    let fixture = Fixture::new(&[("shop.yaml", &manifests)]);
    insta::assert_snapshot!(text(&fixture, "frontend", "http://backend"));
}

#[test]
fn a_service_lacks_the_port() {
    insta::assert_snapshot!(text(&shop(POLICIES), "frontend", "http://backend:8080"));
}

#[test]
fn a_headless_service() {
    insta::assert_snapshot!(text(&shop(POLICIES), "backend", "db-0.db:sql"));
}

#[test]
fn a_name_that_does_not_exist() {
    insta::assert_snapshot!(text(&shop(POLICIES), "scraper", "http://frontend"));
}

const ON_THE_NODE: &str = "
apiVersion: v1
kind: Pod
metadata: {name: exporter, namespace: production}
spec:
  hostNetwork: true
  containers: [{name: c, image: c}]
";

#[test]
fn a_pod_on_the_hosts_network_asks_the_hosts_resolver() {
    let fixture = shop(ON_THE_NODE);
    let host_resolver = netloom_naming::ResolvConf::parse("nameserver 192.0.2.53");
    let options = netloom_explain::Options { host_resolver, ..fixture.options() };
    let told = netloom_explain::explain(&fixture.world, "exporter", "http://backend.production", &options);
    insta::assert_snapshot!(told.unwrap().render(false));
}

const EXTERNAL_NAME: &str = "
---
apiVersion: v1
kind: Service
metadata: {name: payments, namespace: production}
spec:
  type: ExternalName
  externalName: api.payments.example
";

#[test]
fn an_external_name_needs_a_way_out() {
    let fixture = shop(&format!("{POLICIES}{EXTERNAL_NAME}"));
    insta::assert_snapshot!(text(&fixture, "frontend", "https://payments/charge"));
}

const LOCAL: &str = "
apiVersion: v1
kind: Pod
metadata: {name: agent, namespace: production, labels: {app: agent}}
spec:
  nodeName: node-1
  containers: [{name: agent, image: agent, ports: [{containerPort: 9000}]}]
---
apiVersion: v1
kind: Pod
metadata: {name: asking, namespace: production}
spec:
  nodeName: node-2
  containers: [{name: sh, image: sh}]
---
apiVersion: v1
kind: Service
metadata: {name: agent, namespace: production}
spec:
  selector: {app: agent}
  internalTrafficPolicy: Local
  ports: [{port: 9000}]
";

#[test]
fn no_local_endpoint() {
    insta::assert_snapshot!(text(&shop(LOCAL), "asking", "agent"));
}

const BALANCED: &str = "
apiVersion: v1
kind: Service
metadata: {name: web, namespace: production}
spec:
  type: LoadBalancer
  selector: {app: frontend}
  loadBalancerSourceRanges: [192.0.2.0/24]
  ports: [{port: 443, targetPort: http}]
";

#[test]
fn a_load_balancer_refuses_the_client() {
    insta::assert_snapshot!(text(&shop(BALANCED), "outside", "production/web:443"));
}

#[test]
fn a_load_balancer_accepts_the_client() {
    insta::assert_snapshot!(text(&shop(BALANCED), "192.0.2.7", "production/web:443"));
}

#[test]
fn the_families_differ() {
    let policy = "
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: frontend, namespace: production}
spec:
  podSelector: {matchLabels: {app: frontend}}
  ingress:
  - from: [{ipBlock: {cidr: 0.0.0.0/0}}]
";
    let options = Options { families: Families::Dual, ..Options::default() };
    let fixture = Fixture::with(&[("shop.yaml", SHOP), ("policies.yaml", policy)], &options);
    insta::assert_snapshot!(text(&fixture, "scraper", "production/frontend:8080"));
}

#[test]
fn colours_change_nothing_but_colours() {
    let told = shop(POLICIES).explain("stranger", "backend");
    let mut plain = String::new();
    let colored = told.render(true);
    let mut rest = colored.as_str();
    while let Some((before, after)) = rest.split_once('\u{1b}') {
        plain.push_str(before);
        rest = after.split_once('m').unwrap().1;
    }
    plain.push_str(rest);
    let trimmed: Vec<&str> = plain.lines().map(str::trim_end).collect();
    assert_eq!(trimmed.join("\n"), told.render(false).trim_end());
}

#[test]
fn without_the_objects_it_says_the_same_with_the_lines_it_has() {
    let fixture = shop(POLICIES);
    let bare = netloom_explain::explain(&fixture.world, "stranger", "backend", &Default::default()).unwrap();
    let full = fixture.explain("stranger", "backend");
    let words = |e: &netloom_explain::Explanation| e.hops.iter().map(|h| h.why.clone()).collect::<Vec<_>>();
    assert_eq!(words(&bare), words(&full));
    assert!(bare.hops.iter().all(|h| h.excerpt.is_none()));
}
