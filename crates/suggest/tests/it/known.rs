//! What is known to be needed and cannot be written, and of whom nothing is known.
use netloom_suggest::derive;

use crate::support::{
    Asked, WHOLE, deployment, lines, namespace, network_policy, on_text, on_with, suggested,
};

const BOUND: &str = "{apiVersion: v1, kind: ServiceAccount, metadata: {name: op, namespace: shop}}\n---\n\
    {apiVersion: rbac.authorization.k8s.io/v1, kind: ClusterRoleBinding, metadata: {name: op}, roleRef: {kind: ClusterRole, name: view}, subjects: [{kind: ServiceAccount, name: op, namespace: shop}]}\n---\n";

fn operator(more: &str) -> String {
    namespace("shop")
        + &deployment("op", "app: op", "env: []")
            .replace("containers:", &format!("{more}serviceAccountName: op, containers:"))
}

#[test]
fn whoever_has_rights_needs_the_api_server() {
    let lacks = |set: &str| {
        on_text(set, |ground| {
            let (suggestion, _, report) = suggested(ground, &WHOLE);
            (suggestion.yaml(), suggestion.is_complete(), report)
        })
    };
    let (yaml, complete, report) = lacks(&(operator("") + BOUND));
    assert!(!complete);
    assert!(
        yaml.contains("# NOT COMPLETE: needs the API server: shop/op; say --api-server CIDR:PORT."),
        "{yaml}"
    );
    assert!(
        report.contains(
            "✗ shop/op needs the API server, which is not written: its service account op has rights"
        ),
        "{report}"
    );
    // The binding names the namespace that an installation is usually made in.
    let elsewhere = BOUND.replace("name: op, namespace: shop}]", "name: op, namespace: myproject}]");
    let (yaml, complete, _) = lacks(&(operator("") + &elsewhere));
    assert!(!complete && yaml.contains("needs the API server: shop/op"), "{yaml}");
    // Without a token nobody asks it.
    let (yaml, ..) = lacks(&(operator("automountServiceAccountToken: false, ") + BOUND));
    assert!(!yaml.contains("API server"), "{yaml}");
    // Somebody says where it is.
    let set = operator("") + BOUND;
    on_with(&set, &[("192.0.2.10/32".parse().unwrap(), 6443)], |ground| {
        let (suggestion, proof, report) = suggested(ground, &WHOLE);
        assert!(suggestion.is_complete() && proof.unmet.is_empty(), "{report}");
        let yaml = suggestion.yaml();
        assert!(yaml.contains("cidr: 192.0.2.10/32") && yaml.contains("port: 6443"), "{yaml}");
        assert!(!yaml.contains("NOT COMPLETE"), "{yaml}");
    });
}

#[test]
fn whom_the_api_server_calls_asks_it_too() {
    let hook = "{apiVersion: v1, kind: Service, metadata: {name: hook, namespace: shop}, spec: {selector: {app: op}, ports: [{port: 443, targetPort: 8443}]}}\n---\n\
        {apiVersion: admissionregistration.k8s.io/v1, kind: ValidatingWebhookConfiguration, metadata: {name: h}, webhooks: [{name: h.example.com, sideEffects: None, admissionReviewVersions: [v1], clientConfig: {service: {name: hook, namespace: shop}}}]}\n---\n";
    let set = namespace("shop") + &deployment("op", "app: op", "ports: [{containerPort: 8443}]") + hook;
    on_text(&set, |ground| {
        let (suggestion, _, report) = suggested(ground, &WHOLE);
        assert!(!suggestion.is_complete(), "{report}");
        assert!(report.contains("the API server calls it: ValidatingWebhookConfiguration h"), "{report}");
    });
}

#[test]
fn workloads_of_which_nothing_is_known_are_counted() {
    let silent = deployment("silent", "app: silent", "env: []");
    let set = namespace("shop")
        + &silent
        + &deployment("web", "app: web", "env: [{name: DB, value: 'db:5432'}]")
        + &deployment("db", "app: db", "ports: [{containerPort: 5432}]")
        + "{apiVersion: v1, kind: Service, metadata: {name: db, namespace: shop}, spec: {selector: {app: db}, ports: [{port: 5432}]}}\n";
    on_text(&set, |ground| {
        let (suggestion, _, report) = suggested(ground, &WHOLE);
        assert!(!suggestion.is_complete());
        assert!(report.contains("of 3 workloads nothing but DNS is known of 1: shop/silent"), "{report}");
        assert!(suggestion.yaml().contains(
            "# NOT COMPLETE: nothing but DNS is known of shop/silent; say what they need: --needs FILE."
        ));
        // Somebody says that there is nothing more.
        let (suggestion, _, report) =
            suggested(ground, &Asked { needs: "shop/silent -> outside denied", ..WHOLE });
        assert!(suggestion.is_complete(), "{report}");
    });
}

#[test]
fn sidecars_need_their_control_planes() {
    let web = deployment("web", "app: web", "env: [{name: DB, value: 'http://db:80'}]");
    let db = deployment("db", "app: db", "ports: [{containerPort: 80}]")
        + "{apiVersion: v1, kind: Service, metadata: {name: db, namespace: shop}, spec: {selector: {app: db}, ports: [{port: 80}]}}\n---\n";
    let found = |set: &str| {
        on_text(set, |ground| {
            let mut lines: Vec<String> = lines(ground, &derive(ground))
                .into_iter()
                .map(|line| line.split(": ").next().unwrap_or_default().to_owned())
                .collect();
            lines.sort();
            lines
        })
    };
    let meshed =
        namespace("shop").replace("name: shop", "name: shop, annotations: {linkerd.io/inject: enabled}");
    assert_eq!(
        found(&(meshed + &web + &db)),
        [
            "shop/db -> linkerd/[linkerd.io/control-plane-component=destination] on TCP 8086,8090",
            "shop/db -> linkerd/[linkerd.io/control-plane-component=identity] on TCP 8080",
            "shop/web -> linkerd/[linkerd.io/control-plane-component=destination] on TCP 8086,8090",
            "shop/web -> linkerd/[linkerd.io/control-plane-component=identity] on TCP 8080",
            "shop/web -> shop/db on TCP 4143",
            "shop/web -> shop/db on TCP 80",
        ]
    );
    let dapr = web
        .replace("template: {metadata: {", "template: {metadata: {annotations: {dapr.io/enabled: 'true'}, ");
    assert_eq!(
        found(&(namespace("shop") + &dapr + &db)),
        [
            "shop/web -> dapr-system/[app=dapr-operator] on TCP 6500",
            "shop/web -> dapr-system/[app=dapr-placement-server] on TCP 50005",
            "shop/web -> dapr-system/[app=dapr-scheduler-server] on TCP 50006",
            "shop/web -> dapr-system/[app=dapr-sentry] on TCP 50001",
            "shop/web -> shop/db on TCP 80",
        ]
    );
}

#[test]
fn what_a_sidecar_needs_tells_nothing_of_the_program() {
    let meshed =
        namespace("shop").replace("name: shop", "name: shop, annotations: {linkerd.io/inject: enabled}");
    on_text(&(meshed + &deployment("silent", "app: silent", "env: []")), |ground| {
        let (suggestion, _, report) = suggested(ground, &WHOLE);
        assert!(!suggestion.is_complete(), "{report}");
        let said = "nothing but DNS and sidecars is known of";
        assert!(report.contains(&format!("of 1 workload {said} 1: shop/silent")), "{report}");
        let yaml = suggestion.yaml();
        assert!(yaml.contains(&format!("# NOT COMPLETE: {said} shop/silent;")), "{yaml}");
        assert!(yaml.contains("linkerd.io/control-plane-component"), "{yaml}");
    });
}

#[test]
fn an_ingress_controller_reaches_what_others_route_to() {
    let set = namespace("ingress-nginx")
        + &deployment(
            "ingress-nginx/controller",
            "app.kubernetes.io/name: ingress-nginx",
            "ports: [{containerPort: 80}]",
        );
    on_text(&set, |ground| {
        let (suggestion, proof, report) = suggested(ground, &WHOLE);
        assert!(proof.unmet.is_empty(), "{report}");
        let yaml = suggestion.yaml();
        assert!(yaml.contains("- namespaceSelector: {}"), "{yaml}");
        assert!(report.contains("is an ingress controller without an Ingress in the set"), "{report}");
    });
}

#[test]
fn names_in_a_certificate_are_no_connections() {
    let service = "{apiVersion: v1, kind: Service, metadata: {name: hook, namespace: shop}, spec: {selector: {app: hook}, ports: [{port: 443}]}}\n---\n";
    let hook = deployment("hook", "app: hook", "ports: [{containerPort: 443}]");
    for (container, needed) in [
        ("args: [create, '--host=hook,hook.shop.svc', '--secret-name=hook']", false),
        ("args: ['--host=hook', '--port=443']", true),
    ] {
        let set = namespace("shop") + &deployment("job", "app: job", container) + &hook + service;
        let found = on_text(&set, |ground| lines(ground, &derive(ground)));
        assert_eq!(
            found.iter().any(|line| line.starts_with("shop/job -> shop/hook")),
            needed,
            "{container} {found:?}"
        );
    }
    let by_image = deployment("job", "app: job", "args: ['--host=hook', '--port=443']")
        .replace("i:1", "registry.k8s.io/ingress-nginx/kube-webhook-certgen:v1.4.1");
    let found =
        on_text(&(namespace("shop") + &by_image + &hook + service), |ground| lines(ground, &derive(ground)));
    assert!(!found.iter().any(|line| line.starts_with("shop/job")), "{found:?}");
}

#[test]
fn a_declared_database_is_not_shut_by_todays_policy_alone() {
    // Isolated from everyone: nothing is known of it.
    let set = namespace("shop")
        + &deployment("db", "app: db", "ports: [{containerPort: 5432}]")
        + &network_policy("db", "podSelector: {matchLabels: {app: db}}");
    on_text(&set, |ground| {
        let (suggestion, ..) = suggested(ground, &WHOLE);
        assert_eq!(suggestion.unknown.len(), 1);
    });
}
