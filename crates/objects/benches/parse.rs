//! How fast manifests become typed objects: `cargo bench -p netloom-objects [-- --workloads N --threads N]`.
use std::{
    fmt::Write as _,
    hint::black_box,
    ops::Range,
    time::{Duration, Instant},
};

use netloom_objects::{Source, parse_sources_on};

/// The allocator that the program has.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// A cluster's worth of Deployments, Services and NetworkPolicies.
fn manifests(workloads: Range<usize>) -> String {
    let mut text = String::new();
    for i in workloads {
        let namespace = i % 50;
        _ = write!(
            text,
            "---\napiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web-{i}\n  namespace: team-{namespace}\n  labels:\n    \
             app.kubernetes.io/name: web-{i}\n    tier: frontend\nspec:\n  replicas: 3\n  selector:\n    matchLabels:\n      \
             app: web-{i}\n  template:\n    metadata:\n      labels:\n        app: web-{i}\n        tier: frontend\n    spec:\n      \
             containers:\n        - name: web\n          image: registry.example.com/team/web:1.2.{i}\n          ports:\n            \
             - name: http\n              containerPort: 8080\n              protocol: TCP\n            - name: metrics\n              \
             containerPort: 9090\n          env:\n            - name: LOG_LEVEL\n              value: \"info\"\n          resources:\n            \
             requests:\n              cpu: 100m\n              memory: 64Mi\n            limits:\n              memory: 128Mi\n          \
             readinessProbe:\n            httpGet:\n              path: /healthz\n              port: http\n            periodSeconds: 5\n\
             ---\napiVersion: v1\nkind: Service\nmetadata:\n  name: web-{i}\n  namespace: team-{namespace}\nspec:\n  selector:\n    \
             app: web-{i}\n  ports:\n    - name: http\n      port: 80\n      targetPort: http\n      protocol: TCP\n\
             ---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata:\n  name: web-{i}\n  namespace: team-{namespace}\nspec:\n  \
             podSelector:\n    matchLabels:\n      app: web-{i}\n  policyTypes: [Ingress, Egress]\n  ingress:\n    - from:\n        \
             - namespaceSelector:\n            matchLabels:\n              kubernetes.io/metadata.name: ingress\n          podSelector: {{}}\n        \
             - ipBlock:\n            cidr: 10.0.0.0/8\n            except: [10.1.0.0/16]\n      ports:\n        - port: 8080\n          protocol: TCP\n  \
             egress:\n    - to:\n        - namespaceSelector: {{}}\n      ports:\n        - {{port: 53, protocol: UDP}}\n        - {{port: 53, protocol: TCP}}\n"
        );
    }
    text
}

/// The fastest of several readings, in seconds, and how many objects there were.
fn best(sources: &[Source], threads: usize) -> (f64, usize) {
    let mut best = Duration::MAX;
    let mut objects = 0;
    for _ in 0..7 {
        let start = Instant::now();
        let parsed = black_box(parse_sources_on(black_box(sources), threads));
        best = best.min(start.elapsed());
        objects = parsed.iter().map(|p| p.objects.len()).sum();
        let finding = parsed.iter().flat_map(|p| &p.diagnostics).next();
        assert!(finding.is_none(), "the manifests of the bench are valid: {finding:?}");
    }
    (best.as_secs_f64(), objects)
}

fn main() {
    let number = |name: &str| {
        let mut arguments = std::env::args().skip_while(|a| a != name).skip(1);
        arguments.next().and_then(|a| a.parse::<usize>().ok())
    };
    let workloads = number("--workloads").unwrap_or(4000);
    let processors = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let one = [Source::new("bench.yaml", &manifests(0..workloads))];
    let many: Vec<Source> = (0..workloads)
        .step_by(10)
        .map(|i| Source::new(&format!("bench-{i}.yaml"), &manifests(i..(i + 10).min(workloads))))
        .collect();
    let returns = [Source::new("bench.yaml", &one[0].text.replace('\n', "\r\n"))];
    for (what, sources) in [("one source", &one[..]), ("many sources", &many), ("with CRLF", &returns)] {
        let megabytes = sources.iter().map(|s| s.text.len()).sum::<usize>() as f64 / 1e6;
        let wanted = number("--threads");
        for threads in [1, processors].into_iter().filter(|t| wanted.is_none_or(|w| w == *t)) {
            let (seconds, objects) = best(sources, threads);
            println!(
                "{what}, {threads} threads: {megabytes:.1} MB, {objects} objects: {:.1} ms, {:.1} MB/s",
                seconds * 1e3,
                megabytes / seconds
            );
        }
    }
}
