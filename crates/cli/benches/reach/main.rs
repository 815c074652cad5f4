//! `netloom reach`, and `netloom diff` of a changed policy, as a whole process, reading included, on clusters of growing size: time, and peak memory.
//!
//! `cargo bench -p netloom --bench reach`; with words behind `--` only the sizes whose names contain one of them, as in
//! `-- 10000`. Sizes are workloads/policies. The clusters have namespaces of ten to a hundred workloads in five tiers,
//! and policies that deny, or admit a tier, namespaces by label, networks, named ports or ranges. With
//! `NETLOOM_PLOT=FILE.svg` the figures are drawn too.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "what cannot be set up has to fail loudly")]

mod plot;

use std::{
    fmt::Write as _,
    fs,
    path::Path,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

const NETLOOM: &str = env!("CARGO_BIN_EXE_netloom");
const RUNS: usize = 3;
const TIERS: [&str; 5] = ["web", "api", "db", "cache", "batch"];

/// Namespaces, workloads in each, policies.
const SIZES: [(usize, usize, usize); 6] =
    [(5, 20, 50), (10, 30, 100), (10, 50, 150), (10, 100, 200), (100, 100, 2_000), (1_000, 100, 10_000)];

fn main() {
    let filter: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let mut lines: Vec<plot::Series> =
        [("by class", "#1f77b4"), ("one question", "#2ca02c"), ("every pair, as csv", "#ff7f0e")]
            .map(|(name, color)| plot::Series {
                name: name.to_owned(),
                color,
                dashed: false,
                points: Vec::new(),
            })
            .into();
    println!("{:<16} {:<44} {:>10} {:>10}", "", "", "median", "peak");
    for (namespaces, each, policies) in SIZES {
        let name = format!("{}/{policies}", namespaces * each);
        if !filter.is_empty() && !filter.iter().any(|word| name.contains(word.as_str())) {
            continue;
        }
        let folder = tempfile::tempdir().unwrap();
        cluster(folder.path(), namespaces, each, policies);
        let question = ["--from", "ns0/d0", "--to", "ns1/d1", "--port", "8001"];
        let asked: [(&str, &[&str]); 3] = [
            ("by class, to csv", &["--by-class", "-o", "csv"]),
            ("one question", &question),
            ("to csv", &["-o", "csv"]),
        ];
        // A hundred thousand workloads are ten thousand million pairs.
        let asked = if namespaces * each > 10_000 { &asked[..2] } else { &asked[..] };
        for ((what, arguments), line) in asked.iter().zip(&mut lines) {
            let set = folder.path().to_str().unwrap();
            let took = measure(&name, what, &[&["reach", set][..], arguments].concat());
            line.points.push(((namespaces * each) as f64, took.as_secs_f64()));
        }
        let (old, new) = (folder.path().to_str().unwrap(), tempfile::tempdir().unwrap());
        change(folder.path(), new.path());
        measure(&name, "diff, one changed policy", &["diff", old, new.path().to_str().unwrap()]);
    }
    if let Ok(file) = std::env::var("NETLOOM_PLOT") {
        lines.extend(OTHERS.map(|(name, color, points)| plot::Series {
            name: name.to_owned(),
            color,
            dashed: true,
            points: points.to_vec(),
        }));
        fs::write(file, plot::svg(&lines)).unwrap();
    }
}

/// A name, a colour, and points (workloads, seconds).
type Other = (&'static str, &'static str, &'static [(f64, f64)]);

/// Analyzers that go pair by pair, measured on two cores on clusters of this form: every pair, as csv.
const OTHERS: [Other; 2] = [
    ("an analyzer in Go", "#888", &[(100.0, 0.7), (300.0, 8.5), (500.0, 33.0), (1000.0, 173.0)]),
    ("an analyzer in Python", "#bbb", &[(100.0, 3.2), (300.0, 16.0), (500.0, 78.0), (1000.0, 179.0)]),
];

/// The set of a folder with one policy changed: the first about ingress from the cluster admits everyone instead.
fn change(old: &Path, new: &Path) {
    fs::copy(old.join("workloads.yaml"), new.join("workloads.yaml")).unwrap();
    let text = fs::read_to_string(old.join("policies.yaml")).unwrap();
    let changed = |policy: &str| {
        let peer = policy.lines().position(|line| line.starts_with("    - "))?;
        let mut lines: Vec<&str> = policy.lines().collect();
        (policy.contains("\n  ingress:") && !policy.contains("ipBlock")).then_some(())?;
        lines.splice(peer..lines.len() - 1, ["    - ipBlock: {cidr: 0.0.0.0/0}"]);
        Some(lines.join("\n") + "\n")
    };
    let (before, after) =
        text.split("---\n").find_map(|policy| Some((policy, changed(policy)?))).expect("a policy of ingress");
    fs::write(new.join("policies.yaml"), text.replacen(before, &after, 1)).unwrap();
}

/// Runs several times; prints the median, which is returned, and the highest peak.
fn measure(name: &str, what: &str, arguments: &[&str]) -> Duration {
    let mut runs: Vec<(Duration, u64)> = (0..RUNS).map(|_| run(arguments)).collect();
    runs.sort();
    let (took, _) = runs[RUNS / 2];
    let peak = runs.iter().map(|(_, peak)| *peak).max().unwrap_or_default();
    println!("{name:<16} {what:<44} {:>8.3} s {:>6} MiB", took.as_secs_f64(), peak / 1024);
    took
}

/// One run to /dev/null: how long it took, and the most memory that was seen of it, in KiB.
fn run(arguments: &[&str]) -> (Duration, u64) {
    let began = Instant::now();
    let mut child = Command::new(NETLOOM)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let (status, mut peak) = (format!("/proc/{}/status", child.id()), 0);
    loop {
        if let Ok(text) = fs::read_to_string(&status)
            && let Some(line) = text.lines().find_map(|line| line.strip_prefix("VmHWM:"))
        {
            peak = line.trim().trim_end_matches(" kB").parse().unwrap_or(peak);
        }
        if let Some(status) = child.try_wait().unwrap() {
            let took = began.elapsed();
            // 1 is the answer that the one connection is denied.
            assert!(matches!(status.code(), Some(0 | 1)), "netloom ended with {status}");
            return (took, peak);
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Numbers that look random and are the same every time.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        // Knuth's MMIX generator; its high bits are the good ones.
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound
    }
}

fn cluster(folder: &Path, namespaces: usize, each: usize, policies: usize) {
    let mut text = String::new();
    for n in 0..namespaces {
        let env = if n.is_multiple_of(3) { "dev" } else { "prod" };
        writeln!(text, "---\napiVersion: v1\nkind: Namespace\nmetadata: {{name: ns{n}, labels: {{team: t{}, env: {env}}}}}", n % 7).unwrap();
        for i in 0..each {
            writeln!(
                text,
                "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: d{i}, namespace: ns{n}}}\nspec:\n  replicas: 1\n  \
                 selector: {{matchLabels: {{app: d{i}}}}}\n  template:\n    metadata: {{labels: {{app: d{i}, tier: {}}}}}\n    spec:\n      \
                 containers:\n      - name: c\n        image: x\n        ports: [{{name: http, containerPort: {}, protocol: TCP}}, \
                 {{name: dns, containerPort: 5353, protocol: UDP}}]",
                TIERS[i % 5],
                8000 + i % 5
            )
            .unwrap();
        }
    }
    fs::write(folder.join("workloads.yaml"), text).unwrap();
    let mut numbers = Numbers(1);
    let text: String = (0..policies).map(|k| policy(k, k % namespaces, &mut numbers)).collect();
    fs::write(folder.join("policies.yaml"), text).unwrap();
}

fn policy(k: usize, namespace: usize, numbers: &mut Numbers) -> String {
    let tier = |numbers: &mut Numbers| TIERS[numbers.below(5)];
    let kind = numbers.below(6);
    let head = format!(
        "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: p{k}, namespace: ns{namespace}}}\nspec:\n"
    );
    if kind == 0 {
        return format!("{head}  podSelector: {{}}\n  policyTypes: [Ingress]\n");
    }
    let subject = tier(numbers);
    let (peer, ports) = match kind {
        1 => (
            format!("podSelector: {{matchLabels: {{tier: {}}}}}", tier(numbers)),
            format!("[{{port: {}}}]", 8000 + numbers.below(5)),
        ),
        2 => (
            format!("namespaceSelector: {{matchLabels: {{team: t{}}}}}", numbers.below(7)),
            format!("[{{port: {}}}]", 8000 + numbers.below(5)),
        ),
        3 => {
            let block = numbers.below(8) * 32;
            (
                format!(
                    "ipBlock: {{cidr: 10.{block}.0.0/11, except: [10.{}.0.0/16]}}",
                    block + numbers.below(32)
                ),
                format!("[{{port: {}}}]", 8000 + numbers.below(5)),
            )
        }
        4 => (
            format!(
                "namespaceSelector: {{matchExpressions: [{{key: env, operator: In, values: [prod]}}]}}\n      podSelector: {{matchLabels: {{tier: {}}}}}",
                tier(numbers)
            ),
            "[{port: http}]".to_owned(),
        ),
        _ => (
            "namespaceSelector: {}".to_owned(),
            "[{port: 8000, endPort: 8002}, {port: 5353, protocol: UDP}]".to_owned(),
        ),
    };
    let (direction, side) = if numbers.below(2) == 0 { ("ingress", "from") } else { ("egress", "to") };
    let type_ = if direction == "ingress" { "Ingress" } else { "Egress" };
    format!(
        "{head}  podSelector: {{matchLabels: {{tier: {subject}}}}}\n  policyTypes: [{type_}]\n  {direction}:\n  - {side}:\n    - {peer}\n    ports: {ports}\n"
    )
}
