//! What clients outside meet: load balancers, Ingresses, Gateways.
use crate::table::{check, join};

#[test]
fn classes_that_controllers_make() {
    let gateway = |class: &str| {
        format!(
            "apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {{name: g, namespace: shop}}\nspec:\n  gatewayClassName: {class}\n  listeners: [{{name: http, port: 80, protocol: HTTP}}]\n"
        )
    };
    let table: [(&str, &[&str]); 4] =
        [("istio", &[]), ("istio-waypoint", &[]), ("cilium", &[]), ("acme", &["GW034 error"])];
    for (class, expected) in table {
        check(&[(class, gateway(class), true, &["GW034"], expected)]);
    }
}

#[test]
fn listeners_whose_mode_is_the_default() {
    let gateway = |listener: &str| {
        format!(
            "apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {{name: g, namespace: shop}}\nspec:\n  gatewayClassName: acme\n  listeners: [{{name: tls, port: 443, {listener}}}]\n"
        )
    };
    let rules = &["GW002"];
    check(&[
        ("terminates", gateway("protocol: TLS, tls: {certificateRefs: [{name: c}]}"), false, rules, &[]),
        ("without tls", gateway("protocol: TLS"), false, rules, &["GW002 error"]),
        ("without a certificate", gateway("protocol: TLS, tls: {}"), false, rules, &["GW002 error"]),
        ("passes through", gateway("protocol: TLS, tls: {mode: Passthrough}"), false, rules, &[]),
        (
            "HTTPS that passes through",
            gateway("protocol: HTTPS, tls: {mode: Passthrough}"),
            false,
            rules,
            &["GW002 error"],
        ),
    ]);
}

#[test]
fn services_for_one_pod_and_ingresses_of_two_parts() {
    let service = |selector: &str| {
        format!(
            "apiVersion: v1\nkind: Service\nmetadata: {{name: q-0, namespace: shop}}\nspec:\n  selector: {{{selector}}}\n  publishNotReadyAddresses: true\n  ports: [{{name: tcp-q, port: 6379}}]\n"
        )
    };
    let minion = |kind: &str| {
        format!(
            "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata:\n  name: i\n  namespace: shop\n  annotations: {{nginx.org/mergeable-ingress-type: {kind}}}\nspec:\n  ingressClassName: nginx\n  rules:\n    - host: shop.acme.example\n      http:\n        paths: [{{path: /, pathType: Prefix, backend: {{service: {{name: web, port: {{number: 80}}}}}}}}]\n"
        )
    };
    check(&[
        (
            "a lasting address for one pod",
            service("statefulset.kubernetes.io/pod-name: q-0"),
            false,
            &["SV031"],
            &[],
        ),
        ("one for all pods", service("app: q"), false, &["SV031"], &["SV031 warning"]),
        ("a minion", minion("minion"), false, &["IN001"], &[]),
        ("a master", minion("master"), false, &["IN001"], &["IN001 warning"]),
    ]);
}

fn pool(range: &str) -> String {
    format!(
        "---\napiVersion: metallb.io/v1beta1\nkind: IPAddressPool\nmetadata: {{name: home, namespace: metallb-system}}\nspec: {{addresses: [\"{range}\"]}}\n"
    )
}

fn balancer(annotations: &str, more: &str) -> String {
    format!(
        "apiVersion: v1\nkind: Service\nmetadata:\n  name: web\n  namespace: shop\n  annotations: {{{annotations}}}\nspec:\n  type: LoadBalancer\n  selector: {{app: web}}\n  ports: [{{name: https, port: 443}}]\n{more}"
    )
}

#[test]
fn load_balancers() {
    let private = "  loadBalancerSourceRanges: [10.0.0.0/8, 'fd00::/8']\n";
    let mixed = "  loadBalancerSourceRanges: [10.0.0.0/8, 203.0.113.0/24]\n";
    let internal = "networking.gke.io/load-balancer-type: Internal";
    let rules = &["SV035", "SV036"];
    check(&[
        ("private clients of a public one", balancer("", private), false, rules, &["SV035 warning"]),
        ("of an internal one", balancer(internal, private), false, rules, &[]),
        ("public clients too", balancer("", mixed), false, rules, &[]),
        ("no ranges", balancer("", ""), false, rules, &[]),
        ("of a private pool", balancer("", private) + &pool("192.168.7.10-192.168.7.20"), false, rules, &[]),
        (
            "of a public pool",
            balancer("", private) + &pool("203.0.113.0/28"),
            false,
            rules,
            &["SV035 warning"],
        ),
        (
            "an annotation that was renamed",
            balancer("cloud.google.com/load-balancer-type: Internal", private),
            false,
            rules,
            &["SV036 warning"],
        ),
        (
            "the controller inside of Kubernetes",
            balancer("service.beta.kubernetes.io/aws-load-balancer-type: nlb", ""),
            false,
            rules,
            &["SV036 info"],
        ),
        (
            "that of AWS",
            balancer("service.beta.kubernetes.io/aws-load-balancer-type: external", ""),
            false,
            rules,
            &[],
        ),
    ]);
}

fn ingress(annotations: &str, tls: bool) -> String {
    let annotations: String = annotations
        .lines()
        .map(|line| match line.strip_prefix(' ') {
            Some(rest) => format!("     {rest}\n"),
            None => format!("    nginx.ingress.kubernetes.io/{line}\n"),
        })
        .collect();
    let tls = if tls { "  tls: [{hosts: [shop.acme.example], secretName: t}]\n" } else { "" };
    format!(
        "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata:\n  name: web\n  namespace: shop\n  annotations:\n{annotations}spec:\n  ingressClassName: nginx\n{tls}  rules:\n    - host: shop.acme.example\n      http:\n        paths: [{{path: /, pathType: Prefix, backend: {{service: {{name: web, port: {{number: 80}}}}}}}}]\n"
    )
}

#[test]
fn annotations_of_ingress_nginx() {
    let rules = &["IN036", "IN037", "IN038", "IN039"];
    let map = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ingress-nginx-controller, namespace: ingress-nginx}\ndata:\n  enable-modsecurity: \"true\"\n  modsecurity-snippet: |\n    SecRuleEngine On\n";
    let secret =
        "apiVersion: v1\nkind: Secret\nmetadata: {name: users, namespace: shop}\nstringData: {auth: 'a:b'}\n";
    let basic = "auth-type: basic\nauth-secret: users";
    check(&[
        (
            "a firewall that watches",
            ingress("enable-modsecurity: \"true\"", true),
            false,
            rules,
            &["IN036 warning"],
        ),
        (
            "one that acts, by the controller's configuration",
            join(&[map, &ingress("enable-modsecurity: \"true\"", true)]),
            false,
            rules,
            &[],
        ),
        (
            "one that is set to watch",
            ingress("enable-modsecurity: \"true\"\nmodsecurity-snippet: SecRuleEngine DetectionOnly", true),
            false,
            rules,
            &["IN036 warning"],
        ),
        ("CORS for everyone", ingress("enable-cors: \"true\"", true), false, rules, &["IN037 warning"]),
        (
            "without credentials",
            ingress("enable-cors: \"true\"\ncors-allow-credentials: \"false\"", true),
            false,
            rules,
            &[],
        ),
        (
            "for one origin",
            ingress("enable-cors: \"true\"\ncors-allow-origin: https://a.example", true),
            false,
            rules,
            &[],
        ),
        ("passwords over TLS", ingress(basic, true), false, rules, &[]),
        ("passwords in the clear", ingress(basic, false), false, rules, &["IN038 warning"]),
        (
            "the redirect is off",
            ingress(&format!("{basic}\nssl-redirect: \"false\""), true),
            false,
            rules,
            &["IN038 warning"],
        ),
        ("no Secret named", ingress("auth-type: basic", true), false, rules, &["IN038 error"]),
        ("the Secret is missing", ingress(basic, true), true, rules, &["IN038 error"]),
        ("the Secret is there", join(&[secret, &ingress(basic, true)]), true, rules, &[]),
        (
            "the Secret has another entry",
            join(&[&secret.replace("auth: ", "htpasswd: "), &ingress(basic, true)]),
            false,
            rules,
            &["IN038 error"],
        ),
        (
            "names of old",
            ingress("whitelist-source-range: 203.0.113.0/24\nsecure-backends: \"true\"", true),
            false,
            rules,
            &["IN039 warning"],
        ),
    ]);
}

#[test]
fn affinity_that_a_proxy_goes_past() {
    let service = "apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: shop}\nspec: {selector: {app: web}, sessionAffinity: ClientIP, ports: [{name: http, port: 80}]}\n";
    let route = "apiVersion: traefik.io/v1alpha1\nkind: IngressRoute\nmetadata: {name: web, namespace: shop}\nspec:\n  routes: [{match: 'Host(`a.example`)', kind: Rule, services: [{name: web, port: 80}]}]\n";
    let virtual_service = "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {name: web, namespace: shop}\nspec: {hosts: [a.example], gateways: [edge/g], http: [{route: [{destination: {host: web}}]}]}\n";
    let inside = virtual_service.replace("gateways: [edge/g], ", "");
    let rules = &["SV025"];
    check(&[
        ("no proxy", service.to_owned(), false, rules, &[]),
        ("an IngressRoute", join(&[service, route]), false, rules, &["SV025 warning"]),
        ("a gateway of Istio", join(&[service, virtual_service]), false, rules, &["SV025 warning"]),
        ("inside the mesh", join(&[service, &inside]), false, rules, &[]),
    ]);
}
