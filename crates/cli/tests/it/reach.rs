//! `netloom reach` as its users have it.
use std::{io::Write as _, process::Stdio};

use crate::support::{User, folder, netloom, path, run, stderr, stdout, verified};

const PODS: &str = "\
{apiVersion: v1, kind: Pod, metadata: {name: a, labels: {app: a}}, spec: {containers: [{name: c, image: i, ports: [{containerPort: 80}]}]}}
---
{apiVersion: v1, kind: Pod, metadata: {name: b, labels: {app: b}}, spec: {containers: [{name: c, image: i, ports: [{containerPort: 80}]}]}}
---
{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: b}, spec: {podSelector: {matchLabels: {app: b}}, ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8}}], ports: [{port: 80}]}]}}
";

const TABLE: &str = "\
src,dst,conn
0.0.0.0-255.255.255.255[External],default/a[Pod],All Connections
10.0.0.0-10.255.255.255[External],default/b[Pod],TCP 80
default/a[Pod],0.0.0.0-255.255.255.255[External],All Connections
default/b[Pod],0.0.0.0-255.255.255.255[External],All Connections
default/b[Pod],default/a[Pod],All Connections
";

#[test]
fn manifests_are_read_from_folders_and_from_standard_input() {
    let set = folder(&[("set.yaml", PODS)]);
    let output = run(&["reach", path(&set), "-o", "csv"]);
    assert_eq!((stdout(&output).as_str(), output.status.code()), (TABLE, Some(0)), "{}", stderr(&output));
    let mut command = netloom(User::Own);
    command.args(["reach", "-", "-o", "csv"]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(PODS.as_bytes()).unwrap();
    assert_eq!(stdout(&child.wait_with_output().unwrap()), TABLE);
}

#[test]
fn a_closed_pipe_is_no_error() {
    let mut command = netloom(User::Own);
    command.args(["reach", "-"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    drop(child.stdout.take());
    child.stdin.take().unwrap().write_all(PODS.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(0), ""));
}

#[test]
fn a_range_of_pods_makes_blocks_match_them() {
    let set = folder(&[("set.yaml", PODS)]);
    let range = ["--pod-cidr", "10.244.0.0/16", "--ip-family", "ipv4"];
    let output = run(&[&["reach", path(&set)], &range[..]].concat());
    let text = stdout(&output);
    assert!(text.contains("default/a[Pod] => default/b[Pod] : TCP 80\n"), "{text}");
    assert!(text.contains("10.245.0.0-10.255.255.255[External] => default/b[Pod] : TCP 80\n"), "{text}");
    let one_family = run(&["reach", path(&set), "--ip-family", "dual"]);
    let all = "::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff[External] => default/a[Pod] : All Connections\n";
    assert!(stdout(&one_family).contains(all), "{}", stdout(&one_family));
}

#[test]
fn the_status_says_how_the_question_was_answered() {
    let set = folder(&[
        ("set.yaml", PODS),
        ("held.txt", "b -> a allowed\n"),
        ("refused.txt", "a -> b:80 allowed\n"),
        ("wrong.txt", "a - b\n"),
        ("unknown.txt", "a -> c allowed\n"),
        ("held.csv", "default/b,default/a,TCP,80,allowed,allowed,allowed\n"),
        ("refused.csv", "default/a,default/b,TCP,80,allowed,allowed,allowed\n"),
    ]);
    let broken = folder(&[("set.yaml", "kind: [\n")]);
    let file = |name: &str| format!("{}/{name}", path(&set));
    let table: [(&[&str], i32); 18] = [
        (&[], 0),
        (&["--by-class"], 0),
        (&["--exposure", "-o", "json"], 0),
        (&["--from", "b", "--to", "a"], 0),
        (&["--from", "a", "--to", "b"], 1),
        (&["--from", "10.1.2.3", "--to", "b", "--port", "80"], 0),
        (&["--from", "10.1.2.3", "--to", "b", "--port", "81"], 1),
        (&["--from", "a", "--to", "nobody"], 2),
        (&["--from", "a", "--to", "b", "--port", "0"], 2),
        (&["--who-can-reach", "b"], 0),
        (&["--what-can-reach-from", "a", "-o", "svg"], 2),
        (&["--open-to-internet"], 0),
        (&["--expect", &file("held.txt")], 0),
        (&["--expect", &file("refused.txt")], 1),
        (&["--expect", &file("wrong.txt")], 2),
        (&["--expect", &file("unknown.txt")], 2),
        (&["--expect", &file("held.csv")], 0),
        (&["--expect", &file("refused.csv"), "-o", "junit"], 1),
    ];
    for (arguments, status) in table {
        let output = run(&[&["reach", path(&set)], arguments].concat());
        let said = format!("{arguments:?}: {}{}", stdout(&output), stderr(&output));
        assert_eq!(output.status.code(), Some(status), "{said}");
        assert!(status != 2 || !stderr(&output).is_empty(), "{said}");
    }
    assert_eq!(run(&["reach", path(&broken)]).status.code(), Some(2));
    let wrong = run(&["reach", path(&set), "--expect", &file("wrong.txt")]);
    assert!(stderr(&wrong).contains("wrong.txt:1: there is no `->`"), "{}", stderr(&wrong));
}

#[test]
fn the_same_expectations_hold_of_the_prediction_and_of_packets() {
    let output = run(&["reach", "examples/shop", "--expect", "examples/shop/reach.txt"]);
    assert_eq!(stdout(&output), "11 expectations, 11 as expected, 0 not\n", "{}", stderr(&output));
    verified(User::Own, &["examples/shop", "--expect", "examples/shop/reach.txt"]);
    let wrong = folder(&[("e.txt", "[production]\nfrontend -> postgres:5432 allowed\n")]);
    let file = format!("{}/e.txt", path(&wrong));
    let output = run(&["verify", "examples/shop", "--expect", &file]);
    assert_eq!(output.status.code(), Some(1), "{}", stdout(&output));
    assert!(stdout(&output).contains("e.txt:2 expects allowed"), "{}", stdout(&output));
}

#[test]
fn the_shop_and_the_platform_look_as_documented() {
    let shop: String = [
        &[][..],
        &["--exposure"],
        &["--open-to-internet"],
        &["--unprotected"],
        &["--who-can-reach", "production/backend"],
    ]
    .iter()
    .map(|arguments| {
        let output = run(&[&["reach", "examples/shop"], *arguments].concat());
        format!("$ netloom reach examples/shop {}\n{}\n", arguments.join(" "), stdout(&output))
    })
    .collect();
    insta::assert_snapshot!("shop", shop);
    let platform = run(&["reach", "examples/platform"]);
    insta::assert_snapshot!("platform", format!("{}{}", stderr(&platform), stdout(&platform)));
}

/// Nobody knows which of made nodes a pod is on: both answers are given, and explain gives them too.
#[test]
fn a_node_reaches_its_own_pods_wherever_they_are() {
    let set = folder(&[(
        "hn.yaml",
        "\
{apiVersion: apps/v1, kind: DaemonSet, metadata: {name: agent, namespace: net}, spec: {selector: {matchLabels: {app: agent}}, template: {metadata: {labels: {app: agent}}, spec: {hostNetwork: true, containers: [{name: c, image: a:1}]}}}}
---
{apiVersion: apps/v1, kind: Deployment, metadata: {name: web, namespace: net}, spec: {selector: {matchLabels: {app: web}}, template: {metadata: {labels: {app: web}}, spec: {containers: [{name: c, image: a:1, ports: [{containerPort: 80}]}]}}}}
---
{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: deny, namespace: net}, spec: {podSelector: {}, policyTypes: [Ingress]}}
",
    )]);
    let asked = ["reach", path(&set), "--from", "net/agent", "--to", "net/web"];
    let text = stdout(&run(&asked));
    assert!(text.contains("everything: denied"), "{text}");
    assert!(text.contains("where both are on one node: everything allowed"), "{text}");
    let json = stdout(&run(&[&asked[..], &["-o", "json"]].concat()));
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["answers"][0]["allowed_on_one_node"], true, "{json}");
    let explained = stdout(&run(&["explain", path(&set), "net/agent", "net/web:80"]));
    assert!(explained.contains("1 of 2 pods that ask"), "{explained}");
    // Of pods that are on no node's network nothing changes.
    let text = stdout(&run(&["reach", path(&set), "--from", "net/web", "--to", "net/agent"]));
    assert!(!text.contains("on one node"), "{text}");
}
