use std::sync::Arc;

use netloom_cluster::{Builder, Built, Options, Snapshot};

use crate::{files, service};

fn deployments(count: usize, replicas: u32) -> String {
    let one = |i: usize| {
        format!(
            "apiVersion: apps/v1
kind: Deployment
metadata: {{name: d{i}, namespace: shop}}
spec: {{replicas: {replicas}, selector: {{matchLabels: {{app: d{i}}}}}, template: {{metadata: {{labels: {{app: d{i}}}}}, spec: {{containers: [{{name: c, image: x, ports: [{{containerPort: 80}}]}}]}}}}}}
---
apiVersion: v1
kind: Service
metadata: {{name: d{i}, namespace: shop}}
spec: {{selector: {{app: d{i}}}, ports: [{{port: 80}}]}}
---
"
        )
    };
    (0..count).map(one).collect()
}

fn policy(port: u16) -> String {
    format!(
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: p, namespace: shop}}\nspec: {{podSelector: {{}}, ingress: [{{ports: [{{port: {port}}}]}}]}}\n"
    )
}

fn where_pods_are(snapshot: &Snapshot) -> Vec<(String, String, String)> {
    let one = |p: &Arc<netloom_cluster::Pod>| {
        (
            p.qualified_name(),
            snapshot.node(p.node).name.to_string(),
            p.ips.iter().map(|ip| ip.to_string()).collect(),
        )
    };
    snapshot.pods.iter().map(one).collect()
}

/// Builds the sets one after the other.
fn sequence(sets: &[&[(&str, &str)]]) -> Vec<Built> {
    let mut builder = Builder::new(Options::default());
    sets.iter().map(|set| builder.build(&files(set))).collect()
}

#[test]
fn nothing_changed() {
    let mut builder = Builder::new(Options::default());
    let set = files(&[("a.yaml", &deployments(3, 2)), ("p.yaml", &policy(80))]);
    let (a, b) = (builder.build(&set), builder.build(&set));
    assert!(Arc::ptr_eq(&a.snapshot.pods, &b.snapshot.pods));
    assert!(Arc::ptr_eq(&a.snapshot.nodes, &b.snapshot.nodes));
    assert!(Arc::ptr_eq(&a.snapshot.namespaces, &b.snapshot.namespaces));
    assert!(Arc::ptr_eq(&a.snapshot.services, &b.snapshot.services));
    assert!(Arc::ptr_eq(&a.snapshot.policies, &b.snapshot.policies));
    assert!(Arc::ptr_eq(&a.snapshot.plan, &b.snapshot.plan));
    assert_eq!((a.notes, a.diagnostics), (b.notes, b.diagnostics));
}

#[test]
fn the_same_text_read_anew_keeps_every_pointer() {
    let text = deployments(3, 2) + &policy(80);
    let built = sequence(&[&[("a.yaml", &text)], &[("a.yaml", &text)]]);
    let (a, b) = (&built[0].snapshot, &built[1].snapshot);
    assert!(Arc::ptr_eq(&a.pods, &b.pods) && Arc::ptr_eq(&a.nodes, &b.nodes));
    assert!(a.policies.iter().zip(b.policies.iter()).all(|(a, b)| Arc::ptr_eq(a, b)));
    assert!(Arc::ptr_eq(&a.services, &b.services));
}

#[test]
fn a_changed_policy_leaves_the_rest() {
    let text = deployments(3, 2);
    let (first, second) = (policy(80), policy(81));
    let mut builder = Builder::new(Options::default());
    let a = files(&[("a.yaml", &text), ("p.yaml", &first)]);
    let changed = files(&[("p.yaml", &second)]);
    let b = netloom_objects::ObjectSet::assemble(vec![a.sources[0].clone(), changed.sources[0].clone()]);
    let (a, b) = (builder.build(&a).snapshot, builder.build(&b).snapshot);
    assert!(Arc::ptr_eq(&a.pods, &b.pods) && Arc::ptr_eq(&a.services, &b.services));
    assert!(!Arc::ptr_eq(&a.policies[0], &b.policies[0]));
}

#[test]
fn pods_stay_where_they_are() {
    let (few, many) = (deployments(4, 2), deployments(9, 3));
    let built = sequence(&[&[("a.yaml", &few)], &[("a.yaml", &many)], &[("a.yaml", &few)]]);
    let places: Vec<_> = built.iter().map(|b| where_pods_are(&b.snapshot)).collect();
    assert!(places[0].iter().all(|p| places[1].contains(p)));
    assert_eq!(places[0], places[2]);
    let (a, b) = (service(&built[0], "shop/d1"), service(&built[1], "shop/d1"));
    assert_eq!(a.cluster_ips(), b.cluster_ips());
}

#[test]
fn a_new_pod_does_not_take_over_an_address() {
    let (one, other) = (deployments(1, 2), deployments(1, 2).replace("d0", "e0"));
    let built = sequence(&[&[("a.yaml", &one)], &[("a.yaml", &other)]]);
    let ips = |b: &Built| {
        b.snapshot
            .pods
            .iter()
            .filter(|p| &*p.namespace == "shop")
            .flat_map(|p| p.ips.iter())
            .collect::<Vec<_>>()
    };
    let (before, after) = (ips(&built[0]), ips(&built[1]));
    assert!(after.iter().all(|ip| !before.contains(ip)), "{before:?} {after:?}");
}

#[test]
fn a_rebuild_says_what_a_build_says() {
    let steps = [deployments(2, 1), deployments(3, 1), deployments(3, 1) + &policy(80), deployments(1, 1)];
    let mut builder = Builder::new(Options::default());
    for text in &steps {
        let set = files(&[("a.yaml", text)]);
        let (again, fresh) = (builder.build(&set), netloom_cluster::build(&set, &Options::default()));
        assert_eq!(again.diagnostics, fresh.diagnostics);
        assert_eq!(again.notes, fresh.notes);
        let names = |b: &Built| crate::pods(&b.snapshot);
        assert_eq!(names(&again), names(&fresh));
        let services = |b: &Built| {
            b.snapshot
                .services
                .iter()
                .map(|s| (s.id, s.qualified_name(), s.endpoints.len(), s.cluster_ips()))
                .collect::<Vec<_>>()
        };
        assert_eq!(services(&again), services(&fresh));
        for (i, pod) in again.snapshot.pods.iter().enumerate() {
            assert_eq!(pod.id.0 as usize, i);
        }
        for service in again.snapshot.services.iter() {
            for endpoint in service.endpoints.iter() {
                assert_eq!(
                    again.snapshot.pod(endpoint.pod.unwrap()).ips.v4,
                    endpoint.ips.v4.or(again.snapshot.pod(endpoint.pod.unwrap()).ips.v4)
                );
                assert_eq!(again.snapshot.pod(endpoint.pod.unwrap()).namespace, service.namespace);
            }
        }
    }
}

#[test]
fn a_port_that_only_a_service_knows_comes_and_goes() {
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: p, labels: {a: b}}\nspec: {containers: [{name: c, image: x}]}\n---\n";
    let service = |port: u16| {
        format!(
            "{pod}apiVersion: v1\nkind: Service\nmetadata: {{name: s}}\nspec: {{selector: {{a: b}}, ports: [{{port: 80, targetPort: {port}}}]}}\n"
        )
    };
    let built = sequence(&[
        &[("a.yaml", pod)],
        &[("a.yaml", &service(8080))],
        &[("a.yaml", &service(9090))],
        &[("a.yaml", pod)],
    ]);
    let ports: Vec<Vec<u16>> = built
        .iter()
        .map(|b| b.snapshot.find_pod("default", "p").unwrap().listening.iter().map(|l| l.1).collect())
        .collect();
    assert_eq!(ports, [vec![], vec![8080], vec![9090], vec![]]);
}

#[test]
fn a_namespace_comes_and_its_neighbours_are_renumbered() {
    let pod = |namespace: &str| {
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: p, namespace: {namespace}}}\nspec: {{containers: [{{name: c, image: x}}]}}\n---\n"
        )
    };
    let (m, am) = (pod("m"), pod("a") + &pod("m"));
    let built = sequence(&[&[("a.yaml", &m)], &[("a.yaml", &am)]]);
    for built in &built {
        for pod in built.snapshot.pods.iter() {
            assert_eq!(built.snapshot.namespace(pod.namespace_id).name, pod.namespace);
        }
    }
}

#[test]
fn an_edit_of_what_is_asked_of_neighbours_places_pods_anew_and_nothing_else_does() {
    let constraint = "topologySpreadConstraints: [{topologyKey: kubernetes.io/hostname, maxSkew: 1, whenUnsatisfiable: DoNotSchedule, labelSelector: {matchLabels: {app: d0}}}], ";
    let spread = deployments(1, 4).replace("containers:", &format!("{constraint}containers:"));
    let together = deployments(1, 4).replace(
        "containers:",
        "affinity: {podAffinity: {requiredDuringSchedulingIgnoredDuringExecution: [{topologyKey: kubernetes.io/hostname, labelSelector: {matchLabels: {app: d0}}}]}}, containers:",
    );
    let built = sequence(&[
        &[("a.yaml", &together)],
        &[("a.yaml", &together), ("p.yaml", &policy(80))],
        &[("a.yaml", &spread)],
        &[("a.yaml", &spread.replace("replicas: 4", "replicas: 3"))],
    ]);
    let loads: Vec<Vec<usize>> = built
        .iter()
        .map(|b| {
            let of = |node: &netloom_cluster::Node| {
                b.snapshot.pods.iter().filter(|p| p.node == node.id && p.name.starts_with("d0")).count()
            };
            b.snapshot.nodes.iter().map(of).collect()
        })
        .collect();
    assert_eq!(loads[0].iter().filter(|n| **n > 0).count(), 1, "{loads:?}");
    assert_eq!(loads[1], loads[0]);
    assert_eq!(loads[2], [2, 2]);
    let kept = where_pods_are(&built[3].snapshot);
    let before = where_pods_are(&built[2].snapshot);
    assert!(kept.iter().all(|pod| before.contains(pod)), "{kept:?} {before:?}");
}
