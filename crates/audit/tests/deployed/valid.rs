//! Unusual settings that work, each beside a sibling that does not.
use crate::table::check;

const MESH: &str = "\
apiVersion: v1
kind: Namespace
metadata: {name: prod, labels: {istio-injection: enabled}}
---
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: {name: mesh, namespace: istio-system}
spec: {mtls: {mode: STRICT}}
---
apiVersion: v1
kind: Namespace
metadata: {name: data}
---
apiVersion: v1
kind: Service
metadata: {name: pg, namespace: NAMESPACE}
spec: {selector: {app: pg}, ports: [{name: tcp-pg, port: 5432}]}
---
apiVersion: v1
kind: Pod
metadata: {name: pg, namespace: NAMESPACE, labels: {app: pg, sidecar.istio.io/inject: \"INJECT\"}}
spec: {containers: [{name: p, image: \"postgres:16\", ports: [{containerPort: 5432}]}]}
---
apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata: {name: pg, namespace: prod}
spec: {host: pg.NAMESPACE.svc.cluster.local, trafficPolicy: {tls: {mode: DISABLE}}}
";

#[test]
fn plaintext_to_what_has_no_proxy() {
    let set = |namespace: &str, inject: &str| MESH.replace("NAMESPACE", namespace).replace("INJECT", inject);
    let rules = &["IS015"];
    check(&[
        ("in the mesh", set("prod", "true"), false, rules, &["IS015 error"]),
        ("outside of the mesh", set("data", "false"), false, rules, &[]),
        ("by itself in the mesh", set("data", "true"), false, rules, &["IS015 error"]),
        ("by itself outside of it", set("prod", "false"), false, rules, &[]),
        (
            "the API server",
            set("prod", "false").replace("pg.prod.svc", "kubernetes.default.svc"),
            false,
            rules,
            &[],
        ),
    ]);
}

fn route(parents: &str) -> String {
    format!(
        "apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {{name: g, namespace: gw}}\nspec:\n  gatewayClassName: cilium\n  \
         listeners: [{{name: h2, port: 80, protocol: HTTP, hostname: x.a.io, allowedRoutes: {{namespaces: {{from: All}}}}}}]\n---\n\
         apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {{name: r, namespace: team}}\nspec:\n  parentRefs: [{parents}]\n  \
         hostnames: [x.a.io, team.a.io]\n  rules: [{{backendRefs: [{{name: s, port: 80}}]}}]\n"
    )
}

#[test]
fn hostnames_that_a_listener_set_takes() {
    let rules = &["GW021"];
    let gateway = "{name: g, namespace: gw}";
    check(&[
        ("the Gateway alone", route(gateway), false, rules, &["GW021 error"]),
        (
            "a ListenerSet beside it",
            route(&format!("{{kind: ListenerSet, name: ls}}, {gateway}")),
            false,
            rules,
            &[],
        ),
    ]);
}

fn corefile(namespace: &str, name: &str, text: &str) -> String {
    let lines: String = text.lines().map(|line| format!("    {line}\n")).collect();
    format!(
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}, namespace: {namespace}}}\ndata:\n  Corefile: |\n{lines}"
    )
}

#[test]
fn fronts_of_the_dns_and_other_builds_of_it() {
    let rules = &["DN008", "DN010"];
    let own = ".:53 {\n  kubernetes cluster.local in-addr.arpa ip6.arpa\n  forward . UPSTREAM\n}\n";
    let front = "tls://.:853 {\n  tls /a.crt /a.key\n  forward . dns://10.96.0.10\n}\n";
    let dns =
        |upstream: &str| corefile("kube-system", "coredns", &(own.replace("UPSTREAM", upstream) + front));
    let other = corefile("dns", "edge", ".:1053 {\n  k8s_gateway lan.example\n}\n");
    let reader = |image: &str| {
        format!(
            "---\napiVersion: v1\nkind: Pod\nmetadata: {{name: edge, namespace: dns}}\nspec: {{containers: [{{name: c, image: \"{image}\"}}], \
             volumes: [{{name: c, configMap: {{name: edge}}}}]}}\n"
        )
    };
    check(&[
        ("a front for DNS over TLS", dns("/etc/resolv.conf"), false, rules, &[]),
        ("itself", dns("10.96.0.10"), false, rules, &["DN010 error"]),
        (
            "a build with the plugin",
            other.clone() + &reader("quay.io/oriedge/k8s_gateway:v0.4.0"),
            false,
            rules,
            &[],
        ),
        (
            "CoreDNS' own build",
            other + &reader("registry.k8s.io/coredns/coredns:v1.12.0"),
            false,
            rules,
            &["DN008 error"],
        ),
    ]);
}

fn told(variable: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Service\nmetadata: {{name: cache}}\nspec: {{selector: {{app: cache}}, ports: [{{port: 6379, name: redis}}]}}\n---\n\
         apiVersion: v1\nkind: Pod\nmetadata: {{name: p}}\nspec: {{containers: [{{name: c, image: \"c:1\", env: [{{name: {variable}, value: \"cache:6380\"}}]}}]}}\n"
    )
}

#[test]
fn what_nobody_dials_and_what_is_not_rewritten() {
    let controller = |argument: &str| {
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: c, namespace: ingress-nginx}}\nspec: {{containers: [{{name: controller, \
             image: \"registry.k8s.io/ingress-nginx/controller:v1.11.2\", args: [/nginx-ingress-controller, {argument}]}}]}}\n"
        )
    };
    let ingress = |backend: &str| {
        format!(
            "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: {{name: w, annotations: {{nginx.ingress.kubernetes.io/rewrite-target: /$1}}}}\n\
             spec: {{ingressClassName: nginx, rules: [{{host: w.example, http: {{paths: [{{path: /static, pathType: Exact, backend: {{{backend}}}}}]}}}}]}}\n"
        )
    };
    check(&[
        ("an address", told("REDIS"), false, &["WL022"], &["WL022 error"]),
        ("an exception", told("NO_PROXY"), false, &["WL022"], &[]),
        ("an image", told("SIDECAR_IMAGE"), false, &["WL022"], &[]),
        ("with the webhook", controller("--validating-webhook=:8443"), false, &["IN020"], &["IN020 error"]),
        ("without it", controller("--ingress-class=nginx"), false, &["IN020"], &["IN020 warning"]),
        (
            "a path without a group",
            ingress("service: {name: w, port: {number: 80}}"),
            false,
            &["IN015"],
            &["IN015 error"],
        ),
        (
            "a resource",
            ingress("resource: {apiGroup: k8s.example.com, kind: StorageBucket, name: static}"),
            false,
            &["IN015"],
            &[],
        ),
    ]);
}
