//! Commands in pods: what starts them, what they print, and that they end with their pod.
use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Command, Stdio},
};

use crate::support::{Running, User, folder, netloom, path, poll, stderr, stdout};

fn pod(name: &str, run: &str) -> String {
    let annotations =
        if run.is_empty() { String::new() } else { format!("annotations: {{netloom.dev/run: {run:?}}}, ") };
    format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{name: {name}, {annotations}namespace: p}}\n\
         spec: {{containers: [{{name: c, image: x, ports: [{{containerPort: 80}}]}}]}}\n---\n"
    )
}

/// A server in perl, which every Debian has, that answers with a word.
fn answering(word: &str) -> String {
    format!(
        "sleep 7001 & perl -MIO::Socket::INET -e '$s = IO::Socket::INET->new(LocalPort => 80, Listen => 9, ReuseAddr => 1) or die $!; \
         while ($c = $s->accept) {{ print $c \"HTTP/1.0 200 OK\\r\\n\\r\\n{word}\"; close $c }}'"
    )
}

fn asked(network: &Running, of: &str) -> String {
    let url = format!("http://{of}/");
    stdout(&network.exec(User::Own, "outside", &["curl", "-sm2", &url]))
}

fn address(network: &Running, name: &str) -> String {
    let text = network.text();
    let line = text.lines().find(|line| line.starts_with(&format!("p/{name} "))).unwrap();
    line.split_whitespace().find(|word| word.starts_with("10.244.")).unwrap().to_owned()
}

#[test]
fn manifests_run_nothing_by_themselves() {
    let marks = tempfile::tempdir().unwrap();
    let mark = marks.path().join("ran");
    let manifests = folder(&[("pod.yaml", &pod("a", &format!("touch {}; sleep 1000", mark.display())))]);
    let note = format!(
        "Pod p/a ({}/pod.yaml:1) names a command in netloom.dev/run; it is not run",
        path(&manifests)
    );
    let home = |command: &mut Command| {
        command.env("XDG_CONFIG_HOME", marks.path());
    };

    let network = Running::start_with(User::Own, &[path(&manifests)], home);
    assert!(network.text().contains(&note), "{}", network.text());
    assert!(asked(&network, &address(&network, "a")).contains("\"pod\""), "a stand-in answers");
    drop(network);
    let verified = netloom(User::Own).args(["verify", path(&manifests)]).output().unwrap();
    assert_eq!(verified.status.code(), Some(0), "{}", stderr(&verified));
    assert!(stderr(&verified).contains(&note), "{}", stderr(&verified));
    assert!(!mark.exists());

    // A checkout cannot say it.
    fs::write(manifests.path().join("netloom.toml"), "[up]\nallow-run = true\n").unwrap();
    let refused = netloom(User::Own).args(["verify", path(&manifests)]).output().unwrap();
    assert_eq!(refused.status.code(), Some(2));
    assert!(stderr(&refused).contains("netloom.toml:1:2: unknown key `up`"), "{}", stderr(&refused));
    assert!(!mark.exists());
    fs::remove_file(manifests.path().join("netloom.toml")).unwrap();

    for own in [false, true] {
        let arguments: &[&str] = if own { &[path(&manifests)] } else { &[path(&manifests), "--allow-run"] };
        if own {
            fs::create_dir(marks.path().join("netloom")).unwrap();
            fs::write(marks.path().join("netloom/netloom.toml"), "[up]\nallow-run = true\n").unwrap();
        }
        let network = Running::start_with(User::Own, arguments, home);
        assert!(!network.text().contains("it is not run"), "{}", network.text());
        assert!(poll(|| mark.exists().then_some(())).is_some(), "{}", network.text());
        fs::remove_file(&mark).unwrap();
    }
}

/// The processes that a test has started somewhere: each of them sleeps for a number of seconds of its own.
fn sleeping(seconds: &str) -> usize {
    let processes = fs::read_dir("/proc").unwrap().filter_map(Result::ok);
    let command = format!("sleep\0{seconds}\0");
    processes
        .filter(|it| fs::read(it.path().join("cmdline")).is_ok_and(|line| line == command.as_bytes()))
        .count()
}

#[test]
fn all_of_a_command_ends_when_another_takes_its_place() {
    let manifests = folder(&[("a.yaml", &pod("a", &answering("one"))), ("b.yaml", &pod("b", ""))]);
    let file = manifests.path().join("a.yaml");
    let network = Running::start(User::Own, &[path(&manifests), "--watch", "--allow-run"]);
    let at = address(&network, "a");
    let answers = |word: &str| poll(|| (asked(&network, &at) == word).then_some(())).is_some();
    assert!(answers("one"), "{}", network.text());
    for word in ["two", "three", "four"] {
        replace(&file, &pod("a", &answering(word)));
        assert!(answers(word), "{}", network.text());
        assert_eq!(sleeping("7001"), 1, "{word}");
    }
    replace(&file, &pod("a", ""));
    assert!(poll(|| asked(&network, &at).contains("\"pod\"").then_some(())).is_some(), "{}", network.text());
    assert_eq!(sleeping("7001"), 0);
    assert!(!network.text().contains("ended with status"), "{}", network.text());
}

fn replace(file: &Path, text: &str) {
    let new = file.with_extension("new");
    fs::write(&new, text).unwrap();
    fs::rename(new, file).unwrap();
}

#[test]
fn whatever_a_command_prints_is_told_and_so_is_its_end() {
    let noisy = "printf '\\377 odd\\n'; head -c 100000 /dev/zero | tr '\\0' x; echo; echo done; exit 3";
    let manifests = folder(&[("pods.yaml", &pod("a", noisy))]);
    let network = Running::start(User::Own, &[path(&manifests), "--allow-run"]);
    network.wait_for("p/a | the command ended with status 3; nothing answers in this pod now");
    let text = network.text();
    assert!(text.contains("p/a | \u{fffd} odd") && text.contains("p/a | done"), "{text}");
    assert!(text.lines().all(|line| line.len() < 40_000));
}

#[test]
fn a_network_ends_while_its_commands_print_without_end() {
    let manifests = folder(&[("pods.yaml", &(pod("a", "yes") + "---\n" + &pod("b", "yes >&2")))]);
    let mut up = netloom(User::Own)
        .args(["up", path(&manifests), "--allow-run", "--name", &format!("flood-{}", std::process::id())])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // It floods before the reader stops, and the pipe is full then.
    let mut out = BufReader::new(up.stdout.take().unwrap());
    let mut flood = 0;
    let mut line = String::new();
    while flood < 1_000 {
        line.clear();
        assert!(out.read_line(&mut line).unwrap() > 0, "it ended after {flood} lines");
        flood += usize::from(line.ends_with("| y\n"));
    }
    crate::support::signal(&up, nix::sys::signal::Signal::SIGTERM);
    let ended = poll(|| up.try_wait().unwrap());
    assert_eq!(ended.and_then(|status| status.code()), Some(0), "{ended:?}");
    drop(out);
}

#[test]
fn a_command_outlives_the_reader_of_its_output() {
    let manifests = folder(&[("pods.yaml", &pod("a", "while sleep 0.01; do echo line; done"))]);
    let mut up = netloom(User::Own)
        .args(["up", path(&manifests), "--allow-run", "--name", &format!("unread-{}", std::process::id())])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut out = std::io::BufReader::new(up.stdout.take().unwrap());
    let mut line = String::new();
    while !line.contains("p/a | line") {
        line.clear();
        assert!(std::io::BufRead::read_line(&mut out, &mut line).unwrap() > 0);
    }
    drop(out);
    let name = format!("unread-{}", std::process::id());
    let runs = || {
        let mut exec = netloom(User::Own);
        exec.args(["exec", "--network", &name, "p/a", "--", "true"]).status().unwrap().success()
    };
    for _ in 0..20 {
        assert!(runs());
    }
    crate::support::signal(&up, nix::sys::signal::Signal::SIGTERM);
    assert_eq!(up.wait().unwrap().code(), Some(0));
}

#[test]
fn an_exec_ends_with_its_pod() {
    let manifests = folder(&[("a.yaml", &pod("a", "")), ("b.yaml", &pod("b", ""))]);
    let network = Running::start(User::Own, &[path(&manifests), "--watch"]);
    let exec = |pod: &str| {
        let mut exec = netloom(User::Own);
        exec.args(["exec", "--network", &network.name, pod, "--", "sh", "-c", "echo ready; sleep 7002"]);
        let mut child = exec.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        std::io::BufRead::read_line(&mut std::io::BufReader::new(child.stdout.take().unwrap()), &mut line)
            .unwrap();
        assert_eq!(line, "ready\n");
        child
    };
    let (mut gone, mut stays) = (exec("p/a"), exec("p/b"));
    fs::remove_file(manifests.path().join("a.yaml")).unwrap();
    assert_eq!(gone.wait().unwrap().code(), Some(137));
    assert!(poll(|| (sleeping("7002") == 1).then_some(())).is_some());
    assert!(stays.try_wait().unwrap().is_none());
    stays.kill().unwrap();
    stays.wait().unwrap();
    assert!(poll(|| (sleeping("7002") == 0).then_some(())).is_some());
}

#[test]
fn verify_ends_at_once_when_it_is_told() {
    use nix::sys::signal::Signal;
    use std::os::unix::process::ExitStatusExt as _;
    let many = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: d, namespace: p}\nspec:\n  replicas: 80\n  \
                selector: {matchLabels: {app: d}}\n  template:\n    metadata: {labels: {app: d}}\n    \
                spec: {containers: [{name: c, image: x, ports: [{containerPort: 80}, {containerPort: 81}]}]}\n";
    let manifests = folder(&[("d.yaml", many)]);
    for (nth, signal) in
        [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP, Signal::SIGQUIT].into_iter().enumerate()
    {
        for moment in [1, 4, 16, 64, 256] {
            let mut verify = netloom(User::Own)
                .args(["verify", path(&manifests)])
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            let end = std::time::Instant::now() + std::time::Duration::from_millis(moment + nth as u64);
            while std::time::Instant::now() < end {
                std::thread::yield_now();
            }
            crate::support::signal(&verify, signal);
            let status = verify.wait().unwrap();
            let ended = status.signal() == Some(signal as i32) || status.code() == Some(128 + signal as i32);
            assert!(ended, "{signal} after {moment} ms: {status}");
        }
    }
}
