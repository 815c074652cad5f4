//! The promises about the running network, measured: time to ready, memory a pod, time to apply a change, and what the
//! rules cost a connection. Prints one table; needs curl and wrk.
//!
//! All of it: `cargo bench -p netloom --bench network`. Only the parts whose names contain one of some words: the words
//! after `--`, as in `cargo bench -p netloom --bench network -- changes`. The parts are `ready`, `memory`, `changes` and
//! `traffic`; only the last needs the tools.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "what cannot be set up has to fail loudly")]

use std::{
    fs,
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, ChildStdout, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    time::Instant,
};

const NETLOOM: &str = env!("CARGO_BIN_EXE_netloom");
const RUNS: usize = 5;

fn main() {
    // `cargo bench` passes `--bench`.
    let filter: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let parts: [(&str, fn()); 4] =
        [("ready", all_ready), ("memory", memory), ("changes", changes), ("traffic", traffic)];
    let is_wanted = |name: &str| filter.is_empty() || filter.iter().any(|word| name.contains(word.as_str()));
    let wanted: Vec<_> = parts.into_iter().filter(|(name, _)| is_wanted(name)).collect();
    assert!(!wanted.is_empty(), "no part of {filter:?}: there are ready, memory, changes and traffic");
    for tool in ["curl", "wrk"].iter().filter(|_| wanted.iter().any(|(name, _)| *name == "traffic")) {
        let found = Command::new(tool).arg("--version").output().is_ok();
        assert!(found, "{tool} is not installed");
    }
    println!("{:<44} {:>10} {:>10} {:>10}", "", "min", "median", "max");
    wanted.into_iter().for_each(|(_, part)| part());
}

fn all_ready() {
    [10, 100, 1000].into_iter().for_each(ready);
}

fn row(what: &str, unit: &str, mut values: Vec<f64>) {
    values.sort_by(f64::total_cmp);
    let middle = values[values.len() / 2];
    println!(
        "{:<44} {:>10.1} {:>10.1} {:>10.1}",
        format!("{what} [{unit}]"),
        values[0],
        middle,
        values[values.len() - 1]
    );
}

/// Pods in ten Deployments a hundred, each with a Service, and a policy for every tenth pod.
fn manifests(folder: &Path, pods: usize) {
    let mut text = String::from("apiVersion: v1\nkind: Namespace\nmetadata: {name: bench}\n");
    let workloads = (pods / 10).max(1);
    for w in 0..workloads {
        let replicas = pods / workloads;
        text.push_str(&format!(
            "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: w{w}, namespace: bench}}\nspec:\n  replicas: {replicas}\n  \
             selector: {{matchLabels: {{app: w{w}}}}}\n  template:\n    metadata: {{labels: {{app: w{w}, tier: t{}}}}}\n    \
             spec: {{containers: [{{name: c, image: x, ports: [{{containerPort: 8080, name: http}}]}}]}}\n\
             ---\napiVersion: v1\nkind: Service\nmetadata: {{name: w{w}, namespace: bench}}\n\
             spec: {{selector: {{app: w{w}}}, ports: [{{port: 80, targetPort: http}}]}}\n",
            w % 5
        ));
    }
    fs::write(folder.join("all.yaml"), text).unwrap();
    let mut policies = String::new();
    for w in 1..workloads {
        policies.push_str(&policy(w, w % 5, 8080));
    }
    fs::write(folder.join("policies.yaml"), policies).unwrap();
}

fn policy(workload: usize, tier: usize, port: u16) -> String {
    format!(
        "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: p{workload}, namespace: bench}}\nspec:\n  \
         podSelector: {{matchLabels: {{app: w{workload}}}}}\n  ingress: [{{from: [{{podSelector: {{matchLabels: {{tier: t{tier}}}}}}}], ports: [{{port: {port}}}]}}]\n"
    )
}

struct Up {
    child: Child,
    out: BufReader<ChildStdout>,
    name: String,
    began: Instant,
}

impl Up {
    fn start(folder: &Path, arguments: &[&str]) -> Self {
        // A network that was killed keeps its name for the moment that it takes to end.
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("bench-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let mut command = Command::new(NETLOOM);
        command.arg("up").arg(folder).args(["--nodes", "3", "--name", &name]).args(arguments);
        let began = Instant::now();
        let mut child = command.stdout(Stdio::piped()).stdin(Stdio::null()).spawn().unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        Self { child, out, name, began }
    }

    /// The first line that contains the text.
    fn line(&mut self, text: &str) -> String {
        let mut line = String::new();
        loop {
            line.clear();
            assert!(self.out.read_line(&mut line).unwrap() > 0, "netloom ended before it said {text:?}");
            if line.contains(text) {
                return line;
            }
        }
    }

    fn exec(&self, pod: &str, command: &[&str]) -> String {
        let output = Command::new(NETLOOM)
            .args(["exec", "--network", &self.name, pod, "--"])
            .args(command)
            .output()
            .unwrap();
        assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }
}

impl Drop for Up {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn milliseconds(line: &str) -> f64 {
    let words: Vec<&str> = line.split_whitespace().collect();
    let at = words.iter().position(|w| w.starts_with("ms")).expect("a time in ms");
    words[at - 1].parse().unwrap()
}

fn ready(pods: usize) {
    let folder = tempfile::tempdir().unwrap();
    manifests(folder.path(), pods);
    let (mut network, mut whole) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        let mut up = Up::start(folder.path(), &[]);
        network.push(milliseconds(&up.line("ready in")));
        whole.push(up.began.elapsed().as_secs_f64() * 1e3);
    }
    row(&format!("{pods} pods, 3 nodes: network ready"), "ms", network);
    row(&format!("{pods} pods, 3 nodes: from the command's start"), "ms", whole);
}

fn memory() {
    let used = |pods: usize| {
        let folder = tempfile::tempdir().unwrap();
        manifests(folder.path(), pods);
        let mut up = Up::start(folder.path(), &[]);
        up.line("ready in");
        let holder = children(up.child.id()).into_iter().max_by_key(|pid| resident(*pid)).expect("a holder");
        resident(holder)
    };
    let (few, many) = (used(10), used(1000));
    row("memory of the process, 1,000 pods", "KiB", vec![many as f64]);
    row("memory a stand-in pod", "KiB", vec![(many.saturating_sub(few)) as f64 / 990.0]);
}

fn resident(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|l| l.strip_prefix("VmRSS:"));
    line.and_then(|l| l.split_whitespace().next()?.parse().ok()).unwrap_or_default()
}

fn children(of: u32) -> Vec<u32> {
    let tasks = fs::read_dir(format!("/proc/{of}/task")).unwrap().filter_map(Result::ok);
    let lists = tasks.filter_map(|t| fs::read_to_string(t.path().join("children")).ok());
    lists.flat_map(|l| l.split_whitespace().filter_map(|p| p.parse().ok()).collect::<Vec<_>>()).collect()
}

fn changes() {
    let folder = tempfile::tempdir().unwrap();
    manifests(folder.path(), 1000);
    let endpoint = |address: u8| {
        format!(
            "apiVersion: v1\nkind: Service\nmetadata: {{name: manual, namespace: bench}}\nspec: {{ports: [{{port: 80}}]}}\n---\n\
             apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {{name: manual, namespace: bench, labels: {{kubernetes.io/service-name: manual}}}}\n\
             addressType: IPv4\nports: [{{port: 8080}}]\nendpoints: [{{addresses: [10.9.9.{address}]}}]\n"
        )
    };
    fs::write(folder.path().join("one.yaml"), policy(0, 0, 8080)).unwrap();
    fs::write(folder.path().join("endpoint.yaml"), endpoint(1)).unwrap();
    let mut up = Up::start(folder.path(), &["--watch"]);
    up.line("Ctrl-C");
    let (mut policies, mut endpoints) = (Vec::new(), Vec::new());
    // What says the same as before is no change.
    for nth in 1..=40u8 {
        fs::write(folder.path().join("one.yaml"), policy(0, usize::from(nth % 5), 8080 + u16::from(nth % 2)))
            .unwrap();
        policies.push(milliseconds(&up.line("applied one.yaml")));
        fs::write(folder.path().join("endpoint.yaml"), endpoint(nth + 2)).unwrap();
        endpoints.push(milliseconds(&up.line("applied endpoint.yaml")));
    }
    row("1,000 pods: one policy changed, event to ack", "ms", policies);
    row("1,000 pods: one endpoint changed, event to ack", "ms", endpoints);
}

fn traffic() {
    let folder = tempfile::tempdir().unwrap();
    manifests(folder.path(), 100);
    // A pod of w0, which no policy isolates, speaks to one of w1 on another node, whose policy admits tier t1.
    let (from, to) = ("bench/w6", "w1");
    let measure = |arguments: &[&str], through_service: bool| {
        let mut up = Up::start(folder.path(), arguments);
        let target = up.line(&format!("bench/{to}-"));
        let words: Vec<&str> = target.split_whitespace().collect();
        let url =
            if through_service { format!("http://{to}.bench") } else { format!("http://{}:8080", words[2]) };
        let rate = up.exec(from, &["wrk", "-t1", "-c32", "-d3", "-H", "Connection: close", &url]);
        let rate = rate
            .lines()
            .find_map(|l| l.strip_prefix("Requests/sec:"))
            .unwrap()
            .trim()
            .parse::<f64>()
            .unwrap();
        let bytes = format!("{url}/bytes/3000000000");
        let speed =
            up.exec(from, &["curl", "-s", "-m", "10", "-o", "/dev/null", "-w", "%{speed_download}", &bytes]);
        (rate, speed.trim().parse::<f64>().unwrap() * 8.0 / 1e9)
    };
    let cases: [(&str, &[&str], bool); 3] = [
        ("pod to pod, no rules", &["--bare"], false),
        ("pod to pod", &[], false),
        ("pod to Service", &[], true),
    ];
    let mut rates: Vec<(Vec<f64>, Vec<f64>)> = vec![(Vec::new(), Vec::new()); cases.len()];
    // In turn, so that the machine's moods reach all of them.
    for _ in 0..3 {
        for ((_, arguments, service), (rate, speed)) in cases.iter().zip(&mut rates) {
            let (r, s) = measure(arguments, *service);
            rate.push(r);
            speed.push(s);
        }
    }
    for ((name, ..), (rate, speed)) in cases.iter().zip(rates) {
        row(&format!("{name}: connections"), "1/s", rate);
        row(&format!("{name}: one stream"), "Gbit/s", speed);
    }
}
