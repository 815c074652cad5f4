use crate::{built, findings, print, service};

const PODS: &str = "
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db, namespace: shop}
spec:
  replicas: 2
  serviceName: db
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db, tier: data}}
    spec: {containers: [{name: c, image: x, ports: [{name: sql, containerPort: 5432}]}]}
---
apiVersion: v1
kind: Pod
metadata: {name: old, namespace: shop, labels: {app: db}, annotations: {netloom.dev/ready: 'false'}}
spec: {nodeName: node-1, containers: [{name: c, image: x, ports: [{name: sql, containerPort: 15432}]}]}
---
apiVersion: v1
kind: Pod
metadata: {name: db, namespace: other, labels: {app: db, tier: data}}
spec: {containers: [{name: c, image: x}]}
---
";

fn endpoints(yaml: &str, name: &str) -> Vec<String> {
    let built = built(&[PODS, yaml].concat());
    service(&built, name).endpoints.iter().map(|e| print::endpoint(&built.snapshot, e)).collect()
}

/// Services before the same pods share one list; one whose endpoints differ in anything has its own.
#[test]
fn services_with_the_same_endpoints_share_them() {
    let object = |name: &str, spec: &str| {
        let head = "apiVersion: v1\nkind: Service\nmetadata: {name: ";
        format!("{head}{name}, namespace: shop}}\nspec: {{selector: {{app: db}}, {spec}}}\n---\n")
    };
    let sql = "ports: [{port: 5432, targetPort: sql}]";
    let services = [
        ("a", sql.to_owned()),
        ("b", sql.replace("5432", "80")),
        ("unready", format!("{sql}, publishNotReadyAddresses: true")),
        ("number", sql.replace("sql", "5432")),
        ("udp", sql.replace("sql}", "sql, protocol: UDP}")),
        ("db", sql.to_owned()),
    ];
    let yaml: String = services.iter().map(|(name, spec)| object(name, spec)).collect();
    let built = built(&[PODS, &yaml].concat());
    let list = |name: &str| &service(&built, &format!("shop/{name}")).endpoints;
    let shared = |name: &str| std::sync::Arc::ptr_eq(list("a"), list(name));
    assert_eq!(
        services.map(|(name, _)| (name, shared(name))),
        [("a", true), ("b", true), ("unready", false), ("number", false), ("udp", false), ("db", false)]
    );
    let ports = |name: &str| list(name).iter().map(|e| (e.ports[0], e.ready)).collect::<Vec<_>>();
    assert_eq!(ports("b").len(), 3);
    assert!(ports("b").contains(&(Some(15432), false)) && ports("unready").contains(&(Some(15432), true)));
    assert!(ports("number").iter().all(|(port, _)| *port == Some(5432)));
    assert!(ports("udp").iter().all(|(port, _)| port.is_none()));
    let named = |name: &str| list(name).iter().filter(|e| e.hostname.is_some()).count();
    assert_eq!((named("a"), named("db")), (0, 2));
}

fn selecting(spec: &str) -> String {
    format!("apiVersion: v1\nkind: Service\nmetadata: {{name: db, namespace: shop}}\nspec: {{{spec}}}\n---\n")
}

#[test]
fn selectors() {
    for (spec, wanted) in [
        (
            "selector: {app: db}, ports: [{port: 1, targetPort: sql}]",
            &[
                "10.244.0.2 :5432 db-0 on node-1 known as db-0",
                "10.244.0.3 :15432 old on node-1 unready not serving",
                "10.244.1.3 :5432 db-1 on node-2 known as db-1",
            ][..],
        ),
        (
            "selector: {app: db, tier: data}, ports: [{port: 1, name: a, targetPort: 7}, {port: 2, name: b}]",
            &[
                "10.244.0.2 :7 :2 db-0 on node-1 known as db-0",
                "10.244.1.3 :7 :2 db-1 on node-2 known as db-1",
            ],
        ),
        (
            "selector: {app: db}, ports: [{port: 1, targetPort: sql, protocol: UDP}]",
            &[
                "10.244.0.2 :- db-0 on node-1 known as db-0",
                "10.244.0.3 :- old on node-1 unready not serving",
                "10.244.1.3 :- db-1 on node-2 known as db-1",
            ],
        ),
        (
            "selector: {tier: data}, clusterIP: None",
            &["10.244.0.2 db-0 on node-1 known as db-0", "10.244.1.3 db-1 on node-2 known as db-1"],
        ),
        (
            "selector: {tier: data}, clusterIP: None, ipFamilyPolicy: PreferDualStack",
            &[
                "10.244.0.2 fd00:10:244::2 db-0 on node-1 known as db-0",
                "10.244.1.3 fd00:10:244:1::3 db-1 on node-2 known as db-1",
            ],
        ),
        (
            "selector: {tier: data}, ipFamilies: [IPv6], ports: [{port: 1}]",
            &[
                "fd00:10:244::2 :1 db-0 on node-1 known as db-0",
                "fd00:10:244:1::3 :1 db-1 on node-2 known as db-1",
            ],
        ),
        ("selector: {app: nothing}, ports: [{port: 1}]", &[]),
        ("ports: [{port: 1}]", &[]),
        (
            "selector: {app: db}, publishNotReadyAddresses: true, ports: [{port: 1, targetPort: sql}]",
            &[
                "10.244.0.2 :5432 db-0 on node-1 known as db-0",
                "10.244.0.3 :15432 old on node-1 not serving",
                "10.244.1.3 :5432 db-1 on node-2 known as db-1",
            ],
        ),
    ] {
        assert_eq!(endpoints(&selecting(spec), "shop/db"), wanted, "{spec}");
    }
}

#[test]
fn what_leads_nowhere_is_said() {
    for (spec, wanted) in [
        (
            "selector: {app: nothing}, ports: [{port: 1}]",
            Some("Service shop/db selects no pod: it has no endpoints"),
        ),
        (
            "selector: {app: db}, ports: [{port: 1, targetPort: web}]",
            Some("Service shop/db: none of its pods has a TCP port named \"web\": port 1 leads nowhere"),
        ),
        // A number need not be declared to be listened on.
        ("selector: {app: db}, ports: [{port: 80}]", None),
        ("selector: {app: db}, ports: [{port: 5432}]", None),
    ] {
        let built = built(&[PODS, &selecting(spec)].concat());
        let found: Vec<String> = built.diagnostics.iter().map(|d| d.message.clone()).collect();
        assert_eq!(found, wanted.map(str::to_owned).into_iter().collect::<Vec<_>>(), "{spec}");
    }
}

const SLICES: &str = "
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: db-v4, namespace: shop, labels: {kubernetes.io/service-name: db}}
addressType: IPv4
ports: [{name: sql, port: 3306, protocol: TCP}]
endpoints:
- {addresses: [192.0.2.10], zone: eu-1, hints: {forZones: [{name: eu-1}, {name: eu-2}], forNodes: [{name: node-2}]}, hostname: first}
- {addresses: [192.0.2.11], conditions: {ready: false, serving: true, terminating: true}}
- {addresses: [10.244.0.2], targetRef: {kind: Pod, name: db-0, namespace: shop}, nodeName: node-1}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: db-v6, namespace: shop, labels: {kubernetes.io/service-name: db}}
addressType: IPv6
ports: [{name: sql, port: 3306}]
endpoints:
- {addresses: ['fd00:10:244::2'], targetRef: {kind: Pod, name: db-0, namespace: shop}}
---
apiVersion: v1
kind: Endpoints
metadata: {name: db, namespace: shop}
subsets:
- addresses: [{ip: 198.51.100.1, hostname: e}, {ip: 10.244.1.3}]
  notReadyAddresses: [{ip: 198.51.100.2}]
  ports: [{name: sql, port: 1521}]
---
";

#[test]
fn lists() {
    let sql = "ports: [{name: sql, port: 5432}, {name: other, port: 1}]";
    let slices = [SLICES, &selecting(&format!("ipFamilyPolicy: PreferDualStack, {sql}"))].concat();
    assert_eq!(
        endpoints(&slices, "shop/db"),
        [
            "10.244.0.2 fd00:10:244::2 :3306 :- db-0 on node-1",
            "192.0.2.10 :3306 :- known as first in eu-1 for eu-1,eu-2 for nodes node-2",
            "192.0.2.11 :3306 :- unready terminating",
        ]
    );
    let single = [SLICES, &selecting(sql)].concat();
    assert_eq!(endpoints(&single, "shop/db")[0], "10.244.0.2 :3306 :- db-0 on node-1");
    let endpoints_only = SLICES
        .split("---")
        .last()
        .map(|_| SLICES[SLICES.find("apiVersion: v1").unwrap()..].to_owned())
        .unwrap();
    assert_eq!(
        endpoints(&[&endpoints_only, selecting(sql).as_str()].concat(), "shop/db"),
        [
            "10.244.1.3 :1521 :- db-1 on node-2",
            "198.51.100.1 :1521 :- known as e",
            "198.51.100.2 :1521 :- unready not serving",
        ]
    );
}

#[test]
fn a_selector_wins_over_lists_where_it_finds_pods() {
    let ports = "ports: [{name: sql, port: 5432}]";
    let found = [SLICES, &selecting(&format!("selector: {{tier: data}}, {ports}"))].concat();
    assert_eq!(endpoints(&found, "shop/db").len(), 2);
    let missed = [SLICES, &selecting(&format!("selector: {{tier: gone}}, {ports}"))].concat();
    assert_eq!(endpoints(&missed, "shop/db").len(), 3);
}

#[test]
fn the_same_address_may_stand_for_two_ports() {
    let yaml = "
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: a, namespace: shop, labels: {kubernetes.io/service-name: db}}
addressType: IPv4
ports: [{port: 8080}]
endpoints: [{addresses: [192.0.2.1]}]
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: b, namespace: shop, labels: {kubernetes.io/service-name: db}}
addressType: IPv4
ports: [{port: 8081}]
endpoints: [{addresses: [192.0.2.1]}]
---
";
    assert_eq!(
        endpoints(&[yaml, &selecting("ports: [{port: 80}]")].concat(), "shop/db"),
        ["192.0.2.1 :8080", "192.0.2.1 :8081"]
    );
}

#[test]
fn lists_without_a_service_are_mentioned() {
    let built = built(SLICES);
    assert_eq!(findings(&built).len(), 3);
    assert!(
        findings(&built)[0].contains("belongs to Service shop/db, which is not there"),
        "{:?}",
        findings(&built)
    );
}
