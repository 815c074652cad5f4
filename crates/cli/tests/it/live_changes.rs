//! Changes under load: no request fails, nothing passes that neither state allows, and nobody is led to what is gone.
use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Stdio},
};

use crate::support::{Running, User, folder, netloom, path, poll, stdout};

fn nodes(count: usize) -> String {
    (0..count).map(|n| format!("apiVersion: v1\nkind: Node\nmetadata: {{name: n{n}}}\n---\n")).collect()
}

const CLIENT: &str = "\
apiVersion: v1
kind: Pod
metadata: {name: client, namespace: shop}
spec: {nodeName: n0, containers: [{name: c, image: x, ports: [{containerPort: 80}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {selector: {app: web}, ports: [{port: 80}]}
---
";

fn web(replicas: usize) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: web, namespace: shop}}\nspec:\n  replicas: {replicas}\n  \
         selector: {{matchLabels: {{app: web}}}}\n  template:\n    metadata: {{labels: {{app: web}}}}\n    \
         spec: {{containers: [{{name: c, image: x, ports: [{{containerPort: 80}}]}}]}}\n"
    )
}

/// A file is there whole or not at all.
fn replace(folder: &Path, name: &str, text: &str) {
    fs::write(folder.join(".new"), text).unwrap();
    fs::rename(folder.join(".new"), folder.join(name)).unwrap();
}

fn exec(network: &Running, pod: &str, command: &[&str]) -> Child {
    let mut exec = netloom(User::Own);
    exec.args(["exec", "--network", &network.name, pod, "--"]).args(command);
    exec.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("netloom starts")
}

/// What wrk says of requests that failed, which is nothing where none did.
fn failures(text: &str) -> Vec<&str> {
    let failed = |line: &&str| line.contains("Socket errors") || line.contains("Non-2xx");
    text.lines().map(str::trim).filter(failed).collect()
}

#[test]
fn scaling_up_and_down_under_load_fails_no_request() {
    let all = nodes(3) + CLIENT;
    for (what, header) in
        [("new connections", &["-H", "Connection: close"][..]), ("kept connections", &[][..])]
    {
        let manifests = folder(&[("all.yaml", &all), ("web.yaml", &web(4))]);
        let network = Running::start(User::Own, &[path(&manifests), "--watch", "--ip-family", "ipv4"]);
        let wrk = |seconds: &'static str| {
            let command = ["wrk", "-t1", "-c8", "-d", seconds, "--timeout", "5s"];
            let command: Vec<&str> =
                command.iter().chain(header).chain(&["http://web.shop/"]).copied().collect();
            exec(&network, "shop/client", &command)
        };
        let mut load = wrk("6s");
        let mut edits = 0;
        while load.try_wait().unwrap().is_none() {
            // Up, down to fewer, and to pods that are none of those before.
            replace(manifests.path(), "web.yaml", &web([8, 3, 6, 1, 4][edits % 5]));
            edits += 1;
            network.wait_for_nth("applied web.yaml", edits);
        }
        let said = stdout(&load.wait_with_output().unwrap());
        assert!(said.contains("requests in") && edits > 10, "{edits} edits: {said}\n{}", network.text());
        assert_eq!(failures(&said), [""; 0], "{what}, {edits} edits: {said}");
        // What the edits left behind harms no port of the client's.
        let said = stdout(&wrk("2s").wait_with_output().unwrap());
        assert_eq!(failures(&said), [""; 0], "{what}, afterwards: {said}");
        println!(
            "{what}: {edits} edits; {}",
            said.lines().find(|l| l.contains("requests in")).unwrap_or_default()
        );
    }
}

/// Sends datagrams from new sockets until the file is there, and counts those that are answered.
const ASK: &str = "\
sent=0; passed=0
while [ ! -e \"$2\" ]; do
  fds=()
  for i in {1..100}; do exec {fd}<>/dev/udp/$1/5353; printf x >&$fd; fds+=($fd); done
  for fd in ${fds[@]}; do if read -t 0 -u $fd; then passed=$((passed+1)); fi; exec {fd}>&-; done
  sent=$((sent+100))
done 2>/dev/null
echo $passed of $sent";

#[test]
fn no_moment_between_two_states_lets_through_what_neither_allows() {
    let pod = |name: &str, node: usize, label: &str, ip: &str| {
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, namespace: w, labels: {{app: {label}}}}}\n\
             spec: {{nodeName: n{node}, containers: [{{name: c, image: x, ports: [{{containerPort: 5353, protocol: UDP}}]}}]}}\n\
             status: {{podIPs: [{{ip: {ip}}}]}}\n---\n"
        )
    };
    // Each node is told after the one before it: both ways round.
    let pods = nodes(12)
        + &pod("a1", 0, "a", "10.99.0.1")
        + &pod("b1", 11, "b", "10.99.0.2")
        + &pod("a2", 11, "a", "10.99.0.3")
        + &pod("b2", 0, "b", "10.99.0.4");
    let policy = |name: &str, label: &str, direction: &str, open: bool| {
        let rule = if open { "{}" } else { "" };
        format!(
            "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: {name}, namespace: w}}\nspec: {{podSelector: \
             {{matchLabels: {{app: {label}}}}}, policyTypes: [{direction}], {}: [{rule}]}}\n---\n",
            direction.to_lowercase()
        )
    };
    let state = |flip: bool| policy("a", "a", "Egress", flip) + &policy("b", "b", "Ingress", !flip);
    let manifests = folder(&[("pods.yaml", &pods), ("policies.yaml", &state(true))]);
    let network = Running::start(User::Own, &[path(&manifests), "--watch", "--ip-family", "ipv4"]);
    let end = manifests.path().join("end");
    let end = end.to_str().unwrap();
    let askers: Vec<Child> = [("w/a1", "10.99.0.2"), ("w/a2", "10.99.0.4")]
        .map(|(pod, to)| exec(&network, pod, &["bash", "-c", ASK, "ask", to, end]))
        .into();
    for edit in 1..=80 {
        replace(manifests.path(), "policies.yaml", &state(edit % 2 == 0));
        network.wait_for_nth("applied policies.yaml", edit);
    }
    fs::write(end, "").unwrap();
    for asker in askers {
        let said = stdout(&asker.wait_with_output().unwrap());
        let numbers: Vec<u64> = said.split_whitespace().filter_map(|word| word.parse().ok()).collect();
        println!("{said}");
        assert!(matches!(numbers[..], [0, sent] if sent > 1_000), "passed of sent: {said}");
    }
}

/// Asks from one socket until its standard output is closed, and says who answers.
const ONE_SOCKET: &str = "\
exec 3<>/dev/udp/$1/$2
while :; do
  printf 'NETLOOM? n1' >&3
  answer=$(timeout 0.2 dd bs=600 count=1 status=none <&3)
  echo \"${answer:-nothing}\" || exit
done 2>/dev/null";

#[test]
fn datagrams_of_an_old_socket_go_to_an_endpoint_that_lives() {
    let all = nodes(2)
        + "\
apiVersion: v1
kind: Pod
metadata: {name: cli, namespace: t}
spec: {nodeName: n1, containers: [{name: c, image: x}]}
---
apiVersion: v1
kind: Service
metadata: {name: d, namespace: t}
spec: {type: NodePort, clusterIP: 10.96.7.7, selector: {app: w}, ports: [{port: 53, nodePort: 30053, targetPort: 5353, protocol: UDP}]}
---
";
    let server = |name: &str| {
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, namespace: t, labels: {{app: w}}}}\n\
             spec: {{nodeName: n0, containers: [{{name: c, image: x, ports: [{{containerPort: 5353, protocol: UDP, hostPort: 6000}}]}}]}}\n"
        )
    };
    let manifests = folder(&[("all.yaml", &all), ("w.yaml", &server("w1"))]);
    let network = Running::start(User::Own, &[path(&manifests), "--watch", "--ip-family", "ipv4"]);
    let mut clients: Vec<(Child, BufReader<std::process::ChildStdout>)> = Vec::new();
    for (from, to, port) in
        [("t/cli", "10.96.7.7", "53"), ("outside", "172.18.0.3", "30053"), ("t/cli", "172.18.0.2", "6000")]
    {
        let mut child = exec(&network, from, &["bash", "-c", ONE_SOCKET, "ask", to, port]);
        let out = BufReader::new(child.stdout.take().unwrap());
        clients.push((child, out));
    }
    let mut wait_for = |server: &str, network: &Running| {
        for (_, out) in &mut clients {
            let mut last = String::new();
            let found = poll(|| {
                last.clear();
                out.read_line(&mut last).unwrap();
                last.contains(server).then_some(())
            });
            assert!(found.is_some(), "no answer of {server}, but {last:?}\n{}", network.text());
        }
    };
    wait_for("t/w1", &network);
    replace(manifests.path(), "w.yaml", &server("w2"));
    wait_for("t/w2", &network);
    // It goes, and another comes: nobody is remembered.
    fs::remove_file(manifests.path().join("w.yaml")).unwrap();
    network.wait_for_nth("applied w.yaml", 2);
    wait_for("nothing", &network);
    replace(manifests.path(), "w.yaml", &server("w3"));
    wait_for("t/w3", &network);
    for (mut child, out) in clients {
        drop(out);
        drop(child.kill());
        drop(child.wait());
    }
}

#[test]
fn an_emptied_folder_is_applied() {
    let manifests = folder(&[("web.yaml", &web(2))]);
    let network = Running::start(User::Own, &[path(&manifests), "--watch", "--ip-family", "ipv4"]);
    let there = |workload: &str| network.exec(User::Own, workload, &["true"]).status.code() == Some(0);
    assert!(there("shop/web"));
    fs::remove_file(manifests.path().join("web.yaml")).unwrap();
    let line = network.wait_for("applied web.yaml");
    assert!(line.contains("2 pods removed"), "{line}");
    assert!(!there("shop/web"));
    fs::write(manifests.path().join("web.yaml"), web(1)).unwrap();
    network.wait_for_nth("applied web.yaml", 2);
    assert!(there("shop/web"));
}
