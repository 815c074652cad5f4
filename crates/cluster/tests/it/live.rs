use netloom_cluster::{Addressing, Options};

use crate::{built, built_with, findings, loads, plain, pod, pods, service};

const OWNED: &str = "
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec: {replicas: 2, selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: c, image: x}]}}}
---
apiVersion: apps/v1
kind: ReplicaSet
metadata:
  name: web-6d4cf56db6
  namespace: shop
  ownerReferences: [{apiVersion: apps/v1, kind: Deployment, name: web, uid: u1, controller: true}]
spec: {replicas: 2, selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: c, image: x}]}}}
---
";

fn live(name: &str, owner: &str, status: &str) -> String {
    format!(
        "apiVersion: v1
kind: Pod
metadata:
  name: {name}
  namespace: shop
  labels: {{app: web}}
  ownerReferences: [{{apiVersion: apps/v1, kind: {owner}, uid: u2, controller: true}}]
spec: {{nodeName: worker-1, containers: [{{name: c, image: x, ports: [{{containerPort: 80}}]}}]}}
status: {status}
---
"
    )
}

const RUNNING: &str = "{phase: Running, podIP: 10.42.3.7, podIPs: [{ip: 10.42.3.7}], hostIP: 192.168.56.11, conditions: [{type: Ready, status: 'True'}]}";

#[test]
fn pods_of_a_dump_stand_for_their_workload() {
    let dump = [OWNED, &live("web-6d4cf56db6-abcde", "ReplicaSet, name: web-6d4cf56db6", RUNNING)].concat();
    let built = built(&dump);
    assert_eq!(pods(&built.snapshot), ["shop/web-6d4cf56db6-abcde"]);
    let pod = pod(&built, "shop/web-6d4cf56db6-abcde");
    assert_eq!((&*pod.workload.kind, &*pod.workload.name), ("Deployment", "web"));
    assert_eq!(pod.ips.v4.unwrap().to_string(), "10.42.3.7");
    let node = built.snapshot.node(pod.node);
    assert_eq!((&*node.name, node.ips.v4.unwrap().to_string()), ("worker-1", "192.168.56.11".into()));
    assert_eq!(node.pod_cidrs.v4.unwrap().to_string(), "10.42.3.0/24");
    assert_eq!(built.snapshot.nodes.len(), 1, "a dump's nodes are those that its pods run on");
}

#[test]
fn without_pods_the_deployment_is_expanded_once() {
    let built = built(OWNED);
    assert_eq!(built.snapshot.pods.len(), 2);
    assert!(built.snapshot.pods.iter().all(|p| &*p.workload.kind == "Deployment"));
}

#[test]
fn a_replica_set_that_is_missing_is_known_by_its_name() {
    let deployment = OWNED.split("---").next().unwrap();
    let dump =
        [deployment, "---\n", &live("web-6d4cf56db6-abcde", "ReplicaSet, name: web-6d4cf56db6", RUNNING)]
            .concat();
    let built = built(&dump);
    assert_eq!(pods(&built.snapshot), ["shop/web-6d4cf56db6-abcde"]);
    assert_eq!(&*built.snapshot.pods[0].workload.kind, "Deployment");
}

#[test]
fn readiness_and_ends() {
    for (status, there, ready) in [
        (RUNNING, true, true),
        ("{phase: Running, conditions: [{type: Ready, status: 'False'}]}", true, false),
        ("{phase: Running, conditions: [{type: Ready, status: Unknown}]}", true, false),
        ("{phase: Pending}", true, false),
        ("{phase: Running}", true, true),
        ("{}", true, true),
        ("{phase: Succeeded, podIP: 10.244.0.9}", false, false),
        ("{phase: Failed, reason: Evicted}", false, false),
    ] {
        let built = built(&live("p", "ReplicaSet, name: gone", status));
        assert_eq!(!built.snapshot.pods.is_empty(), there, "{status}");
        assert_eq!(built.snapshot.pods.first().is_some_and(|p| p.ready), ready, "{status}");
    }
}

#[test]
fn ended_pods_cover_a_job_and_not_a_cron_job() {
    let cron = "
apiVersion: batch/v1
kind: CronJob
metadata: {name: backup, namespace: shop}
spec: {schedule: '0 3 * * *', jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: c, image: x}]}}}}}
---
apiVersion: batch/v1
kind: Job
metadata:
  name: backup-29000000
  namespace: shop
  ownerReferences: [{apiVersion: batch/v1, kind: CronJob, name: backup, uid: u, controller: true}]
spec: {template: {spec: {restartPolicy: Never, containers: [{name: c, image: x}]}}}
---
";
    let ended = live("backup-29000000-x", "Job, name: backup-29000000", "{phase: Succeeded}");
    let built = built(&[cron, &ended].concat());
    let workloads: Vec<_> =
        built.snapshot.pods.iter().map(|p| (&*p.workload.kind, &*p.workload.name)).collect();
    assert_eq!(workloads, [("CronJob", "backup")]);
    let running = live("backup-29000000-x", "Job, name: backup-29000000", RUNNING);
    assert_eq!(pods(&crate::built(&[cron, &running].concat()).snapshot), ["shop/backup-29000000-x"]);
}

#[test]
fn duplicate_addresses_are_reported_and_parted() {
    let dump =
        [live("p", "ReplicaSet, name: a", RUNNING), live("q", "ReplicaSet, name: b", RUNNING)].concat();
    let built = built(&dump);
    let ips: Vec<String> = built.snapshot.pods.iter().map(|p| p.ips.v4.unwrap().to_string()).collect();
    assert_eq!(ips, ["10.42.3.7", "10.42.3.2"]);
    assert!(
        findings(&built)[0].starts_with("error 11 pods shop/p and shop/q both have the address 10.42.3.7"),
        "{:?}",
        findings(&built)
    );
}

#[test]
fn a_pod_on_its_way_out_serves_and_takes_nothing_new() {
    let dump = live("p", "ReplicaSet, name: a", RUNNING)
        .replace("labels:", "deletionTimestamp: '2026-01-01T00:00:00Z'\n  labels:");
    let service_yaml = "apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: shop}\nspec: {selector: {app: web}, ports: [{port: 80}]}\n";
    let built = built(&[&dump, service_yaml].concat());
    let endpoint = &service(&built, "shop/web").endpoints[0];
    assert_eq!((endpoint.ready, endpoint.serving, endpoint.terminating), (false, true, true));
}

#[test]
fn pods_outside_any_plan_keep_their_addresses() {
    let yaml = (0..4).map(|i| {
        live(
            &format!("p{i}"),
            "ReplicaSet, name: a",
            &RUNNING.replace("10.42.3.7", &format!("192.168.{i}.20")).replace("192.168.56.11", "172.18.0.2"),
        )
    });
    let built = built(&yaml.collect::<String>());
    assert_eq!(built.snapshot.plan.pod_cidrs.v4.unwrap().to_string(), "192.168.0.0/16");
    assert_eq!(loads(&built.snapshot), [4]);
    assert_eq!(pod(&built, "shop/p3").ips.v4.unwrap().to_string(), "192.168.3.20");
}

#[test]
fn no_address_is_made_up_where_only_known_ones_are_wanted() {
    let known = Options { addressing: Addressing::Known, ..plain() };
    let dump = [OWNED, &live("web-6d4cf56db6-abcde", "ReplicaSet, name: web-6d4cf56db6", RUNNING)].concat();
    let running = built_with(known.clone(), &dump);
    assert_eq!(pod(&running, "shop/web-6d4cf56db6-abcde").ips.v4.unwrap().to_string(), "10.42.3.7");
    assert_eq!(running.snapshot.nodes[0].ips.v4.unwrap().to_string(), "192.168.56.11");
    let web = "apiVersion: v1\nkind: Service\nmetadata: {name: web, namespace: shop}\nspec: {selector: {app: web}, ports: [{port: 80}]}\n";
    let manifests = built_with(known, &[OWNED, web].concat());
    assert_eq!(manifests.snapshot.pods.len(), 2);
    assert!(manifests.snapshot.pods.iter().all(|p| p.ips.is_empty()));
    assert!(manifests.snapshot.nodes.iter().all(|n| n.ips.is_empty()));
    let endpoints = &service(&manifests, "shop/web").endpoints;
    assert_eq!(
        endpoints.iter().filter(|e| e.pod.is_some() && e.ips.is_empty()).count(),
        2,
        "they are endpoints all the same"
    );
}

#[test]
fn an_owner_without_a_kind_is_nobody() {
    for owner in ["'', name: web", "ReplicaSet, name: ''"] {
        let built = built(&live("web-1", owner, RUNNING));
        let pod = pod(&built, "shop/web-1");
        assert_eq!((&*pod.workload.kind, &*pod.workload.name), ("Pod", "web-1"), "{owner}");
    }
}
