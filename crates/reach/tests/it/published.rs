//! Ways from outside: Ingresses, routes, load balancers, node ports, and the controllers that carry them out.
use netloom_reach::report;

use crate::support::{Set, namespace, pod, pod_with, policy, set};

fn web() -> String {
    [
        namespace("shop", "team: shop"),
        pod("shop/web", "app: web"),
        "---\n{apiVersion: v1, kind: Service, metadata: {name: web, namespace: shop}, spec: {selector: {app: web}, ports: [{name: http, port: 80, targetPort: http}]}}\n".to_owned(),
    ]
    .concat()
}

const INGRESS: &str = "---\n{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: web, namespace: shop}, spec: {ingressClassName: nginx, rules: [{host: shop.example, http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}}]}}\n";

/// Admits the usual namespace of ingress-nginx, and nobody else.
fn tight(pods: &str) -> String {
    policy(
        "shop/web",
        &format!(
            "podSelector: {{matchLabels: {{app: web}}}}, ingress: [{{from: [{{namespaceSelector: {{matchLabels: {{kubernetes.io/metadata.name: ingress-nginx}}}}{pods}}}], ports: [{{port: 8080}}]}}]"
        ),
    )
}

fn controller_line(s: &Set) -> Option<String> {
    s.table().lines().find(|line| line.starts_with("{ingress-controller}")).map(str::to_owned)
}

const LINE: &str = "{ingress-controller} => shop/web[Pod] : TCP 8080";

#[test]
fn an_ingress_makes_a_line_from_the_controller() {
    assert_eq!(controller_line(&set(&[&*web(), INGRESS].concat())).as_deref(), Some(LINE));
    assert_eq!(controller_line(&set(&web())), None);
}

#[test]
fn a_policy_that_admits_the_usual_controller_leaves_its_way_open() {
    let of = |policy: &str| controller_line(&set(&[&*web(), INGRESS, policy].concat()));
    assert_eq!(of(&tight("")).as_deref(), Some(LINE));
    assert_eq!(
        of(&tight(", podSelector: {matchLabels: {app.kubernetes.io/component: controller}}")).as_deref(),
        Some(LINE)
    );
    assert_eq!(of(&tight(", podSelector: {matchLabels: {app: nobody}}")), None);
    assert_eq!(of(&policy("shop/deny", "podSelector: {}")), None);
}

#[test]
fn the_controller_of_the_set_is_asked_where_there_is_one() {
    let other = "---\n{apiVersion: apps/v1, kind: Deployment, metadata: {name: edge, namespace: edge}, spec: {selector: {matchLabels: {app: edge}}, template: {metadata: {labels: {app: edge}}, spec: {containers: [{name: c, image: 'registry.k8s.io/ingress-nginx/controller:v1.12.0'}]}}}}\n";
    let s = set(&[&*web(), INGRESS, &tight(""), other].concat());
    assert_eq!(controller_line(&s), None, "it is elsewhere");
    let admitting = policy(
        "shop/edge",
        "podSelector: {matchLabels: {app: web}}, ingress: [{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: edge}}}]}]",
    );
    let s = set(&[&*web(), INGRESS, &tight(""), other, &admitting].concat());
    assert_eq!(controller_line(&s).as_deref(), Some(LINE));
}

#[test]
fn the_class_tells_which_controller_is_meant() {
    let traefik = INGRESS.replace("nginx", "internal");
    let class = "---\n{apiVersion: networking.k8s.io/v1, kind: IngressClass, metadata: {name: internal}, spec: {controller: traefik.io/ingress-controller}}\n";
    let s = set(&[&*web(), &traefik, class, &tight("")].concat());
    assert_eq!(controller_line(&s), None, "traefik is not in ingress-nginx");
    let s = set(&[&*web(), &traefik, &tight("")].concat());
    assert_eq!(
        controller_line(&s).as_deref(),
        Some(LINE),
        "of a class that is not known any controller may be meant"
    );
}

fn route(backend: &str) -> String {
    format!(
        "---\n{{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {{name: web, namespace: routes}}, spec: {{parentRefs: [{{name: gw, namespace: infra}}], hostnames: [shop.example], rules: [{{backendRefs: [{backend}]}}]}}}}\n"
    )
}

const GATEWAY: &str = "---\n{apiVersion: gateway.networking.k8s.io/v1, kind: GatewayClass, metadata: {name: istio}, spec: {controllerName: istio.io/gateway-controller}}\n---\n{apiVersion: gateway.networking.k8s.io/v1, kind: Gateway, metadata: {name: gw, namespace: infra}, spec: {gatewayClassName: istio, listeners: [{name: http, port: 80, protocol: HTTP}]}}\n";
const GRANT: &str = "---\n{apiVersion: gateway.networking.k8s.io/v1beta1, kind: ReferenceGrant, metadata: {name: g, namespace: shop}, spec: {from: [{group: gateway.networking.k8s.io, kind: HTTPRoute, namespace: routes}], to: [{group: '', kind: Service}]}}\n";

#[test]
fn a_route_makes_a_line_from_the_gateways_own_pods() {
    let backend = "{name: web, namespace: shop, port: 80}";
    let base = [&*web(), GATEWAY, &route(backend)].concat();
    assert_eq!(controller_line(&set(&base)), None, "a backend in another namespace has to be granted");
    assert_eq!(controller_line(&set(&[&*base, GRANT].concat())).as_deref(), Some(LINE));
    let own = policy(
        "shop/web",
        "podSelector: {matchLabels: {app: web}}, ingress: [{from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: infra}}, podSelector: {matchLabels: {gateway.networking.k8s.io/gateway-name: gw}}}]}]",
    );
    assert_eq!(controller_line(&set(&[&*base, GRANT, &own].concat())).as_deref(), Some(LINE));
    let other = own.replace("gateway-name: gw", "gateway-name: other");
    assert_eq!(controller_line(&set(&[&*base, GRANT, &other].concat())), None);
    let unused =
        [&*web(), GATEWAY, GRANT, &route("{name: web, namespace: shop, port: 80, weight: 0}")].concat();
    assert_eq!(controller_line(&set(&unused)), None, "a weight of 0 sends nothing");
}

#[test]
fn the_pods_that_are_published_beside_a_gateway_of_unknown_class_are_its_own() {
    let gateway = GATEWAY.replace("istio", "acme");
    let proxy = [
        pod("infra/proxy", "app: proxy"),
        "---\n{apiVersion: v1, kind: Service, metadata: {name: proxy, namespace: infra}, spec: {type: LoadBalancer, selector: {app: proxy}, ports: [{port: 80, targetPort: 8080}]}}\n".to_owned(),
    ]
    .concat();
    let base = [&*web(), &gateway, GRANT, &route("{name: web, namespace: shop, port: 80}")].concat();
    let admitting = |app: &str| {
        policy(
            "shop/web",
            &format!(
                "podSelector: {{matchLabels: {{app: web}}}}, ingress: [{{from: [{{namespaceSelector: {{}}, podSelector: {{matchLabels: {{app: {app}}}}}}}]}}]"
            ),
        )
    };
    assert_eq!(controller_line(&set(&[&*base, &proxy, &admitting("proxy")].concat())).as_deref(), Some(LINE));
    assert_eq!(controller_line(&set(&[&*base, &proxy, &admitting("other")].concat())), None);
    assert_eq!(controller_line(&set(&[&*base, &admitting("proxy")].concat())), None);
}

/// Every kind of way to one workload each.
fn everything() -> Set {
    let service = |name: &str, spec: &str| {
        format!(
            "---\n{{apiVersion: v1, kind: Service, metadata: {{name: {name}, namespace: shop}}, spec: {{{spec}, selector: {{app: {name}}}, ports: [{{port: 443, targetPort: 8080}}]}}}}\n"
        )
    };
    set(&[
        web(),
        INGRESS.to_owned(),
        pod("shop/lb", "app: lb"),
        service("lb", "type: LoadBalancer"),
        pod("shop/office", "app: office"),
        service("office", "type: LoadBalancer, loadBalancerSourceRanges: [10.0.0.0/8]"),
        pod("shop/np", "app: np"),
        service("np", "type: NodePort"),
        pod("shop/ext", "app: ext"),
        service("ext", "externalIPs: [203.0.113.7]"),
        pod("shop/shut", "app: shut"),
        service("shut", "type: LoadBalancer"),
        policy("shop/shut", "podSelector: {matchLabels: {app: shut}}"),
        pod("shop/inner", "app: inner"),
        service("inner", "type: LoadBalancer"),
        policy("shop/inner", "podSelector: {matchLabels: {app: inner}}, ingress: [{from: [{ipBlock: {cidr: 192.168.0.0/16}}]}]"),
        pod("shop/cluster", "app: cluster"),
        service("cluster", "type: ClusterIP"),
        "---\n{apiVersion: v1, kind: Pod, metadata: {name: host, namespace: shop, labels: {app: host}}, spec: {containers: [{name: c, image: i, ports: [{containerPort: 9000, hostPort: 90}]}]}}\n".to_owned(),
    ]
    .concat())
}

#[test]
fn what_the_internet_reaches_is_named_with_what_publishes_and_admits_it() {
    let s = everything();
    let open = s.reach.open_to_internet();
    let text: String = open.iter().map(|way| way.text(&s.reach)).collect();
    insta::assert_snapshot!("open_to_internet_text", text);
    let json: Vec<_> = open.iter().map(|way| way.json(&s.reach)).collect();
    insta::assert_snapshot!("open_to_internet_json", serde_json::to_string_pretty(&json).unwrap());
}

#[test]
fn what_is_published_and_let_in_by_nobody_is_said() {
    let s = everything();
    insta::assert_snapshot!("shut", report::ways::shut(&s.reach).collect::<Vec<_>>().join("\n"));
}

/// What `--open-to-internet` says of a load balancer under a policy with this block.
fn balanced(block: &str, service: &str, nodes: &str) -> String {
    let service = format!(
        "---\n{{apiVersion: v1, kind: Service, metadata: {{name: web, namespace: shop}}, spec: {{type: LoadBalancer, selector: {{app: web}}, ports: [{{port: 80, targetPort: 8080}}]{service}}}}}\n"
    );
    let policy = policy(
        "shop/web",
        &format!(
            "podSelector: {{}}, ingress: [{{from: [{{ipBlock: {{cidr: {block}}}}}], ports: [{{port: 8080}}]}}]"
        ),
    );
    let s = set(&[
        nodes,
        &namespace("shop", ""),
        &pod_with("shop/web", "app: web", "nodeName: n1,"),
        &service,
        &policy,
    ]
    .concat());
    s.reach.open_to_internet().iter().map(|open| open.text(&s.reach)).collect()
}

fn node(name: &str, address: &str) -> String {
    format!(
        "---\n{{apiVersion: v1, kind: Node, metadata: {{name: {name}}}, status: {{addresses: [{{type: InternalIP, address: {address}}}]}}}}\n"
    )
}

#[test]
fn behind_a_load_balancer_of_the_whole_cluster_pods_see_addresses_of_nodes() {
    let two = node("n1", "10.0.0.1") + &node("n2", "10.0.0.2");
    let (cluster, local) = ("", ", externalTrafficPolicy: Local");
    let open = balanced("10.0.0.0/8", cluster, &two);
    assert!(open.starts_with("shop/web[Pod] : TCP 8080 by Service shop/web"), "{open}");
    assert!(open.contains("clients come under a node's address"), "{open}");
    assert_eq!(balanced("10.0.0.0/8", local, &two), "", "clients keep their addresses");
    let ranges = ", loadBalancerSourceRanges: [192.168.0.0/16]";
    assert_eq!(balanced("10.0.0.0/8", ranges, &two), "", "the internet may not ask");
    assert_eq!(
        balanced("10.0.0.0/8", cluster, &node("n1", "10.0.0.1")),
        "",
        "a client comes in where the pod is"
    );
    assert!(!balanced("0.0.0.0/0", cluster, &two).contains("clients come"), "its own address is let in");
}

const ISTIO: &str = "---\n{apiVersion: networking.istio.io/v1, kind: Gateway, metadata: {name: gw, namespace: infra}, spec: {selector: {istio: ingressgateway}, servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ['*']}]}}\n";

fn virtual_service(name: &str, spec: &str) -> String {
    format!(
        "---\n{{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {{name: {name}, namespace: shop}}, spec: {{{spec}}}}}\n"
    )
}

#[test]
fn a_virtual_service_on_a_gateway_makes_a_line_from_istios_pods() {
    let to = |host: &str| format!("route: [{{destination: {{host: {host}, port: {{number: 80}}}}}}]");
    let bound = |gateways: &str, http: &str| {
        virtual_service("web", &format!("hosts: [shop.example], gateways: [{gateways}], http: [{http}]"))
    };
    let of = |more: &[&str]| controller_line(&set(&[&[&*web(), ISTIO], more].concat().concat()));
    let plain = |host: &str| bound("infra/gw", &format!("{{{}}}", to(host)));
    assert_eq!(of(&[&plain("web")]).as_deref(), Some(LINE));
    assert_eq!(of(&[&plain("web.shop.svc.cluster.local")]).as_deref(), Some(LINE));
    assert_eq!(of(&[&plain("web.other.svc.cluster.local")]), None, "another Service");
    assert_eq!(of(&[&bound("mesh", &format!("{{{}}}", to("web")))]), None, "within the mesh only");
    let elsewhere = format!("{{match: [{{gateways: [mesh]}}], {}}}", to("web"));
    assert_eq!(of(&[&bound("infra/gw, mesh", &elsewhere)]), None, "this route is not the gateway's");
    let delegating = bound("infra/gw", "{delegate: {name: inner}}");
    let inner = virtual_service("inner", &format!("http: [{{{}}}]", to("web")));
    assert_eq!(of(&[&delegating, &inner]).as_deref(), Some(LINE));
    // Where Istio's own manifests put its gateway, and with their labels.
    let admitting = |pods: &str| {
        policy(
            "shop/web",
            &format!(
                "podSelector: {{}}, ingress: [{{from: [{{namespaceSelector: {{matchLabels: {{kubernetes.io/metadata.name: istio-system}}}}, podSelector: {{matchLabels: {{{pods}}}}}}}]}}]"
            ),
        )
    };
    assert_eq!(of(&[&plain("web"), &admitting("app: istio-ingressgateway")]).as_deref(), Some(LINE));
    assert_eq!(of(&[&plain("web"), &admitting("app: other")]), None);
    // The set's own.
    let own = pod("infra/edge", "istio: ingressgateway");
    assert_eq!(
        of(&[&plain("web"), &own, &admitting("app: istio-ingressgateway")]),
        None,
        "it is in another namespace"
    );
}
