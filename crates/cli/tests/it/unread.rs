//! What an answer does not take into account is said with it.
use crate::support::{folder, path, run, stderr, stdout};

const PODS: &str = "\
{apiVersion: v1, kind: Pod, metadata: {name: a, labels: {app: a}}, spec: {containers: [{name: c, image: i, ports: [{containerPort: 80}]}]}}
---
{apiVersion: v1, kind: Service, metadata: {name: a}, spec: {selector: {app: a}, ports: [{port: 80}]}}
---
";
const DENIES: &str = "{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {name: p}, spec: {endpointSelector: {}, ingress: [{}]}}\n---\n";
const BRINGS: &str =
    "{apiVersion: helm.toolkit.fluxcd.io/v2, kind: HelmRelease, metadata: {name: r}, spec: {}}\n---\n";

const SAID: &str = "not judged: 1 CiliumNetworkPolicy (cilium.io); these deny or allow traffic";

#[test]
fn every_command_says_what_it_does_not_judge() {
    let set = folder(&[("set.yaml", &[PODS, DENIES].concat())]);
    let set = path(&set);
    for args in [
        vec!["check", set],
        vec!["reach", set],
        vec!["reach", set, "--from", "a"],
        vec!["reach", set, "--unprotected"],
        vec!["explain", set, "a", "a:80"],
        vec!["suggest", set],
        vec!["diff", set, set, "-o", "csv"],
    ] {
        let output = run(&args);
        assert_eq!(stderr(&output).matches(SAID).count(), 1, "{args:?}: {}", stderr(&output));
    }
    for args in [
        vec!["check", set, "-o", "json"],
        vec!["reach", set, "-o", "json"],
        vec!["reach", set, "--by-class", "-o", "json"],
        vec!["reach", set, "--from", "a", "-o", "json"],
        vec!["reach", set, "--open-to-internet", "-o", "json"],
        vec!["explain", set, "a", "a:80", "-o", "json"],
        vec!["suggest", set, "-o", "json"],
        vec!["diff", set, set, "-o", "json"],
    ] {
        let output = run(&args);
        let json: serde_json::Value = serde_json::from_str(&stdout(&output)).unwrap();
        let said = &json["not_judged"][0];
        assert_eq!(
            (&said["kind"], &said["count"], &said["effect"]),
            (&"CiliumNetworkPolicy".into(), &1.into(), &"denies".into()),
            "{args:?}"
        );
    }
    let plain = folder(&[("set.yaml", PODS)]);
    // What stands on one side alone may change what the other allows.
    let output = run(&["diff", set, path(&plain), "-o", "csv"]);
    assert_eq!(stderr(&output).matches(SAID).count(), 1, "{}", stderr(&output));
    for args in [vec!["check", path(&plain)], vec!["reach", path(&plain)]] {
        let output = run(&args);
        assert!(!stderr(&output).contains("not judged"), "{}", stderr(&output));
    }
}

#[test]
fn answers_that_gate_say_it_in_themselves() {
    let set = folder(&[
        ("set.yaml", &[PODS, DENIES, BRINGS].concat()),
        ("expect.txt", "[default]\noutside -> a allowed\n"),
    ]);
    let file = set.path().join("expect.txt");
    let set = set.path().join("set.yaml");
    let (set, file) = (set.to_str().unwrap(), file.to_str().unwrap());
    let open = stdout(&run(&["reach", set, "--open-to-internet"]));
    assert!(open.starts_with("nothing is published to the internet and let in by policies, as far as is judged here\nnot judged: 1 HelmRelease"), "{open}");
    let expected = stdout(&run(&["reach", set, "--expect", file]));
    assert!(expected.contains(SAID) && expected.contains("1 HelmRelease"), "{expected}");
    let diff = stdout(&run(&["diff", set, set, "--fail-on", "any"]));
    assert!(diff.contains(SAID), "{diff}");
}

#[test]
fn ways_in_of_other_kinds_are_ways_in() {
    for way in [
        "{apiVersion: route.openshift.io/v1, kind: Route, metadata: {name: r}, spec: {host: a.example, to: {kind: Service, name: a}}}",
        "{apiVersion: traefik.io/v1alpha1, kind: IngressRoute, metadata: {name: r}, spec: {routes: [{match: 'Host(`a.example`)', services: [{name: a, port: 80}]}]}}",
        "{apiVersion: projectcontour.io/v1, kind: HTTPProxy, metadata: {name: r}, spec: {virtualhost: {fqdn: a.example}, routes: [{services: [{name: a, port: 80}]}]}}",
        "{apiVersion: k8s.nginx.org/v1, kind: VirtualServer, metadata: {name: r}, spec: {host: a.example, upstreams: [{name: u, service: a, port: 80}]}}",
    ] {
        let set = folder(&[("set.yaml", &[PODS, way].concat())]);
        let open = stdout(&run(&["reach", path(&set), "--open-to-internet"]));
        assert!(open.contains("default/a[Pod]") && open.contains("a.example"), "{way}: {open}");
    }
}

#[test]
fn placement_hides_no_workload() {
    let deployment = "{apiVersion: apps/v1, kind: Deployment, metadata: {name: api, namespace: shop}, spec: {selector: {matchLabels: {app: api}}, template: {metadata: {labels: {app: api}}, spec: {nodeSelector: {cloud.google.com/gke-nodepool: pool-1}, containers: [{name: c, image: 'a:1', ports: [{containerPort: 80}]}]}}}}\n---\n";
    let set = folder(&[("set.yaml", &[PODS, deployment].concat())]);
    let output = run(&["reach", path(&set), "-o", "csv"]);
    assert!(
        stdout(&output).contains("default/a[Pod],shop/api[Deployment],All Connections"),
        "{}",
        stdout(&output)
    );
    assert!(!stderr(&output).contains("Pending"), "{}", stderr(&output));
    // Declared nodes may keep a pod Pending; what policies make of it is said all the same.
    let node = "{apiVersion: v1, kind: Node, metadata: {name: n1}}\n---\n";
    let set = folder(&[("set.yaml", &[PODS, deployment, node].concat())]);
    let output = run(&["reach", path(&set), "-o", "csv"]);
    assert!(
        stdout(&output).contains("default/a[Pod],shop/api[Deployment],All Connections"),
        "{}",
        stdout(&output)
    );
    assert!(
        stderr(&output).contains("1 pod of Deployment shop/api fits no node and stays Pending"),
        "{}",
        stderr(&output)
    );
    let explained = run(&["explain", path(&set), "a", "shop/api:80"]);
    assert!(stdout(&explained).contains("is Pending, as no node takes it"), "{}", stdout(&explained));
    assert_eq!(explained.status.code(), Some(0));
}

#[test]
fn a_port_that_no_manifest_names_is_not_denied() {
    let set = folder(&[("set.yaml", PODS)]);
    let explained = run(&["explain", path(&set), "a", "a:80"]);
    assert!(!stdout(&explained).contains("no manifest says"));
    let more = "{apiVersion: v1, kind: Service, metadata: {name: b}, spec: {selector: {app: a}, ports: [{port: 14268}]}}\n---\n{apiVersion: v1, kind: Pod, metadata: {name: c}, spec: {containers: [{name: c, image: i}]}}\n";
    let set = folder(&[("set.yaml", &[PODS, more].concat())]);
    let explained = run(&["explain", path(&set), "c", "b:14268"]);
    let text = stdout(&explained);
    assert_eq!(explained.status.code(), Some(0), "{text}");
    assert!(text.contains("the network allows it; no manifest says that 14268/TCP listens"), "{text}");
}

/// An empty answer is not silence.
#[test]
fn a_set_without_workloads_is_said_to_have_none() {
    let set = folder(&[("c.yaml", "{apiVersion: v1, kind: ConfigMap, metadata: {name: c}}\n")]);
    let output = run(&["reach", path(&set), "--no-dns"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(stderr(&output).contains("the manifests have no workload"), "{}", stderr(&output));
    let json: serde_json::Value =
        serde_json::from_str(&stdout(&run(&["reach", path(&set), "-o", "json"]))).unwrap();
    assert!(json.is_object(), "{json}");
}
