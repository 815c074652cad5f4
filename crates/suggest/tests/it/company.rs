//! Namespaces in which others may live: no policy is for all of them, and what is about others stays.
use crate::support::{WHOLE, deployment, namespace, network_policy, on_text, suggested};

const FOR_ALL: &str = "  podSelector: {}\n";

fn shop() -> String {
    deployment("web", "app: web", "ports: [{containerPort: 80}]")
        + "{apiVersion: v1, kind: Service, metadata: {name: web, namespace: shop}, spec: {type: LoadBalancer, selector: {app: web}, ports: [{port: 80}]}}\n---\n"
}

/// What is written, and what is said of it.
fn written(more: &str) -> (String, String) {
    on_text(&(shop() + more), |ground| {
        let (suggestion, proof, report) = suggested(ground, &WHOLE);
        assert!(proof.unmet.is_empty(), "{report}");
        (suggestion.yaml(), report)
    })
}

#[test]
fn a_namespace_of_the_set_alone_is_shut() {
    let (yaml, report) = written(&namespace("shop"));
    assert!(yaml.contains("name: default-deny") && yaml.contains(FOR_ALL), "{yaml}");
    assert!(!report.contains("only known pods"), "{report}");
}

#[test]
fn where_others_may_live_known_pods_are_selected() {
    let role = "{apiVersion: rbac.authorization.k8s.io/v1, kind: Role, metadata: {name: m, namespace: shop}, rules: [{apiGroups: [apps], resources: [statefulsets], verbs: [get, create]}]}\n---\n\
                {apiVersion: rbac.authorization.k8s.io/v1, kind: RoleBinding, metadata: {name: m, namespace: shop}, roleRef: {kind: Role, name: m}, subjects: [{kind: ServiceAccount, name: m}]}\n---\n";
    let object = |api: &str, kind: &str| {
        format!(
            "{{apiVersion: {api}, kind: {kind}, metadata: {{name: x, namespace: shop}}, spec: {{}}}}\n---\n"
        )
    };
    for (more, said) in [
        (String::new(), "no object of the set declares this namespace"),
        (
            namespace("shop")
                + "{apiVersion: v1, kind: Service, metadata: {name: db, namespace: shop}, spec: {selector: {app: db}, ports: [{port: 5432}]}}\n---\n",
            "Service db selects pods that are not in the set",
        ),
        (
            namespace("shop") + &network_policy("db", "podSelector: {matchLabels: {app: db}}"),
            "NetworkPolicy db selects pods that are not in the set",
        ),
        (
            namespace("shop") + &object("example.com/v1", "Database"),
            "an operator may run pods for Database x",
        ),
        (namespace("shop") + role, "m may make pods here: RoleBinding"),
    ] {
        let (yaml, report) = written(&more);
        assert!(!yaml.contains(FOR_ALL), "{said}: {yaml}");
        assert!(yaml.contains("matchLabels: {app: web}"), "{yaml}");
        assert!(yaml.contains("# Only known pods are selected"), "{yaml}");
        assert!(yaml.contains(said) && report.contains(said), "{said}: {yaml}\n{report}");
    }
    // What only configures something has no pods.
    for (api, kind) in [("external-secrets.io/v1", "ExternalSecret"), ("kyverno.io/v1", "Policy")] {
        let (yaml, _) = written(&(namespace("shop") + &object(api, kind)));
        assert!(yaml.contains(FOR_ALL), "{kind}: {yaml}");
    }
}

#[test]
fn policies_about_others_stay() {
    let about_others =
        network_policy("prometheus", "podSelector: {matchLabels: {app: prometheus}}, ingress: [{}]");
    let about_all = network_policy("deny", "podSelector: {}");
    let own = network_policy("web", "podSelector: {matchLabels: {app: web}}, ingress: [{}]");
    let set = shop() + &namespace("shop") + &about_others + &about_all + &own;
    on_text(&set, |ground| {
        let (suggestion, _, report) = suggested(ground, &WHOLE);
        let names = |all: &[std::sync::Arc<netloom_objects::ObjectRef>]| {
            all.iter().map(|origin| origin.name.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(names(&suggestion.others), ["prometheus"]);
        assert_eq!(names(&suggestion.staying), ["deny"]);
        assert_eq!(names(&suggestion.replaced), ["web"]);
        assert!(report.contains("stays: it selects pods that are not in the set"), "{report}");
    });
}

#[test]
fn whom_policies_name_may_live_there() {
    let own = network_policy(
        "web",
        "podSelector: {matchLabels: {app: web}}, ingress: [{from: [{podSelector: {matchLabels: {app: debug}}}]}]",
    );
    on_text(&(shop() + &namespace("shop") + &own), |ground| {
        let (suggestion, proof, report) = suggested(ground, &WHOLE);
        let yaml = suggestion.yaml();
        assert!(yaml.contains("app: debug") && proof.unmet.is_empty(), "{yaml}\n{report}");
        assert!(yaml.contains("NetworkPolicy web names pods that are not in the set"), "{yaml}");
        assert!(!yaml.contains("podSelector: {}"), "{yaml}");
    });
    // Of what a suggestion wrote itself this tells nothing.
    let written = format!("{}\n{}", netloom_suggest::MARK, own);
    on_text(&(written + &shop() + &namespace("shop")), |ground| {
        assert!(ground.others_in("shop").is_empty());
    });
}

#[test]
fn pods_without_labels_are_not_selected_with_others() {
    let bare = "{apiVersion: v1, kind: Pod, metadata: {name: bare, namespace: shop}, spec: {containers: [{name: c, image: 'i:1', env: [{name: URL, value: 'http://web:80'}]}]}}\n---\n";
    // Whatever takes it takes others as well.
    let (yaml, report) = written(bare);
    assert!(!yaml.contains("name: bare\n"), "{yaml}");
    assert!(yaml.contains("# NOT COMPLETE: shop/bare without labels"), "{yaml}");
    assert!(report.contains("shop/bare gets no policy: it has no labels"), "{report}");
    // Of the set's own namespace the others are known; whoever admits it is told.
    let (yaml, _) = written(&(namespace("shop") + bare));
    assert!(yaml.contains("{key: app, operator: DoesNotExist}"), "{yaml}");
    assert!(yaml.contains("# shop/bare: these pods have no labels of their own"), "{yaml}");
    assert!(
        yaml.contains("# shop/bare has no labels of its own: every pod there that has none is meant too."),
        "{yaml}"
    );
}

#[test]
fn pods_that_an_operator_runs_scrape() {
    let set = "{apiVersion: monitoring.coreos.com/v1, kind: Prometheus, metadata: {name: k8s, namespace: monitoring}, spec: {}}\n---\n\
               {apiVersion: monitoring.coreos.com/v1, kind: ServiceMonitor, metadata: {name: web, namespace: monitoring, labels: {}}, spec: {namespaceSelector: {matchNames: [shop]}, selector: {matchLabels: {app: web}}, endpoints: [{port: http}]}}\n---\n\
               {apiVersion: v1, kind: Service, metadata: {name: metrics, namespace: shop, labels: {app: web}}, spec: {selector: {app: web}, ports: [{name: http, port: 80}]}}\n---\n";
    let (yaml, report) = written(&(namespace("shop") + set));
    assert!(!report.contains("no Prometheus"), "{report}");
    assert!(yaml.contains("# ServiceMonitor web has it scraped"), "{yaml}");
    assert!(yaml.contains("kubernetes.io/metadata.name: monitoring"), "{yaml}");
}
