//! Edits applied while the network runs.
use std::{
    fs,
    io::{Read as _, Write as _},
    process::Stdio,
};

use crate::support::{Running, User, folder, netloom, path, poll, stdout};

const PODS: &str = "\
apiVersion: v1
kind: Pod
metadata: {name: a, namespace: w, labels: {app: a}}
spec: {containers: [{name: c, image: x, ports: [{containerPort: 80}]}]}
---
apiVersion: v1
kind: Pod
metadata: {name: b, namespace: w, labels: {app: b}}
spec: {containers: [{name: c, image: x, ports: [{containerPort: 80}, {containerPort: 81}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: b, namespace: w}
spec: {selector: {app: b}, ports: [{port: 80, name: a}, {port: 81, name: b}]}
";

fn policy(port: u16) -> String {
    format!(
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: b, namespace: w}}\nspec:\n  \
         podSelector: {{matchLabels: {{app: b}}}}\n  ingress: [{{from: [{{podSelector: {{matchLabels: {{app: a}}}}}}], ports: [{{port: {port}}}]}}]\n"
    )
}

fn reaches(network: &Running, port: u16) -> bool {
    let url = format!("http://b.w:{port}/");
    stdout(&network.exec(User::Own, "w/a", &["curl", "-sm1", &url])).contains("\"pod\"")
}

#[test]
fn an_edited_policy_is_applied_and_allowed_connections_live_on() {
    let manifests = folder(&[("pods.yaml", PODS), ("policy.yaml", &policy(80))]);
    let network = Running::start(User::Own, &[path(&manifests), "--watch"]);
    assert!(reaches(&network, 80) && !reaches(&network, 81));
    // Two connections that stay open: one to a port that stays allowed, one that will not be.
    let talk = |port: u16| {
        let mut exec = netloom(User::Own);
        let script = format!(
            "exec 3<>/dev/tcp/b.w/{port}; while read l; do echo $l >&3; read -t 3 r <&3 && echo $r || echo lost; done"
        );
        exec.args(["exec", "--network", &network.name, "w/a", "--", "bash", "-c", &script]);
        exec.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap()
    };
    let mut stays = talk(80);
    let say = |child: &mut std::process::Child, word: &str| {
        child.stdin.as_mut().unwrap().write_all(format!("{word}\n").as_bytes()).unwrap();
        let mut answer = String::new();
        let mut byte = [0];
        while child.stdout.as_mut().unwrap().read(&mut byte).unwrap() == 1 && byte[0] != b'\n' {
            answer.push(char::from(byte[0]));
        }
        answer
    };
    assert_eq!(say(&mut stays, "one"), "one");
    fs::write(
        manifests.path().join("policy.yaml"),
        policy(80) + "---\n" + &policy(81).replace("name: b,", "name: b81,"),
    )
    .unwrap();
    network.wait_for("applied policy.yaml");
    assert!(reaches(&network, 80) && reaches(&network, 81));
    let mut goes = talk(81);
    assert_eq!(say(&mut goes, "two"), "two");
    fs::write(manifests.path().join("policy.yaml"), policy(80)).unwrap();
    let line = network.wait_for_nth("applied policy.yaml", 2);
    assert!(line.contains("connections cut"), "{line}");
    assert!(reaches(&network, 80) && !reaches(&network, 81));
    assert_eq!(say(&mut stays, "three"), "three");
    assert_eq!(say(&mut goes, "four"), "lost");
    for mut child in [stays, goes] {
        drop(child.kill());
        drop(child.wait());
    }
}

#[test]
fn pods_come_and_go_and_broken_edits_change_nothing() {
    let manifests = folder(&[("pods.yaml", PODS)]);
    let network = Running::start(User::Own, &[path(&manifests), "--watch"]);
    assert!(reaches(&network, 80));
    fs::write(manifests.path().join("pods.yaml"), "kind: Pod\nspec: [\n").unwrap();
    network.wait_for("not applied");
    assert!(reaches(&network, 80));
    let more = PODS.replace("name: a,", "name: c,").split("---").next().unwrap().to_owned();
    fs::write(manifests.path().join("more.yaml"), more).unwrap();
    fs::write(manifests.path().join("pods.yaml"), PODS).unwrap();
    let came = poll(|| {
        stdout(&network.exec(User::Own, "w/c", &["curl", "-sm1", "http://b/"]))
            .contains("\"pod\"")
            .then_some(())
    });
    assert!(came.is_some(), "{}", network.text());
    fs::remove_file(manifests.path().join("more.yaml")).unwrap();
    let went = poll(|| (network.exec(User::Own, "w/c", &["true"]).status.code() == Some(2)).then_some(()));
    assert!(went.is_some(), "{}", network.text());
    assert!(reaches(&network, 80));
}

fn nodes(names: &[&str]) -> String {
    names.iter().map(|n| format!("apiVersion: v1\nkind: Node\nmetadata: {{name: {n}}}\n---\n")).collect()
}

#[test]
fn an_edit_of_the_nodes_is_refused_as_a_whole_and_says_which() {
    let manifests = folder(&[("nodes.yaml", &nodes(&["n1", "n2"])), ("pods.yaml", PODS)]);
    let network = Running::start(User::Own, &[path(&manifests), "--watch"]);
    let write = |file: &str, text: &str| fs::write(manifests.path().join(file), text).unwrap();
    let refused = |nth, what: &str| {
        let line = network.wait_for_nth("not applied: ", nth);
        assert!(line.contains(what) && line.contains("start again to change nodes"), "{line}");
    };
    write("nodes.yaml", &nodes(&["n1", "n2", "n3"]));
    refused(1, "node n3 is new;");
    write("nodes.yaml", &nodes(&["n1"]));
    refused(2, "node n2 is gone;");
    write("nodes.yaml", &nodes(&["n2", "n1"]));
    refused(3, "the nodes stand in another order;");
    let moved = nodes(&["n1", "n2"]).replacen(
        "---",
        "status: {addresses: [{type: InternalIP, address: 172.18.0.99}]}\n---",
        1,
    );
    write("nodes.yaml", &moved);
    refused(4, "node n1 has the address 172.18.0.99");
    // Nothing of an edit is applied while the nodes differ, and all of it when they are back.
    write("policy.yaml", &policy(80));
    refused(5, "node n1 has the address 172.18.0.99");
    assert!(reaches(&network, 80) && reaches(&network, 81));
    write("nodes.yaml", &nodes(&["n1", "n2"]));
    network.wait_for("applied nodes.yaml");
    assert!(reaches(&network, 80) && !reaches(&network, 81), "{}", network.text());
}
